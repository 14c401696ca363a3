#!/bin/sh
# Takes a sample through the assets of txcat by the dagster command, as a step of CI:
#
#     docs/ci/recipe.sh FOLDER DAY...
#
# FOLDER has files with a date in their names; the days are those dates. Exit code 0: all is well.
# Another: a run failed, a file was refused, or a check of severity ERROR did not pass.
set -eu
FOLDER=$(cd "$1" && pwd)
shift
TXCAT="$(cd "$(dirname "$0")/../.." && pwd)" # the checkout of txcat
PATH="$TXCAT/.txcat/venv/bin:$PATH"

# A home of its own, so that nothing is known from an earlier job.
TXCAT_HOME=$(mktemp -d)
DAGSTER_HOME=$TXCAT_HOME
TXCAT_INBOX=$FOLDER
TXCAT_INBOX_SETTLE_SECONDS=0 # nobody is still writing the sample
TXCAT_STRICT=true            # a broken rule fails the run, not only the check
export TXCAT_HOME DAGSTER_HOME TXCAT_INBOX TXCAT_INBOX_SETTLE_SECONDS TXCAT_STRICT
cp "$TXCAT/dagster.yaml" "$DAGSTER_HOME"

# The ML service on a free port; where TXCAT_ML_URL is set, that one is asked instead.
service=
end() {
    if [ -n "$service" ]; then kill "$service" && wait "$service" || true; fi
    rm -rf "$TXCAT_HOME"
}
trap end EXIT
trap 'exit 130' INT TERM
if [ -z "${TXCAT_ML_URL:-}" ]; then
    (cd "$TXCAT" && exec python -m ml_api --port 0 --port-file "$TXCAT_HOME/port" --log-level warning) &
    service=$!
    tries=0
    until [ -s "$TXCAT_HOME/port" ]; do
        tries=$((tries + 1))
        [ "$tries" -lt 300 ] # it has 30 seconds
        sleep 0.1
    done
    TXCAT_ML_URL="http://127.0.0.1:$(cat "$TXCAT_HOME/port")"
    export TXCAT_ML_URL
fi

days=
for day in "$@"; do
    dagster asset materialize -m txcat_assets.definitions --select 'key:"*/transactions"' --partition "$day"
    days="$days --day $day"
done
# Among the checks are some that no setting makes blocking: refused files, conservation, the share.
# shellcheck disable=SC2086 # each day is an option of its own
txcat check $days
