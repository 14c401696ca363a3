"""Where a run that `txcat` does by itself comes from, so that the UI shows it like any other.

Dagster notes of a run that it launches from which code location its job is. The home page shows
runs by that, and only such a run can be launched again from the UI. A run in this process has none
unless it is given here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import dagster as dg
from dagster._core.remote_origin import (
    ManagedGrpcPythonEnvCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

TXCAT, MARTS = ("txcat", "txcat_assets.definitions"), ("marts", "txcat_marts.definitions")
"""The code locations and their modules, as their workspace.yaml names them."""

REPOSITORY = "__repository__"
"""What Dagster calls the definitions of a module that gives them no name of their own."""


@contextmanager
def named_origin(
    instance: dg.DagsterInstance, job_name: str, location: tuple[str, str] = TXCAT
) -> Iterator[None]:
    """Let the runs of a job that are made in the block come from a code location of ours.

    `execute_in_process` has no way to say it. Parts of Dagster that are not public are used here:
    `tests/e2e/test_ui.py` says when they break.
    """
    name, module = location
    served = ManagedGrpcPythonEnvCodeLocationOrigin(LoadableTargetOrigin(module_name=module), name)
    origin = RemoteJobOrigin(RemoteRepositoryOrigin(served, REPOSITORY), job_name)
    create_run = partial(instance.create_run_for_job, remote_job_origin=origin)
    vars(instance)["create_run_for_job"] = create_run
    try:
        yield
    finally:
        del vars(instance)["create_run_for_job"]
