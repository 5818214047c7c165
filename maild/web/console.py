"""What all pages share: the desk, its database, the look, the feed of what changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

from maild.app import App
from maild.config import WebSection
from maild.desk.reply_tokens import desk_secret
from maild.model import Address
from maild.store import Store
from maild.web.feed import Feed
from maild.web.look import Look


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(eq=False)
class Console:
    """One console over one desk; as long as the program runs."""

    app: App
    now: Callable[[], datetime] = _now
    wake_outbox: Callable[[], None] = lambda: None  # tells the deliverer that there is work
    wake_answers: Callable[[], None] = lambda: None  # tells that an answer waits to be given
    read_again: Callable[[], None] | None = None  # lets the daemon read maild.toml again
    greeting: str | None = None  # a secret that signs the demo's visitor in, once
    other_side: object | None = None  # the demo's other end: mailboxes to read and write
    feed: Feed = field(init=False)
    look: Look = field(init=False)

    def __post_init__(self) -> None:
        self.feed = Feed(self.store)
        self.look = Look(self.app.settings)

    def people_changed(self, app: App) -> None:
        """The people of the configuration, or the admin's own words, are others now."""
        self.app = app
        self.look.follow(app.settings)
        self.__dict__.pop("admins", None)

    def here(self) -> datetime:
        """The present moment on the desk's clock: times that stand in fields are of its zone."""
        return self.now().astimezone(self.app.settings.config.desk.zone)

    @property
    def store(self) -> Store:
        return self.app.store

    @cached_property
    def web(self) -> WebSection:
        return self.app.settings.config.web or WebSection()

    @property
    def url(self) -> str:
        """What people open: never what a request says of itself."""
        return str(self.web.url)

    @cached_property
    def secret(self) -> bytes:
        """The desk's, from which codes are made."""
        return bytes(self.store.act(desk_secret))

    @cached_property
    def admins(self) -> frozenset[str]:
        """Addresses of those who may see and change the desk's policy."""
        config = self.app.settings.config
        found = [r.all_addresses() for r in config.resource if r.admin and r.active]
        named = [Address("", address).key for address in config.desk.admins]
        return frozenset([*named, *(key for keys in found for key in keys)])
