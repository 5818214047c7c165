"""The same mail twice: by two mailboxes, or taken in again (H22 to H24)."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from maild.model import Mail
from maild.store import asking
from maild.store.records import Message
from maild.store.unit import Unit

# Copies of one mail reach two mailboxes within minutes; without a Message-ID, what looks the
# same after that is somebody who wrote the same again.
APART = timedelta(minutes=15)


def fingerprint(mail: Mail) -> str:
    """Equal for the same mail by another way: other Received fields, the same content."""
    sender = mail.sender.key if mail.sender else ""
    parts = (mail.message_id, sender, str(mail.date), mail.subject, mail.text)
    files = tuple(attachment.sha256 for attachment in mail.attachments)
    return hashlib.sha256(repr((parts, files)).encode("utf-8", "replace")).hexdigest()


def alone_with(unit: Unit, stored: Message) -> None:
    """Two daemons that process copies of one mail at once wait for each other here."""
    asking.messages.alone_with(unit, stored.fingerprint or "")


def twin(unit: Unit, stored: Message) -> Message | None:
    """An earlier message that is this one; other content under the same Message-ID is not.

    Without a Message-ID only another mailbox can hold a copy: who sends the same twice to one
    mailbox means it (H24).  Asked after `alone_with`.
    """
    if stored.message_id is not None:
        return asking.messages.twin(unit, stored)
    around = stored.accepted - APART, stored.accepted + APART
    return asking.messages.copy_elsewhere(unit, stored, *around)
