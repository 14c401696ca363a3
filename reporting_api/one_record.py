"""One record of a dataset by its key, with where it came from and what made it.

`txcat explain` has its whole history.
"""

from http import HTTPStatus
from pathlib import PurePath
from typing import Any

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from reporting_api.parameters import Asking, taking
from reporting_api.problems import Problem
from reporting_api.reading import asker_of
from reporting_api.roles import Role, least
from txcat_assets.contracts.model import Contract
from txcat_assets.pipeline.parse import parse_value
from txcat_assets.pipeline.plain_values import plain
from txcat_assets.warehouse.databases.reader import ReadTransaction
from txcat_assets.warehouse.queries.records import (
    Question,
    as_of,
    condition,
    fields_of,
    origin_columns,
    with_origin,
)


def one_record(path: str, contract: Contract) -> HTTPRouteHandler:
    """The route of single records of a dataset."""
    fields = fields_of(contract)
    (key_field,) = [field for field in fields if field.name == contract.key]

    async def record(request: Asking, key: str) -> Response[Any]:
        value = parse_value(contract.key_type, key) if "\0" not in key else None
        missing = Problem(HTTPStatus.NOT_FOUND, f"{contract.dataset} has no record of this key.")
        if value is None:
            raise missing
        columns = {field.name: field.sql for field in fields} | origin_columns(contract)
        question = Question(
            with_origin(contract), columns, filters=[condition(key_field, "=", [value])], limit=1
        )

        def work(tx: ReadTransaction) -> dict[str, Any]:
            as_of(tx, [contract])
            sql, values = question.bound
            found = plain(tx.page(sql, **values))
            if found.is_empty():
                raise missing
            return found.row(0, named=True)

        found = await asker_of(request.app.state).ask(request, work)
        request.scope["state"]["records"] = 1
        own = {field.name: found[field.name] for field in fields}
        return Response({"record": own, "provenance": _provenance(contract, found)})

    return get(
        f"{path}/{{key:str}}",
        **taking(least(Role.ANALYST)),
        name=f"{contract.dataset} record",
        summary=f"One record of {contract.dataset}, and where it came from",
    )(record)


def _provenance(contract: Contract, found: dict[str, Any]) -> dict[str, Any]:
    origin = {name.removeprefix("_"): found[name] for name in origin_columns(contract)}
    if origin["kind"] == "file":
        origin["source"] = PurePath(origin["source"]).name  # folders are not shown to analysts
    return origin
