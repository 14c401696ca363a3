"""What each asset check says of some days: passed or not, how bad, and the figures behind it.

Which check belongs to which asset, and how Dagster runs them, is in `checks`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

import dagster as dg
import polars as pl

from txcat_assets.contracts.model import Contract, Reference, Rule, Stage
from txcat_assets.contracts.reasons import CONFLICT, FAULTS
from txcat_assets.defs.reports import SAMPLE_ROWS, as_markdown
from txcat_assets.pipeline.places import VALIDATED
from txcat_assets.settings import Settings
from txcat_assets.stages.loop import one_ahead
from txcat_assets.stages.work import Unit, units_of
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.ledger.scope import Scope
from txcat_assets.warehouse.ledger.slices import judged_records
from txcat_assets.warehouse.ledger.topics import gaps, noted_losses
from txcat_assets.warehouse.queries import figures

ERROR, WARN = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN


@dataclass(frozen=True)
class Verdict:
    """What a check says; `severity` counts only where it did not pass."""

    passed: bool
    severity: dg.AssetCheckSeverity
    metadata: Mapping[str, Any]
    description: str


@dataclass(frozen=True)
class Look:
    """What the checks of one run look at: a dataset's days, at one moment, under which limits."""

    warehouse: Warehouse
    contract: Contract
    days: Sequence[date]
    at: datetime
    settings: Settings

    @property
    def scope(self) -> Scope:
        """The slices of the days."""
        return Scope(self.contract.dataset, "day", self.days)

    @cached_property
    def counts(self) -> figures.Counts:
        """Where the records of the days are."""
        with self.warehouse.transaction() as tx:
            return figures.counts(tx, self.scope)

    @cached_property
    def reasons(self) -> dict[str, int]:
        """How many records of the days have each reason code."""
        with self.warehouse.transaction() as tx:
            return figures.reason_counts(tx, self.contract, self.scope)

    @cached_property
    def worst_day(self) -> tuple[date | None, float]:
        """The day with the largest share of quarantined records, so that no day hides another."""
        with self.warehouse.transaction() as tx:
            shares = figures.quarantined_shares(tx, self.scope)
        return shares[0] if shares else (None, 0.0)

    @property
    def severity(self) -> dg.AssetCheckSeverity:
        """A broken rule is a warning while every day has few records quarantined, else an error."""
        _, share = self.worst_day
        return ERROR if share > self.settings.quarantine_threshold else WARN


def conservation(look: Look) -> Verdict:
    """Every landed record is in exactly one place, counted in the tables."""
    with look.warehouse.transaction() as tx:
        broken = figures.broken_conservation(tx, look.contract, look.scope)
    words = "; ".join(
        f"slice {slice_id}: {_listed(known)} by the ledger, {_listed(counted)} in the tables"
        for slice_id, known, counted in broken[:3]
    )
    return Verdict(
        not broken,
        ERROR,
        {"records": look.counts.landed, "broken slices": len(broken)},
        words or "Every landed record is in exactly one place.",
    )


def _listed(counts: Sequence[int]) -> str:
    return " ".join(f"{n} {what}" for n, what in zip(counts, figures.CONSERVED, strict=True))


def no_file_set_aside(look: Look) -> Verdict:
    """No file was set aside, or changed while it was read."""
    with look.warehouse.transaction() as tx:
        files = figures.files(tx, look.scope)
    reasons = [f"{state}: {why}" for _, state, why in files if state in ("rejected", "changed")]
    words = "\n".join(reasons[:SAMPLE_ROWS]) or "Every file was taken."
    return Verdict(not reasons, ERROR, {"files": len(files), "set aside": len(reasons)}, words)


def topic_is_whole(look: Look) -> Verdict:
    """Kafka still has all that has not landed; a loss is accepted by somebody, or it is here."""
    with look.warehouse.transaction() as tx:
        lost = noted_losses(tx, look.contract.dataset)
        accepted = gaps(tx, look.contract.dataset)
    words = "\n".join(lost) or "Nothing of the topic is known to be lost."
    return Verdict(not lost, ERROR, {"losses": len(lost), "accepted losses": len(accepted)}, words)


def share_quarantined(look: Look) -> Verdict:
    """No day has too large a share of its records quarantined."""
    (day, share), limit = look.worst_day, look.settings.quarantine_threshold
    return Verdict(
        share <= limit,
        ERROR,
        {"share": share, "threshold": limit, "records": look.counts.quarantined},
        f"{share:.2%} of {day or 'no day'} is quarantined; {limit:.2%} of a day is allowed.",
    )


def rule(rule: Rule) -> Callable[[Look], Verdict]:
    """The check of one rule of the contract."""
    return lambda look: _codes(look, [rule.code], rule.description)


def known(reference: Reference) -> Callable[[Look], Verdict]:
    """The check that no record waits for one of another dataset."""
    return lambda look: _codes(look, [reference.code], reference.description)


def unreadable_records(look: Look) -> Verdict:
    """Every record could be cut into fields."""
    return _codes(look, list(FAULTS), "Every record could be cut into fields.")


def conflicts(look: Look) -> Verdict:
    """No key came again with other content."""
    return _codes(look, [CONFLICT], "No key came again with other content.")


def meets_contract(look: Look) -> Verdict:
    """What is stored in validated meets the contract still, read anew."""
    # Imports Pandera, which loading the code location must not wait for.
    from txcat_assets.pipeline.schema import broken_rules  # noqa: PLC0415

    with look.warehouse.transaction() as tx:
        slices = figures.slices(tx, look.scope)

    def read(unit: Unit) -> pl.DataFrame:
        with look.warehouse.transaction() as tx:
            return judged_records(tx, look.contract, unit.slice_ids, VALIDATED)

    found: dict[str, int] = {}
    for stored in one_ahead(map(read, units_of(slices))):
        for code, rows, _ in broken_rules(look.contract, stored).rows():
            found[code] = found.get(code, 0) + rows
    words = ", ".join(f"{code}: {rows} rows" for code, rows in found.items())
    return Verdict(
        not found,
        ERROR,
        {"records": look.counts.validated, "broken rules": len(found)},
        words or "Every stored record meets the contract.",
    )


def nothing_pending_too_long(stage: Stage) -> Callable[[Look], Verdict]:
    """The check that no record waits too long for a stage."""

    def check(look: Look) -> Verdict:
        with look.warehouse.transaction() as tx:
            since = figures.pending_since(tx, look.scope, stage.name)
            left = figures.stage_counts(tx, look.scope, stage.name)
        limit = look.settings.pending_limit_hours
        waited = (look.at - since) if since else timedelta()
        return Verdict(
            waited <= timedelta(hours=limit),
            ERROR,
            {"pending": left.pending, "oldest waits hours": waited / timedelta(hours=1)},
            f"{left.pending} records are pending; {limit:g} hours are allowed.",
        )

    return check


def none_refused(stage: Stage) -> Callable[[Look], Verdict]:
    """The check that the service of a stage refused no record."""

    def check(look: Look) -> Verdict:
        with look.warehouse.transaction() as tx:
            left = figures.stage_counts(tx, look.scope, stage.name)
        said = f"The service refused {left.refused} records; they stay validated."
        return Verdict(not left.refused, WARN, {"refused": left.refused}, said)

    return check


def _codes(look: Look, codes: Sequence[str], description: str) -> Verdict:
    """Count, share and sample of the records that bear one of some reason codes."""
    found = {code: look.reasons[code] for code in codes if look.reasons.get(code)}
    records = sum(found.values())
    metadata: dict[str, Any] = {
        "records": records,
        "share": records / max(look.counts.landed, 1),
    }
    if found:
        with look.warehouse.transaction() as tx:
            rows = figures.broken_sample(
                tx, look.contract, look.scope, next(iter(found)), SAMPLE_ROWS
            )
        metadata["sample"] = dg.MetadataValue.md(as_markdown(rows))
    if len(codes) > 1:
        metadata |= found
    said = f"{records:,} of {look.counts.landed:,} records do not meet it: {description}"
    return Verdict(not found, look.severity, metadata, said if found else description)
