"""`maild check` tries everything that a configuration names."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import typer
from rich.console import Console
from rich.markup import escape

from maild import config as configuration
from maild import octets
from maild.alarms import TRIED
from maild.app import prepare, rules_of
from maild.cli.options import ConfigOption
from maild.commands.words import own_folder, vocabulary
from maild.config import Settings
from maild.desk import canned_replies
from maild.errors import MaildError, Unavailable, UsageError
from maild.ingest.imap import probe as probe_mailbox
from maild.outbox.deliver import probe as probe_smtp
from maild.outbox.journal import journal_path
from maild.outbox.logo import logo
from maild.store import Store, asking
from maild.templates.renderer import check_templates

MANY_OCTETS = 50_000_000  # of a mail that is in memory as a whole


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check")(check)


def check(config: ConfigOption = None) -> None:
    """Read the configuration and reach every server that it names."""
    console = Console(highlight=False, soft_wrap=True)
    file = configuration.config_file(config)
    try:
        settings = configuration.load(file)
    except MaildError as error:
        _print_failure(console, error)
        raise typer.Exit(error.exit_status) from None
    console.print(f"[green]ok[/green]    configuration {escape(str(file))}")
    for warning in warnings(settings):
        console.print(f"[yellow]WARN[/yellow]  {escape(warning)}")
    worst = 0
    for what, attempt in _attempts(settings):
        try:
            console.print(f"[green]ok[/green]    {escape(what)}: {escape(attempt())}")
        except MaildError as error:
            worst = max(worst, error.exit_status)
            _print_failure(console, error)
    if worst:
        raise typer.Exit(worst)


def _print_failure(console: Console, error: MaildError) -> None:
    for line in error.message.splitlines():
        console.print(f"[red]FAIL[/red]  {escape(line)}")


def warnings(settings: Settings) -> Iterator[str]:
    """What works and is dangerous all the same."""
    if settings.config.desk.listens:
        yield (
            '[desk] mode = "listen": everything is done and nothing is sent, and mail stays where '
            'it is. `maild outbox` shows what would have gone out; write mode = "live" to begin.'
        )
    trust = settings.config.trust
    if trust.require == "none":
        yield (
            '[trust] require = "none" lets everybody who writes a technician\'s address into From '
            'command the desk; set "either" and `[trust] authserv_id`.'
        )
    elif trust.require == "dmarc" and not trust.authserv_id:
        yield (
            '[trust] require = "dmarc" needs `[trust] authserv_id`: without it no technician is '
            "ever proven, and each of their mails waits until they confirm it."
        )
    elif trust.require != "dmarc" and not trust.authserv_id:
        yield (
            "`[trust] authserv_id` is not set: all that proves a technician is a reply to a mail "
            "that they alone got, and whoever reads that mail has the proof too. Set it to the "
            "name that your mail server writes at the beginning of Authentication-Results."
        )
    if found := _open_to_others(settings):
        names = " ".join(shlex.quote(str(path)) for path in found)
        yield f"others on this machine can read what is here; close it: `chmod -R go= {names}`."


def _open_to_others(settings: Settings) -> list[Path]:
    """What maild writes or keeps secrets in, and others may read; a folder for all in it (H109).

    Where the group of a file that belongs to somebody else may read it, he has meant that.
    """
    found: list[Path] = []
    for path in _our_files(settings):
        status = path.stat()
        forbidden = 0o077 if status.st_uid == os.getuid() else 0o007
        if status.st_mode & forbidden and not set(path.parents) & set(found):
            found.append(path)
    return found


def _our_files(settings: Settings) -> Iterator[Path]:
    """The configuration, its secrets, the database with what lies beside it, own templates."""
    yield settings.file
    yield from sorted({file for file in settings.secret_files() if file.is_file()})
    database, journal = settings.database_file, journal_path(settings)
    if journal.parent != settings.folder.resolve() and journal.parent.is_dir():
        yield journal.parent
    for file in (database, journal):
        yield from sorted(file.parent.glob(f"{file.stem}.*")) if file else ()
    templates = settings.path("templates")
    yield from (templates, *sorted(templates.rglob("*"))) if templates.is_dir() else ()


def _attempts(settings: Settings) -> Iterator[tuple[str, Callable[[], str]]]:
    """What is tried, in this order; each says how it went or raises."""
    yield "profile", lambda: _profile(settings)
    yield "database", lambda: _database(settings)
    yield "journal of sent mail", lambda: _journal(settings)
    if settings.config.store.raw or _in_memory(settings):
        yield "large mails", lambda: _large(settings)
    yield "senders", lambda: _senders(settings)
    for section in settings.config.mailbox:
        yield f"mailbox {section.name}", lambda section=section: probe_mailbox(section)  # type: ignore[misc]
    if settings.config.partner:
        yield "partners", lambda: _partners(settings)
    yield "smtp", lambda: probe_smtp(settings.config.smtp)
    of_fronts = dict.fromkeys(f.templates for f in settings.config.fronts if f.templates)
    yield "templates", lambda: check_templates(settings.templates, list(of_fronts))
    if settings.config.notifications.logo:
        yield "logo", lambda: "every mail shows it" if logo(settings) else ""
    yield "commands", lambda: _commands(settings)
    yield "replies", lambda: _replies(settings)


def _large(settings: Settings) -> str:
    """Puts a few octets where large mails go, and takes them away again."""
    if _in_memory(settings):
        return (
            "in the database, which takes several times their size of memory: `[store] raw` names "
            "a place for them"
        )
    octets.try_out()
    return settings.config.store.raw


def _in_memory(settings: Settings) -> bool:
    """Whether mails may come that memory should not hold, and nothing else can."""
    return octets.place_of_large() is None and settings.config.limits.message_bytes > MANY_OCTETS


def _senders(settings: Settings) -> str:
    """Who looks like a machine and waits for a yes (H93)."""
    store = Store(settings.database_url)
    try:
        prepare(settings, store, datetime.now(UTC), look=True)
        with store.look() as unit:
            alerts = [a for a in asking.alerts.every(unit) if a.key.startswith("machine:")]
    finally:
        store.close()
    waiting = [f"{a.count} mails: {a.text}" for a in alerts if a.cleared is None]
    return " ".join(waiting) or "none waits for a yes"


def _profile(settings: Settings) -> str:
    rules = rules_of(settings)
    profile = rules.profile
    return f"{profile.name}, {len(profile.statuses)} statuses, {len(rules.rules)} rules"


def _replies(settings: Settings) -> str:
    """Canned replies; UsageError with all that is wrong."""
    wrong = canned_replies.problems(settings)
    if wrong:
        raise UsageError("\n".join(wrong))
    names = {file.stem for file in canned_replies.files(settings.folder)}
    return f"{len(names)} canned replies"


def _partners(settings: Settings) -> str:
    """Whose secrets can be read; UsageError with all that cannot."""
    wrong = []
    for partner in settings.config.partner:
        try:
            partner.keys()
        except UsageError as error:
            wrong.append(error.message)
    if wrong:
        raise UsageError("\n".join(wrong))
    return ", ".join(f"{one.name} at {one.address}" for one in settings.config.partner)


def _commands(settings: Settings) -> str:
    words = vocabulary(own_folder(settings.folder))
    return f"{len(words.commands)} commands, {len(words.phrases)} phrases"


class _Enough(Exception):
    """Nothing of it is kept."""


def _journal(settings: Settings) -> str:
    """Whether the journal of sent mail can be written, without which nothing is sent."""
    place = journal_path(settings)
    there = next(one for one in (place, *place.parents) if one.exists())
    if there != place and not there.is_dir():
        raise Unavailable(f"{there} is a file; a folder is needed there for {place.name}.")
    if not os.access(there, os.W_OK):
        raise Unavailable(
            f"{there} cannot be written: {place.name} says what was sent, and without it nothing "
            "is. Let this user write there, and see whether the disk is mounted read-only."
        )
    return str(place)


def _database(settings: Settings) -> str:
    store = Store(settings.database_url)
    try:
        prepare(settings, store, datetime.now(UTC), look=True)
        with suppress(_Enough), store.unit() as unit:
            asking.settings.keep(unit, TRIED, {})
            unit.write()
            raise _Enough
    finally:
        store.close()
    return store.url.render_as_string(hide_password=True)
