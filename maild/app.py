"""Puts the parts together: from a maild.toml to a desk that works.  Only programs import this."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from maild import config
from maild.config import Settings
from maild.desk import item_files, people
from maild.desk.admin_alerts import tell_admins
from maild.desk.alerts import clear_alert, raise_alert
from maild.desk.desk import Actor, Desk
from maild.desk.profile import Profile, profile_folder
from maild.errors import Refused, UsageError
from maild.i18n import sentence
from maild.ingest.process import Pipeline
from maild.log import log_to_stderr
from maild.model import Role
from maild.outbox.deliver import Deliverer
from maild.own_files import OwnFiles
from maild.parse.attachments import attachment_bytes
from maild.parse.limits import Reader
from maild.rules import last_good_rules
from maild.rules.clocks import Clocks
from maild.rules.engine import Rules, say_broken, say_good
from maild.rules.rule import RuleSet
from maild.store import Store
from maild.store.migrate import is_current, migrate
from maild.store.records import Person
from maild.store.unit import Unit
from maild.templates.renderer import PooledRenderer
from maild.yamlfile import key, nearest

Result = TypeVar("Result")
RECORDS = "records"  # key of the alert about the files of records


@dataclass(frozen=True, slots=True)
class App:
    """A configuration with its database and profile, ready to use."""

    settings: Settings
    store: Store
    rules: Rules
    own_files: OwnFiles

    def reread(self, now: datetime) -> App:
        """The same with the admin's own words as they are in force now: their files may change at
        any time.
        """
        in_force = self.own_files.refresh(now)
        settings = self.settings.reading(in_force)
        same = settings.in_force == self.settings.in_force
        return self if same else replace(self, settings=settings)

    def templates(self) -> Path:
        """The folder of the admin's own templates, as it is in force now."""
        return self.reread(datetime.now(UTC)).settings.templates_in_force

    @property
    def profile(self) -> Profile:
        """The profile in force: that of the rules, also after its files were read again."""
        return self.rules.profile

    def pipeline(self, reader: Reader) -> Pipeline:
        """What takes stored messages through; it reads them in the workers of `reader`."""
        return Pipeline(self.store, self.settings, self.rules, reader)

    def clocks(self) -> Clocks:
        """What fires rules when their time has come."""
        return Clocks(self.store, self.settings, self.rules)

    def reader(self, workers: int = 1) -> Reader:
        """Processes that read mail, each under the limits of the configuration; close it."""
        return Reader(workers=workers, seconds=self.settings.config.limits.parse_seconds)

    def deliverer(
        self, moved: Callable[[], None] = lambda: None, reader: Reader | None = None
    ) -> Deliverer:
        """What sends the outbox; it calls `moved` now and then, as long as it lives.

        `reader`: in whose processes it renders too, after what is to be read.
        """
        renderer = PooledRenderer(self.templates, host=reader.pool if reader else None)
        return Deliverer(
            self.store, self.settings, renderer=renderer, attachment=attachment_bytes, moved=moved
        )

    def tell_admins(self, now: datetime) -> int:
        """Mails what is wrong, or over, to the admins; how many alerts that were."""

        def tell(unit: Unit) -> int:
            return tell_admins(
                Desk(
                    unit=unit,
                    settings=self.settings,
                    profile=self.profile,
                    now=now,
                    cause="alerts",
                )
            )

        return self.store.act(tell)

    def by_hand(
        self,
        person_id: int,
        cause: str,
        now: datetime,
        work: Callable[[Desk, Person], Result],
        *,
        rehearse: bool = False,
        also: Callable[[Unit], None] | None = None,
    ) -> Result:
        """What somebody does on a screen, in one transaction: the rules answer as ever.

        Refused where the account is not active any more.  `rehearse`: nothing of it is kept.
        `also`: what is written in the same transaction.
        """

        def act(unit: Unit) -> Result:
            person = unit.get(Person, person_id)
            if person is None or not person.active:
                raise Refused(sentence("Your account is not active any more."))
            desk = Desk(
                unit=unit,
                settings=self.settings,
                profile=self.rules.profile,
                now=now,
                cause=cause,
                actor=Actor(person.name, Role.RESOURCE, person),
                author=person,
                listeners=(self.rules,),
            )
            result = work(desk, person)
            desk.settle()
            if also is not None:
                also(unit)
            return result

        if rehearse:
            with self.store.look() as unit:
                return act(unit)
        return self.store.act(act)

    def close(self) -> None:
        """Lets go of the database."""
        self.store.close()


def open_app(
    file: Path | None,
    *,
    now: datetime | None = None,
    look: bool = False,
    upgrade: bool = False,
) -> App:
    """Reads the configuration and opens its database; see `prepare`."""
    settings = config.load(config.config_file(file))
    log_to_stderr(settings.config.log.level, settings.config.log.format)
    return build(settings, Store(settings.database_url), now=now, look=look, upgrade=upgrade)


def build(
    settings: Settings,
    store: Store,
    *,
    now: datetime | None = None,
    look: bool = False,
    upgrade: bool = True,
) -> App:
    """The same for settings that are read already.

    Where the files of rules have mistakes, those of last time are in force, and an alert says so.
    """
    at = now or datetime.now(UTC)
    broken: UsageError | None = None
    try:
        rules = rules_of(settings)
    except UsageError as error:
        if not _is_there(settings):
            raise
        broken = error
    prepare(settings, store, at, look=look, upgrade=upgrade)
    if broken is not None:
        rules = _last_good(settings, store, broken)
    if not look:
        store.act(lambda unit: _say(unit, rules, broken, at))
        _sync_records(settings, store, rules.profile, at)
    own_files = OwnFiles(settings, store)
    in_force = own_files.refresh(at, look=look)
    return App(settings.reading(in_force), store, rules, own_files)


def rules_of(settings: Settings) -> Rules:
    """The rules of the profile that a configuration names.

    UsageError tells every mistake in them, and what the two name of each other that is not there.
    """
    folder = profile_folder(settings.config.profile, settings.folder)
    return Rules(folder, templates=settings.templates, check=partial(_check_names, settings))


def _is_there(settings: Settings) -> bool:
    """Whether there may be a database; a command must not make one to look into it."""
    return settings.database_file is None or settings.database_file.exists()


def _last_good(settings: Settings, store: Store, broken: UsageError) -> Rules:
    """The rules that were in force last; raises what is wrong where there are none."""
    folder = profile_folder(settings.config.profile, settings.folder)
    with store.look() as unit:
        found = last_good_rules.kept(unit, folder, settings.templates)
    if found is None:
        raise broken
    check = partial(_check_names, settings)
    return Rules(folder, templates=settings.templates, rule_set=found, check=check)


def _say(unit: Unit, rules: Rules, broken: UsageError | None, now: datetime) -> None:
    if broken is None:
        say_good(unit, rules.rule_set, now)
    else:
        say_broken(unit, broken.message, now)


def _check_names(settings: Settings, rules: RuleSet) -> None:
    problems = [
        *_unknown_queues(settings, rules),
        *_unknown(settings, rules, "web hook", "hook", [one.name for one in settings.config.hook]),
        *_unknown(
            settings, rules, "share with", "partner", [one.name for one in settings.config.partner]
        ),
    ]
    if problems:
        raise UsageError("\n".join(problems))


def _unknown_queues(settings: Settings, rules: RuleSet) -> Iterator[str]:
    known = list(map(key, rules.profile.queues))
    for mailbox in settings.config.mailbox:
        if mailbox.queue is not None and key(mailbox.queue) not in known:
            yield (
                f'{settings.file}: [[mailbox]] "{mailbox.name}", queue: the profile '
                f'{rules.profile.name} has no queue "{mailbox.queue}"; '
                + nearest(mailbox.queue, rules.profile.queues)
            )


def _unknown(
    settings: Settings, rules: RuleSet, action: str, section: str, known: list[str]
) -> Iterator[str]:
    """Arguments of this action that name no such section of maild.toml."""
    for rule in rules.rules:
        for step in rule.steps:
            called = step.action == action and "${" not in str(step.argument)
            if called and key(str(step.argument)) not in map(key, known):
                yield (
                    f'{rule.place}: "{step.argument}" is no [[{section}]] of {settings.file}; '
                    + nearest(str(step.argument), known)
                )


def prepare(
    settings: Settings, store: Store, now: datetime, *, look: bool = False, upgrade: bool = False
) -> None:
    """Brings the people of the configuration into the database; a new one gets its tables first.

    `upgrade`: so does an older one; else UsageError, as its daemon may be running.  `look`: for a
    command that changes nothing, not even that.
    """
    there = False if upgrade else is_current(store)
    if look and there:
        return
    if not there:
        migrate(store)
    store.act(lambda unit: people.sync(unit, settings.config, now))


def _sync_records(settings: Settings, store: Store, profile: Profile, now: datetime) -> None:
    """The records of the folder beside maild.toml; where one of its files is broken they stay as
    they are, and an alert says so."""

    def sync(unit: Unit) -> None:
        if item_files.there(settings.folder):
            desk = Desk(unit=unit, settings=settings, profile=profile, now=now, cause="files")
            item_files.sync(desk, settings.folder)
        clear_alert(unit, RECORDS, now)

    try:
        store.act(sync)
    except UsageError as error:
        text = sentence(
            "{problem}\nThe records stay as they are until it is mended.", problem=error.message
        )
        store.act(lambda unit: raise_alert(unit, RECORDS, text, now))
