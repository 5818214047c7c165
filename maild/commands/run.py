"""Does what a resource's mail asks for, and says of each command what became of it (E7)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from maild.commands.grammar import Command
from maild.desk import people
from maild.desk.desk import Desk
from maild.errors import MaildError, Refused
from maild.store.tables import Ticket


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one command (contract: `commands` of an ingest outcome)."""

    command: str
    done: bool
    why: str


def _complete(desk: Desk, ticket: Ticket, argument: str) -> str:
    status = desk.profile.complete_status
    changed = desk.set_status(ticket, status)
    return f"{ticket.number} is {status}" + ("" if changed else " already")


def _assign(desk: Desk, ticket: Ticket, argument: str) -> str:
    person = people.resource_named(desk.session, argument)
    if person is None:
        raise Refused(f'There is no resource, or more than one, called "{argument}".')
    desk.assign(ticket, person)
    return f"{ticket.number} is assigned to {person.name}"


COMMANDS: dict[str, Callable[[Desk, Ticket, str], str]] = {
    "complete": _complete,
    "assign": _assign,
}


def run(desk: Desk, ticket: Ticket, commands: list[Command]) -> list[Result]:
    """Runs each command; one that is refused says why, the others are done all the same."""
    results = []
    for command in commands:
        try:
            why = COMMANDS[command.name](desk, ticket, command.argument)
            results.append(Result(command.written, True, why))
        except MaildError as error:
            results.append(Result(command.written, False, error.message))
        desk.settle()
    return results
