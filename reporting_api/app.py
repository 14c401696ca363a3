"""The reporting API as an ASGI application: its routes, and what all of them share.

`create_app` takes the settings and gives the application; `reporting_api.serving` serves it. The
routes are in `catalog`, `users`, `reports`, `key_list` and `health`.
"""

from litestar import Litestar
from litestar.config.cors import CORSConfig
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, YamlRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.router import Router
from litestar.types import ASGIApp

from reporting_api.audit import Audit
from reporting_api.catalog import routes_of_catalog
from reporting_api.guard import gate_of, let_through
from reporting_api.health import health, ready
from reporting_api.key_list import key_list
from reporting_api.parameters import refuse_unknown
from reporting_api.problems import answer_problem
from reporting_api.reading import Asker
from reporting_api.reports import monthly_report
from reporting_api.roles import NO_KEY_NEEDED, PUBLIC
from reporting_api.users import daily_totals, payments
from txcat_assets.settings import Settings
from txcat_assets.warehouse.connect import open_reader
from txcat_web.logs import configure_logs
from txcat_web.metrics import counting, metrics_route
from txcat_web.openapi_page import OpenApiPage
from txcat_web.request_log import RequestLog

VERSION = "1"

KEY = "key"

MAX_BODY_BYTES = 1
"""No route takes a body."""

HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
"""Headers of every answer, for browsers; a route may set others."""

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'"
)
"""What the page that shows the description may load: nothing from elsewhere."""


def create_worker(settings: Settings) -> ASGIApp:
    """The application in a process of its own, which logs as the settings say."""
    configure_logs(settings.api_log_level, "json")
    return create_app(settings)


def create_app(settings: Settings) -> ASGIApp:
    """The application under these settings, its request log around it."""
    gate = gate_of(settings)
    reader = open_reader(settings.warehouse, settings.api_wait_seconds, settings.api_query_seconds)
    service = Litestar(
        routes(),
        before_request=refuse_unknown,
        middleware=[counting("reporting_api").middleware],
        guards=[let_through],
        cors_config=_cors(settings),
        exception_handlers={Exception: answer_problem},
        logging_config=None,
        openapi_config=OpenAPIConfig(
            "What txcat has loaded",
            VERSION,
            components=Components(
                security_schemes={KEY: SecurityScheme(type="http", scheme="bearer")}
            ),
            security=[{KEY: []}],
            openapi_router=Router(
                "/schema",
                route_handlers=[],
                include_in_schema=False,
                opt=PUBLIC,
                response_headers={"content-security-policy": PAGE_POLICY},
            ),
            render_plugins=[OpenApiPage(), JsonRenderPlugin(), YamlRenderPlugin()],
        ),
        request_max_body_size=MAX_BODY_BYTES,
        state=State(
            {
                "gate": gate,
                "reader": reader,
                "reports_folder": settings.reports_folder,
                "asker": Asker(reader, settings.api_reads, settings.api_wait_seconds),
            }
        ),
    )
    return RequestLog(Audit(service, gate.store), HEADERS)


def routes() -> list[HTTPRouteHandler]:
    """Every route of the API."""
    watched = [health, ready, metrics_route(opt=PUBLIC, security=NO_KEY_NEEDED)]
    return [*watched, payments, daily_totals, monthly_report, key_list, *routes_of_catalog()]


def _cors(settings: Settings) -> CORSConfig | None:
    """Which pages of other origins may read answers: none unless they are named."""
    origins = settings.api_cors_origins.split()
    return CORSConfig(allow_origins=origins, allow_methods=["GET"]) if origins else None
