"""The asset checks of a dataset: which there are, and how Dagster runs them.

They speak for whole days and protect nothing, the transactions do; they report. One
multi_asset_check an asset, so that each can be run alone. Without days in the run config they
speak for the days that were touched since they last ran.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date

import dagster as dg
from pydantic import Field

from txcat_assets.contracts.model import Contract, Policy, Severity, Stage
from txcat_assets.contracts.rules import can_refuse, rules_of
from txcat_assets.defs import verdicts
from txcat_assets.defs.runs import foreseen_trouble, name_process, utc_now
from txcat_assets.defs.verdicts import Look, Verdict
from txcat_assets.settings import Settings
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.ledger.checked import days_to_check, note_checked
from txcat_assets.warehouse.schema.tables import prepare

Check = tuple[str, Callable[[Look], Verdict]]
"""What a check looks for, in words, and the function that says whether it is so."""


class DayConfig(dg.Config):
    """The days that checks speak for, as YYYY-MM-DD."""

    days: list[str] = Field(default_factory=list)
    """Without any: the days of the run, or those that were touched since the checks last ran."""


def dataset_checks(contract: Contract, settings: Settings) -> list[dg.AssetChecksDefinition]:
    """All checks of a dataset, one definition for each of its assets."""
    has_conflicts = contract.policy is Policy.FIRST
    checks = {
        "raw": {
            "conservation": _check(verdicts.conservation),
            "no_file_set_aside": _check(verdicts.no_file_set_aside),
            **({"topic_is_whole": _check(verdicts.topic_is_whole)} if contract.topic else {}),
        },
        "validated": {
            "meets_contract": _check(verdicts.meets_contract),
            **_rules(contract, Severity.WARNING),
        },
        "quarantined": {
            "share_quarantined": _check(verdicts.share_quarantined),
            "unreadable_records": _check(verdicts.unreadable_records),
            **({"conflicts": _check(verdicts.conflicts)} if has_conflicts else {}),
            **_rules(contract, Severity.ERROR),
            **{one.code: (one.description, verdicts.known(one)) for one in contract.references},
        },
    }
    for stage in contract.stages:
        checks[stage.name] = {
            "nothing_pending_too_long": (
                "No record waits for its answer longer than TXCAT_PENDING_LIMIT_HOURS.",
                verdicts.nothing_pending_too_long(stage),
            ),
            **(_refusals(stage) if can_refuse(stage) else {}),
        }
    return [_checks(contract, schema, of, settings) for schema, of in checks.items()]


def _refusals(stage: Stage) -> dict[str, Check]:
    words = "The service refused no validated record."
    return {"none_refused": (words, verdicts.none_refused(stage))}


def _check(check: Callable[[Look], Verdict]) -> Check:
    return (check.__doc__ or "", check)


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
            description=words,
            blocking=settings.strict and name in codes,
        )
        for name, (words, _) in checks.items()
    ]

    @dg.multi_asset_check(name=f"{schema}_{contract.dataset}_checks", specs=specs, can_subset=True)
    def run_checks(
        context: dg.AssetCheckExecutionContext,
        config: DayConfig,
        warehouse: dg.ResourceParam[Warehouse],
    ) -> Iterator[dg.AssetCheckResult]:
        name_process(context)
        with foreseen_trouble():
            prepare(warehouse, contract)
        at = utc_now()
        days = _days(context, config, warehouse, contract, schema)
        look = Look(warehouse, contract, days, at, settings)
        for key in sorted(context.selected_asset_check_keys):
            yield _result(key, checks[key.name][1](look), days)
        if len(context.selected_asset_check_keys) == len(checks):
            with warehouse.transaction() as tx:
                note_checked(tx, contract.dataset, schema, days, at)

    return run_checks


def _days(
    context: dg.AssetCheckExecutionContext,
    config: DayConfig,
    warehouse: Warehouse,
    contract: Contract,
    schema: str,
) -> list[date]:
    is_partitioned = context.has_partition_key or context.has_partition_key_range
    named: Sequence[str] = config.days or (context.partition_keys if is_partitioned else [])
    if named:
        return [date.fromisoformat(day) for day in named]
    with warehouse.transaction() as tx:
        return days_to_check(tx, contract.dataset, schema)


def _result(key: dg.AssetCheckKey, verdict: Verdict, days: Sequence[date]) -> dg.AssetCheckResult:
    span = f"{min(days)} to {max(days)}" if days else "no day has records"
    return dg.AssetCheckResult(
        passed=verdict.passed,
        asset_key=key.asset_key,
        check_name=key.name,
        severity=verdict.severity,
        description=verdict.description,
        metadata={**verdict.metadata, "days": span, "number of days": len(days)},
    )
