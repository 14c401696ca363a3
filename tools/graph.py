"""What Dagster knows of txcat, as a page of text: assets, checks, jobs and sensors.

Its diff shows what a change does to the names that users and scripts rely on.
"""

from collections.abc import Iterator
from datetime import date

import dagster as dg

from txcat_assets.definitions import build_definitions
from txcat_assets.settings import Settings


def graph() -> str:
    """The page, by the settings as they are without an environment."""
    definitions = build_definitions(Settings.model_construct(first_day=date(2023, 1, 1)))
    lines = ["# The graph", "", "What the Dagster UI shows; written by `make docs`."]
    for part in (_assets, _checks, _jobs, _schedules, _sensors):
        lines += part(definitions)
    return "\n".join(lines) + "\n"


def _assets(definitions: dg.Definitions) -> Iterator[str]:
    yield from ("", "## Assets")
    nodes = definitions.resolve_asset_graph().asset_nodes
    for node in sorted(nodes, key=lambda node: node.key):
        deps = ", ".join(f"`{key.to_user_string()}`" for key in sorted(node.parent_keys))
        partitions = node.partitions_def
        yield from ("", f"### `{node.key.to_user_string()}`", "")
        yield f"{(node.description or '').replace(chr(10) * 2, ' ')}"
        yield ""
        yield f"- from {deps or 'files'}; group {node.group_name}; owned by {node.owners[0]}"
        if isinstance(partitions, dg.DailyPartitionsDefinition):
            first = f"{partitions.start:%Y-%m-%d}"
            yield f"- daily partitions from {first} to today, a range as one run"
        elif isinstance(partitions, dg.MonthlyPartitionsDefinition):
            first = f"{partitions.start:%Y-%m}"
            yield f"- monthly partitions from {first} to the month past, a range as one run"
        else:
            yield "- no partitions"
        yield f"- kinds: {', '.join(sorted(node.kinds))}"


def _checks(definitions: dg.Definitions) -> Iterator[str]:
    yield from ("", "## Checks", "", "| asset | check | what it says |", "| --- | --- | --- |")
    graph = definitions.resolve_asset_graph()
    for key in sorted(graph.asset_check_keys, key=lambda key: (key.asset_key, key.name)):
        words = (graph.get_check_spec(key).description or "").partition("\n\n")[0]
        yield f"| `{key.asset_key.to_user_string()}` | `{key.name}` | {words} |"


def _jobs(definitions: dg.Definitions) -> Iterator[str]:
    yield from ("", "## Jobs", "")
    for job in definitions.resolve_all_job_defs():
        if not job.name.startswith("__"):
            yield f"- `{job.name}`: {job.description}"


def _schedules(definitions: dg.Definitions) -> Iterator[str]:
    yield from ("", "## Schedules", "")
    for schedule in definitions.schedules or []:
        assert isinstance(schedule, dg.ScheduleDefinition)  # noqa: S101 - for mypy
        yield (
            f"- `{schedule.name}` starts `{schedule.job_name}` by `{schedule.cron_schedule}`, UTC: "
            f"{schedule.description}"
        )


def _sensors(definitions: dg.Definitions) -> Iterator[str]:
    yield from ("", "## Sensors", "")
    for sensor in definitions.sensors or []:
        assert isinstance(sensor, dg.SensorDefinition)  # noqa: S101 - for mypy
        started = ", ".join(f"`{target.job_name}`" for target in sensor.targets)
        yield (
            f"- `{sensor.name}`, starts {started}, looks every "
            f"{sensor.minimum_interval_seconds} s: {sensor.description}"
        )
