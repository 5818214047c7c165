"""A mail as a note of its ticket."""

from __future__ import annotations

from dataclasses import asdict

from maild.desk.desk import Actor, Desk
from maild.ingest import match
from maild.model import EventName, Mail
from maild.store.records import Note, Ticket


def write(
    desk: Desk,
    ticket: Ticket,
    mail: Mail,
    *,
    text: str,
    public: bool,
    first: bool = False,
    event: EventName = EventName.NOTE_ADDED,
    because: str | None = None,
    title: str | None = None,
) -> Note:
    """Adds the mail to the ticket, by the actor; replies to it will find the ticket.

    `text`: what it says now, without its commands.
    """
    desk.remember_message_id(mail.message_id, ticket)
    desk.remember_mentioned(match.nearest(mail), ticket)
    desk.attach_message(ticket)
    whole = text == mail.text or text == mail.quoted_text  # a forward is all about its quote
    cut = not whole and text != mail.new_text  # the HTML would still show what was cut off
    return desk.add_note(
        ticket,
        text=text if text or mail.new_text else mail.text,
        quoted_text="" if whole else mail.quoted_text,
        html=None if cut else mail.html,
        public=public,
        title=title,
        attachments=[asdict(attachment) for attachment in mail.attachments],
        first=first,
        event=event,
        because=because,
    )


def file(
    desk: Desk,
    ticket: Ticket,
    mail: Mail,
    because: str,
    actor: Actor,
    title: str | None = None,
    text: str | None = None,
) -> Note:
    """Shows a mail on the ticket, internally, where no rule listens: it moves nothing."""
    with desk.acting(actor):
        return write(
            desk,
            ticket,
            mail,
            text=mail.new_text if text is None else text,
            public=False,
            event=EventName.NOTE_FILED,
            because=because,
            title=title,
        )
