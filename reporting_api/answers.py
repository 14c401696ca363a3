"""Answers requests for records: the page, its format, its ETag, and the state that it is true of.

An answer is written whole before its first byte is sent: so a slow client holds no transaction, an
error is answered as an error, and the ETag is that of the very bytes.
"""

import base64
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import anyio.to_thread
from litestar import Response
from litestar.openapi.spec import Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.response import Stream

from reporting_api.formats import FORMATS, JSON, SPOOLED_BYTES, Envelope, Written, write
from reporting_api.parameters import Asking, Parameter, one, whole_number
from reporting_api.problems import Problem, wrong
from reporting_api.reading import asker_of
from txcat_assets.contracts.model import Contract, Instant
from txcat_assets.pipeline.parse import parse_value
from txcat_assets.warehouse.databases.reader import ReadTransaction
from txcat_assets.warehouse.queries.records import ORDER, AsOf, Field, Question, as_of

PAGE_RECORDS, MOST_PAGE_RECORDS = 1_000, 10_000

CHUNK_BYTES = 256 * 1024

PAGES = (
    Parameter(
        "limit",
        f"How many records a page has. Without it {PAGE_RECORDS:,} as JSON, all as anything else.",
        Schema(type=OpenAPIType.INTEGER, minimum=1, maximum=MOST_PAGE_RECORDS),
    ),
    Parameter("after", "Where the page before ended, as its `next` link says."),
)

After = tuple[Any, ...]


@dataclass(frozen=True)
class Answering:
    """What a route answers: the records of a question, which is made anew for each page.

    `order` has the fields that records are sorted by; `is_there` says whether that which is asked
    for, such as a user, exists; if not, `missing` says so in words. `watchers` are those by which
    a mart is made.
    """

    contracts: Sequence[Contract]
    name: str
    order: Sequence[Field]
    question: Callable[[After, int | None], Question]
    head: Mapping[str, Any] = field(default_factory=dict)
    is_there: Callable[[ReadTransaction], bool] = lambda _: True
    missing: str = ""
    watchers: Sequence[str] = ()


@dataclass(frozen=True)
class Page:
    """A page that was written; `ended` is its last record's place in the order, if more follow."""

    written: Written
    state: AsOf
    ended: After = ()


async def answer(request: Asking, answering: Answering) -> Response[Any]:
    """The answer to a request for records."""
    media_type = accepted(request)
    limit = whole_number(request, "limit", MOST_PAGE_RECORDS)
    if limit is None and media_type == JSON:
        limit = PAGE_RECORDS
    after = _after(request, answering.order)

    def work(tx: ReadTransaction) -> Page:
        state = as_of(tx, answering.contracts, answering.watchers)
        if not answering.is_there(tx):
            raise Problem(HTTPStatus.NOT_FOUND, answering.missing)
        sql, values = answering.question(after, None if limit is None else limit + 1).bound
        keys = [ORDER.format(number) for number in range(len(answering.order))]
        ended: After = ()
        if limit is None:
            frames = tx.frames(sql, **values)
        else:
            found = tx.page(sql, **values)
            ended = found.row(limit - 1, named=False) if found.height > limit else ()
            ended = ended[found.width - len(keys) :] if ended else ()
            frames = iter([found.head(limit)])
        envelope = Envelope(answering.head, answering.name, {"next": _next(request, ended)})
        return Page(write((one.drop(keys) for one in frames), media_type, envelope), state, ended)

    page = await asker_of(request.app.state).ask(request, work)
    request.scope["state"]["records"] = page.written.records
    response = response_of(request, page, media_type)
    if answering.watchers:
        response.headers["txcat-mart"] = "behind" if page.state.is_behind else "current"
    return response


def accepted(request: Asking) -> str:
    """The format that the client prefers; raises Problem where it accepts none."""
    found = request.accept.best_match(list(FORMATS), default=None)
    if found is None:
        detail = f"An answer can be {', '.join(FORMATS)}."
        raise Problem(HTTPStatus.NOT_ACCEPTABLE, detail, "Accept", " or ".join(FORMATS))
    return found


def response_of(request: Asking, page: Page, media_type: str) -> Response[Any]:
    """The page as a response; without a body where the client has it already."""
    written = page.written
    headers = {
        "cache-control": "private, no-cache",
        "etag": written.tag,
        "vary": "Accept, Authorization",
        "txcat-newest-slice": str(page.state.newest_slice),
        "txcat-contracts": ", ".join(f"{n}={v}" for n, v in page.state.versions.items()),
    }
    if page.ended:
        headers["link"] = f'<{_next(request, page.ended)}>; rel="next"'
    theirs = [tag.strip().removeprefix("W/") for tag in _tags(request).split(",")]
    if written.tag in theirs or theirs == ["*"]:
        written.file.close()
        return Response(None, status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    if written.size <= SPOOLED_BYTES:
        with written.file as file:
            return Response(file.read(), media_type=media_type, headers=headers)
    headers["content-length"] = str(written.size)
    return Stream(_chunks(written), media_type=media_type, headers=headers)


def _tags(request: Asking) -> str:
    """The ETags of the answers that the client has."""
    given: str = request.headers.get("if-none-match", "")
    return given


async def _chunks(written: Written) -> AsyncIterator[bytes]:
    try:
        while part := await anyio.to_thread.run_sync(written.file.read, CHUNK_BYTES):
            yield part
    finally:
        written.file.close()


def _next(request: Asking, ended: After) -> str | None:
    """The address of the next page; relative, so that it is right behind any proxy."""
    if not ended:
        return None
    others = [pair for pair in request.query_params.multi_items() if pair[0] != "after"]
    cursor = base64.urlsafe_b64encode(json.dumps([*map(str, ended)]).encode()).decode()
    return f"{request.url.path}?{urlencode([*others, ('after', cursor.rstrip('='))])}"


def _after(request: Asking, order: Sequence[Field]) -> After:
    """Where the last page ended, as the client sends it back."""
    text = one(request, "after")
    if text is None:
        return ()
    try:
        decoded = json.loads(base64.urlsafe_b64decode(f"{text}{'=' * (-len(text) % 4)}"))
        texts = [value for value in decoded if isinstance(value, str) and "\0" not in value]
    except (ValueError, TypeError):
        texts = []
    if len(texts) == len(order):
        values = [_value(field, text) for field, text in zip(order, texts, strict=True)]
        if None not in values:
            return tuple(values)
    raise wrong("after", "after is not where a page has ended.", "what the `next` link says")


def _value(field: Field, text: str) -> Any:
    if isinstance(field.type, Instant):
        text = f"{text}Z"
    return parse_value(field.type, text)  # type: ignore[arg-type]  # no order is by a list of codes
