"""Files in which people correct records: written for them, and read again, however edited.

Beside each field as it came there is an empty place for its correction; that alone is taken back.
So a spreadsheet that spoils dates and long ids spoils nothing, and what was not corrected is the
record's own text to the last character. What is done with corrections is in `stages.fix`.
"""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import polars as pl

from txcat_assets.contracts.model import Contract
from txcat_assets.contracts.rules import reason_texts, with_meanings
from txcat_assets.errors import FileNotWritten, SourceRefused
from txcat_assets.pipeline.corrections import (
    EMPTY,
    address_parts,
    addresses,
    defused,
    restored,
)
from txcat_assets.sources.files.dialect import inspect
from txcat_assets.sources.files.records import read
from txcat_assets.warehouse.queries.quarantine import reasons_at
from txcat_assets.whole_files import write_whole

ADDRESS, CORRECTED, EMPTIED = "_address", "_corrected_", "_emptied_"
"""The column that says which record is meant, and what the names of corrections begin with: of a
new text, and, in frames, of whether the field shall be empty."""


@dataclass(frozen=True)
class Correction:
    """What somebody wrote about one record: new texts by column, null for an emptied field."""

    line: int
    address: str | None
    texts: Mapping[str, str | None]


@dataclass(frozen=True)
class Edited:
    """What people made of an export: corrections, lines that can be none, and how many are blank.

    `corrections` is as `as_frame` gives it. `problems` says in words what is wrong with a line; an
    untouched line has no correction.
    """

    corrections: pl.DataFrame
    problems: Sequence[str] = ()
    untouched: int = 0


def addresses_of(contract: Contract, records: pl.DataFrame) -> pl.Series:
    """The addresses of records as `read_records` gives them."""
    return addresses(contract.dataset, contract.column_names, records)


def as_frame(contract: Contract, corrections: Sequence[Correction]) -> pl.DataFrame:
    """One row per correction: `_line`, what its address says, and for each column two of its own.

    Those are CORRECTED and EMPTIED, before its name: a new text, and whether it shall be empty.
    """
    lines = _lines(contract, corrections, [None] * len(corrections))
    return lines.with_columns(address_parts(pl.col(ADDRESS))).drop(ADDRESS, "_problem")


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
    lines = _json_lines(path, contract) if is_json(path) else _csv_lines(path, contract, encoding)
    is_told = [pl.col(f"{CORRECTED}{name}").is_not_null() for name in contract.column_names]
    is_emptied = [pl.col(f"{EMPTIED}{name}") for name in contract.column_names]
    has_address = pl.col(ADDRESS).fill_null("") != ""
    lines = lines.with_columns(
        *address_parts(pl.col(ADDRESS)), _is_corrected=pl.any_horizontal(*is_told, *is_emptied)
    ).filter(has_address | pl.col("_is_corrected") | pl.col("_problem").is_not_null())
    none = pl.when(pl.col("_came_as").is_null()).then(
        pl.lit("its _address is none: it was changed")
    )
    lines = lines.with_columns(pl.coalesce("_problem", none))
    wrong = lines.filter(pl.col("_problem").is_not_null()).select("_line", "_problem")
    fine = lines.filter(pl.col("_problem").is_null())
    corrected = fine.filter("_is_corrected").drop(ADDRESS, "_problem", "_is_corrected")
    problems = [f"line {number}: {problem}" for number, problem in wrong.iter_rows()]
    return Edited(corrected, problems, len(fine) - len(corrected))


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
    told = [
        ("\n".join(in_words(meanings, one)), source_of(one), as_text(one["_bytes"]))
        for one in records.iter_rows(named=True)
    ]
    said = pl.DataFrame(
        told, dict.fromkeys(["_reasons", "_from", "_record"], pl.String), orient="row"
    )
    cells = [pl.col(column) if column in names else pl.lit("").alias(column) for column in pairs]
    rows = records.hstack(said).with_columns(addresses_of(contract, records))
    row = [pl.col(ADDRESS, "_reasons", "_from"), *cells, pl.col("_extra", "_record")]
    written = rows.select(row)
    out.writerows(written.select(_cell(pl.all())).iter_rows())


def _cell(text: pl.Expr) -> pl.Expr:
    # A NUL ends the text in many programs; the record keeps its own.
    return defused(text.fill_null("")).str.replace_all("\0", "\u2400", literal=True)


def _write_json(file: IO[str], contract: Contract, records: pl.DataFrame) -> None:
    meanings = reason_texts(contract)
    addressed = records.with_columns(addresses_of(contract, records))
    for record in addressed.iter_rows(named=True):
        line = {
            ADDRESS: record[ADDRESS],
            "_reasons": in_words(meanings, record),
            "_from": source_of(record),
            "record": {name: record[name] for name in contract.column_names},
            "_extra": record["_extra"],
            "_record": as_text(record["_bytes"]),
            "correction": {},
        }
        file.write(json.dumps(line, ensure_ascii=False) + "\n")


def _lines(
    contract: Contract, corrections: Sequence[Correction], problems: Sequence[str | None]
) -> pl.DataFrame:
    """Lines as both kinds of file give them; `_problem` says what is wrong with one."""
    texts = [one.texts for one in corrections]
    columns = {
        "_line": pl.Series([one.line for one in corrections], dtype=pl.Int64),
        ADDRESS: pl.Series([one.address for one in corrections], dtype=pl.String),
    }
    for name in contract.column_names:
        new = [one.get(name) or None for one in texts]
        is_emptied = [name in one and not one[name] for one in texts]
        columns[f"{CORRECTED}{name}"] = pl.Series(new, dtype=pl.String)
        columns[f"{EMPTIED}{name}"] = pl.Series(is_emptied, dtype=pl.Boolean)
    return pl.DataFrame(columns | {"_problem": pl.Series(problems, dtype=pl.String)})


def _csv_lines(path: Path, contract: Contract, encoding: str | None) -> pl.DataFrame:
    corrected = [f"{CORRECTED}{name}" for name in contract.column_names]
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
    typed = [column for name in contract.column_names for column in _typed(name)]
    line = (pl.col("_position") + 2).alias("_line")
    row = [line, pl.col(ADDRESS), *typed, pl.col("_fault").alias("_problem")]
    found = [frame.select(row) for frame in read(path, dialect, columns)]
    return pl.concat([_lines(contract, [], []), *found])


def _typed(name: str) -> tuple[pl.Expr, pl.Expr]:
    """The text that was typed into a cell, and whether that says that the field shall be empty."""
    cell = pl.col(f"{CORRECTED}{name}")
    is_empty = (cell.str.strip_chars() == EMPTY).fill_null(value=False)
    new = pl.when(~is_empty).then(restored(cell))
    return new.alias(f"{CORRECTED}{name}"), is_empty.alias(f"{EMPTIED}{name}")


def _json_lines(path: Path, contract: Contract) -> pl.DataFrame:
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceRefused(f"Reading {path}: {error}. Expected JSON Lines in UTF-8.") from error
    found = [
        _json_line(contract, number, line) for number, line in enumerate(lines, 1) if line.strip()
    ]
    corrections = [correction for correction, _ in found]
    return _lines(contract, corrections, [problem for _, problem in found])


def _json_line(contract: Contract, number: int, line: str) -> tuple[Correction, str | None]:
    try:
        given = json.loads(line, parse_float=str, parse_int=str)
        correction = given["correction"]
        texts = {str(name): _json_text(value) for name, value in correction.items()}
        address = _encodable(str(given[ADDRESS]))
    except (ValueError, TypeError, KeyError, AttributeError):
        no_object = 'it is no JSON object with "_address" and "correction"'
        return Correction(number, None, {}), no_object
    unknown = sorted(set(texts) - {*contract.column_names})
    problem = f"{contract.dataset} has no {', '.join(unknown)}" if unknown else None
    return Correction(number, address, texts), problem


def _json_text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return _encodable(value) if value else None
    if isinstance(value, bool):
        return str(value).lower()
    raise TypeError("a correction is a plain value")


def _encodable(text: str) -> str:
    """The text itself; raises ValueError for half of a character, which no file can hold."""
    return text.encode().decode()
