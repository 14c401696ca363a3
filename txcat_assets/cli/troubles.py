"""Every way in which a command can fail, as one message and an exit code.

Trouble that is foreseen is a class of `txcat_assets.errors`. What comes from elsewhere, such as the
file system, is put into words here; what nobody foresaw is kept whole in a file, and named.
"""

import errno
import sys
import tempfile
import traceback
from pathlib import Path

import click
from pydantic import ValidationError
from typer.main import get_command

from txcat_assets.cli.app import app
from txcat_assets.cli.terminal import complain
from txcat_assets.errors import SettingRefused, TxcatError
from txcat_assets.settings import Settings
from txcat_assets.text import without_login

DONE, PROBLEM, WRONG_USE = 0, 1, 2

NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
NO_RIGHT = {errno.EACCES, errno.EPERM, errno.EROFS}

KEPT = "What was committed is kept"


def run() -> int:
    """Run the command that the arguments name; its exit code."""
    command = get_command(app)
    try:
        # Not by its own `main`, which ends by Ctrl-C without a word.
        with command.make_context("txcat", sys.argv[1:]) as context:
            command.invoke(context)
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except Exception as error:
        return explain(error)
    return DONE


def explain(error: Exception) -> int:
    """Say what went wrong and what to do; the exit code."""
    match error:
        case click.exceptions.NoArgsIsHelpError():
            error.show()
            return WRONG_USE
        case click.ClickException():
            complain(f"{error.format_message()} {_help_for(error)}".strip())
            return WRONG_USE
        case ValidationError():
            for message in wrong_settings(error):
                complain(message)
            return WRONG_USE
        case BrokenPipeError():
            return PROBLEM  # who read the answer has seen enough
        case TxcatError():
            complain(str(error))
            return WRONG_USE if isinstance(error, SettingRefused) else PROBLEM
        case OSError():
            complain(_of_the_system(error))
        case _:
            complain(_unforeseen(error))
    return PROBLEM


def wrong_settings(error: ValidationError) -> list[str]:
    """What is wrong with each setting; secrets and logins are not repeated."""
    return [
        f"{name_of(str(problem['loc'][0]))}: {problem['msg'].removeprefix('Value error, ')}, "
        f"found {without_login(repr(problem['input']))}."
        for problem in error.errors()
    ]


def name_of(field: str) -> str:
    """The variable of the environment by which a setting is made."""
    return f"TXCAT_{field}".upper()


def _help_for(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    return f"`{context.command_path} --help` lists what there is." if context else ""


def _of_the_system(error: OSError) -> str:
    """An error of files, disks and sockets: what it was about, and what to do."""
    about = ", ".join(str(name) for name in (error.filename, error.filename2) if name is not None)
    found = f"{about or 'The system'}: {error.strerror or error}."
    if error.errno in NO_ROOM:
        where = "there" if about else "where standard output and TXCAT_HOME are"
        return f"{found} {KEPT}. Make room {where}, then run the same again."
    if error.errno in NO_RIGHT:
        return f"{found} {KEPT}. Let this user write there, or name another place: TXCAT_HOME."
    return f"{found} {KEPT}. Mend that, then run the same again; {_kept(error)} says where it was."


def _unforeseen(error: Exception) -> str:
    lines = traceback.format_exception_only(error)[0].splitlines() or [""]
    return (
        f"Unforeseen: {lines[0].rstrip('.')}. {KEPT}, and the same can be run again. If it stays "
        f"so, report it with {_kept(error)}, which may name your files."
    )


def _kept(error: Exception) -> str:
    """The file with the whole traceback; without a home, in the folder for temporary files."""
    whole = "".join(traceback.format_exception(error))
    try:
        folder = Settings().home_folder
        folder = folder if folder.is_dir() else Path(tempfile.gettempdir())
        path = folder / "txcat-error.txt"
        path.write_text(whole, errors="backslashreplace")
    except (OSError, ValueError, RuntimeError):
        return "the traceback, which no file could take,"
    return str(path)
