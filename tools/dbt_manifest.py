"""Writes what dbt says of its project, without what differs from one time or place to the next.

It needs the extra `marts`, and the generated sources of `tools.dbt_sources` on disk.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

from txcat_assets.warehouse.databases.duckdb import DuckDbWarehouse
from txcat_marts.dbt_run import Dbt

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


def dbt_manifest() -> str:
    """The manifest of the project as it is on disk."""
    with tempfile.TemporaryDirectory() as folder:
        warehouse = DuckDbWarehouse(Path(folder) / "marts.duckdb", 1)
        Dbt(warehouse, "", Path(folder)).parse()
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
    return json.dumps(lasting, indent=1) + "\n"
