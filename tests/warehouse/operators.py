"""An operator in a test: decides about any record, right or wrong, as the commands do."""

from collections.abc import Sequence

import polars as pl

from tests.oracle import Position
from txcat_assets.stages.corrections import Correction, Edited, addresses_of, as_frame
from txcat_assets.stages.fix import Fixing, fix
from txcat_assets.stages.operate import Decided, discard, reopen, replay, settle
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.databases.interface import Warehouse
from txcat_assets.warehouse.ledger.decisions import Decision
from txcat_assets.warehouse.queries.quarantine import Wanted, read_records

ALL = tuple(range(1, 8))
ACTIONS = ["discard", "reopen", "replay", "settle", "fix"]


def decide(work: Work, action: str, at: Position, texts: Sequence[str | None], name: str) -> None:
    """Decide about the record at a position; `texts` and `name` are those of a correction."""
    wanted = Wanted(positions=[at], places=ALL)
    match action:
        case "discard":
            discard(work, wanted, Decision("discarded", "ann", "a test"))
        case "reopen":
            reopen(work, wanted, Decision("reopened", "bob", "another"))
        case "replay":
            replay(work, Wanted(positions=[at]), Decision("replayed", "ann", "once more"))
        case "settle":
            settle(work, at, Decision("discarded", "ann", "chosen"))
        case _:
            correct(work, at, texts, name)


def correct(work: Work, at: Position, texts: Sequence[str | None], name: str) -> Decided:
    """Correct a record, if it is quarantined now."""
    address = current_address(work, at)
    if address is None:
        return Decided()
    given = dict(zip(work.contract.column_names, texts, strict=True))
    decision = Decision("replaced", "ann", "corrected")
    corrections = as_frame(work.contract, [Correction(1, address, given)])
    return fix(Fixing(work, name, decision), Edited(corrections))


def current_address(work: Work, at: Position) -> str | None:
    """The address of a record as an export would write it; None where nothing has landed."""
    columns = {"_slice_id": pl.Int64, "_position": pl.Int64}
    with work.warehouse.transaction() as tx:
        here = pl.DataFrame([at], schema=columns, orient="row")
        records = read_records(tx, work.contract, here)
    return next(iter(addresses_of(work.contract, records)), None)


def judgements(warehouse: Warehouse, at: Position) -> int:
    """How often somebody let a record be judged again; what was refused is only asked again."""
    with warehouse.transaction() as tx:
        ((number,),) = tx.rows(
            "SELECT count(*) FROM ledger.decisions WHERE slice_id = $s AND position = $p "
            "AND action = 'replayed' AND place_before <> 1",
            s=at[0],
            p=at[1],
        )
    return int(number)
