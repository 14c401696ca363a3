"""The page of errors has every error and every reason code, each with what to do."""

from tools.errors_page import ACTIONS, errors_page, raised_errors
from txcat_assets.contracts.registry import all_contracts
from txcat_assets.contracts.rules import reason_texts


def test_every_error_and_nothing_else_has_an_action() -> None:
    assert {error.__name__ for error in raised_errors()} == set(ACTIONS)


def test_every_error_and_reason_code_is_on_the_page() -> None:
    page = errors_page()
    codes = [code for contract in all_contracts().values() for code in reason_texts(contract)]
    names = [error.__name__ for error in raised_errors()]
    assert [one for one in [*codes, *names] if f"| `{one}` |" not in page] == []
