#!/bin/sh
# The entry point of the image: Dagster reads passwords from the environment only, so each secret file
# named dagster_* becomes the variable of that name. txcat reads its own secrets itself.
set -eu
for file in "${TXCAT_SECRETS:-/run/secrets}"/dagster_*; do
    if [ -f "$file" ]; then
        name=$(basename "$file" | tr '[:lower:]' '[:upper:]')
        export "$name=$(cat "$file")"
    fi
done
exec "$@"
