"""What an admin should know: one row a cause, so that a storm is one alert (E10)."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from maild.sentences import Sentence, packed, unpacked
from maild.store import asking
from maild.store.records import Alert
from maild.store.unit import Unit

log = structlog.get_logger()

OVER_WITHIN = timedelta(days=1)  # an end that nobody was told of in that time is no news
UNDELIVERED = "undelivered:"  # how the key begins of an alert about an address
RELAY = "smtp"  # key of the one alert about what holds all mail that goes out


def raise_alert(unit: Unit, key: str, text: str, now: datetime) -> bool:
    """Records the alert; True where it is news, False where it only counted up.

    A text that is a sentence is told to each reader in their language.
    """
    said = packed(text) if isinstance(text, Sentence) else None
    known = asking.alerts.with_key(unit, key)
    if known is None:
        unit.add(Alert(key=key, text=str(text), said=said, first=now, last=now))
        log.warning("alert", key=key)
        return True
    news = known.cleared is not None
    if known.cleared is not None and now - known.cleared > OVER_WITHIN:
        unit.change(known, told=None)
    unit.change(known, text=str(text), said=said, last=now, cleared=None, count=known.count + 1)
    return news


def clear_alert(unit: Unit, key: str, now: datetime) -> None:
    """Says that it is over; the row stays, for who wants to know what was."""
    known = asking.alerts.with_key(unit, key)
    if known is not None and known.cleared is None:
        unit.change(known, cleared=now)


def text_of(alert: Alert) -> str:
    """What it says: a sentence where it was raised with one."""
    said = None if alert.said is None else unpacked(alert.said)
    return said if isinstance(said, str) else alert.text


def undelivered(address: str) -> str:
    """The key of the alert about mail to this address that did not arrive."""
    return UNDELIVERED + address
