"""What the warehouse says of each dataset. The declarations stand at the end."""

from txcat_assets.health.look import Look
from txcat_assets.metrics.declared import Declared, Values, seconds


def _landed(look: Look) -> Values:
    for dataset, one in look.datasets.items():
        for door, records in one.landed.items():
            yield (dataset, door), records


def _places(look: Look) -> Values:
    for dataset, one in look.datasets.items():
        for place, records in vars(one.records).items():
            if place != "landed":
                yield (dataset, place), records


def _reasons(look: Look) -> Values:
    for dataset, one in look.datasets.items():
        for code, records in one.quarantined.items():
            yield (dataset, code), records


def _last_arrivals(look: Look) -> Values:
    for dataset, one in look.datasets.items():
        if one.last_arrival:
            yield (dataset,), seconds(one.last_arrival)


def _days_left(look: Look) -> Values:
    for dataset, one in look.datasets.items():
        yield (dataset,), len(one.days_left)


def _pending(look: Look) -> Values:
    for dataset, one in look.datasets.items():
        for stage, status in one.stages.items():
            yield (dataset, stage), status.pending


def _oldest_pending(look: Look) -> Values:
    for dataset, one in look.datasets.items():
        for stage, status in one.stages.items():
            since = status.pending_since
            yield (dataset, stage), (look.now - since).total_seconds() if since else 0


def _refused(look: Look) -> Values:
    for dataset, one in look.datasets.items():
        for stage, status in one.stages.items():
            yield (dataset, stage), status.refused


def _stale(look: Look) -> Values:
    """By the contract alone: which model would answer now only the service could say."""
    for dataset, one in look.datasets.items():
        current = str(look.contracts[dataset].version)
        stale = (records for version, records in one.versions.items() if version != current)
        yield (dataset,), sum(stale)


def _failed_checks(look: Look) -> Values:
    for dataset, one in look.datasets.items():
        errors = sum(bool(check.error_days) for check in one.failed_checks)
        yield (dataset, "error"), errors
        yield (dataset, "warn"), len(one.failed_checks) - errors


def _latencies(look: Look) -> Values:
    for dataset, one in look.datasets.items():
        if one.topic_flow and (latency := one.topic_flow.latency):
            yield (dataset, "0.5"), latency.p50
            yield (dataset, "0.95"), latency.p95


WAREHOUSE = (
    Declared(
        "txcat_records_landed",
        "Records that have landed, by what brought them: files or Kafka.",
        ("dataset", "door"),
        _landed,
        is_counter=True,
    ),
    Declared(
        "txcat_records",
        "Records by the place where they are now; one that is mended or waits moves on.",
        ("dataset", "place"),
        _places,
    ),
    Declared(
        "txcat_records_quarantined",
        "Quarantined and refused records by reason; one with two reasons counts for both.",
        ("dataset", "reason"),
        _reasons,
    ),
    Declared(
        "txcat_last_arrival_timestamp_seconds",
        "When records of the dataset landed last.",
        ("dataset",),
        _last_arrivals,
    ),
    Declared("txcat_days_left", "Days on which work is left.", ("dataset",), _days_left),
    Declared(
        "txcat_records_pending",
        "Validated records that a stage has yet to answer.",
        ("dataset", "stage"),
        _pending,
    ),
    Declared(
        "txcat_pending_oldest_seconds",
        "How long the oldest of them waits; 0 where none does.",
        ("dataset", "stage"),
        _oldest_pending,
    ),
    Declared(
        "txcat_records_refused",
        "Records that a stage has refused.",
        ("dataset", "stage"),
        _refused,
    ),
    Declared(
        "txcat_records_stale",
        "Records judged by another version of the contract than this one's.",
        ("dataset",),
        _stale,
    ),
    Declared(
        "txcat_checks_failed",
        "Asset checks that have failed and not been mended since.",
        ("dataset", "severity"),
        _failed_checks,
    ),
    Declared(
        "txcat_message_latency_seconds",
        "From a message's time to its answer in the last stage, of those of the last hour.",
        ("dataset", "quantile"),
        _latencies,
    ),
)
