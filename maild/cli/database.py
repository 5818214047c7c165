"""The desk's database, for commands that look at it: they change nothing, and import little.

`maild.app.open_app` knows all the parts, and brings the people of the configuration in.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from maild import config
from maild.config import Settings
from maild.errors import UsageError
from maild.store import Store
from maild.store.migrate import is_current, migrate

if TYPE_CHECKING:
    from maild.desk.profile import Profile


def open_store(file: Path | None) -> Store:
    """The database of a configuration; UsageError where it is another version's."""
    return _opened(file)[1]


def open_desk(file: Path | None) -> tuple[Store, Profile]:
    """The same, and the profile that it is run by: the last good one, where its files are broken
    now."""
    from maild.desk.profile import load_profile, profile_folder

    settings, store = _opened(file)
    folder = profile_folder(settings.config.profile, settings.folder)
    try:
        return store, load_profile(folder)
    except UsageError:
        from maild.rules import last_good_rules

        with store.look() as unit:
            found = last_good_rules.kept(unit, folder, settings.templates)
        if found is None:
            raise
        return store, found.profile


def _opened(file: Path | None) -> tuple[Settings, Store]:
    settings = config.load(config.config_file(file))
    store = Store(settings.database_url)
    if not is_current(store):
        migrate(store)  # there was none
    return settings, store
