"""Sensors as Dagster keeps them, with ticks that ended in one way or another.

They are written by Dagster's own instance, so its tables are the real ones.
"""

import json
import time
from collections.abc import Mapping, Sequence

import dagster as dg
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    InstigatorType,
    SensorInstigatorData,
    TickData,
    TickStatus,
)
from dagster_shared.error import SerializableErrorInfo

from txcat_assets.health.dagster_storage import TROUBLES

REPOSITORY = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("txcat"), "__repository__")
FAILED, SKIPPED, DONE = TickStatus.FAILURE, TickStatus.SKIPPED, TickStatus.SUCCESS


def add_sensor(
    instance: dg.DagsterInstance,
    name: str,
    ticks: Sequence[tuple[TickStatus, str]],
    status: InstigatorStatus = InstigatorStatus.DECLARED_IN_CODE,
    *,
    troubles: Mapping[str, str] | None = None,
) -> None:
    """A sensor that has ticked so, oldest first, each with the words of its skip or its error.

    `troubles` are those of datasets that the cursor of each tick names.
    """
    cursor = json.dumps({TROUBLES: troubles}) if troubles else None
    origin = RemoteInstigatorOrigin(REPOSITORY, name)
    kind = InstigatorType.SENSOR
    state = InstigatorState(origin, kind, status, SensorInstigatorData())
    instance.add_instigator_state(state)
    for age, (ended, words) in enumerate(reversed(ticks)):
        error = SerializableErrorInfo(words, [], "CheckError") if ended is FAILED else None
        instance.create_tick(
            TickData(
                instigator_origin_id=origin.get_id(),
                instigator_name=name,
                instigator_type=kind,
                status=ended,
                timestamp=time.time() - age * 10,
                selector_id=state.selector_id,
                skip_reason=words if ended is SKIPPED else None,
                error=error,
                cursor=cursor,
                run_ids=[],
            )
        )
