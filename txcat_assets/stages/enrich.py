"""The stages after `validated`: each validated record gets an answer from a versioned service."""

import time
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Protocol

import polars as pl

from txcat_assets.contracts.model import Stage
from txcat_assets.pipeline.parse import dtype_of
from txcat_assets.stages.loop import Commit, bring_up_to_date
from txcat_assets.stages.work import Outcome, Unit, Work
from txcat_assets.warehouse.ledger.answers import keep_answers, kept_answers, store_answers
from txcat_assets.warehouse.ledger.pending import CONTENT, Pending, StageModel, pending

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
    version = enricher.version()
    model = StageModel(work.contract, stage, version)

    def answer_unit(unit: Unit) -> Commit:
        with work.warehouse.transaction() as tx:
            read = pending(tx, model, unit.slice_ids)
            kept = kept_answers(tx, model, unit.slice_ids).unique(CONTENT)
        to_ask = read.records.join(kept, on=CONTENT, how="anti", maintain_order="left")
        answers = [read.records.join(kept, on=CONTENT), _ask(work, model, enricher, to_ask)]
        return partial(_store, work, model, read, pl.concat(answers))

    return bring_up_to_date(work, stage.name, version, answer_unit)


def _store(work: Work, model: StageModel, read: Pending, answers: pl.DataFrame) -> int:
    with work.warehouse.transaction() as tx:
        store_answers(tx, model, read, answers, work.run)
    return 0


def _ask(work: Work, model: StageModel, enricher: Enricher, records: pl.DataFrame) -> pl.DataFrame:
    """The records with their answers or refusals; each is kept within seconds, come what may."""
    columns = {column.name: dtype_of(column.type) for column in model.stage.columns}
    answers = [pl.DataFrame(schema={"row": pl.UInt32, **columns, "refusal": pl.String})]
    unkept, kept_at = 1, time.monotonic()

    def keep() -> None:
        if answers[unkept:]:
            with work.warehouse.transaction() as tx:
                keep_answers(tx, model, _with_answers(records.select(CONTENT), answers[unkept:]))

    try:
        for given in enricher.answers(records.select(model.contract.column_names)):
            answers.append(given)
            if time.monotonic() - kept_at > KEEP_EVERY_SECONDS:
                keep()
                unkept, kept_at = len(answers), time.monotonic()
    except Exception:
        keep()
        raise
    return _with_answers(records, answers)


def _with_answers(records: pl.DataFrame, answers: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Those of the records that were answered, each with its answer."""
    given = pl.concat(answers).sort("row")
    return records[given["row"]].hstack(given.drop("row"))
