"""Who pays and in which money, in the sample data; the files of both, each record with its fate.

A second file of each comes days later: with users and a currency that payments have named before,
and with changes. What becomes of a record is DUPLICATE where it says what was said last, else
VALIDATED, as a version, or the reason for which it is quarantined.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from uuid import UUID

from txcat_assets.contracts.iso4217 import CURRENCY_CODES

DUPLICATE, VALIDATED = "duplicate", "validated"

_GIVEN = "Alma Bayani Carlo Dalisay Efren Fe Gabriel Hiraya Isko Joy Kidlat Luz Marikit Nilo Oscar"
_FAMILY = "Reyes Santos Cruz Bautista Ocampo García Mendoza Torres Aquino"
_RANDOM = Random(11)
PEOPLE = [
    (UUID(int=_RANDOM.getrandbits(128), version=4), f"{given} {family}")
    for given in _GIVEN.split()
    for family in _FAMILY.split()
]
USERS, NEWCOMERS = PEOPLE[:-5], PEOPLE[-5:]
"""Who is there from the first day, and who only comes with the second file."""

LATE_CURRENCY = "JPY"
"""Payments are made in it from the first day, its row comes with the second file."""

NAMED = ["USD", "PHP", "EUR", "BHD", LATE_CURRENCY, "CHF", "GBP", "SEK"]
"""Currencies that have a row of their own below; the others are called by their code."""


@dataclass(frozen=True)
class ReferenceFile:
    """A file of a dataset: how many days after the first it comes; its lines with their fates."""

    dataset: str
    days_later: int
    header: str
    lines: tuple[tuple[str, str], ...]

    @property
    def text(self) -> str:
        """What the file holds."""
        return "".join(f"{line}\n" for line in [self.header, *(line for line, _ in self.lines)])


def _users(days_later: int, lines: Iterable[tuple[str, str]]) -> ReferenceFile:
    return ReferenceFile("users", days_later, "id,name", tuple(lines))


def _currencies(days_later: int, *lines: tuple[str, str]) -> ReferenceFile:
    return ReferenceFile("currencies", days_later, "code,name,symbol", lines)


(_FIRST, _FIRST_NAME), (_SECOND, _SECOND_NAME) = USERS[:2]

REFERENCE_FILES = (
    _users(
        0,
        [
            *((f"{id_},{name}", VALIDATED) for id_, name in USERS),
            (f"{{{str(_FIRST).upper()}}},{_FIRST_NAME}", DUPLICATE),
            (",Nobody", "id_missing"),
            ("17,Seventeen", "id_invalid"),
            ("invalid-uuid,Invalid", "id_invalid"),
            (f"{UUID(int=3)},", "name_missing"),
            (f"{UUID(int=4)},{'Very ' * 50}long", "name_too_long"),
        ],
    ),
    _users(
        3,
        [
            *((f"{id_},{name}", VALIDATED) for id_, name in NEWCOMERS),
            (f"{_FIRST},{_FIRST_NAME}", DUPLICATE),
            (f"{_SECOND},{_SECOND_NAME}-Lim", VALIDATED),
            (f"{_SECOND},{_SECOND_NAME}", VALIDATED),
        ],
    ),
    _currencies(
        0,
        ("USD,US Dollar,$", VALIDATED),
        ("php,Philippine Peso,P", VALIDATED),
        ("EUR,Euro,€", VALIDATED),
        ("BHD,Bahraini Dinar,", VALIDATED),
        *((f"{code},{code},", VALIDATED) for code in CURRENCY_CODES if code not in NAMED),
        ("usd,US Dollar,$", DUPLICATE),
        (",Nothing,", "code_missing"),
        ("XAU,Gold,", "code_unknown"),
        ("US$,US Dollar,$", "code_unknown"),
        ("GBP,,£", "name_missing"),
        (f"CHF,{'Franc ' * 20},", "name_too_long"),
        ("SEK,Swedish Krona,kronor kronor", "symbol_too_long"),
    ),
    _currencies(
        2,
        (f"{LATE_CURRENCY},Japanese Yen,¥", VALIDATED),
        ("PHP,Philippine Peso,₱", VALIDATED),
        ("EUR,Euro,€", DUPLICATE),
    ),
)
