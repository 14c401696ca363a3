"""Currencies: in which of ISO 4217's this bank makes payments, and what it calls them.

Its rows name and open a currency. How many decimal places an amount has, ISO 4217 alone says:
the verdict of a payment depends on that payment, not on the rows of another dataset.
"""

from txcat_assets.contracts.iso4217 import CURRENCY_CODES
from txcat_assets.contracts.model import Choice, Column, Contract, Policy, Text

CONTRACT = Contract(
    dataset="currencies",
    version=1,
    description="One row is one version of a currency; the last to arrive is current.",
    owner="team:data-platform",
    key="code",
    event_time="",
    files="currencies*",
    policy=Policy.LATEST,
    columns=(
        Column("code", Choice(CURRENCY_CODES, called="the codes of ISO 4217"), "Its code."),
        Column("name", Text(max_chars=100), "What it is called."),
        Column("symbol", Text(max_chars=10), "How it is written by an amount.", is_required=False),
    ),
)
