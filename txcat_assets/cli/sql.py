"""`txcat sql`: the answer to a query of one's own, as a table, CSV or JSON.

It waits its turn and changes nothing; how a database holds to that is in
`txcat_assets.warehouse.databases.reader`.
"""

from txcat_assets.cli.terminal import Shape, note, print_csv, print_json, print_table
from txcat_assets.settings import Settings
from txcat_assets.warehouse.connect import open_reader
from txcat_assets.warehouse.databases.reader import Answer

MOST_TABLE_ROWS = 100
"""Rows of a table for people; a program gets all."""


def answer_query(settings: Settings, sql: str, shape: Shape, query_seconds: float) -> int:
    """Print what the warehouse answers; the exit code."""
    reader = open_reader(settings.warehouse, settings.warehouse_wait_seconds, query_seconds)
    found = reader.answer(sql, MOST_TABLE_ROWS if shape is Shape.TABLE else None)
    match shape:
        case Shape.JSON:
            print_json([dict(zip(found.columns, row, strict=True)) for row in found.rows])
        case Shape.CSV:
            print_csv(found.columns, found.rows)
        case Shape.TABLE:
            _show(found)
    return 0


def _show(found: Answer) -> None:
    print_table("", found.columns, found.rows)
    if found.has_more:
        note(f"Only the first {len(found.rows)} rows: --format csv or json prints all.")
