"""Does the process run, and can it answer? For those who start, watch and restart it.

Neither reveals anything of what the tables hold, so nobody needs a key for them.
"""

from collections.abc import Iterator
from http import HTTPStatus

import anyio.to_thread
from litestar import Response, get
from litestar.datastructures import State
from msgspec import Struct

from reporting_api.roles import NO_KEY_NEEDED, PUBLIC
from txcat_assets.contracts.registry import all_contracts
from txcat_assets.errors import TxcatError
from txcat_assets.warehouse.databases.reader import Reader
from txcat_assets.warehouse.schema.contract_versions import has_tables


class Health(Struct):
    """The process runs."""

    status: str = "ok"


class Ready(Struct):
    """Whether questions can be answered; if not, why."""

    status: str
    problems: list[str]


@get("/health", opt=PUBLIC, security=NO_KEY_NEEDED, summary="Does the process run?")
async def health() -> Health:
    """Answer as long as the process runs."""
    return Health()


@get(
    "/ready",
    opt=PUBLIC,
    security=NO_KEY_NEEDED,
    summary="Can questions be answered, and if not, why?",
)
async def ready(state: State) -> Response[Ready]:
    """Say what is not ready, with 503, or that all is."""
    problems = await anyio.to_thread.run_sync(lambda: list(_problems(state)))
    status = HTTPStatus.SERVICE_UNAVAILABLE if problems else HTTPStatus.OK
    return Response(Ready("not ready" if problems else "ready", problems), status_code=status)


def _problems(state: State) -> Iterator[str]:
    reader: Reader = state.reader
    try:
        with reader.reading() as reading:
            for contract in all_contracts().values():
                if not has_tables(reading, contract):
                    yield f"The tables of {contract.dataset} are not those of this code."
    except TxcatError as error:
        yield f"{type(error).__name__}: the warehouse cannot be read; the log tells why."
