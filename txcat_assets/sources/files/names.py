"""What a file's name says: whether it is data, of which dataset, and of which day."""

import fnmatch
import os
import re
from datetime import date
from pathlib import PurePath

DATA_SUFFIXES = (".csv", ".tsv", ".txt", ".psv", ".jsonl", ".ndjson")
NOT_UTF8 = "its name is not UTF-8, so no table can hold it. Rename it"
"""Why a file is not taken whose path is other than `as_text` gives it."""

_DATA_NAME = re.compile(r".+\.(csv|tsv|txt|psv|jsonl|ndjson)(\.gz|\.zst)?", re.IGNORECASE)
_HIDDEN_OR_TEMPORARY = re.compile(
    r"[.~].*|.*~|.*\.(tmp|temp|part|partial|filepart|crdownload|swp|lock)", re.IGNORECASE
)
_DATE = re.compile(r"(?<!\d)((?:19|20)\d\d)([-_]?)(\d\d)\2(\d\d)(?!\d)")


def is_data(name: str) -> bool:
    """Whether a name is that of a file of records, in a kind that can be read."""
    return bool(_DATA_NAME.fullmatch(name)) and not is_hidden_or_temporary(name)


def is_hidden_or_temporary(name: str) -> bool:
    """Whether a name says that nobody shall look at it, or that it is still being written."""
    return bool(_HIDDEN_OR_TEMPORARY.fullmatch(name))


def matches(name: str, glob: str) -> bool:
    """Whether a name matches a contract's pattern, in any case."""
    return fnmatch.fnmatchcase(name.lower(), glob.lower())


def day_in_name(name: str) -> date | None:
    """The real date in the file's name: 2025-01-03, 2025_01_03 or 20250103.

    Several are a period, such as that of an export; its last day counts, for no record is later.
    Digits within a longer number are no date.
    """
    return max(_dates(name), default=None)


def day_of_arrival(name: str, today: date) -> date:
    """The day of a file that is seen today: the one in its name, or today where there is none.

    A period that has not ended arrives today, however far it goes.
    """
    found = _dates(name)
    if len(found) > 1:
        return min(max(found), today)
    return found.pop() if found else today


def as_text(path: str) -> str:
    """A path as text that can be stored and shown, bytes that are no UTF-8 as `\\xff`."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _dates(name: str) -> set[date]:
    found = set()
    for year, _, month, day in _DATE.findall(PurePath(name).name):
        try:
            found.add(date(int(year), int(month), int(day)))
        except ValueError:
            continue
    return found
