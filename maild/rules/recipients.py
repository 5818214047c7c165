"""Whom a rule means: roles, groups, names, addresses, and the turns that people take (R7)."""

from __future__ import annotations

from maild.desk import people, reach, sides
from maild.desk.desk import Desk
from maild.desk.notify import Recipient
from maild.desk.profile import named
from maild.desk.roles import ROLES, resolve
from maild.errors import UsageError
from maild.i18n import sentence
from maild.model import Address, Role
from maild.rules.context import Context
from maild.store import asking
from maild.store.records import Person, Ticket

TURNS = ("round robin", "least loaded")
OR_NOBODY = "or nobody"  # behind a name that may be empty, or of somebody who is gone
OTHER_SIDE = "other side"  # whoever hears of the other side's ticket of a shared one
SPECIAL = (
    "author",
    OTHER_SIDE,
    "on-call",
    "nobody",
    "holders",
    "receivers",
    "added",
    "writer",
    *TURNS,
)


def assignee(context: Context, who: str) -> Person | None:
    """The resource that `assign` names; None where nobody answers to it (nobody is on call …).

    UsageError where a name means no resource at all.
    """
    word = " ".join(str(who).split())
    turn, of, group = word.partition(" of ")
    if word == "author":
        return context.by if context.by is not None and context.by.role == Role.RESOURCE else None
    if word == "on-call":
        return on_call(context.desk)
    if may_be_nobody(who):
        return people.resource_named(context.desk.unit, word.removesuffix(OR_NOBODY))
    if turn in TURNS:
        everybody = asking.people.resources(context.desk.unit)
        candidates = members(context.desk, group) if of else everybody
        candidates = _of_ticket(context, candidates)
        chosen = _next_in_turn if turn == "round robin" else _least_loaded
        return chosen(context.desk, candidates, group) if candidates else None
    return resource(context.desk, word)


def _of_ticket(context: Context, candidates: list[Person]) -> list[Person]:
    """Those whom the ticket can be given to: a client's own technicians have its tickets alone."""
    desk, ticket = context.desk, context.ticket
    if ticket is None:
        return candidates
    return [p for p in candidates if reach.may_have(desk.unit, desk.settings.config, p, ticket)]


def may_be_nobody(who: str) -> bool:
    """Whether `assign` is to leave the ticket to nobody where the name means nobody."""
    return " ".join(str(who).split()).endswith(OR_NOBODY)


def resource(desk: Desk, name: str) -> Person:
    """The resource of this name or address; UsageError where there is none, or more than one."""
    found = people.resource_named(desk.unit, name)
    if found is None:
        raise UsageError(f'There is no resource, or more than one, called "{name}".')
    return found


def on_call(desk: Desk) -> Person | None:
    """Who has the rota's turn now; None where nobody has."""
    name = desk.profile.on_call.person(desk.now.astimezone(desk.settings.config.desk.zone))
    return resource(desk, name) if name else None


def members(desk: Desk, group: str) -> list[Person]:
    """The resources of a group of the profile."""
    found = (people.resource_named(desk.unit, name) for name in _listed(desk, group))
    return [person for person in found if person is not None]


def _listed(desk: Desk, group: str) -> tuple[str, ...]:
    """Who stands in a group, as it is written; the admins are told where that is nobody."""
    group = named(group, desk.profile.groups, "group")
    if not desk.profile.groups[group]:
        desk.alert(
            f"group:{group}",
            sentence(
                'A rule wanted somebody of the group "{group}", in which there is nobody. Write '
                "who they are into profile.yaml: groups, {group}.",
                group=group,
            ),
        )
    return desk.profile.groups[group]


def _next_in_turn(desk: Desk, candidates: list[Person], group: str) -> Person:
    """Who comes after the one who had the last turn."""
    key = f"round robin:{group}"
    ids = [person.id for person in candidates]
    last = (asking.settings.kept(desk.unit, key) or {}).get("last")
    chosen = candidates[(ids.index(last) + 1) % len(ids) if last in ids else 0]
    asking.settings.keep(desk.unit, key, {"last": chosen.id})
    return chosen


def _least_loaded(desk: Desk, candidates: list[Person], group: str) -> Person:
    """Who has the fewest open tickets; of several the first by name."""
    load = {person.id: asking.tickets.load(desk.unit, person) for person in candidates}
    return min(candidates, key=lambda person: (load[person.id], person.name))


def recipients(
    context: Context, words: list[str], author: Person | None
) -> list[Person | Recipient | str]:
    """Everybody that `to` means, without the author where he knows already."""
    found: list[Person | Recipient | str] = []
    for word in words:
        found.extend(_told(context, word, author))
    skip = asking.people.keys(context.desk.unit, author) if author else ()
    return [who for who in found if who is not author and who not in skip]


def everybody(desk: Desk, words: list[str]) -> list[Person]:
    """The resources that words mean where there is no ticket: groups, names, on-call, or all."""
    found: dict[int, Person] = {}
    for word in words:
        if word == "all resources":
            people_meant: list[Person | None] = [*asking.people.resources(desk.unit)]
        elif word in desk.profile.groups:
            people_meant = [*members(desk, word)]
        else:
            people_meant = [on_call(desk) if word == "on-call" else resource(desk, word)]
        found.update((person.id, person) for person in people_meant if person is not None)
    return list(found.values())


def _told(context: Context, word: str, author: Person | None) -> list[Person | str]:
    desk, role = context.desk, " ".join(word.lower().split())
    if role in ROLES:
        assert context.ticket is not None
        return [*resolve(desk.unit, context.ticket, role, author)]
    if role == "author":
        return [context.by] if context.by else []
    if role in ("holders", OTHER_SIDE):
        assert context.ticket is not None
        return holders(desk, context.ticket)
    if role == "receivers":
        return _receivers(context)
    if role == "writer":
        return _writer(context)
    if role == "added":
        return _added(context)
    if role == "on-call":
        person = on_call(desk)
        return [person] if person else everybody_else(desk, context.ticket)
    if word in desk.profile.groups:
        listed = [found for name in _listed(desk, word) for found in _one(desk, name)]
        return listed or everybody_else(desk, context.ticket)
    return _one(desk, word)


def holders(desk: Desk, ticket: Ticket) -> list[Person | str]:
    """Who hears of a ticket: its resources; where nobody has it, the group called as its queue,
    else all resources, else the admins.  Never nobody."""
    held: list[Person | str] = [*resolve(desk.unit, ticket, "resources")]
    return held or of_queue(desk, ticket) or everybody_else(desk, ticket)


def _receivers(context: Context) -> list[Person | str]:
    """To whom this event handed the ticket: the resource, else who hears of its queue."""
    added, ticket = _added(context), context.ticket
    assert ticket is not None
    return added or of_queue(context.desk, ticket) or everybody_else(context.desk, ticket)


def of_queue(desk: Desk, ticket: Ticket) -> list[Person | str]:
    """The group that is called as the ticket's queue."""
    listed = desk.profile.groups.get(ticket.queue, ())
    return [found for name in listed for found in _one(desk, name)]


def everybody_else(desk: Desk, ticket: Ticket | None = None) -> list[Person | str]:
    """Who hears where those who should are nobody: all resources, else the admins.  A client's
    technician hears of its own tickets only, and of a shared one each side of its own."""
    clients = (None, ticket.organization_id if ticket is not None else None)
    there = asking.people.resources(desk.unit)
    told: list[Person | str] = [
        p
        for p in there
        if p.organization_id in clients
        and (ticket is None or sides.is_of(desk.unit, desk.profile, ticket, p))
    ]
    return told or [*desk.settings.config.desk.admins]


def _writer(context: Context) -> list[Person | str]:
    """Who wrote the note that it is about, where a person did."""
    person = asking.notes.writer(context.desk.unit, context.note) if context.note else None
    return [person] if person is not None and person.active else []


def _added(context: Context) -> list[Person | str]:
    """Whom this event put on the ticket."""
    person_id = context.event.detail.get("person_id") if context.event else None
    person = context.desk.unit.get(Person, person_id)
    return [person] if person is not None else []


def _one(desk: Desk, name: str) -> list[Person | str]:
    """A person by name or address; an address of nobody we know stands for itself."""
    if "@" in name:
        person = people.by_address(desk.unit, Address("", name))
        return [person] if person else [name]
    return [resource(desk, name)]
