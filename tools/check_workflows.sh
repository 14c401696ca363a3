#!/bin/sh
# Checks the workflows of GitHub Actions: their form, then what zizmor knows to be unsafe.
#
# The two tools have an environment of their own, for their pins are not those of the project.
set -eu
cd "$(dirname "$0")/.."

pinned() {
    from=$1
    shift
    .txcat/venv/bin/uvx --quiet --with-requirements requirements/workflows.txt --from "$from" "$@"
}

pinned check-jsonschema check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
pinned zizmor zizmor --quiet --offline --no-progress --pedantic .github/workflows
