"""A mail to look at: what a template would say, on an example or on a real ticket."""

from __future__ import annotations

import asyncio
import uuid
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from maild.config import Settings
from maild.desk import extremes, facts
from maild.desk.desk import Desk
from maild.desk.notifications import Notification
from maild.desk.notify import Recipient, preview_item
from maild.desk.profile import Profile
from maild.desk.views import ticket as find_ticket
from maild.errors import Refused, UsageError
from maild.model import Address, Role
from maild.outbox import rows
from maild.outbox.answers import SendOutcome
from maild.outbox.compose import Order, job
from maild.outbox.compose import compose as compose_mail
from maild.outbox.logo import Logo, logo
from maild.outbox.relay import Connection
from maild.store import Store, asking
from maild.store.records import Note, OutboxItem, Ticket
from maild.store.unit import Unit
from maild.templates.renderer import Outcome, PooledRenderer


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be sent."""

    subject: str
    text: str
    html: str
    octets: bytes
    problem: str | None  # why the admin's template is not in force


def compose(
    settings: Settings,
    profile: Profile,
    name: str,
    *,
    ticket: str | None = None,
    language: str | None = None,
    to: str | None = None,
) -> Preview:
    """The mail as it would be; nothing is kept.  `to`: it is a test, and its subject says so."""
    kind = profile.notifications.named(name)
    order = sample(settings, profile, kind, language or settings.config.desk.language, ticket)
    if to is not None:
        own = Address("", settings.config.desk.address).domain
        order = replace(
            order, address=to, message_id=f"test.{order.key}@{own}", in_reply_to=None, references=()
        )
    return _composed(settings, order, "[test] " if to is not None else "")


def sample(
    settings: Settings,
    profile: Profile,
    kind: Notification,
    language: str,
    ticket: str | None = None,
    extreme: str | None = None,
) -> Order:
    """What a mail of this kind is made from: a real ticket, else the example, or an extreme of
    it (`desk.extremes`); UsageError where there is no such ticket."""
    order = _real(settings, profile, kind, ticket) if ticket else _example(settings, kind)
    data = extremes.applied(kind, order.data, extreme) if extreme else order.data
    reader = {**data["recipient"], "language": language}
    return replace(
        order, key=uuid.uuid4().hex, language=language, data={**data, "recipient": reader}
    )


def of_item(settings: Settings, unit: Unit, item: OutboxItem) -> Preview:
    """A notification that is not written yet, as it would be now; UsageError: it cannot be."""
    ticket, note = unit.get(Ticket, item.ticket_id), unit.get(Note, item.note_id)
    public = note.public if note else None
    return _composed(settings, rows.order(item, ticket.number if ticket else None, public))


def _composed(settings: Settings, order: Order, mark: str = "") -> Preview:
    """Renders and composes; `mark` stands before the subject."""
    picture = logo(settings)
    outcome = _rendered(settings.templates, order, picture)
    if outcome.problem and settings.templates_in_force != settings.templates:  # which is sent
        other = _rendered(settings.templates_in_force, order, picture)
        outcome = replace(other, problem=outcome.problem)
    if outcome.words is None:
        raise UsageError(outcome.problem)
    words = replace(outcome.words, subject=mark + outcome.words.subject)
    outcome = replace(outcome, words=words)
    try:
        mail = compose_mail(
            order, settings.config.desk, b"", outcome, [picture.part] if picture else []
        )
    except ValueError as error:
        raise UsageError(f"{order.address} is no address that mail can be sent to.") from error
    return Preview(mail.subject, words.text, words.html, mail.octets, mail.problem)


def _rendered(own: Path, order: Order, picture: Logo | None = None) -> Outcome:
    with closing(PooledRenderer(own)) as renderer:
        return renderer.render([job(order, logo=picture)])[0]


def send(settings: Settings, to: str, mail: Preview) -> str:
    """Hands it to the relay now; the server's answer, or Refused with it."""

    async def deliver() -> str:
        connection = Connection(settings.config.smtp)
        await connection.open()
        try:
            answer = await connection.send(settings.config.desk.address, to, mail.octets, _unmarked)
        finally:
            await connection.close()
        if answer.outcome != SendOutcome.SENT:
            raise Refused(f"The relay did not take it: {answer.code or ''} {answer.text}".strip())
        return answer.text

    return asyncio.run(deliver())


async def _unmarked() -> None:
    """A test is in no outbox, so nobody sends it again."""


def _example(settings: Settings, kind: Notification) -> Order:
    data = kind.example()
    config = settings.config.desk
    data["desk"] = facts.desk_facts(config)
    data["recipient"]["timezone"] = config.timezone
    note = data.get("note")
    return Order(
        key="",
        template=kind.name,
        language=config.language,
        audience=kind.audience,
        address=data["recipient"]["address"],
        auto=kind.auto,
        data=data,
        message_id=f"example@{Address('', config.address).domain}",
        in_reply_to=None,
        references=(),
        created=datetime.now(UTC),
        ticket_number=data["ticket"]["number"] if data.get("ticket") else None,
        person_id=0,
        note_public=note["public"] if note else None,
    )


def _real(settings: Settings, profile: Profile, kind: Notification, number: str) -> Order:
    """On a real ticket; what only the cause would know is taken from the example."""
    store = Store(settings.database_url)
    now = datetime.now(UTC)
    try:
        with store.look() as unit:
            ticket = find_ticket(unit, number)
            desk = Desk(unit, settings, profile, now, "preview")
            note = _last_note(unit, ticket, kind)
            time = next(reversed(asking.tickets.times(unit, ticket)), None)
            row = preview_item(
                desk,
                ticket if "ticket" in kind.about else None,
                kind.name,
                _recipient(unit, ticket, kind),
                note=note if "note" in kind.about else None,
                time=time if "time" in kind.about else None,
                extra={name: kind.example()[name] for name in kind.nothing},
            )
            return rows.order(row, ticket.number if "ticket" in kind.about else None,
                              note.public if note and "note" in kind.about else None)  # fmt: skip
    finally:
        store.close()


def _last_note(unit: Unit, ticket: Ticket, kind: Notification) -> Note | None:
    outside = kind.audience == Role.CONTACT
    notes = [note for note in asking.notes.of(unit, ticket) if note.public or not outside]
    by_us = [note for note in notes if note.by_kind == Role.RESOURCE]
    if outside and by_us:
        return by_us[-1]
    return notes[-1] if notes else None


def _recipient(unit: Unit, ticket: Ticket, kind: Notification) -> Recipient:
    outside = kind.audience == Role.CONTACT
    person = (asking.tickets.contact if outside else asking.tickets.primary)(unit, ticket)
    addresses = asking.people.keys(unit, person) if person is not None else []
    if person is not None and addresses:
        return Recipient(person.name, addresses[0], Role(kind.audience), person)
    example = kind.example()["recipient"]
    return Recipient(example["name"], example["address"], Role(kind.audience))
