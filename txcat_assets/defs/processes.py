"""How a run gets the tags that name its process, for Dagster does not see that it was killed.

A run is named as early as can be: by the launcher that starts its process, by the command that
makes it, and else by the executor, before anything of the run is done.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import dagster as dg

from txcat_assets.health.processes import HOST, process_tags

if TYPE_CHECKING:  # Dagster has no public names for them
    from dagster._core.execution.context.system import PlanOrchestrationContext
    from dagster._core.execution.plan.plan import ExecutionPlan
    from dagster._core.execution.retries import RetryMode


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
