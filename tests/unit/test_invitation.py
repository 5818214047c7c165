"""The .ics of an appointment says the same moment in every zone, and only what we say (G10)."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from maild.outbox import invitation
from maild.parse import icalendar

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def facts(zone: str, begins: datetime, **appointment: Any) -> dict[str, Any]:
    said = {"calendar": "request", "start": begins.isoformat(), "id": "T1-1", "sequence": 3}
    return {
        "desk": {"name": 'Example "Support"', "address": "support@example.com"},
        "recipient": {"name": "Ann; Archer", "address": "ann@acme.example", "timezone": zone},
        "ticket": {"number": "T1", "title": "Printer, on; fire"},
        "appointment": said | appointment,
    }


def written(data: dict[str, Any]) -> str:
    found = invitation.parts(data, NOW)
    assert found is not None
    return base64.b64decode(found[1].body).decode()


ZONES = [
    ("Europe/Berlin", "2026-07-01T09:00:00+00:00"),
    ("Europe/Berlin", "2026-12-01T09:00:00+00:00"),
    ("Europe/Berlin", "2026-10-25T00:30:00+00:00"),  # half an hour before the clocks go back
    ("Europe/Berlin", "2026-10-25T01:00:00+00:00"),  # the very moment
    ("Europe/Berlin", "2026-03-29T01:00:00+00:00"),
    ("America/New_York", "2026-11-01T07:00:00+00:00"),
    ("Asia/Tokyo", "2026-07-01T09:00:00+00:00"),
    ("Asia/Kolkata", "2026-07-01T09:00:00+00:00"),
    ("Australia/Lord_Howe", "2026-12-01T09:00:00+00:00"),  # summer time of half an hour
    ("UTC", "2026-07-01T09:00:00+00:00"),
]


@pytest.mark.parametrize(("zone", "at"), ZONES)
def test_g10_the_zone_that_it_brings_is_the_zone_at_that_time(zone: str, at: str) -> None:
    start = datetime.fromisoformat(at)
    end = start + timedelta(hours=2)
    text = written(facts(zone, start, end=end.isoformat()))
    local = start.astimezone(ZoneInfo(zone))
    by_clock = f"DTSTART;TZID={zone}:{local:%Y%m%dT%H%M%S}\r\n"
    assert (by_clock in text) is not bool(local.fold)
    blocks = re.findall(
        r"BEGIN:(?:STANDARD|DAYLIGHT)\r\nDTSTART:(\d+T\d+)\r\nTZOFFSETFROM:([+-]\d{4})\r\n"
        r"TZOFFSETTO:([+-]\d{4})", text,
    )  # fmt: skip
    changes = 1 + (local.utcoffset() != end.astimezone(ZoneInfo(zone)).utcoffset())
    assert len(blocks) == changes
    onset, before, after = blocks[0]
    assert after == f"{local:%z}"
    began = datetime.strptime(f"{onset}{before}", "%Y%m%dT%H%M%S%z")
    assert began <= start and f"{began.astimezone(ZoneInfo(zone)):%z}" == after
    found = icalendar.read(text)
    assert found is not None and (found.start, found.end) == (start, end)


HOSTILE = [
    "x\r\nATTENDEE:mailto:eve@evil.example",
    "x\nBEGIN:VALARM",
    'x";CN="y',
    "x\u2028END:VEVENT\u0085",
    "x" * 5000,
    "漢字" * 300,
    "\x00\x07",
]


@pytest.mark.parametrize("words", HOSTILE)
def test_h74_whatever_a_ticket_holds_adds_no_line(words: str) -> None:
    data = facts("Europe/Berlin", NOW, place=words)
    data["ticket"]["title"] = words
    data["recipient"]["name"] = words
    text = written(data)
    unfolded = text.replace("\r\n ", "")
    names = [re.split("[;:]", line)[0] for line in unfolded.split("\r\n")[:-1]]
    assert [name for name in names if name in ("ATTENDEE", "BEGIN", "END", "ORGANIZER")] == [
        *("BEGIN", "BEGIN", "BEGIN", "END", "END", "BEGIN", "ORGANIZER", "ATTENDEE", "END", "END")
    ]
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    assert "\n" not in text.replace("\r\n", "")


@pytest.mark.parametrize("said", [{"calendar": ""}, {"start": None}, {"calendar": "publish"}])
def test_no_appointment_no_calendar(said: dict[str, Any]) -> None:
    assert invitation.parts(facts("UTC", NOW, **said), NOW) is None
    assert invitation.parts({"appointment": None}, NOW) is None


@pytest.mark.parametrize(
    "at", ["99991231T235959Z", "00010101T000000Z", "00010101T000000", "99991231"]
)
def test_a_time_that_no_clock_has_is_none(at: str) -> None:
    found = icalendar.read(
        f"BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT\nDTSTART:{at}\nSUMMARY:x\n"
        "END:VEVENT\nEND:VCALENDAR\n"
    )
    assert found is not None and found.start is None
    assert icalendar.in_words(found) == "x"
