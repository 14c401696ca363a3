"""What must be true after every commit, recounted from the tables themselves; nothing here writes.

Each invariant is a query for what breaks it, so that a table of any size can be audited. What
should have become of records is not asked: contracts say that.
"""

from collections.abc import Iterator
from typing import NamedTuple

from txcat_assets.contracts.model import Contract, Reference, Stage
from txcat_assets.pipeline.places import (
    CLOSED,
    DISCARDED,
    INVALID,
    LOSING,
    OF_OTHER_POLICY,
    REPLACED,
    SUPERSEDED,
    VALIDATED,
    WAITING,
)
from txcat_assets.warehouse.databases.interface import Transaction, Warehouse, listed
from txcat_assets.warehouse.ledger.scope import Scope
from txcat_assets.warehouse.ledger.slices import FROZEN
from txcat_assets.warehouse.queries.figures import CONSERVED, all_days, broken_conservation

SHOWN = 3
"""How many of what breaks an invariant are told."""


class Invariant(NamedTuple):
    """What must hold, in words, and a query for where it does not."""

    words: str
    broken: str


def audit(warehouse: Warehouse, contract: Contract) -> list[str]:
    """Where the tables of a dataset contradict the ledger or themselves, in words; none if whole.

    It reads all tables as of one moment, also while others write.
    """
    with warehouse.transaction() as tx:
        if warehouse.kind == "postgres":  # others may commit between two of these queries
            tx.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        return list(contradictions(tx, contract))


def contradictions(tx: Transaction, contract: Contract) -> Iterator[str]:
    """The same, within a transaction."""
    yield from _differing_counts(tx, contract)
    for words, broken in _invariants(contract):
        if rows := tx.rows(f"SELECT * FROM ({broken}) broken LIMIT {SHOWN}"):
            places = "; ".join(", ".join(map(str, row)) for row in rows)
            yield f"{contract.dataset}: {words}, but not at {places}"


def _differing_counts(tx: Transaction, contract: Contract) -> Iterator[str]:
    scope = Scope(contract.dataset, "day", all_days(tx, contract.dataset))
    for slice_id, ledger, tables in broken_conservation(tx, contract, scope)[:SHOWN]:
        yield (
            f"{contract.dataset}: the counts of slice {slice_id} ({', '.join(CONSERVED)}) are "
            f"{ledger} by the ledger, {tables} in the tables"
        )


def _invariants(contract: Contract) -> Iterator[Invariant]:
    yield from _of_ranges(contract.dataset)
    yield from _of_positions(contract.dataset)
    yield from _of_decisions(contract.dataset)
    yield from _of_keys(contract)
    for reference in contract.references:
        yield from _of_reference(contract, reference)
    for stage in contract.stages:
        yield from _of_answers(contract, stage)


def _of_ranges(name: str) -> Iterator[Invariant]:
    """Ranges and gaps of an object are contiguous to its head."""
    parts = (
        f'(SELECT object_id, "start", "end" FROM ledger.slices WHERE dataset = \'{name}\' '
        'UNION ALL SELECT g.object_id, g."start", g."end" FROM ledger.gaps g JOIN ledger.objects o '
        f"ON o.object_id = g.object_id WHERE o.dataset = '{name}' AND g.\"end\" IS NOT NULL)"
    )
    yield Invariant(
        "ranges and gaps of an object are contiguous, a file's from 0 on",
        'SELECT p.object_id, p."start" FROM (SELECT object_id, "start", lag("end") OVER '
        f'(PARTITION BY object_id ORDER BY "start", "end") AS before FROM {parts} ranges) p '
        'JOIN ledger.objects o ON o.object_id = p.object_id WHERE p."start" <> '
        "coalesce(p.before, CASE WHEN o.kind = 'kafka' THEN p.\"start\" ELSE 0 END)",
    )
    yield Invariant(
        "the ranges of an object end at its head",
        f'SELECT o.object_id, o.next FROM (SELECT object_id, max("end") AS reached FROM {parts} '
        "ranges GROUP BY 1) p JOIN ledger.objects o ON o.object_id = p.object_id "
        "WHERE o.next <> p.reached",
    )
    yield Invariant(
        "a file's slice has the number of its object's arrival, and all records of its range",
        "SELECT s.slice_id FROM ledger.slices s JOIN ledger.objects o ON o.object_id = s.object_id "
        f"WHERE s.dataset = '{name}' AND o.kind <> 'kafka' AND (s.slice_id - s.slice_id % 1000000 "
        '<> s.object_id * 1000000 OR s.landed <> s."end" - s."start")',
    )


def _of_positions(name: str) -> Iterator[Invariant]:
    """Each position is in raw once and judged at most once, within the range of its slice."""
    own = f"SELECT slice_id FROM ledger.slices WHERE dataset = '{name}'"
    for schema in ("raw", "judged"):
        yield Invariant(
            f"each position is in {schema} once",
            f"SELECT _slice_id, _position FROM {schema}.{name} GROUP BY 1, 2 HAVING count(*) > 1",
        )
        yield Invariant(
            f"each record in {schema} has a slice",
            f"SELECT DISTINCT _slice_id FROM {schema}.{name} WHERE _slice_id NOT IN ({own})",
        )
    yield Invariant(
        "each position is in the range of its slice",
        f"SELECT r._slice_id, r._position FROM raw.{name} r JOIN ledger.slices s "
        'ON s.slice_id = r._slice_id WHERE r._position < s."start" OR r._position >= s."end"',
    )
    yield Invariant(
        "what is judged has landed, or its text was forgotten",
        f"SELECT s.slice_id FROM ledger.slices s LEFT JOIN (SELECT j._slice_id, count(*) AS n "
        f"FROM judged.{name} j WHERE NOT EXISTS (SELECT 1 FROM raw.{name} r "
        "WHERE r._slice_id = j._slice_id AND r._position = j._position) GROUP BY 1) w "
        f"ON w._slice_id = s.slice_id WHERE s.dataset = '{name}' "
        "AND coalesce(w.n, 0) <> s.forgotten",
    )


def _of_decisions(name: str) -> Iterator[Invariant]:
    """A record is closed while a decision about it is in force, and there is one at most."""
    decided = (
        "SELECT slice_id, position, action FROM ledger.decisions "
        f"WHERE dataset = '{name}' AND in_force"
    )
    place = f"CASE d.action WHEN 'discarded' THEN {DISCARDED} ELSE {REPLACED} END"
    yield Invariant(
        "one decision is in force for a position",
        f"SELECT slice_id, position FROM ({decided}) d GROUP BY 1, 2 HAVING count(*) > 1",
    )
    yield Invariant(
        "what is closed was decided, and what was decided is closed",
        f"SELECT d.slice_id, d.position, j._slice_id, j._position FROM ({decided}) d FULL JOIN "
        f"(SELECT * FROM judged.{name} WHERE _place IN ({listed(CLOSED)})) j "
        "ON j._slice_id = d.slice_id AND j._position = d.position "
        f"WHERE d.slice_id IS NULL OR j._slice_id IS NULL OR j._place <> {place}",
    )


def _of_keys(contract: Contract) -> Iterator[Invariant]:
    judged, key = f"judged.{contract.dataset}", f'"{contract.key}"'
    strange, losing = OF_OTHER_POLICY[contract.policy], [*LOSING, SUPERSEDED]
    yield Invariant(
        "one record holds a key",
        f"SELECT {key} FROM {judged} WHERE _place = {VALIDATED} GROUP BY 1 HAVING count(*) > 1",
    )
    yield Invariant(
        "versions do not conflict, and what has none is not superseded",
        f"SELECT _slice_id, _position FROM {judged} WHERE _place = {strange}",
    )
    yield Invariant(
        "whoever is a duplicate, a conflict or superseded has a winner",
        f"SELECT l._slice_id, l._position FROM {judged} l WHERE l._place IN ({listed(losing)}) "
        f"AND NOT EXISTS (SELECT 1 FROM {judged} w WHERE w._place = {VALIDATED} "
        f"AND w.{key} = l.{key})",
    )
    yield Invariant(
        "what is superseded is counted by its slice",
        "SELECT s.slice_id, s.superseded FROM ledger.slices s LEFT JOIN (SELECT _slice_id, "
        f"count(*) AS n FROM {judged} WHERE _place = {SUPERSEDED} GROUP BY 1) j "
        f"ON j._slice_id = s.slice_id WHERE s.dataset = '{contract.dataset}' "
        "AND coalesce(j.n, 0) <> s.superseded",
    )


def _of_reference(contract: Contract, reference: Reference) -> Iterator[Invariant]:
    """Who contends names what is there, or what is noted as gone; whoever waits says for what."""
    column, to = f'j."{reference.column}"', reference.to
    # What is frozen is judged no more.
    judged = f"FROM judged.{contract.dataset} j WHERE j._slice_id NOT IN {FROZEN} AND j._place"
    apart = listed([INVALID, WAITING, *CLOSED])
    yield Invariant(
        f"what {reference.column} names is there",
        f"SELECT j._slice_id, j._position {judged} NOT IN ({apart}) AND {column} IS NOT NULL "
        f"AND NOT EXISTS (SELECT 1 FROM judged.{to.dataset} v WHERE v._place = {VALIDATED} "
        f'AND v."{to.key}" = {column}) AND NOT EXISTS (SELECT 1 FROM ledger.withdrawn w '
        f"WHERE w.key = CAST({column} AS TEXT))",
    )
    yield Invariant(
        "whoever waits says for what",
        f"SELECT j._slice_id, j._position {judged} = {WAITING} AND (j._codes IS NULL "
        f"OR ('{reference.code}' = ANY(j._codes) AND {column} IS NULL))",
    )


def _of_answers(contract: Contract, stage: Stage) -> Iterator[Invariant]:
    """Pending and refused, recounted for the model version that each slice has reached."""
    name, key, rows = contract.dataset, f'"{contract.key}"', f"{stage.name}.{contract.dataset}"
    noted = f"FROM ledger.refusals WHERE dataset = '{name}' AND stage = '{stage.name}'"
    yield Invariant(
        f"there is one row of a key in {rows}",
        f"SELECT {key} FROM {rows} GROUP BY 1 HAVING count(*) > 1",
    )
    yield Invariant(
        f"each key in {rows} is validated",
        f"SELECT a.{key} FROM {rows} a WHERE NOT EXISTS (SELECT 1 FROM judged.{name} v "
        f"WHERE v._place = {VALIDATED} AND v.{key} = a.{key})",
    )
    yield Invariant(
        "a refusal is noted once",
        f"SELECT slice_id, position {noted} GROUP BY slice_id, position, digest, model_version "
        "HAVING count(*) > 1",
    )
    same = "{t}_slice_id = v._slice_id AND {t}_position = v._position AND {t}_digest = v._digest"
    counted = (
        "SELECT v._slice_id, count(*) AS records, count(a._position) AS answered, "
        f"count(f.position) AS refused FROM judged.{name} v JOIN ledger.stages t "
        f"ON t.slice_id = v._slice_id AND t.stage = '{stage.name}' "
        f"LEFT JOIN {rows} a ON {same.format(t='a.')} AND a.model_version = t.version "
        f"AND (t.redo_from IS NULL OR a.{stage.name}_at >= t.redo_from) "
        f"LEFT JOIN (SELECT * {noted}) f ON f.slice_id = v._slice_id AND f.position = v._position "
        "AND f.digest = v._digest AND f.model_version = t.version "
        f"WHERE v._place = {VALIDATED} GROUP BY 1"
    )
    yield Invariant(
        f"pending and refused of {stage.name} are as the ledger counts them",
        f"SELECT t.slice_id, t.pending, t.refused FROM ledger.stages t LEFT JOIN ({counted}) c "
        f"ON c._slice_id = t.slice_id WHERE t.dataset = '{name}' AND t.stage = '{stage.name}' "
        "AND (t.refused <> coalesce(c.refused, 0) "
        "OR t.pending <> coalesce(c.records - c.answered - c.refused, 0))",
    )
