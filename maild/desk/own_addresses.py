"""Which of the desk's addresses a ticket is answered from: one for all of its mail."""

from __future__ import annotations

from collections.abc import Iterator

from maild.config import Config, MailboxSection
from maild.store.records import Ticket
from maild.yamlfile import key


def came_by(config: Config, mailbox: str) -> MailboxSection | None:
    """The mailbox of this name, if it has an address of its own."""
    return next((box for box in _with_address(config) if box.name == mailbox), None)


def answers_from(config: Config, ticket: Ticket | None) -> MailboxSection | None:
    """The mailbox whose address mail about this ticket comes from; None: the desk's own."""
    if ticket is None:
        return None
    if config.desk.queue_address:
        for box in _with_address(config):
            if box.queue and key(box.queue) == key(ticket.queue):
                return box
    return came_by(config, str(ticket.fields.get("mailbox") or ""))


def _with_address(config: Config) -> Iterator[MailboxSection]:
    return (box for box in config.mailbox if box.address)
