"""What a file's name says: above all its day."""

from datetime import date

import pytest

from txcat_assets.sources.files.names import as_text, day_in_name, day_of_arrival

TODAY = date(2025, 6, 15)

DAYS = {
    "transactions_2025-01-03.csv": date(2025, 1, 3),
    "2025_01_03.csv.gz": date(2025, 1, 3),
    "tx20250103.csv": date(2025, 1, 3),
    "tx-20250103T101500.csv": date(2025, 1, 3),
    "2023-02-30_2025-01-03.csv": date(2025, 1, 3),
    "2024-02-29.csv": date(2024, 2, 29),
    "2023-02-30.csv": None,
    "2023-02-29.csv": None,
    "12025-01-03.csv": None,
    "2025-01-031.csv": None,
    "20250103101500.csv": None,
    "4520250103.csv": None,
    "2025-01_03.csv": None,
    "transactions.csv": None,
    "transactions_2025-01.csv": None,
    "transactions_2025-01-01_2025-01-31.csv": date(2025, 1, 31),
    "transactions_20250101-20250131.csv": date(2025, 1, 31),
    "2025-01-01--2025-01-31_made_20250202.csv": date(2025, 2, 2),
    "until_2025-01-31_since_2025-01-01.csv": date(2025, 1, 31),
}


@pytest.mark.parametrize("name", DAYS)
def test_a_real_date_in_the_name_is_the_day_and_the_last_of_a_period(name: str) -> None:
    assert day_in_name(name) == DAYS[name]
    assert day_of_arrival(name, TODAY) == (DAYS[name] or TODAY)


def test_a_period_that_has_not_ended_arrives_today() -> None:
    assert day_of_arrival("transactions_2025-01-01_2025-12-31.csv", TODAY) == TODAY


def test_a_single_day_to_come_is_left_for_people_to_judge() -> None:
    assert day_of_arrival("transactions_2025-12-31.csv", TODAY) == date(2025, 12, 31)


def test_a_date_in_the_folder_is_not_the_files_day() -> None:
    assert day_in_name("/inbox/2025-01-03/transactions.csv") is None


def test_bytes_that_are_no_utf8_are_shown_by_their_numbers() -> None:
    assert as_text("/inbox/caf\u00e9_\udcff.csv") == "/inbox/caf\u00e9_\\xff.csv"
