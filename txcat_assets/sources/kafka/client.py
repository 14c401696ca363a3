"""How txcat connects to Kafka: settings become the client's options, its errors txcat's own.

kafka-python is imported when something connects, for the code location must load without it.
"""

import logging
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from gzip import BadGzipFile
from pathlib import Path
from typing import Any, TypeVar

from txcat_assets.errors import (
    BrokerDown,
    BrokerRefused,
    MessageRefused,
    RecordsLost,
    TopicAbsent,
    TxcatError,
)

T = TypeVar("T")

CLIENT_ID = "txcat"

TIME_OUTS = {"KafkaTimeoutError", "RequestTimedOutError", "NodeNotReadyError"}
REFUSALS = {
    "SaslAuthenticationFailedError",
    "UnsupportedSaslMechanismError",
    "IllegalSaslStateError",
    "AuthorizationError",
    "TopicAuthorizationFailedError",
    "GroupAuthorizationFailedError",
    "ClusterAuthorizationFailedError",
    "TransactionalIdAuthorizationFailedError",
    "KafkaConfigurationError",
    "SecurityDisabledError",
}
ABSENT = {"UnknownTopicOrPartitionError", "UnknownTopicIdError", "InvalidTopicError"}
DAMAGE = {"CorruptRecordError", "UnsupportedCodecError", "InvalidRecordError"}
LOST = {"OffsetOutOfRangeError", "LogTruncationError"}
UNFIT = {
    "UnsupportedCompressionTypeError",
    "MessageSizeTooLargeError",
    "RecordListTooLargeError",
    *DAMAGE,
}
"""kafka-python's errors by name, and whoever derives from them; all others may pass by themselves.

By name, since the library is not imported before something connects; a test holds that each is
there.
"""


@dataclass(frozen=True)
class KafkaConfig:
    """Where Kafka is and how to log in there; secrets are left out when it is printed."""

    bootstrap_servers: str
    security_protocol: str = "PLAINTEXT"
    sasl_mechanism: str = "SCRAM-SHA-512"
    sasl_username: str = ""
    sasl_password: str = field(default="", repr=False)
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    key_password: str = field(default="", repr=False)
    timeout_seconds: float = 10

    @property
    def is_set(self) -> bool:
        """Whether there is a Kafka at all."""
        return bool(self.bootstrap_servers)

    def options(self) -> dict[str, Any]:
        """What every client of kafka-python is given.

        Raises BrokerRefused when a file that is named for TLS cannot be used.
        """
        patience_ms = int(self.timeout_seconds * 1_000)
        options: dict[str, Any] = {
            "bootstrap_servers": self.bootstrap_servers.split(","),
            "client_id": CLIENT_ID,
            "security_protocol": self.security_protocol,
            "bootstrap_timeout_ms": patience_ms,
            "request_timeout_ms": patience_ms,
        }
        if self.security_protocol.startswith("SASL"):
            options["sasl_mechanism"] = self.sasl_mechanism
            options["sasl_plain_username"] = self.sasl_username
            options["sasl_plain_password"] = self.sasl_password
        if self.security_protocol.endswith("SSL"):
            options["ssl_context"] = self._ssl_context()
        return options

    def _ssl_context(self) -> ssl.SSLContext:
        """The system's safe defaults; the host name is always checked."""
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
            if self.certificate_file:
                # Without a password a locked key would ask for one on the terminal.
                context.load_cert_chain(
                    self.certificate_file, self.key_file, lambda: self.key_password
                )
        except (OSError, ValueError) as error:
            raise BrokerRefused(
                f"TLS for Kafka: one of TXCAT_KAFKA_CA_FILE ({self.ca_file}), "
                f"TXCAT_KAFKA_CERTIFICATE_FILE ({self.certificate_file}), TXCAT_KAFKA_KEY_FILE "
                f"({self.key_file}) cannot be used: {error}. They must be PEM files that fit each "
                "other; a locked key needs TXCAT_KAFKA_KEY_PASSWORD."
            ) from error
        return context


def open_client(kind: Callable[..., T], config: KafkaConfig, **options: Any) -> T:
    """A client of kafka-python; where it cannot connect nothing of it stays open.

    By itself it would leave a thread and its sockets behind each time that nobody answers, until
    the process can open no more.
    """
    from kafka.net.compat import KafkaNetClient  # noqa: PLC0415 - see the module
    from kafka.net.selector import NetworkSelector  # noqa: PLC0415 - see the module

    opened = ExitStack()

    def open_net(**more: Any) -> KafkaNetClient:
        net = NetworkSelector(**more)
        opened.callback(net.stop)
        client = KafkaNetClient(net=net, **more)
        opened.callback(client.close)
        return client

    try:
        return kind(**config.options(), kafka_client=open_net, **options)
    except BaseException:
        opened.close()
        raise


class _LoggedError(logging.Handler):
    """The error behind a time-out, as kafka-python has logged it: a refusal, or else the last."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.error: Exception | None = None

    def __enter__(self) -> "_LoggedError":
        logging.getLogger("kafka").addHandler(self)
        return self

    def __exit__(self, *error: object) -> None:
        logging.getLogger("kafka").removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the error that the log record names, but for the time-out itself."""
        for named in record.args or ():
            if not isinstance(named, Exception) or _is_any(named, TIME_OUTS):
                continue
            if self.error is None or not _is_any(self.error, REFUSALS):
                self.error = named


@contextmanager
def translated(config: KafkaConfig, doing: str) -> Iterator[None]:
    """Let what kafka-python raises in the block be txcat's own errors; `doing` says by what."""
    from kafka.errors import KafkaError  # noqa: PLC0415 - see the module

    logged = _LoggedError()
    try:
        with logged:
            yield
    except KafkaError as error:
        cause = logged.error if logged.error and _is_any(error, TIME_OUTS) else error
        raise in_own_words(config, doing, cause) from error
    except (ssl.SSLError, AssertionError, ValueError) as error:
        raise BrokerRefused(
            f"{doing} at {config.bootstrap_servers}: {type(error).__name__}: {error}. Look at the "
            "TXCAT_KAFKA_* settings."
        ) from error
    except OSError as error:
        raise in_own_words(config, doing, error) from error


def in_own_words(config: KafkaConfig, doing: str, error: Exception) -> TxcatError:
    """kafka-python's error as one of txcat's: what may pass, what somebody must mend."""
    found = f"{doing} at {config.bootstrap_servers}: {type(error).__name__}: {error}."
    if _is_any(error, REFUSALS) or "CERTIFICATE_VERIFY_FAILED" in str(error):
        return BrokerRefused(
            f"{found} Kafka refuses {config.sasl_username or 'this client'}: look at the "
            "TXCAT_KAFKA_* settings and at the rights of the user."
        )
    if _is_any(error, ABSENT):
        return TopicAbsent(
            f"{found} There is no such topic: `txcat kafka create-topics` creates those of the "
            "datasets, or correct the name."
        )
    if _is_any(error, UNFIT):
        return MessageRefused(
            f"{found} Kafka takes no such message: look at max.message.bytes and compression.type "
            "of the topic."
        )
    if _is_any(error, LOST):
        return RecordsLost(
            f"{found} Kafka lost it while it was read; the next look says what is lost, and how to "
            "accept it."
        )
    return BrokerDown(
        f"{found} Nothing is lost: it goes on from the same offset once Kafka answers. If it "
        "should be up, look at TXCAT_KAFKA_BOOTSTRAP_SERVERS, TXCAT_KAFKA_SECURITY_PROTOCOL and, "
        "where it asks for a login, TXCAT_KAFKA_SASL_*."
    )


def is_damage(error: Exception) -> bool:
    """Whether what was read is damaged, by an error of reading it.

    The libraries that decompress have errors of their own, with no ancestor in common but gzip's.
    """
    from kafka.errors import KafkaError  # noqa: PLC0415 - see the module

    if isinstance(error, KafkaError):
        return _is_any(error, DAMAGE)
    return isinstance(error, BadGzipFile) or not isinstance(error, OSError | TxcatError)


def _is_any(error: Exception, names: set[str]) -> bool:
    return any(kind.__name__ in names for kind in type(error).__mro__)
