"""Reason codes that no single contract declares, with what each means to a reader.

Codes of columns and rules follow from a contract: see `txcat_assets.contracts.rules`.
"""

FAULTS = {
    "ragged_line": "The line has fewer or more fields than the header.",
    "unclosed_quote": "A quoted field was opened and never closed, or closed in mid-field.",
    "bad_encoding": "The record's bytes are not text in the file's encoding.",
    "nul_byte": "The record has a NUL byte, which no database text can hold.",
    "field_too_long": "The line is longer than 16 MiB; only so much of it is kept.",
    "broken_json": "The line or message is not valid JSON, or names a field twice.",
    "not_an_object": "It is valid JSON but not an object with named fields.",
    "nested_value": "A field holds an object or a list where a plain value is expected.",
    "tombstone": "The message has no value: what Kafka calls a tombstone.",
    "empty_value": "The message's value has no bytes, or blanks alone.",
}
"""Why a record could not be cut into fields; it is landed whole, as its bytes, and quarantined."""

CONFLICT = "conflict"
"""Same key as a record that arrived before, other content."""

REFUSED = "refused"
"""The service of a later stage refused the validated record; it stays validated."""
