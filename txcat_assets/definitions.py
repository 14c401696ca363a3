"""The code location: the one place where settings become resources and everything is wired.

Nothing is read, opened or connected when it is loaded, so it loads with every service down.
"""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import dagster as dg
from dagster_duckdb import DuckDBResource

from txcat_assets.connections import (
    SERVICES,
    channels,
    computed_mart,
    computed_stage,
    enrichers,
    kafka_door,
    warehouse_of,
)
from txcat_assets.contracts.model import Contract, Function, Service
from txcat_assets.contracts.registry import all_contracts
from txcat_assets.contracts.reports import reports_of
from txcat_assets.defs.alarms import alarm_sensor
from txcat_assets.defs.assets import Doors, dataset_assets
from txcat_assets.defs.checks import dataset_checks
from txcat_assets.defs.dead_letters import dead_letter_asset
from txcat_assets.defs.decide import decide_job
from txcat_assets.defs.jobs import Job, check_job, load_job
from txcat_assets.defs.monthly_reports import (
    report_asset,
    report_job,
    report_schedule,
    report_sensor,
)
from txcat_assets.defs.processes import naming_executor
from txcat_assets.defs.retention import retention
from txcat_assets.defs.sensors import backlog_sensor, checks_sensor, inbox_sensor
from txcat_assets.defs.topic_sensor import topic_sensor
from txcat_assets.errors import ContractRefused, SettingRefused
from txcat_assets.partitions import arrival_days, months_over
from txcat_assets.settings import Settings
from txcat_assets.stages.arrivals import Inbox
from txcat_assets.stages.work import Silent


def build_definitions(
    settings: Settings,
    contracts: Mapping[str, Contract] | None = None,
    resources: Mapping[str, Any] | None = None,
) -> dg.Definitions:
    """Everything that Dagster shall know; `contracts` and `resources` replace the usual ones."""
    contracts = all_contracts() if contracts is None else contracts
    every = contracts.values()
    days = arrival_days(settings.first_day)
    months = months_over(settings.first_day)
    reports = [of for contract in every for of in reports_of(contract)]
    _refuse_a_circle(settings, every)
    _refuse_unanswerable(settings, every)
    jobs, report_jobs = _jobs(settings, every), [report_job(of) for of in reports]
    return dg.Definitions(
        assets=[*_assets(settings, every, days), *(report_asset(of, months) for of in reports)],
        asset_checks=[
            check
            for contract in every
            for check in dataset_checks(contract, settings, partial(computed_mart, settings))
        ],
        jobs=[*(job for of_dataset in jobs.values() for job in of_dataset), *report_jobs],
        sensors=[
            *_sensors(settings, contracts, jobs, days),
            *([report_sensor(reports, report_jobs, months)] if reports else []),
        ],
        schedules=[retention(settings, every), *map(report_schedule, reports)],
        resources={**_resources(settings), **(resources or {})},
        executor=naming_executor(),
    )


def _jobs(settings: Settings, contracts: Iterable[Contract]) -> dict[str, tuple[Job, Job, Any]]:
    """The jobs of each dataset by its name: it is loaded, it is checked, an operator decides."""
    return {
        contract.dataset: (
            load_job(contract, has_dead_letters=_has_letters(settings, contract)),
            check_job(contract),
            decide_job(contract, settings),
        )
        for contract in contracts
    }


def _sensors(
    settings: Settings,
    contracts: Mapping[str, Contract],
    jobs: Mapping[str, tuple[Job, Job, Any]],
    days: dg.DailyPartitionsDefinition,
) -> list[dg.SensorDefinition]:
    """One of each kind for all datasets, and the one that gives alarms where a receiver is set."""
    every = list(contracts.values())
    with_topic = [contract for contract in every if contract.topic]
    load = {name: of_dataset[0] for name, of_dataset in jobs.items()}
    check = [of_dataset[1] for of_dataset in jobs.values()]
    alarming = [alarm_sensor(settings, contracts, ways)] if (ways := channels(settings)) else []
    following = [topic_sensor(with_topic, [load[c.dataset] for c in with_topic])]
    return [
        *alarming,
        inbox_sensor(every, [*load.values()], days),
        backlog_sensor(every, [*load.values()], days),
        checks_sensor(every, check),
        *(following if with_topic else []),
    ]


def _assets(
    settings: Settings, contracts: Iterable[Contract], days: dg.PartitionsDefinition[str]
) -> list[dg.AssetsDefinition]:
    """The assets of every dataset, which show the database that holds their tables."""
    stored_in: set[str] = {warehouse_of(settings).kind}
    tables = dg.map_asset_specs(
        lambda spec: spec.merge_attributes(kinds=stored_in),
        [asset for contract in contracts for asset in dataset_assets(contract, days)],
    )
    lettered = [contract for contract in contracts if _has_letters(settings, contract)]
    return [*tables, *(dead_letter_asset(contract, days) for contract in lettered)]


def _has_letters(settings: Settings, contract: Contract) -> bool:
    return bool(contract.topic and settings.kafka_dead_letter_topic)


def _refuse_a_circle(settings: Settings, contracts: Iterable[Contract]) -> None:
    """A dead letter that lands would be quarantined and sent again, for ever."""
    letters = settings.kafka_dead_letter_topic
    if letters and letters in [contract.topic for contract in contracts]:
        raise SettingRefused(
            f"TXCAT_KAFKA_DEAD_LETTER_TOPIC is {letters}, which a dataset follows: its dead "
            "letters would land, and be sent again for ever. Name a topic that no dataset follows."
        )


def _refuse_unanswerable(settings: Settings, contracts: Iterable[Contract]) -> None:
    """Raise ContractRefused where a stage or a mart names what nothing here can answer by."""
    for contract in contracts:
        for stage in contract.stages:
            match stage.answered_by:
                case Service(name) if name not in SERVICES:
                    raise ContractRefused(
                        f"The stage {stage.name} of {contract.dataset} is answered by the service "
                        f"{name!r}, which connections.py does not know. It knows "
                        f"{', '.join(SERVICES)}."
                    )
                case Service(name) if len(stage.columns) != 1:
                    raise ContractRefused(
                        f"The stage {stage.name} of {contract.dataset} has {len(stage.columns)} "
                        f"answers by the service {name!r}, which gives exactly one."
                    )
                case Function():
                    computed_stage(settings, stage, stage.answered_by)
        for mart in contract.marts:
            computed_mart(settings, contract, mart)


def _resources(settings: Settings) -> dict[str, Any]:
    warehouse = warehouse_of(settings)
    duckdb = {"duckdb": DuckDBResource(database=warehouse.place)}
    return {
        "warehouse": warehouse,
        "enrichers": enrichers(settings),
        "marts": partial(computed_mart, settings),
        "doors": Doors(
            Inbox(
                settings.inbox_folder,
                settings.inbox_settle_seconds,
                settings.first_day,
                settings.inbox_hard_links,
                settings.decompression_limits,
            ),
            kafka_door(settings),
        ),
        "reports_folder": settings.reports_folder,
        "progress": Silent(),
        **(duckdb if warehouse.kind == "duckdb" else {}),
    }


@dg.definitions
def defs() -> dg.Definitions:
    """The definitions by the environment's settings; called when Dagster loads the location."""
    return build_definitions(Settings())


def definitions_of(dataset: str) -> dg.Definitions:
    """The part that a run of one of a dataset's own jobs needs: it and what it refers to.

    To build all of them takes each run the longer the more datasets there are.
    """
    needed = all_contracts()[dataset].with_referred
    return build_definitions(Settings(), {contract.dataset: contract for contract in needed})
