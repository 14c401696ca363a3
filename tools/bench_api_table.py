"""The table that `tools.bench_api` asks about: users, and payments among them over a year.

It is written by SQL as if it had been loaded, which would take minutes.
"""

from datetime import date

import polars as pl

from txcat_assets.clock import utc_now
from txcat_assets.contracts.model import Contract
from txcat_assets.contracts.payments import CONTRACT as PAYMENTS
from txcat_assets.contracts.registry import all_contracts
from txcat_assets.contracts.users import CONTRACT as USERS
from txcat_assets.warehouse.connect import connect
from txcat_assets.warehouse.databases.interface import Transaction
from txcat_assets.warehouse.ledger.objects import Arrival, register
from txcat_assets.warehouse.ledger.slices import Landing, Run, land
from txcat_assets.warehouse.schema.tables import prepare

PAYMENTS_A_USER = 200
DAY = date(2026, 1, 1)


def fill(url: str, rows: int) -> None:
    """Users, and payments among them over the year 2025, as if they had been loaded."""
    warehouse = connect(url, wait_seconds=60, statement_seconds=3_600)
    for contract in all_contracts().values():
        prepare(warehouse, contract)
    with warehouse.transaction() as tx:
        _insert_users(tx, _slice(tx, USERS, users_of(rows)), users_of(rows))
        _insert_payments(tx, _slice(tx, PAYMENTS, rows), rows)
        for table in ("judged.users", "judged.payments", "scored.payments"):
            tx.run(f"ANALYZE {table}")


def users_of(rows: int) -> int:
    """How many users there are."""
    return max(2, 2 * rows // PAYMENTS_A_USER)


def _slice(tx: Transaction, contract: Contract, rows: int) -> int:
    (object_id,) = register(tx, contract.dataset, [Arrival("bench", 1, 1, DAY)], utc_now())
    landing, run = Landing(object_id, 0, rows, DAY), Run("bench", utc_now())
    slice_id = land(tx, contract, landing, pl.DataFrame(), run)
    tx.run(
        "UPDATE ledger.slices SET landed = $rows, validated = $rows, unjudged = 0 "
        "WHERE slice_id = $slice_id",
        rows=rows,
        slice_id=slice_id,
    )
    return slice_id or 0


def _id(number: str) -> str:
    return f"CAST(lpad(to_hex({number}), 32, '0') AS UUID)"


def _insert_users(tx: Transaction, slice_id: int, users: int) -> None:
    tx.run(
        "INSERT INTO judged.users (_slice_id, _position, _day, id, name, _digest, _place, "
        f"_contract_version, _run_id) SELECT {slice_id}, n, DATE '{DAY}', {_id('n')}, 'User', "
        f"gen_random_uuid(), 1, {USERS.version}, 'b' FROM generate_series(0, {users - 1}) n"
    )


def _insert_payments(tx: Transaction, slice_id: int, rows: int) -> None:
    users, columns = users_of(rows), ", ".join(f'"{name}"' for name in PAYMENTS.column_names)
    tx.run(
        f"INSERT INTO judged.payments (_slice_id, _position, _day, {columns}, _digest, _place, "
        f"_contract_version, _run_id) SELECT {slice_id}, n, DATE '{DAY}', gen_random_uuid(), "
        f"{_id('s')}, {_id(f'(s + 1 + n % {users - 1}) % {users}')}, (n % 100000 + 1) / 100.0, "
        "CASE n % 3 WHEN 0 THEN 'EUR' WHEN 1 THEN 'USD' ELSE 'PHP' END, "
        f"TIMESTAMP '2025-01-01' + n * (INTERVAL '365 days' / {rows}), "
        "CASE n % 20 WHEN 0 THEN 'failed' WHEN 1 THEN 'pending' ELSE 'completed' END, "
        f"gen_random_uuid(), 1, {PAYMENTS.version}, 'b' FROM (SELECT n, "
        f"CAST(n * 7919::bigint % {users} AS int) AS s FROM generate_series(0, {rows - 1}) n) x"
    )
    tx.run(
        f"INSERT INTO scored.payments ({columns}, _slice_id, _position, _day, _digest, "
        "_contract_version, _run_id, is_suspicious, reasons, model_version, scored_at) SELECT "
        f"{columns}, _slice_id, _position, _day, _digest, _contract_version, _run_id, FALSE, "
        "ARRAY[]::text[], 'b', TIMESTAMP '2026-01-01' FROM judged.payments"
    )
