"""The stage `validated`: raw records become verdicts, and `apply` gives each its place.

Whole slices are judged when they have landed or when the contract has a new version; single records
again when what they refer to has come or gone.
"""

from functools import partial

import polars as pl

from txcat_assets.pipeline.judge import judge
from txcat_assets.stages.loop import Commit, bring_up_to_date, work_slices
from txcat_assets.stages.work import Outcome, Unit, Work
from txcat_assets.warehouse.ledger.apply import apply
from txcat_assets.warehouse.ledger.references import (
    forget_withdrawn,
    has_withdrawn,
    positions_to_judge_again,
    slices_to_judge_again,
)
from txcat_assets.warehouse.ledger.slices import raw_records, raw_records_at, reach

STAGE = "validated"


def validate(work: Work) -> Outcome:
    """Bring the days' slices up to date with the contract and with what their records refer to.

    Again, it changes nothing.
    """

    def judge_unit(unit: Unit) -> Commit:
        with work.warehouse.transaction() as tx:
            raw = raw_records(tx, work.contract, unit.slice_ids)
        return _judged(work, unit, raw)

    outcome = bring_up_to_date(work, STAGE, _version(work), judge_unit)
    return _judge_again(work, outcome) if work.contract.references else outcome


def _judge_again(work: Work, outcome: Outcome) -> Outcome:
    """Judge again the records whose references have come or gone since they were judged."""
    with work.warehouse.transaction() as tx:
        slices = slices_to_judge_again(tx, work.contract, work.days)
        is_any_gone = has_withdrawn(tx, work.contract)

    def judge_records(unit: Unit) -> Commit:
        with work.warehouse.transaction() as tx:
            positions = positions_to_judge_again(tx, work.contract, unit.slice_ids)
            raw = raw_records_at(tx, work.contract, positions)
        return _judged(work, unit, raw)

    again = work_slices(work, STAGE, slices, judge_records)
    outcome.judged_again = again.records
    outcome.moved += again.moved
    outcome.claimed_by_others += again.claimed_by_others
    outcome.problems += again.problems
    if is_any_gone:
        with work.warehouse.transaction() as tx:
            forget_withdrawn(tx, work.contract)
    return outcome


def _judged(work: Work, unit: Unit, raw: pl.DataFrame) -> Commit:
    """Judge the records now, and commit the verdicts when asked to."""
    verdicts = judge(work.contract, raw, decimal_comma=unit.decimal_comma)
    return partial(_apply, work, unit, verdicts)


def _apply(work: Work, unit: Unit, verdicts: pl.DataFrame) -> int:
    with work.warehouse.transaction() as tx:
        applied = apply(tx, work.contract, verdicts, work.run)
        reach(tx, STAGE, unit.slice_ids, _version(work), work.run)
    return applied.moved


def _version(work: Work) -> str:
    return str(work.contract.version)
