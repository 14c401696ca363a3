"""What the tables say, in the oracle's words; and all that they hold, to compare with later.

Only reading is done here; what is right is said by the oracle and the audit.
"""

from typing import Any

from tests.oracle import Arrived, Expected
from txcat_assets.contracts.model import Contract
from txcat_assets.warehouse.databases.interface import Warehouse

SCHEMAS = ("ledger", "raw", "judged", "categorized", "totals")


def seen(warehouse: Warehouse, contract: Contract) -> Expected:
    """The tables of a small dataset as the oracle would put them."""
    name, duplicate = contract.dataset, 2
    columns = ", ".join(f"{column}::VARCHAR" for column in contract.column_names)
    with warehouse.transaction() as tx:
        validated = tx.rows(f"SELECT _slice_id, _position, {columns} FROM validated.{name}")

        quarantined = tx.rows(
            f"SELECT _slice_id, _position, stage, reasons FROM quarantined.{name}"
        )
        duplicates = tx.rows(
            f"SELECT _slice_id, _position FROM judged.{name} WHERE _place = {duplicate}"
        )
        closed = tx.rows(
            "SELECT _slice_id, _position, CASE _place WHEN 6 THEN 'discarded' ELSE 'replaced' END "
            f"FROM judged.{name} WHERE _place IN (6, 7)"
        )
        current = tx.rows(
            f"SELECT {contract.key}::VARCHAR, _slice_id, _position FROM judged.{name} "
            "WHERE _place = 1"
        )
        answers = f"SELECT _slice_id, _position, category FROM categorized.{name}"
        categorized = tx.rows(answers) if contract.stages else []
    refused = {(row[0], row[1]) for row in quarantined if row[2] == "categorized"}
    answered = {(row[0], row[1]) for row in categorized}
    positions = {(row[0], row[1]) for row in validated}
    return Expected(
        current={row[0]: (row[1], row[2]) for row in current},
        validated={(row[0], row[1]): tuple(text or "" for text in row[2:]) for row in validated},
        duplicates={(row[0], row[1]) for row in duplicates},
        quarantined={(r[0], r[1]): tuple(r[3]) for r in quarantined if r[2] == "validated"},
        categorized={(row[0], row[1]): row[2] for row in categorized},
        closed={(row[0], row[1]): row[2] for row in closed},
        refused=refused,
        pending=positions - answered - refused if contract.stages else set(),
    )


def arrived(warehouse: Warehouse, contract: Contract) -> list[Arrived]:
    """The raw records of a small dataset."""
    columns = ", ".join(contract.column_names)
    with warehouse.transaction() as tx:
        rows = tx.rows(
            f"SELECT _slice_id, _position, _fault, _day, {columns} FROM raw.{contract.dataset}"
        )
    return [Arrived((row[0], row[1]), tuple(row[4:]), row[2], row[3]) for row in rows]


def closed(warehouse: Warehouse, contract: Contract) -> dict[tuple[int, int], str]:
    """What operators decided that closes records now: an input of the oracle."""
    with warehouse.transaction() as tx:
        decided = tx.rows(
            "SELECT slice_id, position, action FROM ledger.decisions "
            "WHERE dataset = $dataset AND in_force",
            dataset=contract.dataset,
        )
    return {(slice_id, position): action for slice_id, position, action in decided}


def everything(warehouse: Warehouse) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables, in an order of their own."""
    with warehouse.transaction() as tx:
        tables = tx.rows(
            "SELECT table_schema, table_name FROM information_schema.tables "
            "WHERE table_type = 'BASE TABLE' ORDER BY 1, 2"
        )
        return {
            f"{schema}.{table}": sorted(tx.rows(f'SELECT * FROM {schema}."{table}"'), key=repr)
            for schema, table in tables
            if schema in SCHEMAS
        }
