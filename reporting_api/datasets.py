"""The routes of every dataset and mart, made from the contracts: records, and quarantined records.

A new contract gets its routes by itself: nothing is listed here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from reporting_api.answers import PAGES, After, Answering, answer
from reporting_api.columns import (
    FIELDS,
    asked_fields,
    conditions,
    described_records,
    filters_of,
)
from reporting_api.one_record import one_record
from reporting_api.parameters import PERIOD, Asking, Parameter, choice, one, one_of, period, taking
from reporting_api.problems import Problem
from reporting_api.roles import Role, least
from txcat_assets.contracts.model import Contract, Date, Integer, Text
from txcat_assets.contracts.registry import all_contracts
from txcat_assets.warehouse.queries.records import (
    Field,
    Filter,
    Question,
    between,
    fields_of,
    in_order,
    quarantined_fields,
    validated_with_answers,
)

ROOT = "/api/v1"

COMMERCE = ("daily_sales", "top_customers", "product_metrics")
"""Marts of commerce that do not exist yet: a request for one of them is told so."""


@dataclass(frozen=True)
class Table:
    """What can be asked for under a name: the records of a dataset or of a mart."""

    name: str
    contract: Contract
    source: str
    fields: Sequence[Field]
    description: str

    @property
    def by_name(self) -> Mapping[str, Field]:
        """Its columns by their names."""
        return {field.name: field for field in self.fields}

    @property
    def orders(self) -> list[str]:
        """The columns to sort by: the key, and the event time where every record has one."""
        contract = self.contract
        required = [column.name for column in contract.columns if column.is_required]
        return [contract.key, *(name for name in required if name == contract.event_time)]


def tables() -> list[Table]:
    """Every dataset and every mart, by the contracts."""
    found = []
    for contract in all_contracts().values():
        name = contract.dataset
        own = fields_of(contract)
        source = validated_with_answers(contract)
        found.append(Table(name, contract, source, own, contract.description))
        for mart in contract.marts:
            answers = [Field(a.name, f'r."{a.name}"', a.type, a.description) for a in mart.columns]
            columns = [*own[: len(contract.columns)], *answers]
            source = f"{mart.name}.{name} AS r"
            found.append(Table(mart.name, contract, source, columns, mart.description))
    return found


def dataset_routes() -> list[HTTPRouteHandler]:
    """The routes of all tables."""
    routes = [handler for table in tables() for handler in _routes_of(table)]
    return [*routes, unknown]


def _routes_of(table: Table) -> list[HTTPRouteHandler]:
    routes = [_records(table)]
    if table.name == table.contract.dataset:
        routes += [one_record(f"{ROOT}/{table.name}", table.contract), _quarantined(table.contract)]
    return routes


def _records(table: Table) -> HTTPRouteHandler:
    contract, orders = table.contract, table.orders
    of_time = PERIOD if contract.event_time else ()
    either_way = [*orders, *(f"-{name}" for name in orders)]
    order = Parameter(
        "order",
        f"By {' or '.join(orders)}; with - before it from the last on.",
        one_of(either_way),
    )

    async def records(request: Asking) -> Response[Any]:
        wanted = asked_fields(request, table.fields)
        filters = [*conditions(request, table.fields), *_in_time(request, table)]
        asked = choice(request, "order", either_way) or orders[0]
        by = [asked.removeprefix("-")]
        by_fields = [table.by_name[name] for name in dict.fromkeys([*by, contract.key])]

        def question(after: After, limit: int | None) -> Question:
            return Question(
                table.source,
                {field.name: field.sql for field in wanted},
                in_order(by_fields, after),
                filters,
                is_descending=asked.startswith("-"),
                limit=limit,
            )

        return await answer(request, Answering((contract,), table.name, by_fields, question))

    return get(
        f"{ROOT}/{table.name}",
        **taking(least(Role.ANALYST), *of_time, *filters_of(table.fields), FIELDS, order, *PAGES),
        responses=described_records(table.name, table.name, table.fields),
        name=f"{table.name} records",
        summary=table.description,
    )(records)


def _in_time(request: Asking, table: Table) -> list[Filter]:
    """The conditions that a record's event time is within `start` and `end`."""
    if not table.contract.event_time:
        return []
    asked = period(request)
    return between(table.by_name[table.contract.event_time], asked.start, asked.end)


ARRIVAL = (
    Field("slice_id", "r._slice_id", Integer()),
    Field("position", "r._position", Integer()),
    Field("stage", "r.stage", Text()),
)
"""What quarantined records are sorted by: their arrival, and the stage that set them aside."""


def _quarantined(contract: Contract) -> HTTPRouteHandler:
    shown = quarantined_fields(contract)
    day = Field("day", "r._day", Date())

    async def quarantined(request: Asking) -> Response[Any]:
        asked, reason = period(request), one(request, "reason")
        filters = between(day, *(moment and moment.date() for moment in (asked.start, asked.end)))
        why = "CAST($reason AS TEXT) = ANY(q.reasons)" if reason else "TRUE"

        def question(after: After, limit: int | None) -> Question:
            return Question(
                f"(SELECT * FROM quarantined.{contract.dataset} AS q WHERE {why}) AS r",
                {field.name: field.sql for field in shown},
                in_order(ARRIVAL, after),
                filters,
                limit=limit,
                values={"reason": reason} if reason else {},
            )

        return await answer(request, Answering((contract,), "quarantined", ARRIVAL, question))

    return get(
        f"{ROOT}/{contract.dataset}/quarantined",
        **taking(
            least(Role.OPERATOR),
            *PERIOD,
            Parameter("reason", "Only those with this code among their reasons."),
            *PAGES,
        ),
        responses=described_records(f"{contract.dataset}_quarantined", "quarantined", shown),
        name=f"{contract.dataset} quarantined",
        summary=f"Records of {contract.dataset} that are set aside, as they came, by arrival",
    )(quarantined)


@get(
    f"{ROOT}/{{name:str}}",
    **taking(least(Role.ANALYST)),
    include_in_schema=False,
)
async def unknown(name: str) -> Response[Any]:
    """There is no such dataset; say what there is."""
    there = ", ".join(table.name for table in tables())
    why = "No dataset and no mart has this name."
    if name in COMMERCE:
        why = f"{name} is a mart of commerce, which is not here yet."
    raise Problem(HTTPStatus.NOT_FOUND, why, "name", f"one of: {there}")
