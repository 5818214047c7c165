"""The values that the stages hand to each other.  This module knows nobody.

A `Mail` is a stored message as understood: what it says, what kind it is, what its sender wrote
now.  It is computed from the bytes alone; the same bytes give the same Mail.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import IntEnum, StrEnum
from functools import lru_cache
from typing import Any

TICKET_NUMBER = r"T20\d{6}\.\d{4,6}(?!\d)"  # a pattern: day, and which of its tickets
LARGEST_LOGO = 60_000  # octets of a picture in a signature


class Kind(StrEnum):
    """What sort of mail it is (contract: `kind`)."""

    HUMAN = "human"
    AUTO_REPLY = "auto-reply"
    BOUNCE = "bounce"
    DELAY = "delay"
    RECEIPT = "receipt"
    LIST = "list"
    NOTIFICATION = "notification"
    REACTION = "reaction"  # a button that somebody pressed: a thumb, a calendar's answer, a recall

    @property
    def automatic(self) -> bool:
        """Written by a machine in answer to something: changes no status, is not answered."""
        return self in _AUTOMATIC


_AUTOMATIC = frozenset((Kind.AUTO_REPLY, Kind.BOUNCE, Kind.DELAY, Kind.RECEIPT, Kind.REACTION))


class EventName(StrEnum):
    """Everything that can happen to a ticket: every action of the desk says one of these."""

    MAIL_RECEIVED = "mail received"
    TICKET_CREATED = "ticket created"
    TICKET_FILED = "ticket filed"
    NOTE_ADDED = "note added"
    NOTE_FILED = "note filed"
    NOTE_WITHHELD = "note withheld"
    STATUS_CHANGED = "status changed"
    FIELD_CHANGED = "field changed"
    ASSIGNED = "assigned"
    UNASSIGNED = "unassigned"
    TIME_ADDED = "time added"
    TIME_CHANGED = "time changed"
    TIME_REMOVED = "time removed"
    COMPLETED = "completed"
    REOPENED = "reopened"
    TRANSFERRED = "transferred"
    ESCALATED = "escalated"
    PERSON_ADDED = "person added"
    PERSON_REMOVED = "person removed"
    LINKED = "linked"
    UNLINKED = "unlinked"
    RECORD_ADDED = "record added"
    RECORD_CHANGED = "record changed"
    RECORD_RETIRED = "record retired"
    MERGED = "merged"
    UNMERGED = "unmerged"
    TOOK_IN = "took in"
    SPLIT_OFF = "split off"
    DELETED = "deleted"
    RESTORED = "restored"
    URGENCY_ASKED = "urgency asked"
    CLOSING_ASKED = "closing asked"
    SIGNED_OFF = "signed off"
    APPOINTMENT_MADE = "appointment made"
    APPOINTMENT_MOVED = "appointment moved"
    APPOINTMENT_ENDED = "appointment ended"
    RATED = "rated"
    ALSO_CAME_IN = "also came in"
    IMPORTED = "imported"
    OTHER_SIDE = "other side"
    PARTNER_TOLD = "partner told"
    PARTNER_HEARD = "partner heard"
    SLA_APPROACHING = "SLA approaching"
    SLA_MISSED = "SLA missed"
    AUTOMATIC_MAIL = "automatic mail"
    MESSAGE_BOUNCED = "message bounced"
    ADDRESS_HELD = "address held"
    NOTIFICATION_FAILED = "notification failed"
    NOTIFICATION_RETRIED = "notification tried again"
    NOTIFICATION_DROPPED = "notification dropped"
    COMMAND_REFUSED = "command refused"
    REMINDER_SET = "reminder set"
    REMINDER_REMOVED = "reminder removed"
    REMINDED = "reminded"
    CLOCK_FIRED = "clock fired"
    RULE_FIRED = "rule fired"
    RULE_FAILED = "rule failed"
    RULES_CUT_SHORT = "rules cut short"


class Role(StrEnum):
    """What a person is at this desk; also whom a notification is for, and who wrote a note."""

    CONTACT = "contact"
    RESOURCE = "resource"
    ADMIN = "admin"  # of notifications: who keeps the desk running
    SYSTEM = "system"  # of notes: the desk itself, a rule
    MONITORING = "monitoring"  # of notes: a machine that watches others
    PARTNER = "partner"  # of notes and notifications: another desk that shares the ticket

    @property
    def is_outside(self) -> bool:
        """Whether it reads nothing of the team's, but what is addressed to it."""
        return self in (Role.CONTACT, Role.PARTNER)


class TicketRole(StrEnum):
    """What a person is on one ticket, besides its contact and its primary resource (N11)."""

    SECONDARY = "secondary"
    ADDITIONAL = "additional"
    PROPOSED = "proposed"  # a Cc that waits for a technician's yes (H47)
    STOPPED = "stopped"  # wants no more mail about it
    QUIET = "quiet"  # wants no automatic mail about it; what people write still reaches them


class StatusKind(StrEnum):
    """What a status means, whatever a profile calls it."""

    NEW = "new"
    WORKING = "working"
    WAITING = "waiting"
    REVIEW = "review"
    RESOLVED = "resolved"
    CLOSED = "closed"


class Across(StrEnum):
    """What one side of a shared ticket says to the other (P8)."""

    SHARED = "assigned"  # it is to be worked on over there too
    COMPLETE = "complete"  # the work over here is done
    QUESTION = "question"
    NOTE = "note"  # something that both sides read
    DELETED = "deleted"  # over here, and so over there


class LinkKind(StrEnum):
    """How two tickets have to do with each other."""

    RELATED = "related"
    FOLLOW_UP = "follow-up"
    MERGED = "merged"
    SPLIT = "split"


class Lane(IntEnum):
    """Which stored messages go before which; within a lane mailboxes take turns."""

    COMMAND = 0  # technicians' mail
    KNOWN = 1  # what customers whom we know have just sent
    FRESH = 2  # what else has just come
    BACKLOG = 3
    LAST = 4  # of senders who have sent very much within the hour


class MessageState(StrEnum):
    """Where a stored message is on its way."""

    STORED = "stored"
    PROCESSED = "processed"
    QUARANTINED = "quarantined"
    DROPPED = "dropped"


class Became(StrEnum):
    """What a message became (contract: `outcome`)."""

    TICKET = "ticket"
    NOTE = "note"
    IGNORED = "ignored"
    DUPLICATE = "duplicate"
    QUARANTINED = "quarantined"


class AnswerState(StrEnum):
    """Where an answer of the console is, that can be taken back for some seconds."""

    WAITING = "waiting"
    GIVEN = "done"
    REFUSED = "refused"  # it may not be any more; its words are kept
    UNDONE = "undone"  # taken back; its words are a draft again


class SendState(StrEnum):
    """Where a notification, or the call of a web hook, is on its way."""

    WAITING = "waiting"
    SENDING = "sending"
    CALLING = "calling"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"  # the relay may have it; nobody sends it again by himself
    DROPPED = "dropped"  # somebody has given it up
    HELD = "held"  # kept back: a cap, a held address, or a rule that took it back
    UNSENT = "unsent"  # only to be looked at: the desk listens, or takes mail in quietly


# Python's codec (IDNA 2003) maps these to others or to nothing; they are letters of their own since
# IDNA 2008 (RFC 5894 §7.2): straße.example and strasse.example have different owners.
_DEVIATIONS = re.compile("[ß\u03c2\u200c\u200d]")


def domain_in_ascii(domain: str) -> str:
    """The domain in lower case as DNS has it, `xn--…` (IDNA); as it is where that cannot be."""
    labels = re.split("[.\u3002\uff0e\uff61]", domain.lower())
    with suppress(UnicodeError):
        return ".".join(_label_in_ascii(label) for label in labels)
    return domain.lower()


def _label_in_ascii(label: str) -> str:
    if _DEVIATIONS.search(label):
        return "xn--" + unicodedata.normalize("NFC", label).encode("punycode").decode("ascii")
    return label.encode("idna").decode("ascii")


# One word, so that neither a header field nor an SMTP command ends within it (RFC 5321 §4.1.2);
# the longest path is 256 octets (§4.5.3.1.3), and some are kinder.
_SENDABLE = re.compile(r"""[^\s<>,;:"\\()@]+@[!#-'*+\--9=?A-\[\]-~]+""")
_LONGEST_ADDRESS = 400
_JOINER = "\u200d"  # holds an emoji together


def is_sendable(address: str) -> bool:
    """Whether mail may be sent to it as it stands: no control, blank, quote or bracket is in it."""
    return (
        len(address) <= _LONGEST_ADDRESS
        and _SENDABLE.fullmatch(address) is not None
        and address.replace(_JOINER, "").isprintable()
    )


@lru_cache(maxsize=256)
def _address_key(address: str) -> str:
    local, at, domain = address.strip().lower().rpartition("@")
    return local + at + (domain if domain.isascii() else domain_in_ascii(domain))


class Carried:
    """A value that goes from one process to another as its fields in their order: by name, as
    dataclasses go, it takes three times as long."""

    __slots__ = ()
    __match_args__: tuple[str, ...] = ()  # which a dataclass sets to the names of its fields

    def __reduce__(self) -> tuple[type, tuple[Any, ...]]:
        return type(self), tuple([getattr(self, name) for name in self.__match_args__])


@dataclass(frozen=True, slots=True)
class Address(Carried):
    """One mailbox of a header field (RFC 5322 §3.4)."""

    name: str  # display name, decoded, without control and invisible characters; may be ""
    address: str  # as written, without comments; may lack "@" where the mail is broken

    @property
    def key(self) -> str:
        """The form by which people are compared: lower case, domain in ASCII (IDNA)."""
        return _address_key(self.address)

    @property
    def domain(self) -> str:
        """Its domain, as it is compared."""
        return self.key.rpartition("@")[2]


class Withheld(StrEnum):
    """What becomes of what somebody asked whom nothing proves (H41)."""

    WAITING = "waiting"  # for his "yes"
    RELEASED = "released"


class Verdict(StrEnum):
    """What the virus scanner says of a file."""

    CLEAN = "clean"
    INFECTED = "infected"
    PENDING = "not scanned"  # it did not answer: the file is kept back until it does


@dataclass(frozen=True, slots=True)
class Attachment(Carried):
    """One attachment: a view on the stored .eml; `part` finds its bytes again."""

    part: int  # index of the MIME part in depth-first order, 0 the whole message
    filename: str  # safe to write on a disk: no path, no control or invisible characters, <= 200
    content_type: str  # "image/png", lower case
    size: int  # decoded octets
    sha256: str  # of the decoded octets, hex
    inline: bool  # shown in the text (referred to by cid:, or Content-Disposition: inline)
    content_id: str | None  # without <>
    # Names and types of what is packed into it, if it is an attached message or a winmail.dat.
    holds: tuple[tuple[str, str], ...] = ()
    verdict: Verdict | None = None  # of the virus scanner; None: it was not asked

    @property
    def decorates(self) -> bool:
        """A small picture that the text shows, as signatures have them."""
        picture = self.inline and self.content_type.startswith("image/")
        return picture and self.size <= LARGEST_LOGO


@dataclass(frozen=True, slots=True)
class FailedRecipient(Carried):
    """One address that a bounce or delay speaks of (RFC 3464 §2.3)."""

    address: str
    status: str | None  # "5.1.1"
    diagnostic: str | None  # the server's words, one line


@dataclass(frozen=True, slots=True)
class Forwarded(Carried):
    """The one message that a mail forwards, in its text or attached."""

    sender: Address | None  # its From; None where it is unclear
    remark: str  # what the mail's own sender wrote above it; may be ""
    words: str  # what it says, without its header block


@dataclass(frozen=True, slots=True)
class Attendee(Carried):
    """Somebody whom an appointment concerns, and his answer (RFC 5545 §3.8.4.1)."""

    address: Address
    answer: str  # PARTSTAT: "accepted", "declined", "tentative", "needs-action" …


@dataclass(frozen=True, slots=True)
class Appointment(Carried):
    """What a calendar part says (RFC 5545, RFC 5546): an invitation, its end, or an answer."""

    method: str  # "request", "cancel", "reply", "counter", "publish"; "" where unsaid
    uid: str  # the same in every mail about it; may be ""
    summary: str
    place: str
    description: str
    comment: str  # what somebody wrote with his answer
    start: datetime | date | None  # aware; a date where it lasts all day
    end: datetime | date | None
    zone: str  # IANA name as the organizer has it; "" for UTC and unknown ones
    organizer: Address | None
    attendees: tuple[Attendee, ...]
    sequence: int  # grows with every change
    repeats: bool

    @property
    def answer(self) -> Attendee | None:
        """Who answers, and what, in a mail that is an answer."""
        is_answer = self.method in ("reply", "counter") and self.attendees
        return self.attendees[0] if is_answer else None


@dataclass(frozen=True, slots=True)
class Reason(Carried):
    """One step of an explanation: what was decided and on which evidence."""

    step: str  # "parse", "kind", "text", "who", "match", "proof", "command", "desk", "notify" …
    decided: str  # "auto-reply"
    because: str  # "header Auto-Submitted: auto-replied (RFC 3834 §5)"


@dataclass(frozen=True, slots=True)
class OfList(Carried):
    """The list that a mail came by, and what the mail is if that list is the desk's own address."""

    names: tuple[str, ...]  # its addresses, and its List-Id (RFC 2919); may be empty
    kind: Kind
    answerable: bool


@dataclass(frozen=True, slots=True)
class Sealed(Carried):
    """What a mail of another desk says for ours, as it came: nobody has looked at its seal yet."""

    signatures: tuple[str, ...]  # hex, of its header field; one a secret
    octets: bytes  # of the part that they are of
    part: int  # index of that part


@dataclass(frozen=True, slots=True)
class Mail(Carried):
    """A message as understood (contract: `maild parse --jsonl`)."""

    sha256: str  # of the raw octets
    size: int  # raw octets
    message_id: str | None  # without <>
    date: datetime | None  # aware; None where absent or impossible
    subject: str  # decoded, one line
    sender: Address | None  # the From field; None where absent
    senders: tuple[Address, ...]  # every mailbox of every From field: two of them are suspicious
    reply_to: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    in_reply_to: tuple[str, ...]  # message ids without <>
    references: tuple[str, ...]  # oldest first, without <>
    kind: Kind
    answerable: bool  # False: no automatic answer may be sent (RFC 3834 §2)
    failed_recipients: tuple[FailedRecipient, ...]
    text: str  # the whole body as text, from HTML where there is only HTML
    html: str | None  # sanitised; inline images refer by cid:
    new_text: str  # what the sender wrote now
    quoted_text: str  # the rest
    attachments: tuple[Attachment, ...]
    headers: tuple[
        tuple[str, str], ...
    ]  # as they stand, decoded loosely, capped in number and size
    defects: tuple[str, ...]
    reasons: tuple[Reason, ...] = field(default=())
    language: str | None = None  # of a phrase that decided something ("de"), where one did
    forwarded: Forwarded | None = None  # the message that it forwards
    appointment: Appointment | None = None  # that its calendar part speaks of
    # Received and Authentication-Results by the letter (`parse.trace`): (name in lower case, value)
    trace: tuple[tuple[str, str], ...] = ()
    returned: tuple[str, ...] = ()  # message ids of the original that a bounce or receipt encloses
    of_list: OfList | None = None  # of mail of kind list
    sealed: Sealed | None = None  # what another desk says for ours

    @property
    def parents(self) -> tuple[str, ...]:
        """Message-IDs of what it answers directly (RFC 5322 §3.6.4)."""
        return self.in_reply_to or self.references[-1:]

    @property
    def files(self) -> tuple[Attachment, ...]:
        """What the sender attached; small pictures that the text shows are of his signature."""
        return tuple(a for a in self.attachments if not a.decorates)

    def header(self, name: str) -> str | None:
        """The first field of this name, case-insensitively, or None."""
        return next(iter(_by_name(self.headers).get(name.lower(), ())), None)

    def has_header(self, names: frozenset[str]) -> bool:
        """Whether there is a field of one of these names, which are in lower case."""
        return not names.isdisjoint(_by_name(self.headers))

    def header_all(self, name: str) -> list[str]:
        """All fields of this name, topmost first."""
        return list(_by_name(self.headers).get(name.lower(), ()))


def by_name(headers: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """The values of header fields by their names in lower case, topmost first."""
    found: dict[str, list[str]] = {}
    for name, value in headers:
        found.setdefault(name.lower(), []).append(value)
    return found


@lru_cache(maxsize=8)  # a mail is asked for some fifteen of its fields
def _by_name(headers: tuple[tuple[str, str], ...]) -> dict[str, list[str]]:
    return by_name(headers)
