"""`txcat load` on paths that lead nowhere, and on files that were read wrongly at first sight."""

from tests.assets.records import file_of, line, sound
from tests.e2e.commands import CommandLine


def test_a_path_that_leads_nowhere_stops_no_other_one(terminal: CommandLine) -> None:
    terminal.put("transactions_2025-01-03.csv", sound(1))
    terminal.put("transactions_2025-01-03.zip", b"PK")
    (terminal.folder / "transactions_broken.csv").symlink_to("gone.csv")
    said = terminal.txcat("load", ".", "nowhere.csv", "")
    assert said.code == 1
    for words in ("nowhere.csv: there is no such file", "a link to gone.csv", "is empty"):
        assert words in said.err
    assert "transactions_2025-01-03.zip" in said.out
    assert terminal.rows("SELECT count(*) FROM validated.transactions") == [(1,)]


def test_what_was_read_wrongly_is_read_anew_as_it_is_told(terminal: CommandLine) -> None:
    right = file_of(line(1).replace("Paiement", "Café"), line(2, at="2025-01-20T12:00:00"))
    name = terminal.put("transactions_2025-01-01_2025-01-31.csv", right).name
    assert terminal.txcat("load", name, "--encoding", "cp1252").code == 0
    texts = "SELECT description[:5], _day::VARCHAR FROM categorized.transactions ORDER BY id"
    assert terminal.rows(texts) == [("CafÃ©", "2025-01-31"), ("Paiem", "2025-01-31")]
    said = terminal.txcat("load", name, "--encoding", "utf-8")
    assert said.code == 1
    assert "was read before, as cp1252" in said.err
    assert "--again" in said.err
    said = terminal.txcat("load", name, "--again", "--day", "2025-02-01")
    assert said.code == 0
    assert "2 records of earlier readings of these files are replaced." in said.out
    assert terminal.rows(texts) == [("Café ", "2025-02-01"), ("Paiem", "2025-02-01")]
    assert terminal.txcat("load", name).code == 0
    assert terminal.rows("SELECT count(*) FROM categorized.transactions") == [(2,)]
