"""Accept first: the octets are kept before anybody understands them (flow: the left edge)."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from maild.store import asking, records
from maild.store.tables import Message, Raw
from maild.store.unit import Unit

# The plain tables: built once, as building an INSERT costs several times what running it does.
_COLUMNS: Any = Message.__table__
_RAW = sa.insert(Raw.__table__)  # type: ignore[arg-type]
_STORE = {
    name: dialect.insert(_COLUMNS)
    .on_conflict_do_nothing(
        index_elements=[Message.mailbox, Message.uidvalidity, Message.uid],
    )
    .returning(_COLUMNS.c.id)
    for name, dialect in (("postgresql", postgresql), ("sqlite", sqlite))
}


def accept(
    unit: Unit,
    *,
    mailbox: str,
    uidvalidity: int | None,
    uid: int | None,
    octets: bytes,
    now: datetime,
    arrived: datetime | None = None,
) -> records.Message | None:
    """Stores a message as received; None where its place holds one already.  The caller commits.

    The place is (mailbox, UIDVALIDITY, UID); files have none (None, None) and are always stored.
    Two daemons that accept the same place at once store it once (H25).
    """
    if uid is not None and asking.messages.at(unit, mailbox, uidvalidity, uid) is not None:
        return None
    stored = unit.add(
        records.Message(
            mailbox=mailbox,
            uidvalidity=uidvalidity,
            uid=uid,
            sha256=hashlib.sha256(octets).hexdigest(),
            size=len(octets),
            arrived=arrived,
            accepted=now,
        )
    )
    unit.add(records.Raw(stored_id=stored.id, octets=octets))
    return stored


def accept_id(
    session: Session,
    *,
    mailbox: str,
    uidvalidity: int | None,
    uid: int | None,
    octets: bytes,
    now: datetime,
    arrived: datetime | None = None,
    state: str = "stored",
) -> int | None:
    """The same in a session: only the id, without reading the row back."""
    stored: int | None = session.connection().scalar(
        _STORE[session.get_bind().dialect.name],
        {
            "mailbox": mailbox,
            "uidvalidity": uidvalidity,
            "uid": uid,
            "sha256": hashlib.sha256(octets).hexdigest(),
            "size": len(octets),
            "arrived": arrived,
            "accepted": now,
            "state": state,
        },
    )
    if stored is not None:
        session.connection().execute(_RAW, {"stored_id": stored, "octets": octets})
    return stored
