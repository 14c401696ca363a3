"""The log of a web service: one JSON object a line on standard output, the server's own too.

What is logged of a request is decided in `txcat_web.request_log`.
"""

import logging
import sys
import traceback
from collections.abc import Iterator

import structlog


def configure_logs(log_level: str, log_format: str) -> None:
    """Send everything that is logged in this process through one format: json or console."""
    first: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*first, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=first,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_rendered_as(log_format),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=log_level.upper(), force=True)


def _rendered_as(log_format: str) -> list[structlog.typing.Processor]:
    where = structlog.processors.ExceptionRenderer(_where_it_failed)
    if log_format == "console":
        return [where, structlog.dev.ConsoleRenderer()]
    return [where, structlog.processors.JSONRenderer()]


def _where_it_failed(exc_info: structlog.typing.ExcInfo) -> str:
    """The classes of an exception and of its causes, and the lines of code that they passed.

    Neither local variables nor messages: both may quote records, which are customers'.
    """
    return "\ncaused by:\n".join(map(_place_of, _causes(exc_info[1])))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        yield error
        seen.append(error)
        error = error.__cause__ or error.__context__


def _place_of(error: BaseException) -> str:
    lines = "".join(traceback.format_tb(error.__traceback__))
    return f"{lines}{type(error).__module__}.{type(error).__qualname__}"
