"""Every notification there is: to whom, why, and what its template may name besides the rest."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from maild.desk.facts import CATALOGUE, Fact, Facts, example
from maild.errors import UsageError


@dataclass(frozen=True, slots=True)
class Notification:
    """One notification; its template has the same name."""

    name: str
    purpose: str  # one sentence, with the row it serves
    audience: str  # contact | resource | admin: whom it is written for
    about: tuple[str, ...] = ("ticket",)  # which of ticket, note, time it always has
    auto: str | None = "auto-generated"  # Auto-Submitted (RFC 3834 §5); None: a person's words
    direct: bool = False  # an answer to the recipient's own mail: "stop" and the like do not apply
    covers: tuple[str, ...] = ()  # it carries the note too: these are not sent beside it
    extra: tuple[Fact, ...] = ()  # what else its template may name

    @property
    def facts(self) -> tuple[Fact, ...]:
        """Every name that this template may use."""
        return CATALOGUE + self.extra

    @property
    def nothing(self) -> Facts:
        """The names of its own with nothing in them, for what a caller does not know."""
        return {
            fact.name.partition(".")[0].removesuffix("[]"): [] if "[]" in fact.name else None
            for fact in self.extra
        }

    def example(self) -> Facts:
        """Facts to try the template with."""
        data = example(self.facts)
        for name in ("ticket", "note", "time"):
            if name not in self.about:
                data[name] = None
        if "ticket" not in self.about:
            data["earlier"] = []
        if self.audience != "contact":
            data["recipient"].update(name="Bob Tech", first_name="Bob", address="bob@example.com")
        data["recipient"]["audience"] = self.audience
        return data


_COMMANDS = (
    Fact("answers[].command", "what was asked", "status Complete"),
    Fact("answers[].done", "whether it was done", True),
    Fact("answers[].why", "what was done, or why not, in a sentence", "The ticket is Complete."),
    Fact("answers[].undo", "what to write to undo it, or none", "#status In Progress"),
    Fact("undo", "what `#undo` in a reply would take back, or none", "#assign bob, #priority 1"),
    Fact("internal", "whether a reply to this mail stays internal", False),
    Fact("held", "whether the text was kept from the contact, as a line is unclear", False),
)

_TRANSFER = (
    Fact("transfer.to", "the team or queue that has it now", "Provider · Level 2"),
    Fact("transfer.from", "the team or queue that had it, or none", "Service Desk"),
)
_APPOINTMENT = (
    Fact("appointment.start", "when it begins", "2026-11-24T09:00:00+00:00"),
    Fact("appointment.end", "when it ends, or none", "2026-11-24T10:00:00+00:00"),
    Fact("appointment.resource", "who comes or calls, or none", "Bob Tech"),
    Fact("appointment.place", "where, or none", "Remote session"),
)
_SHARED = (Fact("side", "the other side's name", "Northwind IT"),)

NOTIFICATIONS = (
    Notification(
        "acknowledgement",
        "A contact's mail became a ticket (N25).",
        "contact",
        auto="auto-replied",
    ),
    Notification(
        "new-ticket",
        "A ticket came in that nobody holds yet; every resource hears of it.",
        "resource",
        about=("ticket", "note"),
        auto=None,
        covers=("note",),
    ),
    Notification(
        "assigned",
        "A ticket was given to a resource (N25).",
        "resource",
        covers=("note", "new-ticket"),
    ),
    Notification(
        "note",
        "Somebody wrote a note; resources of the ticket hear of it (N12).",
        "resource",
        about=("ticket", "note"),
        auto=None,
    ),
    Notification(
        "reply",
        "A technician's public note reaches the contacts (N14).",
        "contact",
        about=("ticket", "note"),
        auto=None,
    ),
    Notification(
        "complete",
        "The ticket is complete (N9, G11).",
        "contact",
        covers=("reply",),
    ),
    Notification(
        "reopened",
        "A completed ticket is open again (N6).",
        "resource",
        covers=("note",),
    ),
    Notification(
        "command-answer",
        "What became of the commands in a mail (E7).",
        "resource",
        auto="auto-replied",
        direct=True,
        extra=_COMMANDS,
    ),
    Notification(
        "ticket-list",
        "The list that somebody asked for by mail (N17).",
        "resource",
        about=(),
        auto="auto-replied",
        direct=True,
        extra=(
            Fact("list.title", "what it lists", "Your open tickets"),
            Fact("tickets[].number", "the ticket's number", "T20261121.0042"),
            Fact("tickets[].title", "its title", "Printer is on fire"),
            Fact("tickets[].contact", "who asked, or none", "Ann Archer"),
            Fact("tickets[].status", "its status", "In Progress"),
            Fact("tickets[].priority", "its priority", "1 High"),
            Fact("tickets[].due", "when it is due, or none", "2026-11-23T16:00:00+00:00"),
        ),
    ),
    Notification(
        "ticket-shown",
        "The ticket that a resource asked for by mail.",
        "resource",
        auto="auto-replied",
        direct=True,
    ),
    Notification(
        "command-help",
        "The commands that one can write in a mail, for who asked for them.",
        "resource",
        about=(),
        auto="auto-replied",
        direct=True,
        extra=(
            Fact("commands[].example", "how it is written", "#priority 1"),
            Fact("commands[].meaning", "what it does", "Sets the priority."),
        ),
    ),
    Notification(
        "confirm",
        "A command came without proof of who sent it; a reply to this mail gives the proof (E5).",
        "resource",
        auto="auto-replied",
        direct=True,
        extra=(
            Fact("commands[]", "what was asked", "is resolved"),
            Fact("why", "what was missing", "the mail carried no signature of example.com"),
        ),
    ),
    Notification(
        "time-entry",
        "Somebody recorded time; resources of the ticket hear of it (N12, N15, N25).",
        "resource",
        about=("ticket", "time"),
    ),
    Notification(
        "work-done",
        "The contacts are told what was done, from a time entry's summary (N15).",
        "contact",
        about=("ticket", "time"),
    ),
    Notification(
        "auto-complete",
        "The ticket will be completed unless the contact answers (N8).",
        "contact",
        extra=(Fact("until", "when it is completed, or none", "2026-11-23T09:30:00+00:00"),),
    ),
    Notification(
        "waiting-reminder",
        "We still wait for the contact's answer (G3).",
        "contact",
        about=("ticket", "note"),
        extra=(Fact("since", "since when we wait, or none", "2026-11-16T09:30:00+00:00"),),
    ),
    Notification(
        "transferred",
        "The ticket went to another team, the service provider's or back (N24, N25).",
        "resource",
        covers=("note", "assigned"),
        extra=_TRANSFER,
    ),
    Notification(
        "returned",
        "The service provider gave the ticket back; who has it now is told (N24).",
        "resource",
        covers=("note", "assigned", "transferred"),
        extra=_TRANSFER,
    ),
    Notification(
        "follow-up",
        "Somebody is asked to do something on the ticket (G2).",
        "resource",
        about=("ticket", "note"),
        covers=("note",),
    ),
    Notification(
        "deferred-due",
        "The date until which the ticket was put off is near (G6).",
        "resource",
    ),
    Notification(
        "reminder",
        "A resource is reminded of a ticket, as he asked by mail.",
        "resource",
        direct=True,
    ),
    Notification(
        "scheduled",
        "An appointment is made (G4, G10).",
        "contact",
        extra=_APPOINTMENT,
    ),
    Notification(
        "appointment-reminder",
        "An appointment is near (G21).",
        "contact",
        extra=_APPOINTMENT,
    ),
    Notification(
        "no-show",
        "The contact missed an appointment, and it is cancelled (G13).",
        "contact",
        extra=_APPOINTMENT,
    ),
    Notification(
        "on-call",
        "An urgent ticket: who is on call has it, and the internal channel knows (R7).",
        "resource",
        covers=("assigned", "note"),
        extra=(Fact("oncall", "who is on call, or none", "Bob Tech"),),
    ),
    Notification(
        "closing-refused",
        "The ticket stays open, as something is missing that closing needs (R11, G5).",
        "resource",
        direct=True,
        extra=(Fact("missing[]", "what is missing, in a sentence each", "Say how it was solved."),),
    ),
    Notification(
        "problem-update",
        "News of a problem, for the contacts of every incident that hangs on it (N13).",
        "contact",
        about=("ticket", "note"),
        auto=None,
        covers=("reply",),
        extra=(
            Fact("problem.number", "the problem's number", "T20261120.0007"),
            Fact("problem.title", "its title", "No mail for everybody"),
        ),
    ),
    Notification(
        "shared-complete",
        "The other side says that its work on a shared ticket is complete (P8).",
        "resource",
        about=("ticket", "note"),
        covers=("note",),
        extra=_SHARED,
    ),
    Notification(
        "shared-question",
        "The other side of a shared ticket has a question (P8).",
        "resource",
        about=("ticket", "note"),
        auto=None,
        covers=("note",),
        extra=_SHARED,
    ),
    Notification(
        "shared-assigned",
        "The other side of a shared ticket hands it over (P8).",
        "resource",
        about=("ticket", "note"),
        covers=("note", "assigned"),
        extra=_SHARED,
    ),
    Notification(
        "shared-deleted",
        "A shared ticket was deleted on the other side (P8).",
        "resource",
        extra=_SHARED,
    ),
    Notification(
        "portal-ticket",
        "A contact opened a ticket in the client portal (P3).",
        "contact",
    ),
    Notification(
        "portal-access",
        "A link by which a contact enters the client portal (P3).",
        "contact",
        about=(),
        auto="auto-replied",
        direct=True,
        extra=(
            Fact("address", "where to go, good for one use", "https://desk.example.com/in/7f3a9c"),
            Fact("minutes", "how long it works", 30),
        ),
    ),
    Notification(
        "sla-warning",
        "A promised time is near, or over (R6).",
        "resource",
        extra=(
            Fact("sla.target", "first response or resolution", "first response"),
            Fact("sla.due", "when it is due", "2026-11-21T11:00:00+00:00"),
            Fact("sla.broken", "whether that is past", False),
        ),
    ),
    Notification(
        "digest",
        "A resource's open tickets, by schedule.",
        "resource",
        about=(),
        extra=(
            Fact("tickets[].number", "the ticket's number", "T20261121.0042"),
            Fact("tickets[].title", "its title", "Printer is on fire"),
            Fact("tickets[].contact", "who asked, or none", "Ann Archer"),
            Fact("tickets[].status", "its status", "In Progress"),
            Fact("tickets[].priority", "its priority", "1 High"),
            Fact("tickets[].due", "when it is due, or none", "2026-11-23T16:00:00+00:00"),
            Fact("tickets[].late", "whether that is past", False),
        ),
    ),
    Notification(
        "timesheet",
        "A resource's time of one week, by schedule (N16).",
        "resource",
        about=(),
        extra=(
            Fact("week.from", "its Monday", "2026-11-16T00:00:00+01:00"),
            Fact("week.to", "its Sunday", "2026-11-22T23:59:59+01:00"),
            Fact("week.hours", "all hours together", 31.5),
            Fact("entries[].worked_on", "the day", "2026-11-21T09:00:00+00:00"),
            Fact("entries[].number", "the ticket's number", "T20261121.0042"),
            Fact("entries[].title", "its title", "Printer is on fire"),
            Fact("entries[].summary", "what was done", "Looked at the printer's log."),
            Fact("entries[].hours", "hours worked", 0.5),
        ),
    ),
    Notification(
        "bundle",
        "Several things that happened to a ticket within a short time, in one mail.",
        "resource",
        extra=(
            Fact("happened[].template", "which notification it would have been", "note"),
            Fact("happened[].at", "when", "2026-11-21T09:30:00+00:00"),
            Fact("happened[].by", "who did it", "Ann Archer"),
            Fact("happened[].note.by", "who wrote the note (it may be none)", "Ann Archer"),
            Fact("happened[].note.text", "its words; `words` shows them", "It smokes again."),
            Fact("happened[].note.attachments", "what came with it", []),
            Fact("happened[].time.summary", "what was done (it may be none)", "Read the log."),
            Fact("happened[].time.hours", "hours worked", 0.5),
        ),
    ),
    Notification(
        "alert",
        "Something that an admin should know.",
        "admin",
        about=(),
        extra=(
            Fact("alert.text", "what it is and what to do", "The mailbox support refuses us."),
            Fact("alert.first", "when it began", "2026-11-21T09:30:00+00:00"),
            Fact("alert.count", "how often it was seen", 1),
        ),
    ),
)

BY_NAME = {notification.name: notification for notification in NOTIFICATIONS}


def notification(name: str) -> Notification:
    """The notification of this name; UsageError with the nearest that there is."""
    if name in BY_NAME:
        return BY_NAME[name]
    close = difflib.get_close_matches(name, BY_NAME, 1, 0.5)
    hint = f"did you mean {close[0]}?" if close else f"possible: {', '.join(BY_NAME)}."
    raise UsageError(f'There is no notification "{name}"; {hint}')
