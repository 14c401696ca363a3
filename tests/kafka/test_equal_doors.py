"""Promise 3: both doors are equal: the same records by file and by Kafka give the same tables."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

import dagster as dg
import polars as pl
import pytest

from data.make_samples import RECIPES, make_reference_data, make_samples
from data.oddities import Recipe
from tests.assets.installation import Installation, today
from tests.kafka.broker import Kafka
from tests.kafka.messages import topic_of
from txcat_assets.contracts.model import Contract
from txcat_assets.contracts.registry import all_contracts
from txcat_assets.sources.files.dialect import inspect
from txcat_assets.sources.files.records import read
from txcat_assets.sources.kafka.outgoing import Outgoing, outgoing
from txcat_assets.sources.kafka.writing import TopicWriter

EXCEPTED = ["_slice_id", "_position", "_day", "_run_id", "_bytes", "categorized_at", "scored_at"]
"""Position, day and run. What could not be cut is no JSON either way: its bytes stay, its fault
has another name."""

PARTITIONS = 3


def messages_of(contract: Contract, paths: Sequence[Path]) -> list[Outgoing]:
    """The records of files as messages, but for those that a file alone can break."""
    names = contract.column_names
    found: list[Outgoing] = []
    for path in paths:
        dialect = inspect(path, names, [contract.key])
        for records in read(path, dialect, names):
            sound = records.filter(pl.col("_fault").is_null())
            found += outgoing(contract, sound, decimal_comma=dialect.decimal_comma)
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


def rows(site: Installation, schema: str, dataset: str) -> list[str]:
    """The rows of a table but for what the doors may differ in, as text, in an order of its own."""
    with site.warehouse.transaction() as tx:
        found = tx.frame(f"SELECT * FROM {schema}.{dataset}")
    kept = [name for name in found.columns if name not in EXCEPTED and "_message" not in name]
    as_text = found.select(pl.struct(kept).struct.json_encode().alias("row"))["row"]
    return sorted(as_text)


def with_points(rows: Sequence[str]) -> list[str]:
    """Texts of amounts with decimal points: on the way to a topic commas become points."""
    comma = re.compile(r'"amount":"(-?\d+),(\d\d|\d{4,})"')
    return sorted(comma.sub(r'"amount":"\1.\2"', row) for row in rows)


def with_reference_data(site: Installation, folder: Path) -> Installation:
    """The same installation, with all users and currencies of the samples."""
    for dataset in ("users", "currencies"):
        for sample in make_reference_data(folder, dataset):
            site.put(sample.path.name, sample.path.read_bytes())
            assert site.load_days(dataset, f"{sample.day}").success
    return site


@pytest.mark.slow
@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_both_doors_give_the_same_tables(
    bank: Installation, kafka: Kafka, tmp_path: Path, recipe: Recipe
) -> None:
    dataset, contract = recipe.dataset, all_contracts()[recipe.dataset]
    samples = make_samples(tmp_path / "samples", recipe)
    messages = messages_of(contract, [sample.path for sample in samples])
    assert len(messages) > 9_900
    with TopicWriter(kafka.config) as writer:
        for message in shuffled(messages):
            writer.send(topic_of(bank, dataset), message.key, message.value, [])
        writer.confirm()
    assert len([end for end in kafka.ends(topic_of(bank, dataset)).values() if end]) == PARTITIONS
    with_reference_data(bank, tmp_path / "references")
    assert bank.load_days(dataset, today().isoformat()).success

    with dg.DagsterInstance.ephemeral() as instance:
        home = bank.settings.model_copy(update={"home": tmp_path / "files"})
        files = replace(bank, settings=home, instance=instance)
        with_reference_data(files, tmp_path / "references")
        for sample in samples:
            files.put(sample.path.name, sample.path.read_bytes())
        assert files.load_days(dataset, f"{samples[0].day}", f"{samples[-1].day}").success
        for schema in ("validated", *(stage.name for stage in contract.stages)):
            assert rows(bank, schema, dataset) == rows(files, schema, dataset)
        cut = [row for row in rows(files, "quarantined", dataset) if '"_fault":null' in row]
        assert rows(bank, "quarantined", dataset) == with_points(cut)
        assert len(cut) > 50
