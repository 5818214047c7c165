"""The tables, a class a noun.  Only `maild.desk` writes tickets; everybody may read."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from maild.store.types import (
    JSON,
    MUTABLE_DICT,
    MUTABLE_LIST,
    CleanText,
    KeyText,
    Packed,
    UTCDateTime,
)


class Base(DeclarativeBase):
    type_annotation_map = {datetime: UTCDateTime(), str: CleanText()}  # noqa: RUF012
    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def _key() -> Mapped[int]:
    return mapped_column(sa.Integer, primary_key=True)


def _ref(target: str, *, index: bool = False) -> Any:
    return mapped_column(sa.ForeignKey(target), index=index)


# ---- what comes in


class Mailbox(Base):
    """Our place in one IMAP folder (E1)."""

    __tablename__ = "mailbox"
    id: Mapped[int] = _key()
    name: Mapped[str] = mapped_column(KeyText, unique=True)  # as in maild.toml
    uidvalidity: Mapped[int | None] = mapped_column(sa.BigInteger)  # RFC 3501 §2.3.1.1
    last_uid: Mapped[int] = mapped_column(sa.BigInteger, default=0)  # all up to here are accepted
    scanned: Mapped[datetime | None]  # last full scan


class Message(Base):
    """One accepted message and what became of it; its octets are in `raw`."""

    __tablename__ = "message"
    __table_args__ = (
        sa.UniqueConstraint("mailbox", "uidvalidity", "uid", name="uq_message_place"),
        sa.Index("ix_message_state", "state", "next_try"),
    )
    id: Mapped[int] = _key()
    mailbox: Mapped[str]  # its name, or "files"
    uidvalidity: Mapped[int | None] = mapped_column(sa.BigInteger)
    uid: Mapped[int | None] = mapped_column(sa.BigInteger)
    sha256: Mapped[str] = mapped_column(KeyText, index=True)  # of the octets, hex
    size: Mapped[int]  # octets
    arrived: Mapped[datetime | None]  # when it came to its server (INTERNALDATE); None: a file
    accepted: Mapped[datetime]
    state: Mapped[str] = mapped_column(default="stored")  # stored processed quarantined dropped
    attempts: Mapped[int] = mapped_column(default=0)
    next_try: Mapped[datetime | None]
    error: Mapped[str | None]  # why it could not be processed
    # what was understood and decided, once processed
    message_id: Mapped[str | None] = mapped_column(KeyText, index=True)
    fingerprint: Mapped[str | None] = mapped_column(KeyText, index=True)  # of the content alone
    sender: Mapped[str | None] = mapped_column(KeyText, index=True)  # key of the From address
    subject: Mapped[str | None]
    kind: Mapped[str | None]
    proof: Mapped[str | None]  # why we believed the sender: token dmarc dkim none
    withheld: Mapped[str | None]  # what its unproven writer asked for: waiting released
    outcome: Mapped[str | None]  # ticket note ignored duplicate quarantined
    why: Mapped[str | None]
    reasons: Mapped[list[Any]] = mapped_column(JSON, default=list)  # [step, decided, because]
    commands: Mapped[list[Any]] = mapped_column(JSON, default=list)  # {command, done, why}
    undo: Mapped[dict[str, Any] | None] = mapped_column(JSON)  # what `#undo` takes back
    processed: Mapped[datetime | None]
    ticket_id: Mapped[int | None] = _ref("ticket.id", index=True)
    ticket: Mapped[Ticket | None] = relationship()


class Raw(Base):
    """The octets as the server gave them: the .eml is the truth (N26)."""

    __tablename__ = "raw"
    stored_id: Mapped[int] = mapped_column(sa.ForeignKey("message.id"), primary_key=True)
    octets: Mapped[bytes] = mapped_column(Packed)


class Thread(Base):
    """Which ticket a Message-ID belongs to, of mail that came in and mail that went out."""

    __tablename__ = "thread"
    __table_args__ = (sa.UniqueConstraint("message_id", "ticket_id", name="uq_thread"),)
    id: Mapped[int] = _key()
    message_id: Mapped[str] = mapped_column(KeyText)
    ticket_id: Mapped[int] = _ref("ticket.id", index=True)
    ours: Mapped[bool]  # we sent it


class FormerNumber(Base):
    """The number that a ticket had at another helpdesk."""

    __tablename__ = "former_number"
    number: Mapped[str] = mapped_column(KeyText, primary_key=True)
    ticket_id: Mapped[int] = _ref("ticket.id", index=True)


class Mention(Base):
    """A Message-ID that mail of a ticket answers, of a mail that the desk has not seen."""

    __tablename__ = "mention"
    __table_args__ = (sa.UniqueConstraint("message_id", "ticket_id", name="uq_mention"),)
    id: Mapped[int] = _key()
    message_id: Mapped[str] = mapped_column(KeyText)
    ticket_id: Mapped[int] = _ref("ticket.id", index=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime)


# ---- people


class Organization(Base):
    __tablename__ = "organization"
    id: Mapped[int] = _key()
    name: Mapped[str] = mapped_column(KeyText, unique=True)
    active: Mapped[bool] = mapped_column(default=True)
    fields: Mapped[dict[str, Any]] = mapped_column(MUTABLE_DICT, default=dict)


class Domain(Base):
    """A mail domain that means an organization (R3)."""

    __tablename__ = "domain"
    domain: Mapped[str] = mapped_column(KeyText, primary_key=True)  # lower case, ASCII
    organization_id: Mapped[int] = _ref("organization.id", index=True)


class Person(Base):
    """A resource or a contact, from maild.toml or learned by mail."""

    __tablename__ = "person"
    id: Mapped[int] = _key()
    name: Mapped[str]
    role: Mapped[str]  # resource | contact
    active: Mapped[bool] = mapped_column(default=True)
    organization_id: Mapped[int | None] = _ref("organization.id", index=True)
    language: Mapped[str | None]
    timezone: Mapped[str | None]
    source: Mapped[str] = mapped_column(default="mail")  # config | mail | cli
    created: Mapped[datetime]
    fields: Mapped[dict[str, Any]] = mapped_column(MUTABLE_DICT, default=dict)
    addresses: Mapped[list[PersonAddress]] = relationship(
        order_by="PersonAddress.id", lazy="selectin", back_populates="person"
    )
    organization: Mapped[Organization | None] = relationship()

    @property
    def email(self) -> str:
        """The address that we write to."""
        return self.addresses[0].address


class PersonAddress(Base):
    __tablename__ = "person_address"
    id: Mapped[int] = _key()
    person_id: Mapped[int] = _ref("person.id", index=True)
    address: Mapped[str] = mapped_column(KeyText, unique=True)  # Address.key
    held: Mapped[str | None]  # why we do not write there any more (hard bounces …)
    bounces: Mapped[int] = mapped_column(default=0)  # hard ones in a row
    person: Mapped[Person] = relationship(back_populates="addresses")


# ---- tickets


class NumberSeries(Base):
    """The last ticket number of a day in the desk's zone (P4)."""

    __tablename__ = "number_series"
    day: Mapped[str] = mapped_column(KeyText, primary_key=True)  # "20261121"
    last: Mapped[int]


class Ticket(Base):
    __tablename__ = "ticket"
    id: Mapped[int] = _key()
    number: Mapped[str] = mapped_column(KeyText, unique=True)  # T20261121.0042
    title: Mapped[str]
    status: Mapped[str] = mapped_column(KeyText, index=True)  # a name of the profile
    status_kind: Mapped[str] = mapped_column(KeyText, index=True)  # new … closed
    priority: Mapped[str]
    type: Mapped[str]
    source: Mapped[str]  # email phone monitoring portal …
    queue: Mapped[str] = mapped_column(KeyText, index=True)
    organization_id: Mapped[int | None] = _ref("organization.id", index=True)
    contact_id: Mapped[int | None] = _ref("person.id", index=True)
    primary_id: Mapped[int | None] = _ref("person.id", index=True)
    parent_id: Mapped[int | None] = _ref("ticket.id", index=True)  # the Problem of an Incident
    merged_id: Mapped[int | None] = _ref("ticket.id")  # where it went
    notify_contact: Mapped[bool] = mapped_column(default=True)
    due: Mapped[datetime | None] = mapped_column(index=True)
    created: Mapped[datetime]
    updated: Mapped[datetime]
    completed: Mapped[datetime | None]
    deleted: Mapped[datetime | None]
    reopened: Mapped[int] = mapped_column(default=0)  # how often
    resolution: Mapped[str | None]
    correlation: Mapped[str | None] = mapped_column(KeyText, index=True)  # alert ↔ all-clear
    tags: Mapped[list[Any]] = mapped_column(MUTABLE_LIST, default=list)
    # the long tail: issue_type, impact, urgency, category, location, asset, estimated_hours …
    fields: Mapped[dict[str, Any]] = mapped_column(MUTABLE_DICT, default=dict)

    organization: Mapped[Organization | None] = relationship()
    contact: Mapped[Person | None] = relationship(foreign_keys=[contact_id])
    primary: Mapped[Person | None] = relationship(foreign_keys=[primary_id])
    people: Mapped[list[TicketPerson]] = relationship(
        order_by="TicketPerson.id", back_populates="ticket", cascade="all, delete-orphan"
    )
    notes: Mapped[list[Note]] = relationship(order_by="Note.id", back_populates="ticket")
    time_entries: Mapped[list[TimeEntry]] = relationship(order_by="TimeEntry.id")
    events: Mapped[list[Event]] = relationship(order_by="Event.id")

    def with_role(self, role: str) -> list[Person]:
        """The people who are of the ticket in this role of `ticket_person`."""
        return [p.person for p in self.people if p.role == role]


class TicketPerson(Base):
    """Who else is of the ticket (N11)."""

    __tablename__ = "ticket_person"
    __table_args__ = (sa.UniqueConstraint("ticket_id", "person_id", "role"),)
    id: Mapped[int] = _key()
    ticket_id: Mapped[int] = _ref("ticket.id", index=True)
    person_id: Mapped[int] = _ref("person.id", index=True)
    role: Mapped[str]  # secondary | additional | proposed (a Cc that waits for a yes) | stopped
    ticket: Mapped[Ticket] = relationship(back_populates="people")
    person: Mapped[Person] = relationship()


class TicketLink(Base):
    """Two tickets that have to do with each other."""

    __tablename__ = "ticket_link"
    __table_args__ = (sa.UniqueConstraint("ticket_id", "other_id", "kind"),)
    id: Mapped[int] = _key()
    ticket_id: Mapped[int] = _ref("ticket.id", index=True)
    other_id: Mapped[int] = _ref("ticket.id", index=True)
    kind: Mapped[str]  # related | follow-up | merged | split


class Note(Base):
    __tablename__ = "note"
    id: Mapped[int] = _key()
    ticket_id: Mapped[int] = _ref("ticket.id", index=True)
    by_id: Mapped[int | None] = _ref("person.id")
    by_kind: Mapped[str]  # contact | resource | system
    public: Mapped[bool]
    title: Mapped[str | None]
    text: Mapped[str]
    quoted_text: Mapped[str] = mapped_column(default="")
    html: Mapped[str | None]  # sanitised
    created: Mapped[datetime]
    stored_id: Mapped[int | None] = _ref("message.id", index=True)  # its .eml
    attachments: Mapped[list[Any]] = mapped_column(JSON, default=list)  # views: Attachment fields
    ticket: Mapped[Ticket] = relationship(back_populates="notes")
    by: Mapped[Person | None] = relationship()
    stored: Mapped[Message | None] = relationship()


class TimeEntry(Base):
    __tablename__ = "time_entry"
    id: Mapped[int] = _key()
    ticket_id: Mapped[int] = _ref("ticket.id", index=True)
    by_id: Mapped[int] = _ref("person.id", index=True)
    start: Mapped[datetime | None]
    end: Mapped[datetime | None]
    worked_on: Mapped[datetime] = mapped_column(index=True)  # its start if known, else its day
    minutes: Mapped[int]
    work_type: Mapped[str | None]  # remote on-site …
    summary: Mapped[str]  # an end user can read it (N15)
    internal: Mapped[str | None]
    created: Mapped[datetime]
    note_id: Mapped[int | None] = _ref("note.id")
    by: Mapped[Person] = relationship()


class Event(Base):
    """What happened to a ticket: every action says so once."""

    __tablename__ = "event"
    id: Mapped[int] = _key()
    ticket_id: Mapped[int | None] = _ref("ticket.id", index=True)
    at: Mapped[datetime]
    event: Mapped[str]  # "ticket created", "note added", "status changed" …
    by: Mapped[str]  # a person's name, "rule: …", "maild"
    person_id: Mapped[int | None] = _ref("person.id")
    stored_id: Mapped[int | None] = _ref("message.id", index=True)  # the mail that caused it
    detail: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


class Clock(Base):
    """A rule that waits."""

    __tablename__ = "clock"
    __table_args__ = (sa.UniqueConstraint("ticket_id", "name", name="uq_clock"),)
    id: Mapped[int] = _key()
    ticket_id: Mapped[int | None] = _ref("ticket.id", index=True)
    name: Mapped[str]  # of the rule that started it
    due: Mapped[datetime | None] = mapped_column(index=True)  # None: paused
    started: Mapped[datetime]
    detail: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


# ---- what goes out


class OutboxItem(Base):
    """One notification to one person, written in the transaction that caused it."""

    __tablename__ = "outbox"
    __table_args__ = (sa.Index("ix_outbox_state", "state", "next_try"),)
    id: Mapped[int] = _key()
    key: Mapped[str] = mapped_column(KeyText, unique=True)  # of its cause: never twice
    ticket_id: Mapped[int | None] = _ref("ticket.id", index=True)
    note_id: Mapped[int | None] = _ref("note.id")
    stored_id: Mapped[int | None] = _ref("message.id", index=True)  # the mail that caused it
    person_id: Mapped[int | None] = _ref("person.id", index=True)
    address: Mapped[str]  # envelope recipient
    template: Mapped[str]  # "acknowledgement"
    language: Mapped[str] = mapped_column(default="en")
    audience: Mapped[str] = mapped_column(default="contact")  # contact | resource | admin
    auto: Mapped[str | None]  # Auto-Submitted keyword; None: a person's words (RFC 3834 §5)
    data: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # plain facts to render
    message_id: Mapped[str] = mapped_column(KeyText, unique=True)  # without <>
    # The Message-ID that the relay gave it instead of ours; both are ours.
    relay_id: Mapped[str | None] = mapped_column(KeyText, index=True)
    in_reply_to: Mapped[str | None]
    references: Mapped[list[Any]] = mapped_column(JSON, default=list)
    subject: Mapped[str | None]  # once composed
    octets: Mapped[bytes | None] = mapped_column(Packed)  # once composed: repeats are equal
    state: Mapped[str] = mapped_column(default="waiting")  # waiting sending sent failed held
    attempts: Mapped[int] = mapped_column(default=0)
    next_try: Mapped[datetime]
    claimed: Mapped[datetime | None]  # when a deliverer took it
    created: Mapped[datetime]
    sent: Mapped[datetime | None]
    error: Mapped[str | None]
    # Its Message-ID was in a mail to somebody outside: it proves nobody any more.
    exposed: Mapped[bool] = mapped_column(default=False)
    ticket: Mapped[Ticket | None] = relationship()
    person: Mapped[Person | None] = relationship()


class Hook(Base):
    """One call of a web hook, written in the transaction that caused it."""

    __tablename__ = "hook"
    __table_args__ = (sa.Index("ix_hook_state", "state", "next_try"),)
    id: Mapped[int] = _key()
    key: Mapped[str] = mapped_column(KeyText, unique=True)  # of its cause: never twice
    name: Mapped[str]  # of its [[hook]] in maild.toml
    ticket_id: Mapped[int | None] = _ref("ticket.id", index=True)
    body: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(default="waiting")  # waiting calling sent failed
    attempts: Mapped[int] = mapped_column(default=0)
    next_try: Mapped[datetime]
    created: Mapped[datetime]
    sent: Mapped[datetime | None]
    error: Mapped[str | None]


class Delivery(Base):
    """One attempt at one recipient."""

    __tablename__ = "delivery"
    id: Mapped[int] = _key()
    outbox_id: Mapped[int] = _ref("outbox.id", index=True)
    at: Mapped[datetime]
    code: Mapped[int | None]  # SMTP reply code
    text: Mapped[str]


# ---- the desk itself


class Alert(Base):
    """Something an admin should know; the same thing again only counts up."""

    __tablename__ = "alert"
    id: Mapped[int] = _key()
    key: Mapped[str] = mapped_column(KeyText, unique=True)
    text: Mapped[str]
    first: Mapped[datetime]
    last: Mapped[datetime]
    count: Mapped[int] = mapped_column(default=1)
    told: Mapped[datetime | None]  # when somebody was; None: not of this, or of its end too
    cleared: Mapped[datetime | None]


class Counter(Base):
    """How often something happened in a window of time (E10)."""

    __tablename__ = "counter"
    key: Mapped[str] = mapped_column(KeyText, primary_key=True)
    window: Mapped[datetime] = mapped_column(primary_key=True, index=True)  # its start
    count: Mapped[int]


class Setting(Base):
    """What the desk keeps for itself: its secret, the last tick."""

    __tablename__ = "setting"
    key: Mapped[str] = mapped_column(KeyText, primary_key=True)
    value: Mapped[dict[str, Any]] = mapped_column(JSON)
