"""API keys: shown once when they are made, kept only as a hash, valid until they expire.

Nothing is cached between two requests, so a key that is revoked is refused at once by every worker.
"""

import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from reporting_api.roles import ROLES, Principal, Role
from reporting_api.store import Store, when

SECRET_BYTES = 32
"""So many random bytes that a plain SHA-256 cannot be reversed; no slow hash is needed."""

_KEY = re.compile(r"txcat_([0-9a-f]{12})_([\w-]{43})", re.ASCII)


@dataclass(frozen=True)
class Key:
    """What is kept of a key; times are UTC, as text."""

    key_id: str
    role: str
    user_id: str | None
    note: str
    created_at: str
    expires_at: str
    revoked_at: str | None


@dataclass(frozen=True)
class NewKey:
    """What a key is to be for; a user's key is for somebody's `user_id`."""

    role: Role
    user_id: UUID | None
    note: str
    expires_at: datetime


class Keys:
    """The keys of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def create(self, new: NewKey, now: datetime) -> str:
        """Make a key and return it: the only time that it can be seen."""
        key_id, secret = secrets.token_hex(6), secrets.token_urlsafe(SECRET_BYTES)
        self._store.rows(
            "INSERT INTO access.keys VALUES ($key_id, $digest, $role, $user_id, $note, "
            "$created_at, $expires_at, NULL)",
            key_id=key_id,
            digest=_digest(secret),
            role=new.role.word,
            user_id=str(new.user_id) if new.user_id else None,
            note=new.note,
            created_at=when(now),
            expires_at=when(new.expires_at),
        )
        return f"txcat_{key_id}_{secret}"

    def every(self) -> list[Key]:
        """All keys that were ever made, the newest first."""
        rows = self._store.rows(
            "SELECT key_id, role, user_id, note, CAST(created_at AS VARCHAR), "
            "CAST(expires_at AS VARCHAR), CAST(revoked_at AS VARCHAR) FROM access.keys "
            "ORDER BY created_at DESC, key_id"
        )
        return [Key(*row) for row in rows]

    def revoke(self, key_id: str, now: datetime) -> bool:
        """Refuse a key from now on; False where no key has that id. Again, it changes nothing."""
        changed = self._store.rows(
            "UPDATE access.keys SET revoked_at = coalesce(revoked_at, $now) "
            "WHERE key_id = $key_id RETURNING key_id",
            key_id=key_id,
            now=when(now),
        )
        return bool(changed)

    def any_valid(self, now: datetime) -> bool:
        """Whether there is a key that is valid now."""
        found = self._store.rows(
            "SELECT 1 FROM access.keys WHERE revoked_at IS NULL AND expires_at > $now LIMIT 1",
            now=when(now),
        )
        return bool(found)

    def holder(self, given: str, now: datetime) -> Principal | None:
        """Whose key it is; None where it is no key, has expired or was revoked."""
        parts = _KEY.fullmatch(given)
        key_id, secret = parts.groups() if parts else ("", "")
        found = self._store.rows(
            "SELECT digest, role, user_id FROM access.keys WHERE key_id = $key_id "
            "AND revoked_at IS NULL AND expires_at > $now",
            key_id=key_id,
            now=when(now),
        )
        digest, role, user_id = found[0] if found else ("", "", None)
        if not hmac.compare_digest(_digest(secret), digest) or role not in ROLES:
            return None
        return Principal(f"key {key_id}", ROLES[role], UUID(user_id) if user_id else None)


def is_key(given: str) -> bool:
    """Whether a text has the form of a key."""
    return _KEY.fullmatch(given) is not None


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
