"""Fields of a ticket by the names that people use: set, templates, checklists, tags (G19, G5)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from maild.desk import people
from maild.desk.desk import Desk
from maild.desk.profile import key, named
from maild.errors import NotFound, UsageError
from maild.i18n import Sentence, sentence, together
from maild.model import Address
from maild.store import asking
from maild.store.records import Ticket

PLAIN = ("title", "source", "resolution", "correlation")  # columns that take any text
NAMED: dict[str, Callable[[Desk], Iterable[str]]] = {  # columns that take a word of the profile
    "priority": lambda desk: desk.profile.priorities,
    "type": lambda desk: desk.profile.types,
}
SETTABLE = (*PLAIN, *NAMED, "queue", "due", "notify_contact", "organization", "contact", "parent")


def label(name: str) -> Sentence:
    """A field's name as people say it: "issue type"."""
    return Sentence("sub-issue type" if name == "sub_issue_type" else name.replace("_", " "), {})


def set_value(desk: Desk, ticket: Ticket, name: str, value: Any) -> bool:
    """Gives a field of any kind its value; None or "empty" clears it; False: it had it already.

    UsageError where there is no such field, or no such priority, type, organization …
    """
    if value == "empty":
        value = None
    if name in NAMED:
        return desk.set_field(ticket, name, named(str(value), NAMED[name](desk), label(name)))
    if name in PLAIN or name in ("queue", "notify_contact"):
        return desk.set_field(ticket, name, value)
    if name == "due":
        return desk.set_field(ticket, "due", _moment(value))
    if name in ("organization", "contact", "parent"):
        found = None if value is None else _found(desk, name, str(value))
        return desk.set_field(ticket, f"{name}_id", found.id if found else None)
    if name not in desk.profile.field_names:
        known = (*SETTABLE, *desk.profile.field_names)
        raise UsageError(str(named_error(name, known)))
    return desk.set_field(ticket, name, value)


def named_error(name: str, known: Iterable[str]) -> UsageError:
    """What to say of a field that is not there."""
    try:
        named(name, known, sentence("field"))
    except UsageError as error:
        return error
    return UsageError(sentence('There is no {what} "{text}".', what=sentence("field"), text=name))


def _moment(value: Any) -> datetime | None:
    if value is None or isinstance(value, datetime):
        return value
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise UsageError(
            sentence(
                '"{text}" is no date; write it like 2026-12-03 or with a time.', text=str(value)
            )
        ) from error
    if found.tzinfo is None:
        raise UsageError(sentence('"{text}" has no time zone.', text=str(value)))
    return found


def _found(desk: Desk, name: str, value: str) -> Any:
    """The organization, contact or Problem that a text means."""
    if name == "contact":
        address = Address("", value)
        return people.by_address(desk.unit, address) or people.learn(desk.unit, address, desk.now)
    found: Any
    if name == "organization":
        found = asking.people.organization_called(desk.unit, value, former=True)
    else:
        found = asking.tickets.numbered(desk.unit, value)
    if found is None:
        what = label("ticket" if name == "parent" else name)
        raise NotFound(sentence('There is no {what} "{text}".', what=what, text=value))
    return found


# ---- tags and checklists


def tag(desk: Desk, ticket: Ticket, tags: Iterable[str]) -> bool:
    """Puts tags on the ticket; False where it had them all."""
    have = list(ticket.tags)
    new = [t for t in dict.fromkeys(tags) if t and key(t) not in map(key, have)]
    return bool(new) and desk.set_field(ticket, "tags", [*have, *new])


def untag(desk: Desk, ticket: Ticket, tags: Iterable[str]) -> bool:
    """Takes tags off the ticket; False where it had none of them."""
    gone = set(map(key, tags))
    return desk.set_field(ticket, "tags", [t for t in ticket.tags if key(t) not in gone])


def add_checklist(desk: Desk, ticket: Ticket, items: Iterable[str]) -> bool:
    """Adds items to the ticket's checklist, each once; False where it had them all."""
    have = list(ticket.fields.get("checklist") or [])
    known = {key(item["item"]) for item in have}
    new = [{"item": str(i), "done": False} for i in items if key(str(i)) not in known]
    return bool(new) and desk.set_field(ticket, "checklist", [*have, *new])


def tick(desk: Desk, ticket: Ticket, which: str, *, done: bool = True) -> str:
    """Ticks the item of this number (from 1) or text; gives its text.  NotFound: no such item."""
    items = [dict(item) for item in ticket.fields.get("checklist") or []]
    for number, item in enumerate(items, 1):
        if which.strip() == str(number) or key(which) == key(item["item"]):
            item["done"] = done
            desk.set_field(ticket, "checklist", items)
            return str(item["item"])
    none = sentence("{ticket} has no checklist item {which}.", ticket=ticket.number, which=which)
    listed = [f"{n} {item['item']}" for n, item in enumerate(items, 1)]
    has = (
        sentence("It has: {items:; }.", items=listed)
        if listed
        else sentence("It has no checklist.")
    )
    raise NotFound(together(none, has))


# ---- templates

# What a template can set besides fields, and how.
PARTS = ("status", "assign", "tags", "checklist")


def apply_template(desk: Desk, ticket: Ticket, name: str, *, set_status: bool = True) -> list[str]:
    """Sets all that a ticket template of the profile says, in one go (G19); what it set.

    The status comes last, so that rules that ask for the other fields find them.
    """
    found = named(name, desk.profile.templates, sentence("ticket template"))
    template = desk.profile.templates[found]
    done = [f for f, v in template.items() if f not in PARTS and set_value(desk, ticket, f, v)]
    if "assign" in template:
        person = people.resource_named(desk.unit, str(template["assign"]))
        if person is not None and desk.assign(ticket, person):
            done.append("assign")
    if tag(desk, ticket, _list(template.get("tags"))):
        done.append("tags")
    for checklist in _list(template.get("checklist")):
        if add_checklist(desk, ticket, desk.profile.checklists.get(checklist, (checklist,))):
            done.append("checklist")
    if set_status and "status" in template and desk.set_status(ticket, str(template["status"])):
        done.append("status")
    return done


def _list(value: Any) -> list[str]:
    return (
        [] if value is None else list(map(str, value)) if isinstance(value, list) else [str(value)]
    )
