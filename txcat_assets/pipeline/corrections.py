"""How records are written for people to correct, and how what they wrote is read again: pure parts.

A record is addressed so that no spreadsheet can change the address unseen. Texts that a spreadsheet
would take for formulas are defused, and come back as they were. Files are read and written in
`stages.corrections`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from xxhash import xxh3_64_hexdigest

from txcat_assets.text import FORMULA_STARTS

EMPTY = "(empty)"
"""What stands in the place of a correction that makes a field empty."""

_NUMBER = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?")
_ADDRESS = re.compile(r"([a-z0-9_]+)/([0-9]+)/([0-9]+)/([0-9a-f]{16})")


def defused(text: str) -> str:
    """The text with a quote before it where a spreadsheet would run it; `restored` undoes it."""
    is_quoted = text[:1] == "'" and text[1:2] != "" and text[1] in FORMULA_STARTS + "'"
    is_formula = text[:1] != "" and text[0] in FORMULA_STARTS and not _NUMBER.fullmatch(text)
    return f"'{text}" if is_formula or is_quoted else text


def restored(text: str) -> str:
    """The text as it was before `defused`; what people type without a quote stays as it is."""
    is_defused = text[:1] == "'" and text[1:2] != "" and text[1] in FORMULA_STARTS + "'"
    return text[1:] if is_defused else text


@dataclass(frozen=True)
class Address:
    """Which record is meant, and a digest of it as it came, so that no other is taken for it."""

    dataset: str
    slice_id: int
    position: int
    digest: str

    def __str__(self) -> str:
        return f"{self.dataset}/{self.slice_id}/{self.position}/{self.digest}"

    @classmethod
    def parse(cls, text: str) -> "Address | None":
        """The address that was written so; None where it is none."""
        found = _ADDRESS.fullmatch(text.strip())
        if not found:
            return None
        dataset, slice_id, position, digest = found.groups()
        return cls(dataset, int(slice_id), int(position), digest)


def digest_as_it_came(texts: Mapping[str, str | None], raw: bytes | None) -> str:
    """A digest of a record's texts by column, and of its bytes where it could not be cut.

    Columns without text are left out, so that a contract that gains columns changes no digest.
    """
    pairs = [f"{name}={text}" for name, text in sorted(texts.items()) if text is not None]
    return xxh3_64_hexdigest("\x1f".join(pairs).encode() + b"\x1f" + (raw or b""))
