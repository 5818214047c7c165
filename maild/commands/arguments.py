"""What stands behind a command, read against what the desk has: statuses, people, dates.

Pure: `Names` holds all that is needed, so the same text always reads the same.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import cache

from maild import dates
from maild.commands import durations, timing
from maild.commands.words import Vocabulary
from maild.errors import Refused
from maild.i18n import sentence
from maild.model import TICKET_NUMBER
from maild.parse.fold import fold_word

LONGEST_APPOINTMENT = timedelta(hours=12)  # what is longer is a slip: 15:00-14:00
NUMBER = re.compile(TICKET_NUMBER, re.IGNORECASE)
_ADDED = re.compile(r":\s|\s[-–—]\s|\s\(")
SETS = {"resolve": "resolved_status", "complete": "complete_status"}  # command → what it sets
LEVELS = ("high", "medium", "low")


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource as commands name him."""

    name: str
    addresses: tuple[str, ...]  # keys; the first is the one we write to


@dataclass(frozen=True, slots=True)
class Names:
    """What a desk has that commands can name, and the moment from which dates count."""

    vocabulary: Vocabulary
    statuses: tuple[str, ...]
    priorities: tuple[str, ...]
    queues: tuple[str, ...]
    types: tuple[str, ...]
    resources: tuple[Resource, ...]
    now: datetime  # aware, in the desk's zone
    languages: tuple[str, ...] = ("en",)  # of dates: the desk's first
    views: tuple[str, ...] = ()
    also_views: Mapping[str, str] = field(default_factory=dict)  # "by company" → "by client"
    meant: Mapping[str, str] = field(default_factory=dict)  # "complete_status", "waiting" → status

    def reads(self, kind: str, text: str) -> bool:
        """Whether `text` can be what stands in a hole of this kind."""
        return self.refuses(kind, text) is None

    def refuses(self, kind: str, text: str) -> str | None:
        """Why `text` cannot be read as a word of this kind; None where it can."""
        reader = _READERS.get(kind)
        if kind == "resource" and fold(text) in self.vocabulary.me:
            return None
        try:
            if reader is not None:
                reader(self, text)
        except Refused as error:
            return error.message
        return None

    def status(self, text: str) -> str:
        """The status of the profile that is meant; Refused with the nearest."""
        wanted = fold(text)
        by_key = {fold(name): name for name in self.statuses}
        short = [name for name in self.statuses if fold(_short(name)) == wanted]
        if wanted in by_key or len(short) == 1:
            return by_key.get(wanted) or short[0]
        if short:
            raise Refused(sentence('"{text}" can be {known: or }.', text=text.strip(), known=short))
        for meant in self._aliases(wanted):
            if fold(meant) in by_key or meant in self.meant:
                return by_key.get(fold(meant)) or self.meant[meant]
        raise Refused(_no(sentence("status"), text, self.statuses))

    def _aliases(self, wanted: str) -> Iterator[str]:
        """What a word for a status can mean, in any language."""
        for name, meant in self.vocabulary.statuses.items():
            if fold(name) == wanted:
                yield from meant

    def is_status_word(self, text: str) -> bool:
        """Whether it is called a status anywhere, by this desk or another."""
        wanted = fold(text)
        named = (*self.statuses, *map(_short, self.statuses), *self.vocabulary.statuses)
        return any(fold(name) == wanted for name in named) or any(
            fold(meant) == wanted
            for several in self.vocabulary.statuses.values()
            for meant in several
            if meant[:1].isupper()
        )

    def own_status(self, word: str, command: str) -> str | None:
        """The status of this very name, where the command would set another one."""
        sets, wanted = self.sets.get(command), fold(word)
        if sets is None:
            return None
        own = next((name for name in self.statuses if fold(name) == wanted), None)
        return own if own != sets else None

    @property
    def sets(self) -> dict[str, str]:
        """Which status "is resolved" and "is complete" set, by their commands."""
        return {command: self.meant[key] for command, key in SETS.items() if key in self.meant}

    def priority(self, text: str) -> str:
        """ "1", "P1", "high", "2 medium high" → the priority of the profile."""
        written = fold(text).removeprefix("priority ").removeprefix("prio ")
        meant = fold(self.vocabulary.priorities.get(written, written))
        for wanted in dict.fromkeys((written, meant)):  # the profile's own word first
            for match in _PRIORITY:
                found = [name for name in self.priorities if match(fold(name), wanted)]
                if len(found) == 1:
                    return found[0]
        raise Refused(_no(sentence("priority"), text, self.priorities))

    def queue(self, text: str) -> str:
        return _one_of(self.queues, text, sentence("queue"))

    def type(self, text: str) -> str:
        return _one_of(self.types, text, sentence("ticket type"))

    def resource(self, text: str) -> Resource | None:
        """The resource that is meant; None where it says nobody."""
        wanted = self.vocabulary.whom(text).strip("<>@\"'")
        if wanted in self.vocabulary.nobody:
            return None
        for keys in (_full, _parts):
            found = [r for r in self.resources if wanted in keys(r)]
            if len(found) == 1:
                return found[0]
            if found:
                raise Refused(
                    sentence(
                        '"{text}" can be {known}; write the address.',
                        text=text.strip(),
                        known=[f"{r.name} <{r.addresses[0]}>" for r in found],
                    )
                )
        raise Refused(_no(sentence("resource"), text, [r.name for r in self.resources]))

    def date(self, text: str, default: time = dates.MORNING) -> datetime:
        """The moment, aware, in the desk's zone."""
        written = dates.read(text, self.now, self.languages)
        assert self.now.tzinfo is not None
        return written.at(self.now.tzinfo, default)

    def appointment(self, text: str) -> tuple[datetime, datetime | None] | None:
        """From when until when, the end perhaps unsaid; None where it says that there is none."""
        if fold(text) in self.vocabulary.nothing:
            return None
        found = _until().search(text.strip())
        if found is None or not _is_clock(found):
            return self.date(text), None
        day, later = text.strip()[: found.start()].strip(), found["to_half"] or found["half"]
        start = self.date(f"{day} {_clock(found['start'], found['half'] or later)}".strip())
        end = self.date(f"{start.date().isoformat()} {_clock(found['end'], later)}")
        end = end if end > start else end + timedelta(days=1)
        if end - start > LONGEST_APPOINTMENT:
            raise Refused(
                sentence(
                    "From {start} to {end} is more than twelve hours; write the end behind the "
                    "start.",
                    start=f"{start:%H:%M}",
                    end=f"{end:%H:%M}",
                )
            )
        return start, end

    def worked(self, text: str) -> durations.Worked:
        return durations.read(text, self.now, self.languages)

    def timing(self, text: str) -> timing.Timing:
        """What `#time` is to do."""
        return timing.read(text, self.now, self.languages, self.vocabulary.instead)

    def level(self, text: str) -> str:
        meant = self.vocabulary.priorities.get(text.strip().lower(), text)
        return _one_of(LEVELS, meant, sentence("level"))

    def view(self, text: str) -> str:
        name = text.replace("-", " ").replace("_", " ")
        return _one_of(self.views, self.also_views.get(fold(name), name), sentence("list"))


# "friday 14:00-15:30", "tomorrow 2 to 3 pm": a start and an end.
@cache
def _until() -> re.Pattern[str]:
    return re.compile(
        r"(?:^|\s)(?P<start>\d{1,2}(?:[:.h]\d{2})?)\s?(?P<half>am|pm)?"
        rf"\s?(?:-|–|—|{dates.any_of('until')})\s?"
        r"(?P<end>\d{1,2}(?:[:.h]\d{2})?)\s?(?P<to_half>am|pm|uhr|h)?$",
        re.IGNORECASE,
    )


def _clock(written: str, half: str | None) -> str:
    """ "2", "pm" → "2 pm"; "14", "uhr" → "14:00"."""
    if half and half.lower() in ("am", "pm"):
        return f"{written} {half}"
    return f"{written}:00" if written.isdigit() else written


def _is_clock(found: re.Match[str]) -> bool:
    """Not "1-12": at least one of the two says that it is a time of the day."""
    clocks = (found["start"], found["end"])
    return bool(found["half"] or found["to_half"]) or any(not text.isdigit() for text in clocks)


_READERS: dict[str, Callable[[Names, str], object]] = {
    "status": Names.status,
    "priority": Names.priority,
    "queue": Names.queue,
    "type": Names.type,
    "resource": Names.resource,
    "date": Names.date,
    "appointment": Names.appointment,
    "time": Names.timing,
    "level": Names.level,
    "view": Names.view,
}

# How a word can mean a priority, as both are folded: "2 medium high", "2" or "P2", "medium high".
_PRIORITY: tuple[Callable[[str, str], bool], ...] = (
    lambda name, wanted: name == wanted,
    lambda name, wanted: name.split()[0] in (wanted, "p" + wanted, wanted[1:]),
    lambda name, wanted: name.lstrip("p0123456789 ") == wanted,
)

# What a hole of a phrase holds, as people say it.
KINDS = {
    "status": sentence("status"),
    "priority": sentence("priority"),
    "queue": sentence("queue"),
    "type": sentence("ticket type"),
    "resource": sentence("resource"),
    "date": sentence("date"),
    "appointment": sentence("date"),
    "time": sentence("time"),
    "level": sentence("level"),
    "view": sentence("list"),
}


fold = fold_word  # the words of the vocabulary stand in the same form


def _short(name: str) -> str:
    """A status's name without what a colon or a dash adds: "No-Show: Remote Customer"."""
    return _ADDED.split(name, maxsplit=1)[0]


def ticket_number(text: str) -> str:
    """The one ticket number in `text`; Refused otherwise."""
    found = NUMBER.findall(text)
    if len(found) != 1:
        raise Refused(sentence("Write the number of one ticket, like T20261121.0042."))
    return str(found[0]).upper()


def _full(resource: Resource) -> set[str]:
    return {fold(resource.name), *resource.addresses}


def _parts(resource: Resource) -> set[str]:
    locals_ = {fold(address.partition("@")[0]) for address in resource.addresses}
    return locals_ | set(fold(resource.name).split())


def _one_of(known: Iterable[str], text: str, what: str) -> str:
    by_key = {fold(name): name for name in known}
    wanted = fold(text)
    if wanted in by_key:
        return by_key[wanted]
    begins = [name for key, name in by_key.items() if len(wanted) >= 3 and key.startswith(wanted)]
    if len(begins) == 1:
        return begins[0]
    raise Refused(_no(what, text, by_key.values()))


def _no(what: str, text: str, known: Iterable[str]) -> str:
    """ "There is no status "Foo"; did you mean …?" """
    names = list(known)
    by_key = {fold(name): name for name in names}
    close = difflib.get_close_matches(fold(text)[:80], by_key, 1, 0.6)
    shown = text.strip()[:60]
    if close:
        near = by_key[close[0]]
        return sentence(
            'There is no {what} "{text}"; did you mean {near}?', what=what, text=shown, near=near
        )
    if not names:
        return sentence(
            'There is no {what} "{text}"; this desk has none yet.', what=what, text=shown
        )
    return sentence(
        'There is no {what} "{text}"; possible are {known}.',
        what=what,
        text=shown,
        known=names[:30],
    )
