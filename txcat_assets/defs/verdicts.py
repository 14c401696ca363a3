"""What each asset check says of some days: where it holds, where not, and the figures behind it.

Which check belongs to which asset, and how Dagster runs them, is in `checks`. Texts made here are
shown as Markdown, so none has anything of a record, a file or a service in it: such words go into
`details` and tables, which are shown as plain text.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import polars as pl

from txcat_assets.contracts.expectations import Expectation
from txcat_assets.contracts.model import Reference, Rule, Stage
from txcat_assets.contracts.reasons import CONFLICT, FAULTS
from txcat_assets.defs.checked_days import CheckedDays, added
from txcat_assets.defs.shown import SAMPLE_ROWS, as_table
from txcat_assets.pipeline.places import KEPT
from txcat_assets.stages.loop import one_ahead
from txcat_assets.stages.work import Unit, units_of
from txcat_assets.warehouse.databases.interface import Transaction
from txcat_assets.warehouse.ledger.scope import Scope
from txcat_assets.warehouse.ledger.slices import judged_records
from txcat_assets.warehouse.ledger.topics import gaps, noted_losses
from txcat_assets.warehouse.queries import by_day, figures
from txcat_assets.warehouse.queries.referred import with_referred

Verdicts = Callable[[CheckedDays], "Verdict"]


@dataclass(frozen=True)
class Verdict:
    """What a check says. It passes where `broken` is empty.

    `broken` has how many records (or files, slices) break it on each day; what belongs to no day
    is of None. On the days of `errors` that is an error, on the others a warning. `details` are
    lines for people, which may hold words of others.
    """

    broken: Mapping[date | None, int]
    breach: str
    errors: Collection[date | None]
    metadata: Mapping[str, Any] = field(default_factory=dict)
    details: Sequence[str] = ()


def conservation(checked: CheckedDays) -> Verdict:
    """Each landed record is in one place, counted in the tables."""
    with checked.warehouse.transaction() as tx:
        differing = figures.broken_conservation(tx, checked.contract, checked.scope)
        days = by_day.days_of_slices(tx, [slice_id for slice_id, _, _ in differing])
    broken: dict[date | None, int] = {}
    for slice_id, _, _ in differing:
        broken[days[slice_id]] = broken.get(days[slice_id], 0) + 1
    words = "; ".join(
        f"slice {slice_id}: {_counted(ledger)} by the ledger, {_counted(tables)} in the tables"
        for slice_id, ledger, tables in differing[:3]
    )
    numbers = {"records": checked.landed, "broken slices": len(differing)}
    return Verdict(broken, f"Counts of slices differ: {words}.", broken.keys(), numbers)


def _counted(counts: Sequence[int]) -> str:
    return " ".join(f"{n} {what}" for n, what in zip(counts, figures.CONSERVED, strict=True))


def no_file_set_aside(checked: CheckedDays) -> Verdict:
    """No file was set aside."""
    with checked.warehouse.transaction() as tx:
        files = len(figures.files(tx, checked.scope))
        aside = by_day.files_set_aside(tx, checked.scope)
    broken: dict[date | None, int] = {}
    for one in aside:
        broken[one.day] = broken.get(one.day, 0) + 1
    return Verdict(
        broken,
        f"{len(aside)} of {files} files were set aside, and nothing or not all of them was taken.",
        broken.keys(),
        {"files": files, "files set aside": len(aside)},
        [one.reason or one.name for one in aside],
    )


def topic_is_whole(checked: CheckedDays) -> Verdict:
    """Kafka has lost nothing that had not landed, or somebody has accepted the loss."""
    with checked.warehouse.transaction() as tx:
        lost = noted_losses(tx, checked.contract.dataset)
        accepted = gaps(tx, checked.contract.dataset)
    broken: dict[date | None, int] = {None: len(lost)} if lost else {}
    numbers = {"losses": len(lost), "accepted losses": len(accepted)}
    words = f"{len(lost)} partitions have lost messages that had not landed."
    return Verdict(broken, words, [None], numbers, lost)


def share_quarantined(checked: CheckedDays) -> Verdict:
    """No day has too large a share of its records quarantined."""
    over, limit = checked.days_over_threshold, checked.settings.quarantine_threshold
    broken: dict[date | None, int] = {day: checked.counts[day].quarantined for day in over}
    share = max(checked.shares.values(), default=0.0)
    quarantined = sum(counts.quarantined for counts in checked.counts.values())
    return Verdict(
        broken,
        f"Up to {share:.2%} of a day's records are quarantined; {limit:.2%} are allowed.",
        broken.keys(),
        {"largest share of a day": share, "threshold": limit, "quarantined records": quarantined},
    )


def rule(rule: Rule) -> Verdicts:
    """The check of one rule of the contract."""
    return lambda checked: _codes(checked, [rule.code], f"break the rule: {rule.description}")


def nothing_waits(reference: Reference) -> Verdicts:
    """The check that no record waits for one of another dataset; waiting is never an error."""
    words = f"wait for {reference.to.dataset} that {reference.column} names. {reference.remedy}"

    def check(checked: CheckedDays) -> Verdict:
        found = _codes(checked, [reference.code], words)
        return Verdict(found.broken, found.breach, (), found.metadata)

    return check


def unreadable_records(checked: CheckedDays) -> Verdict:
    """Every record can be cut into fields."""
    return _codes(checked, list(FAULTS), "could not be cut into fields.")


def conflicts(checked: CheckedDays) -> Verdict:
    """No key comes again with other content."""
    return _codes(checked, [CONFLICT], "have the key of an earlier one and other content.")


def meets_contract(checked: CheckedDays) -> Verdict:
    """What is stored in validated meets the contract still, read anew."""
    found = _broken_rules(checked, checked.days)
    # Which days are concerned is asked only where anything is wrong: it hardly ever is.
    days = checked.counts if found else []
    broken: dict[date | None, int] = {
        day: sum(codes.values()) for day in days if (codes := _broken_rules(checked, [day]))
    }
    words = ", ".join(f"{code}: {rows} rows" for code, rows in found.items())
    validated = sum(counts.validated for counts in checked.counts.values())
    numbers = {"records": validated, "broken rules": len(found)}
    return Verdict(broken, f"Stored records break rules: {words}.", broken.keys(), numbers)


def _broken_rules(checked: CheckedDays, days: Sequence[date]) -> dict[str, int]:
    """By code, how many stored records of some days break a rule."""
    # Imports Pandera, which loading the code location must not wait for.
    from txcat_assets.pipeline.schema import broken_rules  # noqa: PLC0415

    def read(tx: Transaction, slice_ids: Sequence[int]) -> pl.DataFrame:
        return judged_records(tx, checked.contract, slice_ids, KEPT)

    found: dict[str, int] = {}
    for stored in _unit_by_unit(checked, days, read):
        for code, rows, _ in broken_rules(checked.contract, stored).rows():
            found[code] = found.get(code, 0) + rows
    return found


def _unit_by_unit(
    checked: CheckedDays,
    days: Sequence[date],
    read: Callable[[Transaction, Sequence[int]], pl.DataFrame],
) -> Iterator[pl.DataFrame]:
    """What is read of the slices of some days, as many at a time as fit into memory."""
    with checked.warehouse.transaction() as tx:
        slices = figures.slices(tx, Scope(checked.contract.dataset, "day", days))

    def read_unit(unit: Unit) -> pl.DataFrame:
        with checked.warehouse.transaction() as tx:
            return read(tx, unit.slice_ids)

    return one_ahead(map(read_unit, units_of(slices)))


def expectation(expected: Expectation) -> Verdicts:
    """The check of what is expected of records beside those that they refer to: a warning."""

    def check(checked: CheckedDays) -> Verdict:
        records, sample, broken = 0, pl.DataFrame(), dict[date | None, int]()

        def read(tx: Transaction, slice_ids: Sequence[int]) -> pl.DataFrame:
            return with_referred(tx, checked.contract, expected.columns, slice_ids)

        for current in _unit_by_unit(checked, checked.days, read):
            unmet = current.filter(~expected.holds)
            records += len(current)
            sample = pl.concat([sample, unmet.head(SAMPLE_ROWS - len(sample))], how="diagonal")
            for day, number in unmet["_day"].value_counts().rows():
                broken[day] = broken.get(day, 0) + number
        number = sum(broken.values())
        metadata = {"records": number, "share": number / max(records, 1)}
        words = f"{number:,} of {records:,} current records do not meet: {expected.description}"
        shown = {"sample": as_table(sample)} if broken else {}
        return Verdict(broken, words, (), metadata | shown)

    return check


def nothing_pending_too_long(stage: Stage) -> Verdicts:
    """The check that no record waits too long for a stage."""

    def check(checked: CheckedDays) -> Verdict:
        with checked.warehouse.transaction() as tx:
            since = by_day.pending_since_by_day(tx, checked.scope, stage.name)
            left = by_day.stage_counts_by_day(tx, checked.scope, stage.name)
        limit = timedelta(hours=checked.settings.pending_limit_hours)
        late = [day for day, landed_at in since.items() if checked.at - landed_at > limit]
        broken: dict[date | None, int] = {day: left[day].pending for day in late}
        pending = sum(counts.pending for counts in left.values())
        oldest = (checked.at - min(since.values())) if since else timedelta()
        return Verdict(
            broken,
            f"{sum(broken.values()):,} records have waited longer than "
            f"{checked.settings.pending_limit_hours:g} hours for the stage {stage.name}.",
            broken.keys(),
            {"pending records": pending, "oldest has waited, hours": oldest / timedelta(hours=1)},
        )

    return check


def none_refused(stage: Stage) -> Verdicts:
    """The check that the service of a stage refused no record."""

    def check(checked: CheckedDays) -> Verdict:
        with checked.warehouse.transaction() as tx:
            left = by_day.stage_counts_by_day(tx, checked.scope, stage.name)
        broken: dict[date | None, int] = {d: one.refused for d, one in left.items() if one.refused}
        refused = sum(broken.values())
        words = f"The service refused {refused:,} records; they stay validated."
        return Verdict(broken, words, (), {"refused records": refused})

    return check


def _codes(checked: CheckedDays, codes: Sequence[str], words: str) -> Verdict:
    """Count, share and sample of the records that bear one of some reason codes."""
    found = {code: checked.codes[code] for code in codes if code in checked.codes}
    days: dict[date, int] = {}
    for numbers in found.values():
        days = added(days, numbers)
    records = sum(days.values())
    metadata: dict[str, Any] = {"records": records, "share": records / max(checked.landed, 1)}
    if found:
        with checked.warehouse.transaction() as tx:
            rows = figures.broken_sample(
                tx, checked.contract, checked.scope, next(iter(found)), SAMPLE_ROWS
            )
        metadata["sample"] = as_table(rows)
    if len(codes) > 1:
        metadata |= {code: sum(numbers.values()) for code, numbers in found.items()}
    landed = sum(checked.counts[day].landed for day in days if day in checked.counts)
    broken: dict[date | None, int] = {day: number for day, number in days.items() if number}
    return Verdict(
        broken,
        f"{records:,} of {landed:,} records {words}",
        [day for day in checked.days_over_threshold if day in days],
        metadata,
    )
