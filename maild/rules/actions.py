"""What rules do: one table of actions, each with its meaning, its deed and its check.

An action gets its argument with every `${name}` filled in and says in a few words what it did, or
nothing where there was nothing to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from maild.desk import (
    appointments,
    digests,
    fields,
    merging,
    note_form,
    partners,
    requests,
    status_requirements,
    webhooks,
)
from maild.desk.desk import Actor, Occurrence
from maild.desk.language import for_all
from maild.desk.notify import notify
from maild.desk.partner_seal import Says
from maild.errors import UsageError
from maild.i18n import sentence
from maild.model import EventName, LinkKind, Role, SendState, StatusKind, TicketRole
from maild.rules import checks, conditions
from maild.rules.booking import booked
from maild.rules.checks import Check, texts
from maild.rules.context import Context
from maild.rules.interpolate import fill
from maild.rules.notification_facts import extra_facts, note_for
from maild.rules.recipients import OTHER_SIDE, assignee, everybody, may_be_nobody, recipients
from maild.rules.vocabulary import plain
from maild.store import asking
from maild.store.records import OutboxItem, Ticket

Run = Callable[[Context, Any], str | None]


@dataclass(frozen=True, slots=True)
class Action:
    """One word that can stand under `then`."""

    name: str
    meaning: str
    example: Any
    run: Run
    takes: str = "text"  # text | texts | yes | map: the shape of its argument, before it is checked
    keys: tuple[str, ...] = ()  # of a map; none named: any
    needs: tuple[str, ...] = ()  # keys that a map must have
    check: Check | None = None  # what else must be so of an argument of this shape


def ticket_of(context: Context) -> Ticket:
    """The ticket that the rule is about; mails that have none yet are not asked."""
    assert context.ticket is not None
    return context.ticket


# ---- the ticket itself


def _status(context: Context, name: Any) -> str | None:
    desk, ticket = context.desk, ticket_of(context)
    lacking = status_requirements.held_back(desk, ticket, str(name))
    if lacking:
        desk.add_note(ticket, text=for_all(desk, lacking), public=False)
        return f"not {name}: {lacking}"
    return f"status {name}" if desk.set_status(ticket, str(name)) else None


def _close(context: Context, argument: Any) -> str | None:
    return _status(context, context.desk.profile.complete_status) if argument else None


def _reopen(context: Context, argument: Any) -> str | None:
    closed = ticket_of(context).status_kind == StatusKind.CLOSED
    return _status(context, context.desk.profile.reopened_status) if argument and closed else None


def _set(context: Context, values: dict[str, Any]) -> str | None:
    ticket = ticket_of(context)
    done = []
    for name, value in values.items():
        if fields.set_value(context.desk, ticket, name, _value(context, name, value)):
            done.append(f"{name} {plain(value)}")
    return ", ".join(done) or None


def _value(context: Context, name: str, value: Any) -> Any:
    """The value as the ticket keeps it: "in 2 days" becomes a time, the matrix a priority."""
    if name == "due" and isinstance(value, str) and value != "empty":
        return conditions.reach_of(value)(context)
    if name == "queue" and value == "from request type":
        request = ticket_of(context).fields.get("request_type")
        known = context.desk.profile.request_types.get(request or "")
        return (known.queue if known else None) or ticket_of(context).queue
    if name == "queue" and value == "":  # from before it was written down
        return context.desk.profile.queues[0]
    if name == "priority" and value == "from matrix":
        long_tail = ticket_of(context).fields
        impact, urgency = long_tail.get("impact"), long_tail.get("urgency")
        found = impact and urgency and context.desk.profile.matrix.priority(impact, urgency)
        return found or ticket_of(context).priority
    return value


def _tag(context: Context, argument: Any) -> str | None:
    tags = texts(argument)
    return f"tag {', '.join(tags)}" if fields.tag(context.desk, ticket_of(context), tags) else None


def _untag(context: Context, argument: Any) -> str | None:
    tags = texts(argument)
    gone = fields.untag(context.desk, ticket_of(context), tags)
    return f"tag {', '.join(tags)} off" if gone else None


def _template(context: Context, name: Any) -> str | None:
    done = fields.apply_template(context.desk, ticket_of(context), str(name))
    return f"template {name} ({', '.join(done)})" if done else None


def _request(context: Context, name: Any) -> str | None:
    note = context.note
    texts_of = (note.text, note.quoted_text) if note is not None else ()
    made = requests.make(context.desk, ticket_of(context), str(name), *texts_of)
    return f"request {name}" if made else None


def _note_form(context: Context, argument: Any) -> str | None:
    if context.note is None or not argument:
        return None
    done = note_form.fill(context.desk, ticket_of(context), context.note.text)
    return f"note form ({', '.join(done)})" if done else None


def _appointment(context: Context, argument: dict[str, Any]) -> str | None:
    """Made or moved by what the mail says of its time."""
    desk, ticket = context.desk, ticket_of(context)
    booking = booked(context, str(argument["pattern"]))
    if booking is None:
        said = sentence("When the appointment is could not be read in this mail.")
        desk.add_note(ticket, text=for_all(desk, said), public=False)
        return "no appointment: its time cannot be read"
    return (
        f"appointment {plain(booking.start)}" if appointments.book(desk, ticket, booking) else None
    )


def _end_appointment(context: Context, how: Any) -> str | None:
    uid = context.mail.appointment.uid if context.mail and context.mail.appointment else ""
    done = appointments.end(context.desk, ticket_of(context), str(how), uid)
    return f"appointment {how}" if done else None


def _checklist(context: Context, argument: Any) -> str | None:
    lists = context.desk.profile.checklists
    items = [item for name in texts(argument) for item in lists.get(name, (name,))]
    return "checklist" if fields.add_checklist(context.desk, ticket_of(context), items) else None


# ---- people


def _assign(context: Context, argument: Any) -> str | None:
    ticket = ticket_of(context)
    if argument == "nobody":
        return "assigned to nobody" if context.desk.unassign(ticket) else None
    person = assignee(context, argument)
    if person is None and may_be_nobody(argument):
        return "assigned to nobody" if context.desk.unassign(ticket) else None
    if person is None or not context.desk.assign(ticket, person):
        return None
    return f"assigned to {person.name}"


def _add(context: Context, argument: dict[str, Any]) -> str | None:
    done = []
    for role, who in argument.items():
        for person in (assignee(context, name) for name in texts(who)):
            if person and context.desk.add_person(ticket_of(context), person, TicketRole(role)):
                done.append(f"{role} {person.name}")
    return ", ".join(done) or None


def _notify(context: Context, argument: dict[str, Any]) -> str | None:
    words = texts(argument["to"])
    here = [word for word in words if word != OTHER_SIDE]
    rows = _told(context, argument, here)
    there = _across(context) if len(here) < len(words) else None
    if there is not None:
        rows += _told(there, argument, [OTHER_SIDE])
    names = ", ".join(dict.fromkeys(row.address for row in rows))
    return f"{argument['template']} to {names}" if rows else None


def _told(context: Context, argument: dict[str, Any], to: list[str]) -> list[OutboxItem]:
    author = None if argument.get("author") or not _is_resource(context) else context.by
    kind = context.desk.profile.notifications.named(str(argument["template"]))
    whom = recipients(context, to, author)
    if not whom:
        return []
    return notify(
        context.desk,
        ticket_of(context),
        kind.name,
        whom,
        note=note_for(context, kind),
        time=context.time if to != [OTHER_SIDE] else None,
        extra=extra_facts(context, kind),
    )


def _across(context: Context) -> Context | None:
    """The same on the other side's ticket of a shared one, with its own copy of the note: whoever
    is told there reads nothing of this side's (P8).  To another desk, the other side are we."""
    desk, ticket = context.desk, ticket_of(context)
    if context.event is not None and context.event.detail.get("partner"):
        return context
    other = asking.tickets.other_side(desk.unit, ticket)
    if other is None or context.occurrence is None:
        return None
    note = context.note and asking.notes.copy(desk.unit, context.note, other)
    return Context(desk, replace(context.occurrence, ticket=other, note=note), context.captures)


def _digest(context: Context, argument: dict[str, Any]) -> str | None:
    told = everybody(context.desk, texts(argument.get("to", "all resources")))
    rows = digests.send(context.desk, str(argument["what"]), told)
    names = ", ".join(row.address for row in rows)
    return f"{argument['what']} to {names}" if rows else None


def _is_resource(context: Context) -> bool:
    """A resource knows what he did himself (N12); a contact is told what became of his mail."""
    return context.by is not None and context.by.role == Role.RESOURCE


def _withdraw(context: Context, audience: Any) -> str | None:
    """Takes back what this very mail or clock has put into the outbox for them, but for what a
    person wrote: a status is silent about itself alone."""
    desk, wanted = context.desk, {"contacts": Role.CONTACT, "resources": Role.RESOURCE}
    waiting = asking.outbox.of_cause(desk.unit, ticket_of(context), desk.cause)
    rows = [r for r in waiting if r.audience == wanted[str(audience)] and r.auto is not None]
    why = "A rule took it back before it was sent."
    for row in rows:
        desk.unit.change(row, state=SendState.HELD, error=why)
    return f"nothing to {', '.join(row.address for row in rows)}" if rows else None


# ---- notes and tickets


def _note(context: Context, argument: Any) -> str | None:
    words = {"text": argument} if isinstance(argument, str) else argument
    context.written = context.desk.add_note(
        ticket_of(context),
        text=str(words["text"]),
        title=words.get("title"),
        public=bool(words.get("public", False)),
    )
    return "a note"


CREATE_KEYS = ("title", "text", "link", "contact", "organization", "due", "set", "template")


def _create(context: Context, argument: dict[str, Any]) -> str | None:
    """A new ticket, of the same client where the rule has a ticket."""
    desk, here = context.desk, context.ticket
    made = desk.open_ticket(
        title=str(argument["title"]),
        contact=asking.tickets.contact(desk.unit, here) if here else None,
        organization=asking.tickets.organization(desk.unit, here) if here else None,
        source="rule",
    )
    inner = Context(desk, _about(context, made), context.captures)
    values = dict(argument.get("set") or {})
    values |= {k: argument[k] for k in ("contact", "organization", "due") if k in argument}
    _set(inner, values)
    if "template" in argument:
        _template(inner, argument["template"])
    follows = str(argument.get("link", LinkKind.FOLLOW_UP)) == LinkKind.FOLLOW_UP
    note = desk.add_note(
        made,
        text=str(argument.get("text", argument["title"])),
        public=here is None or not follows,  # a task of ours is for us
        first=True,
    )
    if here is not None and argument.get("link") == "child":
        desk.set_field(made, "parent_id", here.id)
    elif here is not None:
        desk.link(made, here, LinkKind(str(argument.get("link", LinkKind.FOLLOW_UP))))
    desk.announce(made, note)
    context.follow_up = made
    return f"ticket {made.number}"


def _merge(context: Context, number: Any) -> str | None:
    into = asking.tickets.numbered(context.desk.unit, str(number))
    ticket = ticket_of(context)
    if into is None or into is ticket or ticket.merged_id is not None:
        return None
    merging.merge(context.desk, ticket, into)
    return f"merged into {into.number}"


def _about(context: Context, ticket: Ticket) -> Occurrence:
    """The same occurrence on another ticket."""
    if context.occurrence is not None:
        return replace(context.occurrence, ticket=ticket)
    row = context.desk.record(ticket, EventName.CLOCK_FIRED, {})
    return Occurrence(row, ticket, None, None, context.desk.chain)


def _incidents(context: Context, steps: Any) -> str | None:
    """The same steps on every open incident of this Problem (N13)."""
    done = []
    for incident in asking.tickets.incidents(context.desk.unit, ticket_of(context)):
        inner = Context(context.desk, _about(context, incident), context.captures)
        did = [step.run(inner, fill(inner, step.argument)) for step in steps]
        if any(did):
            done.append(f"{incident.number}: {', '.join(d for d in did if d)}")
    return "; ".join(done) or None


def _tell_partner(context: Context, says: Any) -> str | None:
    ticket = ticket_of(context)
    return partners.tell_by_rule(context.desk, ticket, Says(str(says)), context.note)


def _share_with(context: Context, name: Any) -> str | None:
    partner = partners.named(context.desk, str(name))
    note = context.note or asking.notes.first(context.desk.unit, ticket_of(context))
    if partner is None:
        raise UsageError(f'There is no [[partner]] "{name}" in maild.toml.')
    if partners.shares(context.desk, ticket_of(context)):
        return None
    partners.share(context.desk, ticket_of(context), partner[0], note)
    return f"shared with {partner[0].name}"


def _hook(context: Context, name: Any) -> str | None:
    event = context.event.event if context.event else EventName.MAIL_RECEIVED
    rule = context.desk.chain[-1] if context.desk.chain else ""
    return (
        f"web hook {name}"
        if webhooks.call(context.desk, str(name), ticket_of(context), event, rule)
        else None
    )


# ---- clocks


def _start_clock(context: Context, name: Any) -> str | None:
    started = context.clocks is not None and context.clocks.start_named(context, str(name))
    return f"clock {name} started" if started else None


def _stop_clock(context: Context, name: Any) -> str | None:
    stopped = context.clocks is not None and context.clocks.stop_named(context, str(name))
    return f"clock {name} stopped" if stopped else None


ACTIONS: dict[str, Action] = {
    action.name: action
    for action in (
        Action(
            "status",
            "gives the ticket this status",
            "Client No Response",
            _status,
            check=checks.status,
        ),
        Action("close", "gives it the profile's complete_status", True, _close, "yes"),
        Action("reopen", "gives a closed one the profile's reopened_status", True, _reopen, "yes"),
        Action(
            "set",
            'gives fields their values; due takes "in 3 business days", priority `from matrix`',
            {"type": "Alert", "due": "in 3 business days"},
            _set,
            "map",
            check=checks.fields,
        ),
        Action(
            "assign",
            "makes somebody the primary resource: a name, author, on-call, nobody, round robin, "
            "least loaded (of all, or `round robin of GROUP`), or `NAME or nobody` where the name "
            "may be empty or of somebody who is gone",
            "on-call",
            _assign,
            check=checks.assign,
        ),
        Action(
            "add",
            "puts people on the ticket, as secondary or additional",
            {"secondary": "Dana Lead"},
            _add,
            "map",
            ("secondary", "additional"),
        ),
        Action("tag", "puts tags on the ticket", ["On-call"], _tag, "texts"),
        Action("untag", "takes tags off the ticket", ["On-call"], _untag, "texts"),
        Action(
            "template",
            "sets all fields of a ticket template",
            "handoff",
            _template,
            check=checks.template,
        ),
        Action(
            "request",
            "makes it a request of this type, with its ticket template and what the note says to "
            "its form; the type's queue is for a rule to set",
            "${mail.request_type}",
            _request,
        ),
        Action(
            "appointment",
            "makes or moves the ticket's appointment by the mail's calendar part, else by a "
            "`pattern` of its text with the groups start, end and place",
            {"pattern": "When: (?P<start>.+)"},
            _appointment,
            "map",
            ("pattern",),
            ("pattern",),
            checks.pattern,
        ),
        Action(
            "end appointment",
            "says of the ticket's appointment that it is `cancelled`, or was `missed`",
            "cancelled",
            _end_appointment,
            check=checks.ending,
        ),
        Action(
            "note form",
            "keeps in the ticket's fields what the note says by the headings of the note form",
            True,
            _note_form,
            "yes",
        ),
        Action(
            "checklist", "adds a checklist of the profile, or items", "closing", _checklist, "texts"
        ),
        Action(
            "note",
            "writes a note, internal unless `public: yes`",
            {"title": "RETEX", "text": "Root cause:", "public": False},
            _note,
            "note",
            ("text", "title", "public"),
            ("text",),
        ),
        Action(
            "notify",
            "mails people: roles, groups, names, addresses, on-call; `author: yes` also "
            "whoever caused it",
            {"to": "primary resource", "template": "assigned"},
            _notify,
            "map",
            ("to", "template", "author"),
            ("to", "template"),
            checks.notify,
        ),
        Action(
            "digest",
            "mails resources their `open tickets`, or the `timesheet` of their week; with `every`",
            {"what": "open tickets", "to": "all resources"},
            _digest,
            "map",
            ("what", "to"),
            ("what",),
            checks.digest,
        ),
        Action(
            "withdraw",
            "takes back what this very event has to say to contacts, or to resources",
            "contacts",
            _withdraw,
            check=checks.withdraw,
        ),
        Action(
            "create ticket",
            "opens a ticket: a follow-up (`link: follow-up`, `related`) or a `child` of this one",
            {"title": "Check ${ticket.title} again", "due": "in 5 business days"},
            _create,
            "map",
            CREATE_KEYS,
            ("title",),
            checks.create_ticket,
        ),
        Action(
            "merge into", "merges the ticket into the one of this number", "${mail.number}", _merge
        ),
        Action(
            "for incidents",
            "does actions on every open incident of this Problem",
            [{"notify": {"to": "contacts", "template": "problem-update"}}],
            _incidents,
            "steps",
        ),
        Action(
            "web hook",
            "calls the [[hook]] of this name in maild.toml, signed, again until it answers",
            "chat",
            _hook,
        ),
        Action(
            "share with",
            "has the [[partner]] of this name in maild.toml open a ticket of its own, with the "
            "note that it is about",
            "Northwind IT",
            _share_with,
        ),
        Action(
            "tell partner",
            "tells the other desk that shares the ticket: `note`, `question` (what the note says), "
            "`done`, `ended`; nothing where it is shared with none, or was told so last",
            "done",
            _tell_partner,
            check=checks.tell_partner,
        ),
        Action("start clock", "starts the rule of this name", "Remind", _start_clock, "rule"),
        Action("stop clock", "stops the rule of this name", "Remind", _stop_clock, "rule"),
    )
}


# ---- what a rule on `mail received` can say of the mail (see `route`)

ROUTING: dict[str, tuple[str, Any]] = {
    "from": (
        "whose note it is and how the ticket came in, in place of the sender: "
        "monitoring, web form, …",
        "monitoring",
    ),
    "correlate": (
        "the key that an alert and its all-clear share; with `find: open` and "
        "`otherwise: drop` it makes no new ticket",
        {"key": "${host} ${check}", "find": "open", "otherwise": "drop"},
    ),
    "belongs to": ("the number of the ticket that it is about", "${mail.number}"),
    "contact": ("the address of the person whose ticket it is", "${email}"),
    "drop": ("makes neither ticket nor note of it; says why", "a report that nobody reads"),
}
CORRELATE_KEYS = ("key", "find", "otherwise")
CORRELATE_FOR = timedelta(days=30)  # a closed alert is found again so long


def steps_of(context: Context, steps: Iterable[Any]) -> list[str]:
    """Does the steps one after the other; what was done, in words."""
    done = (step.run(context, fill(context, step.argument)) for step in steps)
    return [words for words in done if words]


def rule_actor(name: str) -> Actor:
    return Actor(f"rule: {name}", Role.SYSTEM)
