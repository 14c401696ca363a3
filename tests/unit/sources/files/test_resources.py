"""No file, however small and however made, costs memory or time beyond its size.

Each is read in a process of its own, whose highest memory and processor time are looked at: far
above what it takes, far below what it took before memory was bounded.
"""

import gzip
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from tests.unit.sources.reading import COLUMNS, Write
from txcat_assets.errors import SourceRefused
from txcat_assets.sources.files.dialect import inspect
from txcat_assets.sources.files.limits import RATIO_FROM_BYTES, DecompressionLimits

HEADER = b"id,name,amount\n1,a,2\n"
MIB = 1_048_576

READ = r"""
import json, re, resource, sys
from pathlib import Path
from txcat_assets.sources.files.dialect import inspect
from txcat_assets.sources.files.records import read

names = ["id", "name", "amount"]
records = sum(map(len, read(sys.argv[1], inspect(sys.argv[1], names, names), names)))
used = resource.getrusage(resource.RUSAGE_SELF)
# Not ru_maxrss, which is at least what the process that started this one held.
highest_kb = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]
print(json.dumps([records, int(highest_kb) / 1024, used.ru_utime + used.ru_stime]))
"""


def cost(path: Path) -> tuple[int, float, float]:
    """How many records are read, MiB of memory at most, and seconds of processor time."""
    done = subprocess.run([sys.executable, "-c", READ, path], capture_output=True, check=True)
    records, memory_mb, seconds = json.loads(done.stdout)
    return records, memory_mb, seconds


def zstd(content: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(content)


HEAVY: dict[str, tuple[Callable[[], bytes], int]] = {
    "blank lines": (lambda: HEADER + b"\n" * 16 * MIB, 1),
    "blank lines of Windows": (lambda: HEADER + b"\r\n" * 8 * MIB, 1),
    "blank lines between quotes": (lambda: HEADER + b'1,"a",2\n' + b"\n" * 16 * MIB, 2),
    "blank lines in JSON": (lambda: b'{"id": 1, "name": 1, "amount": 1}\n' + b"\n" * 16 * MIB, 1),
    "zeros in zstd": (lambda: zstd(HEADER + bytes(48 * MIB)), 2),
    "blank lines in gzip": (lambda: gzip.compress(HEADER + b"\n" * 32 * MIB), 1),
}


@pytest.mark.slow
@pytest.mark.parametrize(("content", "records"), HEAVY.values(), ids=HEAVY)
def test_memory_is_bounded_and_time_is_that_of_the_size(
    write: Write, content: Callable[[], bytes], records: int
) -> None:
    found, memory_mb, seconds = cost(write(content()))
    assert found == records
    assert memory_mb < 700
    assert seconds < 25


BOMBS = {
    "zstd by its ratio": (
        zstd,
        DecompressionLimits(),
        "more than 200 times its own size.*DECOMPRESSED_RATIO",
    ),
    "gzip by its ratio": (gzip.compress, DecompressionLimits(), "DECOMPRESSED_RATIO"),
    "zstd by its bytes": (
        zstd,
        DecompressionLimits(plain_bytes=MIB),
        "more than 1,048,576 bytes.*SSED_BYTES",
    ),
}


@pytest.mark.parametrize(("pack", "limits", "words"), BOMBS.values(), ids=BOMBS)
def test_a_file_that_holds_too_much_is_refused(
    write: Write, pack: Callable[[bytes], bytes], limits: DecompressionLimits, words: str
) -> None:
    path = write(pack(HEADER + b"\n" * (RATIO_FROM_BYTES + MIB)), "t.csv")
    with pytest.raises(SourceRefused, match=words):
        inspect(path, COLUMNS, COLUMNS, limits=limits)
    assert (
        inspect(path, COLUMNS, COLUMNS, limits=DecompressionLimits(ratio=1_000_000)).records_at
        == 15
    )


def test_a_small_file_may_be_packed_as_tightly_as_it_will(write: Write) -> None:
    path = write(zstd(HEADER + b"1,a,2\n" * MIB))
    assert path.stat().st_size * 1_000 < 6 * MIB
    assert inspect(path, COLUMNS, COLUMNS).compression == "zstd"
