"""Reports as failed the runs that no process works any more, whatever started them.

Dead is what has no process; a run that is slow is never reported. Nothing is lost with a dead run:
the next run of its days takes up what is left.
"""

import fcntl
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg

from txcat_assets.contracts.model import Contract
from txcat_assets.defs.at_work import is_of
from txcat_assets.health.processes import HOST, is_named_here, process_of

BEGUN = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]
SILENT_AFTER = timedelta(minutes=2)
"""A run that names no process, and of which nothing was heard for so long, has none.

It would have named it before its first step: only a kill just before that leaves it so.
"""

CODE_SERVER = ".dagster/grpc_info"
"""Dagster's tag of a run whose process was started by a code server: where that answers."""

OWN_LAUNCHERS = {"DefaultRunLauncher", "ForkingRunLauncher"}
"""Launchers of runs that are processes; other ones tell Dagster themselves what has died."""

DEAD = "The process of this run is gone. Run its days again: nothing is lost or doubled."


def report_dead_runs(instance: dg.DagsterInstance, contracts: Sequence[Contract] = ()) -> list[str]:
    """Report as failed the runs whose process on this host is gone; the ids of these runs.

    Of these datasets also those that were killed before they could name their process. It is safe
    to call at once in many threads and processes of a host: a death is reported once.
    """
    if not _dead_runs(instance, contracts):
        return []
    with _one_at_a_time(instance):
        dead = _dead_runs(instance, contracts)
        for run in dead:
            instance.report_run_failed(run, DEAD)
    return [run.run_id for run in dead]


def _dead_runs(instance: dg.DagsterInstance, contracts: Sequence[Contract]) -> list[dg.DagsterRun]:
    begun = instance.get_runs(dg.RunsFilter(statuses=BEGUN))
    return [run for run in begun if _is_dead(instance, contracts, run)]


def _is_dead(
    instance: dg.DagsterInstance, contracts: Sequence[Contract], run: dg.DagsterRun
) -> bool:
    if HOST in run.tags:
        return is_named_here(run.tags) and not process_of(run.tags)
    return any(is_of(run, one) for one in contracts) and _never_began(instance, run)


def _never_began(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Whether a run without a name was killed before it could have one."""
    if datetime.now(UTC) - _last_heard_of(instance, run) < SILENT_AFTER:
        return False
    if run.status is not dg.DagsterRunStatus.STARTING:
        return True
    return _is_of_own_launcher(instance) and not _is_known_to_its_code_server(run)


def _last_heard_of(instance: dg.DagsterInstance, run: dg.DagsterRun) -> datetime:
    """When Dagster wrote the run's last event: what is slow still writes one now and then."""
    (record,) = instance.get_run_records(dg.RunsFilter(run_ids=[run.run_id]))
    events = instance.get_records_for_run(run.run_id, limit=1, ascending=False).records
    written = [datetime.fromtimestamp(event.event_log_entry.timestamp, UTC) for event in events]
    return max([record.update_timestamp, *written])


def _is_of_own_launcher(instance: dg.DagsterInstance) -> bool:
    """Whether a launched run is a process; a pod may wait for its image longer than any process.

    By the launcher's name: its library need not be where the code is.
    """
    launcher = instance.get_ref().run_launcher_data if instance.is_persistent else None
    return launcher is None or launcher.class_name in OWN_LAUNCHERS


def _is_known_to_its_code_server(run: dg.DagsterRun) -> bool:
    """Whether the code server that started the run's process says that it is still there."""
    if CODE_SERVER not in run.tags:
        return False
    # Only here is a client of Dagster's code servers needed.
    from dagster._core.errors import DagsterUserCodeUnreachableError  # noqa: PLC0415
    from dagster._grpc.client import DagsterGrpcClient  # noqa: PLC0415
    from dagster._grpc.types import CanCancelExecutionRequest, CanCancelExecutionResult  # noqa: PLC0415
    from dagster_shared.serdes import deserialize_value  # noqa: PLC0415

    try:
        answer = DagsterGrpcClient(**json.loads(run.tags[CODE_SERVER])).can_cancel_execution(
            CanCancelExecutionRequest(run_id=run.run_id), timeout=5
        )
    except DagsterUserCodeUnreachableError:
        return False
    return deserialize_value(answer, CanCancelExecutionResult).can_cancel


@contextmanager
def _one_at_a_time(instance: dg.DagsterInstance) -> Iterator[None]:
    """Let the others on this host wait, threads and processes; the kernel frees it after a kill."""
    with (Path(instance.root_directory) / "dead_runs.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
