"""Working time as people write it: "45m remote replaced the toner", "yesterday 9:00-9:45"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cache

from maild import dates
from maild.errors import Refused
from maild.i18n import sentence

LONGEST_DAY = 24 * 60  # minutes of a length
LONGEST_SPAN = 12 * 60  # minutes from a start to an end: more is a slip of the fingers

AHEAD = timedelta(minutes=5)  # clocks differ, and people round

_COLON = re.compile(r"(\d{1,2}):(\d{2})(?=\s|$)")
_WORDS_OF_A_DATE = 3


@cache
def _range_form() -> re.Pattern[str]:
    return re.compile(
        rf"(\d{{1,2}})(?:[:.h](\d{{2}}))?\s?(am|pm)?\s?(?:-|–|—|{dates.any_of('until')})\s?"
        r"(\d{1,2})(?:[:.h](\d{2}))?\s?(am|pm|uhr|h)?(?=\s|$)"
    )


@cache
def _hours_form() -> re.Pattern[str]:
    hour, minute = dates.any_of("hour"), dates.any_of("minute")
    return re.compile(
        rf"(\d{{1,3}}(?:[.,]\d{{1,2}})?)\s?(?:{hour})(?:\s?(\d{{1,2}})\s?(?:{minute})?)?(?=\s|$)"
    )


@cache
def _minutes_form() -> re.Pattern[str]:
    return re.compile(rf"(\d{{1,4}})\s?(?:{dates.any_of('minute')})\.?(?=\s|$)")


@dataclass(frozen=True, slots=True)
class Worked:
    """Working time as written."""

    minutes: int
    start: datetime | None  # aware; None where only a length was written
    end: datetime | None
    day: datetime  # its start if known, else midnight of its day; aware
    rest: str  # what was written behind it


def read(text: str, now: datetime, languages: tuple[str, ...]) -> Worked:
    """The time in `text`; `now` is aware and in the desk's zone.  Refused says what is wrong."""
    rest = " ".join(text.split())
    day, rest = _leading_day(rest, now, languages)
    found = _range(rest, day) or _length(rest, day)
    if found is None:
        raise _unread(text)
    if day == _midnight(now):
        later, left = _leading_day(found.rest, now, languages)
        if left != found.rest and later <= now:
            found = _moved(found, later, left)
    found = _of_last_night(found, now, named=day != _midnight(now))
    _check(found, now)
    return found


def _of_last_night(found: Worked, now: datetime, *, named: bool) -> Worked:
    """ "23:30-0:15", written at 0:20, began yesterday."""
    over_midnight = found.start and found.end and found.end.date() > found.start.date()
    if named or not over_midnight or found.end is None or real_minutes(now, found.end) <= 0:
        return found
    return _moved(found, found.day - timedelta(days=1), found.rest)


def _unread(text: str) -> Refused:
    what = text.strip()[:40]
    if re.fullmatch(r"\d+([.,]\d+)?", what):
        return Refused(
            sentence(
                '"{text}" is no length of time: write {text}m for minutes or {text}h.', text=what
            )
        )
    return Refused(
        sentence('"{text}" is no working time; write it like 45m, 1.5h or 9:00-9:45.', text=what)
    )


def _check(found: Worked, now: datetime) -> None:
    if found.minutes <= 0:
        raise Refused(sentence("The working time is zero; write it like 45m, 1.5h or 9:00-9:45."))
    if found.minutes > LONGEST_DAY:
        raise Refused(sentence("That is more than a day; enter the time of each day by itself."))
    if found.start and found.minutes > LONGEST_SPAN:
        raise Refused(
            sentence(
                "From {start} to {end} is more than twelve hours; write the end behind the start, "
                "or a length like 13h.",
                start=f"{found.start:%H:%M}",
                end=f"{found.end:%H:%M}",
            )
        )
    if (
        found.end is not None
        and real_minutes(now + AHEAD, found.end) > 0
        and found.day.date() == now.date()
    ):
        raise Refused(
            sentence(
                "{end} is still to come; time is entered once it is worked.",
                end=f"{found.end:%H:%M}",
            )
        )
    if found.day.date() > now.date():
        raise Refused(
            sentence(
                "{day} is in the future; time is entered once it is worked.", day=found.day.date()
            )
        )


def _leading_day(text: str, now: datetime, languages: tuple[str, ...]) -> tuple[datetime, str]:
    """The day named by the first words, else today."""
    words = text.split(" ")
    for count in range(min(_WORDS_OF_A_DATE, len(words)), 0, -1):
        head = " ".join(words[:count])
        try:
            written = dates.read(head, now, languages, past=True)
        except Refused:
            continue
        if written.clock is None:
            day = datetime.combine(written.day, time(), now.tzinfo)
            return day, " ".join(words[count:])
    return _midnight(now), text


def _midnight(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


def _range(text: str, day: datetime) -> Worked | None:
    found = _range_form().match(text.lower())
    if found is None or not (found[2] or found[5] or found[3] or found[6]):
        return None
    start = _clock(found[1], found[2], found[3] or _half(found[6]))
    end = _clock(found[4], found[5], _half(found[6]))
    if start is None or end is None:
        return None
    return _span(day, start, end, text[found.end() :].strip())


def _span(day: datetime, start: time, end: time, rest: str) -> Worked:
    """From the one to the other by a clock on the wall of that day, in real minutes.

    When the clocks go back an hour comes twice: a start is its first, an end the next that follows.
    """
    begin = datetime.combine(day, start, day.tzinfo)
    stop = next_at(begin, end)
    return Worked(real_minutes(begin, stop), begin, stop, begin, rest)


def next_at(begin: datetime, end: time) -> datetime:
    """When the clock on the wall shows this time next, after `begin` and in its zone.

    When the clocks go back an hour comes twice: a start is its first, an end the next that follows.
    Refused where either is in the hour that is left out when they go ahead.
    """
    same = datetime.combine(begin, end, begin.tzinfo)
    stops = (same, same.replace(fold=1), same + timedelta(days=1))
    stop = next((stop for stop in stops if real_minutes(begin, stop) > 0), stops[-1])
    for clock in (begin, stop):
        if clock.astimezone(UTC).astimezone(clock.tzinfo).time() != clock.time():
            raise Refused(
                sentence(
                    "There was no {time} on {day}: the clocks went ahead.",
                    time=f"{clock:%H:%M}",
                    day=clock.date(),
                )
            )
    return stop


def real_minutes(begin: datetime, stop: datetime) -> int:
    """The difference of two times of one zone would be that of the clocks on the wall."""
    return int((stop.astimezone(UTC) - begin.astimezone(UTC)).total_seconds() // 60)


def _half(word: str | None) -> str | None:
    return word if word in ("am", "pm") else None


def _clock(hour: str, minute: str | None, half: str | None) -> time | None:
    hours, minutes = int(hour), int(minute or 0)
    if half and hours <= 12:
        hours = hours % 12 + (12 if half == "pm" else 0)
    return time(hours, minutes) if hours < 24 and minutes < 60 else None


def _length(text: str, day: datetime) -> Worked | None:
    lower = text.lower()
    if found := _COLON.match(lower):
        minutes = int(found[1]) * 60 + int(found[2])
    elif found := _minutes_form().match(lower):
        minutes = int(found[1])
    elif found := _hours_form().match(lower):
        minutes = round(float(found[1].replace(",", ".")) * 60) + int(found[2] or 0)
    else:
        return None
    return Worked(minutes, None, None, day, text[found.end() :].strip())


def _moved(found: Worked, day: datetime, rest: str) -> Worked:
    """The same time on another day: "2h yesterday"."""
    if found.start is None or found.end is None:
        return Worked(found.minutes, None, None, day, rest)
    return _span(day, found.start.time(), found.end.time(), rest)
