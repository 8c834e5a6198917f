#!/bin/sh
# Starts the Temporal server with the password from its secret file: the server reads it from the environment only,
# and an environment in docker-compose.yml is shown by `docker inspect`.
set -eu

POSTGRES_PWD=$(cat "$POSTGRES_PWD_FILE")
export POSTGRES_PWD

exec /etc/temporal/entrypoint.sh
