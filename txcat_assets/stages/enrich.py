"""The stages after `validated`: each validated record gets an answer from a versioned service."""

import time
from collections.abc import Iterator, Sequence
from typing import Protocol

import polars as pl

from txcat_assets.contracts.model import Stage
from txcat_assets.stages.work import Outcome, Unit, Work, bring_up_to_date
from txcat_assets.warehouse.answers import CONTENT, Asked, keep, kept, store, to_ask

KEEP_EVERY_SECONDS = 5.0
"""How much asking a kill can cost; a small commit in DuckDB costs some 20 ms."""


class Enricher(Protocol):
    """What answers for a stage: the ML service, or any function of validated records."""

    def version(self) -> str:
        """The version of the model that answers; raises ServiceDown when nobody does."""

    def answers(self, records: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """Answers as they come: `row` in `records`, and `answer` or `refusal`.

        Every row once, in any order. What was given before an error is good.
        """


def enrich(work: Work, stage: Stage, enricher: Enricher) -> Outcome:
    """Bring the days' slices up to date with the model; again, it asks and changes nothing.

    When the service goes away in the middle, what it has answered is kept for the next run.
    """
    asked = Asked(work.contract, stage, enricher.version())

    def ask_unit(slice_ids: Sequence[int], unit: Unit) -> int:  # noqa: ARG001
        with work.warehouse.transaction() as tx:
            records, before = to_ask(tx, asked, slice_ids), kept(tx, asked, slice_ids)
        rest = records.join(before, on=CONTENT, how="anti", maintain_order="left")
        answers = pl.concat([before, *_ask(work, asked, enricher, rest)]).unique(CONTENT)
        with work.warehouse.transaction() as tx:
            store(tx, asked, slice_ids, records.join(answers, on=CONTENT), work.run)
        return 0

    return bring_up_to_date(work, stage.name, asked.model, ask_unit)


def _ask(work: Work, asked: Asked, enricher: Enricher, records: pl.DataFrame) -> list[pl.DataFrame]:
    """The answers for all records; each is kept within seconds, whatever happens."""
    answers: list[pl.DataFrame] = []
    unkept, kept_at = 0, time.monotonic()
    content = records.select(CONTENT)
    try:
        for given in enricher.answers(records.select(asked.contract.column_names)):
            answers.append(content[given["row"]].hstack(given.select("answer", "refusal")))
            if time.monotonic() - kept_at > KEEP_EVERY_SECONDS:
                _keep(work, asked, answers[unkept:])
                unkept, kept_at = len(answers), time.monotonic()
    except Exception:
        _keep(work, asked, answers[unkept:])
        raise
    return answers


def _keep(work: Work, asked: Asked, answers: list[pl.DataFrame]) -> None:
    if answers:
        with work.warehouse.transaction() as tx:
            keep(tx, asked, pl.concat(answers))
