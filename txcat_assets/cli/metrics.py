"""`txcat metrics`: what Prometheus scrapes, served until the end or printed once.

What is told is in `txcat_assets.metrics`.
"""

from typing import Annotated

import typer

from txcat_assets.settings import Settings


def metrics(
    once: Annotated[bool, typer.Option("--once", help="Print them once instead.")] = False,
) -> None:
    """Serve metrics of the whole installation to Prometheus, until SIGTERM or Ctrl-C."""
    # The drivers of databases and Kafka take a part of a second, which no other command need wait.
    from txcat_assets.cli.home import dagster_home_of  # noqa: PLC0415
    from txcat_assets.cli.terminal import say  # noqa: PLC0415
    from txcat_assets.metrics.serving import serve, told_once  # noqa: PLC0415

    settings = Settings()
    home = dagster_home_of(settings)
    if once:
        for line in told_once(settings, home).splitlines():
            say(line)
        return
    every = f"looked at anew every {settings.metrics_seconds:g} s"
    serve(settings, home, lambda url: say(f"Metrics are on {url}, {every}."))
