"""Mail over `[limits] message_bytes`: it stays on its server, and what is known of it, its header,
is taken in in its place.  So a technician sees who wrote, and the writer is told.
"""

from __future__ import annotations

import re
from datetime import datetime

from maild.commands.answer import said_of
from maild.desk.desk import Desk
from maild.desk.notify import notify
from maild.i18n import Translator, Value, sentence
from maild.ingest.accept import keep
from maild.ingest.outcome import Outcome, conclude
from maild.model import Became, Mail, Role
from maild.spool import digest
from maild.store import asking
from maild.store.records import Person, Ticket
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


def of_technician(desk: Desk, mail: Mail) -> Outcome | None:
    """A technician's does nothing, as nobody knows its words, and he is told; None: another's."""
    person = _writer(desk, mail)
    if person is None or person.role != Role.RESOURCE:
        return None
    sizes = _sizes(desk)
    why = sentence(
        "Your mail of {size} is larger than what the desk takes in ({limit}), so nothing of it was "
        "done. Send it again without the large files.",
        size=sizes["size"],
        limit=sizes["limit"],
    )
    row = {"command": mail.subject[:200], "done": False, "why": why, "undo": None}
    said = said_of([row])
    if mail.answerable:
        notify(desk, None, "command-answer", [person], auto="auto-replied", extra=said)
    return conclude(desk, Became.IGNORED, "a technician's mail that is too large; he is told")


def tell(desk: Desk, mail: Mail) -> None:
    """Says to a contact that his mail was not taken in, where it may be answered."""
    person = _writer(desk, mail)
    ticket = desk.unit.get(Ticket, desk.stored.ticket_id) if desk.stored is not None else None
    if (
        person is not None
        and person.role == Role.CONTACT
        and ticket is not None
        and mail.answerable
    ):
        notify(desk, ticket, "mail-too-large", [person], extra=_sizes(desk))


def _writer(desk: Desk, mail: Mail) -> Person | None:
    """Who wrote it, where this stands for a mail that is too large."""
    stored = desk.stored
    if stored is None or not (stored.error or "").startswith(MARK) or mail.sender is None:
        return None
    return asking.people.at(desk.unit, mail.sender.key)


def _sizes(desk: Desk) -> dict[str, Value]:
    error = (desk.stored.error or "") if desk.stored is not None else ""
    return {
        "size": _size(int(error.removeprefix(MARK))),
        "limit": _size(desk.settings.config.limits.message_bytes),
    }


def _size(octets: int) -> str:
    return f"{octets / 1e6:.0f} MB" if octets >= 1_000_000 else f"{octets / 1e3:.0f} kB"
