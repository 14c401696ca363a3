"""Names of columns and fields: how they are matched with a contract's, and refused in words.

CSV headers and JSON objects are matched alike. Names come from files, so messages show only those
that are like a column's, shortened and with every sign that is not seen as its escape.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence
from difflib import get_close_matches
from functools import lru_cache

from txcat_assets.errors import SourceRefused
from txcat_assets.text import for_terminal, shortened

_SHOWN_NAMES = 20
"""Names in a message: enough to see what the file is, few enough to read."""

_NAME_CHARS = 40
"""How much of a name a message shows."""

_LIKENESS = 0.75
"""From here on a name is so like another that it may be meant for it."""

_BETWEEN_WORDS = re.compile(r"[\s\-\u2010\u2011]")


@lru_cache(maxsize=4_096)  # JSON Lines name every field of every record
def normalised(name: str) -> str:
    """A name as contracts write it: lower case, `_` for a blank or a hyphen, no blanks around it.

    Signs of no width, such as a byte order mark, do not count.
    """
    seen = "".join(sign for sign in name if unicodedata.category(sign) != "Cf")
    return _BETWEEN_WORDS.sub("_", seen.strip().lower())


def distinct(fields: Sequence[str], columns: Collection[str]) -> tuple[str, ...]:
    """The normalised names of a header: one without a name gets its number, and an unknown one
    that comes again the next free number, such as `note_2`."""
    names: list[str] = []
    for place, field in enumerate(fields, 1):
        name = normalised(field) or f"column_{place}"
        names.append(name if name in columns else _free(name, names))
    return tuple(names)


def refuse_unless_complete(
    where: str, names: Sequence[str], columns: Collection[str], required: Collection[str]
) -> None:
    """Raises SourceRefused unless every required column is there and no column is there twice.

    `where` names the file and the place in it, as in "Reading a.csv: its header".
    """
    twice = [name for name, times in Counter(names).items() if times > 1 and name in columns]
    if twice:
        raise SourceRefused(
            f"{where} names {_listed(twice)} more than once (case, blanks, hyphens and signs of no "
            "width do not count). Rename or drop all but one."
        )
    missing = [name for name in required if name not in names]
    if missing:
        have = [name for name in columns if name in names]
        raise SourceRefused(
            f"{where} lacks {_listed(missing)}. It has {len(names):,} names, {len(have):,} of the "
            f"{len(columns):,} that are expected: {_listed(list(columns))}."
            f"{_near_misses(missing, names, columns)} "
            "Rename the columns, or check that it is the file that was meant."
        )


def _free(name: str, taken: Collection[str]) -> str:
    if name not in taken:
        return name
    return next(f"{name}_{n}" for n in range(2, len(taken) + 3) if f"{name}_{n}" not in taken)


def _near_misses(missing: Sequence[str], names: Sequence[str], columns: Collection[str]) -> str:
    """What may be meant. Other names are not shown: a file that is there by mistake, or by malice,
    may begin with a password."""
    unknown = [name for name in names if name not in columns]
    close = {name: _close(name, unknown) for name in missing}
    meant = [f"{_shown(like)} may be meant for '{name}'" for name, like in close.items() if like]
    return f" Perhaps {', '.join(meant)}." if meant else ""


def _close(name: str, unknown: Sequence[str]) -> str | None:
    """The unknown name that is most like a column's, or has all its words."""
    by_letters = {other.replace("_", ""): other for other in unknown}
    like = get_close_matches(name.replace("_", ""), by_letters, 1, _LIKENESS)
    words = set(name.split("_"))
    others = (
        other
        for other in unknown
        if words <= set(other.split("_")) and other.count("_") <= len(words)
    )
    return by_letters[like[0]] if like else next(others, None)


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(_quoted(name) for name in names[:_SHOWN_NAMES])
    return shown + (f" and {len(names) - _SHOWN_NAMES} more" if len(names) > _SHOWN_NAMES else "")


def _shown(name: str) -> str:
    """A name, with its letters that may only look as others do."""
    odd = [f"U+{ord(sign):04X}" for sign in name if not sign.isascii()]
    return _quoted(name) + (f" (with {shortened(', '.join(odd))})" if odd else "")


def _quoted(name: str) -> str:
    return f"'{shortened(for_terminal(name), _NAME_CHARS)}'"
