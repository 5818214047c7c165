"""A mail as a note of its ticket."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from maild.desk.desk import Actor, Desk
from maild.desk.language import for_all
from maild.i18n import Value, sentence
from maild.ingest import match
from maild.model import EventName, Mail
from maild.parse.icalendar import in_words
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
    text = _with_appointment(desk, mail, text)
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


def _with_appointment(desk: Desk, mail: Mail, text: str) -> str:
    """The text and, of an invitation or its end, when and where it is: a calendar shows that, a
    ticket would not."""
    said = mail.appointment
    if said is None or said.start is None or said.answer is not None:
        return text
    zone = desk.settings.config.desk.zone
    when: list[Value] = [
        moment.astimezone(zone) if isinstance(moment, datetime) else moment
        for moment in (said.start, said.end)
        if moment is not None
    ]
    where = [said.summary, said.place]
    span = sentence("{start} to {end}", start=when[0], end=when[-1])
    parts: list[Value] = [span if len(when) > 1 else when[0], *(part for part in where if part)]
    known = sentence("Appointment cancelled: {what}", what=parts)
    if said.method != "cancel":
        known = sentence("Invitation: {what}", what=parts)
    line = for_all(desk, known)
    if not text.strip() or text.strip() == in_words(said).strip():
        return f"{line}\n\n{said.description}".strip()
    return f"{text}\n\n{line}"


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
