"""When an appointment is, by a scheduler's mail: its calendar part, else a rule's pattern (G4)."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import regex

from maild import dates
from maild.desk.appointments import Booking
from maild.errors import Refused
from maild.model import Appointment
from maild.rules.conditions import PATTERN_SECONDS, PATTERN_TEXT
from maild.rules.context import Context
from maild.zones import find_zone

ENDINGS = ("cancel", "reply", "counter")  # methods that book nothing


def booked(context: Context, pattern: str) -> Booking | None:
    """What the mail being processed books; None where its time cannot be read."""
    mail = context.mail
    if mail is None:
        return None
    found = _of_calendar(mail.appointment) if mail.appointment is not None else None
    return found or _of_text(context, pattern, mail.text)


def _of_calendar(said: Appointment) -> Booking | None:
    if not isinstance(said.start, datetime) or said.method in ENDINGS:
        return None
    end = said.end if isinstance(said.end, datetime) else None
    return Booking(said.start, end, said.place, said.uid)


def _of_text(context: Context, pattern: str, text: str) -> Booking | None:
    config = context.desk.settings.config.desk
    found = regex.search(
        pattern, text[:PATTERN_TEXT], regex.IGNORECASE | regex.MULTILINE, timeout=PATTERN_SECONDS
    )
    groups = (
        {name: (said or "").strip() for name, said in found.groupdict().items()} if found else {}
    )
    with suppress(Refused):
        zone = _zone(groups.get("zone", "")) or config.zone
        now = context.desk.now.astimezone(zone)
        languages = dates.languages(config.language)
        start = dates.read(groups.get("start", ""), now, languages).at(zone, dates.MORNING)
        until = groups.get("end")
        end = dates.read(until, start, languages).at(zone, dates.MORNING) if until else None
        if end is not None and end < start:
            end += timedelta(days=1)
        return Booking(start, end, groups.get("place", ""))
    return None


def _zone(name: str) -> ZoneInfo | None:
    """ "Europe/Berlin"; what people call a zone otherwise means several."""
    return find_zone(name) if "/" in name else None
