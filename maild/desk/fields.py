"""Fields of a ticket by the names that people use: set, templates, checklists, tags (G19, G5)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any

from maild.desk import appointments, field_values, items, names, people, reach
from maild.desk.desk import Desk
from maild.desk.item_kinds import KINDS
from maild.desk.profile import key, named, not_among
from maild.errors import NotFound, Refused, UsageError
from maild.i18n import Sentence, Value, sentence, together
from maild.model import Address
from maild.store import asking
from maild.store.records import Organization, Person, Ticket

# Columns of the ticket that a person can set, by the kind of what stands there; then those of the
# long tail.  A kind is one of `values`, or one that the desk has to look up (`_LOOKED_UP`).
COLUMNS = {
    "title": "text",
    "resolution": "text",
    "correlation": "text",
    "source": "source",
    "priority": "priority",
    "type": "type",
    "queue": "queue",
    "due": "due",
    "notify_contact": "yes",
    "organization": "organization",
    "contact": "contact",
    "parent": "parent",
}
LONG_TAIL = {
    "asset": "asset",
    "additional_assets": "assets",
    "contract": "contract",
    "project": "project",
    "approver": "approver",
    "estimated_hours": "hours",
    "planned_replacement": "day",
    "rate": "number",
    "billable": "yes",
    "service_call": "moment",
    "service_call_end": "moment",
    "signed_off_at": "moment",
    "category": "category",
    "subcategory": "subcategory",
    "checklist": "plain",
    "form": "plain",
}
SETTABLE = tuple(COLUMNS)
PROBLEM = "problem"  # the type on which incidents hang
# Never without a value.
NEEDED = ("title", "source", "priority", "type", "queue", "notify_contact")
# Kept by the desk for itself: nobody sets them by hand.
OWN = (
    *("sla", "side", "completed_by_side", "series", "checklist", "form", "on_call"),
    *("signed_off_at", "signed_off_by"),
)


def may_be_given(name: str) -> None:
    """Refused where the desk keeps the field for itself, and nobody gives it a value by hand."""
    if name in OWN:
        raise Refused(sentence("{field!c} is kept by the desk itself.", field=label(name)))


def label(name: str) -> Sentence:
    """A field's name as people say it: "issue type"."""
    return Sentence("sub-issue type" if name == "sub_issue_type" else name.replace("_", " "), {})


def set_value(
    desk: Desk,
    ticket: Ticket,
    name: str,
    value: Any,
    dates: field_values.Dates = field_values.iso_dates,
) -> bool:
    """Gives a field of any kind its value; None or "empty" clears it; False: it had it already.

    UsageError where there is no such field, or it cannot have that value; NotFound where it names
    a person, organization or ticket that is not there.
    """
    if name not in COLUMNS and name not in desk.profile.field_names:
        raise UsageError(named_error(name, (*SETTABLE, *desk.profile.field_names)).message)
    wanted = None if value in (None, "empty") else read(desk, ticket, name, value, dates)
    if wanted is None and name in NEEDED:
        raise UsageError(sentence("{field!c} cannot be empty.", field=label(name)))
    if name == "contact":
        return set_contact(desk, ticket, wanted)
    if name == "service_call":
        return _set_service_call(desk, ticket, wanted)
    if name == "asset":
        reference = items.reference(desk.unit, str(wanted)) if wanted else None
        if reference is not None:
            desk.set_field(ticket, "asset_reference", reference)
    column = f"{name}_id" if name in ("organization", "parent") else name
    return desk.set_field(ticket, column, wanted.id if column != name and wanted else wanted)


def _set_service_call(desk: Desk, ticket: Ticket, start: str | None) -> bool:
    """Its appointment is made, moved or cancelled: the record of the service call goes with it."""
    if start is None:
        return appointments.end(desk, ticket)
    return appointments.book(desk, ticket, appointments.Booking(datetime.fromisoformat(start)))


def read(
    desk: Desk,
    ticket: Ticket,
    name: str,
    value: Any,
    dates: field_values.Dates = field_values.iso_dates,
) -> Any:
    """The value that a field would have: plain, or the record that it names."""
    kind = COLUMNS.get(name) or LONG_TAIL.get(name, "text")
    if kind in _LOOKED_UP:
        return _LOOKED_UP[kind](desk, ticket, value, dates)
    return field_values.read(kind, value, label(name), dates)


def set_contact(desk: Desk, ticket: Ticket, person: Person | None) -> bool:
    """Whose ticket it is; it goes over to that person's organization."""
    changed = desk.set_field(ticket, "contact_id", person.id if person else None)
    if changed and person is not None and person.organization_id is not None:
        desk.set_field(ticket, "organization_id", person.organization_id)
    return changed


def shown(desk: Desk, ticket: Ticket, name: str) -> Value:
    """What stands in a field now, as a person reads it."""
    if name in ("contact", "organization", "parent"):
        record = getattr(asking.tickets, name)(desk.unit, ticket)
        return _called(record)
    value = getattr(ticket, name) if name in COLUMNS else ticket.fields.get(name)
    return as_words(value, desk.settings.config.desk.zone)


def as_words(value: Any, zone: tzinfo) -> Value:
    """A field's value in words: dates in this zone, "yes" for True."""
    if value in (None, "", []):
        return sentence("empty")
    if isinstance(value, bool):
        return sentence("yes") if value else sentence("no")
    if isinstance(value, str):
        when = _moment_in(value)
        return when.astimezone(zone) if when else value
    if isinstance(value, datetime):
        return value.astimezone(zone)
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Mapping):
        return [f"{name} {one}" for name, one in value.items()]
    return list(map(str, value)) if isinstance(value, list) else str(value)


def _moment_in(value: str) -> datetime | None:
    """The time that a field holds, as `#due` and `#schedule` write it."""
    try:
        when = datetime.fromisoformat(value)
    except ValueError:
        return None
    return when if when.tzinfo is not None else None


def _called(record: Person | Organization | Ticket | None) -> Value:
    if record is None:
        return sentence("empty")
    return record.number if isinstance(record, Ticket) else record.name


def named_error(name: str, known: Iterable[str]) -> UsageError:
    """What to say of a field that is not there."""
    try:
        named(name, known, sentence("field"))
    except UsageError as error:
        return error
    return UsageError(sentence('There is no {what} "{text}".', what=sentence("field"), text=name))


# ---- what the desk has to look up


def _due(desk: Desk, ticket: Ticket, value: Any, dates: field_values.Dates) -> datetime:
    if isinstance(value, datetime):
        return value
    return datetime.fromisoformat(field_values.read("moment", value, label("due"), dates))


def _word_of(of: str, what: Sentence) -> Lookup:
    """A word of the profile, in any case."""

    def find(desk: Desk, ticket: Ticket, value: Any, dates: field_values.Dates) -> str:
        return named(str(value), getattr(desk.profile, of), what)

    return find


def _category(desk: Desk, ticket: Ticket, value: Any, dates: field_values.Dates) -> str:
    known = desk.profile.categories
    return named(str(value), known, sentence("category")) if known else str(value)


def _subcategory(desk: Desk, ticket: Ticket, value: Any, dates: field_values.Dates) -> str:
    category = str(ticket.fields.get("category") or "")
    known = desk.profile.categories.get(category, ())
    return named(str(value), known, sentence("subcategory")) if known else str(value)


def _queue(desk: Desk, ticket: Ticket, value: Any, dates: field_values.Dates) -> str:
    """One of the profile, or the name of a mailbox of the other side as it stands."""
    by_key = {key(name): name for name in desk.profile.queues}
    return by_key.get(key(str(value)), str(value))


def find_person(desk: Desk, text: str) -> Person:
    """The person whom an address or a name means; an unknown address becomes a new contact.

    NotFound where nobody is called so; UsageError where several are.
    """
    address = next(iter(addresses(text)), None)
    if address is not None:
        people.address_key(address)
        found = Address(text.partition("<")[0].strip(' "') if "<" in text else "", address)
        if not desk.reach.may_write_to(found):
            raise _nobody(text)
        return people.by_address(desk.unit, found) or people.learn(desk.unit, found, desk.now)
    several = desk.reach.called(text)
    if not several:
        raise _nobody(text)
    if len(several) > 1:
        known = [
            names.with_address(p.name, asking.people.email(desk.unit, p))
            for p in several[:MOST_NAMED]
        ]
        raise UsageError(
            sentence('"{text}" can be {known}; write the address.', text=text.strip(), known=known)
        )
    return several[0]


def addresses(text: str) -> list[str]:
    """The words that are meant for mail addresses, as commands name them; linear."""
    words = (found[0].rstrip("'.") for found in _WORD.finditer(text))
    return [word for word in words if "." in word.rpartition("@")[2] and "@" in word]


def _nobody(text: str) -> NotFound:
    return NotFound(
        sentence(
            'Nobody is called "{text}"; write the address, like ann@acme.example.',
            text=text.strip(),
        )
    )


def _contact(desk: Desk, ticket: Ticket, value: Any, dates: field_values.Dates) -> Person:
    person = find_person(desk, str(value))
    if people.is_ours(desk.unit, desk.settings.config, asking.people.email(desk.unit, person)):
        raise UsageError(sentence("The desk's own address is nobody's contact."))
    return person


def _organization(
    desk: Desk, ticket: Ticket, value: Any, dates: field_values.Dates
) -> Organization:
    found = desk.reach.organization(str(value))
    if found is None:
        known = desk.reach.organizations()
        raise NotFound(not_among(known, sentence("organization"), str(value)))
    return found


def _parent(desk: Desk, ticket: Ticket, value: Any, dates: field_values.Dates) -> Ticket:
    found = desk.reach.ticket(str(value))
    if found is None:
        raise NotFound(
            sentence('There is no {what} "{text}".', what=label("ticket"), text=str(value))
        )
    may_hang_on(desk, ticket, found)
    return found


def may_hang_on(desk: Desk, ticket: Ticket, problem: Ticket) -> None:
    """Refused where the ticket cannot be an incident of the other (N13); a profile without the
    type Problem lets tickets hang on any."""
    if problem is ticket or problem.parent_id == ticket.id:
        raise Refused(
            sentence(
                "{ticket} cannot be linked to {other}.", ticket=ticket.number, other=problem.number
            )
        )
    if key(problem.type) != PROBLEM and PROBLEM in map(key, desk.profile.types):
        raise Refused(
            sentence(
                "{other} is no Problem but of the type {type}; make it one first, by #type problem "
                "in a reply to it.",
                other=problem.number,
                type=problem.type,
            )
        )


def _approver(desk: Desk, ticket: Ticket, value: Any, dates: field_values.Dates) -> str:
    """The address of who approves: he alone is believed (N13)."""
    return asking.people.email(desk.unit, _contact(desk, ticket, value, dates))


def _record(kind: str) -> Lookup:
    """The name of a record; of a desk that keeps none of this kind, any text."""

    def find(desk: Desk, ticket: Ticket, value: Any, dates: field_values.Dates) -> str:
        if not asking.items.of_kind(desk.unit, kind):
            return str(field_values.read("text", str(value), label(kind)))
        return items.find(desk.unit, KINDS[kind], str(value), desk.reach).name

    return find


def _assets(desk: Desk, ticket: Ticket, value: Any, dates: field_values.Dates) -> list[str]:
    names = field_values.read("words", value, label("additional_assets"))
    return [_record("asset")(desk, ticket, name, dates) for name in names]


Lookup = Callable[[Desk, Ticket, Any, field_values.Dates], Any]
_WORD = re.compile(r"""[^\s<>,;"'()][^\s<>,;"()]*""")  # o'neil@acme.example, 'ann@acme.example'
MOST_NAMED = 5
_LOOKED_UP: dict[str, Lookup] = {
    "due": _due,
    "source": _word_of("sources", sentence("source")),
    "priority": _word_of("priorities", sentence("priority")),
    "type": _word_of("types", sentence("ticket type")),
    "queue": _queue,
    "category": _category,
    "subcategory": _subcategory,
    "contact": _contact,
    "organization": _organization,
    "parent": _parent,
    "asset": _record("asset"),
    "assets": _assets,
    "contract": _record("contract"),
    "project": _record("project"),
    "approver": _approver,
}


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


def checklists(desk: Desk) -> dict[str, Sequence[str]]:
    """Name → items: those of the profile, and those that are kept as records."""
    kept = asking.items.of_kind(desk.unit, "checklist")
    return {**desk.profile.checklists, **{item.name: item.fields["items"] for item in kept}}


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
PARTS = ("status", "assign", "tags", "checklist", "text_for")


def apply_template(desk: Desk, ticket: Ticket, name: str, *, set_status: bool = True) -> list[str]:
    """Sets all that a ticket template of the profile says, in one go (G19); what it set.

    The status comes last, so that rules that ask for the other fields find them.
    """
    found = named(name, desk.profile.templates, sentence("ticket template"))
    template = desk.profile.templates[found]
    done = [f for f, v in template.items() if f not in PARTS and set_value(desk, ticket, f, v)]
    if "assign" in template:
        person = people.resource_named(desk.unit, str(template["assign"]))
        config = desk.settings.config
        may = person is not None and reach.may_have(desk.unit, config, person, ticket)
        if person is not None and may and desk.assign(ticket, person):
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
