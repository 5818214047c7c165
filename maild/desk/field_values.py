"""What can stand in a field, by its kind: read from text as people write it, or refused with the
field, what was found and what is allowed.

One table for the fields of tickets and for those of records (assets, contracts …), whether they
come by mail, from the terminal, from a CSV file or from a page of the console.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from maild import yamlfile
from maild.errors import MaildError, UsageError
from maild.i18n import Sentence, sentence
from maild.yamlfile import key

LONGEST = 10_000  # characters of a text
MOST_HOURS = 10_000
_NUMBER = re.compile(r"\d{1,6}(?:[.,]\d{1,4})?")
_LINK = re.compile(r"([a-z][a-z0-9+.-]{1,30}):/{0,2}\S+", re.IGNORECASE)
_UNSAFE = ("javascript", "data", "vbscript", "file", "blob", "about")


@cache
def _yes_no() -> dict[str, bool]:
    file = Path(__file__).with_name("yes_no.yaml")
    return {
        key(word): said == "yes"
        for said, languages in yamlfile.read(file).items()
        for words in languages.values()
        for word in words
    }


def yes_or_no(text: str) -> bool | None:
    """What a text says that is a yes or a no in some language; None where it is neither."""
    return _yes_no().get(key(text))


@cache
def _length() -> re.Pattern[str]:
    from maild import dates  # the words of all languages: what only looks at values needs none

    hour, minute = rf"\s?(?:{dates.any_of('hour')})", rf"\s?(?:{dates.any_of('minute')})"
    return re.compile(
        rf"(\d{{1,5}}(?:[.,]\d{{1,4}})?)(?:{hour})?"
        rf"|(?:(\d{{1,4}}){hour}\s?)?(\d{{1,4}})(?:{minute})",
        re.IGNORECASE,
    )


FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would carry out


def cell(value: Any) -> str:
    """A value as a cell of a CSV file: lists with semicolons, and nothing is a formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return str(value)  # every digit: 1234567 is not 1.23457e+06
    if isinstance(value, Mapping):
        value = "; ".join(f"{name} {amount:.15g}" for name, amount in value.items())
    if isinstance(value, list | tuple):
        value = "; ".join(map(str, value))
    return no_formula(value.isoformat() if isinstance(value, datetime) else str(value))


def no_formula(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def uncell(text: str) -> str:
    """The text of a cell that `cell` wrote."""
    return text[1:] if text[:1] == "'" and text[1:].startswith(FORMULA) else text


class Dates(Protocol):
    """Reads a date as people write it: "friday 17:00"; Refused where it cannot be read."""

    def __call__(self, text: str) -> datetime: ...


def iso_dates(text: str) -> datetime:
    """Dates as files and forms have them (ISO 8601); a time without a zone is refused."""
    found = datetime.fromisoformat(text.strip())
    if found.tzinfo is None and len(text.strip()) > len("2026-12-03"):
        raise UsageError(sentence('"{text}" has no time zone.', text=text))
    return found


def read(kind: str, text: Any, field: Sentence, dates: Dates = iso_dates) -> Any:
    """The value of this kind that `text` means, as JSON keeps it; UsageError: it means none.

    What is a value of the kind already stays as it is.
    """
    return _READERS.get(kind, _text)(text, field, dates)


def _text(value: Any, field: Sentence, dates: Dates) -> Any:
    if not isinstance(value, str):
        return value
    if len(value) > LONGEST:
        raise UsageError(
            sentence("{field!c} is too long; {most} characters are the most.", field=field,
                     most=LONGEST)
        )  # fmt: skip
    return value.strip()


def _hours(value: Any, field: Sentence, dates: Dates) -> float:
    """ "4", "1,5 h", "1h30m", "90 min" → hours."""
    written = str(value).strip()
    found = _length().fullmatch(written) if written else None
    if found is None:
        raise UsageError(
            sentence(
                '{field!c}: "{text}" is no number of hours; write it like 4, 1.5 or 90m.',
                field=field,
                text=written,
            )
        )
    whole = float((found[1] or found[2] or "0").replace(",", "."))
    hours = whole + int(found[3] or 0) / 60
    if hours > MOST_HOURS:
        raise UsageError(
            sentence(
                "{field!c}: {text} hours are too many; {most} are the most.",
                field=field,
                text=written,
                most=MOST_HOURS,
            )
        )
    return round(hours, 2)


def _number(value: Any, field: Sentence, dates: Dates) -> float:
    written = str(value).strip()
    if not _NUMBER.fullmatch(written):
        raise UsageError(
            sentence(
                '{field!c}: "{text}" is no number; write it like 90 or 87.50.',
                field=field,
                text=written,
            )
        )
    return float(written.replace(",", "."))


def _yes(value: Any, field: Sentence, dates: Dates) -> bool:
    if isinstance(value, bool):
        return value
    found = yes_or_no(str(value))
    if found is not None:
        return found
    raise UsageError(
        sentence('{field!c}: "{text}" is neither yes nor no.', field=field, text=str(value))
    )


def _day(value: Any, field: Sentence, dates: Dates) -> str:
    return _date(value, field, dates).date().isoformat()


def _moment(value: Any, field: Sentence, dates: Dates) -> str:
    found = _date(value, field, dates)
    if found.tzinfo is None:
        raise UsageError(sentence('"{text}" has no time zone.', text=str(value)))
    return found.isoformat()


def _date(value: Any, field: Sentence, dates: Dates) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)
    try:
        return dates(str(value))
    except MaildError as error:
        raise UsageError(sentence("{field!c}: {why}", field=field, why=error.message)) from error
    except ValueError as error:
        raise UsageError(
            sentence(
                '{field!c}: "{text}" is no date; write it like 2026-12-03.',
                field=field,
                text=str(value),
            )
        ) from error


def _link(value: Any, field: Sentence, dates: Dates) -> str:
    written = str(value).strip()
    found = _LINK.fullmatch(written)
    if found is None or found[1].lower() in _UNSAFE:
        raise UsageError(
            sentence(
                '{field!c}: "{text}" is no link; write it like https://rmm.example/device/7.',
                field=field,
                text=written,
            )
        )
    return written


def _words(value: Any, field: Sentence, dates: Dates) -> list[str]:
    """ "laptop, vpn" → ["laptop", "vpn"]."""
    parts = value if isinstance(value, list | tuple) else re.split(r"[,;\n]", str(value))
    return list(dict.fromkeys(text for text in (str(p).strip() for p in parts) if text))


def _plain(value: Any, field: Sentence, dates: Dates) -> Any:
    return value


_READERS: Mapping[str, Callable[[Any, Sentence, Dates], Any]] = {
    "text": _text,
    "hours": _hours,
    "number": _number,
    "yes": _yes,
    "day": _day,
    "moment": _moment,
    "link": _link,
    "words": _words,
    "plain": _plain,  # what no person sets by hand: the desk's own
}


def length_of(minutes: int) -> str:
    """ "1 h 30 min"."""
    hours, rest = divmod(minutes, 60)
    return " ".join([f"{hours} h"] * bool(hours) + [f"{rest} min"] * bool(rest or not hours))
