"""Who may what in the console: one table, which a test fetches cell by cell."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from maild.model import Role
from maild.store.records import Person, Ticket


class ConsoleRole(StrEnum):
    """What somebody is in the console."""

    ADMIN = "admin"
    RESOURCE = "resource"
    CO_MANAGED = "co-managed"  # a resource of a client: its tickets only
    CONTACT = "contact"


DESK = frozenset({ConsoleRole.ADMIN, ConsoleRole.RESOURCE, ConsoleRole.CO_MANAGED})
OURS = frozenset({ConsoleRole.ADMIN, ConsoleRole.RESOURCE})
ADMINS = frozenset({ConsoleRole.ADMIN})
ALL = frozenset(ConsoleRole)

# "object verb" → who may.  Which tickets and clients somebody sees besides: `Scope`.
RIGHTS: dict[str, frozenset[ConsoleRole]] = {
    "self read": ALL,  # his own name, sessions, preferences
    "self change": ALL,
    "tickets list": DESK,
    "tickets export": DESK,
    "tickets change": DESK,  # several at once
    "ticket read": DESK,
    "ticket write": DESK,  # notes, public and internal
    "ticket change": DESK,  # status, fields, people, time
    "ticket open": DESK,
    "ticket delete": OURS,
    "original read": DESK,  # the .eml and its files
    "explanation read": DESK,
    "views save": DESK,
    "views share": ADMINS,
    "client read": DESK,
    "clients list": OURS,
    "timesheet read": DESK,
    "timesheet of others": ADMINS,
    "policy read": ADMINS,  # templates, rules, statuses, calendars
    "policy change": ADMINS,
    "people read": ADMINS,
    "people change": ADMINS,
    "mail read": ADMINS,  # mailboxes, quarantine, outbox
    "mail change": ADMINS,
    "alerts read": ADMINS,
    "alerts change": ADMINS,
    "audit read": ADMINS,
}


def may(role: ConsoleRole, right: str) -> bool:
    """Whether this role has a right of the table."""
    return role in RIGHTS[right]


@dataclass(frozen=True, slots=True)
class Scope:
    """Which tickets and clients somebody sees: all, or those of one organization."""

    organization_id: int | None = None  # None: of all

    def has(self, ticket: Ticket) -> bool:
        return self.has_client(ticket.organization_id)

    def has_client(self, organization_id: int | None) -> bool:
        return self.organization_id is None or organization_id == self.organization_id


def role_of(person: Person, *, admin: bool) -> ConsoleRole:
    """What a person is; `admin`: the configuration says so of one of his addresses."""
    if admin:
        return ConsoleRole.ADMIN
    if person.role != Role.RESOURCE:
        return ConsoleRole.CONTACT
    return ConsoleRole.RESOURCE if person.organization_id is None else ConsoleRole.CO_MANAGED


def scope_of(person: Person, role: ConsoleRole) -> Scope:
    """Which tickets he sees."""
    return Scope() if role in OURS else Scope(person.organization_id)
