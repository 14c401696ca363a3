"""The `dagster` command in a user's CI: txcat's assets by their keys, and exit codes to rely on."""

import pytest

from tests.assets.records import file_of, line, sound
from tests.e2e.commands import CommandLine

pytestmark = pytest.mark.slow
LOCATION = ("-m", "txcat_assets.definitions")
ALL = ("--select", 'not group:"reports"')
OWN = ("--select", 'key:"*/transactions"')


def put_in_inbox(terminal: CommandLine, day: str, text: str) -> None:
    terminal.set(TXCAT_INBOX_SETTLE_SECONDS=0)
    terminal.put(f".txcat/inbox/transactions_{day}.csv", text)


def materialize(terminal: CommandLine, *options: str) -> tuple[int, str]:
    """The exit code of `dagster asset materialize`, and all that it said."""
    said = terminal.in_process_of_its_own("dagster", "asset", "materialize", *LOCATION, *options)
    return said.code, said.out + said.err


def categorized(terminal: CommandLine) -> int:
    """How many records have a category."""
    ((number,),) = terminal.rows("SELECT count(*) FROM categorized.transactions")
    return int(number)


def test_the_definitions_are_valid(bare_terminal: CommandLine) -> None:
    (bare_terminal.folder / ".txcat").mkdir()
    said = bare_terminal.in_process_of_its_own("dagster", "definitions", "validate", *LOCATION)
    assert said.code == 0, said.err
    assert not (bare_terminal.folder / ".txcat" / "warehouse.duckdb").exists()


def test_one_day_then_a_range(terminal: CommandLine) -> None:
    put_in_inbox(terminal, "2025-01-03", sound(1))
    put_in_inbox(terminal, "2025-01-04", sound(2))
    put_in_inbox(terminal, "2025-01-05", sound(3))
    code, said = materialize(terminal, *ALL, "--partition", "2025-01-04")
    assert (code, categorized(terminal)) == (0, 1), said
    code, said = materialize(terminal, *OWN, "--partition-range", "2025-01-03...2025-01-05")
    assert (code, categorized(terminal)) == (0, 3), said
    runs = terminal.rows("SELECT count(DISTINCT _run_id) FROM raw.transactions")
    assert runs == [(2,)]


def test_assets_can_be_picked_by_key_and_group(terminal: CommandLine) -> None:
    put_in_inbox(terminal, "2025-01-03", sound(1))
    day = ("--partition", "2025-01-03")
    assert materialize(terminal, "--select", "raw/transactions", *day)[0] == 0
    assert terminal.rows("SELECT count(*) FROM judged.transactions") == [(0,)]
    assert (
        materialize(terminal, "--select", 'group:"validated" or group:"categorized"', *day)[0] == 0
    )
    assert categorized(terminal) == 1


@pytest.mark.parametrize("day", ["2099-01-01", "1999-01-01", "someday"])
def test_a_day_that_is_no_partition_is_one(terminal: CommandLine, day: str) -> None:
    code, said = materialize(terminal, *ALL, "--partition", day)
    assert code == 1
    assert day in said


@pytest.mark.parametrize(("strict", "code"), [("0", 0), ("1", 1)])
def test_a_broken_rule_fails_a_strict_ci(terminal: CommandLine, strict: str, code: int) -> None:
    terminal.set(TXCAT_STRICT=strict, TXCAT_QUARANTINE_THRESHOLD=0)
    put_in_inbox(terminal, "2025-01-03", file_of(line(1), line(2, amount="x")))
    assert materialize(terminal, *OWN, "--partition", "2025-01-03")[0] == code


def test_without_the_service_it_is_one_and_says_what_to_do(terminal: CommandLine) -> None:
    terminal.set(TXCAT_ML_URL="http://127.0.0.1:9")
    put_in_inbox(terminal, "2025-01-03", sound(1))
    code, said = materialize(terminal, *OWN, "--partition", "2025-01-03")
    assert code == 1
    assert "TXCAT_ML_URL" in said
    assert terminal.rows("SELECT count(*) FROM validated.transactions") == [(1,)]


def test_the_job_of_the_checks_can_be_executed(terminal: CommandLine) -> None:
    job = ("dagster", "job", "execute", *LOCATION, "--job", "check_transactions")
    assert terminal.in_process_of_its_own(*job).code == 0
