"""The asset checks of a dataset: which there are, and how Dagster runs them.

They speak for whole days and protect nothing, the transactions do; they report. One
multi_asset_check an asset, so that each can be run alone. Without days in the run config they
speak for the days that were touched since they last ran; each speaks for the days on which it
failed as well, until it holds there. What a check says is in `verdicts`.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import dagster as dg
from pydantic import Field

from txcat_assets.clock import utc_now
from txcat_assets.connections import OpenMart
from txcat_assets.contracts.marts import Mart
from txcat_assets.contracts.model import Contract, Policy, Severity, Stage
from txcat_assets.contracts.rules import can_refuse, rules_of
from txcat_assets.defs import mart_verdicts, verdicts
from txcat_assets.defs.check_runs import FAILED_CHECKS, CheckRun
from txcat_assets.defs.columns import dictionary_place
from txcat_assets.defs.jobs import CHECKS
from txcat_assets.defs.processes import name_process
from txcat_assets.defs.runs import foreseen_trouble
from txcat_assets.defs.verdicts import Verdict, Verdicts
from txcat_assets.pipeline.computed import ComputedMart
from txcat_assets.settings import Settings
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.schema.tables import prepare

Check = tuple[str, Verdicts]
"""The rule that a check is about, as the UI shows it, and what it says of days."""


class DayConfig(dg.Config):
    """The days that checks speak for, as YYYY-MM-DD."""

    days: list[str] = Field(default_factory=list)
    """Without any: the days of the run, or those that were touched since the checks last ran."""


def dataset_checks(
    contract: Contract, settings: Settings, marts: OpenMart
) -> list[dg.AssetChecksDefinition]:
    """All checks of a dataset, one definition for each of its assets."""
    checks = {
        "raw": _raw_checks(contract),
        "validated": {
            "meets_contract": (
                "Each stored record meets the contract, read anew.",
                verdicts.meets_contract,
            ),
            **_rules(contract, Severity.WARNING),
            **{
                one.code: (one.description, verdicts.expectation(one))
                for one in contract.expectations
            },
        },
        "quarantined": _quarantined_checks(contract, settings),
        **{stage.name: _stage_checks(stage, settings) for stage in contract.stages},
        **{
            mart.name: _mart_checks(mart, marts(contract, mart), settings)
            for mart in contract.marts
        },
    }
    return [_checks(contract, schema, of, settings) for schema, of in checks.items()]


def _raw_checks(contract: Contract) -> dict[str, Check]:
    loss = "Kafka has lost nothing that had not landed, or somebody has accepted the loss."
    topic: dict[str, Check] = {"topic_is_whole": (loss, verdicts.topic_is_whole)}
    return {
        "conservation": (
            "Each landed record is in exactly one place, counted in the tables.",
            verdicts.conservation,
        ),
        "no_file_set_aside": (
            "No file was set aside, and none changed while it was read.",
            verdicts.no_file_set_aside,
        ),
        **(topic if contract.topic else {}),
    }


def _quarantined_checks(contract: Contract, settings: Settings) -> dict[str, Check]:
    share = f"At most {settings.quarantine_threshold:.2%} of a day's records are quarantined."
    again = "No key comes again with other content."
    conflicts: dict[str, Check] = {"conflicts": (again, verdicts.conflicts)}
    return {
        "share_quarantined": (share, verdicts.share_quarantined),
        "unreadable_records": (
            "Every record can be cut into fields.",
            verdicts.unreadable_records,
        ),
        **(conflicts if contract.policy is Policy.FIRST else {}),
        **_rules(contract, Severity.ERROR),
        **{one.code: (one.description, verdicts.nothing_waits(one)) for one in contract.references},
    }


def _stage_checks(stage: Stage, settings: Settings) -> dict[str, Check]:
    limit = f"{settings.pending_limit_hours:g} hours"
    pending = f"No record waits longer than {limit} for the stage {stage.name}."
    refused = "The service refuses no validated record."
    none_refused: dict[str, Check] = {"none_refused": (refused, verdicts.none_refused(stage))}
    return {
        "nothing_pending_too_long": (pending, verdicts.nothing_pending_too_long(stage)),
        **(none_refused if can_refuse(stage) else {}),
    }


def _mart_checks(mart: Mart, computed: ComputedMart, settings: Settings) -> dict[str, Check]:
    limit = f"{settings.pending_limit_hours:g} hours"
    return {
        "rows_equal_a_recount": (
            f"The rows of each {mart.entity} of the days are those that a recount gives.",
            mart_verdicts.rows_equal_a_recount(mart, computed),
        ),
        "nothing_told_twice": (
            "No record has more than one row.",
            mart_verdicts.nothing_told_twice(mart),
        ),
        "nothing_left_behind": (
            f"No {mart.entity} that was touched waits longer than {limit} for its rows.",
            mart_verdicts.nothing_left_behind(mart),
        ),
    }


def _rules(contract: Contract, severity: Severity) -> dict[str, Check]:
    rules = [rule for rule in rules_of(contract) if rule.severity is severity]
    return {rule.code: (rule.description, verdicts.rule(rule)) for rule in rules}


def _checks(
    contract: Contract, schema: str, checks: Mapping[str, Check], settings: Settings
) -> dg.AssetChecksDefinition:
    codes = {rule.code for rule in rules_of(contract)}
    specs = [
        dg.AssetCheckSpec(
            name,
            asset=dg.AssetKey([schema, contract.dataset]),
            description=f"{rule}\n\nOf {schema}/{contract.dataset}: see "
            f"{dictionary_place(schema, contract.dataset)}.",
            blocking=settings.strict and name in codes,
        )
        for name, (rule, _) in checks.items()
    ]

    @dg.multi_asset_check(name=f"{schema}_{contract.dataset}_checks", specs=specs, can_subset=True)
    def run_checks(
        context: dg.AssetCheckExecutionContext,
        config: DayConfig,
        warehouse: dg.ResourceParam[Warehouse],
    ) -> Iterator[dg.AssetCheckResult]:
        name_process(context.instance, context.run)
        with foreseen_trouble():
            prepare(warehouse, contract)
        is_of_checks = CHECKS in context.run.tags
        days = _named_days(context, config)
        run = CheckRun(warehouse, contract, schema, settings, utc_now(), days, is_of_checks)
        found: dict[str, Verdict] = {}
        for key in sorted(context.selected_asset_check_keys):
            rule, verdict_of = checks[key.name]
            found[key.name] = run.verdict(key.name, verdict_of)
            yield run.result(key, found[key.name], rule)
        run.note(found, is_every_check=len(found) == len(checks))
        _end_as_failed(run, found)

    return run_checks


def _named_days(context: dg.AssetCheckExecutionContext, config: DayConfig) -> list[date]:
    is_partitioned = context.has_partition_key or context.has_partition_key_range
    named: Sequence[str] = config.days or (context.partition_keys if is_partitioned else [])
    return [date.fromisoformat(day) for day in named]


def _end_as_failed(run: CheckRun, found: Mapping[str, Verdict]) -> None:
    """End a run of checks alone as failed where an error was found: green would say all is well.

    A materialization stays green: it has done its work.
    """
    errors = [
        name
        for name, verdict in found.items()
        if verdict.broken and run.severity(verdict) is dg.AssetCheckSeverity.ERROR
    ]
    if errors and run.is_of_checks:
        raise dg.Failure(
            f"Checks of {run.schema}/{run.contract.dataset} failed with severity ERROR: "
            f"{', '.join(errors)}. The asset's page says on which days, and what broke them.",
            metadata={FAILED_CHECKS: len(errors)},
            allow_retries=False,
        )
