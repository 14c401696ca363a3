"""What must be true after every commit, recounted from the tables themselves, row by row.

Nothing here asks what should have happened: see tests/oracle.py for that.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

from txcat_assets.contracts.model import Contract, Policy, Stage
from txcat_assets.warehouse.databases.interface import Transaction, Warehouse

VALIDATED, DUPLICATE, CONFLICT, INVALID, WAITING, DISCARDED, REPLACED = 1, 2, 3, 4, 5, 6, 7
SUPERSEDED = 8


class Judged(NamedTuple):
    """A judged row, without its columns."""

    slice_id: int
    position: int
    key: str | None
    digest: str | None
    place: int


class TableRow(NamedTuple):
    """A row of a stage, without its columns."""

    slice_id: int
    position: int
    key: str
    digest: str
    model: str
    at: Any


def audit(warehouse: Warehouse, contract: Contract) -> None:
    """Raise AssertionError when the tables contradict the ledger or themselves."""
    name, key = contract.dataset, contract.key
    with warehouse.transaction() as tx:
        if warehouse.kind == "postgres":  # others may commit between two of these queries
            tx.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        raw = tx.rows(f"SELECT _slice_id, _position FROM raw.{name}")
        judged = [
            Judged(*row)
            for row in tx.rows(
                f'SELECT _slice_id, _position, "{key}"::VARCHAR, _digest::VARCHAR, _place '
                f"FROM judged.{name}"
            )
        ]
        _check_ranges(tx, name, raw)
        _check_places(tx, name, raw, judged)
        _check_decisions(tx, name, judged)
        _check_keys(judged, has_versions=contract.policy is Policy.LATEST)
        _check_references(tx, contract)
        for stage in contract.stages:
            _check_stage(tx, contract, stage, judged)


def _check_stage(tx: Transaction, contract: Contract, stage: Stage, judged: list[Judged]) -> None:
    stored = [
        TableRow(*row)
        for row in tx.rows(
            f'SELECT _slice_id, _position, "{contract.key}"::VARCHAR, _digest::VARCHAR, '
            f"model_version, {stage.name}_at FROM {stage.name}.{contract.dataset}"
        )
    ]
    keys = [row.key for row in stored]
    assert _twice(keys) == [], "one answered row per key"
    winners = {row.key for row in judged if row.place == VALIDATED}
    assert set(keys) <= winners, "each answered key is validated"
    _check_answers(tx, (contract.dataset, stage.name), judged, stored)


def _check_ranges(tx: Transaction, name: str, raw: list[tuple[Any, ...]]) -> None:
    """Ranges and gaps of an object are contiguous to its head, each position is there once."""
    objects = tx.rows("SELECT object_id, kind, next FROM ledger.objects WHERE dataset = $d", d=name)
    kinds = {object_id: kind for object_id, kind, _ in objects}
    in_raw = defaultdict(list)
    for slice_id, position in sorted(raw):
        in_raw[slice_id].append(position)
    gaps = tx.rows(
        'SELECT object_id, NULL, "start", "end", 0, 0 FROM ledger.gaps WHERE "end" IS NOT NULL'
    )
    ends: dict[int, int] = {}
    for object_id, slice_id, start, end, landed, in_text in sorted(
        gaps
        + tx.rows(
            'SELECT object_id, slice_id, "start", "end", landed, landed - forgotten '
            "FROM ledger.slices WHERE dataset = $d",
            d=name,
        ),
        key=lambda row: (row[0], row[2]),
    ):
        is_file = kinds[object_id] in ("file", "fix")
        first = 0 if is_file else start
        assert start == ends.get(object_id, first), "ranges and gaps of an object are contiguous"
        ends[object_id] = end
        if slice_id is None:
            continue
        positions = in_raw.pop(slice_id, [])
        assert len(positions) == in_text == len(set(positions)), "each position is in raw once"
        assert all(start <= position < end for position in positions)
        if is_file:
            assert slice_id // 1_000_000 == object_id, "a slice id sorts by its object's arrival"
            assert landed == end - start
    assert not in_raw, "each raw record has a slice"
    heads = {object_id: head for object_id, _, head in objects if object_id in ends}
    assert ends == heads, "the ranges end at the head"


def _check_places(
    tx: Transaction, name: str, raw: list[tuple[Any, ...]], judged: list[Judged]
) -> None:
    """Conservation per slice, counted in the tables and equal to the ledger."""
    at = [(row.slice_id, row.position) for row in judged]
    assert _twice(at) == [], "no position is in two places"
    without_text = Counter(slice_id for slice_id, _ in set(at) - set(raw))
    forgotten = Counter(
        dict(
            tx.rows(
                "SELECT slice_id, forgotten FROM ledger.slices WHERE dataset = $d "
                "AND forgotten > 0",
                d=name,
            )
        )
    )
    assert without_text == forgotten, "what is judged has landed, or its text was forgotten"
    landed = Counter(slice_id for slice_id, _ in raw) + forgotten
    counted = Counter((row.slice_id, row.place) for row in judged)
    for slice_id, *counts in tx.rows(
        "SELECT slice_id, landed, unjudged, validated, quarantined, duplicate, discarded, "
        "replaced, superseded FROM ledger.slices WHERE dataset = $d",
        d=name,
    ):
        of = {place: counted[slice_id, place] for place in range(1, 9)}
        quarantined = of[CONFLICT] + of[INVALID] + of[WAITING]
        unjudged = landed[slice_id] - sum(of.values())
        validated = of[VALIDATED] + of[SUPERSEDED]
        open_ = [landed[slice_id], unjudged, validated, quarantined, of[DUPLICATE]]
        assert [*open_, of[DISCARDED], of[REPLACED], of[SUPERSEDED]] == counts, (
            f"slice {slice_id} as counted, and in the ledger"
        )


def _check_decisions(tx: Transaction, name: str, judged: list[Judged]) -> None:
    """A record is closed while a decision about it is in force, and there is one at most."""
    places = {"discarded": DISCARDED, "replaced": REPLACED}
    decided = [
        ((slice_id, position), places[action])
        for slice_id, position, action in tx.rows(
            "SELECT slice_id, position, action FROM ledger.decisions WHERE dataset = $d "
            "AND in_force",
            d=name,
        )
    ]
    closed = {(r.slice_id, r.position): r.place for r in judged if r.place in places.values()}
    assert len(decided) == len(dict(decided)), "one decision is in force for a position"
    assert dict(decided) == closed, "what is closed was decided, and what was decided is closed"


def _check_keys(judged: list[Judged], *, has_versions: bool) -> None:
    winners = [row.key for row in judged if row.place == VALIDATED]
    losers = {row.key for row in judged if row.place in (DUPLICATE, CONFLICT, SUPERSEDED)}
    assert _twice(winners) == [], "one record holds a key"
    strange = CONFLICT if has_versions else SUPERSEDED
    assert not [row for row in judged if row.place == strange], "versions do not conflict"
    assert losers <= set(winners), "a duplicate, a conflict, an earlier version have a winner"


def _check_references(tx: Transaction, contract: Contract) -> None:
    """Who contends names what is there, or what is noted as gone; whoever waits says for what."""
    for reference in contract.references:
        code, to = reference.code, reference.to
        known = tx.rows(f'SELECT "{to.key}"::VARCHAR FROM validated.{to.dataset}')
        there = {key for (key,) in known}
        gone = {key for (key,) in tx.rows("SELECT key FROM ledger.withdrawn")}
        for key, place, reasons in tx.rows(
            f'SELECT "{reference.column}"::VARCHAR, _place, _reasons '
            f"FROM judged.{contract.dataset} WHERE _place NOT IN ({INVALID}, {DISCARDED}, "
            f"{REPLACED}) AND _slice_id NOT IN "
            "(SELECT slice_id FROM ledger.slices WHERE forgotten > 0)"  # judged no more
        ):
            if place == WAITING:
                assert reasons, "whoever waits says for what"
                assert code not in reasons or key is not None, "who names nothing waits for nobody"
            else:
                assert key is None or key in there | gone, f"{key} of {code} is there"


def _check_answers(
    tx: Transaction, where: tuple[str, str], judged: list[Judged], stored: list[TableRow]
) -> None:
    """Pending and refused, recounted for the model version that each slice has reached."""
    answers = {(row.slice_id, row.position, row.digest): row for row in stored}
    refusals = tx.rows(
        "SELECT slice_id, position, digest::VARCHAR, model_version FROM ledger.refusals "
        "WHERE dataset = $d AND stage = $s",
        d=where[0],
        s=where[1],
    )
    assert _twice(refusals) == [], "a refusal is noted once"
    validated = defaultdict(list)
    for row in judged:
        if row.place == VALIDATED:
            validated[row.slice_id].append((row.slice_id, row.position, row.digest))
    for slice_id, version, redo_from, *counts in tx.rows(
        "SELECT slice_id, version, redo_from, pending, refused FROM ledger.stages "
        "WHERE dataset = $d AND stage = $s",
        d=where[0],
        s=where[1],
    ):
        refused = sum((*at, version) in refusals for at in validated[slice_id])
        answered = sum(
            at in answers
            and answers[at].model == version
            and (redo_from is None or answers[at].at >= redo_from)
            for at in validated[slice_id]
        )
        pending = len(validated[slice_id]) - answered - refused
        assert [pending, refused] == counts, f"slice {slice_id} as counted, and in the ledger"


def _twice(values: Iterable[Any]) -> list[Any]:
    return [value for value, times in Counter(values).items() if times > 1]
