"""The stages after `validated`: each validated record gets an answer from a versioned service."""

import time
from collections.abc import Iterator, Sequence
from typing import Protocol

import polars as pl

from txcat_assets.contracts.model import Stage
from txcat_assets.pipeline.parse import dtype_of
from txcat_assets.stages.loop import bring_up_to_date
from txcat_assets.stages.work import Outcome, Unit, Work
from txcat_assets.warehouse.ledger.answers import ToAsk, keep, kept, store, to_ask
from txcat_assets.warehouse.ledger.asked import CONTENT, Asked

KEEP_EVERY_SECONDS = 5.0
"""How much asking a kill can cost; a small commit in DuckDB costs some 20 ms."""


class Enricher(Protocol):
    """What answers for a stage: the ML service, or any function of validated records."""

    def version(self) -> str:
        """The version of the model that answers; raises ServiceDown when nobody does."""

    def answers(self, records: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Answers as they come: `row` in `records`, the stage's columns, and `refusal`.

        Every row once, in any order; where it is refused the columns are null. What was given
        before an error is good.
        """


def enrich(work: Work, stage: Stage, enricher: Enricher) -> Outcome:
    """Bring the days' slices up to date with the model; again, it asks and changes nothing.

    When the service goes away in the middle, what it has answered is kept for the next run.
    """
    asked = Asked(work.contract, stage, enricher.version())

    def ask_unit(slice_ids: Sequence[int], unit: Unit) -> tuple[ToAsk, pl.DataFrame]:  # noqa: ARG001
        with work.warehouse.transaction() as tx:
            read, before = to_ask(tx, asked, slice_ids), kept(tx, asked, slice_ids)
        before = before.unique(CONTENT)
        rest = read.records.join(before, on=CONTENT, how="anti", maintain_order="left")
        known = read.records.join(before, on=CONTENT)
        return read, pl.concat([known, _ask(work, asked, enricher, rest)])

    def store_unit(slice_ids: Sequence[int], made: tuple[ToAsk, pl.DataFrame]) -> int:  # noqa: ARG001
        read, answered = made
        with work.warehouse.transaction() as tx:
            store(tx, asked, read, answered, work.run)
        return 0

    return bring_up_to_date(work, stage.name, asked.model, ask_unit, store_unit)


def _ask(work: Work, asked: Asked, enricher: Enricher, records: pl.DataFrame) -> pl.DataFrame:
    """The records with their answers or refusals; each is kept within seconds, come what may."""
    columns = {column.name: dtype_of(column.type) for column in asked.stage.columns}
    answers = [pl.DataFrame(schema={"row": pl.UInt32, **columns, "refusal": pl.String})]
    unkept, kept_at = 1, time.monotonic()

    def keep_answers() -> None:
        if answers[unkept:]:
            with work.warehouse.transaction() as tx:
                keep(tx, asked, _of(records.select(CONTENT), answers[unkept:]))

    try:
        for given in enricher.answers(records.select(asked.contract.column_names)):
            answers.append(given)
            if time.monotonic() - kept_at > KEEP_EVERY_SECONDS:
                keep_answers()
                unkept, kept_at = len(answers), time.monotonic()
    except Exception:
        keep_answers()
        raise
    return _of(records, answers)


def _of(records: pl.DataFrame, answers: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """The answered ones of the records, each with its answer."""
    given = pl.concat(answers).sort("row")
    return records[given["row"]].hstack(given.drop("row"))
