"""Corrections go in once or not at all, whatever is killed, full, or done by others meanwhile."""

import resource
import signal
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from tests.fakes import FakeModel, SteppedWarehouse
from tests.warehouse.audit import audit
from tests.warehouse.operators import current_address
from tests.warehouse.seen import everything, seen
from tests.warehouse.tiny import CATEGORIZED, DAYS, START, land_lines, tiny, work_on
from tests.warehouse.worker import Sites, servers, start, warehouse_in
from txcat_assets.errors import TxcatError
from txcat_assets.sources.files import records as reading
from txcat_assets.stages.corrections import (
    Correction,
    Edited,
    addresses_of,
    as_frame,
    read_corrections,
    write_for_correction,
)
from txcat_assets.stages.enrich import enrich
from txcat_assets.stages.fix import Fixing, fix
from txcat_assets.stages.forget import forget_raw
from txcat_assets.stages.operate import Decided, discard, reopen
from txcat_assets.stages.validate import validate
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.ledger.decisions import Decision
from txcat_assets.warehouse.queries.quarantine import Wanted, find_records, read_records
from txcat_assets.warehouse.schema.tables import prepare

CONTRACT = tiny(4)
CORRECT = Decision("replaced", "ann", "corrected")
BATCH = 5
"""Corrections of a file: two slices' worth for a worker, who takes three."""


RECORDS = 50


@pytest.fixture
def folder(sites: Sites) -> Path:
    """A folder with a warehouse, in which bad records have landed: none has an amount."""
    folder = sites.new()
    prepare(warehouse_in(folder), CONTRACT)
    work = work_on(warehouse_in(folder), CONTRACT)
    land_lines(work, folder, str(DAYS[0]), *(f"{key},x,debit" for key in range(1, RECORDS + 1)))
    assert validate(work).problems == []
    return folder


def export(folder: Path, records: int | None = BATCH) -> None:
    """An export of the first ones that are still quarantined, with a correction of each."""
    path = folder / "export.csv"
    path.unlink(missing_ok=True)
    with warehouse_in(folder).transaction() as tx:
        found = find_records(tx, CONTRACT, Wanted(limit=records))
        write_for_correction(path, CONTRACT, read_records(tx, CONTRACT, found))
    path.write_text(path.read_text(encoding="utf-8").replace(",x,,", ",x,2,"), encoding="utf-8")


def take(warehouse: Warehouse, folder: Path) -> Decided:
    """The corrections of the folder's export go in."""
    edited = read_corrections(folder / "export.csv", CONTRACT)
    fixing = Fixing(work_on(warehouse, CONTRACT), "export.csv", CORRECT)
    return fix(fixing, edited)


def taking(warehouse: Warehouse, folder: Path) -> list[str]:
    """The same by a worker; what it left alone was taken before it was killed."""
    take(warehouse, folder)
    return []


def assert_all_corrected(folder: Path, records: int) -> None:
    """Each of these old records is replaced by one new record, which is validated."""
    audit(warehouse_in(folder), CONTRACT)
    found = seen(warehouse_in(folder), CONTRACT)
    assert len(found.validated) == records
    assert list(found.closed.values()) == ["replaced"] * records


@pytest.mark.slow
def test_killed_at_any_step_of_a_fix_no_correction_is_lost_or_doubled(folder: Path) -> None:
    """Each round takes the next records' corrections, and is killed some steps later."""
    ends = [-signal.SIGKILL]
    taken: list[int] = []
    while ends[-1] == -signal.SIGKILL:
        export(folder)
        killed = start(folder, 3 + 13 * len(taken), does=taking)
        killed.join()
        ends.append(killed.exitcode or 0)
        audit(warehouse_in(folder), CONTRACT)
        taken.append(BATCH - take(warehouse_in(folder), folder).decided)
        assert_all_corrected(folder, BATCH * len(taken))
    assert set(taken) == {0, 3, 5}, "killed before, between and after the two transactions"
    before = everything(warehouse_in(folder))
    assert len(take(warehouse_in(folder), folder).left_alone) == BATCH
    assert everything(warehouse_in(folder)) == before


def _taking_on_a_full_disk(folder: Path) -> None:
    """Take corrections; from the second transaction on no file can grow. What was said is kept."""
    steps = iter(range(1_000))

    def step() -> None:
        if next(steps) == SECOND_WRITES:
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))

    reading.SLICE_RECORDS = 3
    try:
        take(SteppedWarehouse(warehouse_in(folder), step, is_fine=False), folder)
    except TxcatError as error:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        (folder / "said").write_text(f"{type(error).__name__}: {error}")


SECOND_WRITES = 9
"""The step before the second transaction that writes: reading takes three, and so does writing."""


@pytest.mark.parametrize("sites", ["duckdb"], indirect=True)
def test_on_a_full_disk_a_fix_says_so_and_goes_on_once_there_is_room(folder: Path) -> None:
    export(folder)
    worker = servers.Process(target=_taking_on_a_full_disk, args=(folder,))
    worker.start()
    worker.join()
    said = (folder / "said").read_text()
    assert said.startswith("WarehouseRefused: ")
    assert "Make room on the disk" in said
    assert_all_corrected(folder, 3)
    take(warehouse_in(folder), folder)
    assert_all_corrected(folder, BATCH)


def between_its_transactions(warehouse: Warehouse, act: Callable[[], object]) -> SteppedWarehouse:
    """The warehouse of somebody who has read what he decides about, when another one acts."""
    steps = iter(range(1_000))

    def step() -> None:
        if next(steps) == 2:
            act()

    return SteppedWarehouse(warehouse, step, is_fine=False)


def test_of_two_operators_at_once_the_first_decision_stands_and_the_second_is_told(
    folder: Path,
) -> None:
    """The first decides after the second has read the records, and before he writes."""
    export(folder)
    warehouse = warehouse_in(folder)
    work = work_on(warehouse, CONTRACT)
    two = Wanted(positions=[(1_000_000, 0), (1_000_000, 1)])
    close = Decision("discarded", "bob", "a test")
    late = between_its_transactions(warehouse, lambda: discard(work, two, close))
    outcome = take(late, folder)
    assert outcome.decided == BATCH - 2
    assert [words[:6] for words in outcome.left_alone] == ["line 2", "line 3"]
    assert all("has moved meanwhile" in words for words in outcome.left_alone)
    assert sorted(seen(warehouse, CONTRACT).closed.values()) == ["discarded"] * 2 + ["replaced"] * 3
    audit(warehouse, CONTRACT)


def test_two_operators_who_take_the_same_file_at_once_correct_each_record_once(
    folder: Path,
) -> None:
    export(folder)
    operators = [start(folder, does=taking) for _ in range(2)]
    for operator in operators:
        operator.join()
    assert [operator.exitcode for operator in operators] == [0, 0]
    assert_all_corrected(folder, BATCH)


def _bring_up_to_date(warehouse: Warehouse, _: Path) -> list[str]:
    work = work_on(warehouse, tiny(5))
    return validate(work).problems + enrich(work, CATEGORIZED, FakeModel("m")).problems


def test_corrections_go_in_while_a_run_of_that_day_works_by_a_new_contract(folder: Path) -> None:
    """The run judges all of the day again, correct records among it, and asks for categories."""
    export(folder)
    warehouse = warehouse_in(folder)
    prepare(warehouse, tiny(5))
    run = start(folder, does=_bring_up_to_date)
    work = work_on(warehouse, tiny(5))
    for one in read_corrections(folder / "export.csv", CONTRACT).corrections.iter_slices(1):
        assert fix(Fixing(work, f"{one['_line'][0]}", CORRECT), Edited(one)).decided == 1
    run.join()
    assert run.exitcode == 0
    assert _bring_up_to_date(warehouse, folder) == []
    assert_all_corrected(folder, BATCH)
    assert len(seen(warehouse, tiny(5)).categorized) == BATCH


def with_id_9(address: str | None) -> Edited:
    return Edited(as_frame(CONTRACT, [Correction(1, address, {"id": "9"})]))


def test_a_record_whose_text_was_forgotten_is_corrected_from_what_was_read(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    """Forgotten while it was validated, it lost its key to an earlier record that was reopened."""
    prepare(warehouse, CONTRACT)
    work = work_on(warehouse, CONTRACT)
    for day, line in zip(DAYS, ("1,1,debit", "1,2,debit"), strict=False):
        land_lines(work, tmp_path, str(day), line)
    assert validate(work).problems == []
    first, second = (1_000_000, 0), (2_000_000, 0)
    with warehouse.transaction() as tx:
        before = read_records(tx, CONTRACT, find_records(tx, CONTRACT, Wanted()))
    discard(work, Wanted(positions=[first], places=[1]), Decision("discarded", "ann", "a test"))
    enrich(work, CATEGORIZED, FakeModel("m"))
    assert forget_raw(warehouse, CONTRACT, START + timedelta(days=1)).records == 1
    reopen(work, Wanted(positions=[first]), Decision("reopened", "ann", "none"))
    old = with_id_9(addresses_of(CONTRACT, before).to_list()[0])
    (told,) = fix(Fixing(work, "old", CORRECT), old).left_alone
    assert "export it again" in told
    outcome = fix(Fixing(work, "new", CORRECT), with_id_9(current_address(work, second)))
    assert (outcome.became, outcome.left_alone) == ({"validated": 1}, [])
    assert [content[1:] for content in seen(warehouse, CONTRACT).validated.values()] == [
        ("1.00", "debit"),
        ("2.00", "debit"),
    ]
    audit(warehouse, CONTRACT)
