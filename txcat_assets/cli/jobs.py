"""Runs a dataset's jobs in this process, as real Dagster runs that the UI shows.

Which days they run for is decided in `load`; what the jobs are made of is in `txcat_assets.defs`.
"""

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import dagster as dg

from txcat_assets.cli.origin import named_origin
from txcat_assets.cli.progress import Bars
from txcat_assets.contracts.model import Contract
from txcat_assets.contracts.reports import ReportOf
from txcat_assets.definitions import build_definitions
from txcat_assets.defs.at_work import FIRST_DAY, LAST_DAY
from txcat_assets.defs.check_runs import FAILED_CHECKS
from txcat_assets.defs.jobs import check_name, landing_config, load_name
from txcat_assets.defs.monthly_reports import report_name
from txcat_assets.health.processes import process_tags
from txcat_assets.settings import Settings

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""Dagster's own words stay in the run's log, where the UI shows them."""


class Interrupted(Exception):
    """Somebody ended the run by Ctrl-C or SIGTERM; what was committed is kept."""


@dataclass(frozen=True)
class Jobs:
    """The jobs of one dataset, on an instance."""

    settings: Settings
    contract: Contract
    instance: dg.DagsterInstance

    def load(self, days: Iterable[date], *, full_refresh: bool = False) -> list[str]:
        """Bring days up to date, neighbours in one run; what went wrong, in words."""
        problems = []
        # What the imports made lives on: no collection need walk it again, which took a second
        # at 1M records.
        gc.freeze()
        for first, last in stretches(sorted(days)):
            with Bars() as bars:
                definitions = build_definitions(self.settings, resources={"progress": bars})
                config = _load_config(self.contract, full_refresh)
                result = self._run(
                    definitions, load_name(self.contract), config, **_partitions(first, last)
                )
            problems += problems_of(result)
        return problems

    def check(self, days: Iterable[date]) -> dg.ExecuteInProcessResult:
        """Run every check on some days, or on those that are due."""
        definitions, name = build_definitions(self.settings), check_name(self.contract)
        config = {"config": {"days": [day.isoformat() for day in days]}}
        nodes = definitions.resolve_job_def(name).nodes
        ops = {"ops": {node.name: config for node in nodes}}
        return self._run(definitions, name, ops, tags=process_tags())

    def report(self, of: ReportOf, month: date) -> list[str]:
        """Make a report of the month that begins on this day; what went wrong, in words."""
        definitions = build_definitions(self.settings)
        return problems_of(self._run(definitions, report_name(of), {}, **_partitions(month, month)))

    def _run(
        self, definitions: dg.Definitions, name: str, config: Mapping[str, Any], **options: Any
    ) -> dg.ExecuteInProcessResult:
        with named_origin(self.instance, name):
            return definitions.resolve_job_def(name).execute_in_process(
                run_config={**QUIET, **config},
                instance=self.instance,
                raise_on_error=False,
                **options,
            )


def stretches(days: Sequence[date]) -> Iterator[tuple[date, date]]:
    """Sorted days as stretches without a gap, first and last day of each."""
    start = 0
    for end in range(1, len(days) + 1):
        if end == len(days) or days[end] != days[end - 1] + timedelta(days=1):
            yield days[start], days[end - 1]
            start = end


def _partitions(first: date, last: date) -> dict[str, Any]:
    """The run's days, and its process from the beginning on, whenever it may be killed."""
    if first == last:
        return {"partition_key": first.isoformat(), "tags": process_tags()}
    return {"tags": {FIRST_DAY: first.isoformat(), LAST_DAY: last.isoformat()} | process_tags()}


def _load_config(contract: Contract, full_refresh: bool) -> dict[str, Any]:
    """The run config: files are what this command is for, Kafka may be down meanwhile."""
    config = landing_config(contract, follow_topic=False)
    marts = [mart.name for mart in contract.marts]
    for stage in ("validated", *(stage.name for stage in contract.stages), *marts):
        config["ops"][f"{stage}_{contract.dataset}"] = {"config": {"full_refresh": full_refresh}}
    return config


def problems_of(result: dg.ExecuteInProcessResult) -> list[str]:
    """Why steps of a run failed: our own messages, or the first line of Dagster's."""
    messages = []
    for event in result.all_events:
        if event.is_step_failure:
            failure = event.step_failure_data
            if failure.error and failure.error.cls_name == "DagsterExecutionInterruptedError":
                raise Interrupted
            ours = failure.user_failure_data
            if ours and FAILED_CHECKS in ours.metadata:
                continue  # what the checks found is said check by check
            messages.append((ours and ours.description) or _cause(failure.error))
    return messages


def _cause(error: Any) -> str:
    while error and error.cause:
        error = error.cause
    return str(error.message).strip() if error else "The run's log in the UI says why."
