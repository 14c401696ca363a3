"""The stage `validated`: raw records become verdicts, and `apply` gives each its place."""

from collections.abc import Sequence

import polars as pl

from txcat_assets.pipeline.judge import judge
from txcat_assets.stages.loop import bring_up_to_date
from txcat_assets.stages.work import Outcome, Unit, Work
from txcat_assets.warehouse.apply import apply
from txcat_assets.warehouse.ledger import raw_records, reach

STAGE = "validated"


def validate(work: Work) -> Outcome:
    """Bring the days' slices up to date with the contract; again, it changes nothing."""
    version = str(work.contract.version)

    def judge_unit(slice_ids: Sequence[int], unit: Unit) -> pl.DataFrame:
        with work.warehouse.transaction() as tx:
            raw = raw_records(tx, work.contract, slice_ids)
        return judge(work.contract, raw, decimal_comma=unit.decimal_comma)

    def apply_unit(slice_ids: Sequence[int], verdicts: pl.DataFrame) -> int:
        with work.warehouse.transaction() as tx:
            applied = apply(tx, work.contract, verdicts, work.run_id)
            reach(tx, STAGE, slice_ids, version, work.run)
        return applied.moved

    return bring_up_to_date(work, STAGE, version, judge_unit, apply_unit)
