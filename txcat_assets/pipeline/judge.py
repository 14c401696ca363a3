"""From raw records to verdicts: valid with typed values, or rejected with every reason.

The verdict of a record depends on that record and its day alone, never on its neighbours: what
meets other records (duplicates, conflicts) is decided where they are stored.
"""

import polars as pl

from txcat_assets.contracts.model import Contract, Severity
from txcat_assets.contracts.rules import rules_of
from txcat_assets.pipeline.digest import digests
from txcat_assets.pipeline.extra import with_gained_columns
from txcat_assets.pipeline.parse import parse

_ADDRESS = ["_slice_id", "_position", "_day"]


def judge(contract: Contract, raw: pl.DataFrame, *, decimal_comma: bool) -> pl.DataFrame:
    """One row per raw record, in the same order: address, typed columns, digest, verdict.

    `_is_valid` is the verdict. `_codes` are the codes of the rules that the record breaks, in the
    order of the rules, null where it breaks none. A valid record breaks warnings alone, has its
    values and its `_digest`, and `validated` shows its codes as `_warnings`. A rejected one has
    neither; its codes, which `quarantined` shows as `reasons`, are errors alone, or its `_fault`
    alone, since with a fault nothing is certain about its fields.
    """
    raw = with_gained_columns(contract, raw)
    parsed = raw.select(_ADDRESS).hstack(parse(contract, raw, decimal_comma=decimal_comma))
    verdicts = _verdicts(raw["_fault"], _complaints(contract, parsed))
    judged = parsed.hstack([digests(contract, parsed), *verdicts])
    kept = pl.when("_is_valid").then(pl.col(*contract.column_names, "_digest"))
    return judged.select(*_ADDRESS, kept, "_codes", "_is_valid")


def _complaints(contract: Contract, parsed: pl.DataFrame) -> pl.DataFrame:
    """`errors` and `warnings`, lists of codes in the order of the rules, for each row with any."""
    # Imports Pandera, which what only reads this module's names must not wait for.
    from txcat_assets.pipeline.schema import broken, pandera_schema  # noqa: PLC0415

    found = broken(pandera_schema(contract), parsed)
    none = pl.DataFrame(schema={"row": pl.UInt32, "code": pl.String, "is_error": pl.Boolean})
    each = [
        none.clear().vstack(
            pl.select(
                row=found[rule.code].cast(pl.UInt32),
                code=pl.lit(rule.code),
                is_error=pl.lit(rule.severity is Severity.ERROR),
            )
        )
        for rule in rules_of(contract)
        if rule.code in found
    ]
    code, is_error = pl.col("code"), pl.col("is_error")
    grouped = pl.concat([none, *each]).group_by("row")
    return grouped.agg(errors=code.filter(is_error), warnings=code.filter(~is_error))


def _verdicts(faults: pl.Series, complaints: pl.DataFrame) -> pl.DataFrame:
    rows = faults.alias("fault").to_frame().with_row_index("row")
    fault, errors, warnings = pl.col("fault"), pl.col("errors"), pl.col("warnings")
    is_valid = fault.is_null() & (errors.list.len().fill_null(0) == 0)
    reasons = pl.when(is_valid).then(warnings).when(fault.is_null()).then(errors)
    return rows.join(complaints, on="row", how="left", maintain_order="left").select(
        _codes=reasons.otherwise(pl.concat_list(fault)), _is_valid=is_valid
    )
