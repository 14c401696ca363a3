"""The commands of docs/morning.md, run as they stand, in their order.

Blocks of `txcat` alone run in this process, all others in a shell. A block marked `sh fails` must
end with exit code 1: there is something to tell.
"""

import os

import pytest

from tests.e2e.commands import BIN, CommandLine
from tests.e2e.pages import blocks, run_block


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_command_of_an_operators_morning_works(
    bare_terminal: CommandLine, ml_url: str
) -> None:
    home = bare_terminal.folder / ".txcat/morning"
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    bare_terminal.set(TXCAT_HOME=home, DAGSTER_HOME=home, TXCAT_ML_URL=ml_url, PATH=path)
    said = "".join(
        run_block(bare_terminal, text, 1 if kind == "fails" else 0)
        for kind, text in blocks("docs/morning.md", "sh")
    )
    assert "replaced by 2000000:0: read from the receipts" in said
    for query, found in FOUND.items():
        out = bare_terminal.txcat("sql", "--format", "csv", query).out
        assert out.splitlines()[1:] == found


FOUND = {
    "SELECT sum(landed), sum(validated), sum(quarantined), sum(discarded), sum(replaced) "
    "FROM ledger.slices": ["8,4,0,2,2"],
    "SELECT sum(amount), count(category) FROM categorized.transactions": ["-93.40,4"],
    "SELECT action, who, count(*) FROM ledger.decisions GROUP BY 1, 2 ORDER BY 1": [
        "discarded,ann,2",
        "replaced,ann,2",
    ],
}
"""What the warehouse holds in the end."""
