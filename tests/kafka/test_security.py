"""TLS and SASL against a real broker: what fits is let in, what does not is told in clear words."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from tests.kafka.broker import Kafka
from tools.kafka_broker import Broker, free_port, running
from txcat_assets.errors import BrokerDown, BrokerRefused
from txcat_assets.pipeline.topics import Range
from txcat_assets.sources.kafka.client import KafkaConfig
from txcat_assets.sources.kafka.topic import Topic
from txcat_assets.sources.kafka.writing import TopicWriter

pytestmark = pytest.mark.slow

PASSWORD = "open sesame"  # noqa: S105
MODULES = "org.apache.kafka.common.security"
LOGINS = {
    "PLAIN": f"{MODULES}.plain.PlainLoginModule required user_ann='{PASSWORD}';",
    "SCRAM-SHA-256": f"{MODULES}.scram.ScramLoginModule required;",
    "SCRAM-SHA-512": f"{MODULES}.scram.ScramLoginModule required;",
}
"""What a broker is told to check each mechanism by."""


class Authority:
    """A certificate authority of a test's own, by openssl."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._folder = folder
        self.ca = folder / "ca.pem"
        self._openssl(
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=tests",
            "-keyout", folder / "ca.key", "-out", self.ca,
        )  # fmt: skip

    def issue(self, name: str, password: str = "") -> tuple[Path, Path]:
        """A certificate and its key, locked where there is a password."""
        key, asked, given = (self._folder / f"{name}.{kind}" for kind in ("key", "csr", "pem"))
        lock = ["-passout", f"pass:{password}"] if password else ["-nodes"]
        self._openssl(
            "req", "-newkey", "rsa:2048", *lock, "-subj", f"/CN={name}", "-keyout", key,
            "-out", asked,
        )  # fmt: skip
        names = self._folder / "names"
        names.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        self._openssl(
            "x509", "-req", "-in", asked, "-CA", self.ca, "-CAkey", self._folder / "ca.key",
            "-CAcreateserial", "-days", "2", "-extfile", names, "-out", given,
        )  # fmt: skip
        return given, key

    def store(self, name: str) -> Path:
        """A certificate with its key as one file, as Java takes it."""
        certificate, key = self.issue(name)
        store = self._folder / f"{name}.p12"
        self._openssl(
            "pkcs12", "-export", "-in", certificate, "-inkey", key, "-out", store,
            "-passout", "pass:changeit",
        )  # fmt: skip
        return store

    def _openssl(self, *arguments: object) -> None:
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls") / "ours")


@pytest.fixture(scope="module")
def secure(
    broker: Broker, authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Broker]:
    """A broker that answers in the clear, by TLS with client certificates, and by SASL over TLS."""
    assert broker.port
    secured = Broker(
        tmp_path_factory.mktemp("secure"),
        free_port(),
        listeners={"SSL": free_port(), "SASL_SSL": free_port(), "SASL_PLAINTEXT": free_port()},
        users={"ann": PASSWORD},
        properties={
            "ssl.keystore.type": "PKCS12",
            "ssl.keystore.location": str(authority.store("broker")),
            "ssl.keystore.password": "changeit",
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(authority.ca),
            "listener.name.ssl.ssl.client.auth": "required",
            "sasl.enabled.mechanisms": ",".join(LOGINS),
            **{
                f"listener.name.{listener}.{mechanism.lower()}.sasl.jaas.config": login
                for listener in ("sasl_ssl", "sasl_plaintext")
                for mechanism, login in LOGINS.items()
            },
        },
    )
    with running(secured):
        yield secured


@pytest.fixture(scope="module")
def topic(secure: Broker) -> Iterator[str]:
    with ExitStack() as stack:
        yield stack.enter_context(Kafka(secure)).topic()


def config_of(secure: Broker, protocol: str, **more: object) -> KafkaConfig:
    """A client of one of the broker's listeners."""
    plain = KafkaConfig(
        f"127.0.0.1:{secure.listeners[protocol]}",
        protocol,
        sasl_mechanism="SCRAM-SHA-256",
        timeout_seconds=3,
    )
    return replace(plain, **more)  # type: ignore[arg-type]


def round_trip(config: KafkaConfig, topic: str) -> int:
    """Send a message and read the topic; how many are there."""
    with TopicWriter(config) as writer:
        writer.send(topic, b"k", b'{"id": 1}', [])
        writer.confirm()
    with Topic(config, topic) as opened:
        end = opened.offered([]).ranges[0][1]
        return sum(len(part.records) for part in opened.read(Range(0, 0, 0, end), ["id"]))


@pytest.mark.parametrize("mechanism", LOGINS)
@pytest.mark.parametrize("protocol", ["SASL_SSL", "SASL_PLAINTEXT"])
def test_a_user_with_the_right_password_is_let_in(
    secure: Broker, authority: Authority, topic: str, protocol: str, mechanism: str
) -> None:
    login = {"sasl_username": "ann", "sasl_password": PASSWORD, "ca_file": authority.ca}
    config = config_of(secure, protocol, sasl_mechanism=mechanism, **login)
    assert round_trip(config, topic) > 0


@pytest.mark.parametrize("password", ["", "key password"])
def test_a_client_with_a_certificate_is_let_in(
    secure: Broker, authority: Authority, topic: str, password: str
) -> None:
    certificate, key = authority.issue(f"client{len(password)}", password)
    files = {"ca_file": authority.ca, "certificate_file": certificate, "key_file": key}
    assert round_trip(config_of(secure, "SSL", key_password=password, **files), topic) > 0


def refusal(config: KafkaConfig) -> str:
    """Why Kafka cannot be asked."""
    with Topic(config, "t") as opened, pytest.raises((BrokerRefused, BrokerDown)) as refused:
        opened.offered([])
    assert PASSWORD not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize("mechanism", LOGINS)
def test_a_wrong_password_is_told_by_the_user_and_not_by_itself(
    secure: Broker, authority: Authority, mechanism: str
) -> None:
    login = {"sasl_username": "ann", "sasl_password": "wrong!", "ca_file": authority.ca}
    login |= {"sasl_mechanism": mechanism}
    words = refusal(config_of(secure, "SASL_SSL", **login))
    # The broker hangs up at once; sometimes before the client has read why.
    assert "refuses ann" in words or "TXCAT_KAFKA_SASL" in words
    assert "wrong!" not in words


def test_a_certificate_of_nobody_we_know_is_not_believed(secure: Broker, tmp_path: Path) -> None:
    stranger = Authority(tmp_path / "strange")
    login = {"sasl_username": "ann", "sasl_password": PASSWORD, "ca_file": stranger.ca}
    assert "certificate verify failed" in refusal(config_of(secure, "SASL_SSL", **login)).lower()


def test_without_a_certificate_of_its_own_a_client_is_not_let_in(
    secure: Broker, authority: Authority
) -> None:
    assert refusal(config_of(secure, "SSL", ca_file=authority.ca))


def test_plain_text_to_a_port_with_tls_names_the_setting(secure: Broker) -> None:
    config = KafkaConfig(f"127.0.0.1:{secure.listeners['SSL']}", timeout_seconds=2)
    assert "TXCAT_KAFKA_SECURITY_PROTOCOL" in refusal(config)
