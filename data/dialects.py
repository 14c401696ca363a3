"""The ways in which a day's sample file is written, and how a record becomes a line in each.

A dialect writes whatever text it is given, sound or not; it knows nothing of defects.
"""

import csv
import gzip
import io
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

Fields = dict[str, str]
"""The text of one record, by the names of its fields, in order; an empty text is a missing one."""

THREE_PLACES = re.compile(r"\d+\.\d{3}")
PLAIN_AMOUNT = re.compile(r"-?\d{1,9}\.\d\d")


@dataclass(frozen=True)
class Dialect:
    """One way to write a file; `bom` are the bytes before its first line.

    `heading` is how the name of a field stands there.
    """

    suffix: str = ".csv"
    separator: str = ","
    decimal: str = "."
    encoding: str = "utf-8"
    bom: bytes = b""
    newline: str = "\n"
    heading: Callable[[str], str] = str
    date_and_time: str = "T"

    @property
    def is_json(self) -> bool:
        """Whether a record is a JSON object instead of separated fields."""
        return self.suffix == ".jsonl"

    def line(self, fields: Fields) -> str:
        """One record as text, without the end of the line."""
        if self.is_json:
            return json_line(fields)
        amount = self._amount(fields["amount"])
        timestamp = fields["timestamp"].replace("T", self.date_and_time)
        return self._join((fields | {"amount": amount, "timestamp": timestamp}).values())

    def _amount(self, text: str) -> str:
        # Where a comma may be the decimal mark, three digits behind a mark could as well be
        # thousands: a fourth one tells.
        is_unclear = self.separator != "," and THREE_PLACES.fullmatch(text)
        return (f"{text}0" if is_unclear else text).replace(".", self.decimal)

    def file(self, fields: Iterable[str], lines: Iterable[bytes]) -> bytes:
        """The bytes of a whole file made of these encoded lines, under the names of its fields."""
        end = self.newline.encode(self.encoding)
        names = self._join(map(self.heading, fields))
        header = [] if self.is_json else [names.encode(self.encoding)]
        content = self.bom + end.join([*header, *lines, b""])
        return gzip.compress(content, mtime=0) if self.suffix.endswith(".gz") else content

    def _join(self, fields: Iterable[str]) -> str:
        line = io.StringIO()
        csv.writer(line, delimiter=self.separator).writerow(fields)
        return line.getvalue().removesuffix("\r\n")


def json_line(fields: Fields) -> str:
    """A JSON object without the missing fields; an ordinary amount is a number in it."""
    values: dict[str, str | float] = {name: text for name, text in fields.items() if text}
    if PLAIN_AMOUNT.fullmatch(fields["amount"]):
        values["amount"] = float(fields["amount"])
    return json.dumps(values, ensure_ascii=False)


PLAIN = Dialect()
SEMICOLON = Dialect(
    separator=";", decimal=",", bom=b"\xef\xbb\xbf", newline="\r\n", date_and_time=" "
)
UTF16_TAB = Dialect(separator="\t", encoding="utf-16-le", bom=b"\xff\xfe")
GZIP = Dialect(suffix=".csv.gz", heading=lambda name: f" {name.title()}")
JSON_LINES = Dialect(suffix=".jsonl")

DIALECTS = (PLAIN, SEMICOLON, UTF16_TAB, GZIP, JSON_LINES)
"""Each day takes the next one, and after the last the first again."""
