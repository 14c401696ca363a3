"""What the commands of `txcat quarantine` print: what is asked and done is in `stages.commands`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from txcat_assets.cli.filters import Filters
from txcat_assets.cli.terminal import complain, print_json, print_table, say
from txcat_assets.clock import utc_now
from txcat_assets.connections import warehouse_of
from txcat_assets.contracts.model import Contract
from txcat_assets.contracts.rules import reason_texts
from txcat_assets.errors import SettingRefused
from txcat_assets.pipeline.corrections import EMPTY
from txcat_assets.pipeline.places import POSITION, VALIDATED, position_of
from txcat_assets.settings import Settings
from txcat_assets.stages.commands import Operator, Verb
from txcat_assets.stages.corrections import as_text, in_words, read_corrections, source_of
from txcat_assets.stages.operate import PLACE_NAMES, Decided
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.queries.quarantine import Wanted, read_records
from txcat_assets.warehouse.schema.tables import prepare

RUN_ID = "txcat quarantine"


@dataclass(frozen=True)
class Command:
    """One command: which records, in which words, by whom and why. Each gives its exit code."""

    settings: Settings
    filters: Filters
    as_json: bool
    who: str = ""
    why: str = ""
    is_dry: bool = False

    @cached_property
    def operator(self) -> Operator:
        """Who asks; work is on today, when corrections arrive, and missing tables are made."""
        warehouse, contract = warehouse_of(self.settings), self.filters.contract
        prepare(warehouse, contract)
        given = {name: value for name, value in vars(self.filters).items() if name != "contract"}
        given["positions"] = [position_of(text) for text in self.filters.positions]
        return Operator(
            Work(warehouse, contract, [utc_now().date()], RUN_ID, utc_now),
            Wanted(**given),
            self.who or self.settings.operator,
            self.why,
            self.is_dry,
        )

    def list(self) -> int:
        """Print the reasons, the most frequent first."""
        work, found = self.operator.work, self.operator.reasons()
        samples = _read(work, [one.sample for one in found])
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
        records, decided = self.operator.records()
        shown = [whole(self.filters.contract, r, decided) for r in records.iter_rows(named=True)]
        if self.as_json:
            return _print_json(shown)
        for one in shown:
            for words in _lines(one):
                say(words)
        say(f"{len(shown)} records shown.")
        return 0

    def export(self, path: Path) -> int:
        """Write the records for people to correct."""
        records = self.operator.export(path)
        if self.as_json:
            return _print_json({"file": str(path), "records": records})
        say(
            f"{records} records are in {path}. Write into its columns _corrected_... what a "
            f"field shall be, or {EMPTY}; then: txcat quarantine fix {path}"
        )
        return 0

    def fix(self, path: Path, encoding: str | None) -> int:
        """Take corrections back."""
        edited = read_corrections(path, self.filters.contract, encoding)
        return self._print_outcome(self.operator.fix(str(path), edited))

    def decide(self, verb: Verb) -> int:
        """Discard, open again, or judge again the records that the filters mean."""
        return self._print_outcome(self.operator.decide(verb))

    def settle(self, chosen: str) -> int:
        """Let the version at a position stand, or show all of a key."""
        if chosen:
            return self._print_outcome(self.operator.settle(position_of(chosen)))
        if not self.filters.key:
            raise SettingRefused("Say which conflict, by --key, or settle it by --choose.")
        return self.show()

    def _print_outcome(self, outcome: Decided) -> int:
        if self.as_json:
            _print_json(vars(outcome) | {"dry_run": self.is_dry})
        else:
            would = "would be " if self.is_dry else ""
            say(f"{outcome.decided} records {would}decided about, by {self.operator.name}.")
            for place, number in outcome.became.items():
                say(f"  {number} {'would be' if self.is_dry else 'are now'} {place}")
            for words in outcome.notes:
                say(words)
            for words in outcome.left_alone:
                complain(f"left alone: {words}")
        return 1 if outcome.left_alone else 0


def _read(work: Work, positions: list[tuple[int, int]]) -> dict[tuple[int, int], Any]:
    frame = pl.DataFrame(positions, schema=dict.fromkeys(POSITION, pl.Int64), orient="row")
    with work.warehouse.transaction() as tx:
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
