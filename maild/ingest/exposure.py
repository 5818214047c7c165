"""Which of our signed ids others have read: these prove nobody any more (H90).

Message-IDs travel in References.  Whatever kind of mail carries one, and to whichever ticket it
went: where somebody outside reads it in To or Cc, who is not the one whose proof it would be, that
id is exposed.  The rest of the conversation keeps its worth.
"""

from __future__ import annotations

from maild.desk.desk import Desk
from maild.ingest import cc
from maild.model import Mail
from maild.store import asking
from maild.store.records import OutboxItem, Person


def expose(desk: Desk, mail: Mail) -> None:
    """Notes what this mail gives away."""
    ids = dict.fromkeys((*mail.in_reply_to, *mail.references, *mail.returned))
    outside = cc.outsiders(desk, mail) if ids else frozenset()
    if not outside:
        return
    asking.outbox.look_up_ids(desk.unit, ids)
    for message_id in ids:
        item = asking.outbox.with_id(desk.unit, message_id)
        if item is not None and not item.exposed and outside - _holders(desk, item):
            desk.unit.change(item, exposed=True)


def _holders(desk: Desk, item: OutboxItem) -> frozenset[str]:
    """The addresses of the one whom it would prove."""
    person = desk.unit.get(Person, item.person_id)
    keys = asking.people.keys(desk.unit, person) if person is not None else ()
    return frozenset((item.address, *keys))
