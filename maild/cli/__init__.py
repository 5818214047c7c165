"""The command line: one module a group of commands; errors become one sentence and a status."""

from __future__ import annotations

import importlib
import os
import sys

import typer

from maild.errors import MaildError

app = typer.Typer(
    name="maild",
    help="The helpdesk that lives in the mailbox.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def _root(context: typer.Context) -> None:
    """The helpdesk that lives in the mailbox."""
    if context.invoked_subcommand not in QUICK:
        importlib.import_module("maild.cli.log").log_to_stderr()


# Each module adds its commands to the app by `register(app)`.
MODULES = (
    "setup",
    "login",
    "run",
    "demo",
    "ingest",
    "look",
    "commands",
    "parse",
    "templates",
    "people",
    "quarantine",
    "rules",
)

# Called for many files at a time by scripts, and in need of nothing that the others import.
QUICK = ("parse",)

for _name in QUICK if sys.argv[1:2] == list(QUICK) else MODULES:
    importlib.import_module(f"maild.cli.{_name}").register(app)


def main() -> None:
    """Entry point of the `maild` command: never shows a traceback to a person."""
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
