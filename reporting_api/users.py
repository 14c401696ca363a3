"""The routes by which users see their own payments and totals, and analysts everybody's.

A user who asks for somebody else is answered as if that one did not exist. The SQL does it, which
has the asking user's id as a condition; so it takes the same time too.
"""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from litestar import Response, get

from reporting_api.answers import PAGES, Answering, answer
from reporting_api.columns import schema_of
from reporting_api.parameters import (
    FLAG,
    PERIOD,
    Asking,
    Parameter,
    Period,
    choice,
    flag,
    one_of,
    period,
    taking,
)
from reporting_api.problems import Problem, wrong
from reporting_api.roles import Principal, Role, least
from txcat_assets.contracts.model import Choice, Id
from txcat_assets.contracts.payments import CONTRACT as PAYMENTS
from txcat_assets.pipeline.parse import parse_value
from txcat_assets.warehouse.queries.of_user import (
    CONTRACTS,
    ORDER_OF_TOTALS,
    SIDES,
    OfUser,
    is_seen,
    order_of_payments,
    payments_of,
    totals_of,
)

MOST_FILLED_DAYS = 36_600

NOBODY = "There is no such user."

CURRENCIES, STATUSES = (schema_of(PAYMENTS.type_of(name)) for name in ("currency", "status"))

CURRENCY = Parameter("currency", "Only in this currency, or these.", CURRENCIES, is_many=True)
STATUS = Parameter("status", "Only with this status, or these.", STATUSES, is_many=True)


@get(
    "/users/{user_id:str}/payments",
    **taking(
        least(Role.USER),
        *PERIOD,
        CURRENCY,
        STATUS,
        Parameter("direction", "Only those that the user has sent, or received.", one_of([*SIDES])),
        Parameter("suspicious", "Only those that are suspicious, or that are not.", FLAG),
        *PAGES,
    ),
    summary="A user's payments, by time",
)
async def payments(request: Asking, user_id: str) -> Response[Any]:
    """Pending and failed payments too, as their status says."""
    wanted, asked = _wanted(request, user_id)
    answering = Answering(
        CONTRACTS,
        "payments",
        order_of_payments(),
        lambda after, limit: payments_of(wanted, after, limit),
        _head(wanted, asked),
        lambda tx: is_seen(tx, wanted),
        NOBODY,
    )
    return await answer(request, answering)


@get(
    "/users/{user_id:str}/daily-totals",
    **taking(
        least(Role.USER),
        *PERIOD,
        CURRENCY,
        Parameter(
            "status", "Of payments with this status, or these; completed.", STATUSES, is_many=True
        ),
        Parameter("filled", "A row for days without payments too.", FLAG),
        *PAGES,
    ),
    summary="What a user sent and received, by day and currency",
)
async def daily_totals(request: Asking, user_id: str) -> Response[Any]:
    """Completed payments only, unless another status is asked for; currencies stay apart."""
    wanted, asked = _wanted(request, user_id, statuses=("completed",))
    filled = _filled(asked) if flag(request, "filled") else None
    answering = Answering(
        CONTRACTS,
        "daily_totals",
        ORDER_OF_TOTALS,
        lambda after, limit: totals_of(wanted, filled, after, limit),
        _head(wanted, asked),
        lambda tx: is_seen(tx, wanted),
        NOBODY,
    )
    return await answer(request, answering)


def user_of(user_id: str) -> UUID:
    """The id of a user as it is said in a path; raises Problem where it can be nobody's."""
    known = parse_value(Id(takes_integers=False), user_id)
    if known is None:
        raise Problem(HTTPStatus.NOT_FOUND, NOBODY)
    return UUID(known)


def _wanted(request: Asking, user_id: str, statuses: tuple[str, ...] = ()) -> tuple[OfUser, Period]:
    known = user_of(user_id)
    asked = period(request)
    principal: Principal = request.scope["state"]["principal"]
    takes = request.route_handler.opt["parameters"]
    names = {parameter.name for parameter in takes}
    wanted = OfUser(
        known,
        principal.owner,
        asked.start,
        asked.end,
        _words(request, "currency"),
        _words(request, "status") or statuses,
        choice(request, "direction", [*SIDES]) if "direction" in names else None,
        flag(request, "suspicious") if "suspicious" in names else None,
    )
    return wanted, asked


def _words(request: Asking, name: str) -> tuple[str, ...]:
    """The words of a column of payments, in any case, each once."""
    (kind,) = [one.type for one in PAYMENTS.columns if one.name == name]
    assert isinstance(kind, Choice)  # noqa: S101 - so says the contract
    texts = request.query_params.getall(name, [])
    found = {text: parse_value(kind, text) for text in texts}
    for text, word in found.items():
        if word is None:
            raise wrong(name, f"{name} is {text!r}.", kind.description)
    return tuple(sorted({*found.values()}))


def _head(wanted: OfUser, asked: Period) -> dict[str, Any]:
    return {"user_id": str(wanted.user_id), "start": asked.start_text, "end": asked.end_text}


def _filled(asked: Period) -> Any:
    if asked.start is None or asked.end is None:
        raise wrong("filled", "filled needs a start and an end.", "both, or no filled")
    first, last = asked.start.date(), asked.end.date()
    if (last - first).days > MOST_FILLED_DAYS:
        raise wrong("filled", "filled is for fewer days.", f"at most {MOST_FILLED_DAYS:,} days")
    return first, last
