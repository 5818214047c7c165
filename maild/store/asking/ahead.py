"""What taking a mail through is sure to ask, asked at once: one statement on SQLite, one round trip
on PostgreSQL.  The questions stay where they are, and find their answers there."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from maild.store.asking import clocks, messages, outbox, people, settings, tickets
from maild.store.prepared import Asked
from maild.store.records import Message, Ticket
from maild.store.unit import Unit


@dataclass(frozen=True, slots=True)
class Names:
    """What a mail names, in the words of the questions that follow."""

    ids: Collection[str]  # its Message-ID and those that it answers
    mentions: Sequence[str] = ()  # those that tie it to mail that answers the same …
    since: datetime | None = None  # … since then
    parent: str | None = None  # the nearest that it answers
    sender: str | None = None  # whose address is asked about alone, where nobody else is
    people: Collection[str] = ()  # everybody's address, where they are
    domains: Sequence[str] = ()  # the sender's and those above
    settings: Sequence[str] = ()  # keys of what the desk keeps


def of_mail(unit: Unit, stored: Message, names: Names) -> None:
    """Whether it came before, what its Message-IDs belong to, who is who in it."""
    asked: list[Asked] = [settings.asked(unit, key) for key in names.settings]
    if stored.message_id is not None:
        asked.append(messages.twin_asked(unit, stored))
    if names.ids:
        asked += [outbox.ids_asked(names.ids), tickets.ids_asked(names.ids)]
    if names.mentions and names.since is not None:
        asked.append(tickets.mentioned_asked(unit, names.mentions, names.since))
    if names.parent is not None:
        asked.append(messages.with_id_asked(unit, names.parent))
    if names.sender is not None:
        asked.append(people.at_asked(names.sender))
    if names.people:
        asked.append(people.meet_asked(names.people))
    if names.domains:
        asked.append(people.owner_asked(unit, names.domains))
    unit.ahead(asked)


def of_ticket(unit: Unit, ticket: Ticket) -> None:
    """Who is of it, what waits and was worked on it, and its conversation."""
    if unit.has_added(ticket):
        return
    contact = people.bring_asked(unit, [ticket.contact_id])
    unit.ahead(
        [
            *([contact] if contact else []),
            tickets.people_asked(unit, ticket),
            tickets.times_asked(unit, ticket),
            clocks.asked(unit, ticket),
            messages.came_asked(ticket),
            outbox.went_asked(ticket),
        ]
    )
