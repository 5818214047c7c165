"""Times as one reader sees them: in his zone, with the desk's beside it; elapsed ones short."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_skeleton, get_day_names
from markupsafe import Markup, escape

from maild.i18n import Sentence, Translator, moment, sentence
from maild.zones import is_zone


class Times:
    """How one reader is told the time."""

    def __init__(
        self, translator: Translator, zone: ZoneInfo, desk: ZoneInfo, now: datetime
    ) -> None:
        self.locale, self._write = translator.locale, translator.write
        self.zone, self.desk, self.now = zone, desk, now

    def full(self, when: datetime) -> str:
        """ "Thu, Dec 3, 2026, 9:00 AM" in his zone."""
        return _full(when.replace(second=0, microsecond=0), self.locale, self.zone)

    def day(self, when: datetime) -> str:
        """ "Dec 3", or with its year where that is another one."""
        local, now = when.astimezone(self.zone), self.now.astimezone(self.zone)
        skeleton = "MMMd" if local.year == now.year else "yMMMd"
        return _day(local.date().isoformat(), skeleton, self.locale)

    def date(self, day: date) -> str:
        """ "Thu, Dec 3": a day that is the same in every zone."""
        return _day(day.isoformat(), "MMMEd", self.locale)

    def name_of_day(self, number: int) -> str:
        """ "Monday": the name of the first day of the week is that of 0."""
        return str(get_day_names("wide", "stand-alone", self.locale)[number])

    def weekday(self, when: datetime) -> str:
        """ "Thursday, Dec 3" """
        return _day(when.astimezone(self.zone).date().isoformat(), "MMMEEEEd", self.locale)

    def clock(self, when: datetime) -> str:
        """ "09:00" in his zone."""
        return when.astimezone(self.zone).strftime("%H:%M")

    def stamp(self, when: datetime) -> Markup:
        """The time with its zone, and the desk's where that is another one, for a hover."""
        own = when.astimezone(self.zone)
        said = f"{own:%Y-%m-%d %H:%M} {own.tzname()}"
        if self.desk.key != self.zone.key:
            theirs = when.astimezone(self.desk)
            said += f" · {theirs:%H:%M} {theirs.tzname()} ({self.desk.key})"
        return Markup(said)

    def ago(self, when: datetime) -> Markup:
        """How long ago, short: "5m", "3h", "2d"; in a <time> that says it in full on hover."""
        return self._time(when, self._write(elapsed(self.now - when)))

    def at(self, when: datetime) -> Markup:
        """The moment in full, in a <time>."""
        return self._time(when, self.full(when))

    def on(self, when: datetime) -> Markup:
        """The day, and the hour where it is today, in a <time>."""
        today = when.astimezone(self.zone).date() == self.now.astimezone(self.zone).date()
        return self._time(when, self.clock(when) if today else self.day(when))

    def _time(self, when: datetime, said: str) -> Markup:
        moment = when.isoformat(timespec="seconds")
        return Markup(f'<time datetime="{moment}" title="{self.stamp(when)}">{escape(said)}</time>')


def elapsed(span: timedelta) -> Sentence:
    """ "now", "5m", "3h", "2d", "4mo", "2y"."""
    minutes = int(abs(span.total_seconds())) // 60
    hours, days = minutes // 60, minutes // 1440
    if not minutes:
        return sentence("now")
    if not hours:
        return sentence("{count}m", count=minutes)
    if not days:
        return sentence("{count}h", count=hours)
    if days < 30:
        return sentence("{count}d", count=days)
    if days < 360:
        return sentence("{count}mo", count=days // 30)
    return sentence("{count}y", count=days // 365 or 1)


@lru_cache(maxsize=256)
def zone_named(name: str, otherwise: str) -> ZoneInfo:
    """The zone of this name, or the other where there is none."""
    return ZoneInfo(name if is_zone(name) else otherwise)


@lru_cache(maxsize=4096)
def _full(when: datetime, locale: Locale, zone: ZoneInfo) -> str:
    return moment(when, locale, zone)


@lru_cache(maxsize=4096)
def _day(day: str, skeleton: str, locale: Locale) -> str:
    return str(format_skeleton(skeleton, datetime.fromisoformat(day), locale=locale))
