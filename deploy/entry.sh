#!/bin/sh
# What the image runs: `worker ROLE` is a worker process, anything else is the ecluse command.
set -eu

if [ "${1:-}" = worker ]; then
  shift
  exec node --import /app/deploy/alive.ts /app/src/workers/main.ts "$@"
fi
exec node /app/src/cli/ecluse.mjs "$@"
