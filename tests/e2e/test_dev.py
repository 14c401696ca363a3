"""`txcat dev`: ready in one line that says where, a taken port told, and an end without a mess."""

import signal
import socket
import subprocess
import time
from pathlib import Path

import httpx
import psutil
import pytest

from tests.e2e.commands import BIN, CommandLine
from tools.kafka_broker import free_port


@pytest.mark.parametrize("option", ["--port", "--ml-port", "--api-port"])
def test_a_port_that_is_taken_is_told_with_a_way_out(
    bare_terminal: CommandLine, option: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        ports = {name: free_port() for name in ("--port", "--ml-port", "--api-port")}
        named = [part for pair in (ports | {option: taken}).items() for part in pair]
        said = bare_terminal.txcat("dev", *named)
    assert said.code == 2
    assert f"{option} {taken}" in said.err
    assert 'make dev ARGS="--port ' in said.err
    assert not list(bare_terminal.folder.glob(".txcat/*.log")), "nothing was started"


@pytest.mark.slow
def test_it_is_ready_in_one_line_and_ends_by_ctrl_c_without_a_mess(
    bare_terminal: CommandLine, tmp_path: Path
) -> None:
    ui, ml, api = free_port(), free_port(), free_port()
    shown = tmp_path / "shown"
    with shown.open("w") as output:
        started = subprocess.Popen(
            [BIN / "txcat", "dev", f"--port={ui}", f"--ml-port={ml}", f"--api-port={api}"],
            cwd=bare_terminal.folder,
            env=bare_terminal.environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        family: list[psutil.Process] = []
        try:
            until_said(shown, f"Ready: Dagster's UI is on http://127.0.0.1:{ui}", seconds=250)
            time.sleep(5)
            assert httpx.get(f"http://127.0.0.1:{api}/health").is_success
            family = psutil.Process(started.pid).children(recursive=True)
        finally:
            started.send_signal(signal.SIGINT)
            code = started.wait(90)
    assert code == 0
    assert len(family) > 3
    _, alive = psutil.wait_procs(family, timeout=30)
    assert not alive
    lines = shown.read_text().splitlines()
    assert len(lines) < 12, lines
    assert not [line for line in lines if "Checking for" in line or "SIGKILL" in line]


def until_said(shown: Path, words: str, *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while words not in shown.read_text():
        assert time.monotonic() < deadline, shown.read_text()
        time.sleep(0.3)
