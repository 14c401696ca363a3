"""To materialize days brings them up to date: one, a range, again, and all over again."""

from collections.abc import Mapping

import dagster as dg
import pytest

from tests.assets.installation import Installation, differing, failure_of
from tests.assets.records import file_of, line, sound


def test_a_day_goes_from_its_file_to_categories(site: Installation) -> None:
    site.put("transactions_2025-01-03.csv", file_of(line(1), line(2), line(2, amount="x")))
    assert site.load("2025-01-03").success
    assert site.rows("SELECT count(*) FROM raw.transactions") == [(3,)]
    assert site.rows("SELECT count(*) FROM categorized.transactions") == [(2,)]
    assert site.rows("SELECT reasons FROM quarantined.transactions") == [(["amount_invalid"],)]


@pytest.mark.parametrize("picked", ["validated", "quarantined"])
def test_either_of_two_tables_of_one_work_can_be_picked_alone(
    site: Installation, picked: str
) -> None:
    site.put("transactions_2025-01-03.csv", file_of(line(1), line(2, amount="x")))
    keys = [dg.AssetKey([schema, "transactions"]) for schema in ("raw", picked)]
    assert site.load("2025-01-03", asset_selection=keys).success
    assert materialized(site, picked)["2025-01-03"]["dagster/row_count"].value == 1
    others = {"validated", "quarantined"} - {picked}
    assert [materialized(site, other) for other in others] == [{}]


def test_days_of_a_range_are_one_run(site: Installation) -> None:
    site.put("transactions_2025-01-03.csv", sound(1, 2))
    site.put("transactions_2025-01-05.csv", sound(3))
    site.put("transactions_2025-01-06.csv", sound(4))
    done = site.load("2025-01-03", "2025-01-05")
    assert done.success
    assert site.rows("SELECT DISTINCT _run_id FROM raw.transactions") == [(done.run_id,)]
    assert site.rows("SELECT count(*) FROM categorized.transactions") == [(3,)]


def test_doing_a_day_again_changes_nothing(site: Installation) -> None:
    site.put("transactions_2025-01-03.csv", file_of(line(1), line(1), line(2, amount="x")))
    site.load("2025-01-03")
    before = site.everything()
    assert site.load("2025-01-03").success
    assert differing(before, site.everything()) == []


def test_a_full_refresh_asks_again_and_gives_the_same_tables(site: Installation) -> None:
    site.put("transactions_2025-01-03.csv", file_of(line(1), line(1), line(2, amount="x")))
    site.load("2025-01-03")
    before = site.everything()
    done = site.load("2025-01-03", full_refresh=True)
    differ = differing(before, site.everything())
    assert set(differ) <= {"ledger.stages", "categorized.transactions"}
    assert site.rows("SELECT DISTINCT run_id FROM ledger.stages") == [(done.run_id,)]


def test_a_full_refresh_leaves_other_days_alone(site: Installation) -> None:
    site.put("transactions_2025-01-03.csv", sound(1))
    site.put("transactions_2025-01-04.csv", sound(2))
    first = site.load("2025-01-03", "2025-01-04")
    site.load("2025-01-04", full_refresh=True)
    runs = site.rows(
        "SELECT DISTINCT day::VARCHAR FROM ledger.stages WHERE run_id = $id", id=first.run_id
    )
    assert runs == [("2025-01-03",)]


def test_a_run_without_a_day_says_so(site: Installation) -> None:
    done = site.run("load_transactions")
    assert "no day to work on" in failure_of(done)
    assert "TXCAT_FIRST_DAY" in failure_of(done)


@pytest.mark.parametrize(
    ("day", "words"),
    [("2099-01-01", "no day to work on"), ("1999-01-01", "before the partitions definition start")],
    ids=["to_come", "too_early"],
)
def test_a_day_outside_the_partitions_is_no_success(
    site: Installation, day: str, words: str
) -> None:
    # What a launch through GraphQL gives: the tag is not looked at before the run has started.
    done = site.run("load_transactions", tags={"dagster/partition": day})
    assert words in failure_of(done)


def test_a_file_of_another_day_is_noted_and_left(site: Installation) -> None:
    site.put("transactions_2025-01-04.csv", sound(1))
    assert site.load("2025-01-03").success
    assert site.rows("SELECT state, day::VARCHAR FROM ledger.objects") == [("seen", "2025-01-04")]


SCHEMAS = ("raw", "validated", "quarantined", "categorized")


def test_each_day_has_its_own_row_count_and_sample(site: Installation) -> None:
    site.put("transactions_2025-01-03.csv", file_of(line(1), line(2), line(3, amount="x")))
    site.put("transactions_2025-01-04.csv", sound(4))
    site.load("2025-01-03", "2025-01-04")
    shown = {
        schema: {day: metadata["dagster/row_count"].value for day, metadata in of_days.items()}
        for schema in ("raw", "validated", "quarantined", "categorized")
        if (of_days := materialized(site, schema))
    }
    assert shown == {
        "raw": {"2025-01-03": 3, "2025-01-04": 1},
        "validated": {"2025-01-03": 2, "2025-01-04": 1},
        "quarantined": {"2025-01-03": 1, "2025-01-04": 0},
        "categorized": {"2025-01-03": 2, "2025-01-04": 1},
    }
    (row,) = sample_of(site, "quarantined", "2025-01-03")
    assert str(row["reasons"]).startswith("amount_invalid: amount must be a plain decimal")
    assert sample_of(site, "quarantined", "2025-01-04") == []


def test_a_sample_is_plain_text_on_one_line(site: Installation) -> None:
    odd = '1,"![](http://a/b) | <b>\nc",-1,2025-01-02T12:00:00,,card,debit'
    site.put("transactions_2025-01-03.csv", file_of(odd))
    site.load("2025-01-03")
    (row,) = sample_of(site, "raw", "2025-01-03")
    assert row["description"] == "![](http://a/b) | <b>\\nc"


def test_the_numbers_of_a_day_are_its_own_whatever_else_the_run_did(site: Installation) -> None:
    records = [line(1), line(2), line(3, amount="x"), line(4, amount="7.00")]
    site.put("transactions_2025-01-03.csv", file_of(*records))
    site.put("transactions_2025-01-04.csv", sound(5))
    site.load("2025-01-03", "2025-01-04")
    shown = {schema: numbers_of(site, schema, "2025-01-03") for schema in SCHEMAS}
    categories = {k: shown["categorized"].pop(k) for k in [*shown["categorized"]] if ":" in k}
    assert sum(categories.values()) == 3
    assert shown == {
        "raw": {"dagster/row_count": 4, "records landed by this run": 4},
        "validated": {
            "dagster/row_count": 3,
            "records judged by this run": 4,
            "sum of amount: debit": 3.0,
            "warning: sign_disagrees_with_side": 1,
        },
        "quarantined": {
            "dagster/row_count": 1,
            "share quarantined": 0.25,
            "reason: amount_invalid": 1,
        },
        "categorized": {"dagster/row_count": 3, "records answered by this run": 4},
    }


def test_what_a_run_of_one_day_did_is_shown_with_its_seconds(site: Installation) -> None:
    site.put("transactions_2025-01-03.csv", sound(1))
    site.load("2025-01-03")
    shown = numbers_of(site, "raw", "2025-01-03")
    assert shown["landed now: files"] == 1
    assert shown["seconds"] > 0
    assert shown["records a second"] > 0


def test_what_is_counted_stands_side_by_side_the_most_first_with_its_meaning(
    site: Installation,
) -> None:
    broken = [line(1, amount="x"), line(2, amount="y"), line(3, side="up"), line(4)]
    site.put("transactions_2025-01-03.csv", file_of(*broken))
    site.load("2025-01-03")
    first, second = table_of(site, "quarantined", "2025-01-03", "reasons")
    assert (first["reason"], first["records"], len(str(first["bar"]))) == ("amount_invalid", 2, 20)
    assert (second["reason"], second["records"], len(str(second["bar"]))) == ("side_unknown", 1, 10)
    assert second["meaning"] == "side must be one of: debit, credit."
    (answer,) = table_of(site, "categorized", "2025-01-03", "answers")
    assert str(answer["answer"]).startswith("category: ")


def sample_of(site: Installation, schema: str, day: str) -> list[Mapping[str, object]]:
    """The rows of the sample that a day's newest materialization shows."""
    return table_of(site, schema, day, "sample")


def table_of(site: Installation, schema: str, day: str, name: str) -> list[Mapping[str, object]]:
    """The rows of a table that a day's newest materialization shows."""
    shown = materialized(site, schema)[day][name]
    assert isinstance(shown, dg.TableMetadataValue)
    return [record.data for record in shown.records]


def numbers_of(site: Installation, schema: str, day: str) -> dict[str, float]:
    """The numbers of a day's newest materialization, which Dagster plots."""
    shown = materialized(site, schema)[day].items()
    return {name: one.value for name, one in shown if isinstance(one.value, int | float)}


def materialized(site: Installation, schema: str) -> dict[str, Mapping[str, dg.MetadataValue]]:
    """The metadata of the newest materialization of each day of an asset."""
    key = dg.AssetKey([schema, "transactions"])
    records = site.instance.fetch_materializations(key, limit=10).records
    return {
        str(record.partition_key): record.asset_materialization.metadata
        for record in reversed(records)
        if record.asset_materialization
    }
