"""PostgreSQL's errors as txcat's own: what may pass, and what somebody must mend.

By SQLSTATE, whose first two characters are its class; an error without one is a connection that
could not be had, or that broke.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors

from txcat_assets.errors import (
    RightMissing,
    TxcatError,
    WarehouseBusy,
    WarehouseDown,
    WarehouseRefused,
)

BUSY = (
    errors.LockNotAvailable,
    errors.DeadlockDetected,
    errors.SerializationFailure,
    errors.QueryCanceled,
    errors.IdleInTransactionSessionTimeout,
)
"""Another transaction was in the way: rolled back, and as good as never begun."""

DOWN = (
    errors.AdminShutdown,
    errors.CrashShutdown,
    errors.CannotConnectNow,
    errors.TooManyConnections,
    errors.ConnectionException,
    errors.DatabaseDropped,
    errors.OutOfMemory,
)

RIGHTS = "Take a role that may do it; deploy/postgres/roles.sql says what each may"

USER = "Look at user and password in TXCAT_WAREHOUSE_URL"

REFUSALS: dict[tuple[type[psycopg.Error], ...], str] = {
    (errors.InvalidPassword, errors.InvalidAuthorizationSpecification): USER,
    (errors.InvalidCatalogName,): "Create the database, or correct TXCAT_WAREHOUSE_URL",
    (errors.ReadOnlySqlTransaction,): "Name the primary, and a role that may write",
    (errors.DiskFull, errors.IoError): "Make room on the server, then run the same days again",
}
"""Somebody must act first: what to do, by error."""

SAID = {
    "password": USER,
    "authentication failed": USER,
    "no pg_hba.conf entry": USER,
    "does not exist": "Create it, or correct TXCAT_WAREHOUSE_URL",
    "certificate": "Look at sslmode and sslrootcert in TXCAT_WAREHOUSE_URL",
    "SSL": "Look at sslmode and sslrootcert in TXCAT_WAREHOUSE_URL",
}
"""The same for what is said while connecting, which has no SQLSTATE."""

AGAIN = "Nothing is lost: what was not committed is done by the next run of the same days."


@contextmanager
def translated(place: str) -> Iterator[None]:
    """Let what psycopg raises in the block be txcat's own errors, where the world is to blame."""
    try:
        yield
    except psycopg.Error as error:
        if ours := translate(error, place):
            raise ours from error
        raise


def translate(error: psycopg.Error, place: str) -> TxcatError | None:
    """txcat's error for one of psycopg's; None for a fault of txcat's own, which stays as it is."""
    found = " ".join(str(error).split())
    if isinstance(error, BUSY):
        return WarehouseBusy(f"Working in {place}: {found}. {AGAIN}")
    if isinstance(error, errors.InsufficientPrivilege):
        return RightMissing(f"Working in {place}: {found}. {RIGHTS}.")
    for kinds, what_to_do in REFUSALS.items():
        if isinstance(error, kinds):
            return _refused(place, found, what_to_do)
    is_nameless = error.sqlstate is None and isinstance(error, psycopg.OperationalError)
    if isinstance(error, DOWN) or is_nameless:
        return _connection_trouble(place, found)
    return None


def _connection_trouble(place: str, found: str) -> TxcatError:
    """Before a server answers there is no SQLSTATE: what it said is all that tells."""
    for words, what_to_do in SAID.items():
        if words in found:
            return _refused(place, found, what_to_do)
    return WarehouseDown(
        f"Connecting to {place}: {found}. {AGAIN} If the server should be up, look at "
        "TXCAT_WAREHOUSE_URL."
    )


def _refused(place: str, found: str, what_to_do: str) -> WarehouseRefused:
    return WarehouseRefused(f"Working in {place}: {found}. {what_to_do}.")
