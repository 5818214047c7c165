"""Who is who: people and organizations, from maild.toml and learned by mail (R3)."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from maild.config import Config, ContactSection, ResourceSection
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
        for domain in section.domains:
            key = Address("", f"x@{domain}").domain
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
    keys = [Address("", a).key for a in (section.email, *section.aliases)]
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
    have = {a.address for a in person.addresses}
    person.addresses.extend(PersonAddress(address=key) for key in keys if key not in have)
    session.flush()
    return person
