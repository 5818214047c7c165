"""Dates and times as people write them, read without guessing: "friday 9:00", "3. Dezember".

Pure: the moment from which "tomorrow" counts is given.  A bare number is no date; 01/02 is
read day first, and in a desk that speaks English not at all, as it can be read two ways there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from functools import cache, lru_cache
from pathlib import Path

from dateutil.relativedelta import relativedelta

from maild import yamlfile
from maild.errors import Refused
from maild.i18n import base_language, sentence

LONGEST = 60  # characters of a date
MORNING = time(9)  # of a date without a time: when work on it can begin …
EVENING = time(17)  # … and when it must be done
FARTHEST = 3660  # days: "3 December 2062" is a slip of the finger
_FILE = Path(__file__).parent / "dates.yaml"

_CLOCK = re.compile(
    r"(?:^|\s)(?P<at>AT\s*)?(?P<hour>\d{1,2})"
    r"(?:(?P<sign>[:.h])(?P<minute>\d{2}))?\s?(?P<unit>uhr|[ap]\.?m\.?|h|hrs)?$"
)
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})$")
_DOTTED = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.(?:\s?(\d{4}|\d{2}))?$")
_SLASHED = re.compile(r"(\d{1,2})[/-](\d{1,2})(?:[/-](\d{4}|\d{2}))?$")
_ORDINAL = re.compile(r"(\d{1,2})(?:st|nd|rd|th|er|º|\.)?$")


@dataclass(frozen=True, slots=True)
class Written:
    """A date as written, in the desk's zone."""

    day: date
    clock: time | None  # None: only a day was written

    def at(self, zone: tzinfo, default: time) -> datetime:
        """The moment meant; `default` where no time was written."""
        return datetime.combine(self.day, self.clock or default, zone)


@dataclass(frozen=True, slots=True)
class _Words:
    """What the words of some languages mean around dates."""

    names: dict[str, tuple[str, int]]  # "friday" → ("weekday", 4), "tomorrow" → ("days", 1)
    units: dict[str, str]  # "days" → "days"
    lead: frozenset[str]
    into: tuple[str, ...]  # "in", "dans"
    at: re.Pattern[str]
    noon: frozenset[str]


def languages(desk: str, more: Iterable[str] = ()) -> tuple[str, ...]:
    """Those in which dates are read: the desk's first ("de-AT" is "de"), then all that we know."""
    return tuple(dict.fromkeys([base_language(desk), *more, *_known()]))


@cache
def _known() -> tuple[str, ...]:
    return tuple(yamlfile.read(_FILE))


def read(text: str, now: datetime, languages: tuple[str, ...], *, past: bool = False) -> Written:
    """The date in `text`; `now` is aware and in the desk's zone.

    `past`: a weekday means the last one, not the next.  Refused says what could not be read.
    """
    plain = " ".join(text.lower().replace(",", " ").split()).strip(" !;:")
    if not _DOTTED.search(plain):  # the last dot of "3.12." is part of it
        plain = plain.rstrip(".")
    if not plain or len(plain) > LONGEST:
        raise _unread(text)
    moment = _stamp(plain, now)
    if moment is not None:
        return moment
    words = _words(languages)
    rest, clock = _split_clock(plain, words)
    day = _day(rest, now, words, languages, past) if rest else None
    if rest and day is None:
        raise _unread(text)
    found = Written(day or _clock_alone(clock, now, past), clock)
    if abs((found.day - now.date()).days) > FARTHEST:
        raise Refused(
            sentence('"{text}" is more than ten years away; is the year right?', text=text.strip())
        )
    return found


def _unread(text: str) -> Refused:
    return Refused(
        sentence(
            '"{text}" is no date that can be read; write it like 2026-12-03, 3 December, '
            "friday 9:00 or tomorrow.",
            text=text.strip()[:LONGEST],
        )
    )


def _stamp(plain: str, now: datetime) -> Written | None:
    """A full ISO time, with or without zone; "2026-12-03 14:00-15:00" is from when until when."""
    if not re.match(r"\d{4}-\d{2}-\d{2}[t ]\d{2}:\d{2}", plain):
        return None
    try:
        moment = datetime.fromisoformat(plain.upper().replace("Z", "+00:00"))
    except ValueError:
        return None
    if moment.tzinfo and plain[10] == " " and "-" in plain[16:]:
        return None
    moment = moment.astimezone(now.tzinfo) if moment.tzinfo else moment
    return Written(moment.date(), moment.time())


def _split_clock(plain: str, words: _Words) -> tuple[str, time | None]:
    """ "friday at 9:00" → "friday", 9:00."""
    head, _, last = plain.rpartition(" ")
    if last in words.noon:
        return words.at.sub("", head + " ").strip(), time(12)
    first = re.match(r"\d{1,2}(?:[:h]\d{2})?\s?(?:[ap]\.?m\.?|uhr|h)?\s+(?=[^\W\d]{3,})", plain)
    if first and not _CLOCK.search(plain) and _CLOCK.fullmatch(first[0].strip()):
        plain = f"{plain[first.end() :]} {first[0].strip()}"  # "9 am tomorrow"
    found = _CLOCK.search(words.at.sub(" AT ", plain))
    if found is None:
        return plain, None
    clock = _clock(found)
    if clock is None:
        return plain, None
    return words.at.sub(" AT ", plain)[: found.start()].replace(" AT ", " ").strip(), clock


def _clock(found: re.Match[str]) -> time | None:
    """None where the digits need not be a time: "3.12", a bare "9"."""
    unit = (found["unit"] or "").replace(".", "")
    sure = bool(found["at"] or unit)
    if (found["sign"] in (None, ".")) and not sure:
        return None
    hour, minute = int(found["hour"]), int(found["minute"] or 0)
    if unit in ("am", "pm"):
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if unit == "pm" else 0)
    return time(hour, minute) if hour < 24 and minute < 60 else None


def _clock_alone(clock: time | None, now: datetime, past: bool) -> date:
    """A time without a day is its next occurrence."""
    later = clock is not None and not past and clock <= now.time()
    return now.date() + timedelta(days=1 if later else 0)


def _day(
    text: str, now: datetime, words: _Words, languages: tuple[str, ...], past: bool
) -> date | None:
    numbers = _numeric(text, now, languages)
    if numbers is not None:
        return numbers
    if text in words.names:
        return _named(words.names[text], now, past)
    tokens = text.split()
    while tokens and tokens[0] in words.lead:
        tokens = tokens[1:]
    while tokens and tokens[-1] in words.lead:
        tokens = tokens[:-1]
    shorter = " ".join(tokens)
    if shorter != text:
        return _day(shorter, now, words, languages, past) if shorter else None
    return _ahead(text, now, words) or _month_day(tokens, now, words, past)


def _numeric(text: str, now: datetime, languages: tuple[str, ...]) -> date | None:
    if found := _ISO.match(text):
        return _date(int(found[1]), int(found[2]), int(found[3]), text)
    if found := _DOTTED.match(text):
        return _of_numbers(found[1], found[2], found[3], now, text)
    if found := _SLASHED.match(text):
        if languages[:1] == ("en",):
            return _slashed_english(found, now, text)
        return _of_numbers(found[1], found[2], found[3], now, text)
    return None


def _slashed_english(found: re.Match[str], now: datetime, text: str) -> date:
    first, second = int(found[1]), int(found[2])
    if first <= 12 and second <= 12 and first != second:
        raise Refused(
            sentence(
                '"{text}" can be read two ways; write it like 2026-12-03 or 3 December.', text=text
            )
        )
    day, month = (first, second) if second <= 12 else (second, first)
    return _of_numbers(str(day), str(month), found[3], now, text)


def _of_numbers(day: str, month: str, year: str | None, now: datetime, text: str) -> date:
    if year is None:
        found = _date(now.year, int(month), int(day), text)
        return found if found >= now.date() else _date(now.year + 1, int(month), int(day), text)
    return _date(int(year) + (2000 if len(year) == 2 else 0), int(month), int(day), text)


def _date(year: int, month: int, day: int, text: str) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise Refused(sentence('"{text}" is no day of the calendar.', text=text)) from None


def _named(name: tuple[str, int], now: datetime, past: bool) -> date | None:
    kind, value = name
    today = now.date()
    if kind == "weekday":
        ahead = (value - today.weekday() - 1) % 7 + 1
        return today + timedelta(days=ahead - 7 if past else ahead)
    if kind == "days":
        return today + timedelta(days=value)
    if kind == "months":
        return today + relativedelta(months=value)
    return None


def _ahead(text: str, now: datetime, words: _Words) -> date | None:
    """ "in 3 days", "2 weeks"."""
    for word in words.into:
        text = text.removeprefix(word + " ")
    number, _, unit = text.partition(" ")
    if not number.isdecimal() or len(number) > 3 or unit not in words.units:
        return None
    return now.date() + relativedelta(**{words.units[unit]: int(number)})  # type: ignore[arg-type]


def _month_day(tokens: list[str], now: datetime, words: _Words, past: bool) -> date | None:
    """ "3 December 2026", "December 3rd", "fri 4 dec": each part once, nothing else."""
    month = day = year = None
    for token in (t for t in tokens if t not in words.lead):
        kind, value = words.names.get(token.rstrip("."), ("", 0))
        ordinal = _ORDINAL.match(token)
        if kind == "month" and month is None:
            month = value
        elif kind == "weekday":
            continue  # "fri 4 dec": the date says it all
        elif ordinal and day is None:
            day = int(ordinal[1])
        elif re.fullmatch(r"\d{4}", token) and year is None:
            year = int(token)
        else:
            return None
    if month is None or day is None:
        return None
    text = " ".join(tokens)
    if year is not None:
        return _date(year, month, day, text)
    found = _date(now.year, month, day, text)
    if past:
        return found if found <= now.date() else _date(now.year - 1, month, day, text)
    return found if found >= now.date() else _date(now.year + 1, month, day, text)


# ---- words


@cache
def any_of(key: str) -> str:
    """A pattern of all words that stand under a key of dates.yaml, in any language."""
    words = {str(word) for entry in yamlfile.read(_FILE).values() for word in entry.get(key, ())}
    return "|".join(map(re.escape, sorted(words, key=lambda word: (-len(word), word))))


@lru_cache(maxsize=32)
def _words(languages: tuple[str, ...]) -> _Words:
    """Of these languages, the first one's meaning before the next one's."""
    data = yamlfile.read(_FILE)
    names: dict[str, tuple[str, int]] = {}
    units: dict[str, str] = {}
    lead: list[str] = []
    into: list[str] = []
    at: list[str] = []
    noon: list[str] = []
    for language in languages:
        entry = data.get(language, {})
        for key, meaning in _NAMED.items():
            for word in entry.get(key, ()):
                names.setdefault(str(word), meaning)
        for name, meaning in _calendar(language).items():
            names.setdefault(name, meaning)
        for unit in ("day", "week", "month"):
            units.update({str(word): unit + "s" for word in entry.get(unit, ())})
        lead += map(str, entry.get("lead", ()))
        into += map(str, entry.get("in", ()))
        at += map(str, entry.get("at", ()))
        noon += map(str, entry.get("noon", ()))
    pattern = "|".join(re.escape(word) for word in at) or r"(?!)"
    return _Words(
        names, units, frozenset(lead), tuple(into),
        re.compile(rf"(?:^|(?<=\s))(?:{pattern})\s+(?=\d|\w+$)"), frozenset(noon),
    )  # fmt: skip


_NAMED = {
    "today": ("days", 0),
    "tomorrow": ("days", 1),
    "yesterday": ("days", -1),
    "after tomorrow": ("days", 2),
    "next week": ("days", 7),
    "next month": ("months", 1),
}


def _calendar(language: str) -> dict[str, tuple[str, int]]:
    """Names of months and weekdays, whole and short (CLDR)."""
    from babel import Locale, UnknownLocaleError

    try:
        locale = Locale.parse(language, sep="-")
    except (ValueError, UnknownLocaleError):
        return {}
    found: dict[str, tuple[str, int]] = {}
    for context in ("format", "stand-alone"):
        for width in ("wide", "abbreviated"):
            for number, name in locale.months[context][width].items():
                found.setdefault(name.lower().rstrip("."), ("month", number))
            for number, name in locale.days[context][width].items():
                found.setdefault(name.lower().rstrip("."), ("weekday", number))
    return found
