"""The sensor that gives alarms: it looks, and sends what is due; it starts no runs.

What is wrong is found in `health.conditions`, what is worth a message in `health.alarms`.
Its cursor, which Dagster keeps, is what was sent.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import dagster as dg

from txcat_assets.clock import utc_now
from txcat_assets.contracts.model import Contract
from txcat_assets.health.alarms import as_text, read_sent, send_due
from txcat_assets.health.conditions import ALARMS
from txcat_assets.health.dagster_storage import TROUBLE
from txcat_assets.health.findings import Found, examine
from txcat_assets.health.look import Look
from txcat_assets.services.messages import Channel
from txcat_assets.settings import Settings

NAME = "alarms"

LOOK_EVERY_SECONDS = 60


def alarm_sensor(
    settings: Settings, contracts: Mapping[str, Contract], channels: Sequence[Channel]
) -> dg.SensorDefinition:
    """Tell people by each channel what has begun and what is over."""

    @dg.sensor(
        name=NAME,
        minimum_interval_seconds=LOOK_EVERY_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Sends a message when something goes wrong, and when it is over.",
    )
    def give_alarms(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        look = Look(settings, contracts, Path(context.instance.root_directory), utc_now())
        found = examine(look, ALARMS)
        sent, troubles = send_due(found, read_sent(context.cursor), channels, look.now)
        return dg.SensorResult(skip_reason=_in_words(found, troubles), cursor=as_text(sent))

    return give_alarms


def _in_words(found: Found, troubles: Sequence[str]) -> str:
    """What the tick says: what could not be sent, else what is wrong and what was not seen."""
    if troubles:
        return f"{TROUBLE}{' '.join(troubles)}"
    wrong = [f"{one.where}: {one.what}" for _, one in found.every]
    return f"{len(wrong)} alarms last. {' '.join(wrong)}" if wrong else "Nothing is wrong."
