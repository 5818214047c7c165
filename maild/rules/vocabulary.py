"""The words of rules: events and values.  This table drives checking, hints and docs/rules.md."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from maild.desk import (
    appointments,
    note_form,
    numbers,
    partners,
    requests,
    status_requirements,
)
from maild.desk.profile import STATUS_KINDS, Profile
from maild.desk.sides import OTHER
from maild.model import EventName, Kind, Role, TicketRole
from maild.parse import spam_verdict
from maild.rules.context import Context
from maild.store import asking
from maild.store.records import Organization, Person, Ticket

# Every event that a rule can wait for, and what it means.
_MEANINGS = {
    "mail received": "a mail came in, before anybody has asked whose it is and which ticket's",
    "ticket created": "a ticket is there, with its first note",
    "note added": "somebody wrote a note, by mail or otherwise; `note.first` is the description",
    "status changed": "the ticket has another status (`event.from`, `event.to`)",
    "field changed": "another field has another value (`event.field`, `event.from`, `event.to`)",
    "assigned": "the ticket has another primary resource (`event.to`)",
    "time added": "somebody entered time",
    "time changed": "a time entry was corrected (`event.from`, `event.to`)",
    "time removed": "a time entry was taken back",
    "unassigned": "nobody has the ticket any more (`event.from`)",
    "completed": "the ticket's status is of the kind closed now",
    "reopened": "the ticket's status was of the kind closed and is no more",
    "transferred": "the ticket went to the other side (`event.to`: provider or client)",
    "escalated": "the ticket went to a queue or a resource who can help (`event.to`)",
    "person added": "somebody was put on the ticket (`event.person`, `event.role`)",
    "person removed": "somebody was taken off the ticket",
    "linked": "the ticket was tied to another one (`event.to`)",
    "unlinked": "it is tied to it no more (`event.from`)",
    "merged": "the ticket was merged into another one",
    "took in": "another ticket was merged into this one (`event.from`, `event.was_kind`: what that "
    "was)",
    "split off": "a note of another ticket (`event.from`) became this one",
    "unmerged": "a merger was taken back",
    "deleted": "the ticket was deleted",
    "restored": "a deletion was taken back",
    "urgency asked": "a contact says that it is urgent (`event.by`)",
    "closing asked": "somebody whom nothing proves says in a contact's name that it is solved",
    "appointment made": "the ticket has a service call more",
    "appointment moved": "a service call is at another time or place",
    "appointment ended": "a service call is cancelled, missed or done (`event.how`)",
    "signed off": "a contact accepts what was done (`event.by`, `event.proof`)",
    "rated": "a contact says how it was (`event.score`: 1 to 5, `event.words`: yes where they "
    "wrote something)",
    "also came in": "the same mail came in by another mailbox",
    "other side": "the other side of a shared ticket says something (`event.says`)",
    "address held": "mail to an address came back so often that we write there no more",
    "reminder set": "a resource wants to be reminded of the ticket (`event.to`)",
    "reminder removed": "they no longer want to be reminded",
    "reminded": "a resource was reminded of the ticket",
    "SLA approaching": "a time that we owe is near (`event.which`)",
    "SLA missed": "a time that we owed is over (`event.which`)",
    "automatic mail": "a vacation notice or the like came in; nothing else is changed by it",
    "message bounced": "a mail of ours came back (`event.failed`)",
    "notification failed": "a notification could not be delivered",
    "command refused": "what somebody asked for by mail was refused (`event.why`)",
    "clock fired": "a rule that waited is due (`event.rule`)",
}
EVENTS = {EventName(name): meaning for name, meaning in _MEANINGS.items()}

# Names for several events.
GROUPS: dict[str, tuple[EventName, ...]] = {
    "activity": (
        EventName.TICKET_CREATED,
        EventName.NOTE_ADDED,
        EventName.STATUS_CHANGED,
        EventName.ASSIGNED,
        EventName.TIME_ADDED,
    ),
    "ticket changed": (
        EventName.STATUS_CHANGED,
        EventName.FIELD_CHANGED,
        EventName.ASSIGNED,
        EventName.UNASSIGNED,
    ),
}
# What is only written down: no rule hears of it, as it is there to move nothing.
UNHEARD = (
    EventName.TICKET_FILED,
    EventName.RECORD_ADDED,
    EventName.RECORD_CHANGED,
    EventName.RECORD_RETIRED,
    EventName.IMPORTED,
    EventName.NOTE_FILED,
    EventName.NOTE_WITHHELD,
    EventName.PARTNER_TOLD,
    EventName.PARTNER_HEARD,
    EventName.NOTIFICATION_RETRIED,
    EventName.NOTIFICATION_DROPPED,
    EventName.RULE_FIRED,
    EventName.RULE_FAILED,
    EventName.RULES_CUT_SHORT,
)


@dataclass(frozen=True, slots=True)
class Value:
    """Something that a condition can ask for, or `${name}` can stand for."""

    name: str  # "ticket.status"
    meaning: str
    get: Callable[[Context], Any]
    kind: str = "text"  # text | bool | number | time | list
    words: Callable[[Profile], Iterable[str]] | None = None  # all that it can be


def _ticket(attribute: str) -> Callable[[Context], Any]:
    return lambda context: getattr(context.ticket, attribute, None)


def _of(subject: str, attribute: str) -> Callable[[Context], Any]:
    return lambda context: getattr(getattr(context, subject), attribute, None)


def _person(key: str, wanted: str) -> Callable[[Context], Any]:
    """Something of the person whose id stands in this column of the ticket."""

    def get(context: Context, ticket: Ticket) -> Any:
        person = context.desk.unit.get(Person, getattr(ticket, key))
        return getattr(person, wanted, None)

    return _on_ticket(get)


def _client(context: Context, ticket: Ticket) -> str | None:
    organization = context.desk.unit.get(Organization, ticket.organization_id)
    return organization.name if organization is not None else None


def _event(key: str) -> Callable[[Context], Any]:
    return lambda context: context.event.detail.get(key) if context.event else None


def _names(role: TicketRole) -> Callable[[Context], Any]:
    return lambda context: (
        [p.name for p in asking.tickets.with_role(context.desk.unit, context.ticket, role)]
        if context.ticket
        else []
    )


def _address(context: Context, person: Person | None) -> str | None:
    addresses = asking.people.keys(context.desk.unit, person) if person is not None else []
    return next(iter(addresses), None)


def _contact_address(context: Context, ticket: Ticket) -> str | None:
    return _address(context, asking.tickets.contact(context.desk.unit, ticket))


def _writer(context: Context) -> Person | None:
    """Who wrote the note, where a person did."""
    return asking.notes.writer(context.desk.unit, context.note) if context.note else None


def _on_ticket(compute: Callable[[Context, Ticket], Any]) -> Callable[[Context], Any]:
    return lambda context: compute(context, it) if (it := context.ticket) is not None else None


def _minutes(context: Context, ticket: Ticket) -> int:
    return asking.tickets.minutes(context.desk.unit, ticket)


def _entries(context: Context, ticket: Ticket) -> int:
    return len(asking.tickets.times(context.desk.unit, ticket))


def _parent(context: Context, ticket: Ticket) -> str | None:
    parent = context.desk.unit.get(Ticket, ticket.parent_id)
    return parent.number if parent else None


def _twin(context: Context, ticket: Ticket) -> str | None:
    """What the other side of a shared ticket is called."""
    if not ticket.shared_side:
        return None
    side = OTHER[ticket.shared_side]
    return context.desk.profile.sides.get(side, side)


def _incidents(context: Context, ticket: Ticket) -> int:
    return len(asking.tickets.incidents(context.desk.unit, ticket))


def _promise(name: str) -> Callable[[Context], Any]:
    return _on_ticket(lambda context, ticket: (ticket.fields.get("sla") or {}).get(name))


def _missed(context: Context, ticket: Ticket) -> list[str]:
    kept = ticket.fields.get("sla") or {}
    return [which for which in ("first response", "resolution") if _key(which, kept)]


def _key(which: str, kept: dict[str, Any]) -> bool:
    return bool(kept.get(f"{which.replace(' ', '_')}_missed"))


def _approves(context: Context, ticket: Ticket) -> str | None:
    named = str(ticket.fields.get("approver") or "")
    if "@" in named:
        return named.lower()
    several = asking.people.called(context.desk.unit, named) if named else []
    if named:  # a name from before it was an address
        return asking.people.email(context.desk.unit, several[0]) if len(several) == 1 else None
    return _contact_address(context, ticket)


def _appointment(context: Context, ticket: Ticket) -> str | None:
    call = appointments.last(context.desk.unit, ticket)
    return call.fields.get("status", "planned") if call is not None else None


def _tells(context: Context, ticket: Ticket) -> bool:
    status = context.desk.profile.statuses.get(ticket.status)
    return status is None or status.tell_contact


SENDER_KINDS = "kinds of sender"  # in the desk's memory: those that are proven of this mail


def _sender_kinds(context: Context) -> list[str]:
    """Proven ones, where the mail came in; for a rule that is only tried, by its patterns."""
    mail, profile = context.mail, context.desk.profile
    if SENDER_KINDS in context.desk.memory:
        return list(context.desk.memory[SENDER_KINDS])
    if mail is None or mail.sender is None:
        return []
    return [kind for kind in profile.senders if profile.is_sender(mail.sender.key, kind)]


def _stored(attribute: str) -> Callable[[Context], Any]:
    return lambda context: getattr(context.desk.stored, attribute, None)


def _addresses(field: str) -> Callable[[Context], Any]:
    return lambda context: [a.key for a in getattr(context.mail, field)] if context.mail else []


def _sender(attribute: str) -> Callable[[Context], Any]:
    return lambda context: getattr(getattr(context.mail, "sender", None), attribute, None)


def _open(context: Context) -> bool:
    desk = context.desk
    return desk.profile.calendar().at(desk.settings.config.desk.zone).is_open(desk.now)


def _weekday(context: Context) -> str:
    return (
        context.desk.now.astimezone(context.desk.settings.config.desk.zone).strftime("%A").lower()
    )


def _number(context: Context) -> str | None:
    return next(iter(numbers.numbers_in(context.mail.subject)), None) if context.mail else None


def _request_type(context: Context) -> str | None:
    if context.mail is None:
        return None
    text = _new_text(context) or ""
    return requests.named(context.desk.profile, context.mail.subject, text)


def _form(context: Context) -> list[str]:
    return list(note_form.read(context.note.text)) if context.note is not None else []


def _new_text(context: Context) -> str | None:
    return (context.mail.new_text or context.mail.text) if context.mail else None


KINDS = (Role.CONTACT, Role.RESOURCE, Role.SYSTEM, Role.MONITORING, Role.PARTNER)
VALUES: dict[str, Value] = {
    value.name: value
    for value in (
        Value("ticket.number", "its number", _ticket("number")),
        Value("ticket.title", "its title", _ticket("title")),
        Value("ticket.status", "its status", _ticket("status"), words=lambda p: p.statuses),
        Value(
            "ticket.status_kind",
            "the kind of its status",
            _ticket("status_kind"),
            words=lambda p: STATUS_KINDS,
        ),
        Value("ticket.priority", "its priority", _ticket("priority"), words=lambda p: p.priorities),
        Value("ticket.type", "its type", _ticket("type"), words=lambda p: p.types),
        Value("ticket.source", "how it came in", _ticket("source")),
        Value("ticket.queue", "its queue", _ticket("queue")),
        Value("ticket.organization", "the client's name", _on_ticket(_client)),
        Value("ticket.contact", "the contact's name", _person("contact_id", "name")),
        Value("ticket.primary", "the primary resource's name", _person("primary_id", "name")),
        Value(
            "ticket.secondary",
            "names of the secondary resources",
            _names(TicketRole.SECONDARY),
            "list",
        ),
        Value(
            "ticket.partner",
            "the other desk that shares it by mail",
            _on_ticket(lambda context, ticket: partners.partner_of(context.desk, ticket)),
        ),
        Value(
            "ticket.additional",
            "names of additional contacts",
            _names(TicketRole.ADDITIONAL),
            "list",
        ),
        Value("ticket.notify_contact", "the contact is told", _ticket("notify_contact"), "bool"),
        Value("ticket.tell_contact", "its status is for the contact", _on_ticket(_tells), "bool"),
        Value(
            "ticket.appointment",
            "what its appointment is: planned, done, cancelled, missed",
            _on_ticket(_appointment),
        ),
        Value("ticket.due", "when it is due", _ticket("due"), "time"),
        Value("ticket.created", "when it was opened", _ticket("created"), "time"),
        Value("ticket.updated", "when it last changed", _ticket("updated"), "time"),
        Value("ticket.completed", "when it was completed", _ticket("completed"), "time"),
        Value("ticket.resolution", "how it was solved", _ticket("resolution")),
        Value("ticket.correlation", "the key of its alert", _ticket("correlation")),
        Value("ticket.tags", "its tags", _ticket("tags"), "list"),
        Value("ticket.reopened", "how often it was reopened", _ticket("reopened"), "number"),
        Value("ticket.parent", "number of the Problem it hangs on", _on_ticket(_parent)),
        Value("ticket.twin", "the side that it is shared with", _on_ticket(_twin)),
        Value("ticket.open_incidents", "how many hang on it", _on_ticket(_incidents), "number"),
        Value("ticket.minutes", "minutes worked on it", _on_ticket(_minutes), "number"),
        Value("ticket.time_entries", "number of time entries", _on_ticket(_entries), "number"),
        Value(
            "ticket.response_due", "when we owe an answer", _promise("first_response_due"), "time"
        ),
        Value(
            "ticket.resolution_due", "when we owe a solution", _promise("resolution_due"), "time"
        ),
        Value("ticket.sla_missed", "which promises were missed", _on_ticket(_missed), "list"),
        Value(
            "ticket.open_checklist_items",
            "items that are not done",
            _on_ticket(lambda context, ticket: len(status_requirements.open_items(ticket))),
            "number",
        ),
        Value(
            "ticket.form_missing",
            "what the form of its request still lacks",
            _on_ticket(lambda context, ticket: requests.missing(context.desk.profile, ticket)),
            "list",
        ),
        Value(
            "ticket.approves",
            "the address of who approves it: its `approver`, else its contact",
            _on_ticket(_approves),
        ),
        Value("note.by_kind", "who wrote it", _of("note", "by_kind"), words=lambda p: KINDS),
        Value(
            "note.by",
            "the writer's name",
            lambda context: getattr(_writer(context), "name", None),
        ),
        Value("note.by_address", "the author's address", lambda c: _address(c, _writer(c))),
        Value("note.public", "contacts may read it", _of("note", "public"), "bool"),
        Value("note.title", "its title", _of("note", "title")),
        Value("note.text", "its words", _of("note", "text")),
        Value("note.form", "what it says by the note form's headings: their names", _form, "list"),
        Value(
            "note.first",
            "it is the ticket's description",
            lambda s: bool(_event("first")(s)),
            "bool",
        ),
        Value("organization.name", "the client's name", _on_ticket(_client)),
        Value("contact.name", "the contact's name", _person("contact_id", "name")),
        Value("contact.language", "the contact's language", _person("contact_id", "language")),
        Value(
            "contact.address",
            "the contact's address",
            _on_ticket(_contact_address),
        ),
        Value(
            "contact.domain",
            "the domain of that address",
            _on_ticket(lambda c, ticket: (_contact_address(c, ticket) or "").rpartition("@")[2]),
        ),
        Value("mail.subject", "its subject", _of("mail", "subject")),
        Value("mail.number", "the first ticket number in its subject", _number),
        Value(
            "mail.request_type",
            "the type of request that its subject or a line `Request type: …` names",
            _request_type,
        ),
        Value(
            "mail.appointment",
            "what a calendar part of it is: request, cancel, reply …",
            lambda c: c.mail.appointment.method if c.mail and c.mail.appointment else None,
        ),
        Value("mail.text", "what its sender wrote now", _new_text),
        Value("mail.sender", "the sender's address", _sender("key")),
        Value("mail.sender_name", "the sender's name", _sender("name")),
        Value("mail.domain", "the domain of the sender's address", _sender("domain")),
        Value(
            "mail.sender_is",
            "the profile's kind of sender",
            _sender_kinds,
            "list",
            words=lambda p: p.senders,
        ),
        Value("mail.to", "addresses in To", _addresses("to"), "list"),
        Value("mail.cc", "addresses in Cc", _addresses("cc"), "list"),
        Value("mail.reply_to", "addresses in Reply-To", _addresses("reply_to"), "list"),
        Value(
            "mail.kind", "what sort of mail it is", _of("mail", "kind"), words=lambda p: list(Kind)
        ),
        Value(
            "mail.answerable", "it may be answered by a machine", _of("mail", "answerable"), "bool"
        ),
        Value("mail.mailbox", "the mailbox it came in by", _stored("mailbox")),
        Value(
            "mail.spam",
            "the field by which a server on the way calls it spam, or empty",
            lambda context: spam_verdict.verdict(context.mail) if context.mail else "",
        ),
        Value("mail.proof", "why its sender was believed: token, dmarc …", _stored("proof")),
        Value("event.name", "the event", _of("event", "event"), words=lambda p: EVENTS),
        Value("event.by", "who did it: a person, a rule, maild", _of("event", "by")),
        Value(
            "event.by_kind",
            "contact or resource, where a person began it",
            lambda s: s.by.role if s.by else Role.SYSTEM,
            words=lambda p: KINDS,
        ),
        Value("time.minutes", "minutes worked", _of("time", "minutes"), "number"),
        Value("time.work_type", "remote, on-site …", _of("time", "work_type")),
        Value("time.summary", "what was done", _of("time", "summary")),
        Value("desk.open", "the desk works at this moment", _open, "bool"),
        Value("desk.weekday", "monday … sunday", _weekday),
        *(
            Value(f"event.{key}", meaning, _event(key), kind)
            for key, meaning, kind in (
                ("from", "what it was", "text"),
                ("to", "what it is now", "text"),
                ("field", "which field", "text"),
                ("kind", "the kind of the new status", "text"),
                ("was_kind", "the kind of the old status", "text"),
                ("escalates", "another queue by an escalation, which brings its pack", "bool"),
                ("person", "who was put on the ticket", "text"),
                ("role", "as what", "text"),
                ("answer", "what an automatic mail answers to an appointment: declined …", "text"),
                ("comment", "what somebody wrote with that answer", "text"),
                ("how", "how an appointment ended: cancelled, missed, done", "text"),
                ("which", "first response or resolution", "text"),
                ("rule", "the rule that waited", "text"),
                ("command", "what was asked", "text"),
                ("why", "why it was refused", "text"),
                ("says", "what the other side says", "text"),
                ("score", "how a contact found it, from 1 (poor) to 5 (very good)", "number"),
                ("words", "whether they wrote something besides", "bool"),
                ("audience", "for whom the mail was that failed: contact, resource", "text"),
                ("failed", "addresses that did not get our mail", "list"),
            )
        ),
    )
}


def fields(profile: Profile) -> dict[str, Value]:
    """The ticket's long tail: `ticket.impact`, and what the profile adds."""
    return {
        f"ticket.{name}": Value(f"ticket.{name}", "a field of the ticket", _field(name), "any")
        for name in profile.field_names
        if f"ticket.{name}" not in VALUES
    }


def _field(name: str) -> Callable[[Context], Any]:
    return lambda context: context.ticket.fields.get(name) if context.ticket else None


def header(name: str) -> Value:
    """`mail.header.x-priority`: a header field of the mail."""
    wanted = name.removeprefix("mail.header.")
    return Value(
        name,
        "a header field",
        lambda context: context.mail.header(wanted) if context.mail else None,
    )


def value_named(name: str, profile: Profile) -> Value | None:
    """The value of this name, or None where there is none."""
    if name.startswith("mail.header."):
        return header(name)
    return VALUES.get(name) or fields(profile).get(name)


def names(profile: Profile) -> list[str]:
    """Every name that a condition can begin with."""
    return [*VALUES, *fields(profile), "mail.header."]


def plain(value: Any) -> str:
    """A value as text of a note or a reason."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, list | tuple):
        return ", ".join(map(plain, value))
    return str(value)
