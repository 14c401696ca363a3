"""What the settings name, ready to use: the warehouse, Kafka, and what answers for each stage.

Nothing is opened here, and nothing of Dagster is imported: the code location, the sensors and every
command take their connections from here.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import polars as pl

from txcat_assets.contracts.marts import Mart
from txcat_assets.contracts.model import Choice, Contract, Function, Service, Stage
from txcat_assets.errors import ContractRefused, SettingRefused
from txcat_assets.pipeline.computed import ComputedMart, ComputedStage
from txcat_assets.services.messages import Channel, Mail, Webhook
from txcat_assets.settings import Settings
from txcat_assets.sources.kafka.client import KafkaConfig
from txcat_assets.stages.enrich import Enricher
from txcat_assets.stages.land_topic import KafkaDoor
from txcat_assets.warehouse.connect import connect
from txcat_assets.warehouse.databases.interface import Warehouse

OpenEnricher = Callable[[Contract, Stage], AbstractContextManager[Enricher]]
"""Opens what answers for a stage of a contract."""

OpenMart = Callable[[Contract, Mart], ComputedMart]
"""Gives what computes the rows of a mart of a contract."""

BRIEFLY = {"connect_seconds": 1, "read_seconds": 2, "total_seconds": 3, "attempts": 1}
"""How the ML service is asked by a look, which shall not wait for what is down."""


def channels(settings: Settings) -> list[Channel]:
    """The ways by which alarms go to people; none unless they are set."""
    found: list[Channel] = []
    if url := settings.alarm_webhook_url.get_secret_value():
        if not url.startswith(("http://", "https://")):
            raise SettingRefused(
                "TXCAT_ALARM_WEBHOOK_URL is no address such as https://hooks.example.org/alarms; "
                "it is not repeated here, for it may be a secret."
            )
        found.append(Webhook(url, settings.alarm_webhook_shape))
    if settings.alarm_smtp_server:
        host, _, port = settings.alarm_smtp_server.rpartition(":")
        receivers = tuple(one.strip() for one in settings.alarm_mail_to.split(",") if one.strip())
        if not receivers:
            raise SettingRefused(
                "TXCAT_ALARM_SMTP_SERVER is set, but TXCAT_ALARM_MAIL_TO names nobody: name who "
                "shall get alarms by mail, or leave the server out."
            )
        found.append(
            Mail(
                host=host,
                port=int(port),
                security=settings.alarm_smtp_security,
                user=settings.alarm_smtp_username,
                password=settings.alarm_smtp_password.get_secret_value(),
                sender=settings.alarm_mail_from,
                receivers=receivers,
            )
        )
    return found


def warehouse_of(settings: Settings) -> Warehouse:
    """The warehouse that the settings name; nothing is opened before its first transaction."""
    return connect(
        settings.warehouse,
        settings.warehouse_wait_seconds,
        settings.warehouse_statement_seconds,
    )


def _ml_service(
    settings: Settings, contract: Contract, stage: Stage, *, briefly: bool
) -> AbstractContextManager[Enricher]:
    from txcat_assets.services.ml import MlConfig, MlService  # noqa: PLC0415 - httpx is not light

    (answer,) = stage.columns
    patience: dict[str, Any] = BRIEFLY if briefly else {}
    return MlService(
        MlConfig(url=settings.ml_url, **patience),
        labels=answer.type.values if isinstance(answer.type, Choice) else (),
        columns=contract.column_names,
        answer=answer.name,
    )


SERVICES = {"ml": _ml_service}
"""What opens each service that a stage can be answered by."""


def enrichers(settings: Settings, *, briefly: bool = False) -> OpenEnricher:
    """What opens that which answers for a stage; `briefly` gives up at once on what is down."""

    def open_enricher(contract: Contract, stage: Stage) -> AbstractContextManager[Enricher]:
        match stage.answered_by:
            case Service(name):
                return SERVICES[name](settings, contract, stage, briefly=briefly)
            case Function() as function:
                return nullcontext(computed_stage(settings, stage, function))

    return open_enricher


def computed_stage(settings: Settings, stage: Stage, function: Function) -> ComputedStage:
    """The function that answers for a stage, by the settings that it names."""
    return ComputedStage(stage, _expressions(settings, stage.name, function))


def computed_mart(settings: Settings, contract: Contract, mart: Mart) -> ComputedMart:
    """The function that makes a mart, by the settings that it names."""
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
