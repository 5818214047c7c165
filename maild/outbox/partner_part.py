"""What a mail tells another desk besides people: a signed part, and its signature (P8)."""

from __future__ import annotations

import binascii
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from maild.config import Config, PartnerSection
from maild.desk.partner_seal import LINE, Event, cut, signatures, written
from maild.desk.shared_with import PARTNER, partner_at
from maild.errors import UsageError
from maild.model import Address
from maild.outbox import message
from maild.outbox.compose import Order
from maild.parse.sealed_part import NAME, SIGNATURE, TYPE

TICKET = "Maild-Ticket"  # header field: both numbers, to be seen; nothing is believed of it


@dataclass(frozen=True, slots=True)
class Seal:
    """What is added to a mail."""

    fields: tuple[tuple[str, str], ...]
    part: message.Part


def seal(config: Config, order: Order, files: Sequence[message.Part]) -> Seal | None:
    """For the desk that this mail goes to; None where it tells none.

    `files`: those that go with it.  UsageError: there is no such partner any more, or its secret
    cannot be read.
    """
    said = order.data.get(PARTNER)
    if not said:
        return None
    partner = partner_at(config, order.address)
    if partner is None:
        raise UsageError(f'There is no [[partner]] "{said["name"]}" in maild.toml any more.')
    event = _event(config, partner, order, said, files)
    octets = written(event)
    signed = ", ".join(f"v1={one}" for one in signatures(octets, partner.keys()))
    numbers = f"{event.ticket}; yours={event.yours}" if event.yours else event.ticket
    fields = ((TICKET, numbers), (SIGNATURE, signed.replace(", ", ",\r\n ")))
    return Seal(fields, message.file(octets, TYPE, NAME, None))


def _event(
    config: Config,
    partner: PartnerSection,
    order: Order,
    said: Mapping[str, Any],
    files: Sequence[message.Part],
) -> Event:
    note = order.data.get("note")
    return Event(
        sender=Address("", config.desk.address).key,
        to=partner.all_addresses()[0],
        id=order.key,
        n=said["n"],
        ticket=order.ticket_number or "",
        yours=said["yours"],
        says=said["says"],
        by=cut(said["by"], LINE),
        title=cut(said["title"], LINE),
        status=said["status"],
        words=cut(said["words"] or (note["text"] if note else "")),
        description=said["description"],
        files=tuple(hashlib.sha256(binascii.a2b_base64(one.body)).hexdigest() for one in files),
    )
