"""The code location as it is, but that alarms are looked for every two seconds, not every minute.

For a test that waits for several looks of a real daemon.
"""

from txcat_assets.definitions import defs
from txcat_assets.defs import alarms

alarms.LOOK_EVERY_SECONDS = 2  # read when Dagster calls `defs`

__all__ = ["defs"]
