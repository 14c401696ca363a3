"""Customers: who orders in the shop. A change is a version, all are kept."""

from txcat_assets.contracts.iso3166 import COUNTRY_CODES
from txcat_assets.contracts.model import (
    Choice,
    Column,
    Contract,
    Date,
    Email,
    Integer,
    Policy,
    Text,
)

CONTRACT = Contract(
    dataset="customers",
    version=1,
    description="One row is one version of what is known of a customer; the last is current.",
    owner="team:data-platform",
    key="customer_id",
    event_time="",
    files="customers*",
    policy=Policy.LATEST,
    columns=(
        Column("customer_id", Integer(), "The customer's unique number."),
        Column("name", Text(max_chars=200), "The customer's name."),
        Column("email", Email(), "Where the customer is written to."),
        Column(
            "country",
            Choice(COUNTRY_CODES, described_as="the codes of ISO 3166-1, and UK"),
            "The country that the customer lives in.",
        ),
        Column("join_date", Date(), "Since when the customer has an account."),
    ),
)
