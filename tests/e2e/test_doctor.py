"""`txcat doctor` finds what is wrong, says where and how to mend it; a sound one is told so."""

import json
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import dagster as dg
import pytest
from dagster._daemon.types import DaemonHeartbeat

from tests.assets.receivers import web_server
from tests.assets.records import sound
from tests.e2e.commands import CommandLine
from tests.postgres import Postgres
from tools.kafka_broker import free_port
from txcat_assets.clock import utc_now
from txcat_assets.contracts.registry import all_contracts
from txcat_assets.health import machine, neighbours
from txcat_assets.health.look import Look
from txcat_assets.health.machine import little_room, pieces_that_do_not_match
from txcat_assets.health.processes import PID, process_tags
from txcat_assets.settings import Settings


def doctor(terminal: CommandLine, *options: str) -> tuple[int, list[dict[str, Any]]]:
    """The exit code, and all that was found."""
    said = terminal.txcat("doctor", "--json", *options)
    found: list[dict[str, Any]] = json.loads(said.out)
    return said.code, found


def look(terminal: CommandLine, **changes: timedelta) -> Look:
    """A look at the terminal's installation, now or at another moment."""
    moment = utc_now() + changes.get("later", timedelta())
    return Look(Settings(), all_contracts(), terminal.folder / ".txcat", moment)


@pytest.fixture
def sound_one(terminal: CommandLine, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """An installation with nothing wrong: a day is loaded, and a daemon is heard."""
    monkeypatch.setattr(machine, "PORTS", {})  # whoever runs tests may have them for anything
    path = terminal.put("transactions_2025-01-03.csv", sound(1, 2))
    assert terminal.txcat("load", path).code == 0
    beat(terminal, 5)
    return terminal


def beat(terminal: CommandLine, seconds_ago: float) -> None:
    """A daemon was heard so long ago."""
    with dg.DagsterInstance.from_config(str(terminal.folder / ".txcat")) as instance:
        heard = DaemonHeartbeat(time.time() - seconds_ago, "SENSOR", "it", [])
        instance.add_daemon_heartbeat(heard)


def test_of_a_sound_one_nothing_is_found(sound_one: CommandLine) -> None:
    assert doctor(sound_one, "--deep") == (0, [])
    said = sound_one.txcat("doctor")
    assert (said.code, said.err) == (0, "")
    assert "things were looked for: 0 errors, 0 warnings." in said.out


def _begin_run(terminal: CommandLine) -> None:
    @dg.op
    def step() -> None: ...

    @dg.job
    def work() -> None:
        step()

    with dg.DagsterInstance.from_config(str(terminal.folder / ".txcat")) as instance:
        tags = process_tags() | {PID: "999999999"}
        instance.create_run_for_job(work, tags=tags, status=dg.DagsterRunStatus.STARTED)


def _spoil(terminal: CommandLine) -> None:
    with terminal.warehouse.transaction() as tx:
        tx.run("DELETE FROM raw.transactions WHERE _position = 1")


def _other_answer(terminal: CommandLine) -> None:
    with terminal.warehouse.transaction() as tx:
        tx.run("UPDATE categorized.transactions SET category = 'Rent & Mortgage'")


def _secret(terminal: CommandLine) -> None:
    terminal.put(".env", "TXCAT_KAFKA_SASL_PASSWORD=s3cr3t\n").chmod(0o644)
    terminal.set(TXCAT_KAFKA_SASL_PASSWORD="")


SPOILED: dict[str, tuple[Callable[[CommandLine], object], str, str]] = {
    "dead daemon": (lambda t: beat(t, 600), "dead daemon", "last heard of"),
    "dead and stuck runs": (_begin_run, "dead and stuck runs", "its process is gone"),
    "tables": (_spoil, "tables that contradict", "the counts of slice"),
    "service errs": (_other_answer, "service that contradicts itself", "gives"),
    "service is down": (
        lambda t: t.set(TXCAT_ML_URL=f"http://127.0.0.1:{free_port()}"),
        "cannot look",
        "ConnectError",
    ),
    "kafka is down": (
        lambda t: t.set(
            TXCAT_KAFKA_BOOTSTRAP_SERVERS=f"127.0.0.1:{free_port()}", TXCAT_KAFKA_TIMEOUT_SECONDS=1
        ),
        "cannot look",
        "127.0.0.1",
    ),
    "warehouse is down": (
        lambda t: t.set(
            TXCAT_WAREHOUSE_URL=f"postgresql://ann@127.0.0.1:{free_port()}/none",
            TXCAT_WAREHOUSE_WAIT_SECONDS=0.5,
        ),
        "cannot look",
        "127.0.0.1",
    ),
    "warehouse is newer": (
        lambda t: _run(t, "INSERT INTO ledger.migrations VALUES (99)"),
        "cannot look",
        "ledger.migrations",
    ),
    "open secrets": (_secret, "open secrets", "everybody on this machine"),
    "inbox is gone": (
        lambda t: shutil.rmtree(t.folder / ".txcat" / "inbox"),
        "unreadable inbox",
        "it does not exist",
    ),
    "settings": (
        lambda t: t.set(TXCAT_KAFKA_SECURITY_PROTOCOL="SASL_SSL"),
        "contradicting settings",
        "as nobody",
    ),
    "home": (
        lambda t: (t.folder / ".txcat" / "dagster.yaml").unlink(),
        "home of dagster",
        "no dagster.yaml",
    ),
}


def _run(terminal: CommandLine, sql: str) -> None:
    with terminal.warehouse.transaction() as tx:
        tx.run(sql)


@pytest.mark.slow
def test_what_is_wrong_is_found_with_the_place_and_the_way_to_mend_it(
    sound_one: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, whole = sound_one.folder / ".txcat", sound_one.folder / "whole"
    shutil.copytree(home, whole)
    for what, (spoil, name, words) in SPOILED.items():
        with monkeypatch.context() as environment:
            spoil(replace(sound_one, monkeypatch=environment, settings={}))
            code, found = doctor(sound_one, "--deep")
        mine = [one for one in found if one["name"] == name and words in one["what"]]
        assert mine, (what, found)
        assert code == any(one["is_error"] for one in found)
        assert all(one["where"] and one["mend"] for one in found)
        shutil.rmtree(home)
        shutil.copytree(whole, home)
        (sound_one.folder / ".env").unlink(missing_ok=True)
        beat(sound_one, 5)


def test_little_room_and_pieces_that_do_not_match_are_found(
    terminal: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert list(pieces_that_do_not_match(look(terminal))) == []
    monkeypatch.setattr(machine, "LITTLE_ROOM_BYTES", 2**62)
    assert {one.where.split(",")[0] for one in little_room(look(terminal))} >= {"TXCAT_HOME"}
    monkeypatch.setattr("importlib.metadata.version", lambda _: "0.0.1")
    found = {one.what.split()[0] for one in pieces_that_do_not_match(look(terminal))}
    assert {"dagster", "dagster-webserver", "duckdb"} <= found


def test_a_port_that_another_program_has_is_found(
    terminal: CommandLine, ml_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = int(ml_url.rpartition(":")[2])
    with web_server() as other:
        ports = {other.port: "other", ours: "ours", free_port(): "none"}
        known = {port: (name, "health", "status") for port, name in ports.items()}
        monkeypatch.setattr(machine, "PORTS", known)
        (found,) = machine.taken_ports(look(terminal))
    assert (found.where, found.is_error) == (f"port {other.port} of this machine", False)


def test_a_clock_of_the_database_that_differs_is_found(
    terminal: CommandLine, postgres: Postgres
) -> None:
    with postgres.database() as url:
        terminal.set(TXCAT_WAREHOUSE_URL=url)
        assert list(neighbours.clock_of_the_warehouse(look(terminal))) == []
        (found,) = neighbours.clock_of_the_warehouse(look(terminal, later=timedelta(minutes=1)))
    assert "its clock says" in found.what


def test_what_may_not_be_read_is_told(terminal: CommandLine) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    inbox = terminal.folder / ".txcat" / "inbox"
    inbox.mkdir()
    (inbox / "closed.csv").touch(mode=0o000)
    (found,) = [one for one in doctor(terminal)[1] if one["name"] == "unreadable inbox"]
    assert "closed.csv" in found["what"]


def test_files_of_others_are_told(terminal: CommandLine) -> None:
    inbox = terminal.folder / ".txcat" / "inbox"
    inbox.mkdir()
    (inbox / "mine.csv").touch()
    assert list(machine.files_of_other_users(look(terminal))) == []
    if os.geteuid() != 0:
        pytest.skip("only root may give files away")
    (inbox / "of_another.csv").touch()
    os.chown(inbox / "of_another.csv", 12_345, -1)
    (found,) = machine.files_of_other_users(look(terminal))
    assert "1 files belong to other users: of_another.csv" in found.what
