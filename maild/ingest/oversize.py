"""Mail over `[limits] message_bytes`: it stays on its server, and what is known of it, its header,
is taken in in its place.  So a technician sees who wrote, and the writer is told.
"""

from __future__ import annotations

import re
from datetime import datetime

from maild.desk.desk import Desk
from maild.desk.notify import notify
from maild.i18n import Translator, sentence
from maild.ingest.accept import digest, keep
from maild.model import Mail, Role
from maild.store import asking
from maild.store.records import Ticket
from maild.store.unit import Unit

HEAD = 64 * 1024  # octets that are fetched of such a mail
MARK = "too large: "  # how `Message.error` of what stands for it begins; its size follows
_END = re.compile(rb"\r?\n\r?\n")
_OF_BODY = re.compile(
    rb"^(?:Content-[\w-]+|MIME-Version)[ \t]*:.*\r?\n(?:[ \t].*\r?\n)*", re.M | re.I
)


def stand_in(head: bytes, size: int, language: str) -> bytes:
    """A mail with the header of that whose first octets these are, and a sentence as its body."""
    end = _END.search(head)
    fields = head[: end.start()] if end else head[: head.rfind(b"\n")]
    said = sentence(
        "This mail of {size} is larger than what the desk takes in. It is still on the mail "
        "server; its sender was told.",
        size=_size(size),
    )
    body = Translator(language).write(said).encode()
    return b"\r\n".join(
        (
            _OF_BODY.sub(b"", fields + b"\r\n").rstrip(),
            b"MIME-Version: 1.0",
            b"Content-Type: text/plain; charset=utf-8",
            b"Content-Transfer-Encoding: 8bit",
            b"",
            body,
            b"",
        )
    )


def accept(
    unit: Unit, mailbox: str, octets: bytes, size: int, now: datetime, arrived: datetime | None
) -> bool:
    """Stores what stands for a mail, once; whether it is new."""
    if asking.messages.came_by(unit, mailbox, digest(octets)) is not None:
        return False
    stored = keep(unit, mailbox, None, None, octets, now, arrived)
    unit.change(stored, error=f"{MARK}{size}")
    return True


def tell(desk: Desk, mail: Mail) -> None:
    """Says to its writer that his mail was not taken in, where it may be answered."""
    stored = desk.stored
    if stored is None or not (stored.error or "").startswith(MARK) or not mail.answerable:
        return
    ticket = desk.unit.get(Ticket, stored.ticket_id)
    person = asking.people.at(desk.unit, mail.sender.key) if mail.sender else None
    if ticket is None or person is None:
        return
    said = {
        "size": _size(int((stored.error or "").removeprefix(MARK))),
        "limit": _size(desk.settings.config.limits.message_bytes),
    }
    if person.role == Role.CONTACT:
        notify(desk, ticket, "mail-too-large", [person], extra=said)


def _size(octets: int) -> str:
    return f"{octets / 1e6:.0f} MB" if octets >= 1_000_000 else f"{octets / 1e3:.0f} kB"
