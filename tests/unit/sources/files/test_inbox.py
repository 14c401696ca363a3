"""What the inbox gives: its files, and each entry that is set aside alone with its problem.

Attacks on it from another user, by real runs, are in `tests/security/test_inbox.py`.
"""

import os
from pathlib import Path

import pytest

from txcat_assets.errors import SourceRefused
from txcat_assets.sources.files.inbox import entries
from txcat_assets.sources.files.opening import InboxFile, inbox_file, look_at, open_file

GLOB = "transactions*"


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text("hunter2\n")
    return path


def problems(inbox: Path) -> dict[str, str]:
    return {Path(file.path).name: file.problem for file in entries(inbox, GLOB)}


def test_an_inbox_may_be_empty(inbox: Path) -> None:
    assert entries(inbox, GLOB) == []
    (inbox / "payments.csv").touch()
    (inbox / "lost+found").mkdir(mode=0)
    assert entries(inbox, GLOB) == []


def test_it_is_searched_to_the_bottom(inbox: Path) -> None:
    (inbox / "below").mkdir()
    for name in ("below/transactions.csv", "Transactions_B.CSV"):
        (inbox / name).touch()
    assert problems(inbox) == {"transactions.csv": "", "Transactions_B.CSV": ""}


def test_links_and_pipes_are_set_aside_and_not_followed(inbox: Path, secret: Path) -> None:
    (inbox / "transactions_link.csv").symlink_to(secret)
    (inbox / "transactions_hard.csv").hardlink_to(secret)
    (inbox / "folder").symlink_to(secret.parent)
    os.mkfifo(inbox / "transactions_pipe.csv")
    found = problems(inbox)
    assert "links in the inbox are not followed" in found["transactions_link.csv"]
    assert "TXCAT_INBOX_HARD_LINKS" in found["transactions_hard.csv"]
    assert "links in the inbox are not followed" in found["folder"]
    assert "not a regular file" in found["transactions_pipe.csv"]


def test_hard_links_are_taken_where_they_are_allowed(inbox: Path, secret: Path) -> None:
    (inbox / "transactions.csv").hardlink_to(secret)
    assert [file.problem for file in entries(inbox, GLOB, allow_hard_links=True)] == [""]


def test_a_name_that_is_no_utf8_has_a_problem_and_a_name_that_a_table_can_hold(
    inbox: Path,
) -> None:
    (inbox / os.fsdecode(b"transactions_\xff.csv")).touch()
    assert "not UTF-8" in problems(inbox)["transactions_\\xff.csv"]


def test_a_file_is_opened_by_no_link_however_it_got_there(inbox: Path, secret: Path) -> None:
    (inbox / "transactions.csv").symlink_to(secret)
    (inbox / "below").symlink_to(secret.parent)
    os.mkfifo(inbox / "pipe.csv")
    for name in ("transactions.csv", "below/secret", "pipe.csv"):
        for look in (open_file, look_at):
            with pytest.raises(SourceRefused, match=r"Copy the file itself|Put the file itself"):
                look(InboxFile(str(inbox), name))


def test_what_lies_in_the_inbox_is_opened_safely_by_whatever_path_it_was_named(
    inbox: Path, tmp_path: Path
) -> None:
    (tmp_path / "also").symlink_to(inbox)
    (inbox / "below").mkdir()
    inside = ["inbox/a.csv", "inbox/below/a.csv", "inbox/gone/a.csv", "also/a.csv", "also/below/a"]
    for name in inside:
        found = inbox_file(inbox, str(tmp_path / name), allow_hard_links=False)
        assert str(found).startswith(f"{inbox}/")
        assert isinstance(found, InboxFile)
    for name in ("a.csv", "inboxes/a.csv", "inbox"):
        assert isinstance(inbox_file(inbox, str(tmp_path / name), allow_hard_links=False), str)
