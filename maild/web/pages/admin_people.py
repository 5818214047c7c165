"""People and organizations on a screen: looked for, added, changed, with what was changed when."""

from __future__ import annotations

from typing import Any, TypeVar

from starlette.responses import Response

from maild.desk import people
from maild.desk.people import Change
from maild.errors import NotFound, UsageError
from maild.i18n import sentence
from maild.model import Role
from maild.store.asking import clients as asking_clients
from maild.store.asking import console as asking
from maild.store.asking import people as asking_people
from maild.store.records import Organization, Person
from maild.store.unit import Unit
from maild.web.site import action, page
from maild.web.visit import Visit
from maild.zones import zone_names

SCREENFUL = 200
Named = TypeVar("Named", Person, Organization)
NEW = "new"
ROLES = (Role.RESOURCE, Role.CONTACT)


# ---- people


@page("/admin/people", "people read")
def listed(visit: Visit) -> Response:
    """Technicians, or contacts, whose name, address or organization has the letters."""
    role = Role.CONTACT if visit.query("role") == Role.CONTACT else Role.RESOURCE
    found = asking_people.found(visit.unit, role, visit.query("q"), SCREENFUL)
    rows = [
        (p, asking_people.addresses(visit.unit, p), asking_people.organization(visit.unit, p))
        for p in found
    ]
    return visit.page(
        "admin-people.html",
        rows=rows,
        role=role,
        counts=[(one, asking_people.count(visit.unit, one)) for one in ROLES],
        admins=visit.console.admins,
        cut=len(found) == SCREENFUL,
    )


@page("/admin/people/{id}", "people read")
def person(visit: Visit) -> Response:
    """One of them, to change; `new`: nobody yet."""
    return _person(visit, _found(visit, visit.unit))


def _found(visit: Visit, unit: Unit) -> Person | None:
    return _in_path(visit, unit, Person, sentence("There is nobody like that here."))


def _in_path(visit: Visit, unit: Unit, kind: type[Named], missing: str) -> Named | None:
    """Which one the address names; None where it is to be a new one."""
    if visit.path("id") == NEW:
        return None
    found = unit.get(kind, visit.number_in_path("id"))
    if found is None:
        raise NotFound(missing)
    return found


def _person(visit: Visit, found: Person | None, problem: str = "", status: int = 200) -> Response:
    addresses = asking_people.addresses(visit.unit, found) if found else []
    return visit.page(
        "admin-person.html",
        status=status,
        person=found,
        values=_typed(visit) if problem else _values(visit, found),
        addresses=addresses,
        problem=problem,
        fixed=found is not None and found.source == "config",
        organizations=[o.name for o in asking_clients.some(visit.unit, None, 1000)],
        languages=visit.console.look.languages,
        zones=zone_names(),
        history=_history(visit, f"person {found.id}") if found else [],
    )


FIELDS = ("name", "email", "role", "organization", "language", "timezone", "active")


def _typed(visit: Visit) -> dict[str, str]:
    return {name: visit.field(name) for name in FIELDS}


def _values(visit: Visit, found: Person | None) -> dict[str, str]:
    if found is None:
        role = Role.CONTACT if visit.query("role") != Role.RESOURCE else Role.RESOURCE
        return dict.fromkeys(FIELDS, "") | {"role": role, "active": "1"}
    organization = asking_people.organization(visit.unit, found)
    return {
        "name": found.name,
        "email": "",
        "role": found.role,
        "organization": organization.name if organization else "",
        "language": found.language or "",
        "timezone": found.timezone or "",
        "active": "1" if found.active else "",
    }


def _history(visit: Visit, about: str) -> list[Any]:
    return visit.unit.all(asking.AUDIT_OF, about=about)


@action("/admin/people/{id}", "people change")
def put_person(visit: Visit) -> Response:
    """Adds or changes somebody; where something is wrong, all that was typed is still there."""
    try:
        number = visit.keep(lambda unit: _put_person(visit, unit))
    except (UsageError, NotFound) as error:
        with visit.looking() as unit:
            return _person(visit, _found(visit, unit), visit.words.write(error.message), 422)
    return visit.to(f"/admin/people/{number}")


def _put_person(visit: Visit, unit: Unit) -> int:
    found = _found(visit, unit)
    if visit.field("do").startswith("take "):
        assert found is not None
        address = visit.field("do").removeprefix("take ")
        people.take_address(unit, found, address)
        what: str = sentence("took the address {address} away", address=address)
    elif found is None:
        found, what = (
            people.add(unit, visit.field("email"), _change(visit), visit.now),
            sentence("added"),
        )
    else:
        what = _altered(visit, unit, found)
    visit.note_down(unit, what, f"person {found.id}", name=found.name)
    return found.id


def _change(visit: Visit) -> Change:
    typed = _typed(visit)
    if not typed["name"].strip():
        raise UsageError(sentence("A name is needed."))
    return Change(
        name=typed["name"].strip(),
        role=Role.RESOURCE if typed["role"] == Role.RESOURCE else Role.CONTACT,
        organization=typed["organization"].strip(),
        language=typed["language"],
        timezone=typed["timezone"].strip(),
        active=typed["active"] == "1",
    )


def _altered(visit: Visit, unit: Unit, found: Person) -> str:
    """Changes somebody; what was changed, as the audit says it."""
    if visit.field("do") == "release":
        people.alter(unit, found, Change(release=True))
        return sentence("let mail go to held addresses again")
    before = _values_of(unit, found)
    extra = (visit.field("email").strip(),) if visit.field("email").strip() else ()
    wanted = _change(visit)
    for address in extra:
        people.new_address(unit, found, address)
    people.alter(unit, found, wanted)
    after = _values_of(unit, found)
    changed = [
        f"{name}: {before[name]} → {after[name]}" for name in after if after[name] != before[name]
    ]
    changed += [f"address: {address}" for address in extra]
    return (
        sentence("changed {values:; }", values=changed) if changed else sentence("changed nothing")
    )


def _values_of(unit: Unit, found: Person) -> dict[str, str]:
    organization = asking_people.organization(unit, found)
    return {
        "name": found.name,
        "role": str(found.role),
        "organization": organization.name if organization else "–",
        "language": found.language or "–",
        "time zone": found.timezone or "–",
        "active": "yes" if found.active else "no",
    }


# ---- organizations


@page("/admin/organizations", "people read")
def organizations(visit: Visit) -> Response:
    """Every organization, and which domains mean it."""
    found = asking_clients.numbers(visit.unit, visit.query("q"))
    domains: dict[int, list[str]] = {}
    for domain in visit.unit.all(asking_people.DOMAINS):
        domains.setdefault(domain.organization_id, []).append(domain.domain)
    return visit.page("admin-organizations.html", found=found, domains=domains)


@page("/admin/organizations/{id}", "people read")
def organization(visit: Visit) -> Response:
    """One of them, to change; `new`: none yet."""
    return _organization(visit, _client(visit, visit.unit))


def _client(visit: Visit, unit: Unit) -> Organization | None:
    return _in_path(visit, unit, Organization, sentence("There is no such organization."))


def _organization(
    visit: Visit, found: Organization | None, problem: str = "", status: int = 200
) -> Response:
    values = {"name": "", "domains": "", "active": "1"}
    if problem:
        values = {name: visit.field(name) for name in values}
    elif found is not None:
        domains = asking_clients.domains(visit.unit, found.id)
        values = {
            "name": found.name,
            "domains": "\n".join(domains),
            "active": "1" if found.active else "",
        }
    in_file = [one.name for one in visit.console.app.settings.config.organization]
    return visit.page(
        "admin-organization.html",
        status=status,
        organization=found,
        values=values,
        problem=problem,
        fixed=found is not None and found.name in in_file,
        history=_history(visit, f"organization {found.id}") if found else [],
    )


@action("/admin/organizations/{id}", "people change")
def put_organization(visit: Visit) -> Response:
    """Adds or changes one; where something is wrong, all that was typed is still there."""
    try:
        number = visit.keep(lambda unit: _put_organization(visit, unit))
    except (UsageError, NotFound) as error:
        with visit.looking() as unit:
            return _organization(visit, _client(visit, unit), visit.words.write(error.message), 422)
    return visit.to(f"/admin/organizations/{number}")


def _put_organization(visit: Visit, unit: Unit) -> int:
    name, domains = visit.field("name").strip(), visit.field("domains").split()
    if not name:
        raise UsageError(sentence("A name is needed."))
    found = _client(visit, unit)
    if found is None:
        if asking_people.organization_named(unit, name) is not None:
            raise UsageError(sentence('The name "{name}" is taken, or empty.', name=name))
        found, what = people.put_organization(unit, name, domains, active=True), sentence("added")
    else:
        what = sentence("changed {values:; }", values=[name, *domains])
        people.alter_organization(unit, found, name, domains, active=visit.field("active") == "1")
    visit.note_down(unit, what, f"organization {found.id}", name=name)
    return found.id
