"""What a tick of a sensor gives: requests for runs, or a skip in words, trouble among them."""

from collections.abc import Callable

import dagster as dg

from txcat_assets.errors import PermanentError, TransientError
from txcat_assets.health.dagster_storage import TROUBLE

Tick = dg.SensorResult | dg.SkipReason


class Ticks:
    """The ticks of one sensor: one fails when a trouble begins; while it lasts they skip.

    Dagster keeps 4 KB of each failed tick, and shows the sensor as failing. What may pass by
    itself, as a warehouse that another program holds, fails none. Ticks are made in the process
    that serves the code: after a restart of it a trouble fails one tick again.
    """

    def __init__(self) -> None:
        self._told: type[PermanentError] | None = None

    def of(self, work: Callable[[], Tick]) -> Tick:
        """What the tick's work gives; the words of its trouble where that is no news."""
        try:
            tick = work()
        except TransientError as error:
            return dg.SkipReason(f"{TROUBLE}{error}")
        except PermanentError as error:
            if type(error) is self._told:
                return dg.SkipReason(f"{TROUBLE}{error}")
            self._told = type(error)
            raise
        self._told = None
        return tick
