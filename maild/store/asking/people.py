"""Who is who: people with their addresses, and organizations with their domains."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from maild.model import Role
from maild.store.prepared import Asked, Row, Statement
from maild.store.question import Question, among, cases, lowered, param
from maild.store.records import Domain, Organization, Person, PersonAddress
from maild.store.schema import TABLES, columns
from maild.store.types import keyed
from maild.store.unit import Unit

_person, _address = columns(Person), columns(PersonAddress)
_organization, _domain = columns(Organization), columns(Domain)

AT = Question(PersonAddress, _address.address == param("address"))
ADDRESSES = Question(PersonAddress, _address.person_id == param("person"), order=(_address.id,))
RESOURCES = Question(
    Person, (_person.role == Role.RESOURCE) & _person.active, order=(_person.name, _person.id)
)
CONFIGURED = Question(Person, (_person.source == "config") & _person.active)
NAMED = Question(Organization, _organization.name == param("name"))
CALLED = Question(
    Organization, among(sa.func.lower(_organization.name), "names"), order=(_organization.id,)
)
_called = sa.func.lower(sa.func.substr(_person.name, sa.text("1"), sa.text("100")))  # as indexed
NAMESAKES = Question(
    Person,
    among(_called, "names") & _person.active,
    order=(_person.name, _person.id),
    limit=100,  # more tell no more: who comes under the name of one of them is shown apart
)
OWNERS = Question(Domain, among(_domain.domain, "domains"))
DOMAINS = Question(Domain, sa.true(), order=(_domain.domain,))
ORGANIZATIONS = Question(Organization, sa.true(), order=(_organization.name,))


def at(unit: Unit, address: str) -> Person | None:
    """The person whose address (`Address.key`) this is."""
    if not unit.knows(AT, address=address):
        _read(unit, _HOLDERS, [address])
    found = unit.first(AT, address=address)
    return unit.get(Person, found.person_id) if found is not None else None


def at_asked(address: str) -> Asked:
    """What `at` asks the database where nobody was met."""
    return _HOLDERS, {"addresses": [address]}


def address(unit: Unit, key: str) -> PersonAddress | None:
    """The address itself, whoever has it."""
    return unit.first(AT, address=key)


def addresses(unit: Unit, person: Person) -> list[PersonAddress]:
    """All of his, the one that we write to first."""
    return unit.all(ADDRESSES, person=person.id)


def keys(unit: Unit, person: Person) -> list[str]:
    """The same as text."""
    return [row.address for row in addresses(unit, person)]


def email(unit: Unit, person: Person) -> str:
    """The address that we write to."""
    return addresses(unit, person)[0].address


def resources(unit: Unit) -> list[Person]:
    """Every active resource of the desk, by name."""
    return unit.all(RESOURCES)


def organization(unit: Unit, of: Person) -> Organization | None:
    """The organization that he is of."""
    return unit.get(Organization, of.organization_id)


def organization_named(unit: Unit, name: str) -> Organization | None:
    """The organization of exactly this name, active or not."""
    return unit.first(NAMED, name=name)


def organization_called(unit: Unit, name: str, *, former: bool = False) -> Organization | None:
    """The organization of this name; case does not matter.  `former`: perhaps not active."""
    found = unit.all(CALLED, names=sorted(lowered(cases(name.strip()))))
    return next((one for one in found if former or one.active), None)


def namesakes(unit: Unit, name: str) -> list[Person]:
    """The active people of exactly this name, at most a hundred; case does not matter."""
    return unit.all(NAMESAKES, names=sorted({one[:100] for one in lowered(cases(name))}))


def called(unit: Unit, name: str) -> list[Person]:
    """The active people of exactly this name; case does not matter.  None of it: the one word of
    a name that is only one person's."""
    wanted = name.strip().lower()
    if not wanted:
        return []
    exact = namesakes(unit, wanted)
    if exact:
        return exact
    likes = [f"%{one}%" for one in sorted(lowered(cases(wanted)))]
    near = (_adopted(unit, unit.rows(_NAMED_LIKE, like=like)) for like in likes)
    found = {person.id: person for some in near for person in some}
    return [person for person in found.values() if wanted in person.name.lower().split()]


def owner(unit: Unit, domains: Iterable[str]) -> Organization | None:
    """The active organization that owns one of these domains; the longest counts."""
    found = sorted(unit.all(OWNERS, domains=list(domains)), key=lambda d: len(d.domain))
    owners = [unit.get(Organization, domain.organization_id) for domain in found]
    return next((one for one in reversed(owners) if one is not None and one.active), None)


def owner_asked(unit: Unit, domains: Iterable[str]) -> Asked:
    """What `owner` asks the database."""
    return unit.about(OWNERS, domains=list(domains))


def configured(unit: Unit) -> list[Person]:
    """Active people that maild.toml holds, or held."""
    return unit.all(CONFIGURED)


def listed(unit: Unit, role: Role | None = None, most: int | None = None) -> list[Person]:
    """Everybody of this role, or of both, by role and name; read with their addresses at once.

    `most`: where there are more, so many of the newest.
    """
    if most is not None and count(unit, role) > most:
        newest = unit.rows(_NEWEST[role], most=most)
        return _adopted(unit, unit.rows(_BRING, ids=[row[0] for row in newest]))
    return _adopted(unit, unit.rows(_ALL if role is None else _OF_ROLE[role]))


def found(unit: Unit, role: Role, letters: str, most: int) -> list[Person]:
    """The first people of this role, active ones before others, whose name, address or
    organization has these letters."""
    plain = letters.strip().lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    ids = [row[0] for row in unit.rows(_FOUND, role=role, like=f"%{plain}%", most=most)]
    people = {person.id: person for person in _adopted(unit, unit.rows(_BRING, ids=ids))}
    return [people[i] for i in ids]


def count(unit: Unit, role: Role | None = None) -> int:
    """How many people there are of this role, or of both."""
    return int(unit.rows(_COUNT[role])[0][0])


# ---- many at once: what the questions above would ask one by one


def _together(which: sa.Select[tuple[int]]) -> Statement:
    """People with their addresses and organizations, a row an address."""
    person, address, organization = (TABLES[r] for r in (Person, PersonAddress, Organization))
    query = (
        sa.select(person, address, organization)
        .select_from(
            person.join(address, address.c.person_id == person.c.id).outerjoin(
                organization, organization.c.id == person.c.organization_id
            )
        )
        .where(person.c.id.in_(which))
        .order_by(person.c.role.desc(), person.c.name, person.c.id, address.c.id)
    )
    return Statement(query)


_BY_ADDRESS = sa.select(_address.person_id).where(among(_address.address, "addresses"))
_ALL_RESOURCES = sa.select(_person.id).where((_person.role == Role.RESOURCE) & _person.active)
_ALL = _together(sa.select(_person.id))
_OF_ROLE = {
    role: _together(sa.select(_person.id).where(_person.role == role))
    for role in (Role.RESOURCE, Role.CONTACT)
}
_HOLDERS = _together(_BY_ADDRESS)
_MEET = _together(sa.select(_BY_ADDRESS.union_all(_ALL_RESOURCES).subquery().c.person_id))
_NAMED_LIKE = _together(
    sa.select(_person.id)
    .where(_person.active & sa.func.lower(_person.name).like(param("like")))
    .order_by(_person.id)
    .limit(50)
)
_BRING = _together(sa.select(_person.id).where(among(_person.id, "ids")))
_LIKE = param("like", sa.Text())
_FOUND = Statement(
    sa.select(_person.id)
    .where(
        (_person.role == param("role"))
        & (
            sa.func.lower(_person.name).like(_LIKE, escape="\\")
            | _person.id.in_(
                sa.select(_address.person_id).where(_address.address.like(_LIKE, escape="\\"))
            )
            | _person.organization_id.in_(
                sa.select(_organization.id).where(
                    sa.func.lower(_organization.name).like(_LIKE, escape="\\")
                )
            )
        )
    )
    .order_by(_person.active.desc(), sa.func.lower(_person.name), _person.id)
    .limit(param("most", sa.Integer()))
)


def meet(unit: Unit, addresses: Iterable[str]) -> None:
    """Reads at once who has these addresses, and all resources: the people that a mail can be
    about before anybody knows its ticket."""
    people = _read(unit, _MEET, sorted(set(addresses)))
    unit.prime(RESOURCES, [p for p in people if p.role == Role.RESOURCE and p.active])


def meet_asked(addresses: Iterable[str]) -> Asked:
    """What `meet` asks the database."""
    return _MEET, {"addresses": sorted(set(addresses))}


def _read(unit: Unit, statement: Statement, addresses: list[str]) -> list[Person]:
    """The people that a statement gives for these addresses; who has each is known then."""
    people = _adopted(unit, unit.rows(statement, addresses=addresses))
    theirs = {row.address: row for p in people for row in unit.all(ADDRESSES, person=p.id)}
    for key in addresses:
        row = theirs.get(keyed(key))
        unit.prime(AT, [row] if row is not None else [], address=key)
    return people


def _of(query: sa.Select[tuple[int]], role: Role | None) -> sa.Select[tuple[int]]:
    return query if role is None else query.where(_person.role == role)


_NEWEST = {
    role: Statement(
        _of(sa.select(_person.id), role)
        .order_by(_person.id.desc())
        .limit(param("most", sa.Integer()))
    )
    for role in (None, *Role)
}
_COUNT = {
    role: Statement(_of(sa.select(sa.func.count(_person.id)), role)) for role in (None, *Role)
}


def bring(unit: Unit, ids: Iterable[int | None]) -> None:
    """Reads these people at once, as far as they are not known."""
    asked = bring_asked(unit, ids)
    if asked is not None:
        statement, params = asked
        _adopted(unit, unit.rows(statement, **params))


def bring_asked(unit: Unit, ids: Iterable[int | None]) -> Asked | None:
    """What `bring` asks the database; None where it need not."""
    wanted = sorted({i for i in ids if i is not None and not unit.knows(ADDRESSES, person=i)})
    return (_BRING, {"ids": wanted}) if wanted else None


def _adopted(unit: Unit, rows: Iterable[Row]) -> list[Person]:
    """The people of these rows, in their order; their addresses need not be asked for any more."""
    cut, end = len(_person), len(_person) + len(_address)
    found: dict[int, tuple[Person, list[PersonAddress]]] = {}
    for row in rows:
        person = unit.adopt(Person, row[:cut])
        found.setdefault(person.id, (person, []))[1].append(unit.adopt(PersonAddress, row[cut:end]))
        if row[end] is not None:
            unit.adopt(Organization, row[end:])
    for person, theirs in found.values():
        unit.prime(ADDRESSES, theirs, person=person.id)
    return [person for person, _ in found.values()]
