"""Which of the desk's addresses a ticket is answered from: one for all of its mail."""

from __future__ import annotations

from maild.config import AliasSection, Config, Front
from maild.model import Address, Mail
from maild.parse.headers import parse_addresses
from maild.store.records import Ticket
from maild.yamlfile import key

# Where servers write the address that a mail was delivered to; the topmost field is our server's.
DELIVERED = ("X-Original-To", "Delivered-To", "Envelope-To", "X-Envelope-To", "X-Delivered-To")


def came_by(config: Config, mailbox: str, mail: Mail | None) -> Front | None:
    """The alias that a mail was written to, else the mailbox of this name; None where that has no
    address of its own."""
    alias = _written_to(config, mail) if mail is not None and config.alias else None
    return alias or _called(config, mailbox)


def _written_to(config: Config, mail: Mail) -> AliasSection | None:
    """The first alias among those whom it is to, unless an address that is not one stands there
    before it."""
    delivered = [a for name in DELIVERED for a in parse_addresses(mail.header(name) or "")[:3]]
    aliases = {Address("", alias.address).key: alias for alias in config.alias}
    for address in (*mail.to[:20], *mail.cc[:20], *delivered):
        local, _, domain = address.key.rpartition("@")
        own = f"{local.partition('+')[0]}@{domain}"
        if own in aliases or own in config.addresses:
            return aliases.get(own)
    return None


def answers_from(config: Config, ticket: Ticket | None) -> Front | None:
    """The mailbox or alias whose address mail about this ticket comes from; None: the desk's."""
    if ticket is None:
        return None
    if config.desk.queue_address:
        for front in config.fronts:
            if front.queue and key(front.queue) == key(ticket.queue):
                return front
    return _called(config, str(ticket.fields.get("mailbox") or ""))


def _called(config: Config, name: str) -> Front | None:
    return next((front for front in config.fronts if front.called == name), None)
