"""`txcat load`: which files it takes, what it says, and with which exit code it ends."""

import shutil
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest

from tests.assets.installation import differing, today
from tests.assets.records import HEADER, file_of, line, sound
from tests.e2e.commands import CommandLine

FRENCH = Path(__file__).parents[3] / "shared/data/categorisation/transactions_fr.csv"


def counts(terminal: CommandLine) -> tuple[object, ...]:
    """How many records are landed, validated, quarantined and duplicate."""
    (row,) = terminal.rows(
        "SELECT sum(landed)::INT, sum(validated)::INT, sum(quarantined)::INT, "
        "sum(duplicate)::INT FROM ledger.slices"
    )
    return row


def test_a_file_is_taken_and_every_record_accounted_for(terminal: CommandLine) -> None:
    records = [*map(line, range(1, 30)), line(1), line(90, amount="x")]
    terminal.put("transactions_2025-01-03.csv", file_of(*records))
    said = terminal.txcat("load", "transactions_2025-01-03.csv")
    assert said.code == 0
    assert counts(terminal) == (31, 29, 1, 1)
    for row in ("landed │ 31", "validated │ 29", "duplicate │ 1", "quarantined │ 1"):
        assert row in spaced(said.out)
    assert "amount_invalid │ 1" in spaced(said.out)
    assert "27 asset checks ran, 0 failed" in said.out
    assert "31/31 records" in said.err


def test_the_run_is_there_in_the_instance_with_its_day(terminal: CommandLine) -> None:
    terminal.put("transactions_2025-01-03.csv", sound(1))
    assert terminal.txcat("load", ".").code == 0
    checks, load = terminal.runs()
    assert (load.job_name, load.tags["dagster/partition"]) == ("load_transactions", "2025-01-03")
    assert checks.job_name == "check_transactions"
    assert {load.status, checks.status} == {dg.DagsterRunStatus.SUCCESS}


def test_files_folders_and_patterns_are_taken_together(terminal: CommandLine) -> None:
    terminal.put("named by hand.csv", sound(1))
    terminal.put("folder/deep/transactions_2025-01-03.csv", sound(2))
    terminal.put("folder/payments_2025-01-03.csv", sound(3))
    terminal.put("more/transactions_2025-01-04.csv", sound(4))
    terminal.put("more/transactions_2025-01-05.csv", sound(5))
    said = terminal.txcat("load", "named by hand.csv", "folder", "more/*04.csv")
    assert said.code == 0
    assert terminal.rows("SELECT right(id::VARCHAR, 1) FROM validated.transactions ORDER BY 1") == [
        ("1",),
        ("2",),
        ("4",),
    ]


def test_neighbouring_days_are_one_run_and_others_their_own(terminal: CommandLine) -> None:
    for number, day in enumerate(("2025-01-03", "2025-01-04", "2025-01-09")):
        terminal.put(f"transactions_{day}.csv", sound(number))
    assert terminal.txcat("load", ".").code == 0
    runs = [run for run in terminal.runs() if run.job_name == "load_transactions"]
    assert len(runs) == 2
    assert runs[1].tags["dagster/asset_partition_range_end"] == "2025-01-04"


def test_loading_again_changes_nothing_and_starts_no_run(terminal: CommandLine) -> None:
    terminal.put("transactions_2025-01-03.csv", file_of(line(1), line(2, amount="x")))
    terminal.txcat("load", ".")
    before, runs = terminal.everything(), len(terminal.runs())
    said = terminal.txcat("load", ".")
    assert said.code == 0
    assert "Up to date: 1 files hold nothing new." in said.out
    assert differing(before, terminal.everything()) == []
    assert len(terminal.runs()) == runs


def test_a_full_refresh_does_it_again(terminal: CommandLine) -> None:
    terminal.put("transactions_2025-01-03.csv", sound(1))
    terminal.txcat("load", ".")
    assert terminal.txcat("load", ".", "--full-refresh").code == 0
    (run_id,) = {row[0] for row in terminal.rows("SELECT run_id FROM ledger.stages")}
    runs = [run.run_id for run in terminal.runs() if run.job_name == "load_transactions"]
    assert (len(runs), run_id) == (2, runs[0])


def test_a_refused_file_is_said_and_the_others_are_loaded(terminal: CommandLine) -> None:
    terminal.put("transactions_2025-01-03.csv", "id,amount\n1,2\n")
    terminal.put("transactions_2025-01-04.csv", sound(1))
    said = terminal.txcat("load", ".")
    assert said.code == 1
    assert "transactions_2025-01-03.csv" in said.err
    assert "description" in said.err
    assert counts(terminal) == (1, 1, 0, 0)


def test_a_refused_file_that_was_mended_is_taken(terminal: CommandLine) -> None:
    terminal.put("transactions_2025-01-03.csv", "id,amount\n1,2\n")
    assert terminal.txcat("load", ".").code == 1
    terminal.put("transactions_2025-01-03.csv", sound(1, 2))
    assert terminal.txcat("load", ".").code == 0
    assert counts(terminal) == (2, 2, 0, 0)


def test_too_many_quarantined_records_fail_the_load(terminal: CommandLine) -> None:
    terminal.put("transactions_2025-01-03.csv", file_of(line(1), line(2, amount="x")))
    said = terminal.txcat("load", ".")
    assert said.code == 1
    assert "share_quarantined" in said.err
    assert "amount_invalid" in said.err
    terminal.set(TXCAT_QUARANTINE_THRESHOLD="0.5")
    assert terminal.txcat("check").code == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["load"], "PATH"),
        (["load", "--frobnicate", "x"], "--frobnicate"),
        (["load", ".", "--dataset", "nothing"], "transactions"),
        (["check", "--day", "yesterday"], "yesterday"),
        (["frobnicate"], "frobnicate"),
    ],
)
def test_wrong_use_is_two(terminal: CommandLine, arguments: list[str], words: str) -> None:
    said = terminal.txcat(*arguments)
    assert said.code == 2
    assert words in said.err


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("TXCAT_QUARANTINE_THRESHOLD", "7", "less than or equal to 1"),
        ("TXCAT_FIRST_DAY", "someday", "date"),
        ("TXCAT_WAREHOUSE_URL", "oracle://there", "expected duckdb:///PATH"),
    ],
)
@pytest.mark.parametrize("command", [("load", "."), ("check",)])
def test_a_wrong_setting_is_two_and_named_with_its_value(
    terminal: CommandLine, setting: str, value: str, words: str, command: tuple[str, ...]
) -> None:
    terminal.put("transactions_2025-01-03.csv", sound(1))
    terminal.set(**{setting: value})
    said = terminal.txcat(*command)
    assert said.code == 2
    for part in (setting, value.split(":", maxsplit=1)[0], words):
        assert part in said.err
    assert said.err.count("\n") == 1


def test_a_path_that_leads_nowhere_is_said(terminal: CommandLine) -> None:
    said = terminal.txcat("load", "no/such/file.csv")
    assert said.code == 1
    assert "no/such/file.csv: there is no such file" in said.err


def test_the_same_content_under_another_name_is_nothing_new(terminal: CommandLine) -> None:
    first = terminal.put("transactions_2025-01-03.csv", sound(1, 2))
    terminal.txcat("load", first)
    second = terminal.put("transactions_2025-01-05.csv", sound(1, 2))
    said = terminal.txcat("load", second)
    assert said.code == 0
    assert f"{second}: nothing new; it has the bytes of {first}" in said.out
    assert counts(terminal) == (2, 2, 0, 0)


def test_a_corrected_file_gives_duplicates_and_conflicts(terminal: CommandLine) -> None:
    terminal.set(TXCAT_QUARANTINE_THRESHOLD="1")
    terminal.put("transactions_2025-01-03.csv", sound(1, 2, 3))
    terminal.txcat("load", ".")
    corrected = file_of(line(1), line(2, amount="-99.00"), line(3), line(4))
    terminal.put("transactions_2025-01-03.csv", corrected)
    assert terminal.txcat("load", ".").code == 0
    assert counts(terminal) == (7, 4, 1, 2)
    assert terminal.rows("SELECT reasons FROM quarantined.transactions") == [(["conflict"],)]


@pytest.mark.parametrize(
    ("day", "option"),
    [(today() + timedelta(days=40), "--no-full-refresh"), ("2022-12-31", "--full-refresh")],
    ids=["to_come", "too_early"],
)
def test_a_day_that_is_no_partition_is_refused_and_the_others_are_loaded(
    terminal: CommandLine, day: object, option: str
) -> None:
    terminal.put(f"transactions_{day}.csv", sound(1))
    terminal.put("transactions_2025-01-03.csv", sound(2))
    said = terminal.txcat("load", ".", option)
    assert said.code == 1
    assert said.err.count(f"transactions_{day}.csv: its day, {day}, is no partition") == 1
    assert "TXCAT_FIRST_DAY" in said.err
    assert counts(terminal) == (1, 1, 0, 0)


def test_an_earlier_first_day_lets_a_refused_file_in(terminal: CommandLine) -> None:
    terminal.put("transactions_2022-12-31.csv", file_of(line(1, at="2022-12-30T00:00:00")))
    assert terminal.txcat("load", ".").code == 1
    terminal.set(TXCAT_FIRST_DAY="2022-01-01")
    assert terminal.txcat("load", ".").code == 0
    assert counts(terminal) == (1, 1, 0, 0)


def test_another_encoding_is_refused_until_it_is_named(terminal: CommandLine) -> None:
    latin = file_of(line(1).replace("Paiement", "Café")).encode("latin-1")
    terminal.put("transactions_2025-01-03.csv", latin)
    said = terminal.txcat("load", ".")
    assert said.code == 1
    assert "--encoding" in said.err
    assert terminal.txcat("load", ".", "--encoding", "latin-1").code == 0
    assert terminal.rows("SELECT description[:4] FROM validated.transactions") == [("Café",)]


def test_an_unknown_encoding_is_said(terminal: CommandLine) -> None:
    terminal.put("transactions_2025-01-03.csv", sound(1))
    said = terminal.txcat("load", ".", "--encoding", "klingon")
    assert said.code in (1, 2)
    assert "klingon" in said.err


def test_without_the_service_the_load_fails_and_goes_on_later(
    terminal: CommandLine, ml_url: str
) -> None:
    terminal.set(TXCAT_ML_URL="http://127.0.0.1:9")
    terminal.put("transactions_2025-01-03.csv", sound(1, 2))
    said = terminal.txcat("load", ".")
    assert said.code == 1
    assert "http://127.0.0.1:9" in said.err
    assert "pending │ 2" in spaced(said.out)
    terminal.set(TXCAT_ML_URL=ml_url)
    assert terminal.txcat("load", ".").code == 0
    assert terminal.rows("SELECT count(*) FROM categorized.transactions") == [(2,)]


def test_a_header_alone_is_taken_without_a_record(terminal: CommandLine) -> None:
    terminal.put("transactions_2025-01-03.csv", HEADER + "\n")
    terminal.txcat("load", ".")
    assert counts(terminal) in [(None,) * 4, (0, 0, 0, 0)]


def test_loading_users_releases_the_payments_that_waited_for_them(terminal: CommandLine) -> None:
    user = "00000000-0000-0000-0000-00000000000"
    paid = f"{user}9,{user}1,{user}2,9000,USD,2025-01-02T10:00:00Z,completed"
    names = "transaction_id,sender_id,receiver_id,amount,currency,timestamp,status"
    terminal.put("payments_2025-01-03.csv", f"{names}\n{paid}\n")
    terminal.put("currencies_2025-01-03.csv", "code,name\nUSD,US Dollar\n")
    terminal.put("users_2025-01-04.csv", f"id,name\n{user}1,Ann\n{user}2,Bob\n")
    for dataset in ("payments", "currencies", "users"):
        terminal.txcat("load", "--dataset", dataset, ".")
    assert terminal.rows("SELECT is_suspicious FROM scored.payments") == [(False,)]
    assert terminal.rows("SELECT reasons FROM alerts.payments") == [(["much_to_new_receiver"],)]


@pytest.mark.skipif(not FRENCH.exists(), reason="the shared sample file is not there")
def test_the_french_sample_is_ten_thousand_categories_in_one_run(terminal: CommandLine) -> None:
    shutil.copy(FRENCH, terminal.folder)
    assert terminal.txcat("load", FRENCH.name).code == 0
    (run,) = [run for run in terminal.runs() if run.job_name == "load_transactions"]
    assert run.tags["dagster/partition"] == today().isoformat()
    assert terminal.rows("SELECT count(*), count(DISTINCT _run_id) FROM categorized.transactions")[
        0
    ] == (10_000, 1)


def spaced(words: str) -> str:
    """Words with single blanks between them."""
    return " ".join(words.split())
