"""Error replies of the service: one class, and the one handler that renders every error.

Every error is JSON with a `code` for programs and a `detail` for people; refused records are
listed in `errors` besides.
"""

from collections.abc import Sequence
from http import HTTPStatus

import msgspec
import structlog
from litestar import Request, Response
from litestar.datastructures import State
from litestar.exceptions import HTTPException, MethodNotAllowedException
from litestar.routes import HTTPRoute

log = structlog.stdlib.get_logger()


class RecordFault(msgspec.Struct):
    """Why a record of the request cannot be read; `field` is null when it is no object at all."""

    index: int
    field: str | None
    message: str


class ErrorReply(msgspec.Struct, omit_defaults=True):
    """The body of every answer that is not a success."""

    code: str
    detail: str
    errors: list[RecordFault] = []


class RequestRefused(Exception):
    """The request is at fault; sent again unchanged, it will be refused again."""

    def __init__(
        self, status: int, code: str, detail: str, errors: Sequence[RecordFault] = ()
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.reply = ErrorReply(code, detail, list(errors))


def answer_error(request: Request[object, object, State], error: Exception) -> Response[ErrorReply]:
    """Render any exception; an unforeseen one is logged, and its reply shows no internals."""
    if isinstance(error, RequestRefused):
        return Response(error.reply, status_code=error.status)
    if isinstance(error, HTTPException):
        code = HTTPStatus(error.status_code).name.lower()
        headers = _allowed(request) if isinstance(error, MethodNotAllowedException) else {}
        reply = ErrorReply(code, error.detail)
        return Response(reply, status_code=error.status_code, headers=headers)
    log.error("request failed", exc_info=error)
    reply = ErrorReply("internal_error", "The service failed; its log has why, by the request id.")
    return Response(reply, status_code=HTTPStatus.INTERNAL_SERVER_ERROR)


def _allowed(request: Request[object, object, State]) -> dict[str, str]:
    """The header that says which methods the path has."""
    routes = [route for route in request.app.routes if isinstance(route, HTTPRoute)]
    methods = {m for route in routes if route.path == request.url.path for m in route.methods}
    return {"allow": ", ".join(sorted(methods))}
