"""A file's bytes as UTF-8 in pieces: decompressed and transcoded as it is read.

What cannot be decoded becomes bytes that are not UTF-8 either, so that the record, not the file,
is at fault. Memory is bounded and time is linear, whatever the file holds. Which compression and
encoding a file has is decided in `first_bytes`.
"""

import codecs
import gzip
import io
import re
import zlib
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Literal, cast

import zstandard

from txcat_assets.errors import SourceRefused
from txcat_assets.sources.files.csv_grammar import MAX_LINE_BYTES
from txcat_assets.sources.files.limits import DecompressionLimits, refuse_too_much
from txcat_assets.sources.files.opening import SourcePath, look_at, open_file

Compression = Literal["gzip", "zstd"]

DAMAGE = (EOFError, gzip.BadGzipFile, zlib.error, zstandard.ZstdError)
"""What a reader of `open_plain` raises when the compressed data is cut short or corrupt."""

_CHECKED_BYTES = 1_048_576

_ZSTD_READ_BYTES = 2_048  # four bytes of zstd can hold 128 KiB: this bounds one step to 64 MiB

_PIECE_LINES = 262_144
"""More lines than a slice has records: only lines far shorter than records are cut further."""

_KEEP_BYTES = "txcat-keep-bytes"
"""The name of `_kept` among the error handlers of `codecs`."""

_KEPT = re.compile("([\udc00-\udcff]+)")


def open_plain(path: SourcePath, compression: Compression | None) -> BinaryIO:
    """The file's bytes without its compression; raises SourceRefused when it cannot be opened."""
    file = open_file(path)
    if compression == "gzip":
        return cast("BinaryIO", _Gzip(file))
    if compression == "zstd":
        return io.BufferedReader(_ZstdFrames(file), _CHECKED_BYTES)
    return file


def refuse_damaged(path: SourcePath, compression: Compression, limits: DecompressionLimits) -> None:
    """Raises SourceRefused when the file cannot be decompressed to its end, or holds too much."""
    lines = plain_bytes = 0
    file_bytes = look_at(path).st_size
    with open_plain(path, compression) as plain:
        try:
            for piece in read_pieces(plain, _CHECKED_BYTES):
                lines += piece.count(b"\n")
                plain_bytes += len(piece)
                refuse_too_much(str(path), limits, file_bytes, plain_bytes)
        except DAMAGE as error:
            raise SourceRefused(
                f"Reading {path}: its {compression} data is cut short or corrupt after {lines} "
                f"lines ({error}). None of them was landed. Ask the sender for the file again."
            ) from error


def read_pieces(plain: BinaryIO, piece_bytes: int) -> Iterator[bytes]:
    """The bytes to the end, in pieces of that size."""
    return iter(lambda: plain.read(piece_bytes), b"")


def pieces_of(raw: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """Pieces of a file's bytes as UTF-8; a byte order mark stays."""
    return iter(raw) if encoding == "utf-8" else _transcoded(raw, encoding)


def without_first(pieces: Iterable[bytes], count: int) -> Iterator[bytes]:
    """The pieces without the first `count` bytes."""
    for piece in pieces:
        yield piece[count:]
        count = max(0, count - len(piece))


def shortened(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same text with what is beyond MAX_LINE_BYTES of a line dropped, but for one byte.

    That byte tells that the line was too long, so memory is bounded whatever the file holds. The
    pieces must be no larger than that limit: only the line that they cut can be too long.
    """
    open_bytes = 0  # of the line that the pieces so far have left open
    for piece in pieces:
        first = piece.find(b"\n") if b"\n" in piece else len(piece)
        kept = min(first, max(0, MAX_LINE_BYTES + 1 - open_bytes))
        yield piece if kept == first else piece[:kept] + piece[first:]
        open_bytes = (
            len(piece) - piece.rfind(b"\n") - 1 if first < len(piece) else open_bytes + first
        )


def of_few_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same text in pieces of so few lines that a record for each of them fits in memory."""
    for piece in pieces:
        if piece.count(b"\n") <= _PIECE_LINES:
            yield piece
        else:
            middle = len(piece) // 2
            yield from of_few_lines((piece[:middle], piece[middle:]))


def as_they_came(raw: bytes, encoding: str) -> bytes:
    """The bytes of the file of which `raw` is the transcoding."""
    if encoding == "utf-8":
        return raw
    parts = _KEPT.split(raw.decode("utf-8", "surrogatepass"))
    try:
        return b"".join(
            bytes(ord(sign) & 0xFF for sign in part) if place % 2 else part.encode(encoding)
            for place, part in enumerate(parts)
        )
    except UnicodeError:
        return raw


def normal_name(encoding: str) -> str | None:
    """The name that Python knows an encoding by; None where no text can be read in it by pieces."""
    sample = b"a\0\0\0"  # whole characters in encodings of one, two and four bytes
    try:
        name = codecs.lookup(encoding).name
        sample.decode(encoding, _KEEP_BYTES)
        if name not in {"utf-16", "utf-32"}:  # these two want a byte order mark first
            codecs.getincrementaldecoder(name)(_KEEP_BYTES).decode(sample + b"\xff", True)
    except (LookupError, ValueError):
        return None
    return name


def _transcoded(raw: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)(_KEEP_BYTES)
    for piece in raw:
        yield decoder.decode(piece).encode("utf-8", "surrogatepass")
    yield decoder.decode(b"", final=True).encode("utf-8", "surrogatepass")


def _kept(error: UnicodeError) -> tuple[str, int]:
    """Each byte that is no text as a half of a character, from which `as_they_came` has it back."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(chr(0xDC00 + byte) for byte in error.object[error.start : error.end]), error.end


codecs.register_error(_KEEP_BYTES, _kept)


class _Gzip(gzip.GzipFile):
    """All members of a gzip file; it closes the file with itself."""

    def __init__(self, file: BinaryIO) -> None:
        self._compressed = file
        super().__init__(fileobj=file)

    def close(self) -> None:
        super().close()
        self._compressed.close()


class _ZstdFrames(io.RawIOBase):
    """All frames of a zstd file, one after another; a frame cut short is an EOFError."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._frame: zstandard.ZstdDecompressionObj | None = None
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, target: bytearray | memoryview) -> int:  # type: ignore[override]
        while not self._ready:
            data = self._file.read(_ZSTD_READ_BYTES)
            if not data:
                return self._end()
            self._ready = memoryview(self._decompress(data))
        taken = self._ready[: len(target)]
        self._ready = self._ready[len(taken) :]
        target[: len(taken)] = taken
        return len(taken)

    def close(self) -> None:
        self._file.close()
        super().close()

    def _decompress(self, data: bytes) -> bytes:
        out = []
        while data:
            self._frame = self._frame or zstandard.ZstdDecompressor().decompressobj()
            out.append(self._frame.decompress(data))
            data = self._frame.unused_data if self._frame.eof else b""
            self._frame = None if self._frame.eof else self._frame
        return b"".join(out)

    def _end(self) -> int:
        if self._frame is not None:
            raise EOFError("Compressed file ended before the end-of-stream marker was reached")
        return 0
