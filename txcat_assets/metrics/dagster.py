"""What Dagster says of its daemon, sensors and runs. The declarations stand at the end."""

from collections import Counter

from txcat_assets.health.look import Look
from txcat_assets.metrics.declared import Declared, Values, seconds


def _heartbeat(look: Look) -> Values:
    if look.dagster.heartbeat_at:
        yield (), seconds(look.dagster.heartbeat_at)


def _sensors(look: Look) -> Values:
    for one in look.dagster.sensors:
        yield (one.name,), one.is_on


def _troubles(look: Look) -> Values:
    for one in look.dagster.sensors:
        yield (one.name,), one.troubles


def _unfinished(look: Look) -> Values:
    yield from Counter((one.job, one.status.lower()) for one in look.dagster.runs).items()


DAGSTER = (
    Declared(
        "txcat_daemon_heartbeat_timestamp_seconds",
        "When Dagster's daemon was heard last; not there where it never was.",
        (),
        _heartbeat,
    ),
    Declared("txcat_sensor_on", "Whether a sensor is on.", ("sensor",), _sensors),
    Declared(
        "txcat_sensor_failed_ticks",
        "How many of a sensor's newest ticks, three at most, had the same trouble.",
        ("sensor",),
        _troubles,
    ),
    Declared(
        "txcat_runs_unfinished",
        "Runs that have not ended.",
        ("job", "status"),
        _unfinished,
    ),
)
