#!/bin/sh
# Starts the Temporal UI with the login's client secret from its secret file (deploy/public.yml).
set -eu

TEMPORAL_AUTH_CLIENT_SECRET=$(cat "$TEMPORAL_AUTH_CLIENT_SECRET_FILE")
export TEMPORAL_AUTH_CLIENT_SECRET

exec /home/ui-server/start-ui-server.sh
