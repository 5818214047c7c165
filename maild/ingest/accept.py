"""Accept first: the octets are kept before anybody understands them (flow: the left edge)."""

from __future__ import annotations

import hashlib
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from maild.store.tables import Message, Raw


def accept(
    session: Session,
    *,
    mailbox: str,
    uidvalidity: int | None,
    uid: int | None,
    octets: bytes,
    now: datetime,
) -> Message | None:
    """Stores a message as received; None where its place holds one already.  The caller commits.

    The place is (mailbox, UIDVALIDITY, UID); files have none (None, None) and are always stored.
    Two daemons that accept the same place at once store it once (H25).
    """
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    insert = dialect.insert(Message).values(
        mailbox=mailbox,
        uidvalidity=uidvalidity,
        uid=uid,
        sha256=hashlib.sha256(octets).hexdigest(),
        size=len(octets),
        accepted=now,
        state="stored",
    )
    message: Message | None = session.scalar(
        insert.on_conflict_do_nothing(
            index_elements=[Message.mailbox, Message.uidvalidity, Message.uid]
        ).returning(Message)
    )
    if message is not None:
        session.execute(sa.insert(Raw).values(stored_id=message.id, octets=octets))
    return message
