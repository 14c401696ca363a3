"""How much a compressed file may hold, so that a small one cannot fill memory, disk or days.

A limit of bytes for any file, and one of the ratio to its own size. What is counted is counted
in `streams`.
"""

from dataclasses import dataclass

from txcat_assets.errors import SourceRefused

RATIO_FROM_BYTES = 67_108_864
"""So much is read in no time; and a small file of much the same lines is packed very tightly."""


@dataclass(frozen=True)
class DecompressionLimits:
    """The most bytes that a file may hold, and how many times its own size that may be.

    Real exports are packed to a tenth or a thirtieth; the ratio counts from RATIO_FROM_BYTES on.
    """

    plain_bytes: int = 34_359_738_368
    ratio: int = 200


DEFAULT_LIMITS = DecompressionLimits()


def refuse_too_much(
    path: str, limits: DecompressionLimits, file_bytes: int, plain_bytes: int
) -> None:
    """Raises SourceRefused when a file of `file_bytes` holds more than it may."""
    if plain_bytes > limits.plain_bytes:
        found, setting = f"{limits.plain_bytes:,} bytes", "TXCAT_DECOMPRESSED_BYTES"
    elif plain_bytes > max(RATIO_FROM_BYTES, limits.ratio * file_bytes):
        found, setting = f"{limits.ratio:,} times its own size", "TXCAT_DECOMPRESSED_RATIO"
    else:
        return
    raise SourceRefused(
        f"Reading {path}: it is compressed and holds more than {found}. None of it was landed. "
        f"If it is what was meant, raise {setting}, or load it decompressed."
    )
