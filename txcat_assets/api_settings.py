"""The settings of the reporting API: a part of `txcat_assets.settings.Settings`, all named api_*.

What each means for a request is in `reporting_api`.
"""

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, Field


def _are_origins(given: str) -> str:
    for origin in given.split():
        parts = urlsplit(origin)
        if parts.scheme not in {"http", "https"} or origin != f"{parts.scheme}://{parts.netloc}":
            raise ValueError("origins like https://app.example.org are expected, blanks between")
    return given


Rate = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,8}/(second|minute|hour|day)$")]


class ApiSettings(BaseModel):
    """Where the API listens, whom it answers, and its limits."""

    api_host: str = "127.0.0.1"
    """Address that the API listens on. On any other than this machine's own it serves nobody
    without a key."""

    api_port: int = Field(default=8910, ge=0, le=65_535)
    """Port that the API listens on; 0 takes any free one."""

    api_port_file: Path | None = None
    """A file that gets the number of that port once the API listens."""

    api_workers: int = Field(default=1, ge=1, le=64)
    """Processes of the API that answer."""

    api_max_connections: int = Field(default=256, ge=1)
    """Connections to each of them that are open at once; those beyond are answered by 503. So are
    those of one address of which half as many wait for their request."""

    api_arrival_seconds: float = Field(default=10, gt=0)
    """How long a request to the API may take to arrive, and each part of the answer to be taken."""

    api_shutdown_seconds: int = Field(default=30, ge=0)
    """How long requests to the API that are under way may take to end after SIGTERM."""

    api_reads: int = Field(default=8, ge=1, le=64)
    """Questions that each process of the API asks the warehouse at once."""

    api_wait_seconds: float = Field(default=3, gt=0, le=60)
    """How long a question waits for its turn before it is answered by 503."""

    api_query_seconds: float = Field(default=30, gt=0, le=3_600)
    """How long the warehouse may take over one question."""

    api_log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Lowest level that the API logs."""

    api_cors_origins: Annotated[str, AfterValidator(_are_origins)] = ""
    """Origins whose pages may read what the API answers, with blanks between. Without it, none."""

    api_basic: bool = False
    """Take keys by HTTP basic too, as the password: only with TLS in front of the API."""

    api_key_limit: Rate = "600/minute"
    """How often one key or token may ask, over all workers: a number, / and second, minute, hour or
    day."""

    api_address_limit: Rate = "1200/minute"
    """How often one address may ask, whoever it is."""

    api_jwt_keys: Path | None = None
    """A file of the public keys (JWKS, or one as PEM) that tokens are verified by. Without it no
    token is accepted."""

    api_jwt_issuer: str = ""
    """Who issues these tokens: their claim iss."""

    api_jwt_audience: str = ""
    """For whom they are issued: their claim aud."""
