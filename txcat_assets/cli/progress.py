"""Progress bars on standard error, one for each stage of a run.

They count records, not slices. What a stage tells of its work is in `txcat_assets.stages.work`.
"""

from typing import Self

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from txcat_assets.cli.terminal import err


class Bars:
    """Counts of records done and expected, stage by stage."""

    def __init__(self) -> None:
        self._bars = Progress(
            TextColumn("{task.description:>12}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("records"),
            TimeElapsedColumn(),
            console=err,
        )
        self._stages: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def expect(self, stage: str, records: int) -> None:
        """So many more records are to do."""
        if not records:
            return
        if stage not in self._stages:
            self._stages[stage] = self._bars.add_task(stage, total=0)
        known = self._bars.tasks[self._stages[stage]].total or 0
        self._bars.update(self._stages[stage], total=known + records)

    def advance(self, stage: str, records: int) -> None:
        """So many records are done."""
        if records:
            self._bars.advance(self._stages[stage], records)
