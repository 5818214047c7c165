"""Signing in by a link: who asked, what is mailed, which browser may use it.

A link opens a page with a button, as programs that scan mail follow links.  The button works in
the browser that asked; any other browser is shown a code to type there.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from queue import Full, Queue

import structlog

from maild.errors import MaildError, NotFound, Refused
from maild.i18n import sentence
from maild.model import Address
from maild.outbox.at_once import Reader, send_now
from maild.store.asking import console as asking
from maild.store.console_records import Audit, SignIn, WebSession
from maild.store.records import Person
from maild.store.unit import Unit
from maild.web.console import Console
from maild.web.security import fresh_key
from maild.web.visit import hashed, retried

log = structlog.get_logger()

SIGNED_IN = sentence("signed in")  # as the audit says it
MINUTES = 15
PERSON_HOUR, IP_HOUR = 5, 40  # links in an hour, for one person and to one network address
TRIES = 5  # wrong codes
SEND_AGAIN = (20, 60)  # seconds before each further try to hand the link to the relay


class Links:
    """Mails links in a thread of its own: who asks hears the same at once, known or not."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._asked: Queue[Callable[[], None]] = Queue(maxsize=200)
        self._by_ip: dict[str, deque[float]] = {}
        threading.Thread(target=self._work, name="links", daemon=True).start()

    def ask(self, address: str, browser: str, onward: str, ip: str) -> None:
        """Somebody asks for a link; nothing tells him whether the desk knows him."""
        if self._within(ip):
            self._soon(lambda: self._mail(address, browser, onward, ip))

    def _soon(self, work: Callable[[], None]) -> None:
        with suppress(Full):  # so many wait that theirs would come too late anyway
            self._asked.put_nowait(work)

    def _within(self, ip: str) -> bool:
        now = time.monotonic()
        times = self._by_ip.setdefault(ip, deque())
        while times and now - times[0] > 3600:
            times.popleft()
        times.append(now)
        if len(self._by_ip) > 10_000:
            self._by_ip.clear()
        return len(times) <= IP_HOUR

    def _work(self) -> None:
        while True:
            work = self._asked.get()
            try:
                work()
            except MaildError as error:
                log.warning("sign-in.failed", error=error.detail or type(error).__name__)
            except Exception:
                log.exception("sign-in.failed")

    def _mail(self, address: str, browser: str, onward: str, ip: str) -> None:
        console, now, token = self.console, self.console.now(), fresh_key()
        key = Address("", address.strip()).key
        reader = retried(
            console, lambda unit: _grant(console, unit, key, token, browser, onward, ip, now)
        )
        if reader is None:
            return
        told = {
            "signin": {
                "link": f"{console.url}/sign-in/{token}",
                "minutes": MINUTES,
                "asked_from": ip,
            }
        }
        self._send(partial(
            send_now, console.app.settings, console.app.rules.profile, "sign-in", reader, now, told
        ), SEND_AGAIN)  # fmt: skip

    def _send(self, send: Callable[[], object], again: Sequence[int]) -> None:
        """Hands it to the relay; where that is away again later, and the next one's meanwhile."""
        try:
            send()
        except MaildError as error:
            log.warning("sign-in.relay", error=error.detail or error.message[:80])
            if again and error.temporary:
                later = threading.Timer(again[0], self._soon, [lambda: self._send(send, again[1:])])
                later.daemon = True
                later.start()


def _grant(
    console: Console,
    unit: Unit,
    key: str,
    token: str,
    browser: str,
    onward: str,
    ip: str,
    now: datetime,
) -> Reader | None:
    """Writes the link down, and says whom it is mailed to; None: to nobody."""
    person = asking.person_at(unit, key)
    if person is None or not person.active:
        return None
    lately = unit.all(asking.LATELY, person=person.id, since=now - timedelta(hours=1))
    if len(lately) >= PERSON_HOUR:
        return None
    unit.add(
        SignIn(
            token=hashed(token),
            browser=browser,
            person_id=person.id,
            created=now,
            ends=now + timedelta(minutes=MINUTES),
            onward=onward,
            address=ip,
        )
    )
    for old in unit.all(asking.OLD_LINKS, before=now - timedelta(days=1)):
        unit.delete(old)
    desk = console.app.settings.config.desk
    return Reader(
        person.name,
        key,
        person.role,
        person.language or desk.language,
        person.timezone or desk.timezone,
    )


# ---- using a link


def link(unit: Unit, token: str, now: datetime) -> tuple[SignIn, Person]:
    """The link and whose it is; NotFound where it is used, over, or none."""
    found = unit.first(asking.LINK, token=hashed(token))
    person = unit.get(Person, found.person_id) if found else None
    if found is None or person is None or not person.active or found.used or found.ends <= now:
        raise NotFound(
            sentence(
                "This link has been used, or its {minutes} minutes are over. Ask for a new one.",
                minutes=MINUTES,
            )
        )
    return found, person


def code(console: Console, found: SignIn) -> str:
    """The eight digits that another browser shows, to be typed where the link was asked for."""
    mac = hmac.digest(console.secret, f"code {found.token}".encode(), hashlib.sha256)
    return f"{int.from_bytes(mac[:8]) % 100_000_000:08}"


def by_code(console: Console, unit: Unit, browser: str, typed: str, now: datetime) -> SignIn | None:
    """The link that this browser asked for, where the code is right; None where it is not.

    Refused after too many tries: the link is worth nothing any more.
    """
    wanted = "".join(c for c in typed if c.isdecimal())
    for found in unit.all(asking.ASKED, browser=browser, now=now):
        if found.tries >= TRIES:
            continue
        if hmac.compare_digest(code(console, found), wanted):
            return found
        unit.change(found, tries=found.tries + 1)
    return None


def sign_in(console: Console, unit: Unit, found: SignIn, ip: str, agent: str, now: datetime) -> str:
    """Uses the link up; the cookie of the new session."""
    if found.used is not None:
        raise Refused(sentence("This link has been used. Ask for a new one."))
    unit.change(found, used=now)
    person = unit.get(Person, found.person_id)
    assert person is not None
    return open_session(console, unit, person, ip, agent, now)


def open_session(
    console: Console, unit: Unit, person: Person, ip: str, agent: str, now: datetime
) -> str:
    """A new session of this person; its cookie."""
    cookie = fresh_key()
    unit.add(
        WebSession(
            token=hashed(cookie),
            person_id=person.id,
            created=now,
            seen=now,
            ends=now + lasting(console),
            address=ip,
            agent=agent[:300],
        )
    )
    for over in unit.all(asking.OVER, now=now):
        unit.delete(over)
    unit.add(
        Audit(
            at=now, person_id=person.id, by=person.name, address=ip, what=str(SIGNED_IN), detail={}
        )
    )
    return cookie


def lasting(console: Console) -> timedelta:
    """How long a session lasts that is not used."""
    return timedelta(days=console.web.session_days)
