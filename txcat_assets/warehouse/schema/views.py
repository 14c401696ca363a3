"""The views of a dataset: what readers see of its judged records.

The tables are in `tables`. A view is made anew whenever the contract or this code is newer.
"""

from txcat_assets.contracts.model import Contract, Policy
from txcat_assets.contracts.reasons import CONFLICT, REFUSED
from txcat_assets.pipeline.places import CONFLICTING, KEPT, QUARANTINED, VALIDATED
from txcat_assets.warehouse.databases.interface import listed, quoted

MESSAGE = {"_message_key": "BYTEA", "_message_headers": "TEXT", "_message_at": "TIMESTAMP"}
"""What a record that came by Kafka has beside its value; null for the records of files."""


def validated_view(contract: Contract) -> str:
    """Every validated record, typed; every version, where keys have them."""
    has_versions = contract.policy is Policy.LATEST
    kept = f"IN ({listed(KEPT)})" if has_versions else f"= {VALIDATED}"
    return (
        f"CREATE VIEW validated.{contract.dataset} AS SELECT {validated_columns(contract)} "
        f"FROM judged.{contract.dataset} WHERE _place {kept}"
    )


def validated_columns(contract: Contract) -> str:
    """The columns of `validated.<dataset>`, as a select list over `judged.<dataset>`."""
    return (
        f"{quoted(contract.column_names)}, _slice_id, _position, _day, _digest, "
        "_contract_version, _run_id, _codes AS _warnings"
    )


def current_view(contract: Contract) -> str:
    """The last version of each key: of the latest day, and there of the latest arrival."""
    return (
        f"CREATE VIEW current.{contract.dataset} AS SELECT {validated_columns(contract)} "
        f"FROM judged.{contract.dataset} WHERE _place = {VALIDATED}"
    )


def quarantined_view(contract: Contract) -> str:
    """Every record that was set aside, as it came; where its text is forgotten, as it was read."""
    name = contract.dataset
    places = f"j._place IN ({listed(QUARANTINED)})"
    reasons = f"CASE WHEN j._place = {CONFLICTING} THEN ARRAY['{CONFLICT}'] ELSE j._codes END"
    refused = (
        f"ledger.refusals f JOIN judged.{name} j ON f.dataset = '{name}' "
        "AND j._slice_id = f.slice_id AND j._position = f.position AND j._digest = f.digest "
        f"AND j._place = {VALIDATED}"
    )
    reasons_of = {
        (f"judged.{name} j", places): f"{reasons} AS reasons, 'validated' AS stage, NULL AS words",
        (refused, "TRUE"): f"ARRAY['{REFUSED}'], f.stage, f.words",
    }
    same = "r._slice_id = j._slice_id AND r._position = j._position"
    is_forgotten = (
        "j._slice_id IN (SELECT slice_id FROM ledger.slices WHERE forgotten > 0) "
        f"AND NOT EXISTS (SELECT 1 FROM raw.{name} r WHERE {same})"
    )
    as_it_came = quoted([*contract.column_names, "_extra", "_fault", "_bytes", *MESSAGE], "r")
    as_read = ", ".join(f'CAST(j."{column}" AS TEXT)' for column in contract.column_names)
    forgotten = ["TEXT", "TEXT", "BYTEA", *MESSAGE.values()]
    nulls = ", ".join(f"CAST(NULL AS {type_})" for type_ in forgotten)
    parts = [
        part
        for (source, where), why in reasons_of.items()
        for part in (
            f"SELECT {as_it_came}, {why}, j._slice_id, j._position, j._day, r._run_id "
            f"FROM {source} JOIN raw.{name} r ON {same} WHERE {where}",
            f"SELECT {as_read}, {nulls}, {why}, j._slice_id, j._position, j._day, j._run_id "
            f"FROM {source} WHERE {where} AND {is_forgotten}",
        )
    ]
    return f"CREATE VIEW quarantined.{name} AS {' UNION ALL '.join(parts)}"
