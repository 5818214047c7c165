"""The same mail twice: by two mailboxes, or taken in again (H22 to H24)."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from maild.model import Mail
from maild.store.tables import Message

# Copies of one mail reach two mailboxes within minutes; without a Message-ID, what looks the
# same after that is somebody who wrote the same again.
APART = timedelta(minutes=15)


def fingerprint(mail: Mail) -> str:
    """Equal for the same mail by another way: other Received fields, the same content."""
    sender = mail.sender.key if mail.sender else ""
    parts = (mail.message_id, sender, str(mail.date), mail.subject, mail.text)
    files = tuple(attachment.sha256 for attachment in mail.attachments)
    return hashlib.sha256(repr((parts, files)).encode("utf-8", "replace")).hexdigest()


def twin(session: Session, stored: Message) -> Message | None:
    """An earlier message that is this one; other content under the same Message-ID is not.

    Without a Message-ID only another mailbox can hold a copy: who sends the same twice to one
    mailbox means it (H24).
    """
    _one_at_a_time(session, stored.fingerprint or "")
    same = sa.select(Message).where(
        Message.fingerprint == stored.fingerprint,
        Message.id != stored.id,
        Message.state == "processed",
        Message.outcome != "duplicate",
    )
    if stored.message_id is None:
        same = same.where(
            Message.mailbox != stored.mailbox,
            Message.accepted >= stored.accepted - APART,
            Message.accepted <= stored.accepted + APART,
        )
    return session.scalar(same.order_by(Message.id).limit(1))


def _one_at_a_time(session: Session, fingerprint: str) -> None:
    """Two daemons that process both copies at once wait for each other (SQLite has one writer)."""
    if session.get_bind().dialect.name == "postgresql":
        key = int(fingerprint[:15] or "0", 16)
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(key)))
