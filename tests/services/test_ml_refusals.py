"""Promise: one record never sinks another. A refused list is halved until the culprits are alone.

Any set of culprits is tried, against a service that refuses each list that has one of them.
"""

import math
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.services.faulty_services import Exchange, predictions, serving
from tests.services.records import client, validated

RECORDS = 64


class Picky:
    """Refuses each list that holds a record of `culprits`, with the number of the first one."""

    def __init__(self, culprits: set[str], status: int) -> None:
        self.culprits, self.status = culprits, status

    def __call__(self, exchange: Exchange) -> None:
        if found := [item["id"] for item in exchange.items if item["id"] in self.culprits]:
            exchange.say(self.status, {"detail": f"I do not like {found[0]}"})
        else:
            exchange.say(200, predictions(exchange.items))


def most_requests(culprits: int) -> int:
    """Each culprit costs two requests for each halving, and the first list one."""
    return 1 + 2 * culprits * int(math.log2(RECORDS))


@settings(max_examples=30, deadline=None)
@given(st.sets(st.integers(0, RECORDS - 1)), st.sampled_from([400, 413, 422]))
def test_exactly_the_culprits_are_refused(culprits: set[int], status: int) -> None:
    ids = {number: str(UUID(int=number)) for number in range(RECORDS)}
    picky = Picky({ids[number] for number in culprits}, status)
    with serving(picky) as service, client(service.url, list_items=RECORDS) as ml:
        rows = [row for frame in ml.answers(validated(range(RECORDS))) for row in frame.rows()]
    assert sorted(rows) == [
        (n, None, f"I do not like {ids[n]}") if n in culprits else (n, "Food", None)
        for n in range(RECORDS)
    ]
    assert len(service.asked) <= most_requests(len(culprits))


WORDS = {
    b"": "status 422",
    b"  plain \n words\x00\xff": "plain words\\x00\ufffd",
    b'{"detail": "bad amount"}': "bad amount",
    b'{"detail": [{"loc": "amount"}]}': '{"detail": [{"loc": "amount"}]}',
    b"x" * 9_999: "x" * 333 + "…" + "x" * 166,
    b"[" * 9_999: "[" * 333 + "…" + "[" * 166,
}


@pytest.mark.parametrize("body", WORDS, ids=lambda body: repr(body[:20]))
def test_a_refusal_has_the_service_s_own_words(body: bytes) -> None:
    with serving(lambda exchange: exchange.say(422, body)) as service, client(service.url) as ml:
        frames = list(ml.answers(validated([1])))
    assert [frame.rows() for frame in frames] == [[(0, None, WORDS[body])]]
