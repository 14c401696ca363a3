"""What the dbt project knows of the contracts: its sources, who else reads them, staging models.

They are pages like others, see `tools.docs`; nothing that a contract says is written twice.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import yaml

from txcat_assets.contracts.model import Choice, Column, Contract, Policy, Stage
from txcat_assets.contracts.registry import all_contracts
from txcat_assets.warehouse.schema.tables import sql_type

STAGING = "txcat_marts/project/models/staging"

MOST_VALUES = 20
"""A choice of more, such as of all countries, is held by the contract alone."""

WRITTEN = "Written from the contracts by `make docs`; edit those."


def dbt_pages() -> dict[str, Callable[[], str]]:
    """The generated files of the dbt project, by their names."""
    models = {
        f"{STAGING}/stg_{contract.dataset}.sql": partial(staging_model, contract)
        for contract in all_contracts().values()
    }
    models |= {
        f"{STAGING}/stg_{stage.name}_{contract.dataset}.sql": partial(answered_model, *one)
        for one in _answered()
        for contract, stage in [one]
    }
    return {
        f"{STAGING}/sources.yml": sources,
        f"{STAGING}/exposures.yml": exposures,
        f"{STAGING}/columns.md": columns,
        **models,
    }


def sources() -> str:
    """The tables that the models read, each with what its contract says."""
    found = {
        "version": 2,
        "sources": [_source("current"), _source("validated"), _versions(), *_stages()],
    }
    return _yaml(found)


def exposures() -> str:
    """Who reads the same tables beside the marts: the API, and each report."""
    api = {
        "name": "reporting_api",
        "type": "application",
        "description": "The HTTP API for those who ask for what was loaded: docs/reporting-api.md.",
        "owner": {"name": "txcat"},
        "depends_on": [_source_of(contract) for contract in all_contracts().values()],
    }
    reports = [
        {
            "name": f"{contract.dataset}_{report.name}_report",
            "type": "analysis",
            "description": f"{report.description} See docs/reports.md.",
            "owner": {"name": contract.owner},
            "depends_on": [_source_of(contract)],
        }
        for contract in all_contracts().values()
        for report in contract.reports
    ]
    return _yaml({"version": 2, "exposures": [api, *reports]})


def columns() -> str:
    """The description of every column, for models that hand it on: `doc('orders__status')`."""
    found = [
        f"{{% docs {contract.dataset}__{column.name} %}}{column.description}{{% enddocs %}}"
        for contract in all_contracts().values()
        for column in contract.columns
    ]
    found += [
        f"{{% docs {stage.name}_{contract.dataset}__{answer.name} %}}"
        f"{answer.description}{{% enddocs %}}"
        for contract, stage in _answered()
        for answer in stage.columns
    ]
    return "\n".join([WRITTEN, "", *found, ""])


def staging_model(contract: Contract) -> str:
    """The typed columns of whatever holds a key now."""
    return _select(contract.column_names, _source_of(contract))


def answered_model(contract: Contract, stage: Stage) -> str:
    """The typed columns of the records that a stage has answered, with its answers."""
    names = [*contract.column_names, *(answer.name for answer in stage.columns)]
    return _select(names, f"source('{stage.name}', '{contract.dataset}')")


def _select(names: Sequence[str], source: str) -> str:
    listed = ",\n".join(f"    {name}" for name in names)
    return f"-- {WRITTEN}\nselect\n{listed}\nfrom {{{{ {source} }}}}\n"


def _answered() -> list[tuple[Contract, Stage]]:
    """Every stage with its dataset."""
    return [(one, stage) for one in all_contracts().values() for stage in one.stages]


def _source_of(contract: Contract) -> str:
    return f"source('{_schema(contract)}', '{contract.dataset}')"


def _yaml(found: dict[str, Any]) -> str:
    return f"# {WRITTEN}\n{yaml.safe_dump(found, sort_keys=False, width=100, allow_unicode=True)}"


def _schema(contract: Contract) -> str:
    """Where the records are that hold their keys now."""
    return "current" if contract.policy is Policy.LATEST else "validated"


def _source(schema: str) -> dict[str, Any]:
    contracts = [one for one in all_contracts().values() if _schema(one) == schema]
    return {"name": schema, "schema": schema, "tables": [_table(one) for one in contracts]}


def _versions() -> dict[str, Any]:
    """Where keys have versions, all of them; the columns are those of the current ones."""
    contracts = [one for one in all_contracts().values() if one.policy is Policy.LATEST]
    tables = [_table(one) | {"columns": []} for one in contracts]
    return {"name": "versions", "schema": "validated", "tables": tables}


def _stages() -> list[dict[str, Any]]:
    """What the stages have answered; of a record the columns are those of what is validated."""
    return [
        {"name": stage.name, "schema": stage.name, "tables": [_answers(contract, stage)]}
        for contract, stage in _answered()
    ]


def _answers(contract: Contract, stage: Stage) -> dict[str, Any]:
    answers = [
        {
            "name": answer.name,
            "description": f"{{{{ doc('{stage.name}_{contract.dataset}__{answer.name}') }}}}",
            "data_type": sql_type(answer.type).lower(),
        }
        for answer in stage.columns
    ]
    return {
        "name": contract.dataset,
        "description": stage.description,
        "config": {"meta": {"dagster": {"asset_key": [stage.name, contract.dataset]}}},
        "columns": answers,
    }


def _table(contract: Contract) -> dict[str, Any]:
    return {
        "name": contract.dataset,
        "description": contract.description,
        "config": {"meta": {"dagster": {"asset_key": ["validated", contract.dataset]}}},
        "columns": [_column(contract, column) for column in contract.columns],
    }


def _column(contract: Contract, column: Column) -> dict[str, Any]:
    tests: list[Any] = ["unique"] * (column.name == contract.key)
    tests += ["not_null"] * column.is_required
    if isinstance(column.type, Choice) and len(column.type.values) <= MOST_VALUES:
        tests.append({"accepted_values": {"arguments": {"values": [*column.type.values]}}})
    found = {
        "name": column.name,
        "description": f"{{{{ doc('{contract.dataset}__{column.name}') }}}}",
        "data_type": sql_type(column.type).lower(),
    }
    return found | ({"data_tests": tests} if tests else {})
