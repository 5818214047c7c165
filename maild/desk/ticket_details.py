"""What a ticket holds besides its usual facts, as rows of what it is called and what stands there:
further people, tags, fields, checklist, time (`#show`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from zoneinfo import ZoneInfo

from maild.desk import facts, fields, lists, names, shared_with, status_requirements
from maild.desk.desk import Desk
from maild.desk.field_values import length_of
from maild.i18n import Sentence, Value, sentence
from maild.model import TicketRole
from maild.store import asking
from maild.store.records import Person, Ticket, TimeEntry

# What stands in fields for the desk alone, or elsewhere on the page.
HIDDEN = ("sla", "checklist", "form", "also_in", "completed_by_side")

MOST_WORDS = 300  # characters of a summary

Row = dict[str, Sentence]


def rows(desk: Desk, ticket: Ticket, zone: ZoneInfo) -> list[Row]:
    """Label and value of each; times in the reader's zone, which is named last."""
    found = [
        *_people(desk, ticket),
        *_shared(desk, ticket),
        *_fields(desk, ticket, zone),
        *_times(desk, ticket, zone),
    ]
    look = status_requirements.Look(desk.unit, desk.profile, desk.now)
    for needed in status_requirements.closing_needs(look, ticket):
        found.append((sentence("needed to close"), needed))
    found.append((sentence("time zone"), f"{zone.key} ({desk.now.astimezone(zone):%Z})"))
    return [{"label": _written(label), "value": _written(value)} for label, value in found]


def _written(value: Value) -> Sentence:
    """A value on its own, to be written as the reader writes it."""
    return Sentence("{value}", {"value": value})


def _people(desk: Desk, ticket: Ticket) -> Iterator[tuple[Value, Value]]:
    contact = asking.tickets.contact(desk.unit, ticket)
    if contact is not None:
        yield fields.label("contact"), _called(desk, [contact])
    for name, role in (
        ("additional_contacts", TicketRole.ADDITIONAL),
        ("secondary_resources", TicketRole.SECONDARY),
    ):
        people = asking.tickets.with_role(desk.unit, ticket, role)
        if people:
            yield fields.label(name), _called(desk, people)


def _shared(desk: Desk, ticket: Ticket) -> Iterator[tuple[Value, Value]]:
    """The other desk that has it too: its number, its status, when it was done."""
    known = shared_with.shared(desk.unit, desk.settings.config, ticket)
    if known is None:
        return
    said: list[Value] = [v for v in (known.partner, known.reference, known.status) if v]
    yield sentence("shared with"), said
    if known.completed is not None:
        yield sentence("their work was complete"), known.completed


def _called(desk: Desk, people: Iterable[Person]) -> Value:
    return [names.with_address(p.name, asking.people.email(desk.unit, p)) for p in people]


def _fields(desk: Desk, ticket: Ticket, zone: ZoneInfo) -> Iterator[tuple[Value, Value]]:
    if ticket.tags:
        yield lists.FIELDS["tags"].label, list(map(str, ticket.tags))
    if not ticket.notify_contact:
        yield fields.label("notify_contact"), sentence("no")
    for name, value in ticket.fields.items():
        if name not in HIDDEN and value not in (None, "", []):
            yield fields.label(name), fields.as_words(value, zone)
    for item in ticket.fields.get("checklist") or ():
        yield fields.label("checklist"), f"[{'x' if item.get('done') else ' '}] {item['item']}"


def _times(desk: Desk, ticket: Ticket, zone: ZoneInfo) -> Iterator[tuple[Value, Value]]:
    for entry in asking.tickets.times(desk.unit, ticket):
        yield sentence("time"), _worked(desk, entry, zone)


def _worked(desk: Desk, entry: TimeEntry, zone: ZoneInfo) -> Value:
    parts: list[Value] = [
        facts.name_of(desk.unit.get(Person, entry.by_id)) or "",
        entry.worked_on.astimezone(zone).date(),
    ]
    if entry.start and entry.end:
        parts.append(f"{entry.start.astimezone(zone):%H:%M}–{entry.end.astimezone(zone):%H:%M}")
    parts.append(length_of(entry.minutes))
    if entry.work_type:
        parts.append(entry.work_type)
    if not entry.billable:
        parts.append(sentence("not billable"))
    words = entry.summary or entry.internal
    return [*parts, words[:MOST_WORDS]] if words else parts
