"""Writes what dbt says of its project, without what differs from one time or place to the next.

The types of columns are those of the marts of an empty DuckDB. It needs the extra `marts`, and the
generated sources of `tools.dbt_sources` on disk.
"""

import json
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from txcat_assets.contracts.registry import all_contracts
from txcat_assets.warehouse.databases.duckdb import DuckDbWarehouse
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.schema.tables import prepare
from txcat_marts.dbt_run import Dbt, DbtFailed

KEPT = ("metadata", "nodes", "sources", "exposures", "unit_tests", "parent_map", "child_map")
EMPTY = ("metrics", "semantic_models", "saved_queries", "groups", "disabled", "selectors", "docs")
DIFFERING = (
    "created_at",
    "root_path",
    "build_path",
    "compiled_path",
    "patch_path",
    "database",
    "relation_name",
)


@cache
def dbt_manifest() -> str:
    """The manifest of the project as it is on disk."""
    with tempfile.TemporaryDirectory() as folder:
        dbt = Dbt(DuckDbWarehouse(Path(folder) / "marts.duckdb", 1), "", Path(folder))
        for contract in all_contracts().values():
            prepare(dbt.warehouse, contract)
        if wrong := [one.words for one in dbt.make_all() if not one.is_well]:
            raise DbtFailed("; ".join(wrong))
        types = _types(dbt.warehouse)
        found = json.loads((Path(folder) / "duckdb/manifest.json").read_text())
    lasting: dict[str, Any] = {name: dict(sorted(found[name].items())) for name in KEPT}
    lasting |= {name: {} for name in EMPTY}
    metadata = found["metadata"]
    lasting["metadata"] = {
        name: metadata[name] for name in ("dbt_schema_version", "project_name", "adapter_type")
    }
    lasting["macros"] = {
        name: {"macro_sql": macro["macro_sql"]}
        for name, macro in sorted(found["macros"].items())
        if macro["package_name"] == metadata["project_name"]
    }
    for group in ("nodes", "sources", "exposures", "unit_tests"):
        for node in lasting[group].values():
            for name in DIFFERING:
                node.pop(name, None)
            for column in node.get("columns", {}).values():
                column["data_type"] = types.get((node["name"], column["name"]))
    return json.dumps(lasting, indent=1) + "\n"


def _types(warehouse: Warehouse) -> dict[tuple[str, str], str]:
    """The type of each column of each mart."""
    with warehouse.transaction() as tx:
        rows = tx.rows(
            "SELECT table_name, column_name, data_type FROM information_schema.columns "
            "WHERE table_schema = 'marts'"
        )
    return {(table, column): kind for table, column, kind in rows}
