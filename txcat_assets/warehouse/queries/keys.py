"""Which records have a key: as it is stored, where an index has it, or only as it came, in raw.

It is asked by whoever looks for single records: see `quarantine` and `life`.
"""

from txcat_assets.contracts.model import Contract
from txcat_assets.pipeline.parse import parse_value
from txcat_assets.pipeline.places import INVALID, LOSING, VALIDATED
from txcat_assets.warehouse.databases.interface import listed
from txcat_assets.warehouse.schema.tables import sql_type


def positions_of_key(contract: Contract, text: str, *, rejected: bool = True) -> list[str]:
    """Queries for the positions of all judged records with a key, as it came or as it is stored.

    They name `key_values`. That of records which could not be read is in raw alone, where no index
    finds it; without them, as without a text that can be a key, there may be no query.
    """
    name, key = contract.dataset, f'"{contract.key}"'
    of_key = (
        f"SELECT _slice_id, _position FROM judged.{name} "
        f"WHERE {key} = CAST($typed_key AS {sql_type(contract.key_type)}) AND _place"
    )
    # Apart, as PostgreSQL's partial indexes have them.
    parts = (f"= {VALIDATED}", f"IN ({listed(LOSING)})", f"> {INVALID - 1}")
    typed = [f"{of_key} {part}" for part in parts] if _typed_key(contract, text) else []
    came = (
        f"SELECT n._slice_id, n._position FROM raw.{name} r JOIN judged.{name} n "
        "ON n._slice_id = r._slice_id AND n._position = r._position "
        f"WHERE r.{key} = $key AND n.{key} IS NULL AND n._place > {INVALID - 1}"
    )
    return [*typed, came] if rejected else typed


def key_values(contract: Contract, text: str, *, rejected: bool = True) -> dict[str, str]:
    """The values that `positions_of_key` names."""
    typed = _typed_key(contract, text)
    return ({"key": text} if rejected else {}) | ({"typed_key": typed} if typed else {})


def _typed_key(contract: Contract, text: str) -> str | None:
    """The key as it is stored; None where no key can be written so."""
    value = parse_value(contract.key_type, text)
    return None if value is None else str(value)
