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
)

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
