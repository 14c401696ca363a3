"""The tables and views of the warehouse, made from the contracts.

`judged.<dataset>` holds one row for each judged record, whatever became of it, with its place; so
a record cannot be in two places. `validated` and `quarantined` are views of it, and `current` where
keys have versions. `raw` and the later stages are tables. The ledger's tables are the same for
every dataset.
"""

from collections.abc import Iterable
from dataclasses import replace

from txcat_assets.contracts.marts import Mart
from txcat_assets.contracts.model import (
    Answer,
    AnswerType,
    Choice,
    Codes,
    Column,
    Contract,
    Date,
    Email,
    Flag,
    Id,
    Instant,
    Integer,
    Money,
    Policy,
    Stage,
    Text,
)
from txcat_assets.errors import RightMissing, VersionRefused
from txcat_assets.pipeline.places import SUPERSEDED, VALIDATED
from txcat_assets.warehouse.databases.interface import (
    Reading,
    Transaction,
    Warehouse,
    repeated_on_conflict,
)
from txcat_assets.warehouse.schema.contract_versions import has_tables, note_contract
from txcat_assets.warehouse.schema.indexes import indexes
from txcat_assets.warehouse.schema.migrations import MIGRATIONS, migrate, newest_change
from txcat_assets.warehouse.schema.views import (
    MESSAGE,
    current_view,
    quarantined_view,
    validated_view,
)
from txcat_assets.warehouse.schema.widening import stored_columns, widened


def prepare(warehouse: Warehouse, contract: Contract) -> list[str]:
    """Make what is missing of the ledger and the dataset's tables, and say in words what was made.

    The tables of datasets that it refers to are made too. Run again it makes nothing, and needs no
    right to make anything. Raises VersionRefused when the warehouse has a newer contract than this
    code or another one under the same version, when stored values would be lost, or when something
    is missing that this role may not make.
    """
    with warehouse.transaction() as tx:
        if is_made(tx, contract):
            return []
    try:
        return repeated_on_conflict(lambda: _make_all(warehouse, contract))
    except RightMissing as refused:
        raise VersionRefused(
            f"The tables of {contract.dataset} in {warehouse.place} are older than this code, or "
            "hidden from this role, which may not make them. Run `txcat upgrade` as the role that "
            f"owns them, then the same again. {refused}"
        ) from refused


def _make_all(warehouse: Warehouse, contract: Contract) -> list[str]:
    with warehouse.transaction() as tx:
        tx.lock("migrate")
        return [*migrate(tx, warehouse.kind), *_make(tx, warehouse, contract)]


def is_made(tx: Reading, contract: Contract) -> bool:
    """Whether the dataset, and those that it refers to, have all that this code makes."""
    return newest_change(tx) == len(MIGRATIONS) and all(
        has_tables(tx, dataset) for dataset in contract.with_referred
    )


def _make(tx: Transaction, warehouse: Warehouse, contract: Contract) -> list[str]:
    made = []
    for dataset in contract.with_referred:
        if has_tables(tx, dataset):
            continue
        tx.lock(dataset.dataset)
        note_contract(tx, dataset)
        changes = [*_renamed(tx, dataset), *widened(tx, dataset, _columns(dataset))]
        for statement in _dataset_tables(dataset, changes):
            tx.run(statement)
        for statement in indexes(dataset) if warehouse.kind == "postgres" else ():
            tx.run(statement)
        made.append(f"{dataset.dataset}: tables by version {dataset.version} of its contract")
    return made


def _columns(contract: Contract) -> dict[str, dict[str, str]]:
    """The columns that the tables have by the contract, with their types."""
    name = contract.dataset
    typed: dict[str, list[Column | Answer]] = {"judged": [*contract.columns]}
    for stage in contract.stages:
        typed[stage.name] = [*contract.columns, *stage.columns, *_previous(stage)]
    for mart in contract.marts:
        typed[mart.name] = [*contract.columns, *mart.columns]
    return {
        f"raw.{name}": dict.fromkeys(contract.column_names, "TEXT"),
        **{
            f"{schema}.{name}": {column.name: sql_type(column.type) for column in columns}
            for schema, columns in typed.items()
        },
    }


def _renamed(tx: Transaction, contract: Contract) -> list[str]:
    """What gives a column of judged its name where the table is older than that.

    `_codes` was called `_reasons`, which said less than half: a valid record's codes are warnings.
    """
    table = f"judged.{contract.dataset}"
    if "_reasons" in stored_columns(tx, table):
        return [f"ALTER TABLE {table} RENAME COLUMN _reasons TO _codes"]
    return []


def _dataset_tables(contract: Contract, changes: Iterable[str]) -> list[str]:
    """The statements that make all of a dataset; `changes` alter what is there already."""
    name, typed = contract.dataset, _typed_columns(contract.columns)
    texts = ", ".join(f'"{column}" TEXT' for column in contract.column_names)
    marts = [mart.name for mart in contract.marts]
    tables = ["raw", "judged", *(stage.name for stage in contract.stages), *marts]
    has_versions = contract.policy is Policy.LATEST
    views = ["validated", "quarantined", *(["current"] if has_versions else [])]
    return [
        *(f"CREATE SCHEMA IF NOT EXISTS {schema}" for schema in [*tables, *views]),
        # Views are made anew: PostgreSQL changes no column of a table that a view shows.
        *(f"DROP VIEW IF EXISTS {view}.{name}" for view in views),
        f"CREATE TABLE IF NOT EXISTS raw.{name} (_slice_id BIGINT, _position BIGINT, _day DATE, "
        f"{texts}, _extra TEXT, _fault TEXT, _bytes BYTEA, _run_id TEXT, "
        f"{', '.join(f'{column} {type_}' for column, type_ in MESSAGE.items())})",
        f"CREATE TABLE IF NOT EXISTS judged.{name} (_slice_id BIGINT, _position BIGINT, "
        f"_day DATE, {typed}, _digest UUID, _place SMALLINT, _codes TEXT[], "
        f"_contract_version INTEGER, _run_id TEXT)",
        *(_stage_table(contract, stage) for stage in contract.stages),
        *(_mart_table(contract, mart) for mart in contract.marts),
        *changes,
        *_added_columns(contract),
        *(_superseded(contract) if has_versions else []),
        *_gained_stages(contract),
        validated_view(contract),
        quarantined_view(contract),
        *([current_view(contract)] if has_versions else []),
    ]


def _added_columns(contract: Contract) -> list[str]:
    """What gives tables of an older contract the columns that this one has gained."""
    name, gained = contract.dataset, _columns(contract)
    gained[f"raw.{name}"] |= MESSAGE
    return [
        f"ALTER TABLE judged.{name} ALTER COLUMN _place TYPE SMALLINT",  # once an unsigned byte
        *(
            f'ALTER TABLE {table} ADD COLUMN IF NOT EXISTS "{column}" {type_}'
            for table, columns in gained.items()
            for column, type_ in columns.items()
        ),
    ]


def _gained_stages(contract: Contract) -> list[str]:
    """What makes the slices of before work for a stage that the contract has gained since."""
    return [
        "INSERT INTO ledger.stages (slice_id, stage, dataset, day, pending) "
        f"SELECT slice_id, '{stage.name}', dataset, day, validated - superseded "
        f"FROM ledger.slices s WHERE dataset = '{contract.dataset}' AND landed > 0 "
        "AND NOT EXISTS (SELECT 1 FROM ledger.stages t "
        f"WHERE t.slice_id = s.slice_id AND t.stage = '{stage.name}')"
        for stage in contract.stages
    ]


def _superseded(contract: Contract) -> list[str]:
    """What puts the versions that are not the last of their key where they belong.

    Before the thirteenth change of the ledger each version of a key was validated.
    """
    name, key = contract.dataset, contract.key
    return [
        f"UPDATE judged.{name} j SET _place = {SUPERSEDED} FROM (SELECT _slice_id, _position, "
        f'row_number() OVER (PARTITION BY "{key}" ORDER BY _day DESC, _slice_id DESC, '
        f"_position DESC) AS age FROM judged.{name} WHERE _place = {VALIDATED}) v "
        "WHERE v.age > 1 AND j._slice_id = v._slice_id AND j._position = v._position",
        f"UPDATE ledger.slices s SET superseded = j.number FROM (SELECT _slice_id, "
        f"count(*) AS number FROM judged.{name} WHERE _place = {SUPERSEDED} GROUP BY 1) j "
        "WHERE s.slice_id = j._slice_id AND s.superseded <> j.number",
    ]


def key_of(contract: Contract, table: str) -> str:
    """The key in a table that was offered, where ids are text, as the type it has when stored."""
    return as_stored([c for c in contract.columns if c.name == contract.key], table)


def as_stored(columns: Iterable[Column | Answer], table: str) -> str:
    """Columns of a table that was offered, where ids are text, in the types they are stored in."""
    ids = {column.name for column in columns if isinstance(column.type, Id)}
    names = [(column.name, f'{table}."{column.name}"') for column in columns]
    return ", ".join(f"CAST({q} AS UUID)" if name in ids else q for name, q in names)


def sql_type(column_type: AnswerType) -> str:  # noqa: C901, PLR0911 - a case each
    """The SQL type of a contract's column type, in both databases."""
    match column_type:
        case Id():
            return "UUID"
        case Money(precision, scale):
            return f"DECIMAL({precision},{scale})"
        case Integer():
            return "BIGINT"
        case Date():
            return "DATE"
        case Instant():
            return "TIMESTAMP"
        case Flag():
            return "BOOLEAN"
        case Codes():
            return "TEXT[]"
        case Text() | Email() | Choice():
            return "TEXT"


def _typed_columns(columns: Iterable[Column | Answer]) -> str:
    return ", ".join(f'"{c.name}" {sql_type(c.type)}' for c in columns)


def _stage_table(contract: Contract, stage: Stage) -> str:
    return (
        f"CREATE TABLE IF NOT EXISTS {stage.name}.{contract.dataset} ("
        f"{_typed_columns(contract.columns)}, _slice_id BIGINT, _position BIGINT, "
        f"_day DATE, _digest UUID, _contract_version INTEGER, _run_id TEXT, "
        f"_warnings TEXT[], {_typed_columns(stage.columns)}, "
        f"model_version TEXT, {stage.name}_at TIMESTAMP, "
        f"{_typed_columns(_previous(stage))}, _previous_model_version TEXT)"
    )


def _mart_table(contract: Contract, mart: Mart) -> str:
    return (
        f"CREATE TABLE IF NOT EXISTS {mart.name}.{contract.dataset} ("
        f"{_typed_columns(contract.columns)}, {_typed_columns(mart.columns)}, _slice_id BIGINT, "
        f"_position BIGINT, _day DATE, _run_id TEXT, {mart.name}_at TIMESTAMP)"
    )


def previous(name: str) -> str:
    """The column that keeps what a stage answered before, beside the column of its answer."""
    return f"_previous_{name}"


def _previous(stage: Stage) -> list[Answer]:
    return [replace(column, name=previous(column.name)) for column in stage.columns]
