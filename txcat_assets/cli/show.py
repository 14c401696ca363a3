"""What became of files that somebody named: those that are not there, left out or set aside.

What became of their records is in `outcome`, how anything is printed in `terminal`.
"""

from txcat_assets.cli.terminal import complain, say
from txcat_assets.sources.files.listing import Named
from txcat_assets.warehouse.databases.interface import Transaction
from txcat_assets.warehouse.ledger.scope import Scope
from txcat_assets.warehouse.queries.figures import files

LEFT_OUT_SHOWN = 10
"""Entries of folders that are named as left out; a folder may hold thousands of them."""


def show_named(named: Named) -> None:
    """What the named paths do not lead to, and what their folders have left out."""
    for path in named.left_out[:LEFT_OUT_SHOWN]:
        say(f"Left out: {path}")
    if (more := len(named.left_out) - LEFT_OUT_SHOWN) > 0:
        say(f"Left out: {more} more.")
    for problem in named.problems:
        complain(problem)


def show_files(tx: Transaction, scope: Scope) -> list[str]:
    """Name the files that did not land in the usual way; the complaints of those set aside."""
    known = files(tx, scope)
    for name, state, reason in known:
        if state == "same_content":
            say(f"{name}: nothing new; it has {reason}.")
    return [reason or name for name, state, reason in known if state in ("rejected", "changed")]
