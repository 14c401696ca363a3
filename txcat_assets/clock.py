"""The clock of whoever works here; below it a moment is handed in, so that tests give their own."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """This moment, UTC, without a time zone, as the tables keep times."""
    return datetime.now(UTC).replace(tzinfo=None)
