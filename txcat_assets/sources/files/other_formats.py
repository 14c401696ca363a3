"""Files that people send instead of CSV and JSON Lines, known by how they begin.

Each with what it is and what to do instead. Whether a file that begins as CSV or JSON does is one
that can be read is found out in `dialect`.
"""

import re

from txcat_assets.errors import SourceRefused

_BY_BYTES = {
    b"PK\x03\x04": "a zip archive or an Excel workbook. Unzip it, or save the sheet as CSV",
    b"\xd0\xcf\x11\xe0": "an old Excel or Office file. Save the sheet as CSV",
    b"PAR1": "a Parquet file. Export it as CSV or JSON Lines",
    b"Obj\x01": "an Avro file. Export it as CSV or JSON Lines",
    b"BZh": "bzip2-compressed. Decompress it, or use gzip or zstd",
    b"\xfd7zXZ": "xz-compressed. Decompress it, or use gzip or zstd",
    b"7z\xbc\xaf": "a 7-Zip archive. Unpack it",
    b"Rar!": "a RAR archive. Unpack it",
    b"%PDF": "a PDF. Ask for the same data as CSV",
    b"SQLite format 3": "a SQLite database. Export its table as CSV",
}

_EXPORT = "Ask the bank for CSV, or convert it first"
_BY_TEXT = [
    (re.compile(pattern, re.IGNORECASE), words)
    for pattern, words in [
        (
            rb"<!doctype html|<html",
            "an HTML page, which may be a login or an error. Open it in a browser, and "
            "download the data again",
        ),
        (rb"ofxheader:|(?:<\?(?:xml|ofx)[^>]*>\s*)*<ofx", f"OFX, a bank's statement. {_EXPORT}"),
        (
            rb"(?:<\?xml[^>]*>\s*)?<(?:\w+:)?document[^>]{0,300}iso:20022",
            f"a statement of ISO 20022 (camt or pain, XML). {_EXPORT}",
        ),
        (rb"<[?!a-z]", "XML. Ask for the same data as CSV or JSON Lines"),
        (rb"!(?:type|account|option|clear):?", f"QIF, a statement of Quicken. {_EXPORT}"),
        (rb"\{1:f01|:20:", f"MT940, a bank's statement by SWIFT. {_EXPORT}"),
        (rb"-----begin ", "encrypted or signed text. Decrypt it"),
        (rb"\{\\rtf", "a document of a word processor (RTF). Save the table as CSV"),
        (rb"version https://git-lfs", "a pointer of Git LFS. Fetch the file itself: git lfs pull"),
    ]
]
"""What ISO 20022 calls a document is XML too, so the order counts."""


def refuse_other_bytes(path: str, head: bytes) -> None:
    """Raises SourceRefused for the first bytes of a known format that is no text of records."""
    for mark, words in _BY_BYTES.items():
        if head.startswith(mark):
            raise _refused(path, words)


def refuse_other_text(path: str, text: bytes) -> None:
    """Raises SourceRefused for the first text of a known format that is no text of records."""
    for pattern, words in _BY_TEXT:
        if pattern.match(text):
            raise _refused(path, words)


def _refused(path: str, words: str) -> SourceRefused:
    return SourceRefused(f"Looking into {path}: expected CSV or JSON Lines, found {words}.")
