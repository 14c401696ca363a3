"""Compressed files, whole and damaged: never a record lost without a word.

Every file is a real one, packed by the library that users have.
"""

import gzip
from pathlib import Path

import pytest
import zstandard

from tests.unit.sources.reading import COLUMNS, Write, load
from txcat_assets.errors import SourceChanged, SourceRefused
from txcat_assets.sources.files.dialect import inspect
from txcat_assets.sources.files.records import read

LINES = [f"{n},name {n * 7919 % 10007},{n}.00\n" for n in range(200_000)]
HALVES = ["id,name,amount\n" + "".join(LINES[:90_000]), "".join(LINES[90_000:])]

PACKED = {
    "gzip": b"".join(gzip.compress(half.encode(), 1) for half in HALVES),
    "zstd": b"".join(zstandard.compress(half.encode()) for half in HALVES),
}


@pytest.mark.parametrize("content", PACKED.values(), ids=PACKED)
def test_several_members_are_one_file_whatever_its_name(write: Write, content: bytes) -> None:
    frame = load(write(content))
    assert frame["_position"].to_list() == list(range(200_000))
    assert frame["id"].to_list() == [str(n) for n in range(200_000)]


def damaged_at(content: bytes, place: int) -> bytes:
    return content[:place] + bytes(byte ^ 0xFF for byte in content[place : place + 64])


@pytest.mark.parametrize("content", PACKED.values(), ids=PACKED)
@pytest.mark.parametrize("share", [0.01, 0.75, 0.9999])
def test_a_file_cut_short_is_refused_before_anything_lands(
    write: Write, content: bytes, share: float
) -> None:
    path = write(content[: int(len(content) * share)])
    with pytest.raises(SourceRefused, match=r"cut short or corrupt after \d+ lines"):
        inspect(path, COLUMNS, COLUMNS)


@pytest.mark.parametrize("content", PACKED.values(), ids=PACKED)
def test_a_corrupt_file_is_refused_before_what_it_garbled_lands(
    write: Write, content: bytes
) -> None:
    place = len(content) // 2
    garbled = content[:place] + bytes(64) + content[place + 64 :]
    with pytest.raises(SourceRefused, match="None of them was landed"):
        inspect(write(garbled), COLUMNS, COLUMNS)


def test_damage_that_comes_while_reading_is_a_file_that_changed(write: Write) -> None:
    path = write(PACKED["gzip"])
    dialect = inspect(path, COLUMNS, COLUMNS)
    path.write_bytes(PACKED["gzip"][:-99])
    with pytest.raises(SourceChanged, match="What has landed stays"):
        list(read(path, dialect, COLUMNS))


def test_a_file_that_went_away_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceRefused, match="no such file"):
        inspect(tmp_path / "gone.csv", COLUMNS, COLUMNS)
