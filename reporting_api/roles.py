"""Who asks, and what each role may ask for: every route names the least role that may use it.

How it is found out who asks is in `guard`; that a user sees only his own is ensured by the SQL.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any
from uuid import UUID


class Role(IntEnum):
    """What one may see; each sees what those before it see."""

    USER = 1
    """His own payments and totals."""
    ANALYST = 2
    """Every validated record and its answers."""
    OPERATOR = 3
    """What is quarantined too."""
    ADMIN = 4
    """The list of keys too."""

    @property
    def word(self) -> str:
        """The role as it is written."""
        return self.name.lower()


ROLES = {role.word: role for role in Role}


@dataclass(frozen=True)
class Principal:
    """Who asks; a user is somebody's own `user_id`."""

    name: str
    role: Role
    user_id: UUID | None = None

    @property
    def owner(self) -> UUID | None:
        """The one whose records alone are seen; None for who sees everybody's."""
        return self.user_id if self.role is Role.USER else None


ACCESS = "access"
"""The option by which a route declares who may use it."""

PUBLIC: dict[str, Any] = {ACCESS: None}
"""The option of a route for everybody: it reveals nothing of what the tables hold."""

NO_KEY_NEEDED: list[dict[str, list[str]]] = [{}]
"""What such a route says to the OpenAPI description: it takes no key."""


def least(role: Role) -> dict[str, Any]:
    """The option of a route for a role and those above it."""
    return {ACCESS: role}
