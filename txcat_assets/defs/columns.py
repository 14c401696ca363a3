"""What the UI shows of a table's columns: types, constraints, words and lineage, by contract."""

from collections.abc import Iterable

import dagster as dg

from txcat_assets.contracts.marts import Mart
from txcat_assets.contracts.model import (
    AnswerType,
    Choice,
    Codes,
    Column,
    Contract,
    Policy,
    Stage,
    Text,
)
from txcat_assets.contracts.reports import ReportOf
from txcat_assets.warehouse.schema.tables import previous, sql_type

POSITION = [
    dg.TableColumn("_slice_id", "bigint", "The slice with which the record landed."),
    dg.TableColumn("_position", "bigint", "Its number in its file, from 0; or its offset."),
    dg.TableColumn("_day", "date", "The UTC day on which the slice arrived: the partition."),
    dg.TableColumn("_run_id", "text", "The Dagster run that wrote the row."),
]
VERDICT = [
    dg.TableColumn("_digest", "uuid", "128 bits over the record's typed content."),
    dg.TableColumn("_contract_version", "integer", "The contract version that wrote this row."),
    dg.TableColumn("_warnings", "text[]", "Rules that the record breaks without being rejected."),
]
UNREAD = [
    dg.TableColumn("_extra", "text", "Fields that the contract does not know, as JSON."),
    dg.TableColumn("_fault", "text", "Why the record could not be cut into fields."),
    dg.TableColumn("_bytes", "bytes", "The record as it came, where there is a fault."),
]
MESSAGE = [
    dg.TableColumn("_message_key", "bytes", "The key of its Kafka message; null from a file."),
    dg.TableColumn("_message_headers", "text", "Its headers, as a JSON list of names and values."),
    dg.TableColumn("_message_at", "timestamp", "Its timestamp, UTC."),
]
REASONS = [
    dg.TableColumn("reasons", "text[]", "Why: reason codes of the data dictionary."),
    dg.TableColumn("stage", "text", "The stage that set the record aside."),
    dg.TableColumn("words", "text", "The refusing service's own words."),
]


def dictionary_place(schema: str, dataset: str) -> str:
    """Where the data dictionary has a table; as text, for the UI does not know where docs are."""
    section = dataset if schema == "raw" else f"{schema}.{dataset}"
    return f"docs/data-dictionary.md, {section}"


def columns_of(contract: Contract, schema: str) -> dg.TableSchema:
    """The columns of a dataset's table in the schema `raw`, ..., or of a stage or a mart."""
    texts = [dg.TableColumn(c.name, "text", c.description) for c in contract.columns]
    is_unique = contract.policy is Policy.FIRST
    typed = [_typed(c, is_key=is_unique and c.name == contract.key) for c in contract.columns]
    stages = {stage.name: stage for stage in contract.stages}
    if schema == "raw":
        return dg.TableSchema([*texts, *UNREAD, *MESSAGE, *POSITION])
    if schema == "quarantined":
        return dg.TableSchema([*texts, *REASONS, *UNREAD, *MESSAGE, *POSITION])
    marts = {mart.name: mart for mart in contract.marts}
    if schema in marts:
        return dg.TableSchema([*typed, *_mart_answers(marts[schema]), *POSITION])
    answered = _answered(stages[schema]) if schema in stages else []
    return dg.TableSchema([*typed, *answered, *VERDICT, *POSITION])


def lineage_of(contract: Contract, schema: str) -> dg.TableColumnLineage:
    """From which columns of which asset each column of a table comes; raw comes from files."""
    if schema == "raw":
        return dg.TableColumnLineage({})
    stages: dict[str, Stage | Mart] = {stage.name: stage for stage in contract.stages}
    stages |= {mart.name: mart for mart in contract.marts}
    source = dg.AssetKey(["validated" if schema in stages else "raw", contract.dataset])

    def deps(names: Iterable[str]) -> list[dg.TableColumnDep]:
        return [dg.TableColumnDep(asset_key=source, column_name=name) for name in names]

    lineage = {name: deps([name]) for name in contract.column_names}
    if schema in stages:
        for name in stages[schema].column_names:
            lineage[name] = deps(contract.column_names)
    return dg.TableColumnLineage(lineage)


def columns_of_report(of: ReportOf) -> dg.TableSchema:
    """The columns of a report."""
    return dg.TableSchema(
        [_answer(one.name, one.type, one.description) for one in of.report.columns]
    )


def lineage_of_report(of: ReportOf) -> dg.TableColumnLineage:
    """Each column of a report comes from all that it reads."""
    source = dg.AssetKey(["validated", of.contract.dataset])
    deps = [dg.TableColumnDep(asset_key=source, column_name=name) for name in of.report.reads]
    return dg.TableColumnLineage(dict.fromkeys(of.report.column_names, deps))


def _answered(stage: Stage) -> list[dg.TableColumn]:
    return [
        *(_answer(column.name, column.type, column.description) for column in stage.columns),
        dg.TableColumn("model_version", "text", "The version of the model that answered."),
        dg.TableColumn(f"{stage.name}_at", "timestamp", "When the answer was stored, UTC."),
        *(_answer(previous(c.name), c.type, f"The {c.name} before.") for c in stage.columns),
        dg.TableColumn("_previous_model_version", "text", "The model that gave it."),
    ]


def _mart_answers(mart: Mart) -> list[dg.TableColumn]:
    return [
        *(_answer(column.name, column.type, column.description) for column in mart.columns),
        dg.TableColumn(f"{mart.name}_at", "timestamp", "When the row was written, UTC."),
    ]


def _answer(name: str, kind: AnswerType, words: str) -> dg.TableColumn:
    return dg.TableColumn(
        name, type_name(kind), words, dg.TableColumnConstraints(other=_limits(kind))
    )


def _typed(column: Column, *, is_key: bool) -> dg.TableColumn:
    constraints = dg.TableColumnConstraints(
        nullable=not column.is_required, unique=is_key, other=_limits(column.type)
    )
    return dg.TableColumn(column.name, type_name(column.type), column.description, constraints)


def type_name(column_type: AnswerType) -> str:
    """A column type in the words of a database."""
    return sql_type(column_type).lower()


def _limits(column_type: AnswerType) -> list[str]:
    match column_type:
        case Text(max_chars):
            return [f"at most {max_chars:,} characters"]
        case Choice():
            return [f"one of {column_type.description}"]
        case Codes(meanings):
            return ["of " + ", ".join(code for code, _ in meanings)]
        case _:
            return []
