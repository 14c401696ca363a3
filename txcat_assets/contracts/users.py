"""Users: who may send and receive payments. Reference data: a change is a version, all are kept."""

from txcat_assets.contracts.model import Column, Contract, Id, Policy, Text

CONTRACT = Contract(
    dataset="users",
    version=1,
    description="One row is one version of what is known of a user; the last to arrive is current.",
    owner="team:data-platform",
    key="id",
    event_time="",
    files="users*",
    policy=Policy.LATEST,
    columns=(
        Column("id", Id(takes_integers=False), "The user's unique id."),
        Column("name", Text(max_chars=200), "The user's name."),
    ),
)
