"""Serves the reporting API as `txcat api` does: listens, and answers until SIGTERM or Ctrl-C.

How a web service listens and ends is in `txcat_web.serving`.
"""

from functools import partial

from reporting_api.app import VERSION, create_worker
from reporting_api.tokens import Tokens
from txcat_assets.settings import Settings
from txcat_web.arrival import Limits
from txcat_web.logs import configure_logs
from txcat_web.serving import Listening, serve

MAX_REQUEST_BYTES = 16 * 1024
"""Address and headers; no question has a body."""


def serve_api(settings: Settings) -> None:
    """Serve until told to end; raises SettingRefused where tokens could not be verified."""
    Tokens(settings)
    configure_logs(settings.api_log_level, "json")
    limits = Limits(
        max_head_bytes=MAX_REQUEST_BYTES,
        max_request_bytes=2 * MAX_REQUEST_BYTES,
        arrival_seconds=settings.api_arrival_seconds,
        max_connections=settings.api_max_connections,
        max_arriving_of_address=max(1, settings.api_max_connections // 2),
    )
    where = Listening(
        VERSION,
        settings.api_host,
        settings.api_port,
        settings.api_port_file,
        settings.api_workers,
        settings.api_shutdown_seconds,
    )
    serve("txcat api", partial(create_worker, settings), limits, where)
