"""Error replies of the API: problem details by RFC 9457, rendered in one place.

Each says what is wrong, of which parameter if it is one, and what is expected.
"""

from http import HTTPStatus

import msgspec
import structlog
from litestar import Request, Response
from litestar.datastructures import State
from litestar.exceptions import HTTPException, MethodNotAllowedException
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIResponse, Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.routes import HTTPRoute

from txcat_assets.errors import TransientError, TxcatError
from txcat_assets.text import MESSAGE_CHARS, for_terminal, shortened

log = structlog.stdlib.get_logger()

MEDIA_TYPE = "application/problem+json"

FORESEEN = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.NOT_ACCEPTABLE,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
)

RETRY_SECONDS = 2
"""After so long the warehouse is usually free again."""


class ProblemDetails(msgspec.Struct, omit_defaults=True):
    """The body of every answer that is not a success."""

    title: str
    status: int
    detail: str
    parameter: str | None = None
    expected: str | None = None
    type: str = "about:blank"


class Problem(Exception):
    """A request cannot be answered; `expected` says what the parameter may be."""

    def __init__(
        self, status: HTTPStatus, detail: str, parameter: str | None = None, expected: str = ""
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.headers: dict[str, str] = {}
        self.details = ProblemDetails(
            status.phrase, status, _plain(detail), parameter and _plain(parameter), expected or None
        )

    def with_headers(self, **headers: str) -> "Problem":
        """The same, answered with these headers, named as in Python."""
        self.headers |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self


def problem_responses() -> dict[str, OpenAPIResponse]:
    """What any route may answer instead, for the OpenAPI description."""
    text = Schema(type=OpenAPIType.STRING)
    number = Schema(type=OpenAPIType.INTEGER)
    details = Schema(
        type=OpenAPIType.OBJECT,
        properties={
            **dict.fromkeys(("title", "detail", "parameter", "expected", "type"), text),
            "status": number,
        },
        required=["title", "status", "detail"],
    )
    content = {MEDIA_TYPE: OpenAPIMediaType(schema=details)}
    return {str(status): OpenAPIResponse(status.phrase, content=content) for status in FORESEEN}


def wrong(parameter: str, detail: str, expected: str) -> Problem:
    """The problem of a parameter with a wrong value."""
    return Problem(HTTPStatus.BAD_REQUEST, detail, parameter, expected)


def answer_problem(
    request: Request[object, object, State], error: Exception
) -> Response[ProblemDetails]:
    """Render any exception; an unforeseen one is logged, and its reply shows no internals."""
    problem = error if isinstance(error, Problem) else _problem_of(request, error)
    return Response(
        problem.details,
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers=problem.headers | {"cache-control": "no-store"},
    )


def _problem_of(request: Request[object, object, State], error: Exception) -> Problem:
    unavailable = HTTPStatus.SERVICE_UNAVAILABLE
    match error:
        case MethodNotAllowedException():
            status = HTTPStatus.METHOD_NOT_ALLOWED
            return Problem(status, error.detail).with_headers(allow=_allowed(request))
        case HTTPException(status_code=code, detail=detail):
            return Problem(HTTPStatus(code), detail)
        case TransientError():
            log.warning("warehouse not to be had", why=str(error))
            words = "The warehouse is busy or does not answer just now; ask again."
            return Problem(unavailable, words).with_headers(retry_after=str(RETRY_SECONDS))
        case TxcatError():
            log.error("warehouse not as it should be", why=str(error))
            words = "The warehouse cannot be read as it is; the service's log tells why."
            return Problem(unavailable, words)
    log.error("request failed", exc_info=error)
    words = "The service failed; its log has why, by the request id."
    return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, words)


def _plain(text: str) -> str:
    return shortened(for_terminal(text), MESSAGE_CHARS)


def _allowed(request: Request[object, object, State]) -> str:
    """The methods that the path has."""
    routes = [route for route in request.app.routes if isinstance(route, HTTPRoute)]
    methods = {m for route in routes if route.path == request.url.path for m in route.methods}
    return ", ".join(sorted(methods)) or "GET"
