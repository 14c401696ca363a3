"""Whatever goes wrong, a command says in one line what it was and what to do, and no traceback.

Each line of the list was a traceback, or said something else, or was believed.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.assets.records import sound
from tests.e2e.commands import BIN, CommandLine, Output
from tests.e2e.pages import ROOT

Prepare = Callable[[CommandLine], object]


def _nothing(_: CommandLine) -> None:
    """The command alone is wrong."""


def _warehouse(terminal: CommandLine, content: bytes | None) -> None:
    path = terminal.folder / "a lock" / "no lock.duckdb"
    path.parent.mkdir()
    path.mkdir() if content is None else path.write_bytes(content)
    terminal.set(TXCAT_WAREHOUSE_URL=f"duckdb:///{path}")


def _broken_instance(terminal: CommandLine, text: str) -> None:
    home = terminal.folder / ".txcat"
    home.mkdir(exist_ok=True)
    (home / "dagster.yaml").write_text(text)


def _itself(terminal: CommandLine) -> None:
    terminal.set(TXCAT_WAREHOUSE_URL="duckdb:///same.duckdb")


WAREHOUSES: dict[str, tuple[Prepare, str, int, str]] = {
    "warehouse is text": (lambda t: _warehouse(t, b"text " * 999), "status", 1, "move this one"),
    "warehouse is empty": (lambda t: _warehouse(t, b""), "status", 1, "move this one away"),
    "warehouse is a folder": (lambda t: _warehouse(t, None), "status", 1, "Name another file by"),
    "no database named": (
        lambda t: t.set(TXCAT_WAREHOUSE_URL="duckdb:///"), "status", 2, "names no database"
    ),
    "no database on the server": (
        lambda t: t.set(TXCAT_WAREHOUSE_URL="postgresql://ann@host"), "status", 2, "no database"
    ),
    "no scheme, and a password": (
        lambda t: t.set(TXCAT_WAREHOUSE_URL="ann:s3cr3t@host/db"), "status", 2, "has no scheme"
    ),
    "a password before a scheme": (
        lambda t: t.set(TXCAT_WAREHOUSE_URL="ann:s3cr3t@host://db"), "status", 2, "has no scheme"
    ),
    "copy names no database": (
        _nothing, "copy --to duckdb:///", 2, "--to names no database"
    ),
    "copy names no scheme": (_nothing, "copy --to ann:s3cr3t@host", 2, "--to has no scheme"),
    "copy to what is no database": (
        lambda t: t.put("text.duckdb", "text"), "copy --to duckdb:///text.duckdb", 1, "by --to"
    ),
    "copy onto itself": (
        _itself, "copy --to duckdb:///./same.duckdb", 1, "the warehouse that is to be copied"
    ),
}  # fmt: skip

HOMES: dict[str, tuple[Prepare, str, int, str]] = {
    "home with a question mark": (
        lambda t: t.set(TXCAT_HOME="what?"), "status", 2, "TXCAT_HOME: the path of a folder"
    ),
    "home of nobody": (
        lambda t: t.set(TXCAT_HOME="~nobody-at-all"), "status", 2, "TXCAT_HOME: this system"
    ),
    "home is a file": (
        lambda t: t.set(TXCAT_HOME=t.put("file", "")), "load .", 1, "name another folder"
    ),
    "home below a file": (
        lambda t: t.set(TXCAT_HOME=t.put("file", "") / "x"), "upgrade", 1, "TXCAT_HOME"
    ),
    "home cannot be made": (lambda t: t.set(TXCAT_HOME="/sys/x"), "load .", 1, "TXCAT_HOME"),
    "relative DAGSTER_HOME": (
        lambda t: t.set(DAGSTER_HOME="somewhere"), "load .", 2, "an absolute path only"
    ),
    "dagster.yaml is no YAML": (
        lambda t: _broken_instance(t, "run_launcher: [a"), "load .", 1, "Look at dagster.yaml"
    ),
    "dagster.yaml says nonsense": (
        lambda t: _broken_instance(t, "nonsense: 1"), "load .", 1, "Look at dagster.yaml"
    ),
}  # fmt: skip

SETTINGS: dict[str, tuple[Prepare, str, int, str]] = {
    "forget nan": (_nothing, "forget-raw --older-than nan", 2, "not a number"),
    "forget inf": (_nothing, "forget-raw --older-than inf", 2, "'--older-than'"),
    "forget for ever": (_nothing, "forget-raw --older-than 1e9", 2, "'--older-than'"),
    "produce at nan": (_nothing, "produce x.csv --rate nan", 2, "not a number"),
    "wait for ever": (
        lambda t: t.set(TXCAT_WAREHOUSE_WAIT_SECONDS="inf"), "status", 2, "finite number"
    ),
    "a limit beyond time": (
        lambda t: t.set(TXCAT_PENDING_LIMIT_HOURS="1e300"), "status", 2, "less than or equal"
    ),
    "the service has no scheme": (
        lambda t: t.set(TXCAT_ML_URL="ann:s3cr3t@host:8900"),
        "status", 2, "TXCAT_ML_URL: an address",
    ),
    "a login among Kafka's addresses": (
        lambda t: t.set(TXCAT_KAFKA_BOOTSTRAP_SERVERS="ann:s3cr3t@host:9092"),
        "status", 2, "TXCAT_KAFKA_SASL_USERNAME",
    ),
    "no such option": (_nothing, "load --what x", 2, "`txcat load --help` lists"),
    "no such command": (_nothing, "loud x", 2, "No such command 'loud'"),
    "no such dataset": (_nothing, "load --dataset x .", 2, "transactions"),
    "an option commands the terminal": (_nothing, "load --\x1b[31m x", 2, r"\x1b[31m"),
}  # fmt: skip

LIST = WAREHOUSES | HOMES | SETTINGS


def assert_words(said: Output, code: int, words: str) -> None:
    assert words in said.err
    assert said.code == code
    assert "Traceback" not in said.err + said.out
    assert "s3cr3t" not in said.err + said.out
    assert "\x1b" not in said.err
    assert said.err.count("error:") == 1
    assert len(said.err) < 3_000


@pytest.mark.parametrize("case", LIST)
def test_a_trouble_is_one_line_that_says_what_to_do(bare_terminal: CommandLine, case: str) -> None:
    prepare, command, code, words = LIST[case]
    bare_terminal.monkeypatch.delenv("DAGSTER_HOME")
    bare_terminal.put("transactions_2025-01-03.csv", sound(1))
    prepare(bare_terminal)
    assert_words(bare_terminal.txcat(*command.split(" ")), code, words)


def test_what_nobody_foresaw_is_kept_in_a_file(
    bare_terminal: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise LookupError("odd\x1b[31m" + "x" * 100_000)

    monkeypatch.setattr("txcat_assets.cli.status.show_status", fail)
    (bare_terminal.folder / ".txcat").mkdir()
    said = bare_terminal.txcat("status")
    assert_words(said, 1, "Unforeseen: LookupError")
    kept = bare_terminal.folder / ".txcat" / "txcat-error.txt"
    assert str(kept) in said.err
    assert "in fail" in kept.read_text()


def test_a_name_that_commands_a_terminal_is_shown(terminal: CommandLine) -> None:
    name = "transactions_\x1b]52;c;aGk=\x07\n2025-01-03.csv"
    said = terminal.txcat("load", terminal.put(name, "id\x1b[2J;\u202eamount\n1;2\n"))
    assert said.code == 1
    assert r"transactions_\x1b]52;c;aGk=\x07\n2025-01-03.csv" in said.err
    assert not {"\x1b", "\x07", "\u202e"} & set(said.err + said.out)


def test_a_column_of_half_a_megabyte_makes_a_short_message(terminal: CommandLine) -> None:
    terminal.put("transactions_2025-01-03.csv", f"id,{'a' * 500_000}\n1,2\n")
    said = terminal.txcat("load", ".")
    assert "Traceback" not in said.err
    assert len(said.out + said.err) < 8_000


@pytest.mark.slow
def test_an_output_that_is_full_is_told(terminal: CommandLine) -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [BIN / "txcat", "status"], stdout=full, stderr=subprocess.PIPE, text=True, check=False,
            env=terminal.environment, cwd=terminal.folder,
        )  # fmt: skip
    assert_words(Output(ended.returncode, "", ended.stderr), 1, "Make room")


@pytest.mark.slow
@pytest.mark.parametrize("kib", [0, 40], ids=["nothing fits", "a part of Dagster's files fits"])
def test_a_home_on_a_full_disk_is_told_and_works_once_there_is_room(
    bare_terminal: CommandLine, kib: int
) -> None:
    bare_terminal.put("transactions_2025-01-03.csv", sound(1))
    load = f"ulimit -f {kib}; exec {BIN}/txcat load ."
    said = bare_terminal.in_process_of_its_own("/bin/bash", "-c", load)
    home = bare_terminal.folder / ".txcat"
    assert_words(said, 1, str(home))
    made = home / "dagster.yaml"
    assert not made.exists() or made.read_bytes() == (ROOT / "dagster.yaml").read_bytes()
    assert bare_terminal.txcat("load", ".").code == 1  # the ML service is not there
    assert bare_terminal.rows("SELECT count(*) FROM validated.transactions") == [(1,)]


@pytest.mark.slow
@pytest.mark.parametrize("after_seconds", [0.15, 0.4, 1.0])
def test_ctrl_c_at_any_time_is_a_word(terminal: CommandLine, after_seconds: float) -> None:
    process = subprocess.Popen(
        [BIN / "txcat", "load", "."], stderr=subprocess.PIPE, text=True,
        env=terminal.environment, cwd=terminal.folder,
    )  # fmt: skip
    time.sleep(after_seconds)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert "Traceback" not in err
    assert process.returncode in (130, -signal.SIGINT)


@pytest.mark.slow
def test_homes_are_for_their_user_alone(bare_terminal: CommandLine) -> None:
    bare_terminal.monkeypatch.delenv("DAGSTER_HOME")
    bare_terminal.put("transactions_2025-01-03.csv", sound(1))
    mask = os.umask(0)
    try:
        bare_terminal.txcat("load", ".")
    finally:
        os.umask(mask)
    home = bare_terminal.folder / ".txcat"
    assert home.stat().st_mode & 0o777 == 0o700
    made = [path for path in home.rglob("*") if not path.is_symlink()]
    assert len(made) > 5
    assert not [path for path in made if path.stat().st_mode & 0o077]
