"""Who is who: people and organizations, from maild.toml and learned by mail (R3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from maild.config import Config, ContactSection, ResourceSection
from maild.errors import NotFound, Refused, UsageError
from maild.model import Address
from maild.store.tables import Domain, Organization, Person, PersonAddress

# Domains of mail providers: they say nothing about an organization.
PUBLIC_DOMAINS = frozenset(
    (Path(__file__).parent / "public_domains.txt").read_text("utf-8").split()
)


def by_address(session: Session, address: Address) -> Person | None:
    """The person whose address this is; case and the domain's writing do not matter."""
    return session.scalar(
        sa.select(Person).join(PersonAddress).where(PersonAddress.address == address.key)
    )


def organization_of(session: Session, domain: str) -> Organization | None:
    """The organization that owns this mail domain or one above it; never a public one."""
    labels = domain.split(".")
    above = [".".join(labels[i:]) for i in range(len(labels) - 1)]
    if domain in PUBLIC_DOMAINS or not above:
        return None
    rows = session.execute(
        sa.select(Domain.domain, Organization)
        .join(Organization, Organization.id == Domain.organization_id)
        .where(Domain.domain.in_(above), Organization.active)
    ).all()
    return max(rows, key=lambda row: len(row[0]))[1] if rows else None


def organization_named(session: Session, name: str) -> Organization | None:
    """The active organization of this name; case does not matter."""
    query = sa.select(Organization).where(
        sa.func.lower(Organization.name) == name.strip().lower(), Organization.active
    )
    return session.scalar(query.limit(1))


def is_ours(config: Config, address: str) -> bool:
    """Whether mail to this address would come back to us; a plus detail does not matter (H32)."""
    ours = {Address("", config.desk.address).key}
    logins = (m.username or "" for m in config.mailbox)
    ours |= {Address("", login).key for login in logins if "@" in login}
    key = Address("", address).key
    local, _, domain = key.rpartition("@")
    return key in ours or f"{local.partition('+')[0]}@{domain}" in ours


def learn(session: Session, address: Address, now: datetime) -> Person:
    """A new contact by his first mail, of the organization whose domain he writes from."""
    person = Person(
        name=address.name or address.address.partition("@")[0],
        role="contact",
        source="mail",
        created=now,
        organization=organization_of(session, address.domain),
        addresses=[PersonAddress(address=address.key)],
    )
    session.add(person)
    session.flush()
    return person


def resource_named(session: Session, name: str) -> Person | None:
    """The one active resource that a name, a part of it or an address means; None if unclear."""
    wanted = name.strip().lower()
    found = [
        person
        for person in session.scalars(
            sa.select(Person).where(Person.role == "resource", Person.active)
        )
        if wanted in (person.name.lower(), person.email, *person.name.lower().split())
        or wanted == person.email.partition("@")[0]
    ]
    return found[0] if len(found) == 1 else None


def sync(session: Session, config: Config, now: datetime) -> None:
    """Brings the people of maild.toml into the one table; who left the file loses his rights."""
    for section in config.organization:
        organization = session.scalar(
            sa.select(Organization).where(Organization.name == section.name)
        ) or Organization(name=section.name, fields={})
        session.add(organization)
        session.flush()
        for key in section.domain_keys():
            session.merge(Domain(domain=key, organization_id=organization.id))
    session.flush()
    named = [_sync_person(session, section, "resource", now) for section in config.resource]
    named += [_sync_person(session, section, "contact", now) for section in config.contact]
    gone = sa.select(Person).where(Person.source == "config", Person.active)
    for person in session.scalars(gone):
        if person not in named:
            person.active = False


def _sync_person(
    session: Session, section: ResourceSection | ContactSection, role: str, now: datetime
) -> Person:
    person = by_address(session, Address("", section.email))
    if person is None:
        person = Person(created=now, addresses=[], fields={})
        session.add(person)
    person.name, person.role, person.source = section.name, role, "config"
    person.active, person.language = section.active, section.language
    if isinstance(section, ContactSection):
        person.timezone = section.timezone
        person.organization = (
            session.scalar(sa.select(Organization).where(Organization.name == section.organization))
            if section.organization
            else organization_of(session, Address("", section.email).domain)
        )
    give_addresses(session, person, section.all_addresses())
    return person


# ---- changing them


def give_addresses(session: Session, person: Person, keys: Iterable[str]) -> None:
    """Makes these addresses his; one that was learned for somebody else moves over to him."""
    for key in keys:
        owned = session.scalar(sa.select(PersonAddress).where(PersonAddress.address == key))
        if owned is None:
            person.addresses.append(PersonAddress(address=key))
        elif owned.person is not person:
            owned.person = person
    session.flush()


def the_person(session: Session, address: str) -> Person:
    """The person with this address; NotFound where there is none."""
    person = by_address(session, Address("", address))
    if person is None:
        raise NotFound(f"Nobody has the address {address}. `maild people list` shows who there is.")
    return person


def the_organization(session: Session, name: str) -> Organization:
    """The organization of this name; NotFound where there is none."""
    found = organization_named(session, name)
    if found is None:
        raise NotFound(
            f'There is no organization "{name}"; `maild people organization "{name}"` makes it.'
        )
    return found


def put_organization(
    session: Session, name: str, domains: Iterable[str] = (), active: bool | None = None
) -> Organization:
    """Makes or changes an organization; UsageError for a domain that says nothing of it."""
    found = organization_named(session, name) or session.scalar(
        sa.select(Organization).where(Organization.name == name)
    )
    if found is None:
        found = Organization(name=name, fields={}, active=True)
        session.add(found)
        session.flush()
    if active is not None:
        found.active = active
    for domain in domains:
        key = Address("", f"x@{domain.strip().lstrip('@')}").domain
        if key in PUBLIC_DOMAINS or "." not in key:
            raise UsageError(f"{domain} belongs to everybody; it cannot mean an organization.")
        session.merge(Domain(domain=key, organization_id=found.id))
    session.flush()
    return found


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be different about a person; None: as it is."""

    name: str | None = None
    role: str | None = None  # resource | contact
    organization: str | None = None  # "": none
    aliases: tuple[str, ...] = ()  # further addresses
    language: str | None = None
    timezone: str | None = None
    active: bool | None = None
    release: bool = False  # write to his addresses again


def add(session: Session, email: str, change: Change, now: datetime) -> Person:
    """A new person; UsageError where the address is taken or none."""
    key = _key(email)
    if by_address(session, Address("", key)) is not None:
        raise UsageError(f"{email} is somebody's already; use `maild people change {email}`.")
    person = Person(
        name=change.name or key.partition("@")[0],
        role=change.role or "contact",
        active=True,
        source="cli",
        created=now,
        fields={},
        addresses=[PersonAddress(address=key)],
        organization=None,
    )
    session.add(person)
    session.flush()
    if change.organization is None and person.role == "contact":
        person.organization = organization_of(session, key.rpartition("@")[2])
    return alter(session, person, change)


def alter(session: Session, person: Person, change: Change) -> Person:
    """Changes a person; Refused for one whom maild.toml holds: the file would win again."""
    if person.source == "config" and change != Change(release=change.release):
        raise Refused(f"{person.name} stands in maild.toml; change him there.")
    for field in ("name", "role", "language", "timezone", "active"):
        value = getattr(change, field)
        if value is not None:
            setattr(person, field, value)
    if change.role is not None and person.source == "mail":
        person.source = "cli"
    if change.organization is not None:
        person.organization = (
            the_organization(session, change.organization) if change.organization else None
        )
    if change.release:
        for address in person.addresses:
            address.held, address.bounces = None, 0
    give_addresses(session, person, [_key(alias) for alias in change.aliases])
    return person


def _key(email: str) -> str:
    key = Address("", email).key
    local, at, domain = key.rpartition("@")
    if not (local and at and domain) or any(c.isspace() or c in '<>,;"' for c in key):
        raise UsageError(f"{email} is no mail address; write one like ann@acme.example.")
    return key
