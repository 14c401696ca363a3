"""Serves the ML service: `python -m ml_api`, ended by SIGTERM or Ctrl-C.

Requests under way end first; the exit code is then 0.
"""

import sys
from functools import partial

from pydantic import ValidationError
from pydantic_settings import CliApp

from ml_api.app import create_worker
from ml_api.settings import Settings
from txcat_web.logs import configure_logs
from txcat_web.serving import Listening, serve

WRONG_USE = 2


def main() -> None:
    """Read the settings, listen, serve until told to end."""
    settings = _settings()
    configure_logs(settings.log_level, settings.log_format)
    where = Listening(
        settings.model_version,
        settings.host,
        settings.port,
        settings.port_file,
        settings.workers,
        settings.shutdown_seconds,
    )
    serve("ml_api", partial(create_worker, settings), settings.limits, where)


def _settings() -> Settings:
    try:
        return CliApp.run(Settings)
    except ValidationError as error:
        print(f"ml_api cannot start: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(WRONG_USE)


if __name__ == "__main__":
    main()
