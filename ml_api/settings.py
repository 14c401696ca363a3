"""Every setting of the ML service: an `ML_API_*` environment variable or a flag of the command.

Nothing else reads the environment. `python -m ml_api --help` prints this page.
"""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from txcat_web.arrival import Limits


class Settings(BaseSettings):
    """Answers `POST /predict` with a category for each transaction."""

    model_config = SettingsConfigDict(
        env_prefix="ML_API_",
        frozen=True,
        use_attribute_docstrings=True,
        cli_kebab_case=True,
        cli_prog_name="python -m ml_api",
    )

    host: str = "127.0.0.1"
    """Address to listen on; 0.0.0.0 for every network of the machine."""

    port: int = Field(default=8900, ge=0, le=65535)
    """Port to listen on; 0 takes any free one, which the first log line and the port file name."""

    port_file: Path | None = None
    """File that gets the port's number once the service listens, for the scripts that start it."""

    workers: int = Field(default=1, ge=1)
    """Processes that answer; one that dies is started again."""

    model_version: str = Field(default="rule-1", min_length=1, pattern=r"^[\x21-\x7e]+$")
    """The version named in every answer; when it changes, txcat asks again for its records."""

    max_list_items: int = Field(default=10_000, ge=1)
    """Most transactions in one request; 10,000 hold the other requests up by some 20 ms."""

    max_body_bytes: int = Field(default=16 * 1024 * 1024, ge=1)
    """Most bytes of one request's body; 1,000 transactions of the longest texts take 6 MB."""

    max_head_bytes: int = Field(default=16 * 1024, ge=1_024)
    """Most bytes of one request's first line and headers; more is answered by 431."""

    max_connections: int = Field(default=128, ge=1)
    """Most connections that are open at once, in each worker; those beyond are answered by 503."""

    arrival_seconds: float = Field(default=30, gt=0)
    """How long a request may take to arrive, from connecting to its last byte; then 408."""

    shutdown_seconds: int = Field(default=30, ge=0)
    """How long requests under way may take to end after SIGTERM."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Lowest level that is logged."""

    log_format: Literal["json", "console"] = "json"
    """One JSON object a line, or text for people."""

    @property
    def limits(self) -> Limits:
        """What the server lets arrive; a body in chunks may take twice its bytes on the wire."""
        return Limits(
            max_head_bytes=self.max_head_bytes,
            max_request_bytes=self.max_head_bytes + 2 * self.max_body_bytes,
            arrival_seconds=self.arrival_seconds,
            max_connections=self.max_connections,
        )
