"""The sensor of an installation's topic: its ticks, and the runs that it asks for."""

import socket
import subprocess
import sys
from dataclasses import replace

import dagster as dg

from tests.assets.installation import Installation
from tools.kafka_broker import free_port
from txcat_assets.defs.at_work import SENSOR
from txcat_assets.health.processes import HOST, PID, STARTED

TOPIC = "topics"


def request_of(site: Installation, seen: str = "") -> dg.RunRequest:
    """The one run that a tick asks for."""
    tick = site.tick(TOPIC, seen)
    assert isinstance(tick, dg.SensorResult)
    (request,) = tick.run_requests or []
    return request


def skipped(tick: dg.SensorResult | dg.SkipReason) -> str:
    """Why a tick asked for nothing."""
    reason = tick.skip_reason if isinstance(tick, dg.SensorResult) else tick
    assert isinstance(reason, dg.SkipReason)
    return reason.skip_message or ""


def run(site: Installation, request: dg.RunRequest) -> dg.ExecuteInProcessResult:
    """Do what was asked for, as the daemon does."""
    return site.run(
        "load_transactions", partition_key=request.partition_key, run_config=request.run_config
    )


def begin_run(
    site: Installation, status: dg.DagsterRunStatus, tags: dict[str, str] | None = None
) -> dg.DagsterRun:
    """A run that the sensor has asked for."""
    return site.begin("load_transactions", status, {SENSOR: TOPIC} | (tags or {}))


def tags_of_a_dead_process() -> dict[str, str]:
    """Tags of a process that has just ended."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    return {HOST: socket.gethostname(), PID: str(gone.pid), STARTED: "1.0"}


def down(site: Installation) -> Installation:
    """The same installation while its Kafka does not answer."""
    nobody = f"127.0.0.1:{free_port()}"
    update = {"kafka_bootstrap_servers": nobody, "kafka_timeout_seconds": 0.5}
    return replace(site, settings=site.settings.model_copy(update=update))
