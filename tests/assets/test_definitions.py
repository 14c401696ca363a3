"""The code location loads with every service down and nothing there, and touches nothing."""

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from tests.assets.installation import Installation
from txcat_assets.cli.home import ROOT
from txcat_assets.contracts.model import Answer, Contract, Flag, Function, Service, Stage
from txcat_assets.contracts.registry import all_contracts
from txcat_assets.contracts.transactions import CONTRACT
from txcat_assets.definitions import build_definitions
from txcat_assets.defs.monthly_reports import REPORTS
from txcat_assets.errors import ContractRefused
from txcat_assets.settings import Settings

LOADED = """
import sys

touched = []

def note(event, args):
    if event.startswith(("socket.connect", "sqlite3")):
        touched.append((event, args))
    if event == "open" and (args[1] or "r")[0] in "wax+":
        touched.append((event, args[0]))
    if event in ("os.mkdir", "os.rename", "os.remove"):
        touched.append((event, args[0]))

sys.dont_write_bytecode = True
sys.addaudithook(note)
from txcat_assets.definitions import defs

location = defs().get_repository_def()
location.get_all_jobs()
print(*sorted(sensor.name for sensor in location.sensor_defs))
print(touched)
"""


def test_it_loads_with_every_service_down_and_touches_nothing(tmp_path: Path) -> None:
    services = {
        "TXCAT_ML_URL": "http://127.0.0.1:9",
        "TXCAT_WAREHOUSE_URL": "duckdb:////nowhere/at/all.duckdb",
        "TXCAT_HOME": "/nowhere/home",
        "TXCAT_INBOX": "/nowhere/inbox",
    }
    said = subprocess.run(
        [sys.executable, "-c", LOADED],
        cwd=tmp_path,
        env=os.environ | services,
        capture_output=True,
        text=True,
        check=True,
    )
    sensors, touched = said.stdout.splitlines()
    assert "inbox" in sensors
    assert touched == "[]"
    assert list(tmp_path.iterdir()) == []


def test_every_asset_has_what_the_ui_explains_it_by() -> None:
    graph = build_definitions(Settings()).resolve_asset_graph()
    for node in graph.asset_nodes:
        assert node.description
        assert node.owners
        assert node.kinds
        assert node.group_name == node.key.path[0]
        assert node.metadata["dagster/column_schema"].columns
        if node.group_name != REPORTS:
            assert node.metadata["dagster/table_name"] == ".".join(node.key.path)
        assert node.backfill_policy
        assert node.backfill_policy.policy_type.name == "SINGLE_RUN"


def test_every_table_and_check_names_its_place_in_the_data_dictionary() -> None:
    sections = re.findall("^##+ (.+)$", (ROOT / "docs/data-dictionary.md").read_text(), re.M)
    graph = build_definitions(Settings()).resolve_asset_graph()
    tables = {node.key: node for node in graph.asset_nodes if node.group_name != REPORTS}
    for key, node in tables.items():
        page, _, section = node.metadata["data dictionary"].partition(", ")
        assert (page, section in sections) == ("docs/data-dictionary.md", True), section
        for check in graph.get_check_keys_for_assets({key}):
            words = graph.get_check_spec(check).description or ""
            assert words.endswith(f"Of {'/'.join(key.path)}: see {page}, {section}.")


@pytest.mark.parametrize("schema", ["raw", "validated", "quarantined", "categorized"])
def test_the_columns_that_the_ui_names_are_those_of_the_table(
    site: Installation, schema: str
) -> None:
    site.load("2025-01-03")
    graph = site.definitions.resolve_asset_graph()
    node = graph.get(dg.AssetKey([schema, "transactions"]))
    named = node.metadata["dagster/column_schema"].columns
    stored = site.rows(
        "SELECT column_name FROM information_schema.columns "
        f"WHERE table_schema = '{schema}' AND table_name = 'transactions'"
    )
    assert {column.name for column in named} == {name for (name,) in stored}
    assert all(column.description for column in named)


def test_a_category_comes_from_all_that_the_service_was_told() -> None:
    graph = build_definitions(Settings()).resolve_asset_graph()
    node = graph.get(dg.AssetKey(["categorized", "transactions"]))
    lineage = node.metadata["dagster/column_lineage"].deps_by_column
    assert [dep.column_name for dep in lineage["amount"]] == ["amount"]
    assert "merchant" in [dep.column_name for dep in lineage["category"]]


def test_every_column_comes_from_the_tables_before_but_for_those_that_are_only_referred_to() -> (
    None
):
    referred = {
        dg.AssetKey(["validated", reference.to.dataset])
        for contract in all_contracts().values()
        for reference in contract.references
    }
    for node in build_definitions(Settings()).resolve_asset_graph().asset_nodes:
        lineage = node.metadata["dagster/column_lineage"].deps_by_column
        sources = {dep.asset_key for deps in lineage.values() for dep in deps}
        assert sources == set(node.parent_keys) - referred


def answered_by(source: Service | Function, *more: Answer) -> dict[str, Contract]:
    stage = Stage("flagged", source, "Flagged.", (Answer("is_odd", Flag(), "Odd."), *more))
    return {"transactions": replace(CONTRACT, stages=(stage,))}


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (Service("fraud"), "service 'fraud', which connections.py does not know. It knows ml"),
        (Function(dict), "expressions for nothing, but the contract declares the answers is_odd"),
        (Function(lambda: {"odd": pl.lit(1)}), "expressions for odd, .* the answers is_odd"),
        (Function(lambda limit: {"is_odd": limit}, ("limit",)), "limit, which is no setting"),
    ],
)
def test_a_stage_that_nothing_can_answer_is_refused_when_the_location_loads(
    source: Service | Function, words: str
) -> None:
    with pytest.raises(ContractRefused, match=words):
        build_definitions(Settings(), contracts=answered_by(source))


def test_a_second_answer_of_a_service_is_refused_when_the_location_loads() -> None:
    two = answered_by(Service("ml"), Answer("is_even", Flag(), "Even."))
    with pytest.raises(ContractRefused, match="2 answers by the service 'ml', which gives exactly"):
        build_definitions(Settings(), contracts=two)
