"""Who wrote: a resource, a contact, or somebody new (R3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from maild.desk import people
from maild.errors import MailError
from maild.model import Mail, Reason
from maild.store.tables import Person


@dataclass(frozen=True, slots=True)
class Who:
    """The sender as we know him."""

    person: Person
    known: bool  # before this mail
    reason: Reason

    @property
    def is_resource(self) -> bool:
        return self.person.role == "resource" and self.person.active


def who(session: Session, mail: Mail, now: datetime) -> Who:
    """The person of the From field; a new contact where nobody has that address.

    Raises MailError where there is no sender whom we could answer (H14).
    """
    if mail.sender is None or "@" not in mail.sender.address:
        raise MailError("The mail names no sender with an address.")
    person = people.by_address(session, mail.sender)
    if person is not None:
        because = f"the address {mail.sender.key} is one of his"
        return Who(person, True, Reason("who", f"{person.role} {person.name}", because))
    person = people.learn(session, mail.sender, now)
    organization = person.organization
    because = f"nobody has the address {mail.sender.key}" + (
        f"; its domain belongs to {organization.name}" if organization else ""
    )
    return Who(person, False, Reason("who", f"new contact {person.name}", because))
