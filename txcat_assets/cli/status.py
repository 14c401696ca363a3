"""`txcat status`: where everything stands, at a glance, as tables for people or JSON for programs.

The look at the installation is made in `health`, and there is decided what is wrong.
"""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from txcat_assets.cli.home import dagster_home_of
from txcat_assets.cli.terminal import clear_screen, complain, print_json, print_table, say
from txcat_assets.clock import utc_now
from txcat_assets.contracts.model import Contract
from txcat_assets.contracts.registry import all_contracts
from txcat_assets.errors import TxcatError
from txcat_assets.health.conditions import AT_A_GLANCE, is_silent
from txcat_assets.health.dagster_storage import DagsterState
from txcat_assets.health.datasets import StageStatus, TopicFlow
from txcat_assets.health.findings import examine
from txcat_assets.health.look import Look
from txcat_assets.health.topics import PartitionStatus
from txcat_assets.settings import Settings

REDRAWN_AFTER_SECONDS = 2
REASONS_SHOWN = 5
SIDE_BY_SIDE = 3
"""So many datasets are legible in a terminal of 80 columns."""

NOT_KNOWN = "not known"
MINUTE = timedelta(minutes=1)


def show_status(settings: Settings, *, as_json: bool) -> int:
    """Say where everything stands; 1 where somebody must act, or Kafka cannot be asked."""
    return _show(
        Look(settings, all_contracts(), dagster_home_of(settings), utc_now()), as_json=as_json
    )


def watch_status(settings: Settings) -> int:
    """Say it again and again on a clear screen, until Ctrl-C; the code of the last time."""
    code = 0
    try:
        while True:
            look = _look(settings)
            look.datasets  # noqa: B018 - asked before the screen is cleared, which then hardly blinks
            clear_screen()
            code = _show(look, as_json=False)
            time.sleep(REDRAWN_AFTER_SECONDS)
    except KeyboardInterrupt:
        return code


def _look(settings: Settings) -> Look:
    return Look(settings, all_contracts(), dagster_home_of(settings), utc_now())


def _show(look: Look, *, as_json: bool) -> int:
    found = examine(look, AT_A_GLANCE)
    datasets = {name: _dataset(look, contract) for name, contract in look.contracts.items()}
    dagster = _dagster(look)
    if as_json:
        findings = [{"name": name} | vars(one) for name, one in found.every]
        print_json({"datasets": datasets, "dagster": dagster, "findings": findings})
    else:
        _print(look.now, datasets, dagster)
    for _, one in found.every:
        complain(f"{one.where}: {one.what}")
    return 1 if found.has_errors else 0


def _dataset(look: Look, contract: Contract) -> dict[str, Any]:
    status, topic = look.datasets[contract.dataset], look.topics.get(contract.dataset)
    return {
        "last arrival": _iso(status.last_arrival),
        "records": vars(status.records),
        "quarantined by reason": status.quarantined,
        "contract": _version(str(contract.version), status.versions),
        "stages": {
            stage.name: _stage(status.stages[stage.name], _now_answers(look, contract, stage.name))
            for stage in contract.stages
        },
        "failed checks": [
            {
                "check": f"{one.name} of {one.asset}",
                "days": [day.isoformat() for day in one.days],
                "days of errors": [day.isoformat() for day in one.error_days],
            }
            for one in status.failed_checks
        ],
        "frozen": vars(status.frozen),
        "days with work left": [day.isoformat() for day in status.days_left],
        **(_flow(status.topic_flow) if status.topic_flow else {}),
        **({"partitions": [_partition(look.now, p) for p in topic.partitions]} if topic else {}),
    }


def _now_answers(look: Look, contract: Contract, stage: str) -> str:
    """The version that would answer for a stage now; not asked for where nothing was answered."""
    if not look.datasets[contract.dataset].stages[stage].versions:
        return NOT_KNOWN
    try:
        return look.version(contract, next(one for one in contract.stages if one.name == stage))
    except TxcatError:
        return NOT_KNOWN


def _version(current: str, versions: Mapping[str, int]) -> dict[str, Any]:
    stale = sum(records for version, records in versions.items() if version != current)
    known = {"stale records": stale} if current != NOT_KNOWN else {}
    return {"version": current, **known, "records by version": versions}


def _stage(status: StageStatus, current: str) -> dict[str, Any]:
    return {
        "pending": status.pending,
        "pending since": _iso(status.pending_since),
        "refused": status.refused,
        **_version(current, status.versions),
    }


def _flow(came: TopicFlow) -> dict[str, Any]:
    names = ("topic", "partition", "from", "to", "who", "why")
    return {
        "flow of the last hour": {
            **vars(came.recent),
            "latency, seconds": vars(came.latency) if came.latency else None,
        },
        "accepted losses": [dict(zip(names, gap, strict=True)) for gap in came.accepted_losses],
    }


def _partition(now: datetime, one: PartitionStatus) -> dict[str, Any]:
    waits = (now - one.oldest_unread_at).total_seconds() if one.oldest_unread_at else None
    return {
        "partition": one.partition,
        "landed up to": one.landed_up_to,
        "ends at": one.ends_at,
        "lag": one.lag,
        "oldest unread, seconds": waits and round(waits, 1),
    }


def _dagster(look: Look) -> dict[str, Any]:
    try:
        state = look.dagster
    except TxcatError as error:
        return {"daemon": str(error)}
    return {
        "daemon": _daemon(look.now, state),
        "heartbeat": _iso(state.heartbeat_at),
        "sensors on": [one.name for one in state.sensors if one.is_on],
        "sensors off": [one.name for one in state.sensors if not one.is_on],
        "sensors in trouble": {one.name: one.words for one in state.sensors if one.troubles},
        "unfinished runs": {one.run_id: f"{one.job}: {one.status}" for one in state.runs},
    }


def _daemon(now: datetime, state: DagsterState) -> str:
    if state.heartbeat_at is None:
        return "never started here"
    return "silent" if is_silent(state.heartbeat_at, now) else "alive"


def _print(now: datetime, datasets: Mapping[str, Any], dagster: Mapping[str, Any]) -> None:
    title = f"At {now:%Y-%m-%d %H:%M:%S} UTC"
    arrived = [name for name, one in datasets.items() if one["last arrival"]]
    for first in range(0, len(arrived), SIDE_BY_SIDE):
        some = arrived[first : first + SIDE_BY_SIDE]
        _print_some(title, {name: dict(_cells(now, datasets[name])) for name in some})
    if empty := [name for name in datasets if name not in arrived]:
        say(f"{title}: nothing has landed yet of {', '.join(empty)}.")
    heard = _ago(now, dagster.get("heartbeat"))
    counted = [[what, dagster[what]] for what in dagster if what not in {"daemon", "heartbeat"}]
    rows = [["daemon", " ".join(filter(None, [dagster["daemon"], heard and f"heard {heard}"]))]]
    rows += [[what, _listed(found)] for what, found in counted if found]
    print_table("Dagster", ["", ""], rows)
    for name, one in datasets.items():
        for what in ("partitions", "accepted losses"):
            if found := one.get(what):
                print_table(f"{name}: {what}", list(found[0]), [[*row.values()] for row in found])


def _print_some(title: str, columns: Mapping[str, Mapping[str, object]]) -> None:
    names = list(dict.fromkeys(name for column in columns.values() for name in column))
    rows = [[name, *(column.get(name) for column in columns.values())] for name in names]
    print_table(title, ["", *columns], rows)


def _cells(now: datetime, one: Mapping[str, Any]) -> list[tuple[str, object]]:
    """What the table shows of a dataset, by the name of the row."""
    left = one["days with work left"]
    cells: list[tuple[str, object]] = [
        ("last arrival", _ago(now, one["last arrival"])),
        *one["records"].items(),
        ("quarantined by reason", _reasons(one["quarantined by reason"])),
        ("days with work left", f"{len(left)}, the first {left[0]}" if left else "none"),
        ("failed checks", _failed(one["failed checks"])),
        ("contract", _currency(one["contract"])),
    ]
    for name, stage in one["stages"].items():
        since = f" since {_ago(now, stage['pending since'])}" if stage["pending since"] else ""
        cells.append((name, f"{stage['pending']:,} pending{since}, {stage['refused']:,} refused"))
        cells.append((f"{name} by", _currency(stage)))
    if one["frozen"]["slices"]:
        cells.append(("frozen", f"{one['frozen']['records']:,} records"))
    if "partitions" in one:
        lags = [partition["lag"] for partition in one["partitions"]]
        cells.append(("lag, messages", NOT_KNOWN if None in lags else sum(lags)))
        cells.append(("messages of the last hour", one["flow of the last hour"]["records"]))
    return cells


def _failed(checks: Sequence[Mapping[str, Any]]) -> str:
    errors = sum(bool(check["days of errors"]) for check in checks)
    counted = {"ERROR": errors, "WARN": len(checks) - errors}
    return ", ".join(f"{n} {severity}" for severity, n in counted.items() if n) or "none"


def _currency(found: Mapping[str, Any]) -> str:
    """A version, and whether all that was done is of it."""
    if "stale records" not in found:
        return NOT_KNOWN if found["records by version"] else ""
    stale = found["stale records"]
    return f"{found['version']}, {f'{stale:,} records stale' if stale else 'current'}"


def _reasons(counted: Mapping[str, int]) -> str:
    shown = [f"{code} {records:,}" for code, records in [*counted.items()][:REASONS_SHOWN]]
    more = len(counted) - len(shown)
    return ", ".join([*shown, *([f"and {more} more reasons"] if more else [])])


def _listed(found: Sequence[str] | Mapping[str, str]) -> str:
    if isinstance(found, Mapping):
        return "; ".join(f"{name}: {words}" for name, words in found.items())
    return f"{len(found)}: {', '.join(found)}"


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _ago(now: datetime, moment: str | None) -> str:
    """How long ago a moment was, in the largest unit that tells something."""
    if moment is None:
        return ""
    passed = now - datetime.fromisoformat(moment)
    for unit, length in (("d", timedelta(days=1)), ("h", timedelta(hours=1)), ("min", MINUTE)):
        if passed >= 2 * length:
            return f"{passed // length} {unit} ago"
    return f"{max(0, passed.total_seconds()):.0f} s ago"
