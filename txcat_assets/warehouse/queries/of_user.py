"""A user's payments and their totals by day, as questions; the same for whoever asks.

Who may see only his own is an `owner`: the condition on him stands in each query.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from txcat_assets.contracts.model import Text
from txcat_assets.contracts.payments import CONTRACT as PAYMENTS
from txcat_assets.contracts.payments import SUM as SUM_TYPE
from txcat_assets.contracts.users import CONTRACT as USERS
from txcat_assets.warehouse.databases.interface import Reading
from txcat_assets.warehouse.queries.records import (
    Field,
    Filter,
    Ordering,
    Question,
    between,
    condition,
    fields_of,
    in_order,
    validated_with_answers,
)
from txcat_assets.warehouse.schema.tables import sql_type

CONTRACTS = (PAYMENTS, USERS)

SHOWN = (
    "transaction_id",
    "sender_id",
    "receiver_id",
    "amount",
    "currency",
    "timestamp",
    "status",
    "is_suspicious",
)

SIDES = {"sent": "sender_id", "received": "receiver_id"}

SUM = sql_type(SUM_TYPE)


@dataclass(frozen=True)
class OfUser:
    """Which of a user's payments are wanted; without an owner whoever asks sees everybody's."""

    user_id: UUID
    owner: UUID | None
    start: datetime | None = None
    end: datetime | None = None
    currencies: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    direction: str | None = None
    is_suspicious: bool | None = None


def is_seen(tx: Reading, wanted: OfUser) -> bool:
    """Whether there is such a user whom the owner sees: one query for all, in the same time."""
    rows = tx.rows(
        'SELECT 1 FROM current.users WHERE "id" = CAST($user_id AS UUID) '
        'AND "id" = CAST($owner AS UUID)',
        user_id=str(wanted.user_id),
        owner=str(wanted.owner or wanted.user_id),
    )
    return bool(rows)


def payments_of(wanted: OfUser, after: tuple[object, ...], limit: int | None) -> Question:
    """His payments by time, then by id; those that failed or are pending too."""
    by_name = {one.name: one for one in fields_of(PAYMENTS)}
    return Question(
        source=validated_with_answers(PAYMENTS),
        columns={name: by_name[name].sql for name in SHOWN},
        order=in_order(order_of_payments(), after),
        filters=_filters(wanted, by_name),
        limit=limit,
    )


def order_of_payments() -> list[Field]:
    """By what his payments are in order."""
    by_name = {one.name: one for one in fields_of(PAYMENTS)}
    return [by_name[name] for name in PAYMENTS.in_time]


ORDER_OF_TOTALS = (Field("day", "r.day", Text()), Field("currency", "r.currency", Text()))
"""By what totals are in order; a day is said as 2025-05-31."""


def totals_of(
    wanted: OfUser, filled: tuple[date, date] | None, after: tuple[object, ...], limit: int | None
) -> Question:
    """What he sent and received on each day in each currency; nothing is summed across currencies.

    Where `filled`, each currency has a row for each day between the two.
    """
    by_name = {one.name: one for one in fields_of(PAYMENTS)}
    inner = Question(
        source=validated_with_answers(PAYMENTS),
        columns={name: by_name[name].sql for name in (*SIDES.values(), "amount", "currency")}
        | {"day": f"CAST({by_name['timestamp'].sql} AS DATE)"},
        filters=_filters(wanted, by_name),
    )
    payments, values = inner.bound
    moments = after or (None, None)
    return Question(
        source=f"({_filled(_summed(payments), filled) if filled else _summed(payments)}) AS r",
        columns={
            name: f"r.{name}"
            for name in ("day", "currency", "total_sent", "total_received", "payments")
        },
        order=[Ordering("r.day", "DATE", moments[0]), Ordering("r.currency", "TEXT", moments[1])],
        values=values | {"user_id": str(wanted.user_id)},
        limit=limit,
    )


def _summed(payments: str) -> str:
    sums = [
        f"CAST(coalesce(sum(amount) FILTER (WHERE {side} = CAST($user_id AS UUID)), 0) AS {SUM}) "
        f"AS total_{direction}"
        for direction, side in SIDES.items()
    ]
    return (
        f"SELECT day, currency, {', '.join(sums)}, count(*) AS payments "
        f"FROM ({payments}) AS p GROUP BY day, currency"
    )


def _filled(totals: str, filled: tuple[date, date]) -> str:
    first, last = (f"TIMESTAMP '{day.isoformat()}'" for day in filled)
    sums = [f"CAST(coalesce(t.total_{one}, 0) AS {SUM}) AS total_{one}" for one in SIDES]
    return (
        f"WITH totals AS ({totals}) SELECT d.day, c.currency, {', '.join(sums)}, "
        "coalesce(t.payments, 0) AS payments "
        f"FROM (SELECT CAST(g.moment AS DATE) AS day FROM generate_series({first}, {last}, "
        "INTERVAL '1 day') AS g(moment)) AS d "
        "CROSS JOIN (SELECT DISTINCT currency FROM totals) AS c "
        "LEFT JOIN totals AS t ON t.day = d.day AND t.currency = c.currency"
    )


def _filters(wanted: OfUser, by_name: dict[str, Field]) -> list[Filter]:
    both = [by_name[side].sql for side in SIDES.values()]
    of_user = [by_name[SIDES[wanted.direction]].sql] if wanted.direction else both
    found = [Filter(of_user, "=", "UUID", [str(wanted.user_id)])]
    if wanted.owner is not None:
        found.append(Filter(both, "=", "UUID", [str(wanted.owner)]))
    found += between(by_name["timestamp"], wanted.start, wanted.end)
    if wanted.currencies:
        found.append(condition(by_name["currency"], "=", wanted.currencies))
    if wanted.statuses:
        found.append(condition(by_name["status"], "=", wanted.statuses))
    if wanted.is_suspicious is not None:
        found.append(condition(by_name["is_suspicious"], "=", [wanted.is_suspicious]))
    return found
