"""What a file's first records say of the file as a whole: where none can be cut, the file is wrong.

Otherwise every line of it would become a bad record without a word about the file. What is wrong
with a single record is its own fault, found in `csv_grammar` and `json_records`.
"""

import polars as pl

from txcat_assets.contracts.reasons import FAULTS
from txcat_assets.errors import SourceRefused

_FEWEST_RECORDS = 2


def refuse_unless_some_are_sound(
    path: str, records: pl.DataFrame, separator: str | None, fields: int
) -> None:
    """Raises SourceRefused when there are several records and each of them has a fault.

    `fields` is how many fields the header of CSV has, `separator` what is between them.
    """
    faults = records["_fault"]
    if records.height < _FEWEST_RECORDS or faults.null_count():
        return
    words = FAULTS[faults[0]]
    if separator and faults[0] == "ragged_line":
        found = records["_bytes"][0].count(separator.encode()) + 1
        words += (
            f" The header has {fields:,} fields, this line {found:,}: a separator within a field, "
            "such as a decimal comma, needs quotes around the field."
        )
    raise SourceRefused(
        f"Reading {path}: none of its first {records.height:,} records can be cut into fields. "
        f"The first: {words} Ask the sender for the file again, or check that it is the file "
        "that was meant."
    )
