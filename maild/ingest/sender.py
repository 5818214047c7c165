"""Who wrote: a resource, a contact, or somebody new (R3), from one strictly read From."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from maild.desk import people
from maild.errors import MailError
from maild.model import Address, Mail, Reason, Role
from maild.parse.headers import parse_addresses
from maild.store import asking
from maild.store.records import Person
from maild.store.unit import Unit


@dataclass(frozen=True, slots=True)
class Claim:
    """Whom a mail names as its writer.  Only the From field counts, never Reply-To (H43)."""

    address: Address
    strict: bool  # one From field with one plain mailbox, whose name claims nothing else (H44)
    because: str


@dataclass(frozen=True, slots=True)
class Sender:
    """The sender as we know him."""

    person: Person
    known: bool  # before this mail
    strict: bool
    reason: Reason

    @property
    def is_resource(self) -> bool:
        """Whether an active technician wrote it."""
        return self.person.role == Role.RESOURCE and self.person.active


def claim(mail: Mail) -> Claim:
    """Who the mail says it is of.  MailError where nobody could be answered (H14)."""
    senders = [sender for sender in mail.senders if "@" in sender.address]
    if not senders:
        return _without_from(mail)
    first, fields = senders[0], mail.header_all("From")
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
                    return Claim(address, False, f"it has no From; {name} is taken for it")
    raise MailError("The mail names no sender with an address.")


def who(unit: Unit, claimed: Claim, now: datetime) -> Sender:
    """The person of this address; a new contact where nobody has it."""
    address = claimed.address
    person = people.by_address(unit, address)
    doubt = f"; not trusted: {claimed.because}" if claimed.because else ""
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
