"""Every setting of txcat, in one class: TXCAT_* in the environment, or in a file named `.env`.

A secret can also be a file of its own, as Docker and Kubernetes hand them over. All are read once,
by `definitions.py` or the command line when they start; nothing else reads the environment.
`docs/settings.md` is made from this class.
"""

import json
import os
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote, urlsplit

from pydantic import BeforeValidator, Field, SecretStr, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

from txcat_assets.api_settings import ApiSettings
from txcat_assets.contracts.iso4217 import MINOR_UNITS
from txcat_assets.sources.files.limits import DecompressionLimits


def _from_json(given: object) -> object:
    return json.loads(given, parse_float=Decimal) if isinstance(given, str) else given


PositiveDecimal = Annotated[Decimal, Field(gt=0)]
Limits = Annotated[dict[str, PositiveDecimal], NoDecode, BeforeValidator(_from_json)]
"""Amounts by currency; read here, so that what is no JSON is told like any other wrong setting."""


class Settings(ApiSettings, BaseSettings):
    """What differs between one installation and another; every value has a safe default."""

    model_config = SettingsConfigDict(
        env_prefix="TXCAT_",
        env_file=".env",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        allow_inf_nan=False,
    )

    home: Path = Path(".txcat")
    """The one folder for all that txcat makes; also DAGSTER_HOME, unless that is set."""

    warehouse_url: SecretStr = SecretStr("")
    """Where the tables are: duckdb:///PATH or postgresql://USER@HOST/DATABASE. Without it,
    warehouse.duckdb in the home folder. Parameters of libpq can follow a question mark."""

    warehouse_password: SecretStr = SecretStr("")
    """The password for that URL, so that it need not stand in it; it replaces one that does."""

    secrets: Path = Path("/run/secrets")
    """A folder whose files are settings too, as txcat_warehouse_password; the environment wins.
    This one can be set in the environment only."""

    warehouse_wait_seconds: float = Field(default=45, gt=0, le=86_400)
    """How long a transaction waits for what others hold: a DuckDB file, a lock of PostgreSQL."""

    warehouse_statement_seconds: float = Field(default=600, gt=0, le=86_400)
    """How long one statement may take on PostgreSQL before it is rolled back."""

    inbox: Path | None = None
    """The folder whose new files are taken. Without it, inbox in the home folder."""

    reports: Path | None = None
    """The folder for the files of reports. Without it, reports in the home folder. Runs write it,
    and the API reads it."""

    inbox_settle_seconds: float = Field(default=5, ge=0, le=86_400)
    """A file of the inbox is taken once it has not been written to for so long."""

    inbox_hard_links: bool = False
    """Take files of the inbox that have another name elsewhere (hard links), which may be foreign.
    Symbolic links there are never followed."""

    decompressed_bytes: int = Field(default=DecompressionLimits.plain_bytes, ge=1)
    """How much a gzip or zstd file may hold; one that holds more is set aside unread."""

    decompressed_ratio: int = Field(default=DecompressionLimits.ratio, ge=1)
    """How many times its own size such a file may hold, once that is more than 64 MiB."""

    metrics_host: str = "127.0.0.1"
    """Address that `txcat metrics` listens on. Nobody is asked for a key there."""

    metrics_port: int = Field(default=8920, ge=0, le=65_535)
    """Port that it listens on; 0 takes any free one."""

    metrics_seconds: float = Field(default=15, gt=0, le=3_600)
    """How often `txcat metrics` looks at the installation."""

    ml_url: str = "http://127.0.0.1:8900"
    """The ML service that names the categories; docs/ml-protocol.md says what it must answer."""

    kafka_bootstrap_servers: str = ""
    """Kafka's addresses, HOST:PORT with commas between. Without it, no topic is followed."""

    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    """How the connections to Kafka are secured: Kafka's setting security.protocol."""

    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    """How txcat logs in, where the security protocol begins with SASL."""

    kafka_sasl_username: str = ""
    """The user as whom txcat logs in."""

    kafka_sasl_password: SecretStr = SecretStr("")
    """The password of that user."""

    kafka_ca_file: Path | None = None
    """The authorities (PEM) that Kafka's certificate is checked by. Without it, the system's."""

    kafka_certificate_file: Path | None = None
    """The certificate (PEM) that txcat shows to a Kafka that asks for one."""

    kafka_key_file: Path | None = None
    """The private key (PEM) of that certificate, where it is in a file of its own."""

    kafka_key_password: SecretStr = SecretStr("")
    """The password of that private key, where it has one."""

    kafka_timeout_seconds: float = Field(default=10, ge=1, le=60)
    """How long Kafka may be silent before it counts as down."""

    kafka_wait_seconds: float = Field(default=20, ge=0, le=30)
    """How long a look at a topic waits for new messages; Dagster ends it after 60 s."""

    kafka_run_records: int = Field(default=1_000_000, ge=1)
    """How many messages a run takes at most; the next run goes on from there."""

    kafka_run_bytes: int = Field(default=1_073_741_824, ge=1)
    """How many bytes of messages a run takes, about; the next run goes on from there."""

    kafka_group: str = "txcat"
    """The consumer group whose offsets tell lag monitors what has landed; nothing is read by it."""

    kafka_dead_letter_topic: str = ""
    """A topic to which quarantined messages go too, with Kafka Connect's headers. Without: none."""

    runs_kept_hours: float = Field(default=48, gt=0, le=876_000)
    """How long Dagster keeps runs of sensors and schedules; the newest of each partition stays."""

    raw_kept_days: float | None = Field(default=None, gt=0, le=36_500)
    """How long raw keeps the text of validated records; without it, for ever. Older slices that
    are done with are frozen: no newer contract judges them."""

    first_day: date = date(2023, 1, 1)
    """The first day of the daily partitions; near the first data keeps the UI's bars readable."""

    payment_limit: Decimal = Field(default=Decimal(10_000), gt=0)
    """A payment above it is suspicious, unless TXCAT_PAYMENT_LIMITS has one for its currency."""

    payment_limits: Limits = Field(default_factory=dict)
    """The limits of single currencies, as JSON: {"JPY": 1500000, "BHD": 3800}."""

    operator: str = ""
    """Who decides about records; it is kept with each decision. Without it, the system's user."""

    quarantine_threshold: float = Field(default=0.05, ge=0, le=1)
    """Share of a day's records in quarantine above which broken rules are errors, not warnings."""

    pending_limit_hours: float = Field(default=24, gt=0, le=876_000)
    """How long a record may wait for its category before the check on it fails."""

    lag_limit_seconds: float = Field(default=900, gt=0, le=31_536_000)
    """How long a message may wait in Kafka before `txcat status` and alarms report it."""

    alarm_webhook_url: SecretStr = SecretStr("")
    """Where alarms are posted as JSON. Without it, and without TXCAT_ALARM_SMTP_SERVER, none are
    given."""

    alarm_webhook_shape: Literal["json", "slack"] = "json"
    """What is posted: the alarm's fields as JSON, or a message in Slack's shape."""

    alarm_smtp_server: str = ""
    """The mail server that takes alarms, HOST:PORT. Without it, none are mailed."""

    alarm_smtp_security: Literal["none", "starttls", "tls"] = "starttls"
    """How the connection to it is secured; its certificate must be one that this machine trusts."""

    alarm_smtp_username: str = ""
    """The user as whom alarms are mailed, where the server asks for one."""

    alarm_smtp_password: SecretStr = SecretStr("")
    """The password of that user."""

    alarm_mail_from: str = "txcat@localhost"
    """The sender of alarms."""

    alarm_mail_to: str = ""
    """Who gets alarms by mail, with commas between."""

    failed_days_kept: int = Field(default=30, ge=1, le=36_500)
    """How many days back, from the newest day with records, a day that failed an asset check keeps
    the check failed until it is mended; a good day after it hides nothing."""

    strict: bool = False
    """Make the rule checks blocking, so that the bare dagster CLI exits 1 when one fails."""

    @field_validator("home", "inbox", "reports")
    @classmethod
    def _is_a_folder(cls, folder: Path | None) -> Path | None:
        """Refused before anything is made: Dagster's database takes no `?` in its path."""
        if folder is not None and any(sign in str(folder) for sign in "?\0"):
            raise ValueError("the path of a folder without a question mark is expected")
        try:
            return folder and folder.expanduser()
        except RuntimeError as error:
            raise ValueError("this system knows no such user's home folder") from error

    @field_validator("ml_url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("an address like http://127.0.0.1:8900 is expected")
        return url

    @field_validator("alarm_smtp_server")
    @classmethod
    def _is_a_mail_server(cls, server: str) -> str:
        host, _, port = server.rpartition(":")
        if server and not (host and port.isascii() and port.isdigit() and int(port) < 65_536):
            raise ValueError("HOST:PORT is expected, such as mail.example.org:587")
        return server

    @field_validator("kafka_bootstrap_servers")
    @classmethod
    def _without_a_login(cls, servers: str) -> str:
        if "@" in servers:
            raise ValueError(
                "HOST:PORT is expected, with commas between; the login goes into "
                "TXCAT_KAFKA_SASL_USERNAME and TXCAT_KAFKA_SASL_PASSWORD"
            )
        return servers

    @field_validator("payment_limits")
    @classmethod
    def _of_known_currencies(cls, limits: dict[str, Decimal]) -> dict[str, Decimal]:
        by_code = {code.upper(): limit for code, limit in limits.items()}
        if unknown := sorted(by_code.keys() - MINOR_UNITS.keys()):
            raise ValueError(f"no currency of ISO 4217: {', '.join(unknown)}")
        return by_code

    @classmethod
    def settings_customise_sources(  # type: ignore[override]  # pydantic names all that it gives
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        **others: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Where values come from, first things first; the folder of secrets is a setting itself."""
        folder = Path(os.environ.get("TXCAT_SECRETS") or cls.model_fields["secrets"].default)
        files = [SecretsSettingsSource(settings_cls, folder)] if folder.is_dir() else []
        named = (others["env_settings"], others["dotenv_settings"])
        return (init_settings, *named, *files)

    @property
    def home_folder(self) -> Path:
        """The home folder as an absolute path."""
        return self.home.resolve()

    @property
    def warehouse(self) -> str:
        """The warehouse's URL, given or by default."""
        given = self.warehouse_url.get_secret_value()
        password = self.warehouse_password.get_secret_value()
        if password and given.startswith("postgres"):
            return f"{given}{'&' if '?' in given else '?'}password={quote(password, safe='')}"
        return given or f"duckdb:///{self.home_folder / 'warehouse.duckdb'}"

    @property
    def decompression_limits(self) -> DecompressionLimits:
        """How much a compressed file may hold."""
        return DecompressionLimits(self.decompressed_bytes, self.decompressed_ratio)

    @property
    def inbox_folder(self) -> Path:
        """The inbox, given or by default, as an absolute path."""
        return (self.inbox or self.home_folder / "inbox").resolve()

    @property
    def reports_folder(self) -> Path:
        """The folder of reports, given or by default, as an absolute path."""
        return (self.reports or self.home_folder / "reports").resolve()
