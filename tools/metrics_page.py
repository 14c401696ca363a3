"""The page of metrics: each with its labels and what it says. Written by `tools.docs`.

They are declared in `txcat_assets.metrics`; those of requests are in `txcat_web.metrics`.
"""

from collections.abc import Iterator

from txcat_assets.metrics.families import (
    LOOK,
    PART_UP,
    PART_UP_WORDS,
    PARTS,
    RUN_SECONDS,
    RUN_SECONDS_WORDS,
)

HEAD = """\
# Metrics

Written from `txcat_assets/metrics/` by `make docs`.

```sh
txcat metrics --once
```

prints all metrics once; `txcat metrics` serves them at `http://127.0.0.1:8920/metrics` until
Ctrl-C, looked at anew every `TXCAT_METRICS_SECONDS`. Nothing is counted in a process: all of it is
read from the ledger, from Kafka and from Dagster's storage, so a killed run loses no count. A
part that cannot be asked has `txcat_part_up` 0, and its metrics are missing until it answers. The
ML service and the reporting API have metrics of their requests at their own `/metrics`, summed over
their workers: `txcat_http_requests_total` by method, path and status,
`txcat_http_request_duration_seconds` and `txcat_http_requests_in_progress`.

A counter never goes back; where a record is now, it can leave: so the places and the reasons are
gauges. Runs and what they took are those that Dagster still keeps.
"""


def metrics_page() -> str:
    """The page."""
    return "\n".join([HEAD, *_table(), ""])


def _table() -> Iterator[str]:
    yield from ("| metric | kind | labels | what it says |", "| --- | --- | --- | --- |")
    for part in PARTS.values():
        for one in part:
            name = f"{one.name}_total" if one.is_counter else one.name
            kind = "counter" if one.is_counter else "gauge"
            yield _row(name, kind, one.labels, one.words)
    yield _row(RUN_SECONDS, "histogram", ("job", "status"), RUN_SECONDS_WORDS)
    yield _row(PART_UP, "gauge", ("part",), PART_UP_WORDS)
    for name, words in LOOK:
        yield _row(name, "gauge", (), words)


def _row(name: str, kind: str, labels: tuple[str, ...], words: str) -> str:
    return f"| `{name}` | {kind} | {', '.join(labels)} | {words} |"
