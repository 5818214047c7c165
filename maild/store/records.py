"""The nouns of the desk as plain values: what the database keeps and the desk thinks with.

Nobody writes to a record but its unit of work (see `declare`, `unit`).  Lists and mappings in a
record are replaced, never changed.  `store/__init__` says how a noun or a column is added.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from maild.model import (
    Became,
    EventName,
    Lane,
    LinkKind,
    MessageState,
    Role,
    SendState,
    StatusKind,
    TicketRole,
    Withheld,
)
from maild.spool import Mass
from maild.store.declare import (
    UNWRITTEN,
    Index,
    Unique,
    column,
    key,
    key_ref,
    primary,
    record,
    ref,
)

JSON = Mapping[str, Any]
WAITS = "state = 'stored' AND next_try IS NULL"  # a message that nobody has tried yet

# ---- what comes in


@record("mailbox", locked=True)
class Mailbox:
    """Our place in one IMAP folder (E1)."""

    id: int = primary(default=UNWRITTEN)
    name: str = column(unique=True)  # as in maild.toml
    uidvalidity: int | None = column(default=None, big=True)  # RFC 3501 §2.3.1.1
    last_uid: int = column(default=0, big=True)  # all up to here are accepted
    scanned: datetime | None = None  # last full scan


@record(
    "message",
    Unique(("mailbox", "uidvalidity", "uid"), "uq_message_place"),
    Index("ix_message_state", ("state", "next_try")),
    Index("ix_message_turn", ("lane", "turn", "id"), where=WAITS),
    Index("ix_message_mailbox_turn", ("mailbox", "lane", "turn"), where=WAITS),
    Index("ix_message_conversation", ("conversation", "lane", "turn"), where=WAITS),
    Index("ix_message_waiting_sender", ("sender", "lane"), where=WAITS),
    early=True,
)
class Message:
    """One accepted message and what became of it; its octets are in `raw`."""

    id: int = primary(default=UNWRITTEN)
    mailbox: str  # its name, or "files"
    uidvalidity: int | None = column(default=None, big=True)
    uid: int | None = column(default=None, big=True)
    sha256: str = column(index=True, digest=True)  # of the octets, hex
    size: int  # octets
    arrived: datetime | None = None  # when it came to its server (INTERNALDATE); None: a file
    accepted: datetime
    state: MessageState = MessageState.STORED
    attempts: int = 0
    next_try: datetime | None = None
    # whose turn it is: by lane, turn and id (`ingest.lanes`)
    lane: int = Lane.BACKLOG
    turn: int = 0
    conversation: int | None = column(default=None, big=True)  # the same where order is kept
    error: str | None = None  # why it could not be processed
    # what was understood and decided, once processed
    message_id: str | None = column(default=None, index=True)
    fingerprint: str | None = column(default=None, index=True, digest=True)  # of the content alone
    sender: str | None = column(default=None, index=True)  # key of the From address
    subject: str | None = None
    kind: str | None = None
    proof: str | None = None  # why we believed the sender: token dmarc dkim none
    withheld: Withheld | None = None  # what its unproven writer asked for
    outcome: Became | None = None
    why: str | None = None
    reasons: Sequence[Any] = column(factory=list, packed=True)  # [step, decided, because]
    commands: Sequence[Any] = column(factory=list)  # {command, done, why}
    undo: JSON | None = None  # what `#undo` takes back
    processed: datetime | None = None
    ticket_id: int | None = ref("ticket.id", default=None, index=True)


@record("raw")
class Raw:
    """The octets as the server gave them: the .eml is the truth (N26)."""

    stored_id: int = key_ref("message.id")
    octets: Mass


@record("thread", clustered=True)
class Thread:
    """Which ticket a Message-ID belongs to, of mail that came in and mail that went out."""

    message_id: str = key()
    ticket_id: int = key_ref("ticket.id")
    ours: bool  # we sent it
    nth: int = 0  # how many other tickets it belonged to before


@record("former_number")
class FormerNumber:
    """The number that a ticket had at another helpdesk, from which it was imported."""

    number: str = key()  # folded: see `maild.desk.former_numbers`
    ticket_id: int = ref("ticket.id", index=True)


@record("mention", Unique(("message_id", "ticket_id"), "uq_mention"))
class Mention:
    """A Message-ID that mail of a ticket answers, of a mail that the desk has not seen."""

    id: int = primary(default=UNWRITTEN)
    message_id: str = column(keyed=True)
    ticket_id: int = ref("ticket.id", index=True)
    at: datetime  # when the latest such mail came


# ---- people


@record("organization", early=True)
class Organization:
    """A client."""

    id: int = primary(default=UNWRITTEN)
    name: str = column(unique=True)
    active: bool = True
    fields: JSON = column(factory=dict)


@record("domain")
class Domain:
    """A mail domain that means an organization (R3)."""

    domain: str = key()  # lower case, ASCII
    organization_id: int = ref("organization.id", index=True)


@record(
    "person",
    Index("ix_person_called", ("lower(substr(name, 1, 100))",)),
    Index("ix_person_role", ("role", "id")),
    early=True,
)
class Person:
    """A resource or a contact, from maild.toml or learned by mail."""

    id: int = primary(default=UNWRITTEN)
    name: str
    role: Role  # resource | contact
    active: bool = True
    organization_id: int | None = ref("organization.id", default=None, index=True)
    language: str | None = None
    timezone: str | None = None
    source: str = "mail"  # config | mail | cli
    created: datetime
    fields: JSON = column(factory=dict)


@record("person_address")
class PersonAddress:
    """An address of a person; the first one is where we write to."""

    id: int = primary(default=UNWRITTEN)
    person_id: int = ref("person.id", index=True)
    address: str = column(unique=True)  # Address.key
    held: str | None = None  # why we do not write there any more (hard bounces …)
    bounces: int = 0  # hard ones in a row


# ---- tickets


@record("number_series", locked=True)
class NumberSeries:
    """The last ticket number of a day in the desk's zone (P4)."""

    day: str = key()  # "20261121"
    last: int


@record(
    "ticket",
    Unique(("number", "shared_side"), "uq_ticket_number"),
    Index("ix_ticket_updated", ("updated", "id")),  # the order of most lists
    early=True,
    locked=True,
)
class Ticket:
    """A ticket.  Only the desk's actions write it (`Desk.change`)."""

    id: int = primary(default=UNWRITTEN)
    number: str = column(keyed=True)  # T20261121.0042; two share one where they are one's twins
    title: str
    status: str = column(index=True)  # a name of the profile
    status_kind: StatusKind = column(index=True)
    priority: str
    type: str
    source: str  # email phone monitoring portal …
    queue: str = column(index=True)
    organization_id: int | None = ref("organization.id", default=None, index=True)
    contact_id: int | None = ref("person.id", default=None, index=True)
    primary_id: int | None = ref("person.id", default=None, index=True)
    parent_id: int | None = ref("ticket.id", default=None, index=True)  # the Problem of an Incident
    merged_id: int | None = ref("ticket.id", default=None)  # where it went
    # of a shared ticket (P8): whose row this is, "client" or "provider"; "": it is not shared
    shared_side: str = column(default="", keyed=True)
    twin_of: int | None = ref("ticket.id", default=None, index=True)  # who had it first
    notify_contact: bool = True
    due: datetime | None = column(default=None, index=True)
    created: datetime
    updated: datetime
    completed: datetime | None = None
    deleted: datetime | None = None
    reopened: int = 0  # how often
    resolution: str | None = None
    correlation: str | None = column(default=None, index=True)  # alert ↔ all-clear
    tags: Sequence[Any] = column(factory=list)
    # the long tail: issue_type, impact, urgency, category, location, asset, estimated_hours …
    fields: JSON = column(factory=dict)


@record("ticket_person", Unique(("ticket_id", "person_id", "role")))
class TicketPerson:
    """Who else is of the ticket (N11)."""

    id: int = primary(default=UNWRITTEN)
    ticket_id: int = ref("ticket.id", index=True)
    person_id: int = ref("person.id", index=True)
    role: TicketRole


@record("ticket_link", Unique(("ticket_id", "other_id", "kind")))
class TicketLink:
    """Two tickets that have to do with each other."""

    id: int = primary(default=UNWRITTEN)
    ticket_id: int = ref("ticket.id", index=True)
    other_id: int = ref("ticket.id", index=True)
    kind: LinkKind


@record("shared_ticket")
class SharedTicket:
    """That another desk has a ticket of its own beside this one, and what it said of it (P8)."""

    ticket_id: int = key_ref("ticket.id")
    partner: str = column(index=True)  # its name in maild.toml
    reference: str | None = column(default=None, index=True)  # its number; None: it did not say yet
    since: datetime
    said: str  # the last that it was told: share, note …
    sent: int = 0  # how much it was told
    heard: int = 0  # which of its own was the latest
    state: str | None = None  # what that said
    status: str | None = None  # of its ticket, as it calls it
    done: datetime | None = None  # when it was told that our work is complete
    completed: datetime | None = None  # when it said so of its own


@record("partner_event")
class PartnerEvent:
    """What another desk said once, and does not say again when its mail comes again."""

    key: str = key()  # whose, and its id there, hashed
    ticket_id: int = ref("ticket.id", index=True)
    at: datetime


@record("note", early=True)
class Note:
    """Words on a ticket (N14)."""

    id: int = primary(default=UNWRITTEN)
    ticket_id: int = ref("ticket.id", index=True)
    by_id: int | None = ref("person.id", default=None)
    by_kind: Role
    public: bool
    title: str | None = None
    text: str = column(packed=True)
    quoted_text: str = column(default="", packed=True)
    html: str | None = column(default=None, packed=True)  # sanitised
    created: datetime
    stored_id: int | None = ref("message.id", default=None, index=True)  # its .eml
    attachments: Sequence[Any] = column(factory=list)  # views: Attachment fields
    # The other side's note of a shared ticket whose words these are; its mail stays there.
    copy_of: int | None = ref("note.id", default=None, index=True)


@record("time_entry", early=True)
class TimeEntry:
    """Work on a ticket (N15)."""

    id: int = primary(default=UNWRITTEN)
    ticket_id: int = ref("ticket.id", index=True)
    by_id: int = ref("person.id", index=True)
    start: datetime | None = None
    end: datetime | None = None
    worked_on: datetime = column(index=True)  # its start if known, else its day
    minutes: int
    work_type: str | None = None  # remote on-site …
    summary: str  # an end user can read it (N15)
    internal: str | None = None
    created: datetime
    note_id: int | None = ref("note.id", default=None)
    billable: bool = True  # (A5)
    rate: int | None = None  # hundredths an hour, by the contract; None: no contract names one
    entered_by_id: int | None = ref("person.id", default=None)  # who wrote it down for him


@record("item", Unique(("kind", "key"), "uq_item"), early=True)
class Item:
    """What tickets refer to: an asset, a contract, an article … (`maild/desk/item_kinds.py`)."""

    id: int = primary(default=UNWRITTEN)
    kind: str = column(keyed=True)  # "asset"
    key: str = column(keyed=True)  # its name as names are compared: once of each kind
    name: str
    organization_id: int | None = ref("organization.id", default=None, index=True)
    ticket_id: int | None = ref("ticket.id", default=None, index=True)  # that it is a part of
    active: bool = True
    source: str = "command"  # command | file: what a file holds is changed there
    created: datetime
    updated: datetime
    fields: JSON = column(factory=dict)  # as its kind describes them


@record("event")
class Event:
    """What happened to a ticket: every action says so once."""

    id: int = primary(default=UNWRITTEN)
    ticket_id: int | None = ref("ticket.id", default=None, index=True)
    at: datetime
    event: EventName
    by: str  # a person's name, "rule: …", "maild"
    person_id: int | None = ref("person.id", default=None)
    stored_id: int | None = ref("message.id", default=None, index=True)  # the mail that caused it
    detail: JSON = column(factory=dict)


@record("clock", Unique(("ticket_id", "name"), "uq_clock"))
class Clock:
    """A rule that waits."""

    id: int = primary(default=UNWRITTEN)
    ticket_id: int | None = ref("ticket.id", default=None, index=True)
    name: str  # of the rule that started it
    due: datetime | None = column(default=None, index=True)  # None: paused
    started: datetime
    detail: JSON = column(factory=dict)


# ---- what goes out


@record("common_facts")
class CommonFacts:
    """What several notifications of one audience say alike: kept once (`common_facts`)."""

    id: int = key()  # of the first of them
    data: JSON = column(packed=True)


@record(
    "outbox",
    Index("ix_outbox_state", ("state", "next_try")),
    Index("ix_outbox_common_id", ("common_id",), where="common_id IS NOT NULL"),
    Index("ix_outbox_full_list", ("address", "template"), where="more > 0"),
    early=True,
)
class OutboxItem:
    """One notification to one person, written in the transaction that caused it."""

    id: int = primary(default=UNWRITTEN)
    key: str = column(unique=True, digest=True)  # of its cause: never twice
    ticket_id: int | None = ref("ticket.id", default=None, index=True)
    note_id: int | None = ref("note.id", default=None)
    stored_id: int | None = ref("message.id", default=None, index=True)  # the mail that caused it
    person_id: int | None = ref("person.id", default=None, index=True)
    address: str  # envelope recipient
    template: str  # "acknowledgement"
    language: str = "en"
    audience: Role = Role.CONTACT  # contact | resource | admin
    auto: str | None = None  # Auto-Submitted keyword; None: a person's words (RFC 3834 §5)
    data: JSON = column(factory=dict, packed=True, common="common_id")  # plain facts to render
    message_id: str = column(unique=True)  # without <>
    # The Message-ID that the relay gave it instead of ours; both are ours.
    relay_id: str | None = column(default=None, index=True)
    in_reply_to: str | None = None
    references: Sequence[Any] = column(factory=list)
    subject: str | None = None  # once composed
    octets: bytes | None = None  # once composed: repeats are equal
    state: SendState = SendState.WAITING
    attempts: int = 0
    next_try: datetime
    claimed: datetime | None = None  # when a deliverer took it
    created: datetime
    sent: datetime | None = None
    error: str | None = None
    more: int = 0  # lines that a list has no room for (`batches.Batch`)
    # Its Message-ID was in a mail to somebody outside: it proves nobody any more.
    exposed: bool = False
    common_id: int | None = ref("common_facts.id", default=None)  # where the rest of `data` is


@record("tap", Index("ix_tap_at", ("at",)))
class Tap:
    """A link of our mail that was used, and cannot be again; or a rating that came in words."""

    key: str = key()  # "DEED-OUTBOX ID", "word-MESSAGE ID"
    ticket_id: int = ref("ticket.id", index=True)
    person_id: int = ref("person.id", index=True)
    at: datetime
    score: int | None = None  # of a rating: 1 to 5
    about_id: int | None = ref("person.id", default=None)  # who had the ticket then


@record("hook", Index("ix_hook_state", ("state", "next_try")))
class Hook:
    """One call of a web hook, written in the transaction that caused it."""

    id: int = primary(default=UNWRITTEN)
    key: str = column(unique=True)  # of its cause: never twice
    name: str  # of its [[hook]] in maild.toml
    ticket_id: int | None = ref("ticket.id", default=None, index=True)
    body: JSON
    state: SendState = SendState.WAITING
    attempts: int = 0
    next_try: datetime
    created: datetime
    sent: datetime | None = None
    error: str | None = None


@record("delivery")
class Delivery:
    """One attempt at one recipient."""

    id: int = primary(default=UNWRITTEN)
    outbox_id: int = ref("outbox.id", index=True)
    at: datetime
    code: int | None = None  # SMTP reply code
    text: str


# ---- the desk itself


@record("alert")
class Alert:
    """Something an admin should know; the same thing again only counts up."""

    id: int = primary(default=UNWRITTEN)
    key: str = column(unique=True)
    text: str
    first: datetime
    last: datetime
    count: int = 1
    told: datetime | None = None  # when somebody was; None: not of this, or of its end too
    cleared: datetime | None = None
    said: JSON | None = None  # the text as a sentence (`maild.i18n.packed`), where it is one


@record("counter", clustered=True)
class Counter:
    """How often something happened on a day, and in the last hour of it that it did (E10)."""

    key: str = key()  # the day, and what
    in_day: int
    hour: int  # which it was, in hours since 1970
    in_hour: int


@record("lease")
class Lease:
    """What one of several daemons does and no other at this moment, as watching a mailbox."""

    name: str = key()
    holder: str
    beat: int  # counted up as long as the holder lives


@record("setting")
class Setting:
    """What the desk keeps for itself: its secret, whose turn it is."""

    key: str = key()
    value: JSON
