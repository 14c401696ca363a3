"""What is counted of requests, for Prometheus: how many, how long, how many at once.

The labels are bounded: a route stands for all its addresses. The workers of a service count into
files of one folder, which `serving` names, so that each of them answers for all.
"""

import os
from typing import Any

from litestar import MediaType, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.plugins.prometheus import PrometheusConfig
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    generate_latest,
    multiprocess,
)

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""prometheus_client's name of the folder for the counts of several processes."""


def counting(service: str) -> PrometheusConfig:
    """What counts the requests of a service; its `middleware` goes into the application."""
    return PrometheusConfig(app_name=service, prefix="txcat_http", group_path=True)


def metrics_route(**options: Any) -> HTTPRouteHandler:
    """The route that gives what all workers have counted since the service was started."""

    @get(
        "/metrics",
        media_type=MediaType.TEXT,
        summary="What is counted of requests, for Prometheus?",
        **options,
    )
    async def metrics() -> Response[bytes]:
        registry = REGISTRY
        if FOLDER in os.environ:
            registry = CollectorRegistry()
            multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        headers = {"content-type": CONTENT_TYPE_LATEST}
        return Response(generate_latest(registry), headers=headers)

    return metrics
