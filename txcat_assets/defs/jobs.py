"""The jobs of a dataset: the whole path for some days, and its checks in a run of their own.

A run of checks has no partition: only so does Dagster keep a clean history of them.
"""

from typing import TYPE_CHECKING, Any, TypeAlias

import dagster as dg

from txcat_assets.contracts.model import Contract

if TYPE_CHECKING:  # Dagster has no public name for it
    from dagster._core.definitions.unresolved_asset_job_definition import (
        UnresolvedAssetJobDefinition,
    )

Job: TypeAlias = "UnresolvedAssetJobDefinition"

DATASET, CHECKS = "dataset", "checks"
"""Tags of the runs of the two jobs; runs of one `dataset` wait for each other, by dagster.yaml."""

LOAD, CHECK = "load_", "check_"
"""What the names of the two jobs begin with; that of the dataset follows."""

DEAD_LETTERS = "dead_letters"
"""The first part of the keys of the assets that send quarantined messages to Kafka."""


def schemas(contract: Contract) -> list[str]:
    """The first parts of the keys of a dataset's assets that have checks, upstream first."""
    answered = [table.name for table in (*contract.stages, *contract.marts)]
    return ["raw", "validated", "quarantined", *answered]


def load_name(contract: Contract) -> str:
    """The name of the job that loads a dataset."""
    return LOAD + contract.dataset


def check_name(contract: Contract) -> str:
    """The name of the job that checks a dataset."""
    return CHECK + contract.dataset


def dataset_of(run: dg.DagsterRun) -> str | None:
    """The dataset of which a run loads days, or runs checks; None where it does anything else."""
    name = run.tags.get(DATASET) or run.tags.get(CHECKS) or ""
    return name if run.job_name in (LOAD + name, CHECK + name) else None


def decide_name(contract: Contract) -> str:
    """The name of the job by which an operator decides about records of a dataset."""
    return f"decide_{contract.dataset}"


def landing_config(contract: Contract, **asked: Any) -> dict[str, Any]:
    """The run config that asks the asset `raw` of a dataset for something; see `LandConfig`."""
    return {"ops": {f"raw_{contract.dataset}": {"config": asked}}}


def load_job(contract: Contract, *, has_dead_letters: bool = False) -> Job:
    """Bring days of a dataset up to date, from its doors to its last stage and its marts."""
    letters = [dg.AssetKey([DEAD_LETTERS, contract.dataset])] if has_dead_letters else []
    return dg.define_asset_job(
        load_name(contract),
        selection=dg.AssetSelection.assets(*_keys(contract), *letters).without_checks(),
        description=f"Bring days of {contract.dataset} up to date; what is done is left alone.",
        tags={DATASET: contract.dataset},
    )


def check_job(contract: Contract) -> Job:
    """Run the checks of a dataset for the days in the run config, or those touched lately."""
    return dg.define_asset_job(
        check_name(contract),
        selection=dg.AssetSelection.checks_for_assets(*_keys(contract)),
        description=f"Run every check of {contract.dataset} on the days that were touched lately.",
        tags={CHECKS: contract.dataset},
    )


def _keys(contract: Contract) -> list[dg.AssetKey]:
    return [dg.AssetKey([schema, contract.dataset]) for schema in schemas(contract)]
