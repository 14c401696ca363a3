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
printf 'semgrep\n' |
    compile "$@" --no-annotate --python-version 3.11 - -o requirements/semgrep.txt
printf 'check-jsonschema\nzizmor\n' |
    compile "$@" --no-annotate --python-version 3.11 - -o requirements/workflows.txt
printf 'cyclonedx-bom\n' |
    compile "$@" --no-annotate --python-version 3.11 - -o requirements/bom.txt
# What is installed where txcat runs, as a bill of materials in CycloneDX; the hashes are in the pins.
# Its tool has an environment of its own: what it needs would make each import of dbt 4 s slower.
.txcat/venv/bin/uvx --quiet --with-requirements requirements/bom.txt --from cyclonedx-bom \
    cyclonedx-py requirements --output-reproducible requirements/runtime.txt |
    .txcat/venv/bin/python -c '
import json, sys
bom = json.load(sys.stdin)
for component in [*bom["components"], *bom["metadata"]["tools"]["components"]]:
    for name in ("externalReferences", "description"):
        component.pop(name, None)
json.dump(bom, sys.stdout, indent=1, sort_keys=True)
print()' >requirements/sbom.json
