#!/bin/sh
# Makes and upgrades the two databases of the Temporal server. Run by Compose before the server, on every `up`.
# Every step accepts that it was done before: `create` an existing database, `setup-schema -v 0.0` a newer schema,
# `update-schema` one that is current. A crash anywhere leaves something that the next run takes up.
set -eu

schemas=${SCHEMA_FOLDER:-/etc/temporal/schema/postgresql/v12}
SQL_PASSWORD=$(cat "$SQL_PASSWORD_FILE")
export SQL_PASSWORD

# PostgreSQL is healthy when this starts, but its first start restarts once; 30 tries of 2 s outlast that.
tries=30
until temporal-sql-tool --db temporal create-database; do
  tries=$((tries - 1))
  if [ "$tries" -le 0 ]; then
    echo 'schema: PostgreSQL refused every try; read its log: docker compose logs postgresql' >&2
    exit 1
  fi
  sleep "${RETRY_SECONDS:-2}"
done

temporal-sql-tool --db temporal setup-schema -v 0.0
temporal-sql-tool --db temporal update-schema -d "$schemas/temporal/versioned"

temporal-sql-tool --db temporal_visibility create-database
temporal-sql-tool --db temporal_visibility setup-schema -v 0.0
temporal-sql-tool --db temporal_visibility update-schema -d "$schemas/visibility/versioned"

echo 'schema: temporal and temporal_visibility are current'
