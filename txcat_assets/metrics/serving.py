"""Looks at the installation again and again, and tells Prometheus what was seen.

A scrape is given what the newest look found and asks nothing itself: so it takes no time and holds
nobody up, however often it comes. What is told is in `families`.
"""

import signal
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

from prometheus_client import CollectorRegistry, generate_latest, start_http_server
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from txcat_assets.clock import utc_now
from txcat_assets.contracts.registry import all_contracts
from txcat_assets.errors import SettingRefused
from txcat_assets.health.look import Look
from txcat_assets.metrics.families import LOOK, families
from txcat_assets.settings import Settings


@dataclass(eq=False)
class Looks(Collector):
    """What the newest look found, for each scrape; before the first look nothing is known."""

    new_look: Callable[[], Look]
    _found: list[Metric] = field(default_factory=list)

    def collect(self) -> Iterable[Metric]:
        """What the newest look found."""
        return self._found

    def look(self) -> None:
        """Look again; meanwhile scrapes are given what was found before."""
        began = time.perf_counter()
        found = [*families(self.new_look())]
        took, at = (GaugeMetricFamily(*one) for one in LOOK)
        took.add_metric([], time.perf_counter() - began)
        at.add_metric([], time.time())
        self._found = [*found, took, at]


def told_once(settings: Settings, home: Path) -> str:
    """What one look finds, as Prometheus reads it."""
    looks, registry = _looks(settings, home)
    looks.look()
    return generate_latest(registry).decode()


def serve(settings: Settings, home: Path, is_ready: Callable[[str], None]) -> None:
    """Serve what is found until SIGTERM or Ctrl-C; `is_ready` is told the address.

    Raises SettingRefused where the port is taken.
    """
    looks, registry = _looks(settings, home)
    looks.look()
    try:
        server, _ = start_http_server(settings.metrics_port, settings.metrics_host, registry)
    except OSError as error:
        raise SettingRefused(
            f"txcat metrics cannot listen on {settings.metrics_host}:{settings.metrics_port} "
            f"({error.strerror}); choose another by TXCAT_METRICS_HOST and TXCAT_METRICS_PORT."
        ) from error
    is_over = Event()
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda *_: is_over.set())
    is_ready(f"http://{settings.metrics_host}:{server.server_port}/metrics")
    while not is_over.wait(settings.metrics_seconds):
        looks.look()
    server.shutdown()


def _looks(settings: Settings, home: Path) -> tuple[Looks, CollectorRegistry]:
    looks = Looks(lambda: Look(settings, all_contracts(), home, utc_now()))
    registry = CollectorRegistry()
    registry.register(looks)
    return looks, registry
