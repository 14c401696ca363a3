"""Ctrl-C in the middle of a load: exit code 130, nothing lost, and the same command goes on."""

import signal
import subprocess
import time

import dagster as dg
import pytest

from tests.assets.records import HEADER, line
from tests.e2e.commands import BIN, CommandLine

pytestmark = pytest.mark.slow
RECORDS = 300_000
"""So many that a signal after the first slice meets the middle."""

BLANK_MIB = 1_024
"""So many blank lines that reading them takes longer than a signal may."""

END_SECONDS = 20
"""How long a load may take to end on a busy machine; it takes about two seconds."""


def test_a_load_that_was_interrupted_goes_on(terminal: CommandLine) -> None:
    many = "\n".join([HEADER, *map(line, range(RECORDS))])
    terminal.put("transactions_2025-01-03.csv", many)
    process = subprocess.Popen(
        [BIN / "txcat", "load", "."],
        cwd=terminal.folder,
        env=terminal.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for_records(terminal)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "load the same again to go on" in said
    assert terminal.runs()[0].status in (
        dg.DagsterRunStatus.FAILURE,
        dg.DagsterRunStatus.CANCELED,
    )
    done = terminal.rows("SELECT count(*) FROM ledger.stages WHERE version IS NOT NULL")
    assert done < [(6,)], "the signal came too late to prove anything"
    assert terminal.txcat("load", ".").code == 0
    assert terminal.rows("SELECT count(*), count(DISTINCT id) FROM categorized.transactions") == [
        (RECORDS, RECORDS)
    ]


def test_a_file_of_nothing_does_not_hold_up_the_end(terminal: CommandLine) -> None:
    terminal.put("transactions_2025-01-03.csv", f"{HEADER}\n{line(1)}\n")
    path = terminal.folder / "transactions_2025-01-03.csv"
    with path.open("ab") as file:
        for _ in range(BLANK_MIB):
            file.write(b"\n" * 1_048_576)
    process = subprocess.Popen(
        [BIN / "txcat", "load", path.name],
        cwd=terminal.folder,
        env=terminal.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for_records(terminal)
    process.send_signal(signal.SIGTERM)
    _, message = process.communicate(timeout=END_SECONDS)
    assert process.returncode == 130, message
    assert terminal.rows("SELECT state FROM ledger.objects") != [("landed",)], "it came too late"


def wait_for_records(terminal: CommandLine) -> None:
    """Wait until the first records have landed."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        path = terminal.folder / ".txcat" / "warehouse.duckdb"
        if path.exists():
            try:
                if terminal.rows("SELECT count(*) > 0 FROM ledger.slices") == [(True,)]:
                    return
            except Exception:
                time.sleep(0.05)
        time.sleep(0.05)
    raise AssertionError("nothing landed within 60 s")
