"""A folder in memory for what tests write: DuckDB and Dagster commit hundreds of times a test."""

import shutil
from pathlib import Path

ROOM_BYTES = 2 * 1024**3


def folder_in_memory() -> Path | None:
    """Where temporary folders are in memory; none where there is no such place or little room."""
    memory = Path("/dev/shm")  # noqa: S108 - the folders made there have names of their own
    has_room = memory.is_dir() and shutil.disk_usage(memory).free > ROOM_BYTES
    return memory if has_room else None
