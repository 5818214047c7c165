"""What an admin decides about a message that could not be processed (E3)."""

from __future__ import annotations

from datetime import datetime

from maild.desk.alerts import clear_alert
from maild.model import MessageState
from maild.store.records import Message
from maild.store.unit import Unit


def alert_of(stored_id: int) -> str:
    """The key of the alert about a message in quarantine."""
    return f"quarantine:{stored_id}"


def retry(unit: Unit, message: Message, now: datetime) -> None:
    """It is taken again, as if it had come in now."""
    unit.change(message, state=MessageState.STORED, attempts=0, next_try=None)
    clear_alert(unit, alert_of(message.id), now)


def drop(unit: Unit, message: Message, now: datetime) -> None:
    """It leaves the quarantine; its octets stay stored."""
    unit.change(message, state=MessageState.DROPPED)
    clear_alert(unit, alert_of(message.id), now)
