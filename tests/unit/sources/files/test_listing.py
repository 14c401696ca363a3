"""Which files are found, under which names and days, and what is said where there are none.

Nothing here opens a file but for its digest.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from txcat_assets.errors import SourceRefused
from txcat_assets.sources.files.dialect import inspect
from txcat_assets.sources.files.listing import (
    SeenFile,
    day_in_name,
    digest,
    find,
    found_in,
    is_settled,
    stat,
)

GLOB = "transactions*"


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("id\n")


def names_of(files: list[SeenFile]) -> list[str]:
    return [Path(file.path).name for file in files]


def test_a_folder_gives_its_data_files_to_the_bottom(tmp_path: Path) -> None:
    taken = [
        "Transactions_B.CSV",
        "transactions.jsonl",
        "transactions_a.csv.gz",
        "transactions_c.txt.zst",
    ]
    touch(tmp_path, *taken[:2], "deep/deeper/" + taken[2], "deep/" + taken[3])
    assert sorted(names_of(find([tmp_path], GLOB))) == taken


LEFT_OUT = {
    "of another dataset": "payments.csv",
    "hidden": ".transactions.csv",
    "below a hidden folder": ".git/transactions.csv",
    "still being written": "transactions.csv.part",
    "temporary": "transactions.csv.tmp",
    "a backup": "transactions.csv~",
    "no data file": "transactions.xlsx",
    "without a suffix": "transactions",
}


@pytest.mark.parametrize("name", LEFT_OUT.values(), ids=LEFT_OUT)
def test_a_folder_leaves_out_what_is_not_meant(tmp_path: Path, name: str) -> None:
    touch(tmp_path, name, "transactions_1.csv")
    assert names_of(find([tmp_path], GLOB)) == ["transactions_1.csv"]


def test_a_named_file_is_taken_whatever_its_name_and_once(tmp_path: Path) -> None:
    touch(tmp_path, "odd.name", "transactions.csv")
    named: list[Path | str] = [
        tmp_path / "odd.name",
        tmp_path / "." / "odd.name",
        str(tmp_path / "*.csv"),
        tmp_path,
    ]
    assert names_of(find(named, GLOB)) == ["odd.name", "transactions.csv"]


def test_a_pattern_finds_data_files_of_any_name(tmp_path: Path) -> None:
    touch(tmp_path, "a/x.csv", "b/y.csv", "b/z.tmp", "b/transactions[1].csv")
    assert names_of(find([str(tmp_path / "**" / "*")], GLOB)) == [
        "x.csv",
        "transactions[1].csv",
        "y.csv",
    ]
    assert names_of(find([tmp_path / "b/transactions[1].csv"], GLOB)) == ["transactions[1].csv"]


def test_a_relative_path_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "transactions.csv")
    monkeypatch.chdir(tmp_path)
    assert find(["transactions.csv"], GLOB)[0].path == str(tmp_path / "transactions.csv")


def test_what_leads_to_no_file_is_refused(tmp_path: Path) -> None:
    touch(tmp_path, "notes.md")
    with pytest.raises(SourceRefused, match="no such file or folder"):
        find([tmp_path / "gone.csv"], GLOB)
    with pytest.raises(SourceRefused, match=r"no data file there matches 'transactions\*'"):
        find([tmp_path], GLOB)
    with pytest.raises(SourceRefused, match="matches no data file"):
        find([str(tmp_path / "*.csv")], GLOB)


def test_an_inbox_may_be_empty(tmp_path: Path) -> None:
    assert found_in(tmp_path, GLOB) == []
    touch(tmp_path, "payments.csv", "below/transactions.csv")
    assert names_of(found_in(tmp_path, GLOB)) == ["transactions.csv"]


@contextmanager
def as_nobody() -> Iterator[Path]:
    """A folder in which a file and a folder are closed to a user without rights: us, here."""
    is_root = os.geteuid() == 0
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        touch(folder, "closed.csv", "closed/transactions.csv")
        (folder / "closed.csv").chmod(0)
        (folder / "closed").chmod(0)
        try:
            if is_root:
                os.seteuid(65534)
            yield folder
        finally:
            if is_root:
                os.seteuid(0)
            (folder / "closed").chmod(0o755)


def test_what_may_not_be_read_is_refused() -> None:
    with as_nobody() as folder:
        for named in ("closed", "closed/transactions.csv"):
            with pytest.raises(SourceRefused, match=r"closed.*: no permission to read it\. Give"):
                find([folder / named], GLOB)
        for look in (digest, lambda path: inspect(path, ["id"], ["id"])):
            with pytest.raises(SourceRefused, match=r"closed\.csv: no permission"):
                look(folder / "closed.csv")


def test_a_pipe_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(SourceRefused, match="not a regular file"):
        find([tmp_path / "pipe.csv"], GLOB)
    with pytest.raises(SourceRefused, match="no data file"):
        find([tmp_path], "pipe*")


DAYS = {
    "transactions_2025-01-03.csv": date(2025, 1, 3),
    "2025_01_03.csv.gz": date(2025, 1, 3),
    "tx20250103.csv": date(2025, 1, 3),
    "tx-20250103T101500.csv": date(2025, 1, 3),
    "2023-02-30_2025-01-03.csv": date(2025, 1, 3),
    "2024-02-29.csv": date(2024, 2, 29),
    "2023-02-30.csv": None,
    "2023-02-29.csv": None,
    "12025-01-03.csv": None,
    "2025-01-031.csv": None,
    "20250103101500.csv": None,
    "2025-01_03.csv": None,
    "transactions.csv": None,
}


@pytest.mark.parametrize("name", DAYS)
def test_a_real_date_in_the_name_is_the_day(name: str) -> None:
    assert day_in_name(name) == DAYS[name]


def test_a_date_in_the_folder_is_not_the_files_day() -> None:
    assert day_in_name("/inbox/2025-01-03/transactions.csv") is None


@pytest.mark.parametrize(
    ("age_seconds", "is_taken"), [(0, False), (4.9, False), (5, True), (-9, True), (-1, False)]
)
def test_a_file_is_settled_when_left_alone(age_seconds: float, is_taken: bool) -> None:
    now_ns = 10**18
    file = SeenFile("/a", 1, now_ns - int(age_seconds * 10**9))
    assert is_settled(file, now_ns, 5) is is_taken


def test_the_digest_goes_by_content_alone(tmp_path: Path) -> None:
    touch(tmp_path, "a.csv", "b.csv")
    assert digest(tmp_path / "a.csv") == digest(tmp_path / "b.csv")
    before = stat(tmp_path / "a.csv")
    (tmp_path / "a.csv").write_text("id\n1\n")
    assert digest(tmp_path / "a.csv") != digest(tmp_path / "b.csv")
    assert stat(tmp_path / "a.csv") != before
