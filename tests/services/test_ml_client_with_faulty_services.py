"""What the client does when the service keeps the protocol badly: believes nothing, says why."""

import time
from collections.abc import Iterator

import httpx
import polars as pl
import pytest

from tests.services import faulty_services as faulty
from tests.services.faulty_services import Behaviour, Exchange, FaultyService, serving
from tests.services.records import client, validated
from txcat_assets.errors import PermanentError, ServiceBroken, ServiceDown, TransientError
from txcat_assets.services.ml_errors import translate

BREACHES: dict[Behaviour, str] = {
    faulty.forgets_one: "9 answers came for 10 records",
    faulty.answers_for_a_stranger: "one for an unknown id",
    faulty.answers_one_twice: "two for the same",
    faulty.knows_another_label: "Gambling",
    faulty.answers_null: "got `null`",
    faulty.answers_one_object: "Expected `array`",
    faulty.breaks_its_json: "not JSON",
    faulty.nests_its_json: "not JSON",
    faulty.is_a_sign_in_page: "text/html",
    faulty.redirects: "307 to http://elsewhere.example/predict",
    faulty.wants_a_password: "401: who are you?",
    faulty.is_not_there: "404: no such page",
    faulty.takes_no_post: "405: GET only",
    faulty.says_nothing: "204",
    faulty.is_another_model: "model m2 answered, m1 was expected",
    faulty.packs_its_reply: "compressed by gzip, which is not allowed",
    faulty.never_stops_talking: "more than 16777216 bytes",
}
OUTAGES: dict[Behaviour, str] = {
    faulty.is_overloaded: "503: <html><h1>Sign in",
    faulty.crashes: "500: division by zero",
    faulty.cuts_the_connection: "RemoteProtocolError",
    faulty.cuts_the_reply: "RemoteProtocolError",
    faulty.speaks_no_http: "RemoteProtocolError",
    faulty.hangs: "ReadTimeout",
    faulty.drips: "did not end within",
}
QUICK = {"attempts": 2, "read_seconds": 0.3, "total_seconds": 1.0}


def message_of(behaviour: Behaviour) -> str:
    return behaviour.__name__


def ask(service: FaultyService, **config: object) -> list[pl.DataFrame]:
    with client(service.url, **config) as ml:
        return list(ml.answers(validated(range(10))))


@pytest.mark.parametrize("behaviour", BREACHES, ids=message_of)
def test_a_breach_of_the_protocol_is_never_believed(behaviour: Behaviour) -> None:
    with serving(behaviour) as service, pytest.raises(ServiceBroken) as caught:
        ask(service)
    message = str(caught.value)
    assert BREACHES[behaviour] in message
    assert f"POST {service.url}/predict" in message
    assert "TXCAT_ML_URL" in message
    assert service.asked == [10]


@pytest.mark.parametrize("behaviour", OUTAGES, ids=message_of)
def test_an_outage_is_waited_for_then_told(behaviour: Behaviour) -> None:
    with serving(behaviour) as service, pytest.raises(ServiceDown) as caught:
        ask(service, **QUICK)
    assert OUTAGES[behaviour] in str(caught.value)
    assert "stay pending" in str(caught.value)


def only_at_first(fault: Behaviour) -> Behaviour:
    def behaviour(exchange: Exchange) -> None:
        (fault if exchange.number == 1 else faulty.answers_well)(exchange)

    return behaviour


@pytest.mark.parametrize("fault", set(OUTAGES) - {faulty.drips}, ids=message_of)
def test_a_passing_outage_is_not_noticed(fault: Behaviour) -> None:
    with serving(only_at_first(fault)) as service:
        frames = ask(service, read_seconds=1)
    assert sum(map(len, frames)) == 10
    assert service.asked == [10, 10]


def says_when(retry_after: str) -> Behaviour:
    def is_busy(exchange: Exchange) -> None:
        exchange.say(429, {"detail": "busy"}, retry_after=retry_after)

    return is_busy


def test_the_client_comes_back_when_the_service_said() -> None:
    with serving(only_at_first(says_when("1"))) as service:
        start = time.monotonic()
        ask(service)
    assert 1 <= time.monotonic() - start < 3


@pytest.mark.parametrize("retry_after", ["3600", "Wed, 01 Jan 2110 00:00:00 GMT"])
def test_a_wait_beyond_all_patience_is_not_begun(retry_after: str) -> None:
    with serving(says_when(retry_after)) as service, pytest.raises(ServiceDown, match="429"):
        ask(service)
    assert service.asked == [10]


@pytest.mark.parametrize("retry_after", ["soon", "-5", "Wed, 01 Jan 2020 00:00:00 GMT", "0"])
def test_a_senseless_wait_does_no_harm(retry_after: str) -> None:
    with serving(only_at_first(says_when(retry_after))) as service:
        assert sum(map(len, ask(service))) == 10


def test_nobody_at_the_address_is_an_outage_that_says_what_to_do() -> None:
    with serving(faulty.answers_well) as gone:
        url = gone.url
    with client(url) as ml, pytest.raises(ServiceDown, match=r"ConnectError.*start the service"):
        ml.version()


NO_ADDRESSES = ["", "ml", "127.0.0.1:8900", "ftp://127.0.0.1", "http://", "http://a:b"]


@pytest.mark.parametrize("url", NO_ADDRESSES)
def test_what_is_no_address_is_refused_before_it_is_tried(url: str) -> None:
    with pytest.raises(ServiceBroken, match="TXCAT_ML_URL"):
        client(url)


def test_a_password_in_the_address_is_not_told() -> None:
    with serving(faulty.wants_a_password) as service:
        service.url = service.url.replace("//", "//me:geheim@")
        with pytest.raises(ServiceBroken) as caught:
            ask(service)
    assert "geheim" not in str(caught.value)


def test_what_was_answered_before_an_outage_is_kept() -> None:
    def tires(exchange: Exchange) -> None:
        (faulty.answers_well if exchange.number <= 3 else faulty.crashes)(exchange)

    kept: list[pl.DataFrame] = []
    with (
        serving(tires) as service,
        client(service.url, list_items=2, lists_at_once=2, attempts=1) as ml,
        pytest.raises(ServiceDown),
    ):
        kept.extend(ml.answers(validated(range(20))))
    assert sum(map(len, kept)) == 6
    assert len(service.asked) <= 5


def test_a_proxy_of_the_environment_does_not_stand_before_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with serving(faulty.answers_well) as service:
        assert sum(map(len, ask(service))) == 10


def errors_below(error: type[Exception]) -> Iterator[type[Exception]]:
    yield error
    for below in error.__subclasses__():
        yield from errors_below(below)


MAY_PASS = {
    *(httpx.TransportError, httpx.TimeoutException, httpx.NetworkError, httpx.ProtocolError),
    *(httpx.ConnectTimeout, httpx.ReadTimeout, httpx.WriteTimeout, httpx.PoolTimeout),
    *(httpx.ConnectError, httpx.ReadError, httpx.WriteError, httpx.CloseError),
    *(httpx.ProxyError, httpx.RemoteProtocolError),
}
CANNOT_PASS = {
    *(httpx.HTTPError, httpx.RequestError, httpx.HTTPStatusError, httpx.InvalidURL),
    *(httpx.UnsupportedProtocol, httpx.LocalProtocolError),
    *(httpx.DecodingError, httpx.TooManyRedirects),
}


def test_every_error_of_httpx_is_known_here() -> None:
    assert {*errors_below(httpx.HTTPError), httpx.InvalidURL} == MAY_PASS | CANNOT_PASS


@pytest.mark.parametrize("error", sorted(MAY_PASS | CANNOT_PASS, key=str))
def test_every_error_of_httpx_has_its_translation(error: type[Exception]) -> None:
    translated = translate(error.__new__(error, "why"), "POST http://ml/predict")
    assert isinstance(translated, TransientError if error in MAY_PASS else PermanentError)
    assert error.__name__ in str(translated)
