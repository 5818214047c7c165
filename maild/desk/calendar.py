"""Business time: when the desk works, and when a span of it is over.

Days are counted on the desk's own wall clock, so that summer time moves nothing: two days after
Saturday 10:00 is Monday 10:00, whatever the clocks did in between.  Hours and minutes are elapsed
time; business hours are elapsed time while the desk is open.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from maild.errors import UsageError

if TYPE_CHECKING:
    from holidays import HolidayBase

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
HORIZON = 3660  # days that we look ahead for opening hours before we give up

SPAN = re.compile(
    r"(?P<count>\d{1,5})\s+(?P<business>business\s+)?(?P<unit>minute|hour|day|week)s?"
    r"(?:\s+at\s+(?P<at>\d{1,2}:\d{2}))?",
    re.IGNORECASE,
)
OFFICE = ((time(9), time(17)),)


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time as a rule says it: "8 business days", "2 days at 9:00"."""

    count: int
    unit: str  # minute | hour | day | week
    business: bool = False  # only while the desk works
    at: time | None = None  # the wall-clock time it ends at; only of days and weeks

    @classmethod
    def read(cls, text: str) -> Span:
        """UsageError where the text is no length of time."""
        found = SPAN.fullmatch(" ".join(str(text).split()))
        if found is None:
            raise UsageError(
                f'"{text}" is no length of time; write it like "8 business days", "2 days", '
                '"4 business hours" or "1 day at 9:00".'
            )
        unit, at = found["unit"].lower(), found["at"]
        if at and unit not in ("day", "week"):
            raise UsageError(f'"{text}": only days and weeks can end at a time of day.')
        return cls(int(found["count"]), unit, bool(found["business"]), clock_time(at))

    def __str__(self) -> str:
        business = "business " if self.business else ""
        plural = "" if self.count == 1 else "s"
        end = f" at {self.at.hour}:{self.at.minute:02d}" if self.at else ""
        return f"{self.count} {business}{self.unit}{plural}{end}"


def clock_time(text: str | None) -> time | None:
    """The same where there may be none."""
    return None if text is None else time_of_day(text)


def time_of_day(text: str) -> time:
    """ "9:00" as a time of day; UsageError where it is none."""
    hour, _, minute = text.partition(":")
    if not (hour.isdigit() and minute.isdigit()) or int(hour) > 23 or int(minute) > 59:
        raise UsageError(f'"{text}" is no time of day; write it like "9:00".')
    return time(int(hour), int(minute))


@dataclass(frozen=True, slots=True)
class Calendar:
    """When the desk works."""

    name: str = "default"
    zone: tzinfo = UTC
    own_zone: bool = False  # it names its zone itself
    hours: tuple[tuple[tuple[time, time], ...], ...] = (OFFICE,) * 5 + ((), ())  # Monday first
    regions: tuple[str, ...] = ()  # whose public holidays: "DE", "DE-BY"
    closed: frozenset[date] = frozenset()  # days of our own on which nobody works

    def at(self, zone: tzinfo) -> Calendar:
        """The same hours on the clocks of this zone, unless the calendar names its own."""
        return self if self.own_zone else replace(self, zone=zone)

    def works(self, day: date) -> bool:
        """Whether this is a business day."""
        if not self.hours[day.weekday()] or day in self.closed:
            return False
        return not any(day in _holidays(region) for region in self.regions)

    def is_open(self, moment: datetime) -> bool:
        """Whether somebody works at this moment."""
        day = moment.astimezone(self.zone).date()
        return any(start <= moment < end for start, end in self._opens(day))

    def next_opening(self, moment: datetime) -> datetime | None:
        """When somebody works again, in UTC; None where somebody does now, or nobody ever."""
        if self.is_open(moment):
            return None
        return next((start for start, _ in self._opens_from(moment)), None)

    # ---- spans

    def later(self, moment: datetime, span: Span) -> datetime:
        """When the span is over that begins now; UTC."""
        if span.unit in ("minute", "hour"):
            minutes = span.count * (60 if span.unit == "hour" else 1)
            if span.business:
                return self.add_minutes(moment, minutes)
            return moment.astimezone(UTC) + timedelta(minutes=minutes)
        return self._days(moment, span, 1)

    def earlier(self, moment: datetime, span: Span) -> datetime:
        """When the span must begin to be over at the moment; UTC (business hours as hours)."""
        if span.unit in ("minute", "hour"):
            minutes = span.count * (60 if span.unit == "hour" else 1)
            return moment.astimezone(UTC) - timedelta(minutes=minutes)
        return self._days(moment, span, -1)

    def _days(self, moment: datetime, span: Span, step: int) -> datetime:
        """Days on the wall clock: the same time of day, so many (business) days on."""
        local = moment.astimezone(self.zone)
        day, left = local.date(), span.count * (7 if span.unit == "week" else 1)
        if not span.business:
            day += timedelta(days=step * left)
        else:
            for _ in range(HORIZON):
                if left == 0:
                    break
                day += timedelta(days=step)
                left -= self.works(day)
            else:
                raise self._never()
        return self.on(day, span.at or local.timetz().replace(tzinfo=None))

    def on(self, day: date, at: time) -> datetime:
        """A day at a time of this calendar's zone, in UTC.

        A time that summer time skips is the moment that the clocks were put forward to.
        """
        return datetime.combine(day, at, tzinfo=self.zone).astimezone(UTC)

    # ---- minutes of business

    def add_minutes(self, moment: datetime, minutes: float) -> datetime:
        """When so many minutes of business are over, counted from a moment; UTC."""
        left = timedelta(minutes=minutes)
        for start, end in self._opens_from(moment):
            if end - start >= left:
                return start + left
            left -= end - start
        raise self._never()

    def minutes_between(self, start: datetime, end: datetime) -> float:
        """Minutes of business between two moments; 0 where the second is not later."""
        total = timedelta()
        if end > start:
            for opens, closes in self._opens_from(start):
                if opens >= end:
                    break
                total += min(closes, end) - opens
        return total.total_seconds() / 60

    def _opens_from(self, moment: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The stretches of business from this moment on, in UTC."""
        day = moment.astimezone(self.zone).date()
        for _ in range(HORIZON):
            for start, end in self._opens(day):
                if end > moment:
                    yield max(start, moment.astimezone(UTC)), end
            day += timedelta(days=1)

    def _opens(self, day: date) -> list[tuple[datetime, datetime]]:
        if not self.works(day):
            return []
        stretches = [(self.on(day, a), self._end(day, b)) for a, b in self.hours[day.weekday()]]
        return [(start, end) for start, end in stretches if end > start]

    def _end(self, day: date, at: time) -> datetime:
        """Midnight at the end of the hours is that of the next day."""
        return self.on(day + timedelta(days=1), at) if at == time(0) else self.on(day, at)

    def _never(self) -> UsageError:
        return UsageError(f'The calendar "{self.name}" is never open; give it hours.')


Hours = tuple[tuple[tuple[time, time], ...], ...]  # of seven days, Monday first


def read_hours(entries: dict[str, str | None]) -> Hours:
    """{"mon-thu": "9:00-17:00", "fri": "9:00-12:00, 13:00-15:00"} as a tuple of seven days.

    UsageError where a day stands twice, hours overlap, or nobody ever works.
    """
    week: list[tuple[tuple[time, time], ...]] = [()] * 7
    said: dict[int, str] = {}
    for days, text in entries.items():
        stretches = _stretches(text)
        for index in _weekdays(str(days)):
            if index in said:
                raise UsageError(
                    f'{DAYS[index]} is in "{said[index]}" and in "{days}"; write each day once.'
                )
            said[index], week[index] = str(days), stretches
    if not any(week):
        raise UsageError('these hours are never open; write them like {mon-fri: "9:00-17:00"}.')
    return tuple(week)


def _weekdays(text: str) -> list[int]:
    """The days of "mon-fri", "sat", "sun-thu" (over the end of the week) or "mon, wed"."""
    found: list[int] = []
    for part in text.lower().split(","):
        first, dash, last = (end.strip() for end in part.replace("–", "-").partition("-"))
        start, end = _weekday(first, text), _weekday(last if dash else first, text)
        found += [day % 7 for day in range(start, start + (end - start) % 7 + 1)]
    return found


def _weekday(word: str, text: str) -> int:
    for index, name in enumerate(map(str.lower, DAYS)):
        if word in (name, name[:3], name[:4], name[:5]):
            return index
    raise UsageError(
        f'"{text}" names no days; write them like mon-fri, sun-thu, sat or "mon, wed".'
    )


def _stretches(text: str | None) -> tuple[tuple[time, time], ...]:
    """ "9:00-12:00, 13:00-17:00"; nothing, or "closed": nobody works."""
    parts = [] if text is None or str(text).strip().lower() == "closed" else str(text).split(",")
    found = sorted(_stretch(part) for part in parts if part.strip())
    for (_, end), (start, _) in pairwise(found):
        if end == time(0) or start < end:
            raise UsageError(f'"{text}": these hours overlap; write each time once.')
    return tuple(found)


def _stretch(text: str) -> tuple[time, time]:
    first, dash, last = text.strip().replace("–", "-").partition("-")
    if not (dash and first.strip() and last.strip()):
        raise UsageError(f'"{text.strip()}" are no hours; write them like 9:00-17:00.')
    start, end = time_of_day(first.strip()), time_of_day(last.strip().replace("24:00", "0:00"))
    if end <= start and end != time(0):
        raise UsageError(
            f'"{text.strip()}" ends before it begins; write what is after midnight with the next '
            'day: {mon: "22:00-24:00", tue: "0:00-6:00"}.'
        )
    return start, end


@cache
def _holidays(region: str) -> HolidayBase:
    import holidays  # half a second of a command that needs none

    country, _, subdivision = region.partition("-")
    return holidays.country_holidays(country, subdiv=subdivision or None)


def known_region(region: str) -> str:
    """The region as `holidays` names it; UsageError where it has no table for it."""
    try:
        _holidays(region.upper())
    except (NotImplementedError, AttributeError) as error:
        raise UsageError(
            f'"{region}" is no country whose holidays are known; write it like "US", "DE" or '
            'with its region "DE-BY".'
        ) from error
    return region.upper()
