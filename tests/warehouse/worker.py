"""A process that brings a tiny dataset up to date, and may be killed at any step of it.

It is forked from a server that has imported all this, so that hundreds of kills take seconds.
"""

import multiprocessing
import os
import signal
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from tempfile import mkdtemp

from tests.fakes import FakeModel, SteppedWarehouse
from tests.oracle import Expected, answered, places
from tests.postgres import Postgres
from tests.warehouse.seen import arrived
from tests.warehouse.tiny import CATEGORIZED, DAYS, tiny, verdict_of, work_on, write_file
from txcat_assets.sources.files import records as reading
from txcat_assets.sources.files.listing import find
from txcat_assets.stages import enrich as asking
from txcat_assets.stages import work as working
from txcat_assets.stages.arrivals import register_named
from txcat_assets.stages.enrich import enrich
from txcat_assets.stages.land import land_files
from txcat_assets.stages.validate import validate
from txcat_assets.warehouse.connect import connect
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.schema.tables import prepare

VERSION = 1
FILES = {
    DAYS[0]: ["1,2,debit", "2,2,debit", "1,2,debit", "4,x,debit", "5,3,debit", "5,3"],
    DAYS[1]: ["1,3,debit", "6,2,credit", "2,2,debit"],
}

URL = "warehouse.url"
"""Where a folder names its database, if it has one."""

servers = multiprocessing.get_context("forkserver")
servers.set_forkserver_preload(
    [__name__, "txcat_assets.pipeline.schema", "txcat_assets.warehouse.databases.postgres"]
)


def write_files(folder: Path) -> None:
    """What is to be brought up to date: copies, conflicts, bad records, and one file twice."""
    for day, lines in FILES.items():
        write_file(folder / f"tiny_{day}.csv", lines)
    write_file(folder / f"tiny_{DAYS[2]}_again.csv", FILES[DAYS[0]])


@dataclass
class Sites:
    """Makes folders, each with an empty warehouse: a file in it, or a database of a server."""

    below: Path
    postgres: Postgres | None
    databases: ExitStack

    def new(self) -> Path:
        """A folder for workers; what they share is gone when the test ends."""
        folder = Path(mkdtemp(dir=self.below))
        if self.postgres:
            url = self.databases.enter_context(self.postgres.database())
            (folder / URL).write_text(url)
        return folder


def warehouse_in(folder: Path, wait_seconds: float = 60) -> Warehouse:
    """The warehouse that workers on this folder share."""
    return connect(url_in(folder), wait_seconds, statement_seconds=60)


def url_in(folder: Path) -> str:
    """The URL of that warehouse."""
    url = folder / URL
    return url.read_text() if url.exists() else f"duckdb:///{folder / 'warehouse.duckdb'}"


def model() -> FakeModel:
    """The model that every worker asks."""
    return FakeModel("m1", is_picky=True)


def expected_in(folder: Path) -> Expected:
    """What the oracle makes of all that has landed."""
    records = arrived(warehouse_in(folder), tiny(VERSION))
    at_rest = places(records, lambda record: verdict_of(VERSION, record))
    return answered(at_rest, model().answer_to_content)


def bring_up_to_date(warehouse: Warehouse, folder: Path) -> list[str]:
    """All stages, in slices of three records, each answer kept at once; what went wrong."""
    prepare(warehouse, tiny(VERSION))
    work = work_on(warehouse, tiny(VERSION))
    register_named(work, find([folder], "tiny*").files, None)
    problems = land_files(work).problems
    return problems + validate(work).problems + enrich(work, CATEGORIZED, model()).problems


def bring_up_to_date_without_claims(warehouse: Warehouse, folder: Path) -> list[str]:
    """The same by a worker that takes all work for its own, whoever else is at it."""
    return bring_up_to_date(SteppedWarehouse(warehouse, lambda: None, has_claims=False), folder)


def start(
    folder: Path,
    kill_at: int | None = None,
    *,
    is_fine: bool = True,
    does: Callable[[Warehouse, Path], list[str]] = bring_up_to_date,
) -> ForkServerProcess:
    """A worker on this folder; it kills itself before its step of that number."""
    process = servers.Process(target=_work, args=(folder, kill_at, is_fine, does))
    process.start()
    return process


def _work(
    folder: Path,
    kill_at: int | None,
    is_fine: bool,
    does: Callable[[Warehouse, Path], list[str]],
) -> None:
    _in_small_slices()
    warehouse = SteppedWarehouse(warehouse_in(folder), killer(kill_at), is_fine=is_fine)
    problems = does(warehouse, folder)
    if problems:
        raise SystemExit("; ".join(problems))


def _in_small_slices() -> None:
    reading.SLICE_RECORDS = 3
    setattr(working, "SLICE_RECORDS", 5)  # noqa: B010  it has the name from where it is said
    asking.KEEP_EVERY_SECONDS = 0


def killer(kill_at: int | None) -> Callable[[], None]:
    """A step that ends this process by SIGKILL, at its n-th call."""
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1
        if steps == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    return step
