"""What the marts of payments should have, computed by polars from their records.

As of the shop's marts, nothing of the models' SQL is used, and all of it is computed at once.
"""

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

import polars as pl

from txcat_assets.warehouse.databases.interface import Warehouse

MARTS = (
    "dim_currency",
    "dim_date",
    "dim_user",
    "fact_payments",
    "monthly_payments",
    "payments_by_month",
    "sender_churn",
    "sender_cohorts",
    "sender_months",
)

Frames = dict[str, pl.DataFrame]


def current(warehouse: Warehouse) -> Frames:
    """The payments and currencies as they are now, and every version of a user in its order."""
    sources = {
        "payments": "validated.payments",
        "currencies": "current.currencies",
        "users": "validated.users ORDER BY _day, _slice_id, _position",
    }
    with warehouse.transaction() as tx:
        return {name: tx.frame(f"SELECT * FROM {table}") for name, table in sources.items()}


def expected(records: Frames, today: date) -> Frames:
    """The rows that each mart should have on a day."""
    payments = records["payments"].with_columns(
        payment_date=pl.col("timestamp").dt.date(),
        payment_month=pl.col("timestamp").dt.date().dt.month_start(),
    )
    completed = payments.filter(pl.col("status") == "completed")
    totals, months = by_month(payments), sender_months(completed)
    return {
        "dim_currency": records["currencies"].select("name", "symbol", currency_code="code"),
        "dim_date": dates(payments["payment_date"]),
        "dim_user": users(records["users"]),
        "fact_payments": facts(payments, records["users"]),
        "monthly_payments": with_growth(totals),
        "payments_by_month": totals,
        "sender_churn": churn(completed, today),
        "sender_cohorts": cohorts(months),
        "sender_months": months,
    }


def dates(paid: pl.Series) -> pl.DataFrame:
    first, last = min(paid.to_list()).year, max(paid.to_list()).year
    days = pl.date_range(date(first, 1, 1), date(last, 12, 31), eager=True)
    rows = [
        {
            "date_day": day,
            "year": day.year,
            "quarter": (day.month + 2) // 3,
            "month": day.replace(day=1),
            "iso_year": day.isocalendar().year,
            "iso_week": day.isocalendar().week,
            "iso_weekday": day.isoweekday(),
            "is_weekend": day.strftime("%a") in {"Sat", "Sun"},
        }
        for day in days
    ]
    return pl.DataFrame(rows)


def users(versions: pl.DataFrame) -> pl.DataFrame:
    number = pl.int_range(1, pl.len() + 1).over("id")
    next_day = pl.col("_day").shift(-1).over("id")
    return versions.select(
        user_key=pl.format("{}/{}", pl.col("id").cast(pl.String), number),
        user_id="id",
        version=number,
        name="name",
        valid_from="_day",
        valid_to=next_day,
        is_current=next_day.is_null(),
    )


def facts(payments: pl.DataFrame, versions: pl.DataFrame) -> pl.DataFrame:
    days: dict[str, list[date]] = {}
    for user, day in versions.select("id", "_day").iter_rows():
        days.setdefault(user, []).append(day)

    def key(user: str, paid: date) -> str | None:
        """The last version that had come by then, or the first."""
        come = sum(day <= paid for day in days.get(user, []))
        return f"{user}/{max(come, 1)}" if user in days else None

    rows = [
        {
            "transaction_id": one["transaction_id"],
            "payment_date": one["payment_date"],
            "currency_code": one["currency"],
            "sender_key": key(one["sender_id"], one["payment_date"]),
            "receiver_key": key(one["receiver_id"], one["payment_date"]),
            "sender_id": one["sender_id"],
            "receiver_id": one["receiver_id"],
            "paid_at": one["timestamp"],
            "status": one["status"],
            "amount": one["amount"],
        }
        for one in payments.iter_rows(named=True)
    ]
    return pl.DataFrame(rows)


def by_month(payments: pl.DataFrame) -> pl.DataFrame:
    def of(status: str) -> tuple[pl.Expr, pl.Expr]:
        is_it = pl.col("status") == status
        amounts = pl.col("amount").cast(pl.Decimal(38, 4))
        return is_it.sum(), amounts.filter(is_it).sum()

    count, amount = of("completed")
    senders = pl.col("sender_id").filter(pl.col("status") == "completed").n_unique()
    pending, failed = of("pending"), of("failed")
    return payments.group_by("payment_month", currency_code="currency").agg(
        payment_count=count,
        amount=amount,
        sender_count=senders,
        pending_count=pending[0],
        pending_amount=pending[1],
        failed_count=failed[0],
        failed_amount=failed[1],
    )


def with_growth(totals: pl.DataFrame) -> pl.DataFrame:
    amounts = {
        (month, code): amount
        for month, code, amount in totals.select(
            "payment_month", "currency_code", "amount"
        ).iter_rows()
    }

    def month_before(month: date) -> date:
        return (month - timedelta(days=1)).replace(day=1)

    rows = []
    for one in totals.iter_rows(named=True):
        before = amounts.get((month_before(one["payment_month"]), one["currency_code"]))
        growth = None
        if before:
            share = (100 * one["amount"] / before).quantize(Decimal("0.01"), ROUND_HALF_UP)
            growth = share - 100
        rows.append({**one, "amount_before": before, "growth_percent": growth})
    money, percent = pl.Decimal(38, 4), pl.Decimal(38, 2)
    found = pl.DataFrame(rows, schema_overrides={"amount_before": money, "growth_percent": percent})
    names = [name for name in totals.columns if name not in {"payment_month", "currency_code"}]
    return found.select(
        "payment_month",
        "currency_code",
        *names[:2],
        "amount_before",
        "growth_percent",
        *names[2:],
    )


def sender_months(completed: pl.DataFrame) -> pl.DataFrame:
    return completed.group_by("sender_id", "payment_month").agg(
        payment_count=pl.len(), last_payment_at=pl.col("timestamp").max()
    )


def churn(completed: pl.DataFrame, today: date) -> pl.DataFrame:
    since = (pl.lit(today) - pl.col("last_payment_at").dt.date()).dt.total_days()
    return (
        completed.group_by("sender_id")
        .agg(
            first_payment_month=pl.col("payment_month").min(),
            last_payment_at=pl.col("timestamp").max(),
        )
        .with_columns(days_since=since)
        .with_columns(
            (pl.col("days_since") > days).alias(f"is_gone_{days}_days") for days in (30, 60, 90)
        )
    )


def cohorts(months: pl.DataFrame) -> pl.DataFrame:
    firsts = {
        user: min(group["payment_month"].to_list())
        for (user,), group in months.group_by("sender_id")
    }
    active: dict[tuple[date, date], int] = {}
    for user, month in months.select("sender_id", "payment_month").iter_rows():
        pair = firsts[user], month
        active[pair] = active.get(pair, 0) + 1
    rows = [
        {
            "cohort_month": cohort,
            "payment_month": month,
            "months_since": (month.year - cohort.year) * 12 + month.month - cohort.month,
            "senders": active[cohort, cohort],
            "active_senders": number,
            "active_percent": (Decimal(100) * number / active[cohort, cohort]).quantize(
                Decimal("0.01"), ROUND_HALF_UP
            ),
        }
        for (cohort, month), number in active.items()
    ]
    return pl.DataFrame(rows)
