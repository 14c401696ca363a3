"""Work during which something happens to the warehouse, and what must be true afterwards.

What happens is said by the tests.
"""

from collections.abc import Callable
from pathlib import Path

from tests.fakes import SteppedWarehouse
from tests.oracle import answered, places
from tests.warehouse.audit import audit
from tests.warehouse.seen import arrived, everything, seen
from tests.warehouse.tiny import tiny, verdict_of
from tests.warehouse.worker import VERSION, bring_up_to_date, model
from txcat_assets.errors import TxcatError
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.databases.postgres import PostgresWarehouse
from txcat_assets.warehouse.schema.tables import prepare

CONTRACT = tiny(VERSION)
NOTHING_LOST = "Nothing is lost"


def warehouse_at(url: str, wait_seconds: float = 5, statement_seconds: float = 60) -> Warehouse:
    """The warehouse in a database of PostgreSQL."""
    return PostgresWarehouse(url, wait_seconds, statement_seconds)


def disturbed(warehouse: Warehouse, folder: Path, at: int, disturb: Callable[[], None]) -> str:
    """Bring all up to date while something happens before a statement: what is said of it."""
    prepare(warehouse, CONTRACT)
    steps = iter(range(1_000))

    def step() -> None:
        if next(steps) == at:
            disturb()

    try:
        return "; ".join(bring_up_to_date(SteppedWarehouse(warehouse, step), folder))
    except TxcatError as error:
        return str(error)


def assert_all_is_well(warehouse: Warehouse, folder: Path) -> None:
    """The same again does all that was left, by the same warehouse, and it is right."""
    assert bring_up_to_date(warehouse, folder) == []
    audit(warehouse, CONTRACT)
    at_rest = places(arrived(warehouse, CONTRACT), lambda record: verdict_of(VERSION, record))
    assert seen(warehouse, CONTRACT) == answered(at_rest, model().answer_to_content)
    before = everything(warehouse)
    assert bring_up_to_date(warehouse, folder) == []
    assert everything(warehouse) == before
