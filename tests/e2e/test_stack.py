"""A stack ends whole, whenever and however it ends, and says what keeps it from starting."""

import socket

import pytest

from tests.e2e.stack import Start, assert_all_gone


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["| postgres started", "ready to accept connections"])
def test_sigterm_ends_a_stack_that_is_only_starting(start: Start, moment: str) -> None:
    stack = start("--without-kafka")
    stack.until_said(moment)
    family = stack.family()
    stack.process.terminate()
    assert stack.ended() == 143
    assert_all_gone(family)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ml_api", "postgres"])
def test_a_service_that_dies_takes_all_others_with_it(start: Start, name: str) -> None:
    stack = start("--without-kafka")
    stack.until_said("ready to accept connections")
    family = stack.family()
    stack.service(name).kill()
    assert stack.ended() != 0
    assert_all_gone(family)


@pytest.mark.slow
def test_a_folder_is_one_stacks_alone(start: Start) -> None:
    first = start("--without-kafka")
    first.until_said("| postgres started")
    second = start("--without-kafka")
    assert second.ended() == 1
    assert "another one runs in" in second.output()
    first.process.terminate()
    assert first.ended() == 143


def test_a_taken_port_is_named_with_what_to_do(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        stack = start("--without-kafka", ml_api=taken.getsockname()[1])
        assert stack.ended() == 1
    assert "choose another by --ml-api-port" in stack.output()
