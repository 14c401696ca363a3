"""What the commands of `txcat quarantine` do: ask the warehouse, decide, and print what became."""

import getpass
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import typer

from txcat_assets.cli.filters import Filters
from txcat_assets.cli.terminal import complain, print_json, print_table, say
from txcat_assets.clock import utc_now
from txcat_assets.connections import warehouse_of
from txcat_assets.contracts.model import Contract
from txcat_assets.contracts.rules import reason_texts
from txcat_assets.pipeline.corrections import EMPTY
from txcat_assets.pipeline.places import CLOSED, POSITION, QUARANTINED, VALIDATED
from txcat_assets.settings import Settings
from txcat_assets.stages.corrections import (
    as_text,
    in_words,
    read_corrections,
    source_of,
    write_for_correction,
)
from txcat_assets.stages.fix import Fixing, fix
from txcat_assets.stages.operate import (
    PLACE_NAMES,
    SETTLED_AMONG,
    Decided,
    discard,
    reopen,
    replay,
    settle,
)
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.ledger.decisions import Action, Decision
from txcat_assets.warehouse.queries.quarantine import (
    Wanted,
    decisions_about,
    find_records,
    read_records,
    summarized,
)
from txcat_assets.warehouse.schema.tables import prepare

SHOWN = 20
"""How many records `show` shows unless asked for more."""

DECIDING = {"discarded": discard, "reopened": reopen, "replayed": replay}
RUN_ID = "txcat quarantine"


@dataclass(frozen=True)
class Command:
    """One command: which records, in which words, by whom and why."""

    settings: Settings
    filters: Filters
    as_json: bool
    who: str = ""
    why: str = ""
    is_dry: bool = False

    def by(self, who: str, why: str, *, is_dry: bool) -> "Command":
        """The same with who decides, and why."""
        decider = who or self.settings.operator or getpass.getuser()
        return replace(self, who=decider, why=why.strip(), is_dry=is_dry)

    @property
    def wanted(self) -> Wanted:
        """The records that the filters mean."""
        said = {name: value for name, value in vars(self.filters).items() if name != "contract"}
        return Wanted(**said)

    def work(self) -> Work:
        """Work on today, when corrections arrive; the tables are made where they are missing."""
        warehouse, contract = warehouse_of(self.settings), self.filters.contract
        prepare(warehouse, contract)
        return Work(warehouse, contract, [utc_now().date()], RUN_ID, utc_now)

    def list(self) -> int:
        """Print the reasons, the most frequent first."""
        work = self.work()
        with work.warehouse.transaction() as tx:
            found = summarized(tx, work.contract, self.wanted)
            samples = _read(tx, work, [one.sample for one in found])
        texts = reason_texts(work.contract)
        shown = [
            vars(one)
            | {"meaning": texts.get(one.code, ""), "sample": _brief(work, samples[one.sample])}
            | {"sample_position": _at(one.sample)}
            for one in found
        ]
        if self.as_json:
            return _print_json(shown)
        rows = [
            (
                *(one["code"], one["records"], f"{one['share']:.2%}"),
                *(_when(one["first_seen"]), _when(one["last_seen"])),
                *(one["sample_position"], one["sample"], one["meaning"]),
            )
            for one in shown
        ]
        names = ["reason", "records", "share", "first", "last", "one is at", "it is", "meaning"]
        print_table(f"Quarantined {work.contract.dataset}", names, rows)
        return 0

    def show(self) -> int:
        """Print single records whole, also those that are closed."""
        work = self.work()
        wanted = replace(self.wanted, limit=self.filters.limit or SHOWN)
        if self.filters.positions or self.filters.key:
            wanted = replace(wanted, places=(*SETTLED_AMONG, *QUARANTINED, *CLOSED))
        with work.warehouse.transaction() as tx:
            positions = find_records(tx, work.contract, wanted)
            records = read_records(tx, work.contract, positions)
            decided = decisions_about(tx, positions)
        shown = [whole(work.contract, one, decided) for one in records.iter_rows(named=True)]
        if self.as_json:
            return _print_json(shown)
        for one in shown:
            for words in _lines(one):
                say(words)
        say(f"{len(shown)} records shown.")
        return 0

    def export(self, path: Path) -> int:
        """Write the records for people to correct."""
        work = self.work()
        with work.warehouse.transaction() as tx:
            found = find_records(tx, work.contract, self.wanted)
            records = read_records(tx, work.contract, found)
        write_for_correction(path, work.contract, records)
        if self.as_json:
            return _print_json({"file": str(path), "records": len(records)})
        say(
            f"{len(records)} records are in {path}. Write into its columns _corrected_... what a "
            f"field shall be, or {EMPTY}; then: txcat quarantine fix {path}"
        )
        return 0

    def fix(self, path: Path, encoding: str | None) -> int:
        """Take corrections back."""
        edited = read_corrections(path, self.filters.contract, encoding)
        decision = Decision("replaced", self.who, self.why or f"corrected by {path.name}")
        outcome = fix(Fixing(self.work(), str(path), decision, self.is_dry), edited)
        return self._print_outcome(outcome)

    def decide(self, action: Action) -> int:
        """Discard, open again, or judge again the records that the filters mean."""
        if not self.wanted.is_narrow:
            raise typer.BadParameter("say which records: by --day, --reason, --position, or others")
        if action == "discarded" and not self.why:
            raise typer.BadParameter("--why needs words: they are all that will be known of it")
        decision = Decision(action, self.who, self.why or action)
        return self._print_outcome(
            DECIDING[action](self.work(), self.wanted, decision, is_dry=self.is_dry)
        )

    def settle(self, chosen: tuple[int, int] | None) -> int:
        """Let one version of a key stand, or show all."""
        if chosen is None:
            if not self.filters.key:
                raise typer.BadParameter("say which conflict, by --key, or settle it by --choose")
            return replace(self, as_json=self.as_json).show()
        decision = Decision("discarded", self.who, self.why or f"{_at(chosen)} was chosen")
        return self._print_outcome(settle(self.work(), chosen, decision, is_dry=self.is_dry))

    def _print_outcome(self, outcome: Decided) -> int:
        if self.as_json:
            _print_json(vars(outcome) | {"dry_run": self.is_dry})
        else:
            would = "would be " if self.is_dry else ""
            say(f"{outcome.decided} records {would}decided about, by {self.who}.")
            for place, number in outcome.became.items():
                say(f"  {number} {'would be' if self.is_dry else 'are now'} {place}")
            for words in outcome.notes:
                say(words)
            for words in outcome.left_alone:
                complain(f"left alone: {words}")
        return 1 if outcome.left_alone else 0


def _read(tx: Any, work: Work, positions: list[tuple[int, int]]) -> dict[tuple[int, int], Any]:
    frame = pl.DataFrame(positions, schema=dict.fromkeys(POSITION, pl.Int64), orient="row")
    records = read_records(tx, work.contract, frame.unique())
    return {(one["_slice_id"], one["_position"]): one for one in records.iter_rows(named=True)}


def whole(
    contract: Contract, record: Mapping[str, Any], decided: list[dict[str, Any]]
) -> dict[str, Any]:
    """All that is known of a record, for JSON or for people, by the names of its parts."""
    at = record["_slice_id"], record["_position"]
    place = PLACE_NAMES.get(record["_place"], "unjudged")
    if record["_place"] == VALIDATED and record["_stage"]:
        place = f"validated, refused by {record['_stage']}"
    return {
        "position": _at(at),
        "place": place,
        "reasons": in_words(reason_texts(contract), record),
        "from": source_of(record),
        "day": record["_day"].isoformat(),
        "landed_at": record["_landed_at"].isoformat(),
        "landed_by": record["_landed_by"],
        "record": {name: record[name] for name in contract.column_names},
        "extra": record["_extra"],
        "bytes": as_text(record["_bytes"]),
        "decisions": [
            {
                name: str(value) if isinstance(value, datetime) else value
                for name, value in d.items()
            }
            for d in decided
            if (d["slice_id"], d["position"]) == at
        ],
    }


def _lines(shown: Mapping[str, Any], indent: str = "") -> Iterator[str]:
    """What is known of a record, a line each."""
    for name, value in shown.items():
        if isinstance(value, dict):
            yield f"{indent}{name}:"
            yield from _lines(value, indent + "  ")
        elif isinstance(value, list):
            for one in value:
                text = one if isinstance(one, str) else "; ".join(_lines(one))
                yield f"{indent}{name}: {text}"
        elif value is not None:
            yield f"{indent}{name}: {value}"


def _brief(work: Work, record: Mapping[str, Any]) -> str:
    raw = as_text(record["_bytes"])
    texts = [record[name] or "" for name in work.contract.column_names]
    return raw if raw is not None else " | ".join(texts)


def _at(position: tuple[int, int]) -> str:
    return f"{position[0]}:{position[1]}"


def _when(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def _print_json(found: object) -> int:
    print_json(found)
    return 0
