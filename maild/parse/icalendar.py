"""What a calendar part says: invitations, changes, cancellations and answers (RFC 5545, RFC 5546).

A tolerant reader of the first event: a line that no grammar knows is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache

from maild.model import Address, Appointment, Attendee
from maild.parse import charsets
from maild.parse.invisible import one_line
from maild.parse.mime import Part
from maild.zones import find_zone

TYPES = frozenset(("text/calendar", "application/ics", "text/x-vcalendar"))
MAX_OCTETS = 400_000
MAX_LINES = 5_000
MAX_TEXT = 4_000  # characters of a description
MAX_ATTENDEES = 200
FIRST_YEAR, LAST_YEAR = 1900, 9000  # beyond, some zone's clock has no date for it
_EVENTS = frozenset(("VEVENT", "VTODO"))

_VALUE = r"(?:\"[^\"]{0,400}\"|[^:;\"])*"
_LINE = re.compile(rf"([A-Za-z0-9-]{{1,60}})((?:;[^:;=\"]{{1,60}}={_VALUE})*):(.*)")
_PARAMETER = re.compile(rf";([^:;=\"]{{1,60}})=({_VALUE})")
_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)?(Z?))?")
_DURATION = re.compile(
    r"P(?:(\d{1,4})W)?(?:(\d{1,4})D)?(?:T(?:(\d{1,4})H)?(?:(\d{1,5})M)?(?:(\d{1,6})S)?)?"
)
_OFFSET = re.compile(r"([+-])(\d\d)(\d\d)")


@dataclass(frozen=True, slots=True)
class _Field:
    """One content line (RFC 5545 §3.1)."""

    name: str  # upper case
    parameters: dict[str, str]  # names in upper case
    value: str

    @property
    def text(self) -> str:
        """The value as text, unescaped (RFC 5545 §3.3.11)."""
        plain = re.sub(r"\\([nN,;\\])", lambda m: "\n" if m[1] in "nN" else m[1], self.value)
        return charsets.clean(plain).strip()[:MAX_TEXT]


@dataclass(slots=True)
class _Calendar:
    """The fields that matter, as they were found."""

    inside: list[str] = field(default_factory=list)  # components that are open
    done: bool = False  # the first event has ended
    zone: str = ""  # TZID of the zone that is described
    method: str = ""
    event: dict[str, list[_Field]] = field(default_factory=dict)
    offsets: dict[str, str] = field(default_factory=dict)  # by TZID: "+0100"

    def first(self, name: str) -> _Field | None:
        return next(iter(self.event.get(name, ())), None)

    def text(self, name: str) -> str:
        found = self.first(name)
        return found.text if found else ""


def find(parts: list[Part]) -> Appointment | None:
    """The appointment of a mail's own calendar part; None where there is none."""
    for part in parts:
        if part.content_type in TYPES and not part.forwarded and not part.is_container:
            text, _ = charsets.decode(part.octets()[:MAX_OCTETS], part.charset or "utf-8")
            found = read(text, part.parameters.get("method", ""))
            if found is not None:
                return found
    return None


def read(text: str, method: str = "") -> Appointment | None:
    """The first event of an iCalendar object; `method` where only the part's header says it."""
    calendar = _Calendar()
    for line in _lines(text):
        _take(calendar, line)
    if not calendar.event:
        return None
    start, zone = _when(calendar, calendar.first("DTSTART"))
    end, _ = _when(calendar, calendar.first("DTEND") or calendar.first("DUE"))
    duration = calendar.first("DURATION")
    if end is None and start is not None and duration is not None:
        end = _later(start, duration.value)
    organizer = calendar.first("ORGANIZER")
    return Appointment(
        method=(calendar.method or method).strip().lower()[:40],
        uid=calendar.text("UID")[:500],
        summary=one_line(calendar.text("SUMMARY"))[:500],
        place=one_line(calendar.text("LOCATION"))[:500],
        description=calendar.text("DESCRIPTION"),
        comment=calendar.text("COMMENT"),
        start=start,
        end=end,
        zone=zone,
        organizer=_person(organizer) if organizer else None,
        attendees=tuple(_attendees(calendar)),
        sequence=_number(calendar.text("SEQUENCE")),
        repeats="RRULE" in calendar.event or "RDATE" in calendar.event,
    )


def in_words(appointment: Appointment) -> str:
    """What a mail without a text of its own says: what, when, where; in no language."""
    answer = appointment.answer
    rows = [
        appointment.summary,
        _span(appointment),
        appointment.place,
        f"{answer.address.name or answer.address.address}: {answer.answer}" if answer else "",
        appointment.comment,
        appointment.description,
    ]
    return "\n".join(row for row in rows if row.strip())


def _span(appointment: Appointment) -> str:
    start, end = appointment.start, appointment.end
    if not isinstance(start, datetime):
        return start.isoformat() if start else ""
    zone = find_zone(appointment.zone) or UTC
    begins = start.astimezone(zone)
    span = f"{begins:%Y-%m-%d %H:%M}"
    if isinstance(end, datetime):
        ends = end.astimezone(zone)
        span += f" – {ends:%H:%M}" if ends.date() == begins.date() else f" – {ends:%Y-%m-%d %H:%M}"
    return f"{span} {appointment.zone or 'UTC'}"


# ---- lines


def _lines(text: str) -> Iterator[_Field]:
    """Content lines, unfolded."""
    unfolded = re.sub(r"\r?\n[ \t]", "", text[:MAX_OCTETS])
    for line in unfolded.splitlines()[:MAX_LINES]:
        found = _LINE.fullmatch(line.strip())
        if found:
            parameters = {m[1].upper(): m[2].strip('"') for m in _PARAMETER.finditer(found[2])}
            yield _Field(found[1].upper(), parameters, found[3])


def _take(calendar: _Calendar, line: _Field) -> None:
    """Puts a line where it belongs."""
    inside = calendar.inside
    if line.name == "BEGIN":
        inside.append(line.value.strip().upper())
    elif line.name == "END":
        calendar.done = calendar.done or (bool(inside) and inside[-1] in _EVENTS)
        del inside[-1:]
    elif not inside or inside[-1] == "VCALENDAR":
        calendar.method = line.value if line.name == "METHOD" else calendar.method
    elif inside[-1] in _EVENTS and not calendar.done:
        calendar.event.setdefault(line.name, []).append(line)
    elif inside[-1] == "VTIMEZONE" and line.name == "TZID":
        calendar.zone = line.value
    elif inside[-1] == "STANDARD" and line.name == "TZOFFSETTO":
        calendar.offsets.setdefault(calendar.zone, line.value)


# ---- times


def _when(calendar: _Calendar, line: _Field | None) -> tuple[datetime | date | None, str]:
    """The time of a field, and the zone that it is given in."""
    found = _TIME.match(line.value.strip()) if line else None
    if line is None or found is None:
        return None, ""
    try:
        day = date(int(found[1]), int(found[2]), int(found[3]))
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            return None, ""
        if found[4] is None:
            return day, ""
        local = datetime(
            day.year, day.month, day.day, int(found[4]), int(found[5]), int(found[6] or 0)
        )
        name = "" if found[7] else _zone_name(line.parameters.get("TZID", ""))
        zone = find_zone(name) or _fixed(calendar, line.parameters.get("TZID", ""))
        return local.replace(tzinfo=zone).astimezone(UTC), name
    except (ValueError, OverflowError):
        return None, ""


def _later(start: datetime | date, value: str) -> datetime | date | None:
    found = _DURATION.fullmatch(value.strip().lstrip("+"))
    if found is None:
        return None
    weeks, days, hours, minutes, seconds = (int(found[i] or 0) for i in range(1, 6))
    span = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    try:
        return start + span
    except OverflowError:
        return None


@lru_cache(maxsize=256)
def _zone_name(given: str) -> str:
    """The IANA name for a TZID; Windows has names of its own (CLDR).  "" for an unknown one."""
    name = given.strip().strip('"').rpartition("mozilla.org/")[2][:80]
    name = re.sub(r"^\d{8}_\d{1,3}/", "", name)
    if find_zone(name) is not None:
        return name
    from babel.core import get_global

    windows: dict[str, str] = get_global("windows_zone_mapping")  # type: ignore[assignment]
    return windows.get(name, "")


def _fixed(calendar: _Calendar, given: str) -> tzinfo:
    """Standard time of a zone that only the mail itself describes."""
    found = _OFFSET.match(calendar.offsets.get(given, "").strip())
    if found is None:
        return UTC
    minutes = min(int(found[2]), 23) * 60 + min(int(found[3]), 59)
    return timezone(timedelta(minutes=-minutes if found[1] == "-" else minutes))


# ---- people


def _attendees(calendar: _Calendar) -> Iterator[Attendee]:
    for line in calendar.event.get("ATTENDEE", ())[:MAX_ATTENDEES]:
        answer = line.parameters.get("PARTSTAT", "needs-action").strip().lower()
        yield Attendee(_person(line), answer[:40])


def _person(line: _Field) -> Address:
    address = re.sub(r"^mailto:", "", line.value.strip(), flags=re.IGNORECASE)
    name = one_line(charsets.clean(line.parameters.get("CN", "")))[:200]
    return Address(name, one_line(charsets.clean(address))[:320])


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
