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
