"""Text that others wrote, as a terminal and a Markdown renderer take it.

Markdown is read by a real parser; that the addresses are no links, which Dagster's UI looks for
after the parser, is seen by what is left as text.
"""

import re
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from txcat_assets.text import for_markdown, for_terminal, shortened, without_login

ODD = [
    "\x1b[31mred\x07",
    "\x1b]52;c;aGk=\x07",
    "\x9b31m",
    "line\r\nforged: ok\r",
    "abc\u202etxt.exe",
    "a\u200bb\ufeff\u00ad",
    "no\u00a0break\u2028",
    "\udcff",
    "\u3164\U000e0041\ufe0f",
]
MARKDOWN = [
    "![](&#47;graphql?query=mutation{wipeAssets})",
    "![x](https://evil.example/p.png)",
    "<img src=x onerror=alert(1)>",
    "see https://evil.example, WWW.evil.example or a@b.example@@://",
    "# head",
    "    code",
    "- list",
    "1. list",
    "a | b",
    "lone\rcr",
    "&lt;b&gt;",
    "`code` ``a``@`",
    "[x]: /y",
    "\\| \\",
    "http://a@b://c",
]

texts = st.text(max_size=60) | st.text(alphabet="`@:/w.\\|<>&[]()! -#1a\r\n*_~", max_size=40)


def with_examples(test: Callable[..., Any]) -> Callable[..., Any]:
    for value in [*ODD, *MARKDOWN]:
        test = example(text=value)(test)
    return test


@with_examples
@given(text=texts)
def test_a_terminal_is_given_one_line_of_signs_that_are_seen(text: str) -> None:
    shown = for_terminal(text)
    assert shown.isprintable()
    assert not [sign for sign in shown if unicodedata.category(sign)[0] in "CZ" and sign != " "]
    assert for_terminal(shown) == shown


@given(st.text(alphabet=st.characters(categories=["L", "N"], max_codepoint=0x2FF), max_size=60))
@example("Café 12,50 € (Zürich), ok")
@example("日本語")
def test_what_is_seen_stays_as_it_is(text: str) -> None:
    assert for_terminal(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31m", r"\x1b[31m"),
        ("a\nb", r"a\nb"),
        ("\u202e", r"\u202e"),
        ("\udcff", r"\xff"),
        ("\ud800", r"\ud800"),
        ("\u3164", r"\u3164"),
    ],
)
def test_what_is_not_seen_is_shown_as_its_escape(text: str, shown: str) -> None:
    assert for_terminal(text) == shown


RENDERERS = [MarkdownIt("commonmark"), MarkdownIt("commonmark").enable(["table", "strikethrough"])]


@pytest.mark.parametrize("renderer", RENDERERS, ids=["CommonMark", "with tables"])
@with_examples
@given(text=texts)
def test_markdown_shows_the_text_and_nothing_else(renderer: MarkdownIt, text: str) -> None:
    inline = [token for token in renderer.parse(for_markdown(text)) if token.type == "inline"]
    pieces = [piece for token in inline for piece in token.children or []]
    assert {piece.type for piece in pieces} <= {"text", "code_inline"}
    shown = "".join(piece.content for piece in pieces)
    assert shown.strip() == for_terminal(text).strip()
    for piece in pieces:
        if piece.type == "text":
            assert not re.search(r"://|www\.|@", piece.content, re.IGNORECASE)


@with_examples
@given(text=texts)
def test_a_cell_of_a_table_is_not_left(text: str) -> None:
    table = f"| a | b |\n| - | - |\n| {for_markdown(text)} | end |\n"
    inline = [token for token in RENDERERS[1].parse(table) if token.type == "inline"]
    assert [token.content for token in inline[:2] + inline[3:]] == ["a", "b", "end"]


@given(st.text(max_size=300), st.integers(min_value=1, max_value=120))
def test_what_is_shortened_keeps_both_ends_and_its_bound(text: str, chars: int) -> None:
    short = shortened(text, chars)
    assert len(short) <= chars
    begin, _, end = short.partition("…")
    assert short == text or (text.startswith(begin) and text.endswith(end))


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("http://ann:s3cr3t@host:1/x", "http://…@host:1/x"),
        ("ann:s3cr3t@host:8900", "…@host:8900"),
        ("ann:s3@cr3t/@host", "…@host"),
        ("SSL://a:s3cr3t@one:9092,b:s3cr3t@two:9092", "SSL://…@one:9092,…@two:9092"),
        ("found 'ann:s3cr3t@host'.", "found '…@host'."),
        ("http://host:8900", "http://host:8900"),
    ],
)
def test_an_address_is_shown_without_its_login(address: str, shown: str) -> None:
    assert without_login(address) == shown
