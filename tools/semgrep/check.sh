#!/bin/sh
# Checks code by the rules of rules.yml, after the rules themselves: tools/semgrep/check.sh FOLDER...
#
# semgrep has an environment of its own, for its pins are not those of the project.
set -eu
cd "$(dirname "$0")/../.."

semgrep() {
    .txcat/venv/bin/uvx --quiet --with-requirements requirements/semgrep.txt --from semgrep \
        semgrep scan --quiet --metrics off --disable-version-check "$@"
}

semgrep --test tools/semgrep
semgrep --error --exclude tools/semgrep --config tools/semgrep/rules.yml "$@"
