#!/bin/sh
# Makes the virtual environment .txcat/venv, or brings it up to date: tools/setup.sh runtime|dev
#
# Every step ends by writing a stamp that holds what it was made from, and begins by removing it. So
# what is up to date is left alone, a changed pin is installed, and a step that was cut short is done
# again. PYTHON names the interpreter; else the first python3 that is new enough is taken.
set -eu
cd "$(dirname "$0")/.."

wanted=$1
venv=.txcat/venv
python=$venv/bin/python

say() { printf 'setup: %s\n' "$1"; }
fail() {
    printf 'setup: error: %s\n' "$1" >&2
    exit 1
}

is_stamped() { [ "$(cat "$venv/.stamp-$1" 2>/dev/null)" = "$2" ]; }
unstamp() { rm -f "$venv/.stamp-$1"; }
stamp() { printf '%s\n' "$2" >"$venv/.stamp-$1"; }
sum_of() { cat "$@" | cksum; }

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        set -- "$PYTHON"
    else
        set -- python3 python3.14 python3.13 python3.12 python3.11
    fi
    for candidate in "$@"; do
        if is_new_enough "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    found=$("$1" --version 2>&1) || found="no $1 that runs"
    fail "txcat needs Python 3.11 or newer, found $found; name another by: make PYTHON=/path/to/python3 ..."
}

make_venv() {
    # Scripts in the environment name its folder, so a moved checkout needs a new one.
    place=$(pwd -P)
    if is_stamped place "$place" && is_stamped python "${PYTHON:-$(cat $venv/.stamp-python 2>/dev/null)}" &&
        "$python" -c '' 2>/dev/null; then
        return
    fi
    base=$(find_python)
    "$base" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "$base has no venv module; on Debian or Ubuntu: apt install python3-venv"
    say "making $venv with $("$base" --version)"
    "$base" -m venv --clear "$venv" || fail "$base could not make $venv; the lines above say why"
    stamp python "$base"
    stamp place "$place"
}

saying_that_it_goes_on() {
    # saying_that_it_goes_on COMMAND...: runs it, with a line every 10 seconds; its exit code.
    (
        seconds=0
        while sleep 10 >/dev/null 2>&1; do
            seconds=$((seconds + 10))
            say "still installing $name after $seconds s"
        done
    ) &
    ticker=$!
    code=0
    "$@" || code=$?
    kill $ticker 2>/dev/null || true
    wait $ticker 2>/dev/null || true
    return $code
}

install() {
    # install STAMP CONTENT COMMAND...: runs the command unless its stamp has this content already.
    name=$1 content=$2
    shift 2
    if is_stamped "$name" "$content"; then return; fi
    say "installing $name; the first time takes some minutes"
    unstamp "$name"
    saying_that_it_goes_on "$@" || fail "could not install $name; once the cause above is mended, the same make goes on from here"
    stamp "$name" "$content"
}

# What txcat keeps holds records and passwords: made here, the folder is this user's alone.
[ -d .txcat ] || mkdir -m 700 .txcat
pins=requirements/$wanted.txt
[ -f "$pins" ] || fail "there is no $pins; use: tools/setup.sh runtime|dev"
make_venv
install bootstrap "$(sum_of requirements/bootstrap.txt)" \
    "$python" -m pip install --quiet --require-hashes -r requirements/bootstrap.txt
# The development pins contain the runtime pins, so where they are installed the demo needs no more.
if is_stamped packages "dev $(sum_of requirements/dev.txt)"; then pins=requirements/dev.txt wanted=dev; fi
install packages "$wanted $(sum_of "$pins")" \
    "$venv/bin/uv" pip install --quiet --python "$python" --compile-bytecode --require-hashes -r "$pins"
install project "$(sum_of pyproject.toml)" \
    "$venv/bin/uv" pip install --quiet --python "$python" --no-deps --no-build-isolation -e .
# Where Python may write no bytecode, each process would compile all of this code again. What cannot
# be compiled says so when it runs.
"$python" -m compileall -qq txcat_assets txcat_marts ml_api reporting_api txcat_web || true
