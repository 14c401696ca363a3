"""The Pandera schema of a dataset, and the one way in which it is asked.

Importing this module imports Pandera, which takes seconds: only what judges may import it.
What Pandera reports is turned into row numbers here; what follows from them is in `judge`.
"""

import pandera.polars as pa
import polars as pl
from pandera.api.polars.types import PolarsData
from pandera.config import ValidationDepth, config_context
from pandera.constants import CHECK_OUTPUT_KEY
from pandera.errors import SchemaError, SchemaErrorReason, SchemaErrors

from txcat_assets.contracts.model import Contract, Rule, Severity
from txcat_assets.contracts.rules import complaint_column, rules_of
from txcat_assets.pipeline.parse import typed_columns

SAMPLE_ROWS = 5
"""How many keys of broken rows a report shows: enough to look them up."""


def pandera_schema(contract: Contract) -> pa.DataFrameSchema:
    """What `parse` must have made of a record: typed columns, and one named check per rule."""
    columns = {
        name: pa.Column(dtype, nullable=True) for name, dtype in typed_columns(contract).items()
    }
    checks = [_check(rule) for rule in rules_of(contract)]
    return pa.DataFrameSchema(columns, checks=checks, name=contract.dataset)


def broken(schema: pa.DataFrameSchema, parsed: pl.DataFrame) -> dict[str, pl.Series]:
    """The row numbers that break each rule, by code; rules that all rows keep are left out.

    Raises Pandera's SchemaErrors when a rule cannot be asked at all: a fault of the contract.
    """
    errors = _validate(schema, parsed)
    if any(not _is_answer(error) for error in errors):
        raise SchemaErrors(schema, errors, parsed)
    return {error.check.name: _broken_rows(error) for error in errors}


def broken_rules(contract: Contract, stored: pl.DataFrame) -> pl.DataFrame:
    """Where a stored table of validated records fails its contract; empty when it holds.

    One row per broken rule: `code`, how many `rows` break it, a `sample` of their keys. A column
    that is absent or of another type is a row too: code `<column>_mistyped`, and what was found.
    `stored` needs `_day` beside the columns of the contract. Warnings are not counted.
    """
    mistyped = _mistyped(contract, stored)
    if mistyped:
        return _report(mistyped)
    everything_was_read = [
        pl.lit(None, pl.String).alias(complaint_column(n)) for n in contract.column_names
    ]
    found = broken(pandera_schema(contract), stored.with_columns(everything_was_read))
    errors = [rule.code for rule in rules_of(contract) if rule.severity is Severity.ERROR]
    keys = stored[contract.key]
    samples = {code: keys.gather(found[code].head(SAMPLE_ROWS)) for code in errors if code in found}
    return _report([(code, len(found[code]), keys.to_list()) for code, keys in samples.items()])


def _mistyped(contract: Contract, stored: pl.DataFrame) -> list[tuple[str, int, list[str]]]:
    expected = typed_columns(contract)
    wrong = [name for name, dtype in expected.items() if stored.schema.get(name) != dtype]
    return [
        (f"{n}_mistyped", stored.height, [f"expected {expected[n]}, found {stored.schema.get(n)}"])
        for n in wrong
    ]


def _report(rows: list[tuple[str, int, list[str]]]) -> pl.DataFrame:
    columns = {"code": pl.String(), "rows": pl.Int64(), "sample": pl.List(pl.String)}
    return pl.DataFrame(rows, columns, orient="row")


def _check(rule: Rule) -> pa.Check:
    def holds(data: PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(rule.holds)

    # Pandera copies each failing row whole into its report; the row numbers say as much.
    return pa.Check(holds, name=rule.code, description=rule.description, n_failure_cases=1)


def _validate(schema: pa.DataFrameSchema, parsed: pl.DataFrame) -> list[SchemaError]:
    # The environment can switch Pandera off (PANDERA_VALIDATION_ENABLED): all would pass.
    with config_context(validation_enabled=True, validation_depth=ValidationDepth.SCHEMA_AND_DATA):
        try:
            schema.validate(parsed, lazy=True)
        except SchemaErrors as errors:
            return errors.schema_errors
    return []


def _is_answer(error: SchemaError) -> bool:
    return error.reason_code is SchemaErrorReason.DATAFRAME_CHECK


def _broken_rows(error: SchemaError) -> pl.Series:
    holds: pl.Series = error.check_output[CHECK_OUTPUT_KEY]
    return (~holds).arg_true()
