"""The daily partitions of every dataset: the UTC day on which a record arrived."""

from datetime import date

import dagster as dg


def arrival_days(first_day: date) -> dg.DailyPartitionsDefinition:
    """Every day from `first_day` to today, UTC; without the offset today would be no partition."""
    return dg.DailyPartitionsDefinition(start_date=first_day.isoformat(), end_offset=1)
