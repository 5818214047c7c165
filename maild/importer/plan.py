"""What an import would do: every row held to the profile; every mistake with its file and line.

A mistake is what we would have to guess (a status that nothing here is called, a date that cannot
be read): with one of them nothing is imported.  A remark is what comes out other than it stands
there: it is imported, and said.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any

from maild.desk.csv_files import Row
from maild.desk.former_numbers import folded_number
from maild.desk.people import PUBLIC_DOMAINS
from maild.desk.profile import STATUS_KINDS, Profile
from maild.importer.mapping import Mapping as Exports
from maild.model import Address
from maild.yamlfile import key, nearest

WORDS = re.compile(r"[,;\s]+")
TAGS = re.compile(r"[,;|]\s*")
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
    rows: Mapping[str, list[Row]], exports: Exports, profile: Profile, zone: tzinfo
) -> Plan:
    """Holds all rows to the profile; `zone`: of dates that name none."""
    reading = _Reading(exports, profile, zone)
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

    def __init__(self, exports: Exports, profile: Profile, zone: tzinfo) -> None:
        self.exports, self.profile, self.zone = exports, profile, zone
        self.plan = Plan()
        self._tickets: dict[str, OldTicket] = {}

    def organization(self, row: Row) -> None:
        name = row.get("name")
        if not name:
            self._mistake(row, "the organization has no name.")
            return
        domains = [WEB.sub(r"\1", word).lower() for word in WORDS.split(row.get("domains"))]
        for domain in PUBLIC_DOMAINS.intersection(domains):
            self._remark(row, f"{domain} is everybody's; it is not taken for {name}.")
        language = row.get("language").lower()[:2] or None
        self.plan.organizations.append(
            OldOrganization(
                name,
                tuple(d for d in domains if "." in d and d not in PUBLIC_DOMAINS),
                language,
            )
        )

    def contact(self, row: Row) -> None:
        email = row.get("email")
        if not _is_address(email):
            self._remark(row, f'a contact without a mail address ("{email}") is left out.')
            return
        parts = (row.get("first_name"), row.get("last_name"))
        self.plan.contacts.append(
            OldContact(
                email=email,
                name=row.get("name") or " ".join(filter(None, parts)) or email.partition("@")[0],
                aliases=tuple(a for a in WORDS.split(row.get("aliases")) if _is_address(a)),
                organization=row.get("organization") or None,
                language=row.get("language").lower()[:2] or None,
            )
        )

    def ticket(self, row: Row) -> None:
        number = folded_number(row.get("number"))
        if not number:
            self._mistake(row, "the ticket has no number.")
            return
        if number in self._tickets:
            self._mistake(row, f"ticket {number} stands there twice.")
            return
        completed = self._date(row, "completed")
        email = row.get("contact_email")
        ticket = OldTicket(
            number=number,
            title=row.get("title") or "(no subject)",
            description=row.get("description"),
            status=self._status(row, completed),
            priority=self._priority(row),
            queue=self._known(row, "queue", self.profile.queues),
            type=self._known(row, "type", self.profile.types),
            organization=row.get("organization") or None,
            contact=row.get("contact"),
            contact_email=email if _is_address(email) else None,
            resource=row.get("resource") or None,
            tags=tuple(filter(None, TAGS.split(row.get("tags")))),
            created=self._date(row, "created"),
            completed=completed,
            due=self._date(row, "due"),
            resolution=row.get("resolution") or None,
        )
        self._tickets[number] = ticket
        self.plan.tickets.append(ticket)

    def note(self, row: Row) -> None:
        number = folded_number(row.get("ticket"))
        ticket = self._tickets.get(number)
        if ticket is None:
            self._mistake(row, f'a note of ticket "{row.get("ticket")}", which is in no file.')
            return
        email = row.get("by_email")
        ticket.notes.append(
            OldNote(
                text=row.get("text"),
                title=row.get("title") or None,
                by=row.get("by"),
                by_email=email if _is_address(email) else None,
                public=key(row.get("public")) in self.exports.public,
                created=self._date(row, "created"),
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
                    f"Ticket {ticket.number} has no contact: "
                    f'"{ticket.contact}" has no mail address in these files.'
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
            return profile.complete_status if key(ours) == "closed" else of_kind[0]
        possible = [*profile.statuses, *STATUS_KINDS]
        self._mistake(
            row,
            f'status "{written}" is none of the profile {profile.name}; name one in `status` of '
            f"the mapping: {nearest(ours, possible)}",
        )
        return profile.new_status

    def _priority(self, row: Row) -> str:
        priorities = self.profile.priorities
        written = row.get("priority")
        ours = self.exports.priority.get(key(written), written)
        found = next((p for p in priorities if key(p) == key(ours)), None)
        if found is None and ours.isdigit() and 1 <= int(ours) <= len(priorities):
            found = priorities[int(ours) - 1]
        if found is None and written:
            self._remark(row, f'priority "{written}" is unknown here; {priorities[0]} is taken.')
        return found or priorities[0]

    def _known(self, row: Row, name: str, possible: Any) -> str | None:
        written = row.get(name)
        found = next((word for word in possible if key(word) == key(written)), None)
        if written and found is None:
            usual = next(iter(possible))
            self._remark(row, f'{name} "{written}" is unknown here; {usual} is taken.')
        return found

    def _date(self, row: Row, name: str) -> datetime | None:
        written = row.get(name)
        if not written:
            return None
        for read in (datetime.fromisoformat, *map(_by_format, self.exports.dates)):
            try:
                found = read(written)
            except ValueError:
                continue
            aware = found if found.tzinfo else found.replace(tzinfo=self.zone)
            return aware.astimezone(UTC)
        self._mistake(
            row, f'{name} "{written}" cannot be read as a date; write its form into `dates`.'
        )
        return None

    def _mistake(self, row: Row, text: str) -> None:
        self.plan.mistakes.append(f"{row.file}, line {row.line}: {text}")

    def _remark(self, row: Row, text: str) -> None:
        self.plan.remarks.append(f"{row.file}, line {row.line}: {text}")


def _by_format(form: str) -> Callable[[str], datetime]:
    return lambda text: datetime.strptime(text, form)


def _is_address(text: str) -> bool:
    local, at, domain = Address("", text).key.rpartition("@")
    return bool(local and at and domain) and not any(c.isspace() or c in "<>,;" for c in text)
