"""Copies a whole warehouse into an empty one, of either kind: all rows of all of txcat's tables.

Everything is one transaction of the target, so there is all of it or nothing, and after a kill the
same copy starts anew. The source is read in chunks, under the locks of all who move records.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from uuid import uuid4

from txcat_assets.contracts.model import Contract
from txcat_assets.errors import CopyRefused
from txcat_assets.warehouse.databases.interface import Transaction, Warehouse, one, quoted
from txcat_assets.warehouse.ledger.marts import MartTable
from txcat_assets.warehouse.ledger.slices import PARTS
from txcat_assets.warehouse.ledger.watchers import lock_name
from txcat_assets.warehouse.schema.tables import prepare

CHUNK_ROWS = 250_000
"""Rows in memory at a time, about; a slice is never cut."""

MADE_ALIKE = {"ledger.migrations", "ledger.contracts", "ledger.dependents"}
"""What `prepare` has written into both already."""

CHUNKED_BY = ("_slice_id", "slice_id", "object_id")
ORDERED_BY = ("_position", "position")

NOTES = ("withdrawn", "touched", "decisions")
"""The tables whose ids the sequence of notes gives."""

TellRows = Callable[[str, int], None]


def copy_warehouse(
    source: Warehouse, target: Warehouse, contracts: Iterable[Contract], tell: TellRows
) -> None:
    """Copy all tables and verify that both hold the same number of rows; tell each table's.

    Raises CopyRefused, and leaves the target as it was, when it is the source, when it holds rows
    already, when the source holds a dataset that has no contract any more, or when somebody landed
    records meanwhile.
    """
    _refuse_itself(source, target)
    known = list(contracts)
    for contract in known:
        prepare(source, contract)
        prepare(target, contract)
    with ExitStack() as both:
        into = both.enter_context(target.transaction())
        out = both.enter_context(source.transaction())
        for tx in (into, out):
            for lock in ("migrate", "register", *_locks(known)):
                tx.lock(lock)
        tables = _tables(out, known)
        _refuse_unlike(tables, _tables(into, known), target.place)
        _refuse_filled(into, tables, target.place)
        for table, columns in tables.items():
            for query in _chunks(out, table, columns):
                into.append(table, out.frame(query))
        _verify(out, into, tables, tell)
        _go_on_behind(out, into)


def _refuse_itself(source: Warehouse, target: Warehouse) -> None:
    """Two URLs may name one database; a claim shows it, which each database gives once."""
    token = uuid4().hex
    with target.claim("copy", token), source.claim("copy", token) as is_another:
        if not is_another:
            raise CopyRefused(
                f"Copying to {target.place}: this is the warehouse that is to be copied. Nothing "
                "was copied. Name an empty database."
            )


def _locks(contracts: Iterable[Contract]) -> Iterator[str]:
    """The locks of all who change a dataset's rows."""
    for contract in contracts:
        yield contract.dataset
        yield from (lock_name(MartTable(contract, mart).watcher) for mart in contract.marts)


def _tables(tx: Transaction, contracts: Iterable[Contract]) -> dict[str, list[str]]:
    """The tables to copy, each with its columns, sorted by name."""
    made = [stage.name for contract in contracts for stage in contract.stages]
    made += [mart.name for contract in contracts for mart in contract.marts]
    found = tx.rows(
        "SELECT c.table_schema || '.' || c.table_name, c.column_name "
        "FROM information_schema.columns c JOIN information_schema.tables t "
        "ON t.table_schema = c.table_schema AND t.table_name = c.table_name "
        "WHERE t.table_type = 'BASE TABLE' AND c.table_schema = ANY($schemas) ORDER BY 1, 2",
        schemas=["ledger", "raw", "judged", *sorted({*made})],
    )
    tables: dict[str, list[str]] = {}
    for table, column in found:
        tables.setdefault(str(table), []).append(str(column))
    return {name: columns for name, columns in tables.items() if name not in MADE_ALIKE}


def _refuse_unlike(tables: dict[str, list[str]], has: dict[str, list[str]], place: str) -> None:
    unknown = [
        name for name, columns in tables.items() if not set(columns) <= set(has.get(name, []))
    ]
    if unknown:
        raise CopyRefused(
            f"Copying to {place}: no contract of this code makes room for all that is in "
            f"{', '.join(unknown)}. Nothing was copied. Add the contract, or drop the tables, then "
            "copy again."
        )


def _refuse_filled(into: Transaction, tables: Iterable[str], place: str) -> None:
    filled = [table for table in tables if into.rows(f"SELECT 1 FROM {table} LIMIT 1")]
    if filled:
        raise CopyRefused(
            f"Copying to {place}: it holds rows already, in {', '.join(filled)}. Nothing was "
            "copied. Name an empty database."
        )


def _chunks(out: Transaction, table: str, columns: list[str]) -> Iterator[str]:
    """Queries for all rows of a table, so many at a time."""
    query = f"SELECT {quoted(columns)} FROM {table}"
    by = next((column for column in CHUNKED_BY if column in columns), None)
    if by is None:
        yield query
        return
    order = ", ".join([by, *(column for column in ORDERED_BY if column in columns)])
    for first, last in _ranges(out, table, by):
        yield f"{query} WHERE {by} BETWEEN {first} AND {last} ORDER BY {order}"


def _ranges(out: Transaction, table: str, by: str) -> Iterator[tuple[int, int]]:
    first, last, rows = None, 0, 0
    for value, count in out.rows(f"SELECT {by}, count(*) FROM {table} GROUP BY 1 ORDER BY 1"):
        if first is not None and rows + count > CHUNK_ROWS:
            yield first, last
            first, rows = None, 0
        first, last, rows = value if first is None else first, value, rows + count
    if first is not None:
        yield first, last


def _verify(out: Transaction, into: Transaction, tables: Iterable[str], tell: TellRows) -> None:
    """Count both once all is copied, so that what came meanwhile shows."""
    for table in tables:
        count = f"SELECT count(*) FROM {table}"
        sent, arrived = int(one(out.rows(count))), int(one(into.rows(count)))
        if sent != arrived:
            raise CopyRefused(
                f"{table} has {sent} rows and {arrived} of them were copied: somebody landed "
                "records meanwhile. Nothing was copied. Stop all runs, then copy again."
            )
        tell(table, arrived)


def _go_on_behind(out: Transaction, into: Transaction) -> None:
    """Let the sequences of the copy give numbers behind the highest in use."""
    slices = _highest(out, "slice_id", "ledger.slices") // PARTS
    arrival = max(_highest(out, "object_id", "ledger.objects"), slices)
    note = max(_highest(out, "id", f"ledger.{notes}") for notes in NOTES)
    for sequence, highest in {"ledger.arrival": arrival, "ledger.note": note}.items():
        # The two databases share no other word for it.
        draw = f"SELECT count(nextval('{sequence}')) FROM generate_series(1, $highest)"
        into.rows(draw, highest=highest)


def _highest(out: Transaction, column: str, table: str) -> int:
    return int(one(out.rows(f"SELECT coalesce(max({column}), 0) FROM {table}")))
