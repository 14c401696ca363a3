"""The commands of an operator, once for `txcat quarantine` and for the job `decide_<dataset>`.

How they are given and shown is in `cli.quarantine` and `defs.decide`; what a decision does to the
records is in `stages.operate` and `stages.fix`.
"""

import getpass
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import polars as pl

from txcat_assets.errors import SettingRefused
from txcat_assets.pipeline.places import CLOSED, QUARANTINED
from txcat_assets.stages.corrections import Edited, write_for_correction
from txcat_assets.stages.fix import Fixing, fix
from txcat_assets.stages.operate import SETTLED_AMONG, Decided, discard, reopen, replay, settle
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.ledger.decisions import Action, Decision
from txcat_assets.warehouse.queries.quarantine import (
    ReasonSummary,
    Wanted,
    decisions_about,
    find_records,
    read_records,
    summarized,
)

SHOWN = 20
"""How many records `show` shows unless asked for more."""

Verb = Literal["discard", "reopen", "replay"]

DECISIONS: Mapping[Verb, tuple[Action, Callable[..., Decided]]] = {
    "discard": ("discarded", discard),
    "reopen": ("reopened", reopen),
    "replay": ("replayed", replay),
}
"""The commands that decide alike about many records: what each notes, and how it is done."""


@dataclass(frozen=True)
class Operator:
    """Somebody who looks at the records that `wanted` means, or decides about them.

    Without `who` a decision is that of the system's user. A dry run changes nothing. A command that
    says too little raises SettingRefused.
    """

    work: Work
    wanted: Wanted
    who: str = ""
    why: str = ""
    is_dry: bool = False

    @property
    def name(self) -> str:
        """Who decides."""
        return self.who or getpass.getuser()

    def reasons(self) -> list[ReasonSummary]:
        """The reasons why records are quarantined, the most frequent first."""
        with self.work.warehouse.transaction() as tx:
            return summarized(tx, self.work.contract, self.wanted)

    def records(self) -> tuple[pl.DataFrame, list[dict[str, Any]]]:
        """Records whole, closed ones too where they are named, and all decisions about them."""
        wanted = replace(self.wanted, limit=self.wanted.limit or SHOWN)
        if wanted.positions or wanted.key:
            wanted = replace(wanted, places=(*SETTLED_AMONG, *QUARANTINED, *CLOSED))
        with self.work.warehouse.transaction() as tx:
            found = find_records(tx, self.work.contract, wanted)
            return read_records(tx, self.work.contract, found), decisions_about(tx, found)

    def export(self, path: Path) -> int:
        """Write the records for people to correct; how many they are."""
        with self.work.warehouse.transaction() as tx:
            found = find_records(tx, self.work.contract, self.wanted)
            records = read_records(tx, self.work.contract, found)
        write_for_correction(path, self.work.contract, records)
        return len(records)

    def fix(self, source: str, edited: Edited) -> Decided:
        """Let corrections, which came from `source`, land in the place of the old records."""
        decision = Decision("replaced", self.name, self._why(f"corrected by {Path(source).name}"))
        return fix(Fixing(self.work, source, decision, self.is_dry), edited)

    def decide(self, verb: Verb) -> Decided:
        """Discard, open again, or judge again the records."""
        if not self.wanted.is_narrow:
            raise SettingRefused("Say which records: by day, reason, position, or another filter.")
        if verb == "discard" and not self.why.strip():
            raise SettingRefused("discard needs `why`: it is all that will be known of it.")
        action, decide = DECISIONS[verb]
        decision = Decision(action, self.name, self._why(action))
        return decide(self.work, self.wanted, decision, is_dry=self.is_dry)

    def settle(self, chosen: tuple[int, int]) -> Decided:
        """Let the version at a position stand; others of its key with other content are closed."""
        why = self._why(f"{chosen[0]}:{chosen[1]} was chosen")
        decision = Decision("discarded", self.name, why)
        return settle(self.work, chosen, decision, is_dry=self.is_dry)

    def _why(self, otherwise: str) -> str:
        return self.why.strip() or otherwise
