"""What a mail's commands changed, and taking it back (E7).

Before and after the commands the tickets are looked at as plain values; the difference is kept
with the message.  `#undo` sets back what still stands as the commands left it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from maild.commands import taken_back
from maild.commands.job import Job
from maild.desk import fields, merging, partners, reminders, worktime
from maild.desk.desk import Desk
from maild.desk.worktime import remove_time
from maild.errors import Refused
from maild.i18n import Value, sentence
from maild.model import LinkKind, TicketRole
from maild.store import asking
from maild.store.records import Message, Organization, Person, Ticket, TimeEntry
from maild.store.unit import Unit

WITHIN = timedelta(days=1)
KEPT = ("sla",)  # fields that the desk keeps for itself
COLUMNS = (
    "title", "priority", "type", "queue", "due", "resolution", "tags", "parent_id",
    "contact_id", "organization_id", "source", "notify_contact",
)  # fmt: skip
RECORDS: dict[str, type[Person | Organization | Ticket]] = {
    "parent_id": Ticket,
    "contact_id": Person,
    "organization_id": Organization,
}

Values = dict[str, Any]


def values(unit: Unit, ticket: Ticket) -> Values:
    """What commands can change of a ticket, as plain data."""
    found: Values = {name: _plain(getattr(ticket, name)) for name in COLUMNS}
    found["status"] = ticket.status
    found["primary"] = ticket.primary_id
    found["people"] = sorted([p.role, p.person_id] for p in asking.tickets.people(unit, ticket))
    found |= {
        f"fields.{key}": _plain(value) for key, value in ticket.fields.items() if key not in KEPT
    }
    return found


def difference(before: Values, after: Values) -> dict[str, list[Any]]:
    """name → [before, after] of what changed."""
    names = dict.fromkeys([*before, *after])
    return {
        name: [before.get(name), after.get(name)]
        for name in names
        if before.get(name) != after.get(name)
    }


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()  # as it will be read again
    return list(value) if isinstance(value, list) else value


# ---- taking it back


def undo(job: Job, argument: str) -> str:
    """Takes back what his last commands on this ticket did, or those of the answered mail."""
    stored = _which(job)
    record = dict(stored.undo or {})
    what = [_STEPS[step["do"]](job.desk, step) for step in reversed(record.get("steps", []))]
    ticket = job.desk.unit.get(Ticket, record.get("ticket"))
    if ticket is not None:
        what += _restore(job.desk, ticket, record.get("changed", {}))
    job.desk.unit.change(stored, undo=record | {"undone": job.desk.now.isoformat()})
    job.desk.settle()
    taken_back.tell(job.desk, stored, job.may.person)
    if _sent(job.desk.unit, stored):
        what.append(sentence("what was sent meanwhile cannot be unsent"))
    return sentence("Taken back: {what:; }.", what=what)


def _which(job: Job) -> Message:
    """The mail whose commands are meant; Refused where there is none, or it is too old."""
    desk = job.desk
    own = asking.people.keys(desk.unit, job.may.person)
    stored = (
        job.undoes or _answered(job) or asking.messages.undoable(desk.unit, job.the_ticket, own)
    )
    if stored is None or not stored.undo or (stored is job.undoes and not _is_his(job, stored)):
        raise Refused(sentence("There is nothing of yours to take back on this ticket."))
    if stored.undo.get("undone"):
        raise Refused(sentence("That was taken back already."))
    if (stored.processed or stored.accepted) + WITHIN < desk.now:
        raise Refused(
            sentence(
                "That is more than a day old and stays; set what you want with a command of its "
                "own."
            )
        )
    return stored


def _is_his(job: Job, stored: Message) -> bool:
    """Whether he did it himself, and to this ticket: what a form names may be anybody's."""
    ticket, own = job.the_ticket, asking.people.keys(job.desk.unit, job.may.person)
    of_it = ticket.id in (stored.ticket_id, (stored.undo or {}).get("ticket"))
    return of_it and stored.sender in own


def _answered(job: Job) -> Message | None:
    """The mail with something to take back whose answer this mail replies to."""
    mail = job.desk.mail
    if mail is None:
        return None
    for message_id in mail.in_reply_to:
        item = asking.outbox.with_id(job.desk.unit, message_id)
        his = item is not None and item.person_id == job.may.person.id
        if item is not None and his and item.template == "command-answer":
            stored = job.desk.unit.get(Message, item.stored_id)
            return stored if stored is not None and stored.undo else None
    return None


def _restore(desk: Desk, ticket: Ticket, changed: dict[str, list[Any]]) -> list[str]:
    """Sets back each value that still is what the commands made it; the status last."""
    now = values(desk.unit, ticket)
    what: list[str] = []
    for name in sorted(changed, key=lambda name: name == "status"):
        before, after = changed[name]
        label = fields.label(name.removeprefix("fields.").removesuffix("_id"))
        if now.get(name) != after:
            what.append(sentence("{field} left alone, as it was changed again since", field=label))
            continue
        _set(desk, ticket, name, before)
        what.append(
            sentence("{field} back to {value}", field=label, value=_shown(desk, name, before))
        )
    return what


def _set(desk: Desk, ticket: Ticket, name: str, value: Any) -> None:
    if name == "status":
        desk.set_status(ticket, value)
    elif name == "primary":
        person = desk.unit.get(Person, value)
        if person is None:
            desk.unassign(ticket)
        else:
            desk.assign(ticket, person)
    elif name == "people":
        _set_people(desk, ticket, value or [])
    elif name == "due":
        desk.set_field(ticket, "due", datetime.fromisoformat(value) if value else None)
    elif name == "fields.service_call":
        fields.set_value(desk, ticket, "service_call", value)
    else:
        desk.set_field(ticket, name.removeprefix("fields."), value)


def _set_people(desk: Desk, ticket: Ticket, wanted: list[list[Any]]) -> None:
    there = asking.tickets.people(desk.unit, ticket)
    have: list[list[Any]] = [[p.role, p.person_id] for p in there]
    for role, person_id in [one for one in have if one not in wanted]:
        if person := desk.unit.get(Person, person_id):
            desk.remove_person(ticket, person, TicketRole(role))
    for role, person_id in [one for one in wanted if one not in have]:
        if person := desk.unit.get(Person, person_id):
            desk.add_person(ticket, person, TicketRole(role))


def _shown(desk: Desk, name: str, value: Any) -> Value:
    if name == "people":
        return sentence("who they were")
    if name == "primary":
        person = desk.unit.get(Person, value)
        return person.name if person else sentence("nobody")
    if name in RECORDS and value is not None:
        record = desk.unit.get(RECORDS[name], value)
        return record.number if isinstance(record, Ticket) else str(getattr(record, "name", ""))
    return fields.as_words(value, desk.settings.config.desk.zone)


def _sent(unit: Unit, stored: Message) -> bool:
    """Whether a contact was told of what is taken back."""
    return bool(asking.outbox.to_contacts(asking.outbox.of_message(unit, stored.id)))


# ---- steps that are more than values


def _ticket(desk: Desk, ticket_id: int) -> Ticket:
    """Tickets are never deleted, so those of a step are still there."""
    found = desk.unit.get(Ticket, ticket_id)
    assert found is not None
    return found


def _time(desk: Desk, step: Values) -> str:
    entry = desk.unit.get(TimeEntry, step["id"])
    if entry is None:
        return sentence("the time was taken off before")
    minutes = entry.minutes
    remove_time(desk, _ticket(desk, entry.ticket_id), entry)
    return sentence("{minutes} minutes are off the ticket", minutes=minutes)


def _time_changed(desk: Desk, step: Values) -> str:
    entry = desk.unit.get(TimeEntry, step["id"])
    if entry is None:
        return sentence("the time was taken off before")
    columns = worktime.restored(step["before"])
    worktime.change_time(desk, _ticket(desk, entry.ticket_id), entry, **columns)
    return sentence("the time is as it was")


def _time_removed(desk: Desk, step: Values) -> str:
    columns = worktime.restored(step["entry"])
    person = desk.unit.get(Person, columns.pop("by_id"))
    assert person is not None  # people are never deleted
    worktime.add_time(desk, _ticket(desk, step["ticket"]), person, worktime.Work(**columns), None)
    return sentence("the time is back")


def _merge(desk: Desk, step: Values) -> str:
    ticket = _ticket(desk, step["ticket"])
    merging.unmerge(desk, ticket, _ticket(desk, step["into"]), step["detail"])
    return sentence("{ticket} is a ticket of its own again", ticket=ticket.number)


def _link(desk: Desk, step: Values) -> str:
    desk.unlink(_ticket(desk, step["ticket"]), _ticket(desk, step["other"]), LinkKind.RELATED)
    return sentence("the tickets are not tied any more")


def _split(desk: Desk, step: Values) -> str:
    ticket = _ticket(desk, step["ticket"])
    merging.unsplit(desk, ticket, _ticket(desk, step["fresh"]), step["note"])
    return sentence("the note is back in {ticket}", ticket=ticket.number)


def _remind(desk: Desk, step: Values) -> str:
    person = desk.unit.get(Person, step["person"])
    if person is not None:
        reminders.forget(desk, _ticket(desk, step["ticket"]), person)
    return sentence("you will not be reminded")


def _delete(desk: Desk, step: Values) -> str:
    ticket = _ticket(desk, step["ticket"])
    merging.restore(desk, ticket)
    return sentence("{ticket} is back", ticket=ticket.number)


def _share(desk: Desk, step: Values) -> str:
    ticket = _ticket(desk, step["ticket"])
    if partners.ended(desk, ticket):
        return sentence("the other desk is told that {ticket} is not shared", ticket=ticket.number)
    return sentence("it was not shared any more")


_STEPS: dict[str, Callable[[Desk, Values], str]] = {
    "time": _time,
    "time changed": _time_changed,
    "time removed": _time_removed,
    "merge": _merge,
    "link": _link,
    "split": _split,
    "delete": _delete,
    "share": _share,
    "remind": _remind,
}
