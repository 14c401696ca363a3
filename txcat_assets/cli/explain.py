"""`txcat explain`: the life of one record, and of those that share its key, in order of time."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from txcat_assets.cli.operating import whole
from txcat_assets.cli.terminal import complain, print_json, say
from txcat_assets.connections import warehouse_of
from txcat_assets.contracts.model import Contract
from txcat_assets.errors import SettingRefused
from txcat_assets.pipeline.places import position_of
from txcat_assets.settings import Settings
from txcat_assets.sources.files.dialect import Dialect
from txcat_assets.sources.files.lines import line_of_record, record_at_line
from txcat_assets.warehouse.databases.interface import Transaction
from txcat_assets.warehouse.queries.life import (
    POSITIONS,
    events,
    files_named,
    record_of_file,
    record_of_offset,
    records_of_key,
)
from txcat_assets.warehouse.queries.quarantine import decisions_about, read_records
from txcat_assets.warehouse.schema.tables import prepare

MOST = 20
"""How many records are explained; a key may have thousands."""


@dataclass(frozen=True)
class Meant:
    """Which record is meant, in one of four ways."""

    key: str = ""
    position: str = ""
    line: str = ""
    offset: str = ""


def explain(settings: Settings, contract: Contract, meant: Meant, *, as_json: bool) -> int:
    """Say what became of a record and of the others of its key; 1 where there is none."""
    warehouse = warehouse_of(settings)
    prepare(warehouse, contract)
    with warehouse.transaction() as tx:
        positions = _positions(tx, contract, meant)
        records = read_records(tx, contract, positions.head(MOST))
        decided = decisions_about(tx, positions.head(MOST))
        lives = [_life(tx, contract, one, decided) for one in records.iter_rows(named=True)]
    if as_json:
        print_json(lives)
    for life in [] if as_json else lives:
        _show(life)
    if not lives:
        complain(f"{contract.dataset} has no such record. Nothing of it has landed.")
    elif len(positions) > MOST and not as_json:
        say(f"The first {MOST} of {len(positions)} records of this key.")
    return 0 if lives else 1


def _positions(tx: Transaction, contract: Contract, meant: Meant) -> pl.DataFrame:
    if meant.key:
        return records_of_key(tx, contract, meant.key)
    if meant.line:
        file, _, line = meant.line.rpartition(":")
        return _at_line(tx, contract, file, _number(line, "--line FILE:N"))
    if meant.offset:
        rest, _, offset = meant.offset.rpartition(":")
        topic, _, partition = rest.rpartition(":")
        how = "--offset TOPIC:PARTITION:OFFSET"
        return record_of_offset(tx, contract, topic, _number(partition, how), _number(offset, how))
    here = pl.DataFrame([position_of(meant.position)], schema=POSITIONS, orient="row")
    record = read_records(tx, contract, here)
    keys = record[contract.key].drop_nulls().to_list() if len(record) else []
    others = [records_of_key(tx, contract, key) for key in keys]
    return pl.concat([here, *others]).unique(maintain_order=True)


def _at_line(tx: Transaction, contract: Contract, file: str, line: int) -> pl.DataFrame:
    for path, dialect in files_named(tx, contract, file):
        number = record_at_line(path, Dialect.from_json(dialect), contract.column_names, line)
        if number is not None:
            return record_of_file(tx, contract, path, number)
    return pl.DataFrame(schema=POSITIONS)


def _number(text: str, expected: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise SettingRefused(f"{text!r} is no number; expected {expected}.")
    return int(text)


def _life(
    tx: Transaction, contract: Contract, record: dict[str, Any], decided: list[dict[str, Any]]
) -> dict[str, Any]:
    at = (record["_slice_id"], record["_position"])
    shown = whole(contract, record, decided)
    about = [one for one in decided if (one["slice_id"], one["position"]) == at]
    if record["_kind"] == "file" and record["_dialect"]:
        dialect = Dialect.from_json(record["_dialect"])
        shown["line"] = line_of_record(
            record["_name"], dialect, contract.column_names, record["_position"]
        )
    return shown | {"life": [vars(e) for e in events(tx, contract, record, about)]}


def _show(life: dict[str, Any]) -> None:
    line = f", line {life['line']}" if life.get("line") else ""
    say(f"{life['position']}: {life['place']} now; from {life['from']}{line}")
    for words in life["reasons"]:
        say(f"  {words}")
    texts = {name: text for name, text in life["record"].items() if text is not None}
    say("  " + ("; ".join(f"{n}: {t}" for n, t in texts.items()) or str(life["bytes"])))
    for event in life["life"]:
        when = f"{event['at']:%Y-%m-%d %H:%M:%S}" if event["at"] else " " * 19
        say(f"  {when}  {event['what']} ({event['by']})")
