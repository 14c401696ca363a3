"""What Dagster knows of its daemon, its sensors and its runs, read from its storage by SQL.

Importing Dagster takes a second, too long for `txcat status`. So its tables are read as they are;
`tests/assets/test_dagster_storage.py` fails on a real instance when they change.
"""

import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from txcat_assets.errors import HomeRefused

TROUBLE = "Cannot work now: "
"""How a sensor's skip reason begins where it could not work, rather than had nothing to do."""

TROUBLES = "troubles"
"""The part of the cursor of a sensor of several datasets that says which of them are in trouble."""

EVERY = ""
"""In place of a dataset: the tick as a whole was in trouble."""

TICKS_LOOKED_AT = 3
"""A sensor whose so many newest ticks all failed or could not work fails again and again."""

RUN_BUCKETS = (1, 2, 5, 10, 30, 60, 300, 1_800)
"""Seconds that runs are counted by."""

UNFINISHED = ("QUEUED", "NOT_STARTED", "STARTING", "STARTED", "CANCELING")
CONNECT_SECONDS = 5

Rows = Callable[..., list[tuple[Any, ...]]]


@dataclass(frozen=True)
class Sensor:
    """A sensor that has ticked; `troubles` of its newest ticks had the same trouble."""

    name: str
    is_on: bool
    last_tick_at: datetime | None
    troubles: int
    words: str

    @property
    def fails_again_and_again(self) -> bool:
        """Whether all ticks that were looked at failed or could not work."""
        return self.is_on and self.troubles >= TICKS_LOOKED_AT


@dataclass(frozen=True)
class UnfinishedRun:
    """A run that has not ended, since when it is as it is (UTC), and its tags."""

    run_id: str
    job: str
    status: str
    since: datetime
    tags: Mapping[str, str]


@dataclass(frozen=True)
class RunSeconds:
    """How many runs of a job have ended in one way, their seconds, and how many took at most each
    of RUN_BUCKETS."""

    job: str
    status: str
    runs: int
    seconds: float
    buckets: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class DagsterState:
    """What Dagster's storage says; nothing at all before Dagster was first used."""

    heartbeat_at: datetime | None = None
    sensors: tuple[Sensor, ...] = ()
    runs: tuple[UnfinishedRun, ...] = ()


def dagster_state(home: Path) -> DagsterState:
    """What the instance of a home folder knows now.

    Raises HomeRefused where its storage cannot be read.
    """
    try:
        with _storage(home) as (runs, schedules):
            return DagsterState(_heartbeat(runs), tuple(_sensors(schedules)), tuple(_runs(runs)))
    except FileNotFoundError:
        return DagsterState()


def run_seconds(home: Path) -> list[RunSeconds]:
    """What the runs took that have ended, by job and how they ended, as far as they are kept.

    Raises HomeRefused where the storage cannot be read.
    """
    within = ", ".join(f"sum(CASE WHEN took <= {le} THEN 1 ELSE 0 END)" for le in RUN_BUCKETS)
    try:
        with _storage(home) as (rows, _):
            found = rows(
                f"SELECT job, status, count(*), sum(took), {within} FROM (SELECT pipeline_name "
                "AS job, status, end_time - start_time AS took FROM runs "
                "WHERE end_time IS NOT NULL AND start_time IS NOT NULL) AS ended GROUP BY 1, 2"
            )
    except FileNotFoundError:
        return []
    return [
        RunSeconds(job, status, runs, seconds, tuple(zip(RUN_BUCKETS, counts, strict=True)))
        for job, status, runs, seconds, *counts in found
    ]


def _heartbeat(rows: Rows) -> datetime | None:
    ((newest,),) = rows("SELECT max(timestamp) FROM daemon_heartbeats")
    return _moment(newest)


def _sensors(rows: Rows) -> Iterator[Sensor]:
    for selector, status, body in rows(
        "SELECT selector_id, status, instigator_body FROM instigators "
        "WHERE instigator_type = 'SENSOR' ORDER BY id"
    ):
        ticks = rows(
            "SELECT timestamp, status, tick_body FROM job_ticks WHERE selector_id = ? "
            "AND status <> 'STARTED' ORDER BY timestamp DESC LIMIT ?",
            selector,
            TICKS_LOOKED_AT,
        )
        troubles = [_troubles(status, json.loads(body)) for _, status, body in ticks]
        at = _moment(ticks[0][0]) if ticks else None
        name = json.loads(body)["origin"]["job_name"]
        yield Sensor(name, status != "STOPPED", at, *_longest(troubles))


def _longest(ticks: Sequence[Mapping[str, str]]) -> tuple[int, str]:
    """How many of the newest ticks had the trouble that lasts longest, and its words."""
    lasting = {of: _newest_with(ticks, of) for tick in ticks[:1] for of in tick}
    most = max(lasting.values(), default=0)
    return most, " ".join(ticks[0][of] for of, count in lasting.items() if count == most)


def _newest_with(ticks: Sequence[Mapping[str, str]], dataset: str) -> int:
    """How many of the newest ticks were in trouble with a dataset, or as a whole."""
    had = [bool(tick if dataset == EVERY else tick.keys() & {dataset, EVERY}) for tick in ticks]
    return had.index(False) if False in had else len(had)


def _troubles(status: str, tick: Mapping[str, Any]) -> dict[str, str]:
    """Why a tick could not work, by dataset, or of `EVERY` one; nothing where it could."""
    if status == "FAILURE":
        return {EVERY: str((tick.get("error") or {}).get("message") or "its tick failed").strip()}
    if troubles := part_of_cursor(tick.get("cursor"), TROUBLES):
        return {dataset: f"{dataset}: {words}" for dataset, words in troubles.items()}
    skipped = str(tick.get("skip_reason") or "")
    return {EVERY: skipped.removeprefix(TROUBLE)} if skipped.startswith(TROUBLE) else {}


def part_of_cursor(cursor: str | None, part: str) -> dict[str, str]:
    """What the cursor of a sensor of several datasets says of each, under the name of the part.

    Nothing where another sensor, or an older one, wrote it.
    """
    try:
        found = json.loads(cursor or "{}")
    except ValueError:
        return {}
    return dict(found.get(part, {})) if isinstance(found, dict) else {}


def _runs(rows: Rows) -> Iterator[UnfinishedRun]:
    places = ", ".join("?" * len(UNFINISHED))
    for run_id, job, status, created, started in rows(
        "SELECT run_id, pipeline_name, status, create_timestamp, start_time FROM runs "
        f"WHERE status IN ({places}) ORDER BY id",
        *UNFINISHED,
    ):
        tags: dict[str, str] = dict(
            rows("SELECT key, value FROM run_tags WHERE run_id = ?", run_id)
        )
        began = datetime.fromtimestamp(started, UTC).replace(tzinfo=None) if started else None
        since = began or _moment(created)
        yield UnfinishedRun(run_id, job, status, since or datetime.min, tags)  # noqa: DTZ901


def _moment(found: str | datetime | None) -> datetime | None:
    """A time of Dagster's, which is UTC without a zone; SQLite gives it as text."""
    return datetime.fromisoformat(found) if isinstance(found, str) else found


@contextmanager
def _storage(home: Path) -> Iterator[tuple[Rows, Rows]]:
    """The tables of runs and daemons, and those of sensors, by what dagster.yaml says of storage.

    Raises FileNotFoundError where Dagster has made none yet, HomeRefused where they cannot be read.
    """
    storage: dict[str, Any] = {}
    if (home / "dagster.yaml").exists():
        storage = (yaml.safe_load((home / "dagster.yaml").read_text()) or {}).get("storage") or {}
    match storage:
        case {"postgres": dict() as postgres}:
            with _postgres(home, postgres) as rows:
                yield rows, rows
        case {"sqlite": {"base_dir": folder}}:
            with _sqlite(Path(_value(folder))) as both:
                yield both
        case _ if not storage:
            with _sqlite(home) as both:
                yield both
        case _:
            raise HomeRefused(
                f"The storage that {home / 'dagster.yaml'} names is none that txcat can read: "
                f"{', '.join(storage)}. It reads sqlite and postgres."
            )


@contextmanager
def _sqlite(folder: Path) -> Iterator[tuple[Rows, Rows]]:
    with (
        _read_only(folder / "history/runs.db") as runs,
        _read_only(folder / "schedules/schedules.db") as schedules,
    ):
        yield runs, schedules


@contextmanager
def _read_only(path: Path) -> Iterator[Rows]:
    if not path.exists():
        raise FileNotFoundError(path)
    try:
        with closing(
            sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=CONNECT_SECONDS)
        ) as connection:
            yield lambda query, *values: connection.execute(query, values).fetchall()
    except sqlite3.Error as error:
        raise _unreadable(str(path), error) from error


@contextmanager
def _postgres(home: Path, storage: Mapping[str, Any]) -> Iterator[Rows]:
    import psycopg  # noqa: PLC0415 - an embedded installation need not wait for it
    from psycopg.conninfo import make_conninfo  # noqa: PLC0415

    conninfo = _value(storage.get("postgres_url", ""))
    if "postgres_db" in storage:
        names = {"hostname": "host", "db_name": "dbname", "username": "user"}
        given = storage["postgres_db"].items()
        conninfo = make_conninfo(**{names.get(name, name): _value(value) for name, value in given})
    try:
        with psycopg.connect(
            conninfo, autocommit=True, connect_timeout=CONNECT_SECONDS
        ) as connection:
            yield lambda sql, *values: connection.execute(sql.replace("?", "%s"), values).fetchall()
    except psycopg.errors.UndefinedTable as error:
        raise FileNotFoundError(f"the tables of Dagster, {home}") from error
    except psycopg.Error as error:
        raise _unreadable(f"of {home}", error) from error


def _unreadable(which: str, error: Exception) -> HomeRefused:
    words = " ".join(str(error).split())
    return HomeRefused(
        f"Dagster's storage {which} cannot be read: {words}. Look at dagster.yaml in DAGSTER_HOME, "
        "and whether its database answers."
    )


def _value(value: Any) -> str:
    """A value of dagster.yaml, which may name an environment variable instead."""
    return os.environ.get(value["env"], "") if isinstance(value, dict) else str(value)
