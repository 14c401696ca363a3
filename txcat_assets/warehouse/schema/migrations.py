"""The ledger's tables as numbered changes: each warehouse runs each of them once, in order.

A released change is never edited; the next one gets a new number. The tables of a dataset follow
from its contract and need no number: see `tables`.
"""

from typing import Literal

from txcat_assets.errors import VersionRefused
from txcat_assets.warehouse.databases.interface import Reading, Transaction

PLACES = "unjudged + validated + quarantined + duplicate + discarded + replaced"
CONSERVED = f"CHECK (landed = {PLACES} AND least({PLACES.replace(' +', ',')}) >= 0)"
"""Each landed record is in exactly one place; the database refuses counts that say otherwise."""

DECISIONS = """
CREATE TABLE IF NOT EXISTS ledger.decisions (
    id BIGINT DEFAULT nextval('ledger.note'), dataset VARCHAR NOT NULL,
    slice_id BIGINT NOT NULL, position BIGINT NOT NULL,
    action VARCHAR NOT NULL CHECK (action IN ('discarded', 'replaced', 'reopened', 'replayed')),
    in_force BOOLEAN CHECK (in_force), who VARCHAR NOT NULL, why VARCHAR NOT NULL,
    decided_at TIMESTAMP NOT NULL, run_id VARCHAR NOT NULL, place_before SMALLINT,
    reasons_before TEXT[], new_slice_id BIGINT, new_position BIGINT,
    UNIQUE (slice_id, position, in_force));
"""
"""What operators decided; no row is ever deleted. `in_force` is true where a decision closes its
record now, else null: so the unique constraint refuses a second one for a position."""

SUPERSEDED = "ALTER TABLE ledger.slices ADD COLUMN IF NOT EXISTS superseded BIGINT DEFAULT 0"

MIGRATIONS: tuple[str | dict[Literal["duckdb", "postgres"], str], ...] = (
    # 1: files.
    """
CREATE SCHEMA IF NOT EXISTS ledger;
CREATE SEQUENCE IF NOT EXISTS ledger.arrival;
CREATE TABLE IF NOT EXISTS ledger.contracts (
    dataset VARCHAR PRIMARY KEY, version INTEGER NOT NULL, fingerprint VARCHAR NOT NULL);
CREATE TABLE IF NOT EXISTS ledger.objects (
    object_id BIGINT PRIMARY KEY DEFAULT nextval('ledger.arrival'), dataset VARCHAR NOT NULL,
    kind VARCHAR NOT NULL, name VARCHAR NOT NULL, size BIGINT NOT NULL,
    modified_at_ns BIGINT NOT NULL, encoding VARCHAR, dialect VARCHAR, identity VARCHAR,
    day DATE NOT NULL, seen_at TIMESTAMP NOT NULL, next BIGINT NOT NULL DEFAULT 0,
    state VARCHAR NOT NULL DEFAULT 'seen', reason VARCHAR, contract_version INTEGER,
    UNIQUE (dataset, kind, identity), UNIQUE (dataset, name, size, modified_at_ns));
CREATE TABLE IF NOT EXISTS ledger.slices (
    slice_id BIGINT PRIMARY KEY, dataset VARCHAR NOT NULL, object_id BIGINT NOT NULL,
    "start" BIGINT NOT NULL, "end" BIGINT NOT NULL, day DATE NOT NULL,
    landed_at TIMESTAMP NOT NULL, run_id VARCHAR NOT NULL, landed BIGINT NOT NULL,
    unjudged BIGINT NOT NULL, validated BIGINT NOT NULL DEFAULT 0,
    quarantined BIGINT NOT NULL DEFAULT 0, duplicate BIGINT NOT NULL DEFAULT 0,
    UNIQUE (object_id, "start"),
    CHECK (landed = unjudged + validated + quarantined + duplicate
           AND least(unjudged, validated, quarantined, duplicate) >= 0));
CREATE TABLE IF NOT EXISTS ledger.stages (
    slice_id BIGINT NOT NULL, stage VARCHAR NOT NULL, dataset VARCHAR NOT NULL, day DATE NOT NULL,
    version VARCHAR, pending BIGINT NOT NULL DEFAULT 0, refused BIGINT NOT NULL DEFAULT 0,
    redo_from TIMESTAMP, done_at TIMESTAMP, run_id VARCHAR, error VARCHAR,
    PRIMARY KEY (slice_id, stage));
CREATE TABLE IF NOT EXISTS ledger.predictions (
    dataset VARCHAR NOT NULL, stage VARCHAR NOT NULL, slice_id BIGINT NOT NULL,
    position BIGINT NOT NULL, digest UUID NOT NULL, model_version VARCHAR NOT NULL,
    answer VARCHAR, refusal VARCHAR);
CREATE TABLE IF NOT EXISTS ledger.checked (
    dataset VARCHAR NOT NULL, asset VARCHAR NOT NULL, checked_at TIMESTAMP NOT NULL,
    PRIMARY KEY (dataset, asset));
CREATE TABLE IF NOT EXISTS ledger.refusals (
    dataset VARCHAR NOT NULL, stage VARCHAR NOT NULL, slice_id BIGINT NOT NULL,
    position BIGINT NOT NULL, digest UUID NOT NULL, model_version VARCHAR NOT NULL,
    words VARCHAR NOT NULL);
""",
    # 2: topics. The partitions of a topic are objects too; what Kafka lost and somebody accepted
    # is a gap; a dataset's own tables remember by which number they were made.
    """
ALTER TABLE ledger.objects ALTER COLUMN size DROP NOT NULL;
ALTER TABLE ledger.objects ALTER COLUMN modified_at_ns DROP NOT NULL;
ALTER TABLE ledger.objects ADD COLUMN IF NOT EXISTS "partition" INTEGER;
ALTER TABLE ledger.objects ADD COLUMN IF NOT EXISTS topic_id VARCHAR;
ALTER TABLE ledger.objects ADD COLUMN IF NOT EXISTS generation INTEGER;
ALTER TABLE ledger.contracts ADD COLUMN IF NOT EXISTS made_by INTEGER;
CREATE TABLE IF NOT EXISTS ledger.gaps (
    object_id BIGINT NOT NULL, "start" BIGINT NOT NULL, "end" BIGINT,
    who VARCHAR NOT NULL, why VARCHAR NOT NULL, accepted_at TIMESTAMP NOT NULL,
    PRIMARY KEY (object_id, "start"));
CREATE TABLE IF NOT EXISTS ledger.dead_letters (
    dataset VARCHAR NOT NULL, slice_id BIGINT NOT NULL, position BIGINT NOT NULL,
    reasons VARCHAR NOT NULL, sent_at TIMESTAMP NOT NULL);
CREATE TABLE IF NOT EXISTS ledger.migrations (number INTEGER PRIMARY KEY);
""",
    # 3: references and marts. Which dataset refers to which, keys that have left validated since
    # records that name them were judged, and the entities that a mart has to compute again.
    """
CREATE SEQUENCE IF NOT EXISTS ledger.note;
CREATE TABLE IF NOT EXISTS ledger.dependents (
    dataset VARCHAR NOT NULL, refers_to VARCHAR NOT NULL, PRIMARY KEY (dataset, refers_to));
CREATE TABLE IF NOT EXISTS ledger.withdrawn (
    id BIGINT DEFAULT nextval('ledger.note'), dataset VARCHAR NOT NULL,
    refers_to VARCHAR NOT NULL, key VARCHAR NOT NULL);
CREATE TABLE IF NOT EXISTS ledger.touched (
    id BIGINT DEFAULT nextval('ledger.note'), dataset VARCHAR NOT NULL,
    mart VARCHAR NOT NULL, entity VARCHAR NOT NULL);
CREATE TABLE IF NOT EXISTS ledger.marts (
    dataset VARCHAR NOT NULL, mart VARCHAR NOT NULL, version VARCHAR NOT NULL,
    PRIMARY KEY (dataset, mart));
""",
    # 4: stages with more than one column. A kept answer is JSON; those of before are asked again.
    "DELETE FROM ledger.predictions",
    # 5: retention of raw. How many records of a slice have no text any more; with one it is frozen.
    "ALTER TABLE ledger.slices ADD COLUMN IF NOT EXISTS forgotten BIGINT DEFAULT 0",
    # 6: what is to ask. How often it has changed, so that answers need not read it again.
    "ALTER TABLE ledger.stages ADD COLUMN IF NOT EXISTS revision BIGINT DEFAULT 0",
    # 7: decisions of operators, and the places of records that they closed. DuckDB can neither drop
    # nor change a CHECK, so its table is made anew; on PostgreSQL views and rights hang on it.
    {
        "duckdb": f"""
ALTER TABLE ledger.slices RENAME TO slices_6;
CREATE TABLE ledger.slices (
    slice_id BIGINT PRIMARY KEY, dataset VARCHAR NOT NULL, object_id BIGINT NOT NULL,
    "start" BIGINT NOT NULL, "end" BIGINT NOT NULL, day DATE NOT NULL,
    landed_at TIMESTAMP NOT NULL, run_id VARCHAR NOT NULL, landed BIGINT NOT NULL,
    unjudged BIGINT NOT NULL, validated BIGINT NOT NULL DEFAULT 0,
    quarantined BIGINT NOT NULL DEFAULT 0, duplicate BIGINT NOT NULL DEFAULT 0,
    forgotten BIGINT DEFAULT 0, discarded BIGINT NOT NULL DEFAULT 0,
    replaced BIGINT NOT NULL DEFAULT 0, UNIQUE (object_id, "start"), {CONSERVED});
INSERT INTO ledger.slices BY NAME SELECT * FROM ledger.slices_6;
DROP TABLE ledger.slices_6;
{DECISIONS}
""",
        "postgres": f"""
ALTER TABLE ledger.slices DROP CONSTRAINT IF EXISTS slices_check;
ALTER TABLE ledger.slices ADD COLUMN IF NOT EXISTS discarded BIGINT NOT NULL DEFAULT 0;
ALTER TABLE ledger.slices ADD COLUMN IF NOT EXISTS replaced BIGINT NOT NULL DEFAULT 0;
ALTER TABLE ledger.slices ADD CONSTRAINT slices_check {CONSERVED};
{DECISIONS}
""",
    },
    # 8: a file that is set aside is rejected; refused is said of records alone.
    "UPDATE ledger.objects SET state = 'rejected' WHERE state = 'refused'",
    # 9: files that are read once more. Who asked for it, and which object it replaces.
    """
ALTER TABLE ledger.objects ADD COLUMN IF NOT EXISTS again_by VARCHAR;
ALTER TABLE ledger.objects ADD COLUMN IF NOT EXISTS replaces BIGINT;
""",
    # 10: where checks failed. A check speaks for these days again until it holds there.
    """
CREATE TABLE IF NOT EXISTS ledger.failed_checks (
    dataset VARCHAR NOT NULL, asset VARCHAR NOT NULL, check_name VARCHAR NOT NULL,
    day DATE NOT NULL, PRIMARY KEY (dataset, asset, check_name, day));
""",
    # 11: what landed last of a partition of a topic, as JSON: it shows that the log is the same.
    "ALTER TABLE ledger.objects ADD COLUMN IF NOT EXISTS last_record VARCHAR",
    # 12: whether a check that failed on a day is an error there; of those of before it is unknown
    # until the check speaks again.
    "ALTER TABLE ledger.failed_checks ADD COLUMN IF NOT EXISTS is_error BOOLEAN",
    # 13: versions that another one has superseded, which count as validated still. Where keys had
    # versions, PostgreSQL's index of those who hold a key was not unique; it is made anew.
    {
        "duckdb": SUPERSEDED,
        "postgres": f"""{SUPERSEDED};
DO $$
DECLARE plain TEXT;
BEGIN
    FOR plain IN
        SELECT i.indexrelid::regclass::TEXT FROM pg_index i
        JOIN pg_class c ON c.oid = i.indexrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'judged' AND NOT i.indisunique
        AND right(c.relname, length('_winner')) = '_winner'
    LOOP
        EXECUTE 'DROP INDEX ' || plain;
    END LOOP;
END
$$
""",
    },
    # 14: whoever must know what changed, not marts alone. How a mart groups is in its contract.
    """
ALTER TABLE ledger.touched RENAME COLUMN mart TO watcher;
CREATE TABLE IF NOT EXISTS ledger.watchers (
    dataset VARCHAR NOT NULL, watcher VARCHAR NOT NULL, grouped_by VARCHAR, per VARCHAR,
    version VARCHAR NOT NULL, PRIMARY KEY (dataset, watcher));
INSERT INTO ledger.watchers (dataset, watcher, version)
    SELECT dataset, mart, version FROM ledger.marts;
DROP TABLE ledger.marts;
""",
    # 15: the codes of the rules that a record breaks: reasons where it is quarantined, warnings
    # where it is valid. `tables` renames the column of each dataset and makes its index anew. Two
    # more kinds of index, which cost at each write and were used no more, go too.
    {
        "duckdb": "SELECT 1",
        "postgres": """
DO $$
DECLARE outdated TEXT;
BEGIN
    FOR outdated IN
        SELECT format('%I.%I', schemaname, indexname) FROM pg_indexes
        WHERE schemaname NOT IN ('ledger', 'access') AND indexname IN
            (tablename || '_reasons', tablename || '_slice', tablename || '_other')
    LOOP
        EXECUTE 'DROP INDEX ' || outdated;
    END LOOP;
END
$$
""",
    },
    # 16: since when a watcher has known of a change; of those of before, since now at least. And
    # from where judged records have moved.
    """
ALTER TABLE ledger.touched ADD COLUMN IF NOT EXISTS noted_at TIMESTAMP;
UPDATE ledger.touched SET noted_at = CAST(now() AT TIME ZONE 'UTC' AS TIMESTAMP);
CREATE TABLE IF NOT EXISTS ledger.moves (
    dataset VARCHAR NOT NULL, slice_id BIGINT NOT NULL, position BIGINT NOT NULL,
    place_before SMALLINT NOT NULL, place SMALLINT NOT NULL, contract_version INTEGER NOT NULL,
    moved_at TIMESTAMP NOT NULL, run_id VARCHAR NOT NULL);
""",
    # 17: watchers of records and of the answers of a stage.
    "ALTER TABLE ledger.watchers ADD COLUMN IF NOT EXISTS stage VARCHAR",
)


REVOKE_WRITING_MIGRATIONS = """
DO $$
DECLARE role TEXT;
BEGIN
    FOR role IN
        SELECT DISTINCT grantee FROM information_schema.role_table_grants
        WHERE table_schema = 'ledger' AND table_name = 'migrations'
        AND privilege_type <> 'SELECT' AND grantee NOT IN (current_user, grantor)
    LOOP
        EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON ledger.migrations FROM %I', role);
    END LOOP;
END
$$"""
"""Revokes the right to write to ledger.migrations from all roles but its owner."""


def migrate(tx: Transaction, kind: Literal["duckdb", "postgres"]) -> list[str]:
    """Run the changes that this warehouse does not have, and name them; again, it changes nothing.

    `kind` is the kind of database, for the few changes that differ between the two. Raises
    VersionRefused when the warehouse has a change that this code does not know.
    """
    numbers = range(newest_change(tx) + 1, len(MIGRATIONS) + 1)
    for number in numbers:
        change = MIGRATIONS[number - 1]
        tx.run(change if isinstance(change, str) else change[kind])
        if number > 1:  # the first change is older than the table that numbers them
            tx.run("INSERT INTO ledger.migrations VALUES ($number)", number=number)
    if kind == "postgres":
        tx.run(REVOKE_WRITING_MIGRATIONS)
    return [f"ledger: change {number}" for number in numbers]


def newest_change(tx: Reading) -> int:
    """The number of this warehouse's newest change; 0 where there is no ledger.

    Raises VersionRefused when this code does not know it, or when rows of ledger.migrations were
    deleted.
    """
    tables = {
        name
        for (name,) in tx.rows(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'ledger'"
        )
    }
    if "migrations" not in tables:
        return 1 if tables else 0
    ((newest, rows),) = tx.rows("SELECT max(number), count(*) FROM ledger.migrations")
    if newest is None or rows != newest - 1:  # numbered from 2
        raise VersionRefused(
            f"The table ledger.migrations has {rows} rows, the newest change {newest or 'none'}: "
            "somebody has deleted some, so what this warehouse has is not certain. Put back one "
            "row for each change from 2 on, up to that of the txcat that last worked here, or "
            "restore a backup: docs/operations.md."
        )
    if newest > len(MIGRATIONS):
        raise VersionRefused(
            f"The warehouse's ledger has change {newest}, this code knows {len(MIGRATIONS)}. "
            "Install the newer txcat."
        )
    return int(newest)
