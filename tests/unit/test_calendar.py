"""Business time: properties that hold for any calendar, and the days that are hard."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maild.desk.calendar import Calendar, Span, known_region, read_hours
from maild.errors import UsageError
from maild.rules.schedule import FORMS, Schedule, upcoming

BERLIN = ZoneInfo("Europe/Berlin")
DESK = Calendar(zone=BERLIN)
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata")
HOURS = (
    {"mon-fri": "9:00-17:00"},
    {"mon-sun": "0:00-24:00"},
    {"sat": "22:00-24:00", "sun": "0:00-4:00"},
    {"mon-thu": "8:00-12:00, 13:00-17:30", "fri": "8:00-12:00"},
)

moments = st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))
calendars = st.builds(
    lambda hours, zone, regions: Calendar(
        hours=read_hours(hours), zone=ZoneInfo(zone), regions=regions
    ),
    st.sampled_from(HOURS),
    st.sampled_from(ZONES),
    st.sampled_from([(), ("DE-BY",), ("US",)]),
)


@settings(deadline=None)
@given(calendars, moments, st.integers(1, 5000))
def test_minutes_added_are_the_minutes_between(
    calendar: Calendar, start: datetime, minutes: int
) -> None:
    end = calendar.add_minutes(start, minutes)
    assert end > start
    assert abs(calendar.minutes_between(start, end) - minutes) < 1e-6


@settings(deadline=None)
@given(calendars, moments, st.integers(1, 2000), st.integers(1, 2000))
def test_business_time_adds_up(calendar: Calendar, start: datetime, one: int, two: int) -> None:
    at_once = calendar.add_minutes(start, one + two)
    assert calendar.add_minutes(calendar.add_minutes(start, one), two) == at_once


@settings(deadline=None)
@given(calendars, moments, st.integers(0, 30))
def test_business_days_land_on_business_days_and_come_in_order(
    calendar: Calendar, start: datetime, days: int
) -> None:
    end = calendar.later(start, Span(days + 1, "day", business=True))
    assert calendar.works(end.astimezone(calendar.zone).date())
    assert end > calendar.later(start, Span(days, "day", business=True))


@settings(deadline=None)
@given(calendars, moments, st.integers(1, 60))
def test_days_keep_the_time_of_day(calendar: Calendar, start: datetime, days: int) -> None:
    local = start.astimezone(calendar.zone)
    end = calendar.later(start, Span(days, "day")).astimezone(calendar.zone)
    assert end.date() == local.date() + timedelta(days=days)
    skipped = abs((end.hour * 60 + end.minute) - (local.hour * 60 + local.minute))
    assert skipped in (0, 30, 60)  # only where summer time has no such time of day


@pytest.mark.parametrize(
    ("start", "span", "end"),
    [
        ("2026-11-23T10:00", "8 business days", "2026-12-03T10:00"),
        ("2026-11-21T20:00", "1 business day", "2026-11-23T20:00"),
        ("2026-11-20T16:30", "1 business hour", "2026-11-23T09:30"),
        ("2026-03-28T10:00", "1 day", "2026-03-29T10:00"),  # the clocks go forward
        ("2026-03-28T10:00", "24 hours", "2026-03-29T11:00"),
        ("2026-10-24T10:00", "1 day", "2026-10-25T10:00"),  # and back
        ("2026-11-23T10:00", "2 days at 9:00", "2026-11-25T09:00"),
        ("2026-11-23T10:00", "1 week", "2026-11-30T10:00"),
    ],
)
def test_spans(start: str, span: str, end: str) -> None:
    begin = datetime.fromisoformat(start).replace(tzinfo=BERLIN)
    found = DESK.later(begin, Span.read(span)).astimezone(BERLIN)
    assert found.isoformat()[:16] == end
    assert str(Span.read(span)) == span


def test_holidays_of_the_region_and_days_of_our_own_are_no_business() -> None:
    calendar = Calendar(zone=BERLIN, regions=("DE-BY",), closed=frozenset({date(2026, 12, 24)}))
    start = datetime(2026, 12, 23, 10, tzinfo=BERLIN)
    end = calendar.later(start, Span(1, "day", business=True)).astimezone(BERLIN)
    assert end.date() == date(2026, 12, 28)  # 24 closed, 25 and 26 holidays, then a Sunday
    assert not calendar.works(date(2026, 1, 6))  # Epiphany, in Bavaria
    assert Calendar(regions=("DE-BE",)).works(date(2026, 1, 6))


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("monday at 9:00", ["2026-10-19T09:00", "2026-10-26T09:00"]),  # summer time ends between
        ("business day at 8:00", ["2026-10-19T08:00", "2026-10-20T08:00"]),
        ("first monday of the month", ["2026-11-02T09:00", "2026-12-07T09:00"]),
        ("last business day of the month at 16:00", ["2026-10-30T16:00", "2026-11-30T16:00"]),
        ("day 15 of the month", ["2026-11-15T09:00", "2026-12-15T09:00"]),
        ("day 28 of the month", ["2026-10-28T09:00", "2026-11-28T09:00"]),
        (
            "day 31 of the month",
            [
                "2026-10-31T09:00",
                "2026-11-30T09:00",
                "2026-12-31T09:00",
                "2027-01-31T09:00",
                "2027-02-28T09:00",
            ],
        ),
        (
            "day 30 of each month at 8:00",
            [
                "2026-10-30T08:00",
                "2026-11-30T08:00",
                "2026-12-30T08:00",
                "2027-01-30T08:00",
                "2027-02-28T08:00",
                "2027-03-30T08:00",
            ],
        ),
        ("last day of the month", ["2026-10-31T09:00", "2026-11-30T09:00"]),
        (
            "FREQ=MONTHLY;BYMONTHDAY=31;BYHOUR=9;BYMINUTE=0",
            ["2026-10-31T09:00", "2026-12-31T09:00"],
        ),
        ("monday and thursday at 7:30", ["2026-10-19T07:30", "2026-10-22T07:30"]),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU;BYHOUR=9;BYMINUTE=0", ["2026-10-20T09:00"]),
    ],
)
def test_p7_series(text: str, times: list[str]) -> None:
    start = datetime(2026, 10, 17, 12, tzinfo=BERLIN)
    found = upcoming(Schedule.read(text), DESK, start, len(times))
    assert [t.astimezone(BERLIN).isoformat()[:16] for t in found] == times


@pytest.mark.parametrize(
    ("read", "text", "said"),
    [
        (Span.read, "soon", "is no length of time"),
        (Span.read, "2 hours at 9:00", "only days and weeks"),
        (Span.read, "1 day at 25:00", "is no time of day"),
        (Schedule.read, "sometimes", "is no series"),
        (Schedule.read, "day 32 of the month", "is no series"),
        (Schedule.read, "day 0 of the month", "is no series"),
        (Schedule.read, "fifth monday of the month", "is no series"),
        (Schedule.read, "mon at 9:00", "is no series"),
        (Schedule.read, "FREQ=NEVER", "is no series of RFC 5545"),
        (known_region, "Atlantis", "is no country"),
    ],
)
def test_what_cannot_be_read_is_said(read: object, text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read(text)  # type: ignore[operator]


def test_p7_a_leap_years_february_has_29_days() -> None:
    start = datetime(2028, 2, 1, 12, tzinfo=BERLIN)
    (found,) = upcoming(Schedule.read("day 30 of the month"), DESK, start, 1)
    assert found.astimezone(BERLIN).date() == date(2028, 2, 29)


def test_p7_business_days_of_the_month_are_those_of_the_calendar() -> None:
    calendar = Calendar(zone=BERLIN, regions=("DE-BY",), closed=frozenset({date(2026, 12, 31)}))
    start = datetime(2026, 12, 1, 12, tzinfo=BERLIN)
    for text, days in (
        ("last business day of the month", ["2026-12-30", "2027-01-29"]),
        ("first business day of the month", ["2027-01-04", "2027-02-01"]),  # 1 January is none
        ("second business day of the month", ["2026-12-02", "2027-01-05"]),
    ):
        found = upcoming(Schedule.read(text), calendar, start, 2)
        assert [t.astimezone(BERLIN).date().isoformat() for t in found] == days, text


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_series_that_is_documented_is_read(form: str) -> None:
    assert Schedule.read(form).text == form
