#!/usr/bin/env python3
"""A health check: does http://HOST:PORT/PATH, or Dagster's code server at grpc://HOST:PORT, answer?

Exit code 0: it does. The image has no curl, and Dagster's own command takes a second of processor.
"""

import sys
import urllib.request

TIMEOUT_SECONDS = 4


def serves(address: str) -> bool:
    """Whether a code server says that it serves."""
    import grpc  # noqa: PLC0415 - the other checks need not wait for it
    from grpc_health.v1 import health_pb2, health_pb2_grpc  # noqa: PLC0415

    asked = health_pb2.HealthCheckRequest(service="DagsterApi")
    with grpc.insecure_channel(address) as channel:
        reply = health_pb2_grpc.HealthStub(channel).Check(asked, timeout=TIMEOUT_SECONDS)
    return bool(reply.status == health_pb2.HealthCheckResponse.SERVING)


def answers(url: str) -> bool:
    """Whether a URL answers with success."""
    with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as reply:  # noqa: S310
        return bool(reply.status == 200)


kind, _, address = sys.argv[1].partition("://")
sys.exit(not (serves(address) if kind == "grpc" else answers(sys.argv[1])))
