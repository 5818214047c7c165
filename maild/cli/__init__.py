"""The command line: one module a group of commands; errors become one sentence and a status.

A module is imported when one of its commands is asked for: the list of all of them, and a command
that needs no database, are there in a quarter of a second.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, NamedTuple

import typer
from typer.core import TyperGroup

from maild.errors import MaildError


class Entry(NamedTuple):
    """One command: where it is, and what `maild --help` says of it."""

    module: str  # of maild.cli; its `register(app)` adds the command
    summary: str  # the first sentence of the command's own help
    logs: bool = True  # False: nothing that it imports writes a log


COMMANDS = {
    "init": Entry("init", "Write a commented maild.toml and the folders beside it.", logs=False),
    "check": Entry("check", "Read the configuration and reach every server that it names."),
    "login": Entry("login", "Sign in to a mailbox or relay that takes OAuth 2."),
    "run": Entry("run", "Watch the mailboxes, process mail, deliver notifications."),
    "status": Entry("status", "Say whether all is well, and what is wrong.", logs=False),
    "web": Entry("web", "The console in a browser, where `maild run` does not bring it."),
    "backup": Entry("backup", "Write the whole desk into one file, while the daemon works."),
    "restore": Entry("backup", "Put a desk back as it was; nothing told is told again."),
    "rebuild": Entry("backup", "Read all of the desk's mail again, into an empty database."),
    "verify": Entry("backup", "Check every hash, thread, counter and reference of the desk."),
    "forget": Entry("forget", "Find, export and erase what the desk has of a person."),
    "scan": Entry("scan", "Scan the files that wait, as the virus scanner did not answer."),
    "demo": Entry("demo", "Play the whole circle on loopback: mail in, tickets, mail out."),
    "ingest": Entry("ingest", "Take mail from files, as if it had come in by a mailbox."),
    "import": Entry("import_", "Bring in what another helpdesk exported."),
    "tickets": Entry("tickets", "List tickets.", logs=False),
    "show": Entry("show", "Show one ticket with all that belongs to it.", logs=False),
    "set": Entry("set", "Set a field of a ticket, as `#set` in a mail does."),
    "eml": Entry("eml", "Print the original message, byte for byte.", logs=False),
    "explain": Entry("explain", "Tell what happened to a message, and why.", logs=False),
    "outbox": Entry("outbox", "What goes out to people: waiting, sent, failed."),
    "timesheet": Entry("timesheet", "Working time of a week, with sums by day and client."),
    "ratings": Entry("ratings", "How contacts found what was done.", logs=False),
    "alerts": Entry("alerts", "List what an admin should know, and what is over.", logs=False),
    "parse": Entry("parse", "Show what a message says, without any desk.", logs=False),
    "commands": Entry("commands", "What one can write in a mail, and what a mail would do."),
    "templates": Entry("templates", "The templates of notifications, and the admin's own."),
    "people": Entry("people", "Technicians, contacts and organizations."),
    "records": Entry("records", "Organizations, contacts, assets, contracts, projects, articles."),
    "mailboxes": Entry("mailbox", "Mailboxes: whether each is reached; try, pause, look now."),
    "client": Entry("client_page", "Show a client: its open tickets, people, assets, projects."),
    "quarantine": Entry("quarantine", "Messages that could not be processed."),
    "spam": Entry("spam", "Mail that was kept as spam."),
    "rules": Entry("rules", "Rules: what happens by itself, and when."),
}


class Commands(TyperGroup):
    """Knows every command by its entry, and imports the one that is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        entry = COMMANDS[cmd_name]
        alone = _new_app()
        with _for_good():
            if entry.logs:
                importlib.import_module("maild.log").log_to_stderr()
            importlib.import_module(f"maild.cli.{entry.module}").register(alone)
        return typer.main.get_group(alone).commands[cmd_name]

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])


@contextmanager
def _for_good() -> Iterator[None]:
    """What is imported within stays as long as we live: looking again and again whether some of
    it is garbage takes a tenth of the start."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _new_app(**more: Any) -> typer.Typer:
    return typer.Typer(
        add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None, **more
    )


app = _new_app(name="maild", cls=Commands, no_args_is_help=True)


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(f"maild {version('maild')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Show the version and exit.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """The helpdesk that lives in the mailbox."""


def main() -> None:
    """Entry point of the `maild` command: never shows a traceback to a person."""
    os.umask(0o077)  # whatever we write is for this user alone (H109)
    # Looking through all that is installed for plugins of pydantic, of which we use none.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    try:
        app()
    except MaildError as error:
        print(f"maild: {error.message}", file=sys.stderr)
        sys.exit(error.exit_status)
    except BrokenPipeError:
        sys.exit(1)
    except Exception as error:
        if os.environ.get("MAILD_DEBUG"):
            raise
        if isinstance(error, OSError) and error.filename:
            where = f"{error.filename}: {error.strerror}"
            print(f"maild: {where}. Does it exist, and may this user write there?", file=sys.stderr)
            sys.exit(1)
        print(
            f"maild: something went wrong that should not have ({type(error).__name__}: {error}). "
            "Set MAILD_DEBUG=1 to see where, and please report it.",
            file=sys.stderr,
        )
        sys.exit(1)
