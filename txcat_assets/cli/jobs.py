"""Runs a dataset's jobs in this process, as real Dagster runs that the UI shows.

Which days they run for is decided in `load`; what the jobs are made of is in `txcat_assets.defs`.
"""

import gc
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import dagster as dg

from txcat_assets.cli.progress import Bars
from txcat_assets.contracts.model import Contract
from txcat_assets.definitions import build_definitions
from txcat_assets.defs.jobs import check_name, landing_config, load_name
from txcat_assets.settings import Settings

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""Dagster's own words stay in the run's log, where the UI shows them."""


class Interrupted(Exception):
    """Somebody ended the run by Ctrl-C or SIGTERM; what was committed is kept."""


@dataclass(frozen=True)
class FailedCheck:
    """An asset check of severity ERROR that did not pass."""

    name: str
    description: str


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
                result = definitions.resolve_job_def(load_name(self.contract)).execute_in_process(
                    run_config={**QUIET, **_asked(self.contract, full_refresh)},
                    instance=self.instance,
                    raise_on_error=False,
                    **_partitions(first, last),
                )
            problems += _problems(result)
        return problems

    def check(self, days: Iterable[date]) -> tuple[list[FailedCheck], int]:
        """Run every check on some days: the failed ones of severity ERROR, and how many ran."""
        job = build_definitions(self.settings).resolve_job_def(check_name(self.contract))
        config = {"config": {"days": [day.isoformat() for day in days]}}
        result = job.execute_in_process(
            run_config={**QUIET, "ops": {node.name: config for node in job.nodes}},
            instance=self.instance,
            raise_on_error=False,
        )
        found = result.get_asset_check_evaluations()
        failed = [FailedCheck("could not run", problem) for problem in _problems(result)] + [
            FailedCheck(f"{e.check_name} of {e.asset_key.to_user_string()}", e.description or "")
            for e in found
            if not e.passed and e.severity == dg.AssetCheckSeverity.ERROR
        ]
        return failed, len(found)


def stretches(days: Sequence[date]) -> Iterator[tuple[date, date]]:
    """Sorted days as stretches without a gap, first and last day of each."""
    start = 0
    for end in range(1, len(days) + 1):
        if end == len(days) or days[end] != days[end - 1] + timedelta(days=1):
            yield days[start], days[end - 1]
            start = end


def _partitions(first: date, last: date) -> dict[str, Any]:
    if first == last:
        return {"partition_key": first.isoformat()}
    return {
        "tags": {
            "dagster/asset_partition_range_start": first.isoformat(),
            "dagster/asset_partition_range_end": last.isoformat(),
        }
    }


def _asked(contract: Contract, full_refresh: bool) -> dict[str, Any]:
    """The run config: files are what this command is for, Kafka may be down meanwhile."""
    asked = landing_config(contract, follow_topic=False)
    marts = [mart.name for mart in contract.marts]
    for stage in ("validated", *(stage.name for stage in contract.stages), *marts):
        asked["ops"][f"{stage}_{contract.dataset}"] = {"config": {"full_refresh": full_refresh}}
    return asked


def _problems(result: dg.ExecuteInProcessResult) -> list[str]:
    """Why steps of a run failed; the words of our own failures, or Dagster's first line."""
    words = []
    for event in result.all_events:
        if event.is_step_failure:
            failure = event.step_failure_data
            if failure.error and failure.error.cls_name == "DagsterExecutionInterruptedError":
                raise Interrupted
            ours = failure.user_failure_data
            words.append((ours and ours.description) or _cause(failure.error))
    return words


def _cause(error: Any) -> str:
    while error and error.cause:
        error = error.cause
    return str(error.message).strip() if error else "The run's log in the UI says why."
