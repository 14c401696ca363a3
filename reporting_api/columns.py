"""A contract's columns as parameters of a request, and as the description of an answer.

How a text is read as a value is the same as in files: `txcat_assets.pipeline.parse`.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType

from reporting_api.parameters import (
    DAY,
    FLAG,
    TEXT,
    UUID,
    Asking,
    Parameter,
    one,
    one_of,
)
from reporting_api.problems import wrong
from txcat_assets.contracts.model import (
    AnswerType,
    Choice,
    Codes,
    Date,
    Email,
    Flag,
    Id,
    Instant,
    Integer,
    Money,
    Text,
)
from txcat_assets.pipeline.parse import parse_value
from txcat_assets.warehouse.queries.records import Field, Filter, Sign, condition

SIGNS: dict[str, Sign] = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}

RESERVED = {"start", "end", "fields", "order", "limit", "after"}
"""Names of other parameters; a column with such a name is filtered by its name and `.eq`."""

FIELDS = Parameter("fields", "Only these columns, with commas between.")


def filters_of(fields: Sequence[Field]) -> list[Parameter]:
    """The parameters by which records are filtered by their columns."""
    found = []
    for field in fields:
        if isinstance(field.type, Codes):
            continue
        schema = schema_of(field.type)
        found.append(Parameter(_equal(field), f"{field.description} Or these.", schema, True))
        if not isinstance(field.type, Flag | Choice):
            found += [
                Parameter(f"{field.name}.{sign}", field.description, schema) for sign in SIGNS
            ]
    return found


def schema_of(kind: AnswerType) -> Schema:  # noqa: C901, PLR0911 - a case each
    """How a value of a column type is written in a request, for the OpenAPI description.

    Other ways are read too, such as an id in braces; each of these is.
    """
    text = OpenAPIType.STRING
    match kind:
        case Flag():
            return FLAG
        case Choice(values):
            return one_of(values)
        case Id(takes_integers=True):
            return Schema(any_of=[UUID, Schema(type=OpenAPIType.INTEGER, minimum=0)])
        case Id():
            return UUID
        case Integer():
            return Schema(type=OpenAPIType.INTEGER, minimum=-(2**63), maximum=2**63 - 1)
        case Money(precision, scale):
            whole, part = f"[0-9]{{1,{precision - scale}}}", rf"(\.[0-9]{{1,{scale}}})?"
            return Schema(type=text, pattern=f"^[+-]?{whole}{part if scale else ''}$")
        case Instant():
            return Schema(type=text, format=OpenAPIFormat.DATE_TIME)
        case Date():
            return DAY
        case Email():
            return Schema(type=text, format=OpenAPIFormat.EMAIL)
        case Text(max_chars):
            return Schema(type=text, min_length=1, max_length=max_chars)
        case _:
            return TEXT


def conditions(request: Asking, fields: Sequence[Field]) -> list[Filter]:
    """The conditions on columns that a request has."""
    found = []
    for field in fields:
        texts = request.query_params.getall(_equal(field), [])
        if texts:
            values = [_value(_equal(field), field, text) for text in texts]
            found.append(condition(field, "=", values))
        for name, sign in SIGNS.items():
            text = one(request, f"{field.name}.{name}")
            if text is not None:
                found.append(condition(field, sign, [_value(f"{field.name}.{name}", field, text)]))
    return found


def asked_fields(request: Asking, fields: Sequence[Field]) -> Sequence[Field]:
    """The columns that a request wants, in the order in which it names them."""
    text = one(request, "fields")
    if text is None:
        return fields
    known = {field.name: field for field in fields}
    names = list(dict.fromkeys(name.strip() for name in text.split(",")))
    if missing := [name for name in names if name not in known]:
        raise wrong("fields", f"There is no column {missing[0]!r}.", f"of: {', '.join(known)}")
    return [known[name] for name in names]


def described_records(table: str, name: str, fields: Sequence[Field]) -> dict[int, ResponseSpec]:
    """What an answer of records of a table looks like, for the OpenAPI description."""
    title = table.title().replace("_", "")
    record = msgspec.defstruct(
        f"{title}Record",
        [
            (f"column_{n}", _python_type(field.type) | None, msgspec.field(name=field.name))
            for n, field in enumerate(fields)
        ],
    )
    page = msgspec.defstruct(f"{title}Page", [(name, list[record]), ("next", str | None)])  # type: ignore[valid-type]
    return {200: ResponseSpec(page, generate_examples=False, description="A page of records")}


def _equal(field: Field) -> str:
    return f"{field.name}.eq" if field.name in RESERVED else field.name


def _value(parameter: str, field: Field, text: str) -> Any:
    value = parse_value(field.type, text)  # type: ignore[arg-type]  # none of these is a list
    if value is None:
        raise wrong(parameter, f"{parameter} is {text!r}.", _expected(field.type))
    return value


def _expected(kind: AnswerType) -> str:
    return kind.description if isinstance(kind, Choice) else f"a value as {kind} has"


def _python_type(kind: AnswerType) -> Any:
    match kind:
        case Flag():
            return bool
        case Codes():
            return list[str]
        case Integer():
            return int
        case _:
            return str
