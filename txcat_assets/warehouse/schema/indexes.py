"""The indexes of a dataset's tables, for PostgreSQL.

DuckDB needs none: it finds slices by the value ranges of its row groups and keys by a scan, and an
index on a record table would triple the cost of writing. On PostgreSQL each index is used by every
micro-batch, or by the checks after it.
"""

from txcat_assets.contracts.model import Contract, Id, Integer, Reference
from txcat_assets.pipeline.places import INVALID, LOSING, VALIDATED, WAITING
from txcat_assets.warehouse.databases.interface import listed

LEDGER = (
    "stages_day ON ledger.stages (dataset, stage, day)",
    "stages_left ON ledger.stages (dataset, stage, day) WHERE version IS NULL OR pending > 0",
    "slices_day ON ledger.slices (dataset, day)",
    "slices_run ON ledger.slices (run_id)",
    "slices_frozen ON ledger.slices (slice_id) WHERE forgotten > 0",
    "predictions_slice ON ledger.predictions (slice_id)",
    "refusals_slice ON ledger.refusals (slice_id)",
    "touched_entity ON ledger.touched (dataset, watcher, entity)",
    "decisions_new ON ledger.decisions (new_slice_id, new_position)",
    "moves_slice ON ledger.moves (slice_id, position)",
    "dead_letters_slice ON ledger.dead_letters (slice_id)",
)


def indexes(contract: Contract) -> list[str]:
    """Statements that make the missing indexes.

    That a key has one winner is a unique index: PostgreSQL refuses a second, whatever went wrong.
    """
    name, key = contract.dataset, f'"{contract.key}"'
    plain = [
        *LEDGER,
        *(f"{name}_position ON {table} (_slice_id, _position)" for table in _tables(contract)),
        f"{name}_loser ON judged.{name} ({key}) WHERE _place IN ({listed(LOSING)})",
        f"{name}_apart ON judged.{name} ({key}) WHERE _place > {INVALID - 1}",
        f"{name}_aside ON judged.{name} (_slice_id) WHERE _place <> {VALIDATED}",
        f"{name}_codes ON judged.{name} (_slice_id) WHERE _codes IS NOT NULL",
    ]
    if contract.references:
        plain.append(f"{name}_waiting ON judged.{name} (_slice_id) WHERE _place = {WAITING}")
    for mart in contract.marts:
        plain += [
            f'{name}_{mart.name}_of ON judged.{name} ("{mart.entity}") WHERE _place = {VALIDATED}',
            f'{name}_{mart.name} ON {mart.name}.{name} ("{mart.entity}")',
        ]
    plain += [
        f'{name}_{one.name}_of ON judged.{name} ("{one.column}") WHERE _place = {VALIDATED}'
        for one in _references_by_id(contract)
    ]
    unique = [
        f"{name}_winner ON judged.{name} ({key}) WHERE _place = {VALIDATED}",
        *(f"{name}_key ON {stage.name}.{name} ({key})" for stage in contract.stages),
    ]
    return [
        *(f"CREATE INDEX IF NOT EXISTS {index}" for index in plain),
        *(f"CREATE UNIQUE INDEX IF NOT EXISTS {index}" for index in unique),
    ]


def _references_by_id(contract: Contract) -> list[Reference]:
    """The references by id, such as a payment's users, by which records are looked up.

    A column that a mart groups by has the mart's index. Keys that are words, such as currencies,
    have too few values for an index.
    """
    types = {column.name: column.type for column in contract.columns}
    indexed = {mart.entity for mart in contract.marts}
    return [
        one
        for one in contract.references
        if isinstance(types[one.column], Id | Integer) and one.column not in indexed
    ]


def _tables(contract: Contract) -> list[str]:
    schemas = ["raw", "judged", *(stage.name for stage in contract.stages)]
    return [f"{schema}.{contract.dataset}" for schema in schemas]
