"""What is wrong with the servers that txcat uses: the warehouse, the ML service, Kafka.

One that cannot be reached at all raises; `findings.examine` makes a finding of that.
"""

from collections.abc import Iterator
from datetime import timedelta

import polars as pl

from txcat_assets.clock import utc_now
from txcat_assets.connections import enrichers
from txcat_assets.contracts.model import Contract, Service, Stage
from txcat_assets.health.findings import Finding
from txcat_assets.health.look import Look
from txcat_assets.warehouse.databases.interface import Transaction
from txcat_assets.warehouse.queries.audit import audit

SKEW = timedelta(seconds=5)
"""A database's clock that differs by more is wrong; less may be the delay of the network."""


def warehouse(look: Look) -> Iterator[Finding]:
    """A warehouse that is down, or of another version: the error itself is the finding."""
    with look.warehouse.transaction() as tx:
        tx.rows("SELECT 1")
    yield from ()


def clock_of_the_warehouse(look: Look) -> Iterator[Finding]:
    """A clock of the database's server that differs from that of this machine."""
    if look.unprepared_warehouse.kind == "duckdb":
        return
    with look.warehouse.transaction() as tx:
        ((there,),) = tx.rows("SELECT clock_timestamp() AT TIME ZONE 'UTC'")
    if there < look.now - SKEW or there > utc_now() + SKEW:
        yield Finding(
            f"its clock says {there:%Y-%m-%d %H:%M:%S} UTC, this machine's {utc_now():%H:%M:%S}",
            f"the warehouse {look.warehouse.place}",
            "set both by a time server; days of arrival go by this machine's clock",
        )


def service_that_contradicts_itself(look: Look) -> Iterator[Finding]:
    """A service that answers otherwise than before by the same version. Raises where it is down."""
    for contract in look.contracts.values():
        for stage in contract.stages:
            if isinstance(stage.answered_by, Service):
                yield from _contradictions(look, contract, stage)


def _contradictions(look: Look, contract: Contract, stage: Stage) -> Iterator[Finding]:
    (answer,) = stage.columns
    with enrichers(look.settings, briefly=True)(contract, stage) as service:
        version = service.version()
        with look.warehouse.transaction() as tx:
            before = _answered(tx, contract, stage, version)
        again = pl.concat(service.answers(before.drop("answer"))) if len(before) else before
    if not len(before) or again[answer.name].to_list() == before["answer"].to_list():
        return
    yield Finding(
        f"version {version} has given {before['answer'][0]!r} for {before[contract.key][0]}, and "
        f"gives {again[answer.name][0]!r} now",
        f"the service of stage {stage.name}, {look.settings.ml_url}",
        "let it name another version with each change: records are then asked for again",
    )


def _answered(tx: Transaction, contract: Contract, stage: Stage, version: str) -> pl.DataFrame:
    """The last record that this version answered, with its answer; no row where there is none."""
    columns = ", ".join(f'"{name}"' for name in contract.column_names)
    return tx.frame(
        f'SELECT {columns}, "{stage.columns[0].name}" AS answer '
        f"FROM {stage.name}.{contract.dataset} WHERE model_version = $version "
        "ORDER BY _slice_id DESC, _position DESC LIMIT 1",
        version=version,
    )


def kafka(look: Look) -> Iterator[Finding]:
    """A Kafka that cannot be reached, or a topic that does not exist: the error is the finding."""
    for topic in look.topics.values():
        if topic.trouble:
            raise topic.trouble
    yield from ()


def tables_that_contradict(look: Look) -> Iterator[Finding]:
    """Tables that contradict the ledger or themselves: each is read whole."""
    for contract in look.contracts.values():
        for words in audit(look.warehouse, contract):
            yield Finding(
                words,
                f"the warehouse {look.warehouse.place}",
                "somebody has changed tables by hand, or it is a fault of txcat: restore a backup, "
                "or run the days again with full_refresh, and report it",
            )
