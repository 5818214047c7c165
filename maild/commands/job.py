"""One mail's commands while they are carried out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from maild.commands.arguments import Names, Resource
from maild.commands.values import Asked
from maild.desk import people, reach
from maild.desk.desk import Desk
from maild.errors import Refused
from maild.i18n import sentence
from maild.model import Address, Role
from maild.store.records import Message, Note, Person, Ticket, TimeEntry


@dataclass(frozen=True, slots=True)
class May:
    """Who asks, and whether we believe that it is he (E5)."""

    person: Person
    role: Role  # resource | contact
    proven: bool
    why: str = ""  # where it is not proven: what is missing


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one command (contract: `commands` of an ingest outcome)."""

    command: str  # as written
    done: bool
    why: str  # a sentence: what was done, or why not and what to do


@dataclass
class Job:
    """What the handlers work on; they act by `desk` only."""

    desk: Desk
    may: May
    asked: Asked
    names: Names
    ticket: Ticket | None  # None: the mail is of no ticket
    note: Note | None  # what the same mail says, if it says anything
    answered: Note | None = None  # the note that the mail answers
    entry: TimeEntry | None = None  # the time entered by this mail
    steps: list[dict[str, Any]] = field(default_factory=list)  # what `#undo` needs besides values
    stands: bool = True  # what the command has just set is so still, after all rules
    told: int = 0  # reports that were sent
    undoes: Message | None = None  # what `#undo` takes back, where that was said by other means

    @property
    def the_ticket(self) -> Ticket:
        """The ticket; Refused where the mail is of none."""
        if self.ticket is None:
            raise Refused(
                sentence(
                    "This mail belongs to no ticket; reply to a mail of the ticket, or put its "
                    "number into the subject."
                )
            )
        return self.ticket

    def person_of(self, resource: Resource) -> Person:
        """The person behind a name."""
        person = people.by_address(self.desk.unit, Address("", resource.addresses[0]))
        assert person is not None  # the names come from the same unit
        return person

    def for_ticket(self, resource: Resource) -> Person:
        """The same, for the ticket; Refused where he is a client's own and it is another's."""
        person, ticket = self.person_of(resource), self.the_ticket
        if not reach.may_have(self.desk.unit, self.desk.settings.config, person, ticket):
            raise reach.only_theirs(person, ticket)
        return person
