"""The entry point of `txcat`: runs a command, and turns every trouble into words and an exit code.

0: done. 1: the work found or left problems, said on standard error. 2: wrong use. 130: interrupted.
Nothing is imported before the first line of `main` runs, so that Ctrl-C has its words at any time.
"""

import os
import sys

INTERRUPTED = "Interrupted. What was committed is kept; run the same again to go on."


def main() -> None:
    """Run the command line."""
    try:
        from txcat_assets.cli.troubles import run  # noqa: PLC0415 - see the module

        code = run()
    except KeyboardInterrupt:
        code = 130
        print(f"\n{INTERRUPTED}", file=sys.stderr)  # noqa: T201 - perhaps nothing is imported yet
    if not _is_flushed():
        # What cannot be written stays in the buffer, and the interpreter would try again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        code = code or 1
    sys.exit(code)


def _is_flushed() -> bool:
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        return False
    return True
