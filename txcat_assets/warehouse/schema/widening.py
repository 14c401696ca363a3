"""What a newer contract changes about a table that holds records: what fits, what would be lost.

A column that is gained, and a decimal with more digits on either side of the point, fit. A column
that goes, or becomes another type, would lose what it holds when the records are judged anew: that
is refused before anything is changed. Where a column holds nothing, nothing is lost.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from txcat_assets.contracts.model import Contract
from txcat_assets.errors import VersionRefused
from txcat_assets.warehouse.databases.interface import Transaction, one

SAME = {
    "VARCHAR": "TEXT",
    "CHARACTER VARYING": "TEXT",
    "VARCHAR[]": "TEXT[]",
    "ARRAY": "TEXT[]",
    "TIMESTAMP WITHOUT TIME ZONE": "TIMESTAMP",
}
"""The names that a database gives to the types of `tables`."""

_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")


@dataclass(frozen=True)
class Change:
    """A stored column whose type is another by the contract; `now` is None where it has gone."""

    table: str
    column: str
    was: str
    now: str | None


def widened(
    tx: Transaction, contract: Contract, tables: Mapping[str, Mapping[str, str]]
) -> list[str]:
    """The statements that make room in the stored tables for this contract.

    `tables` has the columns that each shall have by the contract, with their types. Raises
    VersionRefused where what is stored would be lost, or what is new has nothing to fill it.
    """
    statements = []
    for table, wanted in tables.items():
        stored = stored_columns(tx, table)
        for column, type_ in stored.items():
            if column not in wanted and _is_own(table, column):
                continue
            change = Change(table, column, type_, wanted.get(column))
            if change.now != change.was:
                statements.append(_statement(tx, contract, change))
        if stored and table.startswith("raw."):
            _refuse_unfilled(tx, contract, table, stored)
    return statements


def stored_columns(tx: Transaction, table: str) -> dict[str, str]:
    """The columns of a table with their types; none where it is not there."""
    schema, name = table.split(".")
    found = tx.rows(
        "SELECT column_name, data_type, numeric_precision, numeric_scale "
        "FROM information_schema.columns WHERE table_schema = $schema AND table_name = $name",
        schema=schema,
        name=name,
    )
    return {
        str(column): _type(str(kind).upper(), precision, scale)
        for column, kind, precision, scale in found
    }


def _is_own(table: str, column: str) -> bool:
    """Whether a column is one that txcat keeps with a record, and no contract names."""
    schema, _ = table.split(".")
    return column.startswith("_") or column in ("model_version", f"{schema}_at")


def _type(kind: str, precision: int | None, scale: int | None) -> str:
    if kind.startswith(("DECIMAL", "NUMERIC")):
        return f"DECIMAL({precision},{scale})"
    return SAME.get(kind, kind)


def _statement(tx: Transaction, contract: Contract, change: Change) -> str:
    table, column, now = change.table, f'"{change.column}"', change.now
    if now and _fits(change.was, now):
        return f"ALTER TABLE {table} ALTER COLUMN {column} TYPE {now}"
    held = int(one(tx.rows(f"SELECT count({column}) FROM {table}")))
    if not held:
        return f"ALTER TABLE {table} DROP COLUMN {column}"
    declared = f"has it as {now}" if now else "has no such column"
    raise VersionRefused(
        f"{table} holds {held} values of {change.column} as {change.was}, and version "
        f"{contract.version} of the contract of {contract.dataset} {declared}: they would be lost. "
        "Nothing was changed. Keep the column in the contract as it was, optional if it comes no "
        "more (is_required=False), and give what is new a name of its own. A decimal may only gain "
        "digits."
    )


def _fits(was: str, now: str) -> bool:
    """Whether a decimal keeps every digit it may have, on both sides of the point."""
    before, after = _DECIMAL.fullmatch(was), _DECIMAL.fullmatch(now)
    if not before or not after:
        return False
    (precision, scale), (wider, finer) = map(int, before.groups()), map(int, after.groups())
    return finer >= scale and wider - finer >= precision - scale


def _refuse_unfilled(
    tx: Transaction, contract: Contract, table: str, stored: Iterable[str]
) -> None:
    """Refuse a new required column that no landed record has, not even as an unknown field."""
    gained = [c.name for c in contract.columns if c.is_required and c.name not in stored]
    landed = gained and int(one(tx.rows(f"SELECT count(*) FROM {table}")))
    for column in gained if landed else ():
        has_it = f"SELECT 1 FROM {table} WHERE strpos(_extra, $name) > 0 LIMIT 1"
        if not tx.rows(has_it, name=f'"{column}"'):
            raise VersionRefused(
                f"Version {contract.version} of the contract of {contract.dataset} requires the "
                f"column {column}, which none of the {landed} landed records has: all of them "
                "would be quarantined. Nothing was changed. Declare it optional "
                "(is_required=False)."
            )
