"""What can be asked for by name under `/api/v1`: a table or view, and the route of its records."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
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
from reporting_api.parameters import PERIOD, Asking, Parameter, choice, one_of, period, taking
from reporting_api.roles import Role, least
from txcat_assets.contracts.model import Contract, Date
from txcat_assets.warehouse.databases.reader import ReadTransaction
from txcat_assets.warehouse.queries.records import Field, Filter, Question, between, in_order

ROOT = "/api/v1"


@dataclass(frozen=True)
class Table:
    """Records under a name: of a dataset or of a mart.

    `key` tells them apart; `time` is the column that `start` and `end` are about, if there is one.
    `orders` are the columns that they may be sorted by, none of them ever null; the first is taken
    where none is asked for, from the last record on if it has a - before it. `is_there` says
    whether there is such a table yet; if not, `missing` says why in words. `watchers` are those by
    which a mart is made.
    """

    name: str
    description: str
    contracts: Sequence[Contract]
    source: str
    fields: Sequence[Field]
    key: Sequence[str]
    time: str | None
    orders: Sequence[str]
    is_there: Callable[[ReadTransaction], bool] = lambda _: True
    missing: str = ""
    watchers: Sequence[str] = ()

    @property
    def by_name(self) -> Mapping[str, Field]:
        """Its columns by their names."""
        return {field.name: field for field in self.fields}


def records_of(table: Table) -> HTTPRouteHandler:
    """The route of the records of a table."""
    either_way = _either_way(table)

    async def records(request: Asking) -> Response[Any]:
        wanted = asked_fields(request, table.fields)
        filters = [*conditions(request, table.fields), *_in_time(request, table)]
        asked = choice(request, "order", either_way) or table.orders[0]
        by_fields = _fields_by(table, asked)

        def question(after: After, limit: int | None) -> Question:
            return Question(
                table.source,
                {field.name: field.sql for field in wanted},
                in_order(by_fields, after),
                filters,
                is_descending=asked.startswith("-"),
                limit=limit,
            )

        answering = Answering(
            table.contracts,
            table.name,
            by_fields,
            question,
            is_there=table.is_there,
            missing=table.missing,
            watchers=table.watchers,
        )
        return await answer(request, answering)

    of_time = PERIOD if table.time else ()
    return get(
        f"{ROOT}/{table.name}",
        **taking(
            least(Role.ANALYST), *of_time, *filters_of(table.fields), FIELDS, _order(table), *PAGES
        ),
        responses=described_records(table.name, table.name, table.fields),
        name=f"{table.name} records",
        summary=table.description,
    )(records)


def _fields_by(table: Table, order: str) -> list[Field]:
    """The fields that records are sorted by: the one of the order, then the key."""
    return [table.by_name[name] for name in dict.fromkeys([order.removeprefix("-"), *table.key])]


def _order(table: Table) -> Parameter:
    words = _either_way(table)
    first = " or ".join(words[: len(table.orders)])
    return Parameter("order", f"By {first}; with - before it from the last on.", one_of(words))


def _either_way(table: Table) -> list[str]:
    """What a request may say of the order: from the first record on, and from the last."""
    names = [name.removeprefix("-") for name in table.orders]
    return [*names, *(f"-{name}" for name in names)]


def _in_time(request: Asking, table: Table) -> list[Filter]:
    """The conditions that a record's time is within `start` and `end`."""
    if table.time is None:
        return []
    field, asked = table.by_name[table.time], period(request)
    if isinstance(field.type, Date):
        return between(field, _day(asked.start), _day(asked.end))
    return between(field, asked.start, asked.end)


def _day(moment: datetime | None) -> date | None:
    return moment and moment.date()
