"""Who wrote: a resource, a contact, or somebody new (R3), from one strictly read field."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from maild.desk import people
from maild.errors import MailError
from maild.model import Address, Mail, Reason, Role
from maild.parse.headers import parse_addresses
from maild.store import asking
from maild.store.records import Person
from maild.store.unit import Unit

FROM = "From"
# Where programs that write From anew leave who wrote, the surest first: Google's and Microsoft's
# groups, forms.  Anybody can write these fields, as anybody can write From.
BEHIND = ("X-Original-From", "X-Original-Sender", "Reply-To", "Sender")


@dataclass(frozen=True, slots=True)
class Claim:
    """Whom a mail names as its writer.

    That is whom From names, never Reply-To (H43), but where From is the desk's own address or a
    program's that writes for others (H104).
    """

    address: Address
    strict: bool  # one field with one plain mailbox, whose name claims nothing else (H44)
    because: str
    field: str = FROM  # the one that names him


@dataclass(frozen=True, slots=True)
class Sender:
    """The sender as we know him."""

    person: Person
    known: bool  # before this mail
    strict: bool
    reason: Reason
    client: int | None = None  # the organization whose tickets alone he sees; None: all of them

    @classmethod
    def of(cls, person: Person) -> Sender:
        """Somebody whose address From is, where no more is asked."""
        return cls(person, True, True, Reason("who", person.name, "From is an address of his"))

    @property
    def is_resource(self) -> bool:
        """Whether an active technician wrote it."""
        return self.person.role == Role.RESOURCE and self.person.active


def claim(
    mail: Mail, ours: Callable[[Address], bool], program: Callable[[Address], bool]
) -> Claim | None:
    """Who the mail says it is of; None where it is of the desk's own address and says no more.

    `ours`, `program`: whether an address is the desk's, or that of something that writes for
    others.  MailError where nobody could be answered (H14).
    """
    written = _from(mail)
    if ours(written.address):
        return _behind(mail, BEHIND, ours)
    if written.field == FROM and program(written.address):
        return _behind(mail, ("Reply-To",), lambda a: ours(a) or program(a)) or written
    return written


def _from(mail: Mail) -> Claim:
    senders = [sender for sender in mail.senders if "@" in sender.address]
    if not senders:
        return _without_from(mail)
    first, fields = senders[0], mail.header_all(FROM)
    why = ""
    if len(fields) > 1:
        why = f"it has {len(fields)} From fields"
    elif len(senders) > 1:
        why = f"its From names {len(senders)} addresses"
    elif fields and fields[0].rstrip().endswith(";"):
        why = "its From is a group"
    elif _claims_another(first):
        why = "the name in its From is another address"
        first = Address("", first.address)
    return Claim(first, not why, why)


def _behind(mail: Mail, fields: Iterable[str], nobody: Callable[[Address], bool]) -> Claim | None:
    """Who stands in the first of these fields that names somebody; None where none does."""
    named = {name: _plain(mail, name) for name in fields}
    for name, addresses in named.items():
        others = [address for address in addresses if not nobody(address)]
        if others:
            first = others[0]
            called = (a.name for found in named.values() for a in found if a.key == first.key)
            whole = Address(next(filter(None, called), "") or _via(mail), first.address)
            sure = len({a.key for a in others}) == 1 and not _claims_another(whole)
            why = "" if sure else f"its {name} does not name one plain address"
            return Claim(whole if sure else Address("", first.address), sure, why, name)
    return None


def _plain(mail: Mail, name: str) -> list[Address]:
    found = [a for value in mail.header_all(name)[:3] for a in parse_addresses(value)[:10]]
    return [address for address in found if "@" in address.address.strip("@")]


def _via(mail: Mail) -> str:
    """Ann of `'Ann' via Support`, as groups write the name in From; "" where it is not so."""
    name = mail.sender.name if mail.sender else ""
    found = re.match(r"['\u2018](.{1,80})['\u2019] \w", name)
    return found[1] if found else ""


def _claims_another(sender: Address) -> bool:
    """`boss@corp.example <evil@x.example>`: the name is an address, and not this one."""
    named = {Address("", word.strip("<>()[]'\",;:")).key for word in sender.name.split()}
    return any("@" in name[1:-1] and name != sender.key for name in named)


def _without_from(mail: Mail) -> Claim:
    """Somebody who can be answered all the same, and is trusted with nothing."""
    for name in ("Reply-To", "Sender", "Return-Path"):
        for value in mail.header_all(name):
            for address in parse_addresses(value):
                if "@" in address.address.strip("@"):
                    because = f"it has no From; {name} is taken for it"
                    return Claim(address, False, because, name)
    raise MailError("The mail names no sender with an address.")


def who(unit: Unit, claimed: Claim, now: datetime) -> Sender:
    """The person of this address; a new contact where nobody has it."""
    address = claimed.address
    person = people.by_address(unit, address)
    doubt = f", says its {claimed.field}" if claimed.field != FROM else ""
    doubt += f"; not trusted: {claimed.because}" if claimed.because else ""
    if person is not None:
        because = f"the address {address.key} is one of his{doubt}"
        role = person.role if person.active else f"former {person.role}"
        return Sender(person, True, claimed.strict, Reason("who", f"{role} {person.name}", because))
    person = people.learn(unit, address, now)
    organization = asking.people.organization(unit, person)
    because = f"nobody has the address {address.key}" + (
        f"; its domain belongs to {organization.name}" if organization else ""
    )
    reason = Reason("who", f"new contact {person.name}", because + doubt)
    return Sender(person, False, claimed.strict, reason)
