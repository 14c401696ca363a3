"""The code location of the marts by dbt, where the extra `marts` is installed; see workspace.yaml.

A location of its own, for dbt takes seconds to import, which no run of txcat shall pay. Nothing is
opened, connected or parsed when it is loaded.
"""

import dagster as dg

from txcat_assets.connections import warehouse_of
from txcat_assets.defs.processes import naming_executor
from txcat_assets.settings import Settings
from txcat_marts.assets import marts_assets, marts_job, marts_sensor
from txcat_marts.dbt_run import dbt_of


def build_definitions(settings: Settings) -> dg.Definitions:
    """All marts, the job that makes them and the sensor that asks for it."""
    warehouse, job = warehouse_of(settings), marts_job()
    return dg.Definitions(
        assets=[marts_assets()],
        jobs=[job],
        sensors=[marts_sensor(job)],
        resources={
            "warehouse": warehouse,
            "dbt": dbt_of(settings, warehouse),
        },
        executor=naming_executor(),
    )


@dg.definitions
def defs() -> dg.Definitions:
    """The definitions by the environment's settings; called when Dagster loads the location."""
    return build_definitions(Settings())
