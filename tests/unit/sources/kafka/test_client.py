"""How kafka-python's errors become txcat's own, and that no secret shows."""

import inspect
import ssl
from pathlib import Path

import pytest
from kafka import errors

from txcat_assets.errors import (
    BrokerDown,
    BrokerRefused,
    MessageRefused,
    PermanentError,
    RecordsLost,
    TopicAbsent,
)
from txcat_assets.sources.kafka.client import (
    ABSENT,
    LOST,
    REFUSALS,
    TIME_OUTS,
    UNFIT,
    KafkaConfig,
    in_own_words,
    translated,
)

SECRET = "s3cr3t"  # noqa: S105
CONFIG = KafkaConfig("kafka:9092", "SASL_SSL", sasl_username="ann", sasl_password=SECRET)
RAISED = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, errors.KafkaError)
]


@pytest.mark.parametrize("kind", RAISED, ids=lambda kind: kind.__name__)
def test_every_error_of_the_client_has_words_that_name_the_doing_and_no_secret(
    kind: type[Exception],
) -> None:
    said = in_own_words(CONFIG, "Asking for topic t", kind("why"))
    assert isinstance(said, PermanentError | BrokerDown)
    assert str(said).startswith("Asking for topic t at kafka:9092: ")
    assert SECRET not in str(said)


@pytest.mark.parametrize("name", sorted(TIME_OUTS | REFUSALS | ABSENT | UNFIT | LOST))
def test_every_name_is_an_error_of_the_client(name: str) -> None:
    assert issubclass(getattr(errors, name), errors.KafkaError)


def test_the_family_says_whether_to_try_again() -> None:
    for kind, expected in {
        errors.KafkaTimeoutError: BrokerDown,
        errors.KafkaConnectionError: BrokerDown,
        errors.SaslAuthenticationFailedError: BrokerRefused,
        errors.TopicAuthorizationFailedError: BrokerRefused,
        errors.UnknownTopicOrPartitionError: TopicAbsent,
        errors.MessageSizeTooLargeError: MessageRefused,
        errors.OffsetOutOfRangeError: RecordsLost,
    }.items():
        assert type(in_own_words(CONFIG, "Asking", kind())) is expected


@pytest.mark.parametrize(
    ("found", "family"),
    [(ConnectionResetError("reset"), BrokerDown), (ssl.SSLError(1, "reset"), BrokerRefused)],
)
def test_what_the_system_says_is_told_too(found: Exception, family: type[Exception]) -> None:
    with pytest.raises(family, match="reset"), translated(CONFIG, "Asking"):
        raise found


def test_secrets_do_not_show_where_the_config_is_printed() -> None:
    locked = KafkaConfig("k", sasl_password=SECRET, key_password=SECRET)
    assert SECRET not in repr(locked)


def test_a_file_for_tls_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    config = KafkaConfig("k", "SSL", ca_file=tmp_path / "absent.pem")
    with pytest.raises(BrokerRefused, match=r"TXCAT_KAFKA_CA_FILE \(.*absent.pem\)"):
        config.options()


def test_the_login_reaches_the_client() -> None:
    options = CONFIG.options()
    assert options["sasl_mechanism"] == "SCRAM-SHA-512"
    assert (options["sasl_plain_username"], options["sasl_plain_password"]) == ("ann", SECRET)
    assert options["ssl_context"].check_hostname
