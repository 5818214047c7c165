"""Addresses by which mail came to the desk, and that nobody has told it of."""

from __future__ import annotations

from maild.desk import people
from maild.desk.desk import Desk
from maild.desk.own_addresses import DELIVERED
from maild.i18n import sentence
from maild.model import Mail, Role
from maild.parse.headers import parse_addresses

_DELIVERED = frozenset(name.lower() for name in DELIVERED)


def delivered_to(desk: Desk, mail: Mail) -> frozenset[str]:
    """Addresses of the desk's own domains that the mail was delivered to and that are no
    person's, as they are compared: they are nobody on a ticket."""
    if not mail.has_header(_DELIVERED):
        return frozenset()
    found = (a for name in DELIVERED for a in parse_addresses(mail.header(name) or "")[:3])
    keys = {address.key for address in found}
    homes = {own.rpartition("@")[2] for own in people.ours(desk.unit, desk.settings.config)}
    homes -= people.PUBLIC_DOMAINS
    at_home = (key for key in keys if key.rpartition("@")[2] in homes)
    return frozenset(key for key in at_home if not _is_a_persons(desk, key))


def _is_a_persons(desk: Desk, key: str) -> bool:
    address = next(iter(parse_addresses(key)), None)
    person = people.by_address(desk.unit, address) if address is not None else None
    return person is not None and (person.role == Role.RESOURCE or person.source != "mail")


def offer(desk: Desk, mail: Mail) -> None:
    """Tells the admins, once each, of an address that seems to be the desk's."""
    for key in sorted(delivered_to(desk, mail)):
        if not people.is_ours(desk.unit, desk.settings.config, key):
            text = sentence(
                "Mail to {address} is delivered to the desk. If that is another address of the "
                "desk, add it to [desk] aliases in maild.toml.",
                address=key,
            )
            desk.alert(f"alias:{key}", text)
