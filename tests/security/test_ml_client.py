"""Attacks on txcat by the service that it asks: a reply that takes memory, or commands a terminal.

Line 8 of the attack list in docs/security.md.
"""

import gzip
import resource
from collections.abc import Callable

import pytest
import zstandard

from tests.services.faulty_services import Exchange, predictions, serving
from tests.services.records import client, validated
from txcat_assets.errors import ServiceBroken

MIB = 1024 * 1024


def zstd_bomb() -> bytes:
    packer = zstandard.ZstdCompressor().compressobj()
    return b"".join([*(packer.compress(b" " * MIB) for _ in range(512)), packer.flush()])


def gzip_bomb() -> bytes:
    return gzip.compress(b" " * (256 * MIB), compresslevel=1)


def peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@pytest.mark.parametrize(("coding", "bomb"), [("zstd", zstd_bomb), ("gzip", gzip_bomb)])
def test_a_packed_reply_is_refused_before_it_is_unpacked(
    coding: str, bomb: Callable[[], bytes]
) -> None:
    reply = bomb()

    def explodes(exchange: Exchange) -> None:
        exchange.say(200, reply, content_encoding=coding)

    before = peak_bytes()
    refusal = pytest.raises(ServiceBroken, match=f"compressed by {coding}")
    with serving(explodes) as service, client(service.url) as ml, refusal:
        list(ml.answers(validated(range(1))))
    assert peak_bytes() - before < 50 * MIB


def test_the_service_is_asked_for_plain_replies() -> None:
    asked: list[str] = []

    def notes(exchange: Exchange) -> None:
        asked.append(str(exchange.headers["accept-encoding"]))
        exchange.say(200, predictions(exchange.items))

    with serving(notes) as service, client(service.url) as ml:
        list(ml.answers(validated(range(1))))
    assert asked == ["identity"]


def test_the_words_of_a_service_are_short_and_command_no_terminal() -> None:
    words = "\x1b]52;c;cm0gLXJm\x07\u202e" + "x" * 1_000_000

    def refuses(exchange: Exchange) -> None:
        exchange.say(422, {"detail": words})

    def sends_away(exchange: Exchange) -> None:
        exchange.say(307, b"", location="http://a/" + "x" * 60_000)

    with serving(refuses) as service, client(service.url) as ml:
        (refused,) = list(ml.answers(validated(range(1))))
    words_kept = str(refused["refusal"][0])
    assert (words_kept.isprintable(), len(words_kept) <= 500) == (True, True)
    refusal = pytest.raises(ServiceBroken)
    with serving(sends_away) as service, client(service.url) as ml, refusal as caught:
        list(ml.answers(validated(range(1))))
    assert len(str(caught.value)) < 1_000
