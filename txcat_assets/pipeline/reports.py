"""The rows of a report from a month's records, their sums, and what changed since they were made.

All are pure functions over frames. Where reports are kept is in `txcat_assets.report_files`.
"""

from collections.abc import Sequence

import polars as pl

from txcat_assets.contracts.model import Choice, Money
from txcat_assets.contracts.reports import MonthlyReport
from txcat_assets.errors import ContractRefused
from txcat_assets.pipeline.parse import dtype_of
from txcat_assets.pipeline.plain_values import plain

CHANGE = "change"
ADDED, REMOVED, CHANGED = "added", "removed", "changed"


def figures(report: MonthlyReport, records: pl.DataFrame) -> pl.DataFrame:
    """The rows of the report, typed and in order of their key, whatever the order of the records.

    Raises ContractRefused where its function gives other columns, or two rows of one key.
    """
    given = report.rows(records)
    if sorted(given.columns) != sorted(report.column_names):
        raise ContractRefused(
            f"The report {report.name} declares the columns {', '.join(report.column_names)}, but "
            f"its function gives {', '.join(given.columns)}. Make them the same."
        )
    typed = given.select(pl.col(one.name).cast(dtype_of(one.type)) for one in report.columns)
    if typed.select(report.key).is_duplicated().any():
        raise ContractRefused(
            f"The report {report.name} has two rows of one {', '.join(report.key)}. Group by these."
        )
    return typed.sort(report.key)


def sums(report: MonthlyReport, rows: pl.DataFrame) -> list[dict[str, str | None]]:
    """The sums of all amounts, for each combination of the report's words, such as the currency.

    Amounts of two currencies are never added.
    """
    words = [column.name for column in report.columns if isinstance(column.type, Choice)]
    amounts = [column.name for column in report.columns if isinstance(column.type, Money)]
    summed = [pl.col(name).sum() for name in amounts]
    if not amounts or rows.is_empty():
        return []
    if not words:
        return plain(rows.select(summed)).to_dicts()
    return plain(rows.group_by(words).agg(summed).sort(words)).to_dicts()


def changes(before: pl.DataFrame, after: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """The rows, as text, that came, went or changed between two versions of one report.

    One row for each: the `change`, the key, and every other column before and after it.
    """
    names = [name for name in after.columns if name not in key]
    joined = before.with_columns(pl.lit(True).alias("_before")).join(
        after.with_columns(pl.lit(True).alias("_after")),
        on=key,
        how="full",
        coalesce=True,
        suffix="_after",
    )
    kind = (
        pl.when(pl.col("_before").is_null())
        .then(pl.lit(ADDED))
        .when(pl.col("_after").is_null())
        .then(pl.lit(REMOVED))
        .otherwise(pl.lit(CHANGED))
    )
    is_other = pl.any_horizontal(
        pl.col("_before").is_null(),
        pl.col("_after").is_null(),
        *(pl.col(name).ne_missing(pl.col(f"{name}_after")) for name in names),
    )
    pairs = [
        pair for name in names for pair in (pl.col(name).alias(f"{name}_before"), f"{name}_after")
    ]
    return joined.filter(is_other).select(kind.alias(CHANGE), *key, *pairs).sort(key)
