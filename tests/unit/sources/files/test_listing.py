"""Which files are found, and what is said of paths that lead to none and of what is left out.

Nothing here opens a file but for its digest.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from txcat_assets.errors import SourceRefused
from txcat_assets.sources.files.dialect import inspect
from txcat_assets.sources.files.listing import (
    SeenFile,
    digest,
    find,
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
    assert sorted(names_of(find([tmp_path], GLOB).files)) == taken


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
    assert names_of(find([tmp_path], GLOB).files) == ["transactions_1.csv"]


def test_a_named_file_is_taken_whatever_its_name_and_once(tmp_path: Path) -> None:
    touch(tmp_path, "odd.name", "transactions.csv")
    named: list[Path | str] = [
        tmp_path / "odd.name",
        tmp_path / "." / "odd.name",
        str(tmp_path / "*.csv"),
        tmp_path,
    ]
    assert names_of(find(named, GLOB).files) == ["odd.name", "transactions.csv"]


def test_a_pattern_finds_data_files_of_any_name(tmp_path: Path) -> None:
    touch(tmp_path, "a/x.csv", "b/y.csv", "b/z.tmp", "b/transactions[1].csv")
    assert names_of(find([str(tmp_path / "**" / "*")], GLOB).files) == [
        "x.csv",
        "transactions[1].csv",
        "y.csv",
    ]
    assert names_of(find([tmp_path / "b/transactions[1].csv"], GLOB).files) == [
        "transactions[1].csv"
    ]


def test_a_relative_path_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "transactions.csv")
    monkeypatch.chdir(tmp_path)
    assert find(["transactions.csv"], GLOB).files[0].path == str(tmp_path / "transactions.csv")


def test_what_leads_to_no_file_is_a_problem(tmp_path: Path) -> None:
    touch(tmp_path, "notes.md")
    for path, words in {
        "gone.csv": "no such file or folder",
        ".": "no data file there matches 'transactions*'",
        "*.csv": "matches no data file",
    }.items():
        named = find([tmp_path / path], GLOB)
        assert words in named.problems[0]
        assert not named.files


@pytest.mark.parametrize("path", ["", " "])
def test_an_empty_path_names_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    touch(tmp_path, "transactions.csv")
    monkeypatch.chdir(tmp_path)
    named = find([path], GLOB)
    assert named.files == []
    assert "is empty" in named.problems[0]


def test_a_path_that_is_not_there_stops_no_other_one(tmp_path: Path) -> None:
    touch(tmp_path, "transactions_a.csv", "b/transactions_b.csv")
    (tmp_path / "b/transactions_c.csv").symlink_to("gone.csv")
    named = find([tmp_path / "gone", tmp_path / "transactions_a.csv", tmp_path / "b/*"], GLOB)
    assert sorted(names_of(named.files)) == ["transactions_a.csv", "transactions_b.csv"]
    assert [problem.split(":")[0] for problem in named.problems] == [
        f"Looking at {tmp_path}/b/transactions_c.csv",
        f"Looking for {tmp_path}/gone",
    ]
    assert "a link to gone.csv, which is not there" in named.problems[0]


def test_what_a_folder_leaves_out_is_told(tmp_path: Path) -> None:
    touch(tmp_path, "a/transactions.csv", "a/transactions.zip", "b/transactions_b.csv")
    touch(tmp_path, "a/payments.zip", "a/transactions.csv.part", "a/.transactions.json")
    (tmp_path / "a/more").symlink_to(tmp_path / "b")
    os.mkfifo(tmp_path / "a/transactions_pipe.csv")
    named = find([tmp_path / "a"], GLOB)
    assert names_of(named.files) == ["transactions.csv"]
    assert [Path(line.split(":")[0]).name for line in sorted(named.left_out)] == [
        "more",
        "transactions.zip",
        "transactions_pipe.csv",
    ]


def test_a_pattern_tells_what_it_leaves_out(tmp_path: Path) -> None:
    touch(tmp_path, "transactions.csv", "x.json", "~$x.csv")
    named = find([tmp_path / "*"], GLOB)
    assert names_of(named.files) == ["transactions.csv"]
    assert [Path(line.split(":")[0]).name for line in named.left_out] == ["x.json"]


def test_a_name_that_is_no_utf8_is_set_aside_alone(tmp_path: Path) -> None:
    touch(tmp_path, "transactions.csv", os.fsdecode(b"transactions_\xff.csv"))
    named = find([tmp_path], GLOB)
    assert names_of(named.files) == ["transactions.csv"]
    assert "transactions_\\xff.csv: its name is not UTF-8" in named.problems[0]


def test_a_time_beyond_what_a_table_can_hold_counts_as_the_latest(tmp_path: Path) -> None:
    touch(tmp_path, "transactions.csv")
    later = 10**19
    os.utime(tmp_path / "transactions.csv", ns=(later, later))
    if (tmp_path / "transactions.csv").stat().st_mtime_ns != later:
        pytest.skip("this file system holds no time so late")
    assert stat(tmp_path / "transactions.csv").modified_at_ns == 2**63 - 1


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


def test_what_may_not_be_read_is_said() -> None:
    with as_nobody() as folder:
        for named in ("closed", "closed/transactions.csv"):
            (problem,) = find([folder / named], GLOB).problems
            assert "no permission to read it. Give" in problem
        for look in (digest, lambda path: inspect(path, ["id"], ["id"])):
            with pytest.raises(SourceRefused, match=r"closed\.csv: no permission"):
                look(folder / "closed.csv")


def test_a_pipe_is_not_taken(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    assert "not a regular file" in find([tmp_path / "pipe.csv"], GLOB).problems[0]
    assert find([tmp_path], "pipe*").files == []


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
