"""Reports of months: made from all that happened in them, restated when it changes, never torn."""

import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from tests.warehouse.reports import BY_DAY, DECEMBER, NOVEMBER, REPORT, REPORTED, made
from tests.warehouse.tiny import DAYS, land_lines, work_on
from tests.warehouse.worker import Sites, warehouse_in
from txcat_assets.contracts.model import Contract, Policy
from txcat_assets.contracts.reports import ReportOf
from txcat_assets.errors import ContractRefused, FileNotWritten
from txcat_assets.report_files import MadeBy, ReportFiles
from txcat_assets.stages.reports import touched_months
from txcat_assets.stages.validate import validate
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.schema.tables import prepare

ANN = "1,2024-11-30T23:59:59.999999,,ann"
BOB = "2,2024-12-01T00:00:00,,bob"
AT = datetime(2025, 3, 1, tzinfo=UTC).replace(tzinfo=None)


def at_work(warehouse: Warehouse, contract: Contract = REPORTED) -> Work:
    prepare(warehouse, contract)
    return work_on(warehouse, contract)


def take(work: Work, folder: Path, *records: str) -> None:
    number = len(list(folder.glob("*.csv")))
    land_lines(work, folder, f"{DAYS[number % 3]}_{number}", *records)
    assert validate(work).problems == []


def touched(work: Work, of: ReportOf = REPORT) -> list[str]:
    with work.warehouse.transaction() as tx:
        return [month.isoformat() for month in touched_months(tx, of)]


def files(folder: Path) -> dict[str, str]:
    """Every file of the report, those that begin with a dot too."""
    found = (folder / "reports/bills_monthly").iterdir()
    return {path.name: path.read_text() for path in sorted(found)}


def test_a_month_is_restated_where_it_changed_and_only_then(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    work = at_work(warehouse)
    take(work, tmp_path, ANN, BOB)
    assert touched(work) == [], "nobody has asked for a report yet"
    first = made(work, tmp_path)
    assert (first.month, first.restated, first.last.rows) == ("2024-11", False, 1)
    assert files(tmp_path)["2024-11.1.csv"] == "who,day,bills\nann,2024-11-30,1\n"
    assert touched(work) == ["2024-12-01"], "every month with records is to be made"
    made(work, tmp_path, DECEMBER)

    before = files(tmp_path)
    assert made(work, tmp_path) == first
    assert files(tmp_path) == before, "twice is once"

    take(work, tmp_path, "3,2024-11-30T08:00:00,,ann", "4,2024-11-02T00:00:00,,eve")
    assert touched(work) == ["2024-11-01"], "December has not changed"
    second = made(work, tmp_path)
    assert (second.restated, second.last.revision) == (True, 2)
    assert second.before == [first.last]
    after = files(tmp_path)
    assert after["2024-11.1.csv"] == before["2024-11.1.csv"], "the old version is kept"
    assert after["2024-11.2.csv"] == "who,day,bills\nann,2024-11-30,2\neve,2024-11-02,1\n"
    assert after["2024-11.2.changes.csv"] == (
        "change,who,day,bills_before,bills_after\n"
        "changed,ann,2024-11-30,1,2\n"
        "added,eve,2024-11-02,,1\n"
    )
    changes = second.last.changes
    assert changes
    assert (changes.added, changes.removed, changes.changed) == (1, 0, 1)
    assert touched(work) == []


def test_a_corrected_record_restates_the_month_that_it_leaves_and_the_one_it_enters(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    contract = replace(REPORTED, policy=Policy.LATEST)
    work, of = at_work(warehouse, contract), ReportOf(contract, BY_DAY)
    take(work, tmp_path, ANN, BOB)
    for month in (NOVEMBER, DECEMBER):
        made(work, tmp_path, month, of)
    take(work, tmp_path, "1,2024-12-03T00:00:00,,ann")
    assert touched(work, of) == ["2024-11-01", "2024-12-01"]
    assert made(work, tmp_path, NOVEMBER, of).last.rows == 0
    assert made(work, tmp_path, DECEMBER, of).last.rows == 2
    assert "removed,ann,2024-11-30,1," in files(tmp_path)["2024-11.2.changes.csv"]


def test_a_record_that_touches_a_month_and_changes_no_row_restates_nothing(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    contract = replace(REPORTED, policy=Policy.LATEST)
    work, of = at_work(warehouse, contract), ReportOf(contract, BY_DAY)
    take(work, tmp_path, ANN)
    first = made(work, tmp_path, NOVEMBER, of)
    take(work, tmp_path, ANN.replace(",,", ",2024-12-05,"))
    assert touched(work, of) == ["2024-11-01"]
    assert made(work, tmp_path, NOVEMBER, of) == first
    assert touched(work, of) == []


def test_a_month_without_records_has_a_report_without_rows(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    summary = made(at_work(warehouse), tmp_path)
    assert (summary.last.rows, summary.sums) == (0, [])
    assert files(tmp_path)["2024-11.1.csv"] == "who,day,bills\n"


def test_another_version_of_a_report_makes_every_month_again(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    work = at_work(warehouse)
    take(work, tmp_path, ANN, BOB)
    made(work, tmp_path)
    made(work, tmp_path, DECEMBER)
    twice = replace(BY_DAY, version=2, rows=lambda bills: BY_DAY.rows(pl.concat([bills, bills])))
    of = ReportOf(REPORTED, twice)
    assert made(work, tmp_path, NOVEMBER, of).last.revision == 2
    assert touched(work, of) == ["2024-12-01"]


def test_a_function_that_gives_what_is_not_declared_is_refused(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    work = at_work(warehouse)
    take(work, tmp_path, ANN, ANN.replace("1,", "5,", 1))
    wrong = {
        "Make them the same": lambda bills: bills,
        "two rows of one who, day": lambda bills: bills.select(
            "who", day=pl.col("at").cast(pl.Date), bills=pl.lit(1)
        ),
    }
    for words, rows in wrong.items():
        of = ReportOf(REPORTED, replace(BY_DAY, rows=rows))
        with pytest.raises(ContractRefused, match=words):
            made(work, tmp_path, NOVEMBER, of)


def test_killed_at_any_file_the_last_version_stands_and_the_next_run_makes_the_rest(
    tmp_path: Path,
) -> None:
    folder = Sites(tmp_path, None, ExitStack()).new()
    work = at_work(warehouse_in(folder))
    take(work, folder, ANN)
    first = made(work, folder)
    take(work, folder, "3,2024-11-30T08:00:00,,ann")
    for writes in (1, 2, 3):
        command = [sys.executable, "-m", "tests.warehouse.reports", str(folder), str(writes)]
        assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
        assert ReportFiles(folder / "reports", REPORT).summary(NOVEMBER) == first
        assert touched(work) == ["2024-11-01"]
    made(work, folder)
    assert [*files(folder)] == [
        "2024-11.1.csv",
        "2024-11.2.changes.csv",
        "2024-11.2.csv",
        "2024-11.json",
    ]
    assert touched(work) == []


@contextmanager
def no_room(file_bytes: int) -> Iterator[None]:
    """Until the end no file of this process grows beyond so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def rows(number: int) -> pl.DataFrame:
    return pl.DataFrame({"who": "ann", "day": [NOVEMBER], "bills": [number]})


def test_where_there_is_no_room_the_last_version_stands_and_nothing_is_left(tmp_path: Path) -> None:
    reports, by = ReportFiles(tmp_path / "reports", REPORT), MadeBy("run", AT)
    first = reports.publish(NOVEMBER, rows(1), by)
    before = files(tmp_path)
    for room in (10, 40):  # for neither, or for the rows alone
        with no_room(room), pytest.raises(FileNotWritten, match="Nothing of it is left"):
            reports.publish(NOVEMBER, rows(2), by)
        assert reports.summary(NOVEMBER) == first
        assert not [name for name in files(tmp_path) if name.startswith(".")]
    assert {name: files(tmp_path)[name] for name in before} == before
    assert reports.publish(NOVEMBER, rows(2), by).last.revision == 2


def test_a_version_that_was_damaged_is_said_to_be_replaced_without_a_list(tmp_path: Path) -> None:
    reports, by = ReportFiles(tmp_path / "reports", REPORT), MadeBy("run", AT)
    first = reports.publish(NOVEMBER, rows(1), by)
    (reports.folder / first.last.file).write_text("who,day,bills\n")
    second = reports.publish(NOVEMBER, rows(1), by)
    assert (second.last.revision, second.last.changes, second.restated) == (2, None, True)
    (reports.folder / "2024-11.json").write_text("{}")
    with pytest.raises(FileNotWritten, match="should be a report's summary"):
        reports.publish(NOVEMBER, rows(1), by)
