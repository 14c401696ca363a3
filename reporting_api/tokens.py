"""JSON web tokens, verified by the public keys of a file.

A key's kind decides its one algorithm; the token never does. With several keys in the file, tokens
of an old one stay valid until they expire; the file is read again when it has changed.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any
from uuid import UUID

import jwt

from reporting_api.roles import ROLES, Principal, Role
from txcat_assets.errors import SettingRefused
from txcat_assets.settings import Settings

ALGORITHMS = {"RSA": "RS256", "EC": "ES256", "OKP": "EdDSA"}
"""The one algorithm of each kind of key; none that uses a shared secret."""

REQUIRED = ["exp", "iss", "aud", "sub"]

LEEWAY_SECONDS = 5
"""How far the clocks of two machines may differ."""


@dataclass(frozen=True)
class Trusted:
    """The keys of the file, by id, as of when it was last changed."""

    changed_at_ns: int
    keys: dict[str | None, jwt.PyJWK]


class Tokens:
    """Verifies tokens by the settings; without a file of keys none is valid."""

    def __init__(self, settings: Settings) -> None:
        self._file: Path | None = settings.api_jwt_keys
        self._issuer, self._audience = settings.api_jwt_issuer, settings.api_jwt_audience
        self._guard = Lock()
        self._trusted = Trusted(0, {})
        if self._file is not None:
            if not (self._issuer and self._audience):
                raise SettingRefused(
                    "TXCAT_API_JWT_KEYS needs TXCAT_API_JWT_ISSUER and TXCAT_API_JWT_AUDIENCE: "
                    "tokens of another issuer, or for another service, would be believed."
                )
            self._trusted = _read(self._file)

    @property
    def are_taken(self) -> bool:
        """Whether tokens are accepted at all."""
        return self._file is not None

    def holder(self, token: str) -> Principal | None:
        """Whose token it is; None where it is not valid."""
        if self._file is None:
            return None
        try:
            key = self._keys(self._file).get(jwt.get_unverified_header(token).get("kid"))
            if key is None:
                return None
            claims = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHMS[key.key_type or ""]],
                issuer=self._issuer,
                audience=self._audience,
                leeway=LEEWAY_SECONDS,
                options={"require": REQUIRED},
            )
        except (jwt.PyJWTError, ValueError, TypeError):
            return None
        return _principal(claims)

    def _keys(self, file: Path) -> dict[str | None, jwt.PyJWK]:
        with self._guard:
            try:
                if file.stat().st_mtime_ns != self._trusted.changed_at_ns:
                    self._trusted = _read(file)
            except (OSError, SettingRefused):
                return self._trusted.keys  # half written: the keys of before, until it is whole
            return self._trusted.keys


def _principal(claims: dict[str, Any]) -> Principal | None:
    """Who the claims say it is: without a `role` a user, whose `sub` is the user's id."""
    role, subject = claims.get("role", Role.USER.word), str(claims["sub"])
    if not isinstance(role, str) or role not in ROLES:
        return None
    try:
        user_id = UUID(subject) if ROLES[role] is Role.USER else None
    except ValueError:
        return None
    return Principal(f"token {subject[:100]}", ROLES[role], user_id)


def _read(file: Path) -> Trusted:
    try:
        changed_at_ns, text = file.stat().st_mtime_ns, file.read_text()
        keys = json.loads(text)["keys"] if text.lstrip().startswith("{") else [_from_pem(text)]
        known = {key.key_id: key for key in map(jwt.PyJWK.from_dict, keys)}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, jwt.PyJWTError) as error:
        raise SettingRefused(
            f"TXCAT_API_JWT_KEYS names {file}, which cannot be read as public keys "
            f"({type(error).__name__}). Expected a JWKS file, or one public key as PEM."
        ) from error
    if not known or any(key.key_type not in ALGORITHMS for key in known.values()):
        kinds = ", ".join(ALGORITHMS)
        raise SettingRefused(f"{file} must hold public keys alone, of the kinds {kinds}.")
    return Trusted(changed_at_ns, known)


def _from_pem(text: str) -> dict[str, Any]:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_public_key  # noqa: PLC0415

    key: Any = load_pem_public_key(text.encode())
    kind = {RSAPublicKey: "RS256", EllipticCurvePublicKey: "ES256"}
    name = next((name for cls, name in kind.items() if isinstance(key, cls)), "EdDSA")
    as_jwk: dict[str, Any] = jwt.get_algorithm_by_name(name).to_jwk(key, as_dict=True)
    return as_jwk
