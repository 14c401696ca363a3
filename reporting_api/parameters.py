"""Query parameters: each route declares those that it takes, and they are read strictly.

The OpenAPI description is made from the same declarations. An unknown parameter is refused: were it
ignored, the answer would be to another question.
"""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any

from litestar import Request
from litestar.datastructures import State
from litestar.openapi.spec import Operation, Schema
from litestar.openapi.spec import Parameter as OpenApiParameter
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType

from reporting_api.problems import problem_responses, wrong

PARAMETERS = "parameters"
"""The option by which a route declares its parameters."""

TEXT = Schema(type=OpenAPIType.STRING)
FLAG = Schema(type=OpenAPIType.BOOLEAN)
UUID = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.UUID)
DAY = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.DATE)
DAY_OR_INSTANT = Schema(
    any_of=[DAY, Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.DATE_TIME)]
)

MAX_TEXT_CHARS = 1_000
"""A value of a parameter; the longest text that a column may hold has as many."""

MOMENT = "a day that there is, as 2025-05-31, or an instant, as 2025-05-31T12:00:00Z"

Asking = Request[Any, Any, State]


@dataclass(frozen=True)
class Parameter:
    """A parameter that a route takes; where `is_many`, it may be given several times."""

    name: str
    description: str
    schema: Schema = field(default_factory=lambda: TEXT)
    is_many: bool = False

    @property
    def described(self) -> OpenApiParameter:
        """The parameter as the OpenAPI description has it."""
        many = Schema(type=OpenAPIType.ARRAY, items=self.schema)
        schema = many if self.is_many else self.schema
        return OpenApiParameter(self.name, "query", schema=schema, description=self.description)


PERIOD = (
    Parameter("start", "The first day, UTC, or an instant.", DAY_OR_INSTANT),
    Parameter("end", "The last day, UTC, which is included, or an instant.", DAY_OR_INSTANT),
)


def one_of(words: Sequence[str]) -> Schema:
    """The description of a value that is one of some words."""
    return Schema(type=OpenAPIType.STRING, enum=list(words))


def taking(access: dict[str, Any], *parameters: Parameter) -> dict[str, Any]:
    """What a route handler is declared with: who may use it, and its parameters."""

    @dataclass
    class Described(Operation):
        def __post_init__(self) -> None:
            described = [parameter.described for parameter in parameters]
            self.parameters = [*(self.parameters or []), *described]
            self.responses = {**(self.responses or {}), **problem_responses()}

    return {"opt": {**access, PARAMETERS: parameters}, "operation_class": Described}


async def refuse_unknown(request: Asking) -> None:
    """Refuse a parameter that the route does not take, or one given more often than it may be."""
    taken: Sequence[Parameter] = request.route_handler.opt.get(PARAMETERS, ())
    by_name = {parameter.name: parameter for parameter in taken}
    for name in request.query_params:
        values = request.query_params.getall(name)
        if name not in by_name:
            near = difflib.get_close_matches(name[:80], by_name, 1) or sorted(by_name)[:30]
            expected = f"one of: {', '.join(near)}" if near else "no parameter"
            raise wrong(name, f"There is no parameter {name[:80]!r} here.", expected)
        if len(values) > 1 and not by_name[name].is_many:
            raise wrong(name, f"{name} is given {len(values)} times.", "it once")
        if any("\0" in value or len(value) > MAX_TEXT_CHARS for value in values):
            detail = f"{name} has a value that is too long, or one with a NUL."
            raise wrong(name, detail, f"at most {MAX_TEXT_CHARS} characters")


def one(request: Asking, name: str) -> str | None:
    """The value of a parameter; None where it is not given."""
    value: str | None = request.query_params.get(name)
    return value


def whole_number(request: Asking, name: str, most: int) -> int | None:
    """A number from 1 to `most`."""
    text = one(request, name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= most):
        raise wrong(name, f"{name} is {text!r}.", f"a whole number from 1 to {most}")
    return int(text)


def flag(request: Asking, name: str) -> bool | None:
    """True or false."""
    text = choice(request, name, ("true", "false"))
    return None if text is None else text == "true"


def choice(request: Asking, name: str, choices: Sequence[str]) -> str | None:
    """One of some words."""
    text = one(request, name)
    if text is not None and text not in choices:
        raise wrong(name, f"{name} is {text!r}.", f"one of: {', '.join(choices)}")
    return text


@dataclass(frozen=True)
class Period:
    """A time with both ends included, in UTC without an offset; None where an end is open.

    The texts are those of the request.
    """

    start: datetime | None
    end: datetime | None
    start_text: str | None
    end_text: str | None


def period(request: Asking) -> Period:
    """The time between `start` and `end`, both included: whole days in UTC, or instants."""
    start_text, end_text = one(request, "start"), one(request, "end")
    start = _moment("start", start_text, time.min)
    end = _moment("end", end_text, time.max)
    if start is not None and end is not None and end < start:
        detail = f"end, {end_text}, is before start, {start_text}."
        raise wrong("end", detail, "the later one as end")
    return Period(start, end, start_text, end_text)


def _moment(name: str, text: str | None, of_day: time) -> datetime | None:
    if text is None:
        return None
    try:
        if len(text) == 10:
            return datetime.combine(date.fromisoformat(text), of_day)
        given = datetime.fromisoformat(text.replace(" ", "+"))  # in a query a plus sign is a blank
        if given.tzinfo is not None:
            return given.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        raise wrong(name, f"{name} is {text!r}, no day and no instant.", MOMENT) from None
    raise wrong(name, f"{name} is {text!r}, an instant without an offset.", MOMENT)
