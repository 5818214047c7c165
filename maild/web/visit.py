"""One request: who asks, in which language and zone, and how he is answered."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar
from urllib.parse import quote
from zoneinfo import ZoneInfo

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from maild.desk import sides
from maild.desk.profile import Profile
from maild.errors import MaildError, NotFound, Refused
from maild.i18n import Sentence, base_language, sentence
from maild.store.asking import console as asking
from maild.store.asking import screens
from maild.store.asking.listing import Sees
from maild.store.console_records import Audit, WebSession
from maild.store.records import Organization, Person, Ticket
from maild.store.unit import Unit
from maild.web import rights
from maild.web.console import Console
from maild.web.look import Words
from maild.web.rights import ConsoleRole, Scope
from maild.web.times import Times, zone_named
from maild.web.wording import Wording

Result = TypeVar("Result")

LONGEST_FIELD = 200_000  # characters of one field of a form
SAID = "said"  # of an audit: the sentence, to be written in the reader's language
PLAIN = ":/%#?=@[]!$&'()*+,;"  # of an address: what needs no quoting
NEWEST = 2**31 - 1  # beyond every row; no larger number is one


def row_number(text: str) -> int | None:
    """The number of a row that a form or an address gives; None where it can be none."""
    found = int(text) if text.isdecimal() and len(text) <= 10 else None
    return found if found is not None and found <= NEWEST else None


class SignInFirst(MaildError):
    """Nobody is signed in in this browser, or no more."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is signed in, and what he may."""

    person: Person
    session: WebSession
    addresses: tuple[str, ...]
    wishes: Mapping[str, Any]
    role: ConsoleRole
    scope: Scope

    def may(self, right: str) -> bool:
        return rights.may(self.role, right)

    def wish(self, name: str, otherwise: str) -> str:
        value = self.wishes.get(name)
        return value if isinstance(value, str) and value else otherwise


@dataclass
class Visit(Wording):
    """One request of one browser."""

    request: Request
    console: Console
    now: datetime
    form: FormData = field(default_factory=FormData)
    signed_in: Visitor | None = None
    mark: str = ""  # the feed's before anything was read: what comes later is told
    _unit: Unit | None = None

    def __post_init__(self) -> None:
        self.mark = self.console.feed.mark

    # ---- who asks

    @property
    def visitor(self) -> Visitor:
        """Who is signed in; SignInFirst where nobody is."""
        if self.signed_in is None:
            raise SignInFirst(sentence("Please sign in."))
        return self.signed_in

    @property
    def person(self) -> Person:
        return self.visitor.person

    @cached_property
    def role(self) -> ConsoleRole:
        return self.visitor.role

    def may(self, right: str) -> bool:
        return self.signed_in is not None and self.signed_in.may(right)

    def needs(self, right: str) -> None:
        """Refused where he may not."""
        if not self.visitor.may(right):
            raise Refused(
                sentence(
                    "Your account does not include this page. If you need it, ask whoever runs "
                    "the desk."
                )
            )

    @property
    def ip(self) -> str:
        return self.request.client.host if self.request.client else ""

    # ---- what he asks for

    @property
    def htmx(self) -> bool:
        """Whether a part of an open page is asked for."""
        return self.request.headers.get("hx-request") == "true"

    def path(self, name: str) -> str:
        return str(self.request.path_params[name])

    def number_in_path(self, name: str) -> int:
        """A whole number of the address; NotFound where it is none."""
        found = row_number(self.path(name))
        if found is None:
            raise NotFound(sentence("There is nothing at this address."))
        return found

    def before(self) -> int:
        """Of which row on an older page is asked for."""
        found = row_number(self.query("before"))
        return NEWEST if found is None else found

    def query(self, name: str, otherwise: str = "") -> str:
        return self.request.query_params.get(name, otherwise)[:2000]

    def field(self, name: str, otherwise: str = "") -> str:
        """A field of the form as text."""
        value = self.form.get(name, otherwise)
        text = value if isinstance(value, str) else otherwise
        if len(text) > LONGEST_FIELD:
            raise Refused(
                sentence("That text is too long; send it as a file, or in several parts.")
            )
        return text.replace("\r\n", "\n")

    def fields(self, name: str) -> list[str]:
        return [value for value in self.form.getlist(name) if isinstance(value, str)]

    def files(self, name: str) -> list[UploadFile]:
        found = [value for value in self.form.getlist(name) if isinstance(value, UploadFile)]
        return [file for file in found if file.filename]

    # ---- the desk

    @property
    def profile(self) -> Profile:
        return self.console.app.rules.profile

    @property
    def unit(self) -> Unit:
        """A unit that looks, the same one for the whole request."""
        assert self._unit is not None, "outside of `looking`"
        return self._unit

    @contextmanager
    def looking(self) -> Iterator[Unit]:
        """Opens the unit that this request looks with."""
        with self.console.store.look() as unit:
            self._unit = unit
            try:
                yield unit
            finally:
                self._unit = None

    def keep(self, work: Callable[[Unit], Result]) -> Result:
        """Writes something of the console's own (a draft, a preference), again where the database
        was in the way."""
        return retried(self.console, work)

    def note_down(self, unit: Unit, what: str, about: str = "", **detail: Any) -> None:
        """Writes into the audit who did what from where."""
        person = self.signed_in.person if self.signed_in else None
        if isinstance(what, Sentence) and what.values:  # as each reader will read it
            detail = {**detail, SAID: {"template": what.template, "values": what.values}}
        unit.add(
            Audit(
                at=self.now,
                person_id=person.id if person else None,
                by=person.name if person else "",
                address=self.ip,
                what=str(what),
                about=about,
                detail=detail,
            )
        )

    def ticket(self, number: str | None = None) -> Ticket:
        """The ticket that is asked for; NotFound where there is none that he may see."""
        wanted = (number or self.path("number")).strip("[]# ").upper()
        found = screens.numbered(self.unit, wanted)
        if found is None or not self.visitor.scope.has(found):
            raise NotFound(sentence("There is no ticket {ticket} that you can see.", ticket=wanted))
        return sides.own(self.unit, self.profile, found, self.person)

    def may_see(self, ticket: Ticket) -> bool:
        """Whether it is among his: of his clients, and of a shared one his side's."""
        own = sides.is_of(self.unit, self.profile, ticket, self.person)
        return own and self.visitor.scope.has(ticket)

    @cached_property
    def sees(self) -> Sees | None:
        """What lists show him of shared tickets."""
        return sides.sees(self.unit, self.profile, self.person)

    def client(self, name: str = "id") -> Organization:
        """The client that is asked for."""
        found = self.unit.get(Organization, self.number_in_path(name))
        if found is None or not self.visitor.scope.has_client(found.id):
            raise NotFound(sentence("There is no such client that you can see."))
        return found

    # ---- how he is answered

    @cached_property
    def language(self) -> str:
        known = self.console.look.languages
        if self.signed_in is not None:
            own = self.signed_in.wish("language", self.signed_in.person.language or "")
            if own:
                return own
        else:
            for part in self.request.headers.get("accept-language", "").split(","):
                tag = base_language(part.partition(";")[0])
                if tag in known:
                    return tag
        return self.console.app.settings.config.desk.language

    @cached_property
    def words(self) -> Words:
        return self.console.look.speaks(self.language)

    @cached_property
    def zone(self) -> ZoneInfo:
        """His: as he wishes, as we know him, else the desk's."""
        desk = self.console.app.settings.config.desk.timezone
        if self.signed_in is None:
            return ZoneInfo(desk)
        wanted = self.signed_in.wish("timezone", self.signed_in.person.timezone or desk)
        return zone_named(wanted, desk)

    @cached_property
    def times(self) -> Times:
        desk = ZoneInfo(self.console.app.settings.config.desk.timezone)
        return Times(self.words.translator, self.zone, desk, self.now)

    def page(self, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """The page or part of this template."""
        return HTMLResponse(self.written(template, **values), status)

    def written(self, template: str, **values: Any) -> str:
        known = {"visit": self, "t": self.times, "may": self.may}
        return self.words.render(template, known | values)

    def to(self, address: str) -> Response:
        """Leads to another page: by a header where htmx asks."""
        if self.htmx:
            return Response(status_code=204, headers={"HX-Redirect": quote(address, safe=PLAIN)})
        return RedirectResponse(address, 303)


def retried(console: Console, work: Callable[[Unit], Result]) -> Result:
    """Runs `work` on a unit of its own; again, bounded, where the database was in the way."""
    return console.store.act(work)


def hashed(secret: str) -> str:
    """What is kept of a secret that a browser holds."""
    return hashlib.sha256(secret.encode()).hexdigest()


def visitor_of(console: Console, unit: Unit, cookie: str | None, now: datetime) -> Visitor | None:
    """Who is signed in by this cookie."""
    found = asking.signed_in(unit, hashed(cookie), now) if cookie else None
    if found is None:
        return None
    admin = not console.admins.isdisjoint(found.addresses)
    role = rights.role_of(found.person, admin=admin)
    scope = rights.scope_of(found.person, role)
    return Visitor(found.person, found.session, found.addresses, found.wishes, role, scope)
