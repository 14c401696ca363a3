"""Files in which people correct records: written for them, and read again, however edited.

Beside each field as it came there is an empty place for its correction; that alone is taken back.
So a spreadsheet that spoils dates and long ids spoils nothing, and what was not corrected is the
record's own text to the last character. What is done with corrections is in `stages.fix`.
"""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import polars as pl

from txcat_assets.contracts.model import Contract
from txcat_assets.contracts.rules import reason_texts, with_meanings
from txcat_assets.errors import FileNotWritten, SourceRefused
from txcat_assets.pipeline.corrections import EMPTY, Address, defused, digest_as_it_came, restored
from txcat_assets.sources.files.dialect import inspect
from txcat_assets.sources.files.records import read
from txcat_assets.warehouse.queries.quarantine import reasons_at
from txcat_assets.whole_files import write_whole

ADDRESS, CORRECTED = "_address", "_corrected_"
"""The column that says which record is meant, and what the names of corrections begin with."""


@dataclass(frozen=True)
class Correction:
    """What somebody wrote about one record: new texts by column, null for an emptied field."""

    line: int
    address: Address
    texts: Mapping[str, str | None]


@dataclass(frozen=True)
class Edited:
    """What people made of an export: corrections, lines that can be none, and how many are blank.

    `problems` says in words what is wrong with a line; an untouched line has no correction.
    """

    corrections: Sequence[Correction]
    problems: Sequence[str] = ()
    untouched: int = 0


def address_of(contract: Contract, record: Mapping[str, Any]) -> Address:
    """The address of a record as `read_records` gives it."""
    texts = {name: record[name] for name in contract.column_names}
    digest = digest_as_it_came(texts, record["_bytes"])
    return Address(contract.dataset, record["_slice_id"], record["_position"], digest)


def write_for_correction(path: Path, contract: Contract, records: pl.DataFrame) -> None:
    """Write records for people to correct, as CSV or, by the name's end, as JSON Lines.

    The file is there whole or not at all; one that is there already, which may have somebody's
    corrections, is not overwritten. Raises FileNotWritten.
    """
    if path.exists():
        raise FileNotWritten(
            f"Writing {path}: it is there already and may hold corrections. Name another file, or "
            "remove it."
        )
    write = _write_json if is_json(path) else _write_csv
    write_whole(path, lambda file: write(file, contract, records))


def read_corrections(path: Path, contract: Contract, encoding: str | None = None) -> Edited:
    """What an edited export holds. Blank lines, as spreadsheets leave them, are none.

    Raises SourceRefused for what is no export of txcat, or has a correction of no column.
    """
    lines = _json_lines(path) if is_json(path) else _csv_lines(path, contract, encoding)
    corrections: list[Correction] = []
    problems: list[str] = []
    untouched = 0
    for number, address, texts, problem in lines:
        found = Address.parse(address or "")
        if not (address or texts or problem):
            continue
        if problem or found is None:
            problems.append(f"line {number}: {problem or 'its _address is none: it was changed'}")
        elif unknown := sorted(set(texts) - {*contract.column_names}):
            problems.append(f"line {number}: {contract.dataset} has no {', '.join(unknown)}")
        elif texts:
            corrections.append(Correction(number, found, texts))
        else:
            untouched += 1
    return Edited(corrections, problems, untouched)


def is_json(path: Path) -> bool:
    """Whether a file of this name holds JSON Lines."""
    return path.suffix.lower() in (".jsonl", ".ndjson")


def in_words(texts: Mapping[str, str], record: Mapping[str, Any]) -> list[str]:
    """Every reason of a record as code and meaning, and what a service said of it.

    `texts` are the dataset's `reason_texts`: made once, for making them takes a millisecond.
    """
    codes = reasons_at(record["_place"], record["_codes"], record["_stage"])
    words = with_meanings(codes, texts)
    return [*words, f"{record['_stage']}: {record['_words']}"] if record["_words"] else words


def source_of(record: Mapping[str, Any]) -> str:
    """Where a record came from: a file and the record's number, or a topic and the offset."""
    if record["_kind"] == "kafka":
        return f"{record['_name']}:{record['_partition']}:{record['_position']}"
    return f"{record['_name']}, record {record['_position'] + 1}"


def as_text(raw: bytes | None) -> str | None:
    """The bytes of a record that could not be cut, with what is no text as escapes."""
    return raw.decode(errors="backslashreplace") if raw is not None else None


def _write_csv(file: IO[str], contract: Contract, records: pl.DataFrame) -> None:
    names = contract.column_names
    pairs = [column for name in names for column in (name, f"{CORRECTED}{name}")]
    file.write("\ufeff")  # without it a spreadsheet takes UTF-8 for an old code page
    out = csv.writer(file)
    out.writerow([ADDRESS, "_reasons", "_from", *pairs, "_extra", "_record"])
    meanings = reason_texts(contract)
    for record in records.iter_rows(named=True):
        cells = [record[column] if column in names else "" for column in pairs]
        reasons, raw = "\n".join(in_words(meanings, record)), as_text(record["_bytes"])
        row = [str(address_of(contract, record)), reasons, source_of(record), *cells]
        out.writerow([_cell(text) for text in [*row, record["_extra"], raw]])


def _cell(text: str | None) -> str:
    # A NUL ends the text in many programs; the record keeps its own.
    return defused(text or "").replace("\0", "\u2400")


def _write_json(file: IO[str], contract: Contract, records: pl.DataFrame) -> None:
    meanings = reason_texts(contract)
    for record in records.iter_rows(named=True):
        line = {
            ADDRESS: str(address_of(contract, record)),
            "_reasons": in_words(meanings, record),
            "_from": source_of(record),
            "record": {name: record[name] for name in contract.column_names},
            "_extra": record["_extra"],
            "_record": as_text(record["_bytes"]),
            "correction": {},
        }
        file.write(json.dumps(line, ensure_ascii=False) + "\n")


Line = tuple[int, str | None, dict[str, str | None], str | None]
"""A line's number, address, corrected texts, and what is wrong with it."""


def _csv_lines(path: Path, contract: Contract, encoding: str | None) -> Iterator[Line]:
    corrected = {f"{CORRECTED}{name}": name for name in contract.column_names}
    columns = [ADDRESS, *corrected]
    if not path.is_file():
        raise SourceRefused(f"Reading {path}: there is no such file.")
    dialect = inspect(path, columns, [ADDRESS], encoding)
    unknown = [n for n in dialect.header if n.startswith(CORRECTED) and n not in corrected]
    if unknown:
        raise SourceRefused(
            f"Reading {path}: {contract.dataset} has no column for {', '.join(unknown)}. Expected "
            f"{', '.join(corrected)}: what stands in another one would be lost."
        )
    number = 1
    for frame in read(path, dialect, columns):
        for address, *texts, fault in frame.select(*columns, "_fault").iter_rows():
            number += 1
            given = zip(corrected.values(), texts, strict=True)
            yield number, address, {n: _typed(t) for n, t in given if t is not None}, fault


def _typed(text: str) -> str | None:
    """What was typed into a cell; a null where the field shall be empty."""
    return None if text.strip() == EMPTY else restored(text)


def _json_lines(path: Path) -> Iterator[Line]:
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceRefused(f"Reading {path}: {error}. Expected JSON Lines in UTF-8.") from error
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield number, *_json_line(line)


def _json_line(line: str) -> tuple[str | None, dict[str, str | None], str | None]:
    try:
        given = json.loads(line, parse_float=str, parse_int=str)
        correction = given["correction"]
        texts = {str(name): _json_text(value) for name, value in correction.items()}
        return str(given[ADDRESS]), texts, None
    except (ValueError, TypeError, KeyError, AttributeError):
        return None, {}, 'it is no JSON object with "_address" and "correction"'


def _json_text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, bool):
        return str(value).lower()
    raise TypeError("a correction is a plain value")
