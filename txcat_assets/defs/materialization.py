"""What a materialization tells the UI: the numbers of each of its days, a few rows to look at.

A day's numbers are that day's alone, whatever else the run did, so that plots add up. They are
named by what they count; tables with bars show them side by side. What is zero is left out, but for
rows and shares. What the run did as a whole stands in its log.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import dagster as dg
import polars as pl

from txcat_assets.contracts.marts import Mart
from txcat_assets.contracts.model import Stage
from txcat_assets.contracts.rules import reason_texts, with_meanings
from txcat_assets.defs.shown import SAMPLE_ROWS, as_table, bars
from txcat_assets.stages.work import Work
from txcat_assets.text import VALUE_CHARS
from txcat_assets.warehouse.databases.interface import Transaction
from txcat_assets.warehouse.ledger.forgetting import frozen
from txcat_assets.warehouse.ledger.marts import MartTable, latest_rows
from txcat_assets.warehouse.ledger.scope import Scope
from txcat_assets.warehouse.queries import by_day, totals
from txcat_assets.warehouse.queries.figures import Counts, sample
from txcat_assets.warehouse.queries.flow import latency_of_run

WORKED = {"raw": "landed by this run", "validated": "judged by this run"}
RECORDS = ("landed now: records", "landed now: messages", "worked now: records")
"""What a run counts its records by: each asset has one of them, `raw` two."""

GOOD_AT_ZERO = {"lag: offsets"}
"""Numbers of which a plot must show the zeros too: nothing is left behind."""

NO_RECORDS = Counts(**dict.fromkeys(Counts.__annotations__, 0))


def materialization(
    context: dg.AssetExecutionContext, work: Work, schema: str, of_run: Mapping[str, float]
) -> dg.MaterializeResult[None]:
    """The materialization of `schema/dataset`, with the numbers of each of the run's days.

    `of_run` is what the whole run did. It is logged, and shown only where the run has one day, or
    none as that of a mart.
    """
    key = dg.AssetKey([schema, work.contract.dataset])
    of_run = {**of_run, **_speed(of_run, time.monotonic() - work.started)}
    context.log.info(f"{key.to_user_string()}: {_listed(of_run)}")
    with work.warehouse.transaction() as tx:
        if marts := [mart for mart in work.contract.marts if mart.name == schema]:
            metadata = {**_of_mart(tx, work, marts[0]), **_without_zeros(of_run)}
            return dg.MaterializeResult(asset_key=key, metadata=metadata)
        is_one_day = len(work.days) == 1
        shown = _without_zeros({**of_run, **_latency(tx, work, schema)}) if is_one_day else {}
        for day, metadata in DayNumbers(tx, work, schema).by_day().items():
            context.add_asset_metadata(
                {**metadata, **shown}, asset_key=key, partition_key=day.isoformat()
            )
    return dg.MaterializeResult(asset_key=key)


def _speed(of_run: Mapping[str, float], seconds: float) -> dict[str, float]:
    records = sum(of_run.get(name, 0) for name in RECORDS)
    return {
        "seconds": round(seconds, 2),
        "records a second": round(records / max(seconds, 0.01), 2),
    }


def _of_mart(tx: Transaction, work: Work, mart: Mart) -> dict[str, Any]:
    rows, latest = latest_rows(tx, MartTable(work.contract, mart), SAMPLE_ROWS)
    return {
        "dagster/row_count": rows,
        "sample": as_table(latest),
        "warehouse": dg.MetadataValue.text(work.warehouse.place),
    }


def _listed(figures: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {number:g}" for name, number in figures.items() if number)


def _without_zeros(numbers: Mapping[str, float]) -> dict[str, float]:
    return {name: number for name, number in numbers.items() if number or name in GOOD_AT_ZERO}


def _latency(tx: Transaction, work: Work, schema: str) -> dict[str, float]:
    """How soon the messages of this run were answered, told with the last stage."""
    contract = work.contract
    if not contract.topic or schema not in [stage.name for stage in contract.stages[-1:]]:
        return {}
    found = latency_of_run(tx, contract, work.run_id)
    return {f"message to {schema}, seconds {q}": v for q, v in vars(found).items()} if found else {}


@dataclass(frozen=True)
class DayNumbers:
    """The numbers of each day of some work, for the asset of one table."""

    tx: Transaction
    work: Work
    schema: str

    @property
    def _scope(self) -> Scope:
        return Scope(self.work.contract.dataset, "day", self.work.days)

    @cached_property
    def _counts(self) -> dict[date, Counts]:
        return by_day.counts_by_day(self.tx, self._scope)

    def by_day(self) -> dict[date, dict[str, Any]]:
        """By day, what the UI shows; days without records among them."""
        contract, tx = self.work.contract, self.tx
        worked = by_day.worked_by_day(tx, self._scope, self.schema, self.work.run_id)
        words = f"records {WORKED.get(self.schema, 'answered by this run')}"
        stage = next((s for s in contract.stages if s.name == self.schema), None)
        numbers = self._of_stage(stage) if stage else self._of_places()
        return {
            day: {
                **numbers[day],
                **({words: worked[day]} if self.schema != "quarantined" and day in worked else {}),
                "sample": self._sample(day),
                "warehouse": dg.MetadataValue.text(self.work.warehouse.place),
            }
            for day in self.work.days
        }

    def _of_places(self) -> dict[date, dict[str, Any]]:
        """What stands in raw, validated and quarantined of each day."""
        match self.schema:
            case "raw":
                return {day: self._of_raw(day) for day in self.work.days}
            case "validated":
                return self._of_validated()
            case _:
                return self._of_quarantined()

    def _of_raw(self, day: date) -> dict[str, Any]:
        forgotten = frozen(self.tx, Scope(self.work.contract.dataset, "day", [day])).records
        rows = self._counts.get(day, NO_RECORDS).landed - forgotten
        return {"dagster/row_count": rows, **_without_zeros({"forgotten records": forgotten})}

    def _of_validated(self) -> dict[date, dict[str, Any]]:
        contract = self.work.contract
        sums = totals.sums_by_day(self.tx, contract, self._scope)
        warnings = by_day.warnings_by_day(self.tx, contract, self._scope)
        found = {}
        for day in self.work.days:
            counts = self._counts.get(day, NO_RECORDS)
            codes = {f"warning: {code}": days.get(day, 0) for code, days in warnings.items()}
            found[day] = {
                "dagster/row_count": counts.validated,
                **_without_zeros({"duplicate records": counts.duplicate, **codes}),
                **sums.get(day, {}),
            }
        return found

    def _of_quarantined(self) -> dict[date, dict[str, Any]]:
        contract = self.work.contract
        reasons = by_day.reasons_by_day(self.tx, contract, self._scope)
        waiting = by_day.waiting_by_day(self.tx, contract, self._scope)
        found = {}
        for day in self.work.days:
            counts, waits = self._counts.get(day, NO_RECORDS), waiting.get(day, 0)
            codes = {code: days[day] for code, days in reasons.items() if days.get(day)}
            closed = {
                "discarded records": counts.discarded,
                "replaced records": counts.replaced,
            }
            found[day] = {
                "dagster/row_count": counts.quarantined,
                "share quarantined": (counts.quarantined - waits) / max(counts.landed, 1),
                **_with_bars("reason", codes, reason_texts(contract)),
                **_without_zeros({**closed, "records that wait": waits}),
                **{f"reason: {code}": number for code, number in codes.items()},
            }
        return found

    def _of_stage(self, stage: Stage) -> dict[date, dict[str, Any]]:
        later = by_day.stage_counts_by_day(self.tx, self._scope, stage.name)
        answers = totals.answers_by_day(self.tx, self.work.contract, stage, self._scope)
        found = {}
        for day in self.work.days:
            current = self._counts.get(day, NO_RECORDS).current
            pending, refused = (later[day].pending, later[day].refused) if day in later else (0, 0)
            left = {"pending records": pending, "refused records": refused}
            found[day] = {
                "dagster/row_count": current - pending - refused,
                **_with_bars("answer", answers.get(day, {})),
                **_without_zeros(left),
                **answers.get(day, {}),
            }
        return found

    def _sample(self, day: date) -> dg.TableMetadataValue:
        contract = self.work.contract
        scope = Scope(contract.dataset, "day", [day])
        added = {s.name: [*s.column_names, "model_version"] for s in contract.stages}
        if self.schema == "quarantined":
            columns = ["reasons", *contract.column_names, "_position"]
            rows = sample(self.tx, self.schema, columns, scope, SAMPLE_ROWS)
            return as_table(_in_words(rows, reason_texts(contract)), VALUE_CHARS)
        columns = [*contract.column_names, *added.get(self.schema, []), "_position"]
        return as_table(sample(self.tx, self.schema, columns, scope, SAMPLE_ROWS))


def _in_words(rows: pl.DataFrame, texts: Mapping[str, str]) -> pl.DataFrame:
    """The rows with the meaning beside each reason."""
    words = [with_meanings(codes or [], texts) for codes in rows["reasons"].to_list()]
    return rows.with_columns(pl.Series("reasons", words, pl.List(pl.String)))


def _with_bars(
    name: str, numbers: Mapping[str, int], meanings: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The table of these numbers, where there are any."""
    return {f"{name}s": bars(name, numbers, meanings)} if numbers else {}
