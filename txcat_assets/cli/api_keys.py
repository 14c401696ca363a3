"""`txcat api-key`: who may ask the reporting API, and until when.

What a key is and how it is kept is in `reporting_api.keys`.
"""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import typer

from txcat_assets.cli.terminal import note, print_json, print_table, say
from txcat_assets.clock import utc_now
from txcat_assets.settings import Settings

api_key = typer.Typer(help="Keys of the reporting API.")

MOST_DAYS = 3_650


class RoleName(StrEnum):
    """What a key is good for."""

    USER = "user"
    ANALYST = "analyst"
    OPERATOR = "operator"
    ADMIN = "admin"


@api_key.command()
def create(
    role: Annotated[RoleName, typer.Option(help="What its holder may see.")],
    user: Annotated[
        UUID | None, typer.Option(help="Whose payments alone a key of the role user shows.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=MOST_DAYS, help="Until it expires.")] = 90,
    comment: Annotated[str, typer.Option("--note", help="What it is for.")] = "",
) -> None:
    """Make a key and show it, once: only a hash of it is kept."""
    from reporting_api.keys import Keys, NewKey  # noqa: PLC0415 - Litestar takes a second
    from reporting_api.roles import ROLES  # noqa: PLC0415
    from reporting_api.store import open_store  # noqa: PLC0415

    if (role is RoleName.USER) != (user is not None):
        raise typer.BadParameter("--user goes with --role user, and with that alone")
    now = utc_now()
    new = NewKey(ROLES[role.value], user, comment, now + timedelta(days=days))
    made = Keys(open_store(Settings())).create(new, now)
    note(f"For the role {role.value}, until {new.expires_at:%Y-%m-%d %H:%M} UTC. Keep it safe:")
    say(made)


@api_key.command("list")
def list_(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """Every key that was made, and what it is good for; never the key itself."""
    from reporting_api.keys import Keys  # noqa: PLC0415 - Litestar takes a second
    from reporting_api.store import open_store  # noqa: PLC0415

    known = [vars(key) for key in Keys(open_store(Settings())).every()]
    if as_json:
        print_json(known)
    else:
        names = ["key_id", "role", "user_id", "note", "created_at", "expires_at", "revoked_at"]
        print_table("Keys", names, [[key[name] for name in names] for key in known])


@api_key.command()
def revoke(
    key_id: Annotated[str, typer.Argument(help="Its id, as the list says it.")],
) -> None:
    """Refuse a key from now on, in every worker."""
    from reporting_api.keys import Keys  # noqa: PLC0415 - Litestar takes a second
    from reporting_api.store import open_store  # noqa: PLC0415

    if not Keys(open_store(Settings())).revoke(key_id, utc_now()):
        raise typer.BadParameter(f"no key has the id {key_id!r}; `txcat api-key list` has them all")
    say(f"{key_id} is revoked.")
