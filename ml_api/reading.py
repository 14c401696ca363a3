"""Reads the body of a request into transactions, or names every record that cannot be read.

A good body is decoded in one step; only a bad one is looked at record by record, field by field.
"""

from collections.abc import Iterator

import msgspec

from ml_api.errors import RecordFault, RequestRefused
from ml_api.model import BadField, Transaction

Body = Transaction | list[Transaction]

_body: msgspec.json.Decoder[Body] = msgspec.json.Decoder(Body)
_read_record = msgspec.json.Decoder(Transaction).decode
_cut_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_cut_record = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_read_field = {
    field.name: msgspec.json.Decoder(field.type).decode
    for field in msgspec.structs.fields(Transaction)
}
_required = [field.name for field in msgspec.structs.fields(Transaction) if field.required]


def read_transactions(body: bytes, max_list_items: int) -> Body:
    """The transaction or the list of them that `body` holds.

    Raises RequestRefused: 400 when it is not JSON, or with the index and the field of each record
    whose text is not UTF-8; 413 when the list is too long; 422 with the index, the field and the
    reason of each record that is not a transaction.
    """
    try:
        try:
            return _read(body, max_list_items)
        except UnicodeDecodeError as error:
            raise _broken_text(_records(body), str(error), max_list_items) from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise RequestRefused(400, "broken_json", str(error)) from None


def _read(body: bytes, max_list_items: int) -> Body:
    try:
        read = _body.decode(body)
    except msgspec.ValidationError:
        records = _records(body)
        _refuse_length(len(records), max_list_items)
        raise _refusal(records) from None
    if isinstance(read, list):
        _refuse_length(len(read), max_list_items)
    return read


def _broken_text(records: list[msgspec.Raw], found: str, max_list_items: int) -> RequestRefused:
    """The refusal of a body with text that is not UTF-8: by record, if it is a list of them."""
    _refuse_length(len(records), max_list_items)
    faults = [
        RecordFault(index, _field_with_broken_text(record), "Expected UTF-8")
        for index, record in enumerate(records)
        if not _is_utf8(record)
    ]
    if not faults:
        return RequestRefused(400, "broken_json", found)
    detail = (
        f"{len(faults)} of {len(records)} records have text that is not UTF-8; the first: "
        f"record {faults[0].index}, {faults[0].field or 'the whole'}."
    )
    return RequestRefused(400, "broken_text", detail, faults)


def _is_utf8(text: msgspec.Raw) -> bool:
    try:
        bytes(text).decode()
    except UnicodeDecodeError:
        return False
    return True


def _field_with_broken_text(record: msgspec.Raw) -> str | None:
    """The first such field that a transaction has; None where it is a name, or no object at all."""
    try:
        fields = _cut_record(record)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return next((name for name, text in fields.items() if not _is_utf8(text)), None)


def _refuse_length(items: int, most: int) -> None:
    if items > most:
        detail = f"The list has {items} transactions, the most is {most}; send shorter lists."
        raise RequestRefused(413, "list_too_long", detail)


def _refusal(records: list[msgspec.Raw]) -> RequestRefused:
    faults = [fault for index, record in enumerate(records) for fault in _faults(index, record)]
    first, bad = faults[0], len({fault.index for fault in faults})
    detail = (
        f"{bad} of {len(records)} records are not transactions; the first: "
        f"record {first.index}, {first.field or 'the whole'}: {first.message}."
    )
    return RequestRefused(422, "bad_records", detail, faults)


def _records(body: bytes) -> list[msgspec.Raw]:
    try:
        return _cut_list(body)
    except msgspec.ValidationError:
        return [msgspec.Raw(body)]


def _faults(index: int, record: msgspec.Raw) -> Iterator[RecordFault]:
    """Each faulty field of a record; where every type is right, the impossible value."""
    try:
        fields = _cut_record(record)
    except msgspec.ValidationError as error:
        yield RecordFault(index, None, str(error))
        return
    faults = [*_missing(index, fields), *_wrongly_typed(index, fields)]
    yield from faults or _impossible(index, record)


def _missing(index: int, fields: dict[str, msgspec.Raw]) -> Iterator[RecordFault]:
    return (RecordFault(index, name, "is missing") for name in _required if name not in fields)


def _wrongly_typed(index: int, fields: dict[str, msgspec.Raw]) -> Iterator[RecordFault]:
    for name in [name for name in _read_field if name in fields]:
        try:
            _read_field[name](fields[name])
        except msgspec.ValidationError as error:
            yield RecordFault(index, name, str(error))


def _impossible(index: int, record: msgspec.Raw) -> Iterator[RecordFault]:
    try:
        _read_record(record)
    except msgspec.ValidationError as error:
        if isinstance(error.__cause__, BadField):
            yield RecordFault(index, error.__cause__.field, str(error.__cause__))
        else:
            yield RecordFault(index, None, str(error))
