"""PostgreSQL's errors as txcat's own: what may pass, and what somebody must mend.

By SQLSTATE, whose first two characters are its class: the longest beginning that is listed decides.
What is not listed is a fault of txcat's own and stays as it is. While a connection is being made
there is no SQLSTATE: then the words of the message decide.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from txcat_assets.errors import (
    RightMissing,
    TxcatError,
    WarehouseBusy,
    WarehouseConflict,
    WarehouseDown,
    WarehouseRefused,
)

# What to do about an error, by what is wrong.
AGAIN = "Nothing is lost: what was not committed is done by the next run of the same days."
LOCKED = f"{AGAIN} If it is so for long, look who holds it, or raise TXCAT_WAREHOUSE_WAIT_SECONDS."
SLOW = f"{AGAIN} If it is so again, raise TXCAT_WAREHOUSE_STATEMENT_SECONDS."
SERVER_GONE = f"{AGAIN} If the server should be up, look at {{setting}}."
WRONG_LOGIN = "Look at user and password in {setting}."
NOT_THERE = "Create it, or correct {setting}."
RIGHT_MISSING = "Take a role that may do it; deploy/postgres/roles.sql says what each may."
READ_ONLY = f"{AGAIN} Name the primary, and a role that may write."
DISK_FULL = f"{AGAIN} Make room on the server first."
DISK_ERROR = f"{AGAIN} Look into the server's log and at its disks first."
DAMAGED = "The server's files are damaged. Stop all runs and restore a backup: docs/operations.md."
TLS = "Look at sslmode and sslrootcert in {setting}."

BY_SQLSTATE: dict[str, tuple[type[TxcatError], str]] = {
    "08": (WarehouseDown, SERVER_GONE),  # connection
    "25006": (WarehouseRefused, READ_ONLY),  # a read-only transaction
    "25P03": (WarehouseBusy, AGAIN),  # idle in a transaction for too long
    "25P04": (WarehouseBusy, AGAIN),  # a transaction took too long
    "28": (WarehouseRefused, WRONG_LOGIN),  # who it is
    "3D": (WarehouseRefused, NOT_THERE),
    "40": (WarehouseConflict, AGAIN),  # deadlock, serialization failure
    "42501": (RightMissing, RIGHT_MISSING),
    "53": (WarehouseDown, AGAIN),  # too many connections, no memory
    "53100": (WarehouseRefused, DISK_FULL),  # the disk is full
    "55P03": (WarehouseBusy, LOCKED),  # a lock was not to be had in time
    "57": (WarehouseDown, AGAIN),  # shut down, starting up
    "57014": (WarehouseBusy, SLOW),  # a statement took too long
    "58": (WarehouseRefused, DISK_ERROR),  # input and output
    "XX001": (WarehouseRefused, DAMAGED),
    "XX002": (WarehouseRefused, DAMAGED),
}

BY_WORDS: dict[str, tuple[type[TxcatError], str]] = {  # the first of these in a message decides
    "password": (WarehouseRefused, WRONG_LOGIN),
    "authentication failed": (WarehouseRefused, WRONG_LOGIN),
    "no pg_hba.conf entry": (WarehouseRefused, WRONG_LOGIN),
    "permission denied": (RightMissing, RIGHT_MISSING),
    "certificate": (WarehouseRefused, TLS),
    "does not support SSL": (WarehouseRefused, TLS),
    "does not exist": (WarehouseRefused, NOT_THERE),
}


@contextmanager
def translated(place: str, setting: str) -> Iterator[None]:
    """Raise what psycopg raises in the block as txcat's own error, unless txcat is at fault."""
    try:
        yield
    except psycopg.Error as error:
        if ours := translate(error, place, setting):
            raise ours from error
        raise


def translate(error: psycopg.Error, place: str, setting: str) -> TxcatError | None:
    """txcat's error for one of psycopg's; None for a fault of txcat's own, which stays as it is."""
    found = " ".join(str(error).split())
    if error.sqlstate is not None:
        doing, listed = "Working in", _by_sqlstate(error.sqlstate)
    elif isinstance(error, psycopg.OperationalError):
        doing, listed = "Connecting to", _by_words(found)
    else:
        return None
    if listed is None:
        return None
    kind, what_to_do = listed
    advice = what_to_do.format(setting=setting)
    return kind(f"{doing} {place}: {found.removesuffix('.')}. {advice}")


def _by_sqlstate(sqlstate: str) -> tuple[type[TxcatError], str] | None:
    beginnings = [sqlstate[:length] for length in range(len(sqlstate), 1, -1)]
    return next((BY_SQLSTATE[one] for one in beginnings if one in BY_SQLSTATE), None)


def _by_words(message: str) -> tuple[type[TxcatError], str]:
    listed = (BY_WORDS[words] for words in BY_WORDS if words in message)
    return next(listed, (WarehouseDown, SERVER_GONE))
