"""What `tools.bench_postgres` measures: a slice, micro-batches, a worker on a shared day.

    python -m tools.bench_postgres_work DATABASE_URL FOLDER ML_URL

As a command it is one worker: it brings the day of the folder's files up to date, and prints how
many slices it has worked.
"""

import sys
import time
from datetime import date
from pathlib import Path
from uuid import UUID, uuid4

import polars as pl

from txcat_assets.clock import utc_now
from txcat_assets.contracts.transactions import CONTRACT
from txcat_assets.services.ml import MlConfig, MlService
from txcat_assets.sources.files.listing import find
from txcat_assets.stages.arrivals import register_named
from txcat_assets.stages.enrich import enrich
from txcat_assets.stages.land import land_files
from txcat_assets.stages.validate import validate
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.connect import connect
from txcat_assets.warehouse.databases.interface import Transaction, Warehouse, one
from txcat_assets.warehouse.ledger.objects import Arrival, register
from txcat_assets.warehouse.ledger.slices import Landing, Run, land
from txcat_assets.warehouse.schema.tables import prepare

SLICE = 245_760
DAY = date(2025, 1, 3)
OLD = date(2024, 1, 1)
MET_BELOW = 1_000
"""Ids that every micro-batch may meet: the first of the large table."""


def warehouse_at(url: str) -> Warehouse:
    """The warehouse, with its tables made."""
    warehouse = connect(url, wait_seconds=60, statement_seconds=600)
    prepare(warehouse, CONTRACT)
    return warehouse


def work_on(warehouse: Warehouse, days: list[date]) -> Work:
    """Work on days by the real clock."""
    return Work(warehouse, CONTRACT, days, "bench", utc_now)


def load_slice(url: str, seed: int) -> float:
    """Seconds to land and validate one slice of new records."""
    work = work_on(warehouse_at(url), [DAY])
    records = records_of([uuid4() for _ in range(SLICE)])
    start = time.perf_counter()
    _land(work, f"slice {seed}", records)
    _require(validate(work).records, SLICE)
    return time.perf_counter() - start


def micro_batches(url: str, number: int) -> list[float]:
    """Seconds of each micro-batch of 100 records, ten of which are there already."""
    work = work_on(warehouse_at(url), [date(2025, 1, 4)])
    seconds = []
    for batch in range(number):
        old = [UUID(int=1 + (batch * 10 + n) % MET_BELOW) for n in range(10)]
        records = records_of([*old, *(uuid4() for _ in range(90))])
        start = time.perf_counter()
        _land(work, f"batch {batch}", records)
        _require(validate(work).records, 100)
        seconds.append(time.perf_counter() - start)
    return seconds


def records_of(ids: list[UUID]) -> pl.DataFrame:
    """Raw records as a reader hands them over."""
    return pl.DataFrame(
        {
            "_position": range(len(ids)),
            "id": [str(one) for one in ids],
            "description": "Card payment at a shop",
            "amount": "-12.50",
            "timestamp": "2025-01-03T10:00:00",
            "merchant": "A shop",
            "operation_type": "card_payment",
            "side": "debit",
        },
        schema_overrides={"_position": pl.Int64},
    )


def fill(url: str, rows: int) -> None:
    """A large table of validated records in slices of an old day, as if it had been loaded."""
    warehouse = warehouse_at(url)
    work = work_on(warehouse, [OLD])
    for part, start in enumerate(range(0, rows, SLICE)):
        size = min(SLICE, rows - start)
        _land(work, f"old {part}", records_of([UUID(int=1)]).head(0), size)
    with warehouse.transaction() as tx:
        for statement in _filling(tx, rows):
            tx.run(statement)


def _filling(tx: Transaction, rows: int) -> list[str]:
    """Ids are random but for the first, as those of a real table are."""
    numbered = (
        f"SELECT o.object_id * 1000000 AS s, n FROM generate_series(0, {rows - 1}) n "
        f"JOIN (SELECT object_id, row_number() OVER (ORDER BY object_id) - 1 AS part "
        f"FROM ledger.objects) o ON o.part = n / {SLICE}"
    )
    id_ = f"CASE WHEN n < {MET_BELOW} THEN lpad(to_hex(n + 1), 32, '0')::uuid "
    id_ += "ELSE gen_random_uuid() END"
    columns = ", ".join(f'"{name}"' for name in CONTRACT.column_names)
    values = "'Card payment at a shop', -12.5, TIMESTAMP '2024-01-01 10:00', 'A shop', "
    values += "'card_payment', 'debit'"
    tx.run("SET LOCAL statement_timeout = 0")
    return [
        f"INSERT INTO judged.transactions (_slice_id, _position, _day, {columns}, _digest, _place, "
        f"_contract_version, _run_id) SELECT s, n % {SLICE}, DATE '{OLD}', {id_}, {values}, "
        f"gen_random_uuid(), 1, {CONTRACT.version}, 'old' FROM ({numbered}) x",
        "UPDATE ledger.slices SET landed = c.n, validated = c.n, unjudged = 0 FROM (SELECT "
        "_slice_id, count(*) AS n FROM judged.transactions GROUP BY 1) c "
        "WHERE slice_id = _slice_id",
        "ANALYZE judged.transactions",
    ]


def _land(work: Work, name: str, records: pl.DataFrame, size: int = 0) -> None:
    with work.warehouse.transaction() as tx:
        arrival = Arrival(name, 1, 1, work.days[0])
        (object_id,) = register(tx, CONTRACT.dataset, [arrival], work.now())
        landing = Landing(object_id, 0, max(size, records.height), work.days[0])
        land(tx, CONTRACT, landing, records, Run("bench", work.now()))


def worker(url: str, folder: Path, ml_url: str, *, is_counting: bool = False) -> int:
    """Bring the day of the folder's files up to date; how many slices this worker has worked.

    To count is to say how many slices the day has, each of two stages.
    """
    warehouse = warehouse_at(url)
    if is_counting:
        with warehouse.transaction() as tx:
            return 2 * int(one(tx.rows("SELECT count(*) FROM ledger.slices")))
    work = work_on(warehouse, [DAY])
    register_named(work, find([folder], CONTRACT.files).files)
    land_files(work)
    done = validate(work).slices
    (stage,) = CONTRACT.stages
    columns, (answer,) = CONTRACT.column_names, stage.columns
    labels = getattr(answer.type, "values", ())
    with MlService(MlConfig(ml_url), labels=labels, columns=columns, answer=answer.name) as model:
        return done + enrich(work, stage, model).slices


def _require(found: int, wanted: int) -> None:
    if found != wanted:
        sys.exit(f"{wanted} records were to be worked, {found} were")


if __name__ == "__main__":
    print(worker(sys.argv[1], Path(sys.argv[2]), sys.argv[3]))
