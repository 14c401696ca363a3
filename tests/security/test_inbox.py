"""Attacks by whoever may write into the inbox: to read foreign files, and to stop other files.

Real runs on real files. What only another user can show is done as one, where that is possible.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import dagster as dg
import pytest

from tests.assets.installation import Installation
from tests.assets.records import sound
from txcat_assets.clock import utc_now
from txcat_assets.contracts.transactions import CONTRACT
from txcat_assets.settings import Settings
from txcat_assets.stages.arrivals import Inbox, register_inbox
from txcat_assets.stages.land import Landed, land_files
from txcat_assets.stages.work import Work
from txcat_assets.warehouse.databases.duckdb import DuckDbWarehouse
from txcat_assets.warehouse.schema.tables import prepare

SECRET = "hunter2 is the password of the bank"  # noqa: S105 - it is nobody's
DAY = "2025-01-03"
NOBODY = 65534


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Installation]:
    """An installation of transactions alone, with a secret beside its inbox."""
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    with dg.DagsterInstance.ephemeral() as instance:
        settings = Settings(home=tmp_path / "home", inbox_settle_seconds=0)
        settings.inbox_folder.mkdir(parents=True)
        yield Installation(settings, instance, {CONTRACT.dataset: CONTRACT})


def land(site: Installation, *, day: str = DAY) -> dg.ExecuteInProcessResult:
    """A run of the asset raw for a day, as the UI and the sensor start it."""
    job = site.definitions.resolve_job_def("load_transactions")
    only_raw = job.get_subset(asset_selection={dg.AssetKey(["raw", "transactions"])})
    return only_raw.execute_in_process(
        instance=site.instance, partition_key=day, raise_on_error=False
    )


def all_that_is_shown(site: Installation, *runs: dg.ExecuteInProcessResult) -> str:
    """Every cell of every table, and every event of the runs."""
    tables = [str(table.rows()) for table in site.everything().values()]
    logs = [str(entry) for run in runs for entry in site.instance.all_logs(run.run_id)]
    return "\n".join(tables + logs)


def set_aside(site: Installation) -> dict[str, str]:
    found = site.rows("SELECT name, reason FROM ledger.objects WHERE state = 'rejected'")
    return {Path(name).name: reason for name, reason in found}


def link(inbox: Path, secret: Path) -> None:
    (inbox / "transactions_link.csv").symlink_to(secret)


def hard_link(inbox: Path, secret: Path) -> None:
    (inbox / "transactions_hard.csv").hardlink_to(secret)


def json_link(inbox: Path, secret: Path) -> None:
    (inbox / "transactions_link.jsonl").symlink_to(secret)


def link_to_a_folder(inbox: Path, secret: Path) -> None:
    (secret.parent / "transactions_elsewhere.csv").write_text(SECRET)
    (inbox / "folder").symlink_to(secret.parent)


def broken_link(inbox: Path, secret: Path) -> None:
    (inbox / "transactions_broken.csv").symlink_to(secret.with_name("gone"))


def loop(inbox: Path, secret: Path) -> None:  # noqa: ARG001
    (inbox / "transactions_loop.csv").symlink_to("transactions_loop.csv")


def pipe(inbox: Path, secret: Path) -> None:  # noqa: ARG001
    os.mkfifo(inbox / "transactions_pipe.csv")


def device(inbox: Path, secret: Path) -> None:  # noqa: ARG001
    (inbox / "transactions_device.csv").symlink_to("/dev/zero")


def name_that_is_no_utf8(inbox: Path, secret: Path) -> None:  # noqa: ARG001
    (inbox / os.fsdecode(b"transactions_\xff.csv")).write_text(sound(9))


def time_far_ahead(inbox: Path, secret: Path) -> None:  # noqa: ARG001
    path = inbox / "transactions_late.csv"
    path.write_text(f"{SECRET}\n")
    os.utime(path, ns=(10**19, 10**19))


def foreign_header(inbox: Path, secret: Path) -> None:
    (inbox / "transactions_header.csv").write_bytes(secret.read_bytes() * 2)


ATTACKS = [
    link,
    hard_link,
    json_link,
    link_to_a_folder,
    broken_link,
    loop,
    pipe,
    device,
    name_that_is_no_utf8,
    time_far_ahead,
    foreign_header,
]


def test_no_entry_leads_out_of_the_inbox_shows_a_secret_or_stops_the_others(
    site: Installation, tmp_path: Path
) -> None:
    for attack in ATTACKS:
        attack(site.settings.inbox_folder, tmp_path / "secret")
    site.put(f"transactions_{DAY}.csv", sound(1, 2))
    runs = [land(site)]
    assert runs[0].success
    assert site.rows("SELECT count(*) FROM raw.transactions") == [(2,)]
    (today,) = site.rows("SELECT max(day)::VARCHAR FROM ledger.objects")[0]
    runs += [land(site, day=today), land(site)]
    assert all(run.success for run in runs)
    assert SECRET not in all_that_is_shown(site, *runs)
    assert "hunter2" not in all_that_is_shown(site, *runs)
    assert site.rows("SELECT count(*) FROM raw.transactions") == [(2,)]
    assert set(set_aside(site)) == {
        "transactions_link.csv",
        "transactions_broken.csv",
        "transactions_late.csv",
        "transactions_hard.csv",
        "transactions_link.jsonl",
        "folder",
        "transactions_loop.csv",
        "transactions_pipe.csv",
        "transactions_device.csv",
        "transactions_\\xff.csv",
        "transactions_header.csv",
    }


def swapped_for_a_link(inbox: Path, secret: Path) -> None:
    (inbox / "below/transactions.csv").unlink()
    (inbox / "below/transactions.csv").symlink_to(secret)


def swapped_folder(inbox: Path, secret: Path) -> None:
    (inbox / "below").rename(inbox / "away")
    (secret.parent / "transactions.csv").write_text(SECRET)
    (inbox / "below").symlink_to(secret.parent)


def swapped_for_a_pipe(inbox: Path, secret: Path) -> None:  # noqa: ARG001
    (inbox / "below/transactions.csv").unlink()
    os.mkfifo(inbox / "below/transactions.csv")


@pytest.mark.parametrize("swap", [swapped_for_a_link, swapped_folder, swapped_for_a_pipe])
def test_what_is_swapped_after_it_was_seen_is_not_read(
    tmp_path: Path, swap: Callable[[Path, Path], None]
) -> None:
    inbox, secret = tmp_path / "inbox", tmp_path / "secret"
    secret.write_text(SECRET)
    (inbox / "below").mkdir(parents=True)
    (inbox / "below/transactions.csv").write_text(sound(1))
    work = work_in(tmp_path)
    register_inbox(work, Inbox(inbox, 0))
    swap(inbox, secret)
    (problem,) = land_files(work, Inbox(inbox, 0)).problems
    assert "hunter2" not in problem
    assert "links in the inbox are not followed" in problem or "not a regular file" in problem


def test_hard_links_are_taken_where_the_operator_allows_them(tmp_path: Path) -> None:
    (tmp_path / "inbox").mkdir()
    (tmp_path / "delivered").write_text(sound(1))
    (tmp_path / "inbox/transactions.csv").hardlink_to(tmp_path / "delivered")
    inbox = Inbox(tmp_path / "inbox", 0, allow_hard_links=True)
    assert landed(work_in(tmp_path), inbox).records == 1


@contextmanager
def as_another_user() -> Iterator[Path]:
    """A folder of another user's, as whom the process acts meanwhile; needs root to become one."""
    if os.geteuid() != 0:
        pytest.skip("only root can act as another user")
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        os.chown(name, NOBODY, NOBODY)
        yield Path(name)


def test_what_this_user_may_not_read_is_set_aside_alone_and_told_once() -> None:
    with as_another_user() as folder:
        inbox = folder / "inbox"
        (inbox / "closed").mkdir(parents=True)
        for name in ("transactions_open.csv", "transactions_closed.csv", "closed/transactions.csv"):
            (inbox / name).write_text(sound(len(name)))
        (inbox / "transactions_closed.csv").chmod(0)
        (inbox / "closed").chmod(0o700)
        work = work_in(folder)
        for path in folder.iterdir():
            os.chown(path, NOBODY if path != inbox else 0, -1)
        os.seteuid(NOBODY)
        try:
            first, again = landed(work, Inbox(inbox, 0)), landed(work, Inbox(inbox, 0))
            with work.warehouse.transaction() as tx:
                reasons = tx.rows(
                    "SELECT reason FROM ledger.objects WHERE state = 'rejected' ORDER BY name"
                )
        finally:
            os.seteuid(0)
    assert (first.records, again.records) == (1, 0)
    assert [reason.split(":")[0].split("/")[-1] for (reason,) in reasons] == [
        "closed",
        "transactions_closed.csv",
    ]
    assert all("no permission" in reason for (reason,) in reasons)
    assert again.problems == []


def test_a_disk_that_cannot_be_read_is_said_of_its_file_alone(tmp_path: Path) -> None:
    """The memory of this process is a regular file that gives EIO at its beginning."""
    from txcat_assets.sources.files.listing import SeenFile, stat  # noqa: PLC0415
    from txcat_assets.stages.arrivals import register_named  # noqa: PLC0415

    good = tmp_path / "transactions_good.csv"
    good.write_text(sound(1))
    work = work_in(tmp_path)
    memory = stat("/proc/self/mem")
    register_named(work, [SeenFile(memory.path, memory.size, memory.modified_at_ns), stat(good)])
    found = land_files(work)
    assert found.records == 1
    assert len(found.problems) == 1
    assert "/proc/self/mem" in found.problems[0]


def work_in(folder: Path) -> Work:
    """Work of today on an empty warehouse in a folder."""
    warehouse = DuckDbWarehouse(folder / "warehouse.duckdb", wait_seconds=5)
    prepare(warehouse, CONTRACT)
    return Work(warehouse, CONTRACT, [utc_now().date()], "run", utc_now)


def landed(work: Work, inbox: Inbox) -> Landed:
    """What a run of today makes of the inbox."""
    register_inbox(work, inbox)
    return land_files(work, inbox)
