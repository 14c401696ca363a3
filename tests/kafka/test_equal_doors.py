"""Promise 3: both doors are equal: the same records by file and by Kafka give the same tables."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

import dagster as dg
import polars as pl
import pytest

from data.make_samples import make_samples
from tests.assets.installation import Installation, today
from tests.kafka.broker import Kafka
from tests.kafka.messages import topic_of
from txcat_assets.contracts.transactions import CONTRACT
from txcat_assets.sources.dialect import inspect
from txcat_assets.sources.kafka_writer import TopicWriter
from txcat_assets.sources.outgoing import Outgoing, outgoing
from txcat_assets.sources.records import read

EXCEPTED = ["_slice_id", "_position", "_day", "_run_id", "_bytes", "categorized_at"]
"""Position, day and run. What could not be cut is no JSON either way: its bytes stay, its fault
has another name."""

PARTITIONS = 3


def messages_of(paths: Sequence[Path]) -> list[Outgoing]:
    """The records of files as messages, but for those that a file alone can break."""
    names = CONTRACT.column_names
    found: list[Outgoing] = []
    for path in paths:
        dialect = inspect(path, names, ["id"])
        for records in read(path, dialect, names):
            sound = records.filter(pl.col("_fault").is_null())
            found += outgoing(CONTRACT, sound, decimal_comma=dialect.decimal_comma)
    return found


def shuffled(messages: Sequence[Outgoing]) -> list[Outgoing]:
    """In random order, those of one key in theirs: as Kafka keeps them, in one partition."""
    keys = [message.key for message in messages]
    order = list(keys)
    Random(7).shuffle(order)
    by_key: dict[bytes | None, list[Outgoing]] = {}
    for message in messages:
        by_key.setdefault(message.key, []).append(message)
    return [by_key[key].pop(0) for key in order]


def rows(site: Installation, schema: str) -> list[str]:
    """The rows of a table but for what the doors may differ in, as text, in an order of its own."""
    with site.warehouse.transaction() as tx:
        found = tx.frame(f"SELECT * FROM {schema}.transactions")
    kept = [name for name in found.columns if name not in EXCEPTED and "_message" not in name]
    as_text = found.select(pl.struct(kept).struct.json_encode().alias("row"))["row"]
    return sorted(as_text)


def with_points(rows: Sequence[str]) -> list[str]:
    """Texts of amounts with decimal points: on the way to a topic commas become points."""
    return sorted(re.sub(r'"amount":"(-?\d+),(\d\d)"', r'"amount":"\1.\2"', row) for row in rows)


@pytest.mark.slow
def test_both_doors_give_the_same_tables(site: Installation, kafka: Kafka, tmp_path: Path) -> None:
    samples = make_samples(tmp_path / "samples")
    messages = messages_of([sample.path for sample in samples])
    assert len(messages) > 9_900
    with TopicWriter(kafka.config) as writer:
        for message in shuffled(messages):
            writer.send(topic_of(site), message.key, message.value, [])
        writer.confirm()
    assert len([end for end in kafka.ends(topic_of(site)).values() if end]) == PARTITIONS
    assert site.load(today().isoformat()).success

    with dg.DagsterInstance.ephemeral() as instance:
        home = site.settings.model_copy(update={"home": tmp_path / "files"})
        files = replace(site, settings=home, instance=instance)
        for sample in samples:
            files.put(sample.path.name, sample.path.read_bytes())
        assert files.load(samples[0].day.isoformat(), samples[-1].day.isoformat()).success
        for schema in ("validated", "categorized"):
            assert rows(site, schema) == rows(files, schema)
        cut = [row for row in rows(files, "quarantined") if '"_fault":null' in row]
        assert rows(site, "quarantined") == with_points(cut)
        assert len(cut) > 50
