"""Currencies: those of ISO 4217 that this bank makes payments in, with their names.

A row names a currency and opens it for payments. How many decimal places an amount may have is in
`iso4217`, so that a payment can be judged without the rows of another dataset.
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
        Column(
            "code",
            Choice(CURRENCY_CODES, described_as="the codes of ISO 4217"),
            "The currency's code.",
        ),
        Column("name", Text(max_chars=100), "The currency's name."),
        Column(
            "symbol", Text(max_chars=10), "The sign written beside an amount.", is_required=False
        ),
    ),
)
