"""The appointment of a notification as an iCalendar object, in its reader's zone.

RFC 5545; what is asked of the reader is RFC 5546 §3.2: REQUEST, CANCEL.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from maild.outbox import message
from maild.outbox.message import Part

LINE = 75  # octets (RFC 5545 §3.1)
FILES = {"request": "invite.ics", "cancel": "cancel.ics"}
STATUS = {"request": "CONFIRMED", "cancel": "CANCELLED"}
YEAR = timedelta(days=366)


def parts(data: Mapping[str, Any], created: datetime) -> tuple[Part, Part] | None:
    """(what calendar programs show, the same as a file) of a notification's facts; None where it
    brings none."""
    said = data.get("appointment") or {}
    method = str(said.get("calendar") or "")
    if method not in FILES or not said.get("start"):
        return None
    text = "".join(
        f"{line}\r\n" for entry in _object(data, said, method, created) for line in _folded(entry)
    )
    kind = f"text/calendar; charset=utf-8; method={method.upper()}"
    shown = message.file(text.encode("utf-8"), kind, FILES[method], None)
    return Part(shown.headers[:2], shown.body), message.file(
        text.encode("utf-8"), "application/ics", FILES[method], None
    )


def _object(
    data: Mapping[str, Any], said: Mapping[str, Any], method: str, created: datetime
) -> Iterator[str]:
    desk, reader, ticket = data["desk"], data["recipient"], data.get("ticket") or {}
    zone = ZoneInfo(str(reader["timezone"]))
    start = datetime.fromisoformat(str(said["start"])).astimezone(zone)
    end = datetime.fromisoformat(str(said["end"])).astimezone(zone) if said.get("end") else None
    domain = str(desk["address"]).rpartition("@")[2]
    number, title = str(ticket.get("number") or ""), str(ticket.get("title") or "")
    yield from ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//maild//EN", f"METHOD:{method.upper()}")
    yield from _zone(zone, start, end or start)
    yield "BEGIN:VEVENT"
    yield f"UID:{_text(str(said['id']))}@{domain}"
    yield f"SEQUENCE:{int(said.get('sequence') or 0)}"
    yield f"DTSTAMP:{created.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    yield f"DTSTART{_moment(start, zone)}"
    if end is not None:
        yield f"DTEND{_moment(end, zone)}"
    yield f"SUMMARY:{_text(f'[{number}] {title}'.strip())}"
    if said.get("place"):
        yield f"LOCATION:{_text(str(said['place']))}"
    yield f"STATUS:{STATUS[method]}"
    yield f"ORGANIZER;CN={_parameter(str(desk['name']))}:mailto:{desk['address']}"
    yield (
        f"ATTENDEE;CN={_parameter(str(reader['name']))};ROLE=REQ-PARTICIPANT;"
        f"PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:{reader['address']}"
    )
    yield from ("END:VEVENT", "END:VCALENDAR")


def _moment(moment: datetime, zone: ZoneInfo) -> str:
    """By her clock; an hour that comes twice would mean the first (RFC 5545 §3.3.5)."""
    if moment.fold:
        return f":{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    return f";TZID={zone.key}:{moment:%Y%m%dT%H%M%S}"


def _zone(zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[str]:
    """The zone as it is while the appointment lasts (RFC 5545 §3.6.5)."""
    yield from ("BEGIN:VTIMEZONE", f"TZID:{zone.key}")
    moments = [start] if start.utcoffset() == end.utcoffset() else [start, end]
    for change in map(_change_before, moments):
        before = _offset_at(zone, change - timedelta(seconds=1))
        after = _offset_at(zone, change)
        kind = "DAYLIGHT" if change.astimezone(zone).dst() else "STANDARD"
        yield f"BEGIN:{kind}"
        yield f"DTSTART:{change + before:%Y%m%dT%H%M%S}"  # by the clock as it was before
        yield f"TZOFFSETFROM:{_offset(before)}"
        yield f"TZOFFSETTO:{_offset(after)}"
        yield f"END:{kind}"
    yield "END:VTIMEZONE"


def _change_before(moment: datetime) -> datetime:
    """When the zone's offset came to be what it is at this moment, in UTC, to the second; a year
    before it where it was so all that time."""
    zone, high = moment.tzinfo, moment.astimezone(UTC).replace(microsecond=0)
    offset, first, day = _offset_at(zone, high), high - YEAR, timedelta(days=1)
    low = high
    while _offset_at(zone, low) == offset:
        high, low = low, low - day
        if low < first:
            return first
    while high - low > timedelta(seconds=1):
        middle = (low + (high - low) / 2).replace(microsecond=0)
        low, high = (low, middle) if _offset_at(zone, middle) == offset else (middle, high)
    return high


def _offset_at(zone: tzinfo | None, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


def _offset(offset: timedelta) -> str:
    seconds = int(offset.total_seconds())
    sign, minutes = "-" if seconds < 0 else "+", abs(seconds) // 60
    return f"{sign}{minutes // 60:02}{minutes % 60:02}"


def _text(value: str) -> str:
    """As a text value (RFC 5545 §3.3.11)."""
    for plain, escaped in (("\\", "\\\\"), (";", "\\;"), (",", "\\,")):
        value = value.replace(plain, escaped)
    return "\\n".join(_printable(line) for line in value.splitlines())


def _parameter(value: str) -> str:
    """As a quoted parameter (RFC 5545 §3.2): no quotes in it, nothing that ends a line."""
    return '"' + _printable(value.replace('"', "'")) + '"'


def _printable(value: str) -> str:
    return "".join(c if c.isprintable() else " " for c in value)


def _folded(line: str) -> Iterator[str]:
    """The line in pieces of 75 octets at most, no letter cut apart."""
    piece, size = "", 0
    for letter in line:
        octets = len(letter.encode("utf-8"))
        if size + octets > LINE:
            yield piece
            piece, size = " ", 1
        piece += letter
        size += octets
    yield piece
