"""The list of keys, for admins: everything that is kept of them except their hashes.

They are made and revoked by `txcat api-key`.
"""

import anyio.to_thread
from litestar import get
from litestar.datastructures import State

from reporting_api.guard import Gate
from reporting_api.keys import Key
from reporting_api.parameters import taking
from reporting_api.roles import Role, least


@get("/keys", **taking(least(Role.ADMIN)), summary="Every key that was made, the newest first")
async def key_list(state: State) -> list[Key]:
    """The role of each key, whose it is, and until when."""
    gate: Gate = state.gate
    return await anyio.to_thread.run_sync(gate.keys.every)
