"""Which process works a run: the run's tags name it, for Dagster does not see that it was killed.

A run is named as early as can be: by the launcher that starts its process, by the command that
makes it, and else by the executor, before anything of the run is done.
"""

import os
import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import dagster as dg
import psutil

if TYPE_CHECKING:  # Dagster has no public names for them
    from dagster._core.execution.context.system import PlanOrchestrationContext
    from dagster._core.execution.plan.plan import ExecutionPlan
    from dagster._core.execution.retries import RetryMode

HOST, PID, STARTED = (f".dagster/txcat_{what}" for what in ("host", "pid", "process_started"))
"""Tags of a run for its process. Dagster shows no tag that begins so: they are nothing to read."""

CLOCK_TOLERANCE_SECONDS = 10.0
"""Linux reckons a process's start from the boot time, which moves when the clock is set a little;
a process id is not given again within seconds."""


def process_tags(pid: int | None = None) -> dict[str, str]:
    """Tags that name a process of this host; this very one unless another is given."""
    started = psutil.Process(pid).create_time()
    return {HOST: socket.gethostname(), PID: str(pid or os.getpid()), STARTED: f"{started:.2f}"}


def process_of(run: dg.DagsterRun) -> psutil.Process | None:
    """The process that works a run, if the run names one of this host and it is still there."""
    if run.tags.get(HOST) != socket.gethostname():
        return None
    try:
        process = psutil.Process(int(run.tags[PID]))
        is_it = abs(process.create_time() - float(run.tags[STARTED])) <= CLOCK_TOLERANCE_SECONDS
    except psutil.NoSuchProcess:
        return None
    return process if is_it else None


def name_process(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    """Tag the run with this process, which works it, if it has no name yet."""
    if HOST not in run.tags:
        instance.add_run_tags(run.run_id, process_tags())


class _Naming(dg.Executor):
    """An executor that names the run's process, and leaves all else to another one."""

    def __init__(self, executor: dg.Executor) -> None:
        self._executor = executor

    @property
    def retries(self) -> "RetryMode":
        """Those of the other one."""
        return self._executor.retries

    @property
    def step_dependency_config(self) -> Any:
        """That of the other one."""
        return self._executor.step_dependency_config

    def execute(
        self, plan_context: "PlanOrchestrationContext", execution_plan: "ExecutionPlan"
    ) -> Iterator[dg.DagsterEvent]:
        """Work the run: the first thing after Dagster has written down that it has started."""
        name_process(plan_context.instance, plan_context.dagster_run)
        yield from self._executor.execute(plan_context, execution_plan)


def naming_executor() -> dg.ExecutorDefinition:
    """Dagster's executor for one process, which names that process first."""
    in_process = dg.in_process_executor
    create: Any = in_process.executor_creation_fn
    return dg.ExecutorDefinition(
        name=in_process.name,
        config_schema=in_process.config_schema.as_field(),
        executor_creation_fn=lambda context: _Naming(create(context)),
        description=in_process.description,
    )
