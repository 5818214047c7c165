"""What an import would do: every row held to the profile; every mistake with its file and line.

A mistake is what we would have to guess (a status that nothing here is called, a date that cannot
be read): with one of them nothing is imported.  A remark is what comes out other than it stands
there: it is imported, and said.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from maild.config import Config
from maild.dates import languages
from maild.desk.csv_files import Row
from maild.desk.former_numbers import folded_number
from maild.desk.people import PUBLIC_DOMAINS, address_key, mail_domain
from maild.desk.profile import STATUS_KINDS, Profile
from maild.errors import UsageError
from maild.i18n import language_names
from maild.importer.csv_rows import Exported, short
from maild.importer.mapping import Mapping as Exports
from maild.model import StatusKind
from maild.parse.html import to_text
from maild.parse.invisible import one_line
from maild.yamlfile import key, nearest

WORDS = re.compile(r"[,;\s]+")
LONGEST_ADDRESS = 254  # RFC 5321 §4.5.3.1.3
TAGS = re.compile(r"[,;|]\s*")
LANGUAGE = re.compile(r"^([a-z]{2})(?:[-_].*)?$", re.IGNORECASE)
PAGE = re.compile(r"\A<(?:[a-z]+[1-6]?|!doctype)\b|<br ?/?>|</(?:p|div)>", re.IGNORECASE)
DAY_OR_MONTH = ("%d/%m/", "%m/%d/", "%d-%m-", "%m-%d-")  # which of them is first, nobody can see
WEB = re.compile(r"^(?:https?://)?(?:www\.)?([^/\s:]+).*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class OldOrganization:
    """A client, as the old desk knew it."""

    name: str
    domains: tuple[str, ...]
    language: str | None


@dataclass(frozen=True, slots=True)
class OldContact:
    """A person of a client."""

    email: str
    name: str
    aliases: tuple[str, ...]
    organization: str | None
    language: str | None


@dataclass(frozen=True, slots=True)
class OldNote:
    """Words on a ticket; `created` None: when the ticket was."""

    text: str
    title: str | None
    by: str
    by_email: str | None
    public: bool
    created: datetime | None


@dataclass(slots=True)
class OldTicket:
    """A ticket with its notes; times are aware."""

    number: str  # folded
    title: str
    description: str
    status: str  # of the profile
    priority: str
    queue: str | None
    type: str | None
    organization: str | None
    contact: str
    contact_email: str | None
    resource: str | None
    tags: tuple[str, ...]
    created: datetime | None
    completed: datetime | None
    due: datetime | None
    resolution: str | None
    notes: list[OldNote] = field(default_factory=list)


@dataclass(slots=True)
class Plan:
    """All that an import brings, and what is to be said of it before."""

    organizations: list[OldOrganization] = field(default_factory=list)
    contacts: list[OldContact] = field(default_factory=list)
    tickets: list[OldTicket] = field(default_factory=list)
    mistakes: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        """How much there is of each."""
        notes = sum(len(ticket.notes) for ticket in self.tickets)
        return {
            "organizations": len(self.organizations),
            "contacts": len(self.contacts),
            "tickets": len(self.tickets),
            "notes": notes,
        }


def make_plan(
    exported: Exported, exports: Exports, profile: Profile, config: Config, now: datetime
) -> Plan:
    """Holds all rows to the profile; what has happened is not later than `now`."""
    reading = _Reading(exports, profile, config, now)
    reading.plan.mistakes += exported.mistakes
    reading.plan.remarks += exported.remarks
    rows = exported.rows
    for row in rows["organizations"]:
        reading.organization(row)
    for row in rows["contacts"]:
        reading.contact(row)
    for row in rows["tickets"]:
        reading.ticket(row)
    for row in rows["notes"]:
        reading.note(row)
    reading.find_contacts()
    reading.plan.tickets.sort(key=lambda ticket: ticket.created or datetime.max.replace(tzinfo=UTC))
    return reading.plan


class _Reading:
    """One pass over the rows."""

    def __init__(self, exports: Exports, profile: Profile, config: Config, now: datetime) -> None:
        self.exports, self.profile = exports, profile
        self.zone = config.desk.zone  # of dates that name none
        self.ours = config.addresses  # which are nobody's
        self.latest = now + timedelta(days=1)  # of what has happened; a day for zones and clocks
        self.plan = Plan()
        self._unknown: dict[str, str] = {}  # a status that nothing is called → what is said of it
        self._guessed: set[str] = set()  # forms of dates of which a reading was said
        self._tickets: dict[str, OldTicket] = {}

    def organization(self, row: Row) -> None:
        name = row.get("name")
        if not name:
            self._mistake(row, "the organization has no name.")
            return
        domains = [WEB.sub(r"\1", word).lower() for word in WORDS.split(row.get("domains"))]
        for domain in PUBLIC_DOMAINS.intersection(domains):
            self._remark(row, f"{domain} is everybody's; it is not taken for {short(name)}.")
        theirs = tuple(domain for domain in domains if _is_domain(domain))
        self.plan.organizations.append(OldOrganization(one_line(name), theirs, _language(row)))

    def contact(self, row: Row) -> None:
        email = row.get("email")
        if not self._is_anybodys(row, email):
            self._remark(row, f'a contact without a mail address ("{short(email)}") is left out.')
            return
        parts = (row.get("first_name"), row.get("last_name"))
        self.plan.contacts.append(
            OldContact(
                email=email,
                name=row.get("name") or " ".join(filter(None, parts)) or email.partition("@")[0],
                aliases=tuple(a for a in WORDS.split(row.get("aliases")) if _is_address(a)),
                organization=one_line(row.get("organization")) or None,
                language=_language(row),
            )
        )

    def ticket(self, row: Row) -> None:
        number = folded_number(row.get("number"))
        if not number:
            self._mistake(row, "the ticket has no number.")
            return
        if number in self._tickets:
            self._mistake(row, f"ticket {short(number)} stands there twice.")
            return
        completed = self._past(row, "completed")
        email = row.get("contact_email")
        ticket = OldTicket(
            number=number,
            title=one_line(row.get("title")) or "(no subject)",
            description=_words(row.get("description")),
            status=self._status(row, completed),
            priority=self._priority(row),
            queue=self._known(row, "queue", self.profile.queues),
            type=self._known(row, "type", self.profile.types),
            organization=one_line(row.get("organization")) or None,
            contact=one_line(row.get("contact")),
            contact_email=email if self._is_anybodys(row, email) else None,
            resource=row.get("resource") or None,
            tags=tuple(filter(None, TAGS.split(row.get("tags")))),
            created=self._past(row, "created"),
            completed=completed,
            due=self._date(row, "due"),
            resolution=_words(row.get("resolution")) or None,
        )
        self._tickets[number] = ticket
        self.plan.tickets.append(ticket)

    def note(self, row: Row) -> None:
        number = folded_number(row.get("ticket"))
        ticket = self._tickets.get(number)
        if ticket is None:
            self._mistake(row, f'a note of ticket "{short(number)}", which is in no file.')
            return
        email = row.get("by_email")
        ticket.notes.append(
            OldNote(
                text=_words(row.get("text")),
                title=one_line(row.get("title")) or None,
                by=one_line(row.get("by")),
                by_email=email if _is_address(email) and not self._is_ours(email) else None,
                public=key(row.get("public")) in self.exports.public,
                created=self._past(row, "created"),
            )
        )

    def find_contacts(self) -> None:
        """Tickets that only name their contact get the address of who is called so."""
        by_name: dict[str, set[tuple[str, str]]] = {}
        for contact in self.plan.contacts:
            entry = key(contact.organization or ""), contact.email
            by_name.setdefault(key(contact.name), set()).add(entry)
        for ticket in self.plan.tickets:
            called = by_name.get(key(ticket.contact), set())
            same = {e for e in called if e[0] == key(ticket.organization or "")} or called
            if ticket.contact_email is None and len(same) == 1:
                ticket.contact_email = next(iter(same))[1]
            elif ticket.contact_email is None:
                self.plan.remarks.append(
                    f"Ticket {short(ticket.number)} has no contact: "
                    f'"{short(ticket.contact)}" has no mail address in these files.'
                )

    # ---- values

    def _status(self, row: Row, completed: datetime | None) -> str:
        profile = self.profile
        written = row.get("status")
        if not written:
            return profile.complete_status if completed else profile.new_status
        ours = self.exports.status.get(key(written), written)
        by_name = {key(name): name for name in profile.statuses}
        if key(ours) in by_name:
            return by_name[key(ours)]
        of_kind = [s.name for s in profile.statuses.values() if s.kind == key(ours)]
        if key(ours) in STATUS_KINDS and of_kind:
            return profile.complete_status if key(ours) == StatusKind.CLOSED else of_kind[0]
        self._mistake(row, self._no_status(short(written)))
        return profile.new_status

    def _no_status(self, written: str) -> str:
        if written not in self._unknown:
            self._unknown[written] = (
                f'status "{written}" is none of the profile {self.profile.name}; name one in '
                "`status` of the mapping: "
                + nearest(written, [*self.profile.statuses, *STATUS_KINDS])
            )
        return self._unknown[written]

    def _priority(self, row: Row) -> str:
        priorities = self.profile.priorities
        written = row.get("priority")
        ours = self.exports.priority.get(key(written), written)
        found = next((p for p in priorities if key(p) == key(ours)), None)
        if found is None and ours.isdigit() and 1 <= int(ours) <= len(priorities):
            found = priorities[int(ours) - 1]
        if found is None and written:
            self._remark(
                row, f'priority "{short(written)}" is unknown here; {priorities[0]} is taken.'
            )
        return found or priorities[0]

    def _known(self, row: Row, name: str, possible: Any) -> str | None:
        written = row.get(name)
        found = next((word for word in possible if key(word) == key(written)), None)
        if written and found is None:
            usual = next(iter(possible))
            self._remark(row, f'{name} "{short(written)}" is unknown here; {usual} is taken.')
        return found

    def _date(self, row: Row, name: str) -> datetime | None:
        written = row.get(name)
        if not written:
            return None
        for form in ("", *self.exports.dates):
            try:
                found = _read_date(written, form)
                aware = found if found.tzinfo else found.replace(tzinfo=self.zone)
                moment = aware.astimezone(UTC)
            except (ValueError, OverflowError):
                continue
            self._say_reading(row, written, form, found)
            return moment
        self._mistake(
            row, f'{name} "{short(written)}" cannot be read as a date; write its form into `dates`.'
        )
        return None

    def _past(self, row: Row, name: str) -> datetime | None:
        """When something happened that has happened."""
        found = self._date(row, name)
        if found is not None and found > self.latest:
            day = f"{found.astimezone(self.zone):%d %B %Y}"
            self._mistake(
                row,
                f'{name} "{short(row.get(name))}" would be {day}, which is yet to come; '
                "write the form of these dates into `dates`.",
            )
        return found

    def _say_reading(self, row: Row, written: str, form: str, found: datetime) -> None:
        """Once of each form: which is the day in 02/05/2024 is a guess that a person can check."""
        if form.startswith(DAY_OR_MONTH) and form not in self._guessed:
            self._guessed.add(form)
            self._remark(
                row,
                f'"{short(written)}" is read as {found:%d %B %Y}, and the like of it in the same '
                "way; if that is wrong, write the form of these dates into `dates` of a mapping.",
            )

    def _is_anybodys(self, row: Row, email: str) -> bool:
        """Whether it is an address, and not the desk's own."""
        if not self._is_ours(email):
            return _is_address(email)
        self._remark(row, f"{short(email)} is an address of this desk; it is nobody's.")
        return False

    def _is_ours(self, email: str) -> bool:
        return _is_address(email) and address_key(email) in self.ours

    def _mistake(self, row: Row, text: str) -> None:
        self.plan.mistakes.append(f"{row.file}, line {row.line}: {text}")

    def _remark(self, row: Row, text: str) -> None:
        self.plan.remarks.append(f"{row.file}, line {row.line}: {text}")


def _read_date(text: str, form: str) -> datetime:
    return datetime.strptime(text, form) if form else datetime.fromisoformat(text)


def _is_address(text: str) -> bool:
    try:
        return len(text) <= LONGEST_ADDRESS and bool(address_key(text))
    except UsageError:
        return False


def _is_domain(text: str) -> bool:
    try:
        return bool(mail_domain(text))
    except UsageError:
        return False


def _language(row: Row) -> str | None:
    """ "de-DE" and "German" → "de"; None where it says no language."""
    written = row.get("language")
    code = LANGUAGE.match(written)
    return code[1].lower() if code else _languages().get(key(written))


@cache
def _languages() -> dict[str, str]:
    """ "german", "deutsch", "allemand" → "de": as those say it whose dates we read."""
    spoken = map(language_names, languages("en"))
    return {key(name): code for names in spoken for code, name in names.items() if len(code) == 2}


def _words(text: str) -> str:
    """What people wrote: desks keep it as HTML, and some export it so."""
    return to_text(text) if PAGE.search(text) else text
