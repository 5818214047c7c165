"""Records that tickets refer to: put, found, retired, shown; by whatever way they come.

`put` is the one way to write one: the name, and the fields as text.  What a kind has stands in
`item_kinds`; what can stand in a field, in `values` and here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from maild.desk import field_values, people
from maild.desk.item_kinds import KINDS, Kind, Slot
from maild.desk.profile import key, named, not_among
from maild.desk.reach import FOR_ALL, THEIRS, Reach
from maild.errors import NotFound, Refused, UsageError
from maild.i18n import sentence
from maild.model import Address, EventName, Role
from maild.store import asking
from maild.store.records import Event, Item, Organization, Person, Ticket
from maild.store.unit import Unit
from maild.zones import is_zone

if TYPE_CHECKING:
    from maild.desk.desk import Desk

LONGEST_NAME = 200
CALL = "service call"
LONGEST_ARTICLE = 200_000

_BETWEEN_RATES = re.compile(r"[;\n]|,(?!\d)")  # "87,50" is one

Kept = Item | Organization | Person


def put(
    desk: Desk,
    kind: Kind,
    name: str,
    texts: Mapping[str, Any],
    *,
    dates: field_values.Dates = field_values.iso_dates,
    source: str = "command",
) -> Kept:
    """Makes a record of this kind and name, or changes the one that there is.

    What is not named stays; "" or None empties a field.  UsageError, NotFound: which field, what
    was found there, and what is allowed.
    """
    _may_put(desk, kind, name)
    wanted = {}
    for text, value in texts.items():
        slot = kind.slot(text)
        wanted[slot.name] = None if value in (None, "") else read(desk, slot, value, dates)
    if kind.kept == "organization":
        return _put_organization(desk, kind, _name(name), wanted)
    if kind.kept == "contact":
        return _put_contact(desk, kind, name, wanted)
    return _put_item(desk, kind, _name(name), wanted, source)


def find(unit: Unit, kind: Kind, name: str, reach: Reach | None = None) -> Kept:
    """The record of this name among those that are reached; NotFound with the nearest."""
    reach = reach or Reach(unit)
    found: Kept | None
    if kind.kept == "organization":
        found = asking.people.organization_called(unit, name)
    elif kind.kept == "contact":
        found = people.by_address(unit, Address("", name))
    else:
        found = asking.items.named(unit, kind.name, key(name))
        found = found if found is not None and found.active else None
    if found is None or not reach.has_record(found):
        known = [called for called, one in listed(unit, kind) if reach.has_record(one)]
        raise NotFound(not_among(known, kind.called, name))
    return found


def listed(
    unit: Unit, kind: Kind, organization: Organization | None = None
) -> list[tuple[str, Kept]]:
    """(name, record) of all of a kind that are in use, by name; of one client, or of all."""
    found: list[tuple[str, Kept]]
    if kind.kept == "organization":
        found = [(o.name, o) for o in unit.all(asking.people.ORGANIZATIONS) if o.active]
    elif kind.kept == "contact":
        everybody = [p for p in asking.people.listed(unit, Role.CONTACT) if p.active]
        found = [(asking.people.email(unit, p), p) for p in everybody]
    else:
        found = [(item.name, item) for item in asking.items.of_kind(unit, kind.name)]
    if organization is None:
        return found
    return [pair for pair in found if _client_id(pair[1]) == organization.id]


def _client_id(record: Kept) -> int | None:
    return record.id if isinstance(record, Organization) else record.organization_id


def retire(desk: Desk, kind: Kind, name: str) -> None:
    """Takes a record out of use; what refers to it goes on saying its name."""
    record = find(desk.unit, kind, name, desk.reach)
    if isinstance(record, Item) and record.source == "file":
        raise Refused(
            sentence("{name} stands in a file of the folder people; change it there.", name=name)
        )
    desk.unit.change(record, active=False)
    _say(desk, EventName.RECORD_RETIRED, kind, name, {})
    if isinstance(record, Item):
        _show_next_calls(desk, kind, {record.ticket_id})
        _tell_of_call(desk, record, record.fields)


def plain(unit: Unit, kind: Kind, record: Kept) -> dict[str, Any]:
    """A record as files, CSV and --json have it: its name and every field of its kind."""
    client = unit.get(Organization, _client_id(record))
    fields = dict(record.fields)
    if isinstance(record, Person):
        fields |= {
            "name": record.name,
            "language": record.language,
            "timezone": record.timezone,
        }
        name = asking.people.email(unit, record)
    else:
        name = record.name
    if isinstance(record, Organization):
        owned = [
            d.domain for d in unit.all(asking.people.DOMAINS) if d.organization_id == record.id
        ]
        fields["domains"] = owned
    elif any(slot.name == "organization" for slot in kind.slots):
        fields["organization"] = client.name if client else None
    return {kind.named_by: name, **{slot.name: fields.get(slot.name) for slot in kind.slots}}


# ---- writing


def _may_put(desk: Desk, kind: Kind, name: str) -> None:
    """Refused to a client's own technician where it is not of his client."""
    reach = desk.reach
    if reach.client is None:
        return
    if kind.name not in THEIRS:
        raise Refused(
            sentence("{kind!c} {name} is for the desk's own technicians to change.",
                     kind=kind.called, name=name)
        )  # fmt: skip
    if kind.kept == "contact":
        free = reach.may_write_to(Address("", name))
    else:
        there = asking.items.named(desk.unit, kind.name, key(name))
        free = there is None or (reach.has_item(there) and not _for_all(there))
    if not free:
        raise Refused(sentence('The name "{name}" is taken, or empty.', name=name))


def _for_all(item: Item) -> bool:
    return item.kind in FOR_ALL and item.organization_id is None


def _name(name: str) -> str:
    wanted = " ".join(name.split())
    if not wanted or len(wanted) > LONGEST_NAME:
        raise UsageError(
            sentence("A record needs a name of up to {most} characters.", most=LONGEST_NAME)
        )
    return wanted


def _put_item(desk: Desk, kind: Kind, name: str, wanted: dict[str, Any], source: str) -> Item:
    there = asking.items.named(desk.unit, kind.name, key(name))
    if there is not None and there.source == "file" and there.active and source != "file":
        raise Refused(
            sentence("{name} stands in a file of the folder people; change it there.", name=name)
        )
    fields = {**(there.fields if there else {}), **wanted}
    fields = {n: v for n, v in fields.items() if v is not None}
    client = _client_of(desk, fields.pop("organization", None))
    if there is not None and "organization" not in wanted:
        client = there.organization_id
    client = _of_his_client(desk, kind, client)
    ticket, before = _ticket_id(desk, fields), there.ticket_id if there else None
    old = dict(there.fields) if there is not None and there.active else {}
    if kind.name == CALL and _differs(old, fields):
        fields["sequence"] = int(old.get("sequence", -1)) + 1
    _complete(kind, name, fields, client)
    if there is None:
        there = desk.unit.add(
            Item(
                kind=kind.name,
                key=key(name),
                name=name,
                source=source,
                created=desk.now,
                updated=desk.now,
                fields=fields,
                organization_id=client,
                ticket_id=ticket,
            )
        )
        _say(desk, EventName.RECORD_ADDED, kind, name, wanted)
    elif desk.unit.change(
        there,
        name=name,
        active=True,
        source=source,
        fields=fields,
        organization_id=client,
        ticket_id=ticket,
    ):
        desk.unit.change(there, updated=desk.now)
        _say(desk, EventName.RECORD_CHANGED, kind, name, wanted)
    _show_next_calls(desk, kind, {before, there.ticket_id})
    _tell_of_call(desk, there, old)
    return there


# What of a service call is of weight to whoever has it in his calendar (RFC 5546 §2.1.4).
OF_WEIGHT = ("start", "end", "place", "status")


def _differs(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    return any(old.get(name) != new.get(name) for name in OF_WEIGHT)


def _tell_of_call(desk: Desk, call: Item, old: Mapping[str, Any]) -> None:
    """The event of a service call that is made, moved or over; by it rules tell its contact."""
    ticket = desk.unit.get(Ticket, call.ticket_id) if call.kind == CALL else None
    was, now = (_planned(f) if f else None for f in (old, call.fields if call.active else {}))
    if ticket is None or not (was or now) or not (was != now or _differs(old, call.fields)):
        return
    event = EventName.APPOINTMENT_MOVED if was else EventName.APPOINTMENT_MADE
    detail = {"name": call.name, "start": call.fields.get("start")}
    if not now:
        event = EventName.APPOINTMENT_ENDED
        detail["how"] = call.fields["status"] if call.active else "cancelled"
    desk.emit(ticket, event, detail)


def _planned(fields: Mapping[str, Any]) -> bool:
    return bool(fields.get("status", "planned") == "planned")


def planned_calls(unit: Unit, ticket: Ticket) -> list[Item]:
    """The ticket's service calls that are to come about, the earliest first."""
    calls = asking.items.of_ticket(unit, ticket, CALL)
    found = [c for c in calls if c.active and c.fields.get("status", "planned") == "planned"]
    return sorted(found, key=lambda call: (datetime.fromisoformat(call.fields["start"]), call.id))


def _show_next_calls(desk: Desk, kind: Kind, tickets: Iterable[int | None]) -> None:
    """The next planned service call stands in its ticket's fields, where lists and rules look."""
    for ticket in (desk.unit.get(Ticket, one) for one in tickets if kind.name == CALL):
        if ticket is not None:
            fields = next((call.fields for call in planned_calls(desk.unit, ticket)), {})
            desk.set_field(ticket, "service_call_end", _on_the_clock(desk, fields.get("end")))
            desk.set_field(ticket, "service_call", _on_the_clock(desk, fields.get("start")))


def _on_the_clock(desk: Desk, moment: str | None) -> str | None:
    """The same moment in the desk's zone, so that lists compare like with like."""
    if moment is None:
        return None
    return datetime.fromisoformat(moment).astimezone(desk.settings.config.desk.zone).isoformat()


def _client_of(desk: Desk, name: str | None) -> int | None:
    found = asking.people.organization_called(desk.unit, name, former=True) if name else None
    return found.id if found else None


def _of_his_client(desk: Desk, kind: Kind, client: int | None) -> int | None:
    """Whose the record is: what a client's own technician makes is his client's."""
    own = desk.reach.client
    named = any(slot.name == "organization" for slot in kind.slots)
    return own if own is not None and named else client


def _ticket_id(desk: Desk, fields: Mapping[str, Any]) -> int | None:
    number = fields.get("ticket")
    found = asking.tickets.numbered(desk.unit, str(number)) if number else None
    return found.id if found else None


def _complete(kind: Kind, name: str, fields: Mapping[str, Any], client: int | None) -> None:
    for slot in kind.slots:
        there = client if slot.name == "organization" else fields.get(slot.name)
        if slot.required and there is None:
            raise UsageError(sentence("{name} needs {field}.", name=name, field=slot.label))
    start, end = (fields.get(n) for n in ("start", "end"))
    if start and end and datetime.fromisoformat(end) < datetime.fromisoformat(start):
        raise UsageError(
            sentence("{name} ends on {end}, before it begins.", name=name, end=str(end))
        )


def _put_organization(desk: Desk, kind: Kind, name: str, wanted: dict[str, Any]) -> Organization:
    new = asking.people.organization_called(desk.unit, name) is None
    found = people.put_organization(desk.unit, name, wanted.pop("domains", None) or ())
    fields = {n: v for n, v in {**found.fields, **wanted}.items() if v is not None}
    changed = desk.unit.change(found, fields=fields)
    if new or changed:
        event = EventName.RECORD_ADDED if new else EventName.RECORD_CHANGED
        _say(desk, event, kind, name, wanted)
    return found


def _put_contact(desk: Desk, kind: Kind, email: str, wanted: dict[str, Any]) -> Person:
    person = people.by_address(desk.unit, Address("", email))
    if person is not None and person.role != Role.CONTACT:
        raise Refused(sentence("{name} is a resource; change him with maild people.", name=email))
    new = person is None
    if person is None:
        person = people.add(desk.unit, email, people.Change(), desk.now)
    columns: dict[str, Any] = {}
    for slot, column in (("name", "name"), ("language", "language"), ("timezone", "timezone")):
        if slot in wanted and (wanted[slot] or slot != "name"):
            columns[column] = wanted[slot]
    if columns and person.source == "config":
        raise Refused(sentence("{name} stands in maild.toml; change that there.", name=email))
    if "organization" in wanted or desk.reach.client is not None:
        client = _client_of(desk, wanted.get("organization"))
        columns["organization_id"] = _of_his_client(desk, kind, client)
    own = {n: v for n, v in wanted.items() if n not in ("name", "organization", *columns)}
    fields = {n: v for n, v in {**person.fields, **own}.items() if v is not None}
    if desk.unit.change(person, fields=fields, **columns) or new:
        event = EventName.RECORD_ADDED if new else EventName.RECORD_CHANGED
        _say(desk, event, kind, email, wanted)
    return person


def _say(desk: Desk, event: EventName, kind: Kind, name: str, detail: Mapping[str, Any]) -> None:
    desk.unit.add(
        Event(
            at=desk.now,
            event=event,
            by=desk.actor.name,
            person_id=desk.by.id if desk.by else None,
            stored_id=desk.stored.id if desk.stored else None,
            detail={"kind": kind.name, "name": name, "fields": dict(detail)},
        )
    )


# ---- reading a field


def read(
    desk: Desk, slot: Slot, value: Any, dates: field_values.Dates = field_values.iso_dates
) -> Any:
    """What a text means in this field, as it is kept; UsageError, NotFound: it means nothing."""
    reader = _READERS.get(slot.kind)
    if reader is not None:
        return reader(desk, slot, value)
    if slot.name == "text":
        return str(value)[:LONGEST_ARTICLE]
    return field_values.read(slot.kind, value, slot.label, dates)


def _choice(desk: Desk, slot: Slot, value: Any) -> str:
    return named(str(value), slot.among, slot.label)


def _organization(desk: Desk, slot: Slot, value: Any) -> str:
    found = desk.reach.organization(str(value))
    if found is None:
        raise NotFound(not_among(desk.reach.organizations(), slot.label, str(value)))
    return found.name


def _contact(desk: Desk, slot: Slot, value: Any) -> str:
    text = str(value).strip()
    person = desk.reach.person_at(text)
    several = [person] if person else desk.reach.called(text)
    if len(several) != 1:
        raise NotFound(
            sentence(
                'Nobody is called "{text}"; write the address, like ann@acme.example.', text=text
            )
        )
    return asking.people.email(desk.unit, several[0])


def _resource(desk: Desk, slot: Slot, value: Any) -> str:
    person = desk.reach.resource(str(value))
    if person is None:
        known = [p.name for p in desk.reach.resources()]
        raise NotFound(not_among(known, sentence("resource"), str(value)))
    return asking.people.email(desk.unit, person)


def _resources(desk: Desk, slot: Slot, value: Any) -> list[str]:
    return [_resource(desk, slot, one) for one in field_values.read("words", value, slot.label)]


def _record(desk: Desk, slot: Slot, value: Any) -> str:
    found = find(desk.unit, KINDS[slot.among[0]], str(value), desk.reach)
    assert isinstance(found, Item)
    return found.name


def _ticket(desk: Desk, slot: Slot, value: Any) -> str:
    found = desk.reach.ticket(str(value))
    if found is None:
        raise NotFound(sentence('There is no {what} "{text}".', what=slot.label, text=str(value)))
    return found.number


def _rates(desk: Desk, slot: Slot, value: Any) -> dict[str, float]:
    """ "remote 90, on-site 110" or "95": what an hour costs, by type of work."""
    if isinstance(value, Mapping):
        pairs = [(str(name), str(rate)) for name, rate in value.items()]
    else:
        pairs = []
        for part in filter(str.strip, _BETWEEN_RATES.split(str(value))):
            name, _, rate = part.strip().rpartition(" ")
            pairs.append((name.strip(" :=") or "any", rate))
    return {key(name): field_values.read("number", rate, slot.label) for name, rate in pairs}


def _language(desk: Desk, slot: Slot, value: Any) -> str:
    from babel import Locale, UnknownLocaleError

    try:
        Locale.parse(str(value), sep="-")
    except (UnknownLocaleError, ValueError) as error:
        raise UsageError(
            sentence(
                '{field!c}: "{text}" is no language; write it like de or en-GB.',
                field=slot.label,
                text=str(value),
            )
        ) from error
    return str(value)


def _zone(desk: Desk, slot: Slot, value: Any) -> str:
    if not is_zone(str(value)):
        raise UsageError(
            sentence(
                '{field!c}: "{text}" is no time zone; write it like Europe/Berlin.',
                field=slot.label,
                text=str(value),
            )
        )
    return str(value)


_READERS: dict[str, Callable[[Desk, Slot, Any], Any]] = {
    "choice": _choice,
    "organization": _organization,
    "contact": _contact,
    "resource": _resource,
    "resources": _resources,
    "record": _record,
    "ticket": _ticket,
    "rates": _rates,
    "language": _language,
    "zone": _zone,
}


# ---- what tickets take from them


def rate(unit: Unit, contract: Item, work_type: str | None, day: datetime) -> int | None:
    """What an hour of this work costs under the contract on that day, in hundredths."""
    fields, date = contract.fields, day.date().isoformat()
    if date < str(fields.get("start") or "") or date > str(fields.get("end") or "9999"):
        return None
    rates = fields.get("rates") or {}
    found = rates.get(key(work_type or ""), rates.get("any"))
    return round(found * 100) if found is not None else None


def contract_of(unit: Unit, name: str | None, organization: Organization | None) -> Item | None:
    """The contract that a ticket names, else the only one of its client."""
    if name:
        return asking.items.named(unit, "contract", key(name))
    if organization is None:
        return None
    found = asking.items.of_organization(unit, organization, "contract")
    return found[0] if len(found) == 1 else None


def reference(unit: Unit, asset: str) -> str | None:
    """The reference of the asset of this name."""
    found = asking.items.named(unit, "asset", key(asset))
    return found.fields.get("reference") if found is not None else None
