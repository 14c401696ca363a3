#!/bin/sh
# Remakes the hashed pins in requirements/ from pyproject.toml; the environment must exist.
#
# Pins that still fit are kept: `make pins ARGS=--upgrade` takes the newest of all.
set -eu
cd "$(dirname "$0")/.."

compile() {
    .txcat/venv/bin/uv pip compile --quiet --universal --generate-hashes \
        --custom-compile-command "make pins" "$@"
}

compile "$@" pyproject.toml -o requirements/runtime.txt
compile "$@" pyproject.toml --extra dev -c requirements/runtime.txt -o requirements/dev.txt
printf 'uv\nhatchling\neditables\n' |
    compile "$@" --no-annotate --python-version 3.11 - -o requirements/bootstrap.txt
