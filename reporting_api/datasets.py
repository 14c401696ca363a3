"""What can be asked of a dataset, by its contract: records, one record, quarantined records."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from reporting_api.answers import PAGES, After, Answering, answer
from reporting_api.columns import described_records
from reporting_api.one_record import one_record
from reporting_api.parameters import PERIOD, Asking, Parameter, one, period, taking
from reporting_api.roles import Role, least
from reporting_api.tables import ROOT, Table
from txcat_assets.contracts.model import Contract, Date, Integer, Text
from txcat_assets.contracts.registry import all_contracts
from txcat_assets.warehouse.queries.records import (
    Field,
    Question,
    between,
    fields_of,
    in_order,
    quarantined_fields,
    validated_with_answers,
)


def tables_of_datasets() -> Iterator[Table]:
    """Every dataset and every mart of one, by the contracts."""
    for contract in all_contracts().values():
        name, own = contract.dataset, fields_of(contract)
        yield _table(name, contract, validated_with_answers(contract), own, contract.description)
        for mart in contract.marts:
            answers = [Field(a.name, f'r."{a.name}"', a.type, a.description) for a in mart.columns]
            columns = [*own[: len(contract.columns)], *answers]
            source = f"{mart.name}.{name} AS r"
            table = _table(mart.name, contract, source, columns, mart.description)
            yield replace(table, watchers=[mart.name])


def _table(
    name: str, contract: Contract, source: str, fields: Sequence[Field], description: str
) -> Table:
    time = contract.event_time
    required = {column.name for column in contract.columns if column.is_required}
    orders = [contract.key, *([time] if time and time in required else [])]
    return Table(
        name, description, [contract], source, fields, [contract.key], time or None, orders
    )


def routes_of_datasets() -> Iterator[HTTPRouteHandler]:
    """The routes of every dataset beside those of its records."""
    for contract in all_contracts().values():
        yield one_record(f"{ROOT}/{contract.dataset}", contract)
        yield _quarantined(contract)


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
