"""Accept first: the octets are kept before anybody understands them (flow: the left edge)."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from maild.ingest.lanes import Place
from maild.spool import Mass, digest
from maild.store import asking
from maild.store.packing import Kept
from maild.store.records import Message, Raw
from maild.store.unit import Unit


def accept(
    unit: Unit,
    *,
    mailbox: str,
    uidvalidity: int | None,
    uid: int | None,
    octets: Mass,
    now: datetime,
    arrived: datetime | None = None,
    packed: Kept | None = None,
) -> Message | None:
    """Stores a message as received; None where its place holds one already.  The caller commits.

    `packed`: the octets as the database keeps them, where the caller has packed them already.

    The place is (mailbox, UIDVALIDITY, UID); files have none (None, None) and are always stored.
    Two daemons that accept the same place at once store it once (H25).
    """
    if uid is not None and asking.messages.at(unit, mailbox, uidvalidity, uid) is not None:
        return None
    return keep(unit, mailbox, uidvalidity, uid, octets, now, arrived, packed=packed)


def keep(
    unit: Unit,
    mailbox: str,
    uidvalidity: int | None,
    uid: int | None,
    octets: Mass,
    now: datetime,
    arrived: datetime | None,
    waits: Place | None = None,
    packed: Kept | None = None,
) -> Message:
    """The same where the caller knows that the place is free, and where it `waits`; who has
    `packed` the octets before the transaction holds up nobody else who writes."""
    stored = unit.add(
        Message(
            mailbox=mailbox,
            uidvalidity=uidvalidity,
            uid=uid,
            sha256=digest(octets),
            size=len(octets),
            arrived=arrived,
            accepted=now,
            **(asdict(waits) if waits is not None else {}),
        )
    )
    unit.add(Raw(stored_id=stored.id, octets=octets if packed is None else packed))
    return stored
