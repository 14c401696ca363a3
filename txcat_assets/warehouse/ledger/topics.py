"""The ledger's objects of kind `kafka`: the partitions of topics, their heads, accepted losses.

What Kafka has to offer and what follows from comparing the two is in `pipeline.topics`; how the
records of a range land is in `slices`, as for files.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from txcat_assets.pipeline.topics import Followed, LastRecord, Loss, LossKind, Offered
from txcat_assets.warehouse.databases.interface import Transaction


@dataclass(frozen=True)
class Acceptance:
    """Who accepts a loss, why, and when (UTC)."""

    who: str
    why: str
    at: datetime


def followed_partitions(tx: Transaction, dataset: str, topic: str) -> list[Followed]:
    """The partitions of a topic that the ledger follows, each with its head."""
    found = tx.rows(
        'SELECT object_id, "partition", topic_id, generation, next, reason IS NOT NULL, '
        "last_record "
        "FROM ledger.objects "
        "WHERE dataset = $dataset AND kind = 'kafka' AND name = $topic AND state = 'following' "
        'ORDER BY "partition"',
        dataset=dataset,
        topic=topic,
    )
    return [
        Followed(object_id, partition, topic_id, generation, head, has_loss, _last_record(text))
        for object_id, partition, topic_id, generation, head, has_loss, text in found
    ]


def last_record_text(last: LastRecord | None) -> str | None:
    """What landed last, as the ledger keeps it; None leaves what it has."""
    return msgspec.json.encode(last).decode() if last else None


def _last_record(text: str | None) -> LastRecord | None:
    return msgspec.json.decode(text, type=LastRecord) if text else None


def follow(
    tx: Transaction, dataset: str, offered: Offered, partitions: Sequence[int], at: datetime
) -> None:
    """Follow partitions from their first offset on; one that is followed already is left alone."""
    followed = {one.partition for one in followed_partitions(tx, dataset, offered.topic)}
    for partition in sorted(set(partitions) - followed):
        begin = offered.ranges[partition][0]
        _insert(tx, dataset, offered, Followed(0, partition, offered.topic_id, 0, begin), at)


def accept(tx: Transaction, dataset: str, loss: Loss, offered: Offered, by: Acceptance) -> bool:
    """Go on behind a loss, and keep who accepted it; False when the head has moved meanwhile.

    What retention removed is skipped. After a cut or a replacement the same offsets are other
    records, so the object is closed and a new one, of the next generation, begins.
    """
    followed = loss.followed
    if loss.kind is LossKind.EXPIRED:
        return skip(tx, followed, loss.begin, by)
    closed = tx.changed(
        "UPDATE ledger.objects SET state = 'closed', reason = $why "
        "WHERE object_id = $object_id AND next = $head AND state = 'following'",
        object_id=followed.object_id,
        head=followed.head,
        why=by.why,
    )
    if not closed:
        return False
    _insert_gap(tx, followed, None, by)
    if followed.partition in offered.ranges:
        new = Followed(0, followed.partition, offered.topic_id, followed.generation + 1, loss.begin)
        _insert(tx, dataset, offered, new, by.at)
    return True


def skip(tx: Transaction, followed: Followed, until: int, by: Acceptance) -> bool:
    """Move the head to an offset further on without landing what is between, and keep who did."""
    moved = tx.changed(
        "UPDATE ledger.objects SET next = $until, last_record = NULL WHERE object_id = $object_id "
        "AND next = $head AND state = 'following' AND next < $until",
        object_id=followed.object_id,
        head=followed.head,
        until=until,
    )
    if moved:
        _insert_gap(tx, followed, until, by)
    return bool(moved)


def note_losses(tx: Transaction, followed: Sequence[Followed], losses: Sequence[Loss]) -> None:
    """Keep with each followed partition why it cannot be read, or that it can."""
    words = {loss.followed.object_id: loss.words for loss in losses}
    for one in followed:
        tx.run(
            "UPDATE ledger.objects SET reason = $reason WHERE object_id = $object_id "
            "AND reason IS DISTINCT FROM $reason",
            reason=words.get(one.object_id),
            object_id=one.object_id,
        )


def noted_losses(tx: Transaction, dataset: str) -> list[str]:
    """Why partitions of the dataset's topics cannot be read, in the words of their last look."""
    return [
        str(reason)
        for (reason,) in tx.rows(
            "SELECT reason FROM ledger.objects WHERE dataset = $dataset AND kind = 'kafka' "
            "AND state = 'following' AND reason IS NOT NULL ORDER BY object_id",
            dataset=dataset,
        )
    ]


def gaps(tx: Transaction, dataset: str) -> list[tuple[str, int, int, int | None, str, str]]:
    """Every accepted loss: topic, partition, from, to (None: unknown), who and why."""
    return [
        (str(topic), int(partition), int(start), end, str(who), str(why))
        for topic, partition, start, end, who, why in tx.rows(
            'SELECT o.name, o."partition", g."start", g."end", g.who, g.why FROM ledger.gaps g '
            "JOIN ledger.objects o ON o.object_id = g.object_id WHERE o.dataset = $dataset "
            'ORDER BY g.accepted_at, o."partition"',
            dataset=dataset,
        )
    ]


def _insert(tx: Transaction, dataset: str, offered: Offered, new: Followed, at: datetime) -> None:
    tx.run(
        'INSERT INTO ledger.objects (dataset, kind, name, "partition", topic_id, generation, '
        "identity, day, seen_at, next, state) VALUES ($dataset, 'kafka', $topic, $partition, "
        "$topic_id, $generation, $identity, $day, $at, $head, 'following')",
        dataset=dataset,
        topic=offered.topic,
        partition=new.partition,
        topic_id=new.topic_id,
        generation=new.generation,
        identity=f"{new.topic_id}/{new.partition}/{new.generation}",
        day=at.date(),
        at=at,
        head=new.head,
    )


def _insert_gap(tx: Transaction, followed: Followed, end: int | None, by: Acceptance) -> None:
    tx.run(
        "INSERT INTO ledger.gaps VALUES ($object_id, $start, $end, $who, $why, $at)",
        object_id=followed.object_id,
        start=followed.head,
        end=end,
        who=by.who,
        why=by.why,
        at=by.at,
    )
