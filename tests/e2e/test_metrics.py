"""`txcat metrics` as Prometheus meets it: right numbers, whatever is down, until it is ended."""

import signal
import socket
import subprocess

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.commands import BIN, CommandLine

Samples = dict[tuple[str, ...], float]


def samples(text: str) -> Samples:
    """The value of each sample by its name and the values of its labels, which are in order."""
    return {
        (one.name, *(one.labels[label] for label in sorted(one.labels))): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def told_once(terminal: CommandLine) -> Samples:
    said = terminal.txcat("metrics", "--once")
    assert said.code == 0, said.err
    return samples(said.out)


def test_where_everything_stands_is_told_as_numbers(loaded: CommandLine) -> None:
    found = told_once(loaded)
    assert found["txcat_records_landed_total", "transactions", "file"] == 2
    assert found["txcat_records", "transactions", "validated"] == 1
    assert found["txcat_records", "transactions", "quarantined"] == 1
    assert found["txcat_records_quarantined", "transactions", "amount_invalid"] == 1
    assert found["txcat_records_pending", "transactions", "categorized"] == 0
    assert found["txcat_checks_failed", "transactions", "error"] >= 1
    assert found["txcat_records_stale", "transactions"] == 0
    assert ("txcat_last_arrival_timestamp_seconds", "transactions") in found
    assert [found["txcat_part_up", part] for part in ("warehouse", "kafka", "dagster")] == [1] * 3
    assert found["txcat_run_seconds_count", "load_transactions", "success"] == 1
    assert found["txcat_run_seconds_bucket", "load_transactions", "+Inf", "success"] == 1


def test_what_is_down_takes_its_own_metrics_away_and_no_others(terminal: CommandLine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:  # it takes connections, and says nothing
        port = taken.getsockname()[1]
    terminal.set(TXCAT_WAREHOUSE_URL=f"postgresql://somebody@127.0.0.1:{port}/nothing")
    found = told_once(terminal)
    assert (found["txcat_part_up", "warehouse"], found["txcat_part_up", "dagster"]) == (0, 1)
    assert not any(name.startswith("txcat_records") for name, *_ in found)


@pytest.mark.slow
def test_it_is_served_until_it_is_ended(terminal: CommandLine) -> None:
    terminal.set(TXCAT_METRICS_PORT=0)
    command = [str(BIN / "txcat"), "metrics"]
    with subprocess.Popen(
        command, cwd=terminal.folder, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout
            said = process.stdout.readline()
            url = next(word for word in said.split() if word.startswith("http")).rstrip(",")
            found = samples(httpx.get(url, timeout=30).text)
            assert found["txcat_part_up", "warehouse"] == 1
            terminal.set(TXCAT_METRICS_PORT=url.rpartition(":")[2].removesuffix("/metrics"))
            refused = terminal.txcat("metrics")
            assert refused.code == 2
            assert "TXCAT_METRICS_PORT" in refused.err
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
