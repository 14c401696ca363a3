"""Text that others wrote, made safe to show: records, headers, file names, a service's words.

The one filter for all that is printed, logged or shown. It answers where a text goes, a terminal
or Markdown; what a message says is written where the message is made.
"""

import re

MESSAGE_CHARS = 2_000
"""How long one message may be: what was found, and what to do next, fit many times over."""

VALUE_CHARS = 100
"""How much of one value a message or a cell of a table shows."""

FORMULA_STARTS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
"""How a text begins that a spreadsheet runs; the last four are the wide forms of the first."""

# Printable by Unicode's categories, and yet nothing is seen of them: fillers, joiners, selectors.
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U0001d159\U000e0100-\U000e01ef]"
)

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;"}
_MARKDOWN = str.maketrans(
    _ENTITIES | {sign: f"\\{sign}" for sign in "\\`*_{}[]()#+-.!~=:$^\"'@/"},
)

_LINKED = re.compile(r"(?:@|:(?=//)|(?<=www)\.)+", re.IGNORECASE)
"""What makes a bare address a link: Dagster's UI looks for it after escapes are resolved."""

_LOGIN = re.compile(r"((?:^|(?<=[\s,'\"]))(?:[a-zA-Z][a-zA-Z0-9+.-]*://)?)(?!['\"])[^\s,]*@")


def for_terminal(text: str) -> str:
    """The text on one line, with every sign that is not seen as its escape, such as `\\x1b`.

    Control characters, line ends, signs that change the direction of writing, blanks other than
    the space, and halves of characters. Doing it twice changes nothing.
    """
    if text.isprintable() and not _BLANK.search(text):
        return text
    return "".join(sign if _is_seen(sign) else _escape(sign) for sign in text)


def for_markdown(text: str) -> str:
    """The text as Markdown that shows it, sign for sign as `for_terminal` does, and nothing else.

    It stays on one line, is no block, link, image, address, entity or HTML, and fits a table's
    cell. What would make an address a link stands as code, which no renderer links.
    """
    plain, end, parts = for_terminal(text), 0, []
    for found in _LINKED.finditer(plain):
        parts += [plain[end : found.start()].translate(_MARKDOWN), f"`{found.group()}`"]
        end = found.end()
    escaped = "".join([*parts, plain[end:].translate(_MARKDOWN)])
    return f"&#32;{escaped[1:]}" if escaped.startswith(" ") else escaped


def shortened(text: str, chars: int = VALUE_CHARS) -> str:
    """At most so many characters: of a longer text the middle is left out, where `…` stands."""
    if len(text) <= chars:
        return text
    end = (chars - 1) // 3
    return f"{text[: chars - 1 - end]}…{text[len(text) - end :]}"


def without_login(address: str) -> str:
    """Addresses as they may be shown: what stands before an `@`, user and password, is left out.

    Also where the scheme is missing, or the password has an `@` of its own.
    """
    return _LOGIN.sub(r"\1…@", address)


def _is_seen(sign: str) -> bool:
    return sign.isprintable() and not _BLANK.match(sign)


def _escape(sign: str) -> str:
    if "\udc80" <= sign <= "\udcff":  # a byte of a file's name that is no UTF-8
        return f"\\x{ord(sign) - 0xDC00:02x}"
    return sign.encode("unicode_escape").decode()
