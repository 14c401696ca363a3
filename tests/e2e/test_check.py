"""`txcat check`: which days it speaks for, and its exit codes."""

from tests.assets.records import file_of, line, sound
from tests.e2e.commands import CommandLine


def test_an_empty_warehouse_has_nothing_wrong(terminal: CommandLine) -> None:
    said = terminal.txcat("check")
    assert said.code == 0
    assert "27 asset checks ran, 0 failed" in said.out


def test_a_failed_check_is_one_and_named_on_standard_error(terminal: CommandLine) -> None:
    terminal.put("transactions_2025-01-03.csv", sound(*range(100)))
    terminal.txcat("load", ".")
    with terminal.warehouse.transaction() as tx:
        tx.run("DELETE FROM raw.transactions WHERE _position = 7")
    said = terminal.txcat("check")
    assert said.code == 1
    assert "conservation of raw/transactions" in said.err


def test_days_that_are_named_are_those_checked(terminal: CommandLine) -> None:
    terminal.put("transactions_2025-01-03.csv", file_of(line(1), line(2, amount="x")))
    terminal.put("transactions_2025-01-04.csv", sound(3))
    assert terminal.txcat("load", ".").code == 1
    assert terminal.txcat("check", "--day", "2025-01-04").code == 0
    assert terminal.txcat("check", "--day", "2025-01-03", "--day", "2025-01-04").code == 1


def test_a_day_on_which_nothing_has_landed_does_not_pass(terminal: CommandLine) -> None:
    terminal.put("transactions_2025-01-03.csv", sound(1))
    terminal.txcat("load", ".")
    said = terminal.txcat("check", "--day", "2025-01-30")
    assert said.code == 1
    assert "No transactions have landed on 2025-01-30, so nothing was checked" in said.err
    assert "1 days from 2025-01-03 to 2025-01-03 have some" in said.err


def test_it_prints_what_each_check_says(terminal: CommandLine) -> None:
    terminal.put("transactions_2025-01-03.csv", file_of(*map(line, range(30)), line(91, side="up")))
    assert terminal.txcat("load", ".").code == 0
    said = terminal.txcat("check")
    assert said.code == 0
    assert "passed: description_too_long of quarantined/transactions: description must" in said.out
    assert "warning: side_unknown of quarantined/transactions: 1 of 31 records break" in said.out
    assert "1 with severity WARN" in said.out


def test_a_file_that_is_set_aside_is_told_once_by_load_and_named_by_check(
    terminal: CommandLine,
) -> None:
    terminal.put("transactions_2025-01-03.csv", b"PK\x03\x04")
    said = terminal.txcat("load", ".")
    assert said.code == 1
    assert said.err.count("transactions_2025-01-03.csv") == 1
    assert "transactions_2025-01-03.csv" in terminal.txcat("check").out
