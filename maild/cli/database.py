"""The desk's database, for commands that look at it: they change nothing, and import little.

`maild.app.open_app` knows all the parts, and brings the people of the configuration in.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from maild import config
from maild.config import Settings
from maild.errors import Temporary, Unavailable, UsageError
from maild.store import Store
from maild.store.migrate import is_current, migrate

if TYPE_CHECKING:
    from maild.desk.profile import Profile
    from maild.rules.rule import RuleSet


def open_store(file: Path | None) -> Store:
    """The database of a configuration; UsageError where it is another version's."""
    return _opened(file)[1]


def open_settings(file: Path | None) -> tuple[Settings, Store]:
    """The same with the configuration."""
    return _opened(file)


def open_desk(file: Path | None) -> tuple[Store, Profile]:
    """The same, and the profile that it is run by: the last good one, where its files are broken
    now."""
    settings, store = _opened(file)
    return store, _profile(settings, store)


def in_force(settings: Settings) -> tuple[Settings, Profile]:
    """The admin's own words, and the profile, that the desk is run by: where a file is broken now
    the last good one, if there is a database that may have it."""
    from maild.own_files import OwnFiles

    with _if_there(settings) as store:
        if store is None:
            return settings, _profile(settings, None)
        found = OwnFiles(settings, store).refresh(datetime.now(UTC), look=True)
        return settings.reading(found), _profile(settings, store)


def rules_in_force(settings: Settings) -> RuleSet:
    """The same of the rules."""
    from maild.desk.profile import profile_folder
    from maild.rules.load import load_book

    folder = profile_folder(settings.config.profile, settings.folder)
    try:
        return load_book(folder, templates=settings.templates)
    except UsageError:
        with _if_there(settings) as store:
            found = _kept(settings, store)
        if found is None:
            raise
        return found


@contextmanager
def _if_there(settings: Settings) -> Iterator[Store | None]:
    """The database, where there is one that can be asked."""
    file = settings.database_file
    store = Store(settings.database_url)
    try:
        there = (file is None or file.is_file()) and is_current(store)
    except (Temporary, Unavailable):
        there = False
    try:
        yield store if there else None
    finally:
        store.close()


def _profile(settings: Settings, store: Store | None) -> Profile:
    from maild.desk.profile import profile_of

    try:
        return profile_of(settings)
    except UsageError:
        if (found := _kept(settings, store)) is None:
            raise
        return found.profile


def _kept(settings: Settings, store: Store | None) -> RuleSet | None:
    """The rules that were good last, with their profile."""
    from maild.desk.profile import profile_folder
    from maild.rules import last_good_rules

    if store is None:
        return None
    folder = profile_folder(settings.config.profile, settings.folder)
    with store.look() as unit:
        return last_good_rules.kept(unit, folder, settings.templates)


def _opened(file: Path | None) -> tuple[Settings, Store]:
    settings = config.load(config.config_file(file))
    store = Store(settings.database_url)
    if not is_current(store):
        migrate(store)  # there was none
    return settings, store
