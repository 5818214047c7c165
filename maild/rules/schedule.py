"""Times that come again: "monday at 9:00", "first business day of the month at 8:00" (P7).

Series are counted on the desk's wall clock by dateutil.rrule, and read there, so that 9:00 stays
9:00 over summer time.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from dateutil import rrule

from maild.dates import MORNING
from maild.desk.calendar import Calendar, clock_time
from maild.errors import UsageError

DAYS = {
    name: getattr(rrule, name[:2].upper())
    for name in ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
}
# Every way to write a series, and what it means (docs/rules.md).
FORMS = {
    "monday at 9:00": "on that day of the week; without a time at 9:00",
    "monday, thursday at 9:00": "on these days of the week",
    "day at 7:30": "every day",
    "business day at 8:00": "every day on which the desk works",
    "first monday of the month": "first, second, third, fourth or last",
    "last business day of the month": "of the days on which the desk works",
    "day 15 of the month": "that day, and of a shorter month its last: day 31 is always the last",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO;BYHOUR=9": "a rule of RFC 5545 §3.3.10; there a month "
    "without that day is passed over",
}
NTH = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}
START = datetime(2026, 1, 1)  # the series are counted from here
AT = re.compile(r"^(?P<days>.*?)(?:\s+at\s+(?P<at>\d{1,2}:\d{2}))?$")
MONTHLY = re.compile(
    r"(?:(?P<nth>first|second|third|fourth|last)\s+(?P<day>\w+day|business day|day)"
    r"|day\s+(?P<number>\d{1,2}))\s+of\s+(?:the|each|every)\s+month"
)


@dataclass(frozen=True, slots=True)
class Schedule:
    """A series of times."""

    text: str  # as written
    rule: Any  # a dateutil rrule on naive wall-clock times
    business: bool  # only on days on which the desk works …
    nth: int = 0  # … and only on that one of the month (-1: the last); 0: on all of them

    @classmethod
    def read(cls, text: str) -> Schedule:
        """UsageError where the text is no series."""
        words = " ".join(str(text).split())
        if words.upper().startswith("FREQ="):
            return cls(words, _rfc(words), False)
        found = AT.match(words.lower())
        assert found is not None
        at = clock_time(found["at"]) or MORNING
        options = _options(found["days"])
        if options is None:
            raise UsageError(
                f'"{text}" is no series; write it like '
                + ", ".join(f'"{form}"' for form in list(FORMS)[:-1])
                + f', or as a rule of RFC 5545: "{list(FORMS)[-1]}".'
            )
        business, nth = bool(options.pop("business", False)), int(options.pop("nth", 0))
        options |= {"dtstart": START, "byhour": at.hour, "byminute": at.minute, "bysecond": 0}
        return cls(words, rrule.rrule(**options), business, nth)

    def next(self, moment: datetime, calendar: Calendar) -> datetime:
        """The first time after this moment; UTC.  UsageError where the series has ended."""
        wall = moment.astimezone(calendar.zone).replace(tzinfo=None)
        for candidate in self.rule.xafter(wall, count=4000):
            if not self.business or self._works(candidate.date(), calendar):
                found = calendar.on(candidate.date(), candidate.time())
                if found > moment:
                    return found
        raise UsageError(f'"{self.text}" never comes again.')

    def _works(self, day: date, calendar: Calendar) -> bool:
        """Whether the desk works on it, and it is the one of its month that is meant."""
        if not calendar.works(day) or not self.nth:
            return calendar.works(day)
        month = (day.replace(day=n) for n in range(1, monthrange(day.year, day.month)[1] + 1))
        working = [one for one in month if calendar.works(one)]
        return working.index(day) == (self.nth - 1 if self.nth > 0 else len(working) - 1)


def _options(days: str) -> dict[str, Any] | None:
    if days == "day":
        return {"freq": rrule.DAILY}
    if days in ("business day", "weekday"):
        return {"freq": rrule.DAILY, "business": True}
    monthly = MONTHLY.fullmatch(days)
    if monthly is not None:
        return _monthly(monthly)
    names = [name for name in re.split(r"\s*,\s*|\s+and\s+", days) if name]
    if names and all(name in DAYS for name in names):
        return {"freq": rrule.WEEKLY, "byweekday": [DAYS[name] for name in names]}
    return None


def _monthly(found: re.Match[str]) -> dict[str, Any] | None:
    if found["number"]:
        return _day_of_month(int(found["number"]))
    nth, day = NTH[found["nth"]], found["day"]
    if day == "day":
        return {"freq": rrule.MONTHLY, "bymonthday": nth}
    if day == "business day":
        return {"freq": rrule.DAILY, "business": True, "nth": nth}
    return {"freq": rrule.MONTHLY, "byweekday": DAYS[day](nth)} if day in DAYS else None


def _day_of_month(number: int) -> dict[str, Any] | None:
    """That day, or of a month that is shorter its last; None where no month has it."""
    if not 1 <= number <= 31:
        return None
    days = [number] if number <= 28 else list(range(28, number + 1))
    return {"freq": rrule.MONTHLY, "bymonthday": days, "bysetpos": -1}


def _rfc(text: str) -> Any:
    try:
        series = rrule.rrulestr(text, dtstart=START)
        series.after(START + timedelta(days=1))
    except (ValueError, TypeError, KeyError) as error:
        raise UsageError(f'"{text}" is no series of RFC 5545: {error}.') from error
    return series


def upcoming(
    schedule: Schedule, calendar: Calendar, moment: datetime, count: int
) -> list[datetime]:
    """The next times of a series, in UTC."""
    found: list[datetime] = []
    for _ in range(count):
        moment = schedule.next(moment, calendar).astimezone(UTC)
        found.append(moment)
    return found
