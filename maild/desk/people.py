"""Who is who: people and organizations, from maild.toml and learned by mail (R3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path

from maild.config import Config, ContactSection, PartnerSection, ResourceSection
from maild.desk import absence, names
from maild.errors import NotFound, Refused, UsageError
from maild.i18n import sentence
from maild.model import Address, Role, is_sendable
from maild.store import asking
from maild.store.records import Domain, Organization, Person, PersonAddress
from maild.store.unit import Unit
from maild.zones import is_zone

FORMER = "addresses"  # key of the setting: all that were ever the desk's
CALLED = "names"  # the same of what the desk and its mailboxes are called

# Domains of mail providers: they say nothing about an organization.
PUBLIC_DOMAINS = frozenset(
    (Path(__file__).parent / "public_domains.txt").read_text("utf-8").split()
)


def by_address(unit: Unit, address: Address) -> Person | None:
    """The person whose address this is; case and the domain's writing do not matter."""
    return asking.people.at(unit, address.key)


def organization_of(unit: Unit, domain: str) -> Organization | None:
    """The organization that owns this mail domain or one above it; never a public one."""
    above = owned_above(domain)
    return asking.people.owner(unit, above) if above else None


def owned_above(domain: str) -> list[str]:
    """The mail domain and those above it that an organization may own; none of a public one."""
    labels = domain.split(".")
    above = [".".join(labels[i:]) for i in range(len(labels) - 1)]
    return [] if domain in PUBLIC_DOMAINS else above


def is_ours(unit: Unit, config: Config, address: str) -> bool:
    """Whether mail to this address comes to the desk, or did when the address was the desk's; a
    plus detail does not matter (H32)."""
    key, known = Address("", address).key, ours(unit, config)
    local, _, domain = key.rpartition("@")
    return key in known or f"{local.partition('+')[0]}@{domain}" in known


def ours(unit: Unit, config: Config) -> frozenset[str]:
    """The desk's addresses, present and former, as they are compared."""
    return config.addresses | _former(unit, config)


def _former(unit: Unit, config: Config) -> frozenset[str]:
    """Addresses that maild.toml gave the desk once, but for those that a person has by now."""
    known: frozenset[str] | None = unit.lasting.get(FORMER)
    if known is None:
        kept = asking.settings.kept(unit, FORMER) or {}
        known = unit.lasting[FORMER] = frozenset(kept.get("addresses", ()))
    return known - config.of_people


def _remember_addresses(unit: Unit, config: Config) -> None:
    """What the desk is called now is known as its own when it is called otherwise."""
    known = _former(unit, config)
    if not config.addresses <= known:
        everything = known | config.addresses
        asking.settings.keep(unit, FORMER, {"addresses": sorted(everything)})
        unit.lasting.pop(FORMER, None)


def _remember_names(unit: Unit, config: Config) -> None:
    """What the desk and its mailboxes are called, for `learn`."""
    fronts = (*config.mailbox, *config.alias)
    called = sorted({config.desk.name, *(front.sender for front in fronts if front.sender)})
    if asking.settings.kept(unit, CALLED) != {"names": called}:
        asking.settings.keep(unit, CALLED, {"names": called})
        unit.lasting.pop(CALLED, None)


def is_admin(unit: Unit, config: Config, person: Person) -> bool:
    """Whether the configuration names him an admin: in `[desk] admins`, or `admin` of his own."""
    named = {Address("", text).key for text in config.desk.admins}
    own = (section for section in config.resource if getattr(section, "admin", False))
    named |= {Address("", section.email).key for section in own}
    return bool(named & set(asking.people.keys(unit, person)))


def only_client(unit: Unit, config: Config, person: Person | None) -> int | None:
    """The organization whose tickets alone a resource sees: a client's own technicians; None: all
    of them."""
    if person is None or person.role != Role.RESOURCE or person.organization_id is None:
        return None
    return None if is_admin(unit, config, person) else person.organization_id


def learn(unit: Unit, address: Address, now: datetime) -> Person:
    """A new contact by his first mail, of the organization whose domain he writes from.

    A name that is a link or somebody else's is not his: it is kept with its address (H94).
    """
    owner = organization_of(unit, address.domain)
    return _put(
        unit,
        Person(
            name=_own_name(unit, address),
            role=Role.CONTACT,
            source="mail",
            created=now,
            organization_id=owner.id if owner else None,
        ),
        address.key,
    )


def _own_name(unit: Unit, address: Address) -> str:
    """The display name, if it is his alone and no link."""
    name = names.given(address)
    before_at = address.address.partition("@")[0]
    link = names.is_link(name) and name != before_at
    if link or _is_the_desks(unit, name) or _is_anothers(unit, name):
        return names.apart(name, address.address)
    return name


def _is_the_desks(unit: Unit, name: str) -> bool:
    """Whether it makes one think of the desk, as it or a mailbox of its is called."""
    called: tuple[str, ...] | None = unit.lasting.get(CALLED)
    if called is None:
        kept = asking.settings.kept(unit, CALLED) or {}
        called = unit.lasting[CALLED] = tuple(kept.get("names", ()))
    return names.is_the_desks(name) or any(names.is_called(name, own) for own in called)


def _is_anothers(unit: Unit, name: str) -> bool:
    """Whether it makes one think of a resource, or is a contact's."""
    if any(names.is_called(name, resource.name) for resource in asking.people.resources(unit)):
        return True
    return bool(asking.people.namesakes(unit, name))


def _set_apart(unit: Unit, person: Person) -> None:
    """Who came by mail under this person's name is from now on shown with his address."""
    for other in asking.people.namesakes(unit, person.name):
        if other is not person and other.source == "mail":
            unit.change(other, name=names.apart(other.name, asking.people.email(unit, other)))


def _put(unit: Unit, person: Person, address: str) -> Person:
    unit.add(person)
    unit.add(PersonAddress(person_id=person.id, address=address))
    return person


def resource_named(unit: Unit, name: str, among: Iterable[Person] | None = None) -> Person | None:
    """The one active resource that a name, a part of it or an address means, of all or of these;
    None if unclear."""
    wanted = name.strip().lower()
    known = asking.people.resources(unit) if among is None else among
    found = [p for p in known if wanted in _names(unit, p)]
    return found[0] if len(found) == 1 else None


def with_title(unit: Unit, config: Config, title: str) -> list[Person]:
    """The active resources who bear this title in maild.toml."""
    wanted = " ".join(title.split()).casefold()
    bear = (
        s for s in config.resource if s.title and " ".join(s.title.split()).casefold() == wanted
    )
    keys = {key for section in bear for key in section.all_addresses()}
    return [p for p in asking.people.resources(unit) if asking.people.email(unit, p) in keys]


def _names(unit: Unit, person: Person) -> tuple[str, ...]:
    """What a resource is called: his name, each word of it, his address, what is before its @."""
    name, email = person.name.lower(), asking.people.email(unit, person)
    return (name, *name.split(), email, email.partition("@")[0])


def sync(unit: Unit, config: Config, now: datetime) -> None:
    """Brings the people of maild.toml into the one table; who left the file loses his rights."""
    for section in config.organization:
        organization = asking.people.organization_named(unit, section.name)
        if organization is None:
            organization = unit.add(Organization(name=section.name))
        for key in section.domain_keys():
            _give_domain(unit, key, organization)
    named = [_sync_person(unit, section, Role.RESOURCE, now) for section in config.resource]
    for resource in config.resource:
        _sync_absence(unit, config, resource)
    named += [_sync_person(unit, section, Role.CONTACT, now) for section in config.contact]
    named += [_sync_partner(unit, section, now) for section in config.partner]
    for person in asking.people.configured(unit):
        if person not in named:
            unit.change(person, active=False)
    _remember_addresses(unit, config)
    _remember_names(unit, config)


def _sync_person(
    unit: Unit, section: ResourceSection | ContactSection, role: Role, now: datetime
) -> Person:
    person = by_address(unit, Address("", section.email))
    if person is None:
        person = unit.add(Person(name=section.name, role=role, created=now))
    unit.change(
        person,
        name=section.name,
        role=role,
        source="config",
        active=section.active,
        language=section.language,
    )
    if isinstance(section, ContactSection):
        organization = (
            asking.people.organization_named(unit, section.organization)
            if section.organization
            else organization_of(unit, Address("", section.email).domain)
        )
        unit.change(
            person,
            timezone=section.timezone,
            organization_id=organization.id if organization else None,
        )
    else:  # of a client: a co-managed technician
        of = section.organization
        client = asking.people.organization_named(unit, of) if of else None
        unit.change(person, organization_id=client.id if client else None)
    give_addresses(unit, person, section.all_addresses())
    _set_apart(unit, person)
    return person


def _sync_partner(unit: Unit, section: PartnerSection, now: datetime) -> Person:
    """Another desk is a contact: of the tickets that it shares with us."""
    known = {"name": section.name, "email": section.address, "organization": section.organization}
    contact = ContactSection.model_validate({**known, "language": section.language})
    return _sync_person(unit, contact, Role.CONTACT, now)


def _sync_absence(unit: Unit, config: Config, section: ResourceSection) -> None:
    """That he is away, where the file says so; what he said by mail stays otherwise."""
    person = by_address(unit, Address("", section.email))
    if section.away_until is None or person is None:
        return
    stand_in = by_address(unit, Address("", section.stand_in)) if section.stand_in else None
    until = datetime.combine(section.away_until, time(0), config.desk.zone)
    absence.leave(unit, person, until, stand_in)


# ---- changing them


def give_addresses(unit: Unit, person: Person, keys: Iterable[str]) -> None:
    """Makes these addresses his; one that was learned for somebody else moves over to him."""
    for key in keys:
        owned = asking.people.address(unit, key)
        if owned is None:
            unit.add(PersonAddress(person_id=person.id, address=key))
        else:
            unit.change(owned, person_id=person.id)


def _give_domain(unit: Unit, key: str, organization: Organization) -> None:
    owned = unit.get(Domain, key)
    if owned is None:
        unit.add(Domain(domain=key, organization_id=organization.id))
    else:
        unit.change(owned, organization_id=organization.id)


def the_person(unit: Unit, address: str) -> Person:
    """The person with this address; NotFound where there is none."""
    person = by_address(unit, Address("", address))
    if person is None:
        raise NotFound(f"Nobody has the address {address}. `maild people list` shows who there is.")
    return person


def the_organization(unit: Unit, name: str) -> Organization:
    """The organization of this name; NotFound where there is none."""
    found = asking.people.organization_called(unit, name)
    if found is None:
        raise NotFound(
            sentence(
                'There is no organization "{name}"; add it first: `maild people organization '
                '"{name}"`.',
                name=name,
            )
        )
    return found


def put_organization(
    unit: Unit, name: str, domains: Iterable[str] = (), active: bool | None = None
) -> Organization:
    """Makes or changes an organization; UsageError for a domain that says nothing of it."""
    found = asking.people.organization_called(unit, name)
    found = found or asking.people.organization_named(unit, name)
    if found is None:
        found = unit.add(Organization(name=name))
    if active is not None:
        unit.change(found, active=active)
    for key in map(mail_domain, domains):
        _give_domain(unit, key, found)
    return found


def alter_organization(
    unit: Unit, found: Organization, name: str, domains: Iterable[str], *, active: bool
) -> None:
    """Makes this all that is said of an organization: a domain that is not named is its no more.

    UsageError for a name that another one has, and for a domain that says nothing of it.
    """
    wanted = name.strip()
    other = asking.people.organization_named(unit, wanted)
    if not wanted or (other is not None and other.id != found.id):
        raise UsageError(sentence('The name "{name}" is taken, or empty.', name=wanted))
    keys = [mail_domain(domain) for domain in domains]
    unit.change(found, name=wanted, active=active)
    for domain in unit.all(asking.people.DOMAINS):
        if domain.organization_id == found.id and domain.domain not in keys:
            unit.delete(domain)
    for key in keys:
        _give_domain(unit, key, found)


def mail_domain(text: str) -> str:
    """The mail domain as it is compared; UsageError for one that is anybody's."""
    key = Address("", f"x@{text.strip().lstrip('@')}").domain
    if "." not in key.strip(".") or not is_sendable(f"x@{key}"):
        raise UsageError(
            sentence("{domain} is no mail domain; write one like acme.example.", domain=text)
        )
    if key in PUBLIC_DOMAINS:
        raise UsageError(
            sentence("{domain} belongs to everybody; it cannot mean an organization.", domain=text)
        )
    return key


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be different about a person; None: as it is."""

    name: str | None = None
    role: Role | None = None  # resource | contact
    organization: str | None = None  # "": none
    aliases: tuple[str, ...] = ()  # further addresses
    language: str | None = None
    timezone: str | None = None
    active: bool | None = None
    release: bool = False  # write to his addresses again


def add(unit: Unit, email: str, change: Change, now: datetime) -> Person:
    """A new person; UsageError where the address is taken or none."""
    key = address_key(email)
    if by_address(unit, Address("", key)) is not None:
        raise UsageError(
            sentence("{email} is somebody's already; change that person instead.", email=email)
        )
    person = _put(
        unit,
        Person(
            name=change.name or key.partition("@")[0],
            role=Role(change.role or Role.CONTACT),
            source="cli",
            created=now,
        ),
        key,
    )
    if change.organization is None and person.role == Role.CONTACT:
        owner = organization_of(unit, key.rpartition("@")[2])
        unit.change(person, organization_id=owner.id if owner else None)
    return alter(unit, person, change)


def alter(unit: Unit, person: Person, change: Change) -> Person:
    """Changes a person; Refused for one whom maild.toml holds: the file would win again; UsageError
    for a time zone that is none."""
    if person.source == "config" and change != Change(release=change.release):
        raise Refused(sentence("{name} stands in maild.toml; change that there.", name=person.name))
    if change.timezone and not is_zone(change.timezone):
        raise UsageError(
            sentence('"{text}" is no time zone; write it like Europe/Berlin.', text=change.timezone)
        )
    plain = {f: getattr(change, f) for f in ("name", "role", "language", "timezone", "active")}
    unit.change(person, **{f: value for f, value in plain.items() if value is not None})
    if change.role is not None and person.source == "mail":
        unit.change(person, source="cli")
    if change.organization is not None:
        organization = the_organization(unit, change.organization) if change.organization else None
        unit.change(person, organization_id=organization.id if organization else None)
    if change.release:
        for address in asking.people.addresses(unit, person):
            unit.change(address, held=None, bounces=0)
    give_addresses(unit, person, [address_key(alias) for alias in change.aliases])
    return person


def new_address(unit: Unit, person: Person, email: str) -> None:
    """Gives somebody a further address; UsageError where it is a colleague's, or another's whom
    nobody learned by a mail alone."""
    key = address_key(email)
    holder = by_address(unit, Address("", key))
    if holder is not None and holder is not person and holder.source != "mail":
        raise UsageError(
            sentence("{email} is somebody's already; change that person instead.", email=email)
        )
    give_addresses(unit, person, [key])


def take_address(unit: Unit, person: Person, address: str) -> None:
    """Makes an address his no more; Refused where it is his only one, or maild.toml gives it."""
    theirs = asking.people.addresses(unit, person)
    row = next((row for row in theirs if row.address == address), None)
    if row is None:
        return
    if person.source == "config":
        raise Refused(sentence("{name} stands in maild.toml; change that there.", name=person.name))
    if len(theirs) == 1:
        raise Refused(
            sentence("{address} is the only address; add another first.", address=address)
        )
    unit.delete(row)


def address_key(email: str) -> str:
    """The address as it is compared; UsageError for what is none."""
    key = Address("", email).key
    if not is_sendable(key):
        raise UsageError(
            sentence("{email} is no mail address; write one like ann@acme.example.", email=email)
        )
    return key
