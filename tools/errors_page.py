"""The page of errors and reason codes: what each means, and what to do. Written by `tools.docs`.

What an error means is its docstring; what to do is here, since it is for people who run txcat.
"""

from collections.abc import Iterator

from txcat_assets import errors
from txcat_assets.contracts.reasons import CONFLICT, REFUSED
from txcat_assets.contracts.registry import all_contracts
from txcat_assets.contracts.rules import reason_texts
from txcat_assets.errors import PermanentError, TransientError, TxcatError

ACTIONS = {
    "WarehouseBusy": "Close the program that the message names, or wait; then the same again.",
    "WarehouseConflict": "Nothing: it is repeated. If it is reported all the same, run it again.",
    "WarehouseDown": "Start PostgreSQL or mend the network; what was committed is kept.",
    "ServiceDown": "Start the service of TXCAT_ML_URL; the next run asks only for what is missing.",
    "MessageNotSent": "See that the receiver is up and its settings are right; it is sent again.",
    "BrokerDown": "Start Kafka or mend the network; the next run reads on from the same offsets.",
    "WarehouseRefused": "Mend the address, password, disk or file that the message names.",
    "RightMissing": "Run it as the role that may, or grant the right: deploy/postgres/roles.sql.",
    "HomeRefused": "Name a folder that can be written to by TXCAT_HOME.",
    "QueryRefused": "Give one SELECT, and less of it where it took too long.",
    "CopyRefused": "Do what the message asks for, then copy again; nothing was copied.",
    "SourceRefused": "Mend the file, or say how to read it (`txcat load --help`); load it again.",
    "FileNotWritten": "Make room, or name another place, and ask for the file again.",
    "SourceChanged": "Write files elsewhere and move them in whole; load the file again.",
    "BrokerRefused": "Mend the settings of Kafka that the message names.",
    "TopicAbsent": "Create the topic, if messages are to come by it: `txcat kafka create-topics`.",
    "TopicRefused": "Mend the topic as the message says.",
    "RecordsLost": "Find out what was lost, then accept it by the command in the message.",
    "MessagesUnreadable": "Mend the partition in Kafka, or accept the offsets as lost.",
    "MessageRefused": "Raise the topic's limit, or leave the record where it is.",
    "ServiceBroken": "Mend the service: docs/ml-protocol.md says what it must answer.",
    "VersionRefused": "Install the newer txcat, run `txcat upgrade`, or raise `version`.",
    "ContractRefused": "Mend the contract; the message lists all that is wrong.",
    "SettingRefused": "Give a value that the message allows; docs/settings.md has all settings.",
}
"""What to do about each error that is raised; the families above them are never raised."""

FOR_A_RECORD = "Correct the record, by `txcat quarantine` or at its source, as the text says."
FOR_REASONS = {
    CONFLICT: "Choose which record stands: `txcat quarantine settle`.",
    REFUSED: "Read the service's words; ask again when the cause is over.",
}


def errors_page() -> str:
    """Every error, then every reason code."""
    lines = [
        "# Errors and reason codes",
        "",
        "Written by `make docs` from `txcat_assets/errors.py`, the contracts and",
        "`tools/errors_page.py`.",
        "",
        "## Errors",
        "",
        "What may pass by itself is tried again, by the next run at the latest; for the rest",
        "somebody must act first.",
        "",
        "| error | passes by itself | what it means | what to do |",
        "| --- | --- | --- | --- |",
        *_errors(),
        "",
        "## Reason codes",
        "",
        "A record with one is set aside whole, or was validated with a warning. One with a code",
        "`unknown_...` waits, and is released when what it names has come.",
        "",
        "| code | dataset | what must hold, or what was found | what to do |",
        "| --- | --- | --- | --- |",
        *_reasons(),
    ]
    return "\n".join(lines) + "\n"


def raised_errors() -> list[type[TxcatError]]:
    """Every class of errors.py but the families."""
    families = (TxcatError, TransientError, PermanentError)
    found = [one for one in vars(errors).values() if isinstance(one, type)]
    return [one for one in found if issubclass(one, TxcatError) and one not in families]


def _errors() -> Iterator[str]:
    for error in raised_errors():
        meaning = (error.__doc__ or "").partition("\n")[0]
        passes = "yes" if issubclass(error, TransientError) else "no"
        yield f"| `{error.__name__}` | {passes} | {meaning} | {ACTIONS[error.__name__]} |"


def _reasons() -> Iterator[str]:
    for contract in all_contracts().values():
        waits = {reference.code: reference.to.dataset for reference in contract.references}
        for code, text in reason_texts(contract).items():
            action = FOR_REASONS.get(code, FOR_A_RECORD)
            if code in waits:
                action = f"Load the missing {waits[code]}; the record is then released."
            yield f"| `{code}` | {contract.dataset} | {text} | {action} |"
