"""All that can be asked for by name under `/api/v1`, and the answer to any other name.

What a dataset or a mart is asked is in `datasets`, `marts` and `tables`.
"""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from reporting_api.datasets import routes_of_datasets, tables_of_datasets
from reporting_api.marts import tables_of_marts
from reporting_api.parameters import taking
from reporting_api.problems import Problem
from reporting_api.roles import Role, least
from reporting_api.tables import ROOT, Table, records_of


def catalog() -> Iterator[Table]:
    """Every dataset and every mart."""
    yield from tables_of_datasets()
    yield from tables_of_marts()


def routes_of_catalog() -> Iterator[HTTPRouteHandler]:
    """Their routes; nothing is listed here, so a new contract or mart gets its own by itself."""
    yield from map(records_of, catalog())
    yield from routes_of_datasets()
    yield unknown


@get(f"{ROOT}/{{name:str}}", **taking(least(Role.ANALYST)), include_in_schema=False)
async def unknown(name: str) -> Response[Any]:  # noqa: ARG001 - it is that of the path
    """There is no such dataset; say what there is."""
    there = ", ".join(table.name for table in catalog())
    why = "No dataset and no mart has this name."
    raise Problem(HTTPStatus.NOT_FOUND, why, "name", f"one of: {there}")
