#!/bin/sh
# Makes the namespace and registers the search attributes. Run by Compose once the server answers, on every `up`.
# Finds what an earlier run made: a crash anywhere leaves something that the next run takes up.
set -eu

# Time for the server's first start on an empty database.
tries=60
until temporal operator cluster health >/dev/null 2>&1; do
  tries=$((tries - 1))
  if [ "$tries" -le 0 ]; then
    echo "namespace: the Temporal server at $TEMPORAL_ADDRESS is not healthy; read its log: docker compose logs temporal" >&2
    exit 1
  fi
  sleep "${RETRY_SECONDS:-2}"
done

if temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1; then
  temporal operator namespace update --namespace "$TEMPORAL_NAMESPACE" --retention "$RETENTION" >/dev/null
else
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "$RETENTION"
fi

# The name of the type that stands beside an attribute, or nothing. A new namespace takes some seconds to be known everywhere.
registered() {
  temporal operator search-attribute list --namespace "$TEMPORAL_NAMESPACE" | awk -v name="$1" '$1 == name { print $2 }'
}
tries=30
until temporal operator search-attribute list --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1; do
  tries=$((tries - 1))
  if [ "$tries" -le 0 ]; then
    echo "namespace: $TEMPORAL_NAMESPACE was made but cannot be read" >&2
    exit 1
  fi
  sleep "${RETRY_SECONDS:-2}"
done

for attribute in $SEARCH_ATTRIBUTES; do
  name=${attribute%%=*}
  type=${attribute#*=}
  found=$(registered "$name")
  if [ -z "$found" ]; then
    temporal operator search-attribute create --namespace "$TEMPORAL_NAMESPACE" --name "$name" --type "$type"
  elif [ "$found" != "$type" ]; then
    echo "namespace: search attribute $name is $found in $TEMPORAL_NAMESPACE, and must be $type; use another namespace" >&2
    exit 1
  fi
done

echo "namespace: $TEMPORAL_NAMESPACE keeps closed workflows $RETENTION and has its search attributes"
