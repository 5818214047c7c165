"""Who may what in the console: one table, which a test fetches cell by cell."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from maild import model
from maild.store.records import Person, Ticket


class Role(StrEnum):
    """What somebody is in the console."""

    ADMIN = "admin"
    RESOURCE = "resource"
    CO_MANAGED = "co-managed"  # a resource of a client: its tickets only
    CONTACT = "contact"


DESK = frozenset({Role.ADMIN, Role.RESOURCE, Role.CO_MANAGED})
OURS = frozenset({Role.ADMIN, Role.RESOURCE})
ADMINS = frozenset({Role.ADMIN})
ALL = frozenset(Role)

# "object verb" → who may.  Which tickets and clients somebody sees besides: `Scope`.
RIGHTS: dict[str, frozenset[Role]] = {
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


def may(role: Role, right: str) -> bool:
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


def role_of(person: Person, *, admin: bool) -> Role:
    """What a person is; `admin`: the configuration says so of one of his addresses."""
    if admin:
        return Role.ADMIN
    if person.role != model.Role.RESOURCE:
        return Role.CONTACT
    return Role.RESOURCE if person.organization_id is None else Role.CO_MANAGED


def scope_of(person: Person, role: Role) -> Scope:
    """Which tickets he sees."""
    return Scope() if role in OURS else Scope(person.organization_id)
