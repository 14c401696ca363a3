"""Finds what Kafka has lost of a topic, and which offsets are to read next. Pure.

The ledger's heads are compared with what Kafka still has.

An offset that Kafka no longer has, or has given to another record, is never skipped: it is a loss
that somebody must accept first.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum


@dataclass(frozen=True)
class LastRecord:
    """The last record that landed of a partition: it shows whether the log is still the same one.

    `written_at_ms` is the timestamp that the producer or Kafka gave it, `digest` stands for its
    key, value and headers, `leader_epoch` says under which leader of the partition it was written.
    """

    offset: int
    leader_epoch: int
    written_at_ms: int
    digest: str


@dataclass(frozen=True)
class Followed:
    """A partition that the ledger follows; `head` is the first offset that has not landed."""

    object_id: int
    partition: int
    topic_id: str
    generation: int
    head: int
    has_loss: bool = False
    """Whether the last look found that Kafka had lost something of it."""
    last: LastRecord | None = None
    """What landed last before the head; None where nothing did, or its end was given up."""


@dataclass(frozen=True)
class Offered:
    """What Kafka has of a topic: for each partition its first offset, and where it ends now.

    `end` is the offset after the last record that no open transaction holds back.
    """

    topic: str
    topic_id: str
    is_compacted: bool
    ranges: Mapping[int, tuple[int, int]]
    other_logs: frozenset[int] = frozenset()
    """The partitions where Kafka has other records before the ledger's head than those that landed.

    It is looked for where Kafka still has an offset that landed.
    """

    @property
    def ends(self) -> dict[int, int]:
        """By partition, where it ends."""
        return {partition: end for partition, (_, end) in self.ranges.items()}


@dataclass(frozen=True)
class Range:
    """The offsets `start` to `end` (without it) of a partition that is followed as an object."""

    object_id: int
    partition: int
    start: int
    end: int


class LossKind(StrEnum):
    """How records can be lost before they have landed."""

    EXPIRED = "expired"
    """Kafka's retention has removed what is behind the head."""
    CUT = "cut"
    """The partition ends before the head: its end was lost, and offsets are given anew."""
    REGROWN = "regrown"
    """The same, and as many records came since: other ones have the offsets before the head."""
    REPLACED = "replaced"
    """The topic was deleted and made anew: the same offsets are other records now."""


@dataclass(frozen=True)
class Loss:
    """What cannot be read any more of a followed partition; `begin` and `end` are Kafka's."""

    topic: str
    followed: Followed
    kind: LossKind
    begin: int
    end: int

    @property
    def words(self) -> str:
        """What is lost, for people, with the command that accepts it."""
        head, partition = self.followed.head, self.followed.partition
        found = {
            LossKind.EXPIRED: f"begins at {self.begin} by now: the {self.begin - head} offsets "
            "between were removed by Kafka's retention before they had landed",
            LossKind.CUT: f"ends at {self.end} by now: what came after was lost by Kafka, and "
            "its offsets are given to other records",
            LossKind.REGROWN: "has other records before it than those that landed: what came last "
            "was lost by Kafka, as by a restored disk, and its offsets were given to other records",
            LossKind.REPLACED: "is another one by now: the topic was deleted and made anew, so "
            "what had not landed is lost",
        }[self.kind]
        return (
            f"Topic {self.topic}, partition {partition}: the next offset to land is {head}, but "
            f"the partition {found}. Nothing of the topic is read until the loss is accepted: "
            f"txcat kafka accept-gap {self.topic} --partition {partition} --why '...'"
        )


def provable(followed: Sequence[Followed], offered: Offered) -> list[Followed]:
    """The partitions of which Kafka still has what landed last, so that the two can be compared."""
    return [
        one
        for one in followed
        if one.last is not None
        and one.topic_id == offered.topic_id
        and one.partition in offered.ranges
        and offered.ranges[one.partition][0] <= one.last.offset
        and one.head <= offered.ranges[one.partition][1]
    ]


def losses(followed: Sequence[Followed], offered: Offered) -> list[Loss]:
    """What of the followed partitions can never be read."""
    return [loss for one in followed if (loss := _loss(one, offered)) is not None]


def ranges(
    followed: Sequence[Followed], offered: Offered, asked: Mapping[int, int], most: int
) -> list[Range]:
    """What to read now, `most` offsets at most: from each head to the end.

    `asked` may end a partition earlier; an end behind the head is an old request, and there is
    nothing to do. The partitions share `most` as evenly as they can.
    """
    wanted = []
    for one in followed:
        end = offered.ranges[one.partition][1]
        end = min(end, asked.get(one.partition, end))
        wanted.append(Range(one.object_id, one.partition, one.head, end))
    return list(_shared([one for one in wanted if one.start < one.end], most))


def lag(followed: Sequence[Followed], offered: Offered) -> dict[int, int]:
    """How many offsets of each partition have not landed."""
    heads = {one.partition: one.head for one in followed}
    return {
        partition: max(0, end - heads.get(partition, begin))
        for partition, (begin, end) in sorted(offered.ranges.items())
    }


def new_partitions(followed: Sequence[Followed], offered: Offered) -> list[int]:
    """The partitions that Kafka has and the ledger does not follow yet."""
    return sorted(offered.ranges.keys() - {one.partition for one in followed})


def _loss(followed: Followed, offered: Offered) -> Loss | None:
    begin, end = offered.ranges.get(followed.partition, (0, 0))
    if followed.topic_id != offered.topic_id or followed.partition not in offered.ranges:
        kind = LossKind.REPLACED
    elif followed.head > end:
        kind = LossKind.CUT
    elif followed.head < begin:
        kind = LossKind.EXPIRED
    elif followed.partition in offered.other_logs:
        kind = LossKind.REGROWN
    else:
        return None
    return Loss(offered.topic, followed, kind, begin, end)


def _shared(wanted: Sequence[Range], most: int) -> Iterator[Range]:
    left = most
    for place, one in enumerate(sorted(wanted, key=lambda one: one.end - one.start)):
        share = min(one.end - one.start, left // (len(wanted) - place))
        left -= share
        if share:
            yield replace(one, end=one.start + share)
