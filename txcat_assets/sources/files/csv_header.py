"""What a CSV file's header says: its separator and its columns, matched with a contract's.

A header that does not fit is refused with what was found and what was expected.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from difflib import get_close_matches
from functools import lru_cache

from txcat_assets.errors import SourceRefused
from txcat_assets.sources.files.csv_grammar import MAX_FIELDS, CsvGrammar
from txcat_assets.text import for_terminal, shortened

SEPARATORS = (",", ";", "\t", "|")
_SHOWN = 20  # names in a message: enough to see what the file is, few enough to read


@lru_cache(maxsize=4_096)  # JSON Lines name every field of every record
def normalised(name: str) -> str:
    """A column's name as contracts write it: lower case, underscores, no blanks around it."""
    return name.strip().lower().replace(" ", "_").replace("-", "_")


def read_header(path: str, line: bytes, columns: Collection[str]) -> tuple[str, tuple[str, ...]]:
    """The separator and the column names of the header at the start of `line`.

    The separator is the one under which most of the contract's columns are found; a column
    without a name gets its number. Raises SourceRefused for a header that nobody could mean.
    """
    found = {separator: _names(line, separator) for separator in SEPARATORS}

    def fit(separator: str) -> tuple[int, int]:
        names = found[separator]
        return len(set(names).intersection(columns)), len(names)

    separator = max(SEPARATORS, key=fit)
    names = found[separator]
    if len(names) > MAX_FIELDS:
        raise SourceRefused(
            f"Reading {path}: its header has more than {MAX_FIELDS:,} columns. Expected a file "
            f"with the columns {', '.join(columns)}. Check that it is the file that was meant."
        )
    return separator, names


def check_columns(path: str, header: Sequence[str], required: Collection[str]) -> None:
    """Raises SourceRefused unless every required column is there and no column is there twice.

    A file that was put there by mistake, or by malice, may begin with a password: of its names
    only those are shown that a contract has, or nearly has.
    """
    repeated = [name for name, times in Counter(header).items() if times > 1]
    twice = [name if name in required else f"column_{header.index(name) + 1}" for name in repeated]
    if twice:
        raise SourceRefused(
            f"Reading {path}: its header names {_listed(twice)} more than once (case, blanks and "
            "hyphens do not count). Rename or drop all but one."
        )
    missing = [name for name in required if name not in header]
    if missing:
        raise SourceRefused(
            f"Reading {path}: its header lacks {_listed(missing)}. It has {len(header)} columns, "
            f"{len(required) - len(missing)} of the {len(required)} that are expected: "
            f"{_listed(list(required))}.{_suggested(missing, header, required)} "
            "Rename the columns in the header, or check that it is the file that was meant."
        )


def _names(line: bytes, separator: str) -> tuple[str, ...]:
    record = CsvGrammar(separator).record_at(line, 0, is_last=True)
    names = (record and record.fields) or []
    return tuple(normalised(name) or f"column_{place}" for place, name in enumerate(names, 1))


def _suggested(missing: Sequence[str], header: Sequence[str], required: Collection[str]) -> str:
    unknown = [name for name in header if name not in required]
    close = {name: get_close_matches(name, unknown, 1, 0.6) for name in missing}
    words = [
        f"'{shortened(for_terminal(match[0]))}' may be meant for '{name}'"
        for name, match in close.items()
        if match
    ]
    return f" Perhaps {', '.join(words)}." if words else ""


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(f"'{name}'" for name in names[:_SHOWN])
    return shown + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
