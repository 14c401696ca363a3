"""The code location: the one place where settings become resources and everything is wired.

Nothing is read, opened or connected when it is loaded, so it loads with every service down.
"""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

import dagster as dg
import polars as pl
from dagster_duckdb import DuckDBResource

from txcat_assets.contracts.marts import Mart
from txcat_assets.contracts.model import Choice, Contract, Function, Service, Stage
from txcat_assets.contracts.registry import all_contracts
from txcat_assets.defs.assets import Doors, OpenEnricher, dataset_assets
from txcat_assets.defs.checks import dataset_checks
from txcat_assets.defs.dead_letters import dead_letter_asset
from txcat_assets.defs.decide import decide_job
from txcat_assets.defs.jobs import check_job, load_job
from txcat_assets.defs.marts import mart_asset
from txcat_assets.defs.processes import naming_executor
from txcat_assets.defs.retention import retention
from txcat_assets.defs.sensors import backlog_sensor, checks_sensor, inbox_sensor
from txcat_assets.defs.topic_sensor import topic_sensor
from txcat_assets.errors import ContractRefused, SettingRefused
from txcat_assets.partitions import arrival_days
from txcat_assets.pipeline.computed import ComputedMart, ComputedStage
from txcat_assets.settings import Settings
from txcat_assets.sources.kafka.client import KafkaConfig
from txcat_assets.stages.arrivals import Inbox
from txcat_assets.stages.enrich import Enricher
from txcat_assets.stages.land_topic import KafkaDoor
from txcat_assets.stages.work import Silent
from txcat_assets.warehouse.connect import connect
from txcat_assets.warehouse.databases.interface import Warehouse


def build_definitions(
    settings: Settings,
    contracts: Mapping[str, Contract] | None = None,
    resources: Mapping[str, Any] | None = None,
) -> dg.Definitions:
    """Everything that Dagster shall know; `contracts` and `resources` replace the usual ones."""
    every = (all_contracts() if contracts is None else contracts).values()
    days = arrival_days(settings.first_day)
    _refuse_a_circle(settings, every)
    _refuse_unanswerable(settings, every)
    return dg.Definitions(
        assets=_assets(settings, every, days),
        asset_checks=[check for contract in every for check in dataset_checks(contract, settings)],
        jobs=[
            job
            for contract in every
            for job in (
                load_job(contract, has_dead_letters=_has_letters(settings, contract)),
                check_job(contract),
                decide_job(contract, settings),
            )
        ],
        sensors=[
            sensor
            for contract in every
            for sensor in (
                inbox_sensor(contract, days),
                backlog_sensor(contract, days),
                checks_sensor(contract),
                *([topic_sensor(contract)] if contract.topic else []),
            )
        ],
        schedules=[retention(settings, every)],
        resources={**_resources(settings), **(resources or {})},
        executor=naming_executor(),
    )


def _assets(
    settings: Settings, contracts: Iterable[Contract], days: dg.PartitionsDefinition[str]
) -> list[dg.AssetsDefinition]:
    """The assets of every dataset, which show the database that holds their tables."""
    stored_in: set[str] = {warehouse_of(settings).kind}
    tables = dg.map_asset_specs(
        lambda spec: spec.merge_attributes(kinds=stored_in),
        [
            *(asset for contract in contracts for asset in dataset_assets(contract, days)),
            *(mart_asset(contract, mart) for contract in contracts for mart in contract.marts),
        ],
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
                        f"{name!r}, which definitions.py does not know. It knows "
                        f"{', '.join(SERVICES)}."
                    )
                case Service(name) if len(stage.columns) != 1:
                    raise ContractRefused(
                        f"The stage {stage.name} of {contract.dataset} has {len(stage.columns)} "
                        f"answers by the service {name!r}, which gives exactly one."
                    )
                case Function():
                    _computed_stage(settings, stage, stage.answered_by)
        for mart in contract.marts:
            _computed_mart(settings, contract, mart)


def _resources(settings: Settings) -> dict[str, Any]:
    warehouse = warehouse_of(settings)
    duckdb = {"duckdb": DuckDBResource(database=warehouse.place)}
    return {
        "warehouse": warehouse,
        "enrichers": _enrichers(settings),
        "marts": partial(_computed_mart, settings),
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
        "progress": Silent(),
        **(duckdb if warehouse.kind == "duckdb" else {}),
    }


def warehouse_of(settings: Settings) -> Warehouse:
    """The warehouse that the settings name; nothing is opened before its first transaction."""
    return connect(
        settings.warehouse,
        settings.warehouse_wait_seconds,
        settings.warehouse_statement_seconds,
    )


def _ml_service(
    settings: Settings, contract: Contract, stage: Stage
) -> AbstractContextManager[Enricher]:
    from txcat_assets.services.ml import MlConfig, MlService  # noqa: PLC0415 - httpx is not light

    (answer,) = stage.columns
    return MlService(
        MlConfig(url=settings.ml_url),
        labels=answer.type.values if isinstance(answer.type, Choice) else (),
        columns=contract.column_names,
        answer=answer.name,
    )


SERVICES = {"ml": _ml_service}
"""What opens each service that a stage can be answered by."""


def _enrichers(settings: Settings) -> OpenEnricher:
    """What opens that which answers for a stage."""

    def open_enricher(contract: Contract, stage: Stage) -> AbstractContextManager[Enricher]:
        match stage.answered_by:
            case Service(name):
                return SERVICES[name](settings, contract, stage)
            case Function() as function:
                return nullcontext(_computed_stage(settings, stage, function))

    return open_enricher


def _computed_stage(settings: Settings, stage: Stage, function: Function) -> ComputedStage:
    return ComputedStage(stage, _expressions(settings, stage.name, function))


def _computed_mart(settings: Settings, contract: Contract, mart: Mart) -> ComputedMart:
    return ComputedMart(contract, mart, _expressions(settings, mart.name, mart.answered_by))


def _expressions(settings: Settings, name: str, function: Function) -> Mapping[str, pl.Expr]:
    """The expressions of a function by the settings that it names."""
    if unknown := sorted({*function.settings} - {*Settings.model_fields}):
        raise ContractRefused(
            f"The function of {name} names {', '.join(unknown)}, which is no setting: settings.py "
            "has all of them."
        )
    return function.of(**{setting: getattr(settings, setting) for setting in function.settings})


def kafka_door(settings: Settings) -> KafkaDoor:
    """How topics are followed, by the settings; nothing is connected."""
    config = KafkaConfig(
        bootstrap_servers=settings.kafka_bootstrap_servers,
        security_protocol=settings.kafka_security_protocol,
        sasl_mechanism=settings.kafka_sasl_mechanism,
        sasl_username=settings.kafka_sasl_username,
        sasl_password=settings.kafka_sasl_password.get_secret_value(),
        ca_file=settings.kafka_ca_file,
        certificate_file=settings.kafka_certificate_file,
        key_file=settings.kafka_key_file,
        key_password=settings.kafka_key_password.get_secret_value(),
        timeout_seconds=settings.kafka_timeout_seconds,
    )
    return KafkaDoor(
        config,
        group=settings.kafka_group,
        run_records=settings.kafka_run_records,
        run_bytes=settings.kafka_run_bytes,
        wait_seconds=settings.kafka_wait_seconds,
        dead_letter_topic=settings.kafka_dead_letter_topic,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """The definitions by the environment's settings; called when Dagster loads the location."""
    return build_definitions(Settings())
