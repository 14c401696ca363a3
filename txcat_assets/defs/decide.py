"""The job `decide_<dataset>`: the commands of `txcat quarantine`, from the UI.

What they do is in `stages.commands`. By default the job lists, and a decision is a dry run.
"""

from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
from pydantic import Field

from txcat_assets.clock import utc_now
from txcat_assets.contracts.model import Contract
from txcat_assets.contracts.rules import reason_texts
from txcat_assets.defs.jobs import decide_name
from txcat_assets.defs.processes import name_process
from txcat_assets.defs.runs import foreseen_trouble
from txcat_assets.defs.shown import as_table, plain
from txcat_assets.errors import SettingRefused
from txcat_assets.pipeline.places import POSITION, position_of
from txcat_assets.settings import Settings
from txcat_assets.stages.commands import Operator
from txcat_assets.stages.corrections import (
    Correction,
    Edited,
    addresses_of,
    as_frame,
    in_words,
    read_corrections,
    source_of,
)
from txcat_assets.stages.operate import PLACE_NAMES, Decided
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.queries.quarantine import ReasonSummary, Wanted, read_records
from txcat_assets.warehouse.schema.tables import prepare


class Command(Enum):
    """What is to be done; the first three change nothing."""

    list = "list"
    show = "show"
    export = "export"
    fix = "fix"
    replay = "replay"
    discard = "discard"
    reopen = "reopen"
    settle = "settle"


class NewText(dg.Config):
    """A correction of one field."""

    position: str = Field(description="SLICE:POSITION of the record, as show has it.")
    column: str = Field(description="The column to correct.")
    text: str = Field(description="What the field shall be; empty makes it empty.")


class DecideConfig(dg.Config):
    """What an operator asks for; all filters that are given must be met."""

    command: Command = Field(Command.list, description="list, show and export change nothing.")
    dry_run: bool = Field(True, description="Say what would become of how many; change nothing.")
    why: str = Field("", description="Why; kept with the decision for ever. discard needs it.")
    who: str = Field("", description="Who decides; else TXCAT_OPERATOR, or the system's user.")
    days: list[str] = Field([], description="Records that arrived on these days, as 2025-01-31.")
    reasons: list[str] = Field([], description="Records that bear one of these codes.")
    file: str = Field("", description="Records of this file, by its name or its whole path.")
    topic: str = Field("", description="Records of this topic.")
    key: str = Field("", description="Records with this key, as it came or as it was read.")
    positions: list[str] = Field([], description="Records at SLICE:POSITION, as show has it.")
    limit: int = Field(0, description="At most so many, the first to arrive; 0 is all.")
    path: str = Field("", description="The file of export and fix, where the run's process is.")
    corrections: list[NewText] = Field([], description="fix without a file: field by field.")
    choose: str = Field("", description="settle: the version that stands, at SLICE:POSITION.")


def decide_job(contract: Contract, settings: Settings) -> dg.JobDefinition:
    """Look at quarantined records of a dataset, and decide about them, without a shell."""
    name = decide_name(contract)

    @dg.op(name=f"operator_{contract.dataset}", out=dg.Out(dg.Nothing))
    def decide(
        context: dg.OpExecutionContext,
        config: DecideConfig,
        warehouse: dg.ResourceParam[Warehouse],
    ) -> None:
        name_process(context.instance, context.run)
        with foreseen_trouble():
            prepare(warehouse, contract)
            today = [utc_now().date()]
            work = Work(warehouse, contract, today, context.run.run_id, utc_now)
            who = config.who or settings.operator
            operator = Operator(work, _wanted(config), who, config.why, config.dry_run)
            metadata = _done(operator, config)
        context.add_output_metadata(metadata)
        context.log.info("\n".join(f"{what}: {plain(value)}" for what, value in metadata.items()))

    @dg.job(
        name=name,
        description=f"Look at quarantined {contract.dataset}, correct, discard, reopen or settle "
        "them: the words of `txcat quarantine`. A dry run until dry_run is false.",
        executor_def=dg.in_process_executor,
    )
    def job() -> None:
        decide()

    return job


def _done(operator: Operator, config: DecideConfig) -> dict[str, Any]:
    """Do what the config asks for; what the run shows in the UI."""
    match config.command:
        case Command.list:
            return _listed(operator.reasons())
        case Command.show:
            return _shown(operator)
        case Command.export:
            if not config.path:
                raise SettingRefused("export needs `path`: a file to write, .csv or .jsonl.")
            return {"file": config.path, "records": operator.export(Path(config.path))}
        case Command.fix:
            return _outcome(operator, _fixed(operator, config))
        case Command.settle:
            return _outcome(operator, operator.settle(position_of(config.choose)))
        case Command.discard | Command.reopen | Command.replay as decision:
            return _outcome(operator, operator.decide(decision.value))


def _outcome(operator: Operator, outcome: Decided) -> dict[str, Any]:
    return {
        "decided": outcome.decided,
        "dry run": operator.is_dry,
        **{f"now {place}": number for place, number in outcome.became.items()},
        "left alone": as_table(pl.DataFrame({"left alone": outcome.left_alone})),
        "notes": as_table(pl.DataFrame({"notes": outcome.notes})),
    }


def _fixed(operator: Operator, config: DecideConfig) -> Decided:
    if config.path:
        edited = read_corrections(Path(config.path), operator.work.contract)
        return operator.fix(config.path, edited)
    return operator.fix("the launchpad", _corrections(operator.work, config.corrections))


def _wanted(config: DecideConfig) -> Wanted:
    try:
        days = [utc_now().strptime(day, "%Y-%m-%d").date() for day in config.days]
    except ValueError as error:
        raise SettingRefused(f"days: {error}; expected such as 2025-01-31.") from error
    return Wanted(
        days=days,
        reasons=config.reasons,
        file=config.file,
        topic=config.topic,
        key=config.key,
        positions=[position_of(text) for text in config.positions],
        limit=config.limit or None,
    )


def _corrections(work: Work, texts: Sequence[NewText]) -> Edited:
    """Corrections that were typed into the launchpad, by the records as they are now."""
    wanted: dict[tuple[int, int], dict[str, str | None]] = {}
    for one in texts:
        wanted.setdefault(position_of(one.position), {})[one.column] = one.text or None
    unknown = sorted({one.column for one in texts} - {*work.contract.column_names})
    if unknown:
        raise SettingRefused(f"{work.contract.dataset} has no column {', '.join(unknown)}.")
    at = pl.DataFrame(list(wanted), schema=dict.fromkeys(POSITION, pl.Int64), orient="row")
    with work.warehouse.transaction() as tx:
        records = read_records(tx, work.contract, at)
    found = dict(
        zip(records.select(POSITION).iter_rows(), addresses_of(work.contract, records), strict=True)
    )
    missing = [f"{s}:{p} is no record of this warehouse" for s, p in wanted if (s, p) not in found]
    corrections = [
        Correction(line, found[place], wanted[place])
        for line, place in enumerate(wanted, 1)
        if place in found
    ]
    return Edited(as_frame(work.contract, corrections), missing)


def _listed(found: Sequence[ReasonSummary]) -> dict[str, Any]:
    columns = ["reason", "records", "share of its days", "first seen", "last seen", "one is at"]
    rows = [
        (
            *(one.code, str(one.records), f"{one.share:.2%}"),
            *(str(one.first_seen), str(one.last_seen), f"{one.sample[0]}:{one.sample[1]}"),
        )
        for one in found
    ]
    table = pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")
    return {"reasons": as_table(table)}


def _shown(operator: Operator) -> dict[str, Any]:
    records, _ = operator.records()
    meanings = reason_texts(operator.work.contract)
    rows = [_row(operator.work, meanings, one) for one in records.iter_rows(named=True)]
    return {"records": as_table(pl.DataFrame(rows))}


def _row(
    work: Work, meanings: Mapping[str, str], record: Mapping[str, Any]
) -> dict[str, str | None]:
    return {
        "position": f"{record['_slice_id']}:{record['_position']}",
        "place": PLACE_NAMES.get(record["_place"], "unjudged"),
        "reasons": " ".join(in_words(meanings, record)),
        "from": source_of(record),
        **{name: record[name] for name in work.contract.column_names},
    }
