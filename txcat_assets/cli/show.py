"""What became of records, as tables for people: where they went and why.

How anything is printed is in `txcat_assets.cli.terminal`.
"""

from collections.abc import Sequence

from txcat_assets.cli.terminal import complain, print_table, say
from txcat_assets.contracts.model import Contract, Policy
from txcat_assets.contracts.rules import reason_texts
from txcat_assets.sources.files.listing import Named
from txcat_assets.warehouse.databases.interface import Transaction
from txcat_assets.warehouse.ledger.scope import Scope
from txcat_assets.warehouse.queries.figures import (
    counts,
    files,
    flag_counts,
    reason_counts,
    sample,
    spending,
    stage_counts,
)

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


def show_outcome(tx: Transaction, contract: Contract, scope: Scope) -> None:
    """What became of every record: the stages' counts, and the reasons of the quarantined."""
    placed = counts(tx, scope)
    rows: list[tuple[str, int, str]] = [
        ("landed", placed.landed, "every record of the files, as it came"),
        ("validated", placed.validated, f"typed, one row per {_row_of(contract)}"),
        ("duplicate", placed.duplicate, "the same record again: counted, kept out of the tables"),
        ("quarantined", placed.quarantined, "set aside whole, with the reasons below"),
    ]
    if placed.unjudged:
        rows.append(("unjudged", placed.unjudged, "landed, and not judged yet"))
    if placed.discarded:
        rows.append(("discarded", placed.discarded, "closed by an operator, and kept"))
    if placed.replaced:
        rows.append(("replaced", placed.replaced, "closed; a corrected record came in its place"))
    for stage in contract.stages:
        later = stage_counts(tx, scope, stage.name)
        done = placed.validated - later.pending - later.refused
        rows.append((stage.name, done, stage.description))
        rows += [(what, n, stage.name) for what, n in vars(later).items() if n]
        flags = flag_counts(tx, contract, stage, scope)
        rows += [(name, n, stage.name) for name, n in flags.items()]
    print_table("What became of every record", ["", "records", "which are"], rows)
    texts = reason_texts(contract)
    reasons = [(code, n, texts[code]) for code, n in reason_counts(tx, contract, scope).items()]
    if reasons:
        print_table("Reasons and warnings", ["code", "records", "meaning"], reasons)


def _row_of(contract: Contract) -> str:
    return "key" if contract.policy is Policy.FIRST else "version of a key"


def show_files(tx: Transaction, scope: Scope) -> list[str]:
    """Name the files that did not land in the usual way; the complaints of those set aside."""
    known = files(tx, scope)
    for name, state, reason in known:
        if state == "same_content":
            say(f"{name}: nothing new; it has {reason}.")
    return [reason or name for name, state, reason in known if state in ("rejected", "changed")]


def show_quarantined(tx: Transaction, contract: Contract, scope: Scope, limit: int) -> None:
    """The first quarantined records with their reasons."""
    columns = ["reasons", "_bytes", *contract.column_names]
    rows = sample(tx, "quarantined", columns, scope, limit)
    lines = [(reasons, _record(raw, fields)) for reasons, raw, *fields in rows.rows()]
    print_table("First quarantined records", ["reasons", "record"], lines)


def show_spending(tx: Transaction, contract: Contract) -> None:
    """Sums by category, over all days."""
    rows = spending(tx, contract, contract.stages[0])
    print_table("Spending by category", rows.columns, rows.rows())


def _record(raw: bytes | None, fields: Sequence[str | None]) -> str:
    if raw is not None:
        return raw.decode(errors="replace")
    return " | ".join(field or "" for field in fields)
