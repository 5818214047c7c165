"""Sentences that know what they are made of.

    sentence("{ticket} is {status} until {when}.", ticket=…, status=…, when=…)

is the English sentence and a `str` like any other: for the log, events, JSON.  `maild.i18n` writes
it in another language.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias
from zoneinfo import ZoneInfo

if TYPE_CHECKING:  # babel is imported when a date is written: few commands do
    from babel import Locale

Value: TypeAlias = "str | int | date | Sequence[Value]"
# {when}; {need!c}: with a capital letter; {items:; }: a list with this between its entries
_HOLE = re.compile(r"\{(\w+)(!c)?(?::([^{}]*))?\}")
BETWEEN = ", "


class Sentence(str):
    """An English sentence, or a name or clause within one, that can be translated."""

    __slots__ = ("template", "values")

    template: str  # the sentence with its holes: what translations go by
    values: dict[str, Value]  # what stands in the holes

    def __new__(cls, template: str, values: dict[str, Value]) -> Sentence:
        made = super().__new__(cls, fill(template, values, _english))
        made.template, made.values = template, values
        return made

    def __reduce__(self) -> tuple[object, ...]:
        return Sentence, (self.template, self.values)


def sentence(template: str, /, **values: Value) -> Sentence:
    """The sentence with its holes filled.  A test asks for a translation of every template."""
    return Sentence(template, values)


def told(value: Value, as_: Callable[[str], str]) -> Any:
    """The same with every plain text within it changed."""
    if isinstance(value, Sentence):
        return Sentence(value.template, {n: told(v, as_) for n, v in value.values.items()})
    if isinstance(value, str):
        return as_(value)
    return [told(one, as_) for one in value] if isinstance(value, list) else value


def lines(message: str) -> list[str]:
    """The sentences of a message that has one a line, each as it can be translated."""
    if isinstance(message, Sentence) and isinstance(said := message.values.get("mistakes"), list):
        return [str(one) if not isinstance(one, Sentence) else one for one in said]
    return message.splitlines()


def together(*sentences: str) -> Sentence:
    """Whole sentences, one after the other."""
    return sentence("{sentences: }", sentences=sentences)


def holes(template: str) -> set[str]:
    """The names of what is to be filled in."""
    return {found[1] for found in _HOLE.finditer(template)}


def fill(template: str, values: Mapping[str, Value], write: Callable[[Value, str], str]) -> str:
    """The template with each hole filled by what `write` makes of its value."""
    if not values:
        return template

    def written(hole: re.Match[str]) -> str:
        if hole[1] not in values:  # the name of somebody's own field
            return hole[0]
        text = write(values[hole[1]], BETWEEN if hole[3] is None else hole[3])
        return text[:1].upper() + text[1:] if hole[2] else text

    return _HOLE.sub(written, template)


def _english(value: Value, between: str = BETWEEN) -> str:
    """Dates as a mail in English has them: Thu, Dec 3, 2026, 9:00 AM."""
    if isinstance(value, str | int):
        return str(value)
    if isinstance(value, datetime):
        return moment(value, locale("en"))
    if isinstance(value, date):
        return day(value, locale("en"))
    return between.join(_english(entry) for entry in value)


def moment(when: datetime, locale: Locale, zone: ZoneInfo | None = None) -> str:
    """ "Thu, Dec 3, 2026, 9:00 AM", in the zone or in its own."""
    from babel.dates import format_time

    clock = format_time(when, "short", zone, locale).replace("\u202f", " ")  # not all fonts have it
    return f"{day(when, locale, zone)}, {clock}"


def day(when: date, locale: Locale, zone: ZoneInfo | None = None) -> str:
    """ "Thu, Dec 3, 2026", in the zone or in its own."""
    from babel.dates import format_skeleton

    return str(format_skeleton("yMMMEd", when, zone, locale=locale))


@lru_cache(maxsize=64)
def locale(language: str) -> Locale:
    """How the language writes dates and numbers; English where it is not known."""
    from babel import Locale, UnknownLocaleError

    try:
        return Locale.parse(language, sep="-")
    except (ValueError, UnknownLocaleError):
        return Locale("en")


# ---- kept in a database


def packed(value: Value) -> Any:
    """The value as JSON keeps it, to be written in whatever language its reader has later."""
    if isinstance(value, Sentence):
        values = {hole: packed(given) for hole, given in value.values.items()}
        return {"sentence": value.template, "values": values}
    if isinstance(value, datetime):
        return {"moment": value.isoformat()}
    if isinstance(value, date):
        return {"day": value.isoformat()}
    if isinstance(value, str | int):
        return value
    return [packed(entry) for entry in value]


def unpacked(kept: Any) -> Value:
    """What `packed` made of it."""
    if isinstance(kept, list):
        return [unpacked(entry) for entry in kept]
    if not isinstance(kept, Mapping):
        return str(kept) if not isinstance(kept, int) else kept
    if "moment" in kept:
        return datetime.fromisoformat(kept["moment"])
    if "day" in kept:
        return date.fromisoformat(kept["day"])
    return Sentence(kept["sentence"], {h: unpacked(v) for h, v in kept["values"].items()})
