"""The roles of deploy/postgres/roles.sql on a real server: each does its work and nothing more."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres import Postgres
from tests.warehouse.audit import audit
from tests.warehouse.databases.roles import Installation, installed, run
from tests.warehouse.seen import everything
from tests.warehouse.tiny import CATEGORIZED, DAYS, tiny, work_on
from tests.warehouse.worker import VERSION, bring_up_to_date, model, write_files
from txcat_assets.errors import RightMissing, VersionRefused
from txcat_assets.stages.enrich import enrich
from txcat_assets.stages.loop import refresh
from txcat_assets.stages.validate import validate
from txcat_assets.warehouse.databases.interface import one
from txcat_assets.warehouse.ledger.checked import note_checked
from txcat_assets.warehouse.schema.tables import prepare


@pytest.fixture
def installation(postgres: Postgres) -> Iterator[Installation]:
    with installed(postgres) as made:
        yield made


def test_a_writer_runs_everything_on_the_tables_of_the_owner(
    installation: Installation, tmp_path: Path
) -> None:
    prepare(installation.as_("owner"), tiny(VERSION))
    write_files(tmp_path)
    writer = installation.as_("writer")
    assert bring_up_to_date(writer, tmp_path) == []
    work = work_on(writer, tiny(VERSION))
    for stage in ("validated", "categorized"):
        refresh(work, stage)
    assert validate(work).problems + enrich(work, CATEGORIZED, model()).problems == []
    with writer.transaction() as tx:
        note_checked(tx, "tiny", "validated", DAYS, work.now())
    audit(installation.as_("reader"), tiny(VERSION))


def test_a_writer_makes_no_table_and_is_told_who_does(installation: Installation) -> None:
    owner, writer = installation.as_("owner"), installation.as_("writer")
    with pytest.raises(VersionRefused, match="Run `txcat upgrade` as the role that owns them"):
        prepare(writer, tiny(1))
    prepare(owner, tiny(1))
    with pytest.raises(VersionRefused, match="older than this code"):
        prepare(writer, tiny(2))
    prepare(owner, tiny(2))
    assert prepare(writer, tiny(2)) == []


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE raw.mine (n INTEGER)",
        "CREATE SCHEMA mine",
        "CREATE TABLE public.mine (n INTEGER)",
        "ALTER TABLE raw.tiny ADD COLUMN mine TEXT",
        "DROP VIEW validated.tiny",
        "TRUNCATE raw.tiny",
    ],
)
def test_a_writer_may_not(installation: Installation, statement: str) -> None:
    prepare(installation.as_("owner"), tiny(1))
    with pytest.raises(RightMissing), installation.as_("writer").transaction() as tx:
        tx.run(statement)


def test_a_reader_reads_all_and_changes_nothing(installation: Installation) -> None:
    prepare(installation.as_("owner"), tiny(1))
    reader = installation.as_("reader")
    assert prepare(reader, tiny(1)) == []
    for table in everything(reader):
        for statement in (f"DELETE FROM {table}", f"INSERT INTO {table} SELECT * FROM {table}"):
            with pytest.raises(RightMissing), reader.transaction() as tx:
                tx.run(statement)
    for statement in ("CREATE TEMP TABLE mine (n INTEGER)", "SELECT nextval('ledger.arrival')"):
        with pytest.raises(RightMissing), reader.transaction() as tx:
            tx.run(statement)


@pytest.mark.parametrize("schema", ["raw", "validated", "quarantined", "categorized"])
def test_a_reader_reads_what_was_made_after_the_script(
    installation: Installation, schema: str
) -> None:
    prepare(installation.as_("owner"), tiny(1))
    with installation.as_("reader").transaction() as tx:
        assert one(tx.rows(f"SELECT count(*) FROM {schema}.tiny")) == 0


def test_the_script_grants_what_was_made_before_it_and_runs_twice(
    installation: Installation, tmp_path: Path
) -> None:
    prepare(installation.as_("owner"), tiny(VERSION))
    for role in ("writer", "reader"):
        with installation.as_("owner").transaction() as tx:
            tx.run(f"REVOKE ALL ON ALL TABLES IN SCHEMA raw, ledger FROM txcat_{role}")
    with pytest.raises(RightMissing), installation.as_("reader").transaction() as tx:
        tx.rows("SELECT * FROM raw.tiny")
    installation.run_script()
    write_files(tmp_path)
    assert bring_up_to_date(installation.as_("writer"), tmp_path) == []


def test_a_restored_database_gives_each_role_its_rights(
    installation: Installation, tmp_path: Path
) -> None:
    prepare(installation.as_("owner"), tiny(VERSION))
    dump = tmp_path / "txcat.dump"
    run("pg_dump", "--format=custom", f"--file={dump}", installation.url)
    with installation.postgres.database() as url:
        restored = Installation(installation.postgres, url)
        restored.run_script()
        as_owner = ("--no-owner", "--no-privileges", "--role=txcat_owner")
        run("pg_restore", "--exit-on-error", *as_owner, f"--dbname={url}", dump)
        write_files(tmp_path)
        assert bring_up_to_date(restored.as_("writer"), tmp_path) == []
        assert len(everything(restored.as_("reader"))["raw.tiny"]) == 9
        prepare(restored.as_("owner"), tiny(VERSION + 1))
