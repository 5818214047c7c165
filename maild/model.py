"""The values that the stages hand to each other.  This module knows nobody.

A `Mail` is a stored message as understood: what it says, what kind it is, what its sender wrote
now.  It is computed from the bytes alone; the same bytes give the same Mail.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    """What sort of mail it is (contract: `kind`)."""

    HUMAN = "human"
    AUTO_REPLY = "auto-reply"
    BOUNCE = "bounce"
    DELAY = "delay"
    RECEIPT = "receipt"
    LIST = "list"
    NOTIFICATION = "notification"

    @property
    def automatic(self) -> bool:
        """Written by a machine in answer to something: changes no status, is not answered."""
        return self in (Kind.AUTO_REPLY, Kind.BOUNCE, Kind.DELAY, Kind.RECEIPT)


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox of a header field (RFC 5322 §3.4)."""

    name: str  # display name, decoded, without control and invisible characters; may be ""
    address: str  # as written, without comments; may lack "@" where the mail is broken

    @property
    def key(self) -> str:
        """The form by which people are compared: lower case, domain in ASCII (IDNA)."""
        local, at, domain = self.address.strip().lower().rpartition("@")
        with suppress(UnicodeError):
            domain = domain.encode("idna").decode("ascii")
        return local + at + domain

    @property
    def domain(self) -> str:
        return self.key.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class Attachment:
    """One attachment: a view on the stored .eml; `part` finds its bytes again."""

    part: int  # index of the MIME part in depth-first order, 0 the whole message
    filename: str  # safe to write on a disk: no path, no control or invisible characters, <= 200
    content_type: str  # "image/png", lower case
    size: int  # decoded octets
    sha256: str  # of the decoded octets, hex
    inline: bool  # shown in the text (referred to by cid:, or Content-Disposition: inline)
    content_id: str | None  # without <>


@dataclass(frozen=True, slots=True)
class FailedRecipient:
    """One address that a bounce or delay speaks of (RFC 3464 §2.3)."""

    address: str
    status: str | None  # "5.1.1"
    diagnostic: str | None  # the server's words, one line


@dataclass(frozen=True, slots=True)
class Reason:
    """One step of an explanation: what was decided and on which evidence."""

    step: str  # "parse", "kind", "text", "who", "match", "proof", "command", "desk", "notify" …
    decided: str  # "auto-reply"
    because: str  # "header Auto-Submitted: auto-replied (RFC 3834 §5)"


@dataclass(frozen=True, slots=True)
class Mail:
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
    returned: tuple[str, ...] = ()  # message ids of the original that a bounce or receipt encloses

    def header(self, name: str) -> str | None:
        """The first field of this name, case-insensitively, or None."""
        return next(iter(self.header_all(name)), None)

    def header_all(self, name: str) -> list[str]:
        """All fields of this name, topmost first."""
        wanted = name.lower()
        return [value for key, value in self.headers if key.lower() == wanted]
