"""What an admin should know: one row a cause, so that a storm is one alert (E10)."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from maild.store.tables import Alert

log = structlog.get_logger()


def raise_alert(session: Session, key: str, text: str, now: datetime) -> bool:
    """Records the alert; True where it is news, False where it only counted up."""
    known = session.scalar(sa.select(Alert).where(Alert.key == key))
    if known is None:
        session.add(Alert(key=key, text=text, first=now, last=now))
        session.flush()
        log.warning("alert", key=key)
        return True
    news = known.cleared is not None
    known.text, known.last, known.cleared = text, now, None
    known.count += 1
    if news:
        known.told = None
    return news


def clear_alert(session: Session, key: str, now: datetime) -> None:
    """Says that it is over; the row stays, for who wants to know what was."""
    session.execute(
        sa.update(Alert).where(Alert.key == key, Alert.cleared.is_(None)).values(cleared=now)
    )
