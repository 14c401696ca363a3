"""Which names a contract may use: for its dataset, stages and marts, for columns, and for codes.

Names of datasets, stages and marts become names of tables and schemas, which SQL writes without
quotes; names of columns are quoted everywhere, so they may be any words.
"""

import re

PLAIN_NAME = re.compile(r"[a-z][a-z0-9_]*")
MAX_PLAIN_CHARS = 28
"""PostgreSQL cuts names at 63 bytes; those of indexes are made of two of these and a word."""

COLUMN_NAME = re.compile(r"[^\W\d_][\w -]*")
MAX_COLUMN_BYTES = 50
"""PostgreSQL cuts names at 63 bytes; the longest prefix is `_previous_`."""

_SCHEMAS = """raw judged validated quarantined current ledger dead_letters main temp system public
    information_schema pg_catalog pg_toast"""
TAKEN_SCHEMAS = frozenset(_SCHEMAS.split())
"""The schemas that txcat or a database has; no stage or mart can be called so."""

TAKEN_COLUMNS = frozenset(["reasons", "stage", "words"])
"""What `quarantined.<dataset>` has beside a record's own columns."""

_WORDS = """all analyse analyze and anti any array as asc asof asymmetric at authorization binary
    both by case cast check collate collation column columns concurrently constraint create cross
    current_catalog current_date current_role current_schema current_time current_timestamp
    current_user default deferrable desc describe distinct do else end except false fetch for
    foreign freeze from full generated glob grant group having ilike in initially inner intersect
    into is isnull join lambda lateral leading left like limit localtime localtimestamp map natural
    not notnull null offset on only or order outer overlaps pivot pivot_longer pivot_wider placing
    positional primary qualify references returning right select semi session_user show similar
    some struct summarize symmetric system_user table tablesample then to trailing true try_cast
    union unique unpack unpivot user using variadic verbose when where window with"""
SQL_WORDS = frozenset(_WORDS.split())
"""Words that DuckDB or PostgreSQL keep for themselves; only in quotes could they name a schema."""


def plain_name_problem(kind: str, name: str) -> str | None:
    """Why a dataset, a stage, a mart, a reference or a code cannot be called so; None if it can."""
    if not PLAIN_NAME.fullmatch(name):
        return f"The {kind} {name!r} must be named by a-z, 0-9 and _, with a letter first."
    return None


def table_name_problem(kind: str, name: str) -> str | None:
    """Why the name cannot be that of a table; None if it can."""
    if len(name) > MAX_PLAIN_CHARS:
        return f"The {kind} {name!r} has a name of more than {MAX_PLAIN_CHARS} characters."
    return plain_name_problem(kind, name)


def schema_name_problem(kind: str, name: str) -> str | None:
    """Why a stage or a mart, whose name is that of a schema, cannot be called so."""
    if name in TAKEN_SCHEMAS:
        return f"The {kind} {name!r} has the name of a schema that is there already."
    if name in SQL_WORDS:
        return f"The {kind} {name!r} is named by a word that SQL keeps for itself."
    return table_name_problem(kind, name)


def column_name_problem(kind: str, name: str) -> str | None:
    """Why a column or an answer cannot be called so; None if it can."""
    if kind == "column" and name in TAKEN_COLUMNS:
        return f"The column {name!r} is called like a column that txcat adds to quarantined."
    if name.startswith("_"):
        return f"The {kind} {name!r} begins with _, as only the columns that txcat adds do."
    if len(name.encode()) > MAX_COLUMN_BYTES:
        return f"The {kind} {name!r} has a name of more than {MAX_COLUMN_BYTES} bytes."
    if not COLUMN_NAME.fullmatch(name) or name != name.strip():
        return (
            f"The {kind} {name!r} must be named by letters, digits, _, - and single blanks between "
            "words, with a letter first."
        )
    return None
