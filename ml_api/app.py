"""The HTTP interface of the model: its routes, and the OpenAPI pages under /schema.

`create_app` takes the settings and gives the ASGI application; `ml_api.__main__` serves it.
"""

import structlog
from litestar import Litestar, Request, get, post
from litestar.datastructures import State
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.openapi import OpenAPIConfig, ResponseSpec
from litestar.openapi.plugins import JsonRenderPlugin, YamlRenderPlugin
from litestar.types import ASGIApp
from msgspec import Struct

from ml_api.errors import ErrorReply, RequestRefused, answer_error
from ml_api.model import Prediction, predict
from ml_api.reading import Body, read_transactions
from ml_api.settings import Settings
from txcat_web.logs import configure_logs
from txcat_web.metrics import counting, metrics_route
from txcat_web.openapi_page import OpenApiPage
from txcat_web.request_log import RequestLog


class Health(Struct):
    """The process runs."""

    status: str = "ok"


class Ready(Struct):
    """The model answers, and this is its version."""

    model_version: str
    status: str = "ready"


class PredictRequest(Request[object, object, State]):
    """A request whose JSON is read into transactions in one step, within the limits."""

    async def body(self) -> bytes:
        """The whole body; 413 when it is too large, 400 when there is none."""
        try:
            body = await super().body()
        except RequestEntityTooLarge:
            most = self.app.state.settings.max_body_bytes
            detail = f"The body has more than {most} bytes; send shorter lists."
            raise RequestRefused(413, "body_too_large", detail) from None
        if not body:
            raise RequestRefused(400, "broken_json", "The body is empty.")
        return body

    async def json(self) -> Body:
        """The transactions of the body."""
        return read_transactions(await self.body(), self.app.state.settings.max_list_items)


def _refused(description: str) -> ResponseSpec:
    return ResponseSpec(ErrorReply, generate_examples=False, description=description)


@post(
    "/predict",
    status_code=200,
    request_class=PredictRequest,
    summary="Categorize one transaction or a list",
    responses={
        400: _refused("The body is not JSON, or some of its text is not UTF-8"),
        413: _refused("The body or the list is too long"),
        422: _refused("Records are not transactions; each is named"),
    },
)
async def answer(data: Body) -> Prediction | list[Prediction]:
    """Answer in kind: one prediction for one transaction, a list in the same order for a list."""
    many = data if isinstance(data, list) else [data]
    structlog.contextvars.bind_contextvars(transactions=len(many))
    predictions = predict(many)
    return predictions if isinstance(data, list) else predictions[0]


@get("/health", summary="Does the process run?")
async def health() -> Health:
    """Answer as long as the process runs."""
    return Health()


@get("/ready", summary="Can the model answer, and which one is it?")
async def ready(state: State) -> Ready:
    """Name the version that marks every answer."""
    return Ready(state.settings.model_version)


def create_worker(settings: Settings) -> ASGIApp:
    """The application in a process of its own, which logs as the settings say."""
    configure_logs(settings.log_level, settings.log_format)
    return create_app(settings)


def create_app(settings: Settings) -> ASGIApp:
    """The application under these settings, its request log around it."""
    service = Litestar(
        [answer, health, ready, metrics_route()],
        middleware=[counting("ml_api").middleware],
        exception_handlers={Exception: answer_error},
        logging_config=None,
        openapi_config=OpenAPIConfig(
            "Categories of transactions",
            settings.model_version,
            render_plugins=[OpenApiPage(), JsonRenderPlugin(), YamlRenderPlugin()],
        ),
        request_max_body_size=settings.max_body_bytes,
        state=State({"settings": settings}),
    )
    return RequestLog(service, {"x-model-version": settings.model_version})
