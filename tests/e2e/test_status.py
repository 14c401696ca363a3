"""`txcat status` as people and programs meet it: at a glance, watched, and what is wrong."""

import json
import signal
import subprocess
import time
from typing import Any

import dagster as dg
from dagster._daemon.types import DaemonHeartbeat

from tests.e2e.commands import BIN, CommandLine
from txcat_assets.connections import warehouse_of
from txcat_assets.contracts.transactions import CONTRACT
from txcat_assets.settings import Settings


def status(terminal: CommandLine, code: int = 0) -> dict[str, Any]:
    """What `txcat status --json` says."""
    said = terminal.txcat("status", "--json")
    assert said.code == code, said.err
    found: dict[str, Any] = json.loads(said.out)
    return found


def test_where_everything_stands_is_told_at_a_glance(loaded: CommandLine) -> None:
    said = status(loaded, 1)
    found = said["datasets"]["transactions"]
    assert {name: n for name, n in found["records"].items() if n} == {
        "landed": 2, "validated": 1, "quarantined": 1,
    }  # fmt: skip
    assert found["quarantined by reason"] == {"amount_invalid": 1}
    assert found["contract"]["version"] == str(CONTRACT.version)
    assert found["contract"]["stale records"] == 0
    model = found["stages"]["categorized"]
    assert (model["pending"], model["stale records"], model["pending since"]) == (0, 0, None)
    assert model["records by version"] == {model["version"]: 1}
    errors = {one["check"] for one in found["failed checks"] if one["days of errors"]}
    assert "amount_invalid of quarantined" in errors
    assert {one["where"] for one in said["findings"]} == {
        f"check {one}/transactions" for one in errors
    }
    assert said["dagster"]["daemon"] == "never started here"
    shown = loaded.txcat("status")
    assert "amount_invalid 1" in shown.out
    assert "0 pending, 0 refused" in shown.out
    assert "the check fails on 1 days, the latest: 2025-01-03" in shown.err


def test_what_is_stale_and_what_has_waited_too_long_is_told(loaded: CommandLine) -> None:
    with warehouse_of(Settings()).transaction() as tx:
        tx.run("UPDATE ledger.stages SET version = 'older' WHERE stage = 'categorized'")
        tx.run("UPDATE ledger.stages SET version = '0' WHERE stage = 'validated'")
        tx.run("DELETE FROM ledger.failed_checks")
    found = status(loaded)["datasets"]["transactions"]
    assert found["contract"]["stale records"] == 1
    assert found["stages"]["categorized"]["stale records"] == 1
    assert found["days with work left"] == ["2025-01-03"]
    with warehouse_of(Settings()).transaction() as tx:
        tx.run("UPDATE ledger.stages SET pending = 1 WHERE stage = 'categorized'")
        tx.run("UPDATE ledger.slices SET landed_at = '2025-01-03 10:00:00'")
    (finding,) = status(loaded, 1)["findings"]
    assert finding["where"] == "stage categorized of transactions"
    assert "1 records wait, the oldest since 2025-01-03 10:00" in finding["what"]
    loaded.set(TXCAT_ML_URL="http://127.0.0.1:1")
    found = status(loaded, 1)["datasets"]["transactions"]
    assert found["stages"]["categorized"]["version"] == "not known"


def test_whether_the_daemon_is_alive_is_told(terminal: CommandLine) -> None:
    with dg.DagsterInstance.from_config(str(terminal.folder / ".txcat")) as instance:
        for ago, words in ((5, "alive"), (600, "silent")):
            beat = DaemonHeartbeat(time.time() - ago, "SENSOR", "it", [])
            instance.add_daemon_heartbeat(beat)
            assert status(terminal)["dagster"]["daemon"] == words
    assert "silent heard 10 min ago" in terminal.txcat("status").out


def test_watched_it_is_drawn_again_until_ctrl_c(terminal: CommandLine) -> None:
    assert terminal.txcat("status", "--watch", "--json").code == 2
    command = [str(BIN / "txcat"), "status", "--watch"]
    with subprocess.Popen(
        command, cwd=terminal.folder, env=terminal.environment, stdout=subprocess.PIPE, text=True
    ) as watching:
        assert watching.stdout is not None
        titles = (line for line in watching.stdout if line.startswith("At 20"))
        drawn = {title for title, _ in zip(titles, range(2), strict=False)}
        watching.send_signal(signal.SIGINT)
        assert watching.wait(30) == 0
    assert len(drawn) == 2
