"""Conversations with a desk, in process or with the real daemon behind real servers."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy as sa

from maild import config
from maild.app import build
from maild.demo.servers import WAIT_SECONDS, Servers
from maild.demo.writer import Writer
from maild.desk import search, views
from maild.desk.profile import load_profile, profile_folder
from maild.ingest.accept import accept
from maild.ingest.process import Pipeline
from maild.model import MessageState, SendState
from maild.outbox.deliver import Deliverer
from maild.parse.attachments import attachment_bytes
from maild.parse.limits import LocalReader
from maild.store import Store
from maild.store.question import Question
from maild.store.records import Message, OutboxItem, Ticket
from maild.store.schema import columns
from maild.templates.renderer import SECONDS, PooledRenderer
from maild.worker_pool import WorkerPool
from tests.fresh import make_tables
from tests.processes import Process
from tests.servers.dovecot import Dovecot

ADDRESS = "support@example.com"

TOML = """
profile = "{profile}"
[desk]
name = "{name}"
address = "{address}"
admins = {admins}
timezone = "Europe/Berlin"
[database]
url = "{database}"
[smtp]
host = "127.0.0.1"
port = {smtp_port}
tls = "none"
[trust]
authserv_id = "mx.example.com"
[[resource]]
name = "Bob Tech"
email = "bob@example.com"
[[resource]]
name = "Dana Lead"
email = "dana@example.com"
[[organization]]
name = "Acme"
domains = ["acme.example"]
[[contact]]
name = "Ann"
email = "ann@acme.example"
organization = "Acme"
[[sender]]
kind = "monitoring"
address = "alerts@n-central.example"
trust = "address"
[[sender]]
kind = "scheduler"
address = "no-reply@timezest.example"
trust = "address"
[[sender]]
kind = "web form"
address = "forms@ggit.example"
trust = "address"
[[sender]]
kind = "outside helpdesk"
address = "tickets@missioncontrol.example"
trust = "address"
{more}
"""

PROOF = {"Authentication-Results": "mx.example.com; dmarc=pass header.from=example.com"}


_message, _item, _ticket = columns(Message), columns(OutboxItem), columns(Ticket)
NEWEST = Question(Ticket, sa.true(), order=(_ticket.id.desc(),), limit=1)
MESSAGES = Question(Message, sa.true())
OUTBOX = Question(OutboxItem, sa.true())
DONE = Question(Message, _message.state.in_((MessageState.PROCESSED, MessageState.QUARANTINED)))
UNSENT = Question(OutboxItem, _item.state.in_((SendState.WAITING, SendState.SENDING)))


class Transport(Protocol):
    """How mail reaches the desk, and how we know that it is done with it."""

    def put(self, octets: bytes) -> None: ...
    def wait_until_done(self) -> None: ...
    def close(self) -> None: ...


class Desk:
    """A desk to talk with: `desk.contact(…)` and `desk.resource(…)` give people who write."""

    def __init__(
        self,
        folder: Path,
        database: str = "sqlite:///var/maild.db",
        *,
        profile: str = "next7",
        more: str = "",
        admins: tuple[str, ...] = (),
        name: str = "Example Support",
        address: str = ADDRESS,
        transport: Callable[[Desk], Transport] | None = None,
    ) -> None:
        self.folder = folder
        self.address = address
        self.servers = Servers()
        self.file = folder / "maild.toml"
        self.file.write_text(
            TOML.format(
                profile=profile,
                database=database,
                smtp_port=self.servers.smtp.port,
                more=more,
                admins=list(admins),
                name=name,
                address=address,
            )
        )
        self.now = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)  # a Monday
        settings = config.load(self.file)
        self.profile = load_profile(profile_folder(profile, folder))
        self.store = Store(settings.database_url)
        make_tables(self.store)
        self.transport = (transport or InProcess)(self)
        self.ann = self.writer("Ann", "ann@acme.example")
        self.bob = self.writer("Bob Tech", "bob@example.com", PROOF)
        self.dana = self.writer("Dana Lead", "dana@example.com", PROOF)

    def writer(self, name: str, address: str, headers: dict[str, str] | None = None) -> Writer:
        """Somebody who writes to the desk and reads what it sends him."""
        return Writer(
            name,
            address,
            self.address,
            send=self.put,
            inbox=lambda: [mail.octets for mail in self.servers.smtp.to(address)],
            clock=lambda: self.now,
            headers=dict(headers or {}),
        )

    def put(self, octets: bytes) -> None:
        """A mail arrives; the desk does all that it does about it."""
        self.transport.put(octets)
        self.transport.wait_until_done()

    def ticket(self, number: str | None = None, side: str | None = None) -> dict[str, Any]:
        """One ticket as `maild show --json` gives it; without a number the newest.  `side`: of a
        shared one that side's."""
        with self.store.look() as unit:
            if number is None:
                newest = unit.first(NEWEST)
                assert newest is not None, "there is no ticket"
                number = newest.number
            return views.whole(unit, views.ticket(unit, number, side))

    def tickets(self) -> list[dict[str, Any]]:
        with self.store.look() as unit:
            found = views.tickets(unit, self.profile, "all")
            return [views.summary(unit, ticket) for ticket in found]

    def messages(self) -> list[Message]:
        with self.store.look() as unit:
            return unit.all(MESSAGES)

    def outbox(self) -> list[OutboxItem]:
        with self.store.look() as unit:
            return unit.all(OUTBOX)

    def notifications(self) -> list[OutboxItem]:
        """All in the outbox but alerts: admins hear of trouble in a pass of its own, which the
        daemon comes to later."""
        return [item for item in self.outbox() if item.template != "alert"]

    def later(self, **time: float) -> None:
        """Moves the desk's clock (timedelta's words) and lets everything that is due happen."""
        self.now += timedelta(**time)
        self.transport.wait_until_done()

    def close(self) -> None:
        self.transport.close()
        self.store.close()
        self.servers.close()


RENDERERS = WorkerPool(seconds=SECONDS)  # of all desks of this process: each compiles once


class KeptRenderer(PooledRenderer):
    """Its worker goes on from pass to pass, as a daemon's does, and from desk to desk."""

    def __init__(self, own: Path) -> None:
        super().__init__(own)
        self._pool = RENDERERS

    def close(self) -> None:
        """A pass is over."""


class InProcess:
    """The same pipeline and deliverer as the daemon's, called one after the other."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.app = app = build(config.load(desk.file), desk.store, now=desk.now)
        self.pipeline = Pipeline(app.store, app.settings, app.rules, LocalReader())
        self.clocks = app.clocks()
        self.renderer = KeptRenderer(app.settings.templates)
        self.deliverer = Deliverer(
            app.store, app.settings, renderer=self.renderer, attachment=attachment_bytes
        )
        self.uid = 0

    def put(self, octets: bytes) -> None:
        self.uid += 1
        with self.desk.store.unit() as unit:
            accept(
                unit,
                mailbox="support",
                uidvalidity=1,
                uid=self.uid,
                octets=octets,
                now=self.desk.now,
            )

    def wait_until_done(self) -> None:
        while self.pipeline.process_due(self.desk.now):
            pass
        self.clocks.due(self.desk.now)
        search.follow(self.app.store)
        self.deliverer.once(self.desk.now)

    def close(self) -> None:
        """Nothing is held."""


class Daemon:
    """The real daemon in its own process, between Dovecot and a real SMTP server."""

    def __init__(
        self, desk: Desk, dovecot: Dovecot, *, after: str = "keep", kill_at: str | None = None
    ) -> None:
        self.desk = desk
        self.dovecot = dovecot
        self.user = dovecot.add_user(f"desk-{uuid.uuid4().hex[:8]}", ["Done"])
        self.put_so_far = 0
        section = dovecot.section(self.user, name="support")
        with desk.file.open("a") as file:
            file.write(
                f'\n[[mailbox]]\nname = "support"\nhost = "{section.host}"\nport = {section.port}\n'
                f'tls = "none"\nusername = "{self.user}"\npassword = "{section.secret()}"\n'
                f'after = "{after}"\n'
            )
        self.log = desk.folder / "log"
        self.log.touch()
        self.process = self.start(**({"MAILD_KILL_AT": kill_at} if kill_at else {}))

    def start(self, **environment: str) -> Process:
        """Starts (again) what `maild run` starts."""
        self.before = self.log.stat().st_size
        return Process(
            "run",
            "--config",
            str(self.desk.file),
            stderr=self.log,
            env={**os.environ, **environment},
        )

    def put(self, octets: bytes) -> None:
        self.dovecot.append(self.user, octets)
        self.put_so_far += 1

    def wait_until_done(self) -> None:
        """Waits until every mail that was put is done with, and every notification is sent."""
        self.desk.servers.wait_for(self._settled)

    def _settled(self) -> bool:
        log = self.log.read_bytes()
        assert self.process.poll() is None, log[-2000:]
        if b'"event": "started"' not in log[self.before :]:  # nothing to do is no sign of life
            return False
        with self.desk.store.look() as unit:
            return unit.count(DONE) == self.put_so_far and unit.count(UNSENT) == 0

    def close(self) -> None:
        self.process.terminate()
        assert self.process.wait(WAIT_SECONDS) == 0
