"""What became of records, as tables for people: where they are, and why, and what is to be done.

What became of files is in `show`, how anything is printed in `terminal`.
"""

from collections.abc import Mapping
from datetime import date

from txcat_assets.cli.terminal import print_table, say
from txcat_assets.contracts.model import Contract, Policy
from txcat_assets.contracts.rules import reason_texts
from txcat_assets.warehouse.databases.interface import Transaction
from txcat_assets.warehouse.ledger.scope import Scope
from txcat_assets.warehouse.queries import by_day, totals
from txcat_assets.warehouse.queries.figures import counts, sample, stage_counts

Row = tuple[str, int, str]


def show_outcome(tx: Transaction, contract: Contract, scope: Scope) -> None:
    """What became of every record, why some were set aside, and who waits for what."""
    print_table(
        "What became of every record",
        ["", "records", "which are"],
        [*_places(tx, contract, scope), *_stages(tx, contract, scope)],
    )
    texts = reason_texts(contract)
    reasons = {
        code: sum(n.values()) for code, n in by_day.reasons_by_day(tx, contract, scope).items()
    }
    warnings = by_day.warnings_by_day(tx, contract, scope)
    _show_codes("Why records are quarantined (one may have several reasons)", reasons, texts)
    _show_codes(
        "Warnings: rules that validated records break",
        {code: sum(days.values()) for code, days in warnings.items()},
        texts,
    )
    for reference in contract.references:
        if waiting := reasons.get(reference.code):
            what = f"{waiting:,} {contract.dataset} wait for {reference.to.dataset}"
            say(f"{what} ({reference.column}): nothing is wrong with them. {reference.remedy}")


def _added_up(found: Mapping[str, Mapping[date, int]]) -> dict[str, int]:
    return {code: sum(days.values()) for code, days in found.items()}


def _places(tx: Transaction, contract: Contract, scope: Scope) -> list[Row]:
    placed = counts(tx, scope)
    waiting = sum(by_day.waiting_by_day(tx, contract, scope).values())
    row_of = "key" if contract.policy is Policy.FIRST else "version of a key"
    rows = [
        ("landed", placed.landed, "every record of the files, as it came"),
        ("validated", placed.validated, f"typed, one row per {row_of}"),
        ("duplicate", placed.duplicate, "the same record again: counted, kept out of the tables"),
        ("quarantined", placed.quarantined, "set aside whole, with the reasons below"),
    ]
    if waiting:
        rows.append(("of them waiting", waiting, "sound, but what they refer to is not there yet"))
    if placed.unjudged:
        rows.append(("unjudged", placed.unjudged, "landed, and not judged yet"))
    if placed.discarded:
        rows.append(("discarded", placed.discarded, "closed by an operator, and kept"))
    if placed.replaced:
        rows.append(("replaced", placed.replaced, "closed; a corrected record came in its place"))
    return rows


def _stages(tx: Transaction, contract: Contract, scope: Scope) -> list[Row]:
    """For each stage how many records are answered, how many are not, and what stands out."""
    rows: list[Row] = []
    current = counts(tx, scope).current
    for stage in contract.stages:
        later = stage_counts(tx, scope, stage.name)
        rows.append((stage.name, current - later.pending - later.refused, stage.description))
        if later.pending:
            rows.append(("pending", later.pending, f"not {stage.name} yet: no answer so far"))
        if later.refused:
            rows.append(("refused", later.refused, f"not {stage.name}: the service said no"))
        flags = totals.flag_counts(tx, contract, stage, scope)
        rows += [(f"of them {name}", n, words) for name, (n, words) in flags.items() if n]
    return rows


def _show_codes(title: str, records: Mapping[str, int], texts: Mapping[str, str]) -> None:
    if records:
        rows = [(code, number, texts.get(code, "")) for code, number in records.items()]
        print_table(title, ["code", "records", "meaning"], rows)


def show_quarantined(tx: Transaction, contract: Contract, scope: Scope, limit: int) -> None:
    """The first quarantined records with their reasons."""
    columns = ["reasons", "_bytes", *contract.column_names]
    rows = sample(tx, "quarantined", columns, scope, limit)
    lines = [(reasons, _record(raw, fields)) for reasons, raw, *fields in rows.rows()]
    print_table("First quarantined records", ["reasons", "record"], lines)


def show_sums(tx: Transaction, contract: Contract) -> None:
    """Sums by the answers of the dataset's first stage, over all days."""
    stage = contract.stages[0]
    rows = totals.sums_by_answer(tx, contract, stage)
    print_table(f"Sums of what is {stage.name}", rows.columns, rows.rows())


def _record(raw: bytes | None, fields: list[str | None]) -> str:
    if raw is not None:
        return raw.decode(errors="replace")
    return " | ".join(field or "" for field in fields)
