"""`txcat marts`: brings the marts of dbt up to date now, as a run that the UI shows.

What the marts are is in `txcat_marts`, which needs the extra of that name.
"""

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Annotated, Any

import typer

from txcat_assets.cli.terminal import complain, say
from txcat_assets.connections import warehouse_of
from txcat_assets.errors import SettingRefused
from txcat_assets.settings import Settings

DONE, PROBLEMS = 0, 1


def marts(
    full_refresh: Annotated[
        bool, typer.Option("--full-refresh", help="Make every mart anew, whatever has changed.")
    ] = False,
    docs: Annotated[
        bool,
        typer.Option("--docs", help="Write the docs of dbt as one HTML file; make nothing anew."),
    ] = False,
) -> None:
    """Bring the marts up to date: what has changed since the last time is computed anew."""
    _refuse_without_dbt()
    from txcat_marts.dbt_run import dbt_of  # noqa: PLC0415 - the extra may not be there
    from txcat_marts.update import due_marts  # noqa: PLC0415

    settings = Settings()
    if docs:
        say(f"The docs are in {dbt_of(settings, warehouse_of(settings)).write_docs()}")
        return
    if not full_refresh and not due_marts(warehouse_of(settings)):
        say("The marts are up to date: nothing has changed of what they are made of.")
        return
    _make(settings, full_refresh=full_refresh)


def _make(settings: Settings, *, full_refresh: bool) -> None:
    from txcat_assets.cli.home import dagster_instance  # noqa: PLC0415 - Dagster takes a second
    from txcat_assets.cli.jobs import QUIET, problems_of  # noqa: PLC0415
    from txcat_assets.cli.origin import MARTS, named_origin  # noqa: PLC0415
    from txcat_assets.health.processes import process_tags  # noqa: PLC0415

    with dagster_instance(settings) as instance, named_origin(instance, "marts", MARTS):
        from txcat_marts.definitions import build_definitions  # noqa: PLC0415 - dbt takes seconds

        config = {"ops": {"make_marts": {"config": {"full_refresh": full_refresh}}}}
        result = (
            build_definitions(settings)
            .resolve_job_def("marts")
            .execute_in_process(
                run_config={**QUIET, **config},
                instance=instance,
                raise_on_error=False,
                tags=process_tags(),
            )
        )
    for made in result.get_asset_materialization_events():
        shown = made.step_materialization_data.materialization
        say(f"{'.'.join(shown.asset_key.path)}: {_became(shown.metadata)}")
    checks, problems = result.get_asset_check_evaluations(), problems_of(result)
    if checks:
        say(f"{len(checks)} tests ran, {sum(not one.passed for one in checks)} failed.")
    elif not problems:
        say("Another run makes what was due; nothing is left to do here.")
    for problem in problems:
        complain(problem)
    raise typer.Exit(PROBLEMS if problems else DONE)


def _became(metadata: Mapping[str, Any]) -> str:
    """Why a model was due, what of it was made and how long that took; a view is just there."""
    found = {name: one.value for name, one in metadata.items()}
    if "due" not in found:
        return f"a view, {found['seconds']} s."
    groups = found.get("groups worked")
    what = "made as a whole" if groups is None else f"{groups} groups worked"
    return f"{what}, {found['seconds']} s; {found['due']}."


def _refuse_without_dbt() -> None:
    if not find_spec("dagster_dbt"):
        raise SettingRefused(
            "The marts need dbt, which is not installed here: install txcat[marts]; all else of "
            "txcat works without it."
        )
