"""What happened to a message and why: what was decided, what came of it (E13)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from maild.errors import NotFound
from maild.i18n import sentence
from maild.store.prepared import Statement
from maild.store.question import Question, param
from maild.store.records import Event, Message, OutboxItem
from maild.store.schema import columns
from maild.store.unit import Unit

_event, _outbox = columns(Event), columns(OutboxItem)

EVENTS = Question(Event, _event.stored_id == param("stored"), order=(_event.id,))
_SENT = Statement(
    sa.select(_outbox.template, _outbox.address, _outbox.state, _outbox.error, _outbox.ticket_id)
    .where(_outbox.stored_id == param("stored"))
    .order_by(_outbox.id)
)


@dataclass(frozen=True, slots=True)
class Explanation:
    """One message: what was read off it and decided, then what came of it."""

    message: Message
    reasons: Sequence[Sequence[str]]  # step, decided, because
    commands: Sequence[Any]  # command, done, why
    events: Sequence[Event]
    sent: Sequence[Any]  # template, address, state, error, id of its ticket


def of_message(unit: Unit, stored_id: int) -> Explanation:
    """What became of a stored message; NotFound where there is none."""
    message = unit.get(Message, stored_id)
    if message is None:
        raise NotFound(sentence("There is no such message."))
    return Explanation(
        message,
        [tuple(map(str, reason)) for reason in message.reasons],
        list(message.commands),
        unit.all(EVENTS, stored=stored_id),
        unit.rows(_SENT, stored=stored_id),
    )
