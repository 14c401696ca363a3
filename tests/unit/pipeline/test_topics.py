"""What is to read of a topic: nothing twice, nothing skipped, and every loss is seen."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from txcat_assets.pipeline.topics import (
    Followed,
    LastRecord,
    LossKind,
    Offered,
    lag,
    losses,
    new_partitions,
    provable,
    ranges,
)

offsets = st.integers(0, 50)
spans = st.tuples(offsets, offsets).map(lambda pair: (min(pair), max(pair)))
topics = st.dictionaries(st.integers(0, 3), spans, max_size=4)


def offered(ranges: dict[int, tuple[int, int]], topic_id: str = "a") -> Offered:
    return Offered("t", topic_id, is_compacted=False, ranges=ranges)


@st.composite
def whole(draw: st.DrawFn) -> tuple[list[Followed], Offered]:
    """A topic of which nothing is lost, some of its partitions followed."""
    spans = draw(topics)
    known = [
        Followed(number, partition, "a", 0, draw(st.integers(begin, end)))
        for number, (partition, (begin, end)) in enumerate(spans.items())
        if draw(st.booleans())
    ]
    return known, offered(spans)


@given(whole(), st.dictionaries(st.integers(0, 3), offsets), st.integers(1, 60))
def test_what_is_read_begins_at_the_head_and_keeps_to_every_end(
    topic: tuple[list[Followed], Offered], asked: dict[int, int], most: int
) -> None:
    known, there = topic
    heads = {one.partition: one.head for one in known}
    wanted = ranges(known, there, asked, most)
    assert sum(one.end - one.start for one in wanted) <= most
    for one in wanted:
        assert one.start == heads.pop(one.partition)  # so each partition comes once
        assert one.start < one.end <= there.ranges[one.partition][1]
        assert one.end <= asked.get(one.partition, one.end)


@given(whole(), st.integers(1, 60))
def test_runs_go_on_until_all_is_read(topic: tuple[list[Followed], Offered], most: int) -> None:
    known, there = topic
    left = sum(there.ranges[one.partition][1] - one.head for one in known)
    for _ in range(200):
        wanted = {one.partition: one.end for one in ranges(known, there, {}, most)}
        read = sum(
            end - next(o.head for o in known if o.partition == p) for p, end in wanted.items()
        )
        assert read == min(left, most)
        left -= read
        known = [
            Followed(one.object_id, one.partition, "a", 0, wanted.get(one.partition, one.head))
            for one in known
        ]
        if not left:
            break
    assert left == 0
    assert set(lag(known, there)) == set(there.ranges)
    assert sum(lag(known, there)[one.partition] for one in known) == 0


@given(whole())
def test_of_a_whole_topic_nothing_is_lost(topic: tuple[list[Followed], Offered]) -> None:
    assert losses(*topic) == []


@given(offsets, spans, st.sampled_from(["a", "b"]))
def test_whatever_cannot_be_read_is_a_loss_of_its_kind(
    head: int, span: tuple[int, int], topic_id: str
) -> None:
    begin, end = span
    found = [
        loss.kind for loss in losses([Followed(1, 0, "a", 0, head)], offered({0: span}, topic_id))
    ]
    if topic_id == "b":
        assert found == [LossKind.REPLACED]
    elif head > end:
        assert found == [LossKind.CUT]
    elif head < begin:
        assert found == [LossKind.EXPIRED]
    else:
        assert found == []


def test_a_partition_that_is_gone_is_a_loss() -> None:
    (loss,) = losses([Followed(1, 2, "a", 0, 5)], offered({0: (0, 9)}))
    assert loss.kind is LossKind.REPLACED


def test_new_partitions_are_those_that_nobody_follows() -> None:
    assert new_partitions([Followed(1, 1, "a", 0, 5)], offered({0: (0, 1), 1: (0, 9)})) == [0]


LAST = LastRecord(4, 0, 1_735_689_600_000, "d")


@pytest.mark.parametrize(
    ("last", "span", "topic_id", "is_there"),
    [
        (LAST, (0, 9), "a", True),
        (LAST, (4, 5), "a", True),
        (LAST, (5, 9), "a", False),  # retention removed it
        (LAST, (0, 4), "a", False),  # cut: a loss without it
        (LAST, (0, 9), "b", False),
        (None, (0, 9), "a", False),
    ],
)
def test_what_landed_last_is_compared_where_kafka_still_has_it(
    last: LastRecord | None, span: tuple[int, int], topic_id: str, is_there: bool
) -> None:
    followed = Followed(1, 0, "a", 0, 5, last=last)
    found = provable([followed], offered({0: span}, topic_id))
    assert found == ([followed] if is_there else [])


def test_other_records_before_the_head_are_a_loss() -> None:
    followed = [Followed(1, 0, "a", 0, 5, last=LAST), Followed(2, 1, "a", 0, 5, last=LAST)]
    there = replace(offered({0: (0, 9), 1: (0, 9)}), other_logs=frozenset({1}))
    (loss,) = losses(followed, there)
    assert (loss.followed.partition, loss.kind) == (1, LossKind.REGROWN)
    assert "given to other records" in loss.words
