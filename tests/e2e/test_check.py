"""`txcat check`: which days it speaks for, and its exit codes."""

from tests.assets.records import file_of, line, sound
from tests.e2e.commands import CommandLine


def test_an_empty_warehouse_has_nothing_wrong(terminal: CommandLine) -> None:
    said = terminal.txcat("check")
    assert said.code == 0
    assert "26 asset checks ran, 0 failed" in said.out


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
