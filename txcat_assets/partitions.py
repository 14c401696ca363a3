"""The partitions: days on which records arrived, and months in which what they tell happened.

Both are of UTC, and begin with TXCAT_FIRST_DAY.
"""

from datetime import date

import dagster as dg


def arrival_days(first_day: date) -> dg.DailyPartitionsDefinition:
    """Every day from `first_day` to today, UTC; without the offset today would be no partition."""
    return dg.DailyPartitionsDefinition(start_date=first_day.isoformat(), end_offset=1)


def months_over(first_day: date) -> dg.MonthlyPartitionsDefinition:
    """Every month that is over, from that of `first_day` on; each is said by its first day."""
    return dg.MonthlyPartitionsDefinition(start_date=first_day.replace(day=1).isoformat())
