"""Who was told of a deed is told that it was taken back (`#undo`)."""

from __future__ import annotations

from maild.desk.desk import Desk
from maild.desk.notify import notify
from maild.model import SendState
from maild.store import asking
from maild.store.records import Message, OutboxItem, Person, Ticket

TEMPLATE = "taken-back"
GONE = "What it says was taken back before it was sent."


def tell(desk: Desk, stored: Message, by: Person) -> bool:
    """Tells everybody whom this mail's deeds were told, and keeps back what is not sent yet;
    whether a contact had heard of them.  What people wrote stays said."""
    told: dict[int, list[Person | str]] = {}
    for item in asking.outbox.of_message(desk.unit, stored.id):
        kind = desk.profile.notifications.get(item.template)
        if item.auto is None or item.person_id == by.id or kind is None or kind.direct:
            continue
        if item.state == SendState.WAITING and item.attempts == 0 and item.note_id is None:
            desk.unit.change(item, state=SendState.HELD, error=GONE)
        elif item.ticket_id is not None and item.state in (SendState.WAITING, SendState.SENT):
            told.setdefault(item.ticket_id, []).append(_who(desk, item))
    for ticket_id, people in told.items():
        ticket = desk.unit.get(Ticket, ticket_id)
        if ticket is not None:
            notify(desk, ticket, TEMPLATE, people)
    return bool(told)


def _who(desk: Desk, item: OutboxItem) -> Person | str:
    person = desk.unit.get(Person, item.person_id)
    return person if person is not None else item.address
