"""Trouble in the world, as classes; a bad record is never an exception but gets a reason code.

    TxcatError
    |-- TransientError       may pass by itself: the same command, later, can succeed
    |   |-- WarehouseBusy      another process holds the warehouse file, or a lock in it
    |   |   `-- WarehouseConflict  another transaction wrote the same; this one can be repeated
    |   |-- WarehouseDown      PostgreSQL does not answer, or the connection broke
    |   |-- ServiceDown        the ML service does not answer, or answers that it cannot
    |   |-- BrokerDown         Kafka does not answer, or not in time
    |   `-- MessageNotSent     an alarm was not taken by a webhook or a mail server
    `-- PermanentError       somebody must act first
        |-- WarehouseRefused   the database cannot be opened or written to as things are
        |   `-- RightMissing     this role may not do what was asked
        |-- HomeRefused        the home folder, or Dagster's instance in it, cannot be used
        |-- QueryRefused       a person's own SQL cannot be answered: no query, or too long
        |-- CopyRefused        a warehouse cannot be copied as things are; nothing of it was
        |-- SourceRefused      a file cannot be taken as it is; nothing of it was landed
        |-- FileNotWritten     a file for people could not be written; nothing of it is left
        |-- SourceChanged      a file changed while it was read; what had landed stays
        |-- BrokerRefused      Kafka refuses this client, or its address is not that of a Kafka
        |-- TopicRefused       a topic cannot be followed safely
        |   `-- TopicAbsent      there is no such topic
        |-- RecordsLost        Kafka no longer has records that had not landed yet
        |-- MessagesUnreadable  some of Kafka's bytes are damaged; what came before has landed
        |-- MessageRefused   Kafka takes no message such as this one; others go on
        |-- ServiceBroken      the ML service broke its protocol; nothing of the answer was stored
        |-- VersionRefused     this code is older than the warehouse, or its contract differs
        |-- ContractRefused    a contract could not work as it is written
        `-- SettingRefused     a TXCAT_* setting has a value that nothing can be done with

Every message says what was being done, what was found and expected, and what to do next.
"""

from txcat_assets.text import MESSAGE_CHARS, for_terminal, shortened


class TxcatError(Exception):
    """The root of all trouble that txcat foresees.

    Its message may repeat what others wrote, a header or a file's name: so it is one line of signs
    that are seen, and bounded, wherever it is shown.
    """

    def __str__(self) -> str:
        """The message as every terminal, log and table may have it."""
        return shortened(for_terminal(super().__str__()), MESSAGE_CHARS)


class TransientError(TxcatError):
    """May pass by itself."""


class MessageNotSent(TransientError):
    """A webhook or a mail server did not accept an alarm; it is sent again."""


class PermanentError(TxcatError):
    """Somebody must act first."""


class WarehouseBusy(TransientError):
    """Another process holds the warehouse file, or a lock in it."""


class WarehouseConflict(WarehouseBusy):
    """Another transaction wrote the same at once; this one was rolled back and can be repeated."""


class WarehouseDown(TransientError):
    """PostgreSQL does not answer, or the connection broke; what was committed is kept."""


class ServiceDown(TransientError):
    """The ML service does not answer, or answers that it cannot."""


class BrokerDown(TransientError):
    """Kafka does not answer, or not in time."""


class BrokerRefused(PermanentError):
    """Kafka refuses this client, or its address is not that of a Kafka."""


class TopicRefused(PermanentError):
    """A topic cannot be followed safely."""


class TopicAbsent(TopicRefused):
    """There is no such topic; one that was never followed is waited for."""


class RecordsLost(PermanentError):
    """Kafka no longer has records that had not landed; nothing is skipped until you accept it."""


class WarehouseRefused(PermanentError):
    """The database cannot be opened or written to: not by this user, no such file, no room."""


class MessagesUnreadable(PermanentError):
    """Some of Kafka's bytes can be read by no client; nothing is skipped until you accept it."""


class MessageRefused(PermanentError):
    """Kafka takes no message such as this one, by its size or its compression."""


class RightMissing(WarehouseRefused):
    """This role may not do what was asked."""


class HomeRefused(PermanentError):
    """The home folder, or Dagster's instance in it, cannot be used."""


class QueryRefused(PermanentError):
    """A person's own SQL cannot be answered: it is no query that only reads, or takes too long."""


class CopyRefused(PermanentError):
    """A warehouse cannot be copied as things are; nothing of it was."""


class SourceRefused(PermanentError):
    """A file cannot be taken as it is; nothing of it was landed."""


class FileNotWritten(PermanentError):
    """A file for people could not be written, or is there already; nothing of it is left."""


class SourceChanged(PermanentError):
    """A file changed while it was read; what had landed stays."""


class ServiceBroken(PermanentError):
    """The ML service broke its protocol; nothing of the answer was stored."""


class VersionRefused(PermanentError):
    """This code is older than the warehouse, or its contract differs."""


class ContractRefused(PermanentError):
    """A contract could not work as it is written; found when it is loaded."""


class SettingRefused(PermanentError):
    """A TXCAT_* setting, or an option of a command, has a value that nothing can be done with."""
