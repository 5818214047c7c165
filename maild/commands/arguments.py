"""What stands behind a command, read against what the desk has: statuses, people, dates.

Pure: `Names` holds all that is needed, so the same text always reads the same.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, time

from maild.commands import dates, durations
from maild.commands.words import Vocabulary
from maild.errors import Refused
from maild.i18n import sentence

MORNING = time(9)  # of a date without a time: when work on it can begin …
EVENING = time(17)  # … and when it must be done
NUMBER = re.compile(r"T\d{8}\.\d{4,}", re.IGNORECASE)
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
        if wanted in by_key:
            return by_key[wanted]
        for name, meant in self.vocabulary.statuses.items():
            if fold(name) == wanted:
                found = next((by_key[fold(m)] for m in meant if fold(m) in by_key), None)
                if found:
                    return found
        raise Refused(_no(sentence("status"), text, self.statuses))

    def priority(self, text: str) -> str:
        """ "1", "P1", "high", "2 medium high" → the priority of the profile."""
        wanted = fold(text).removeprefix("priority ").removeprefix("prio ")
        wanted = fold(self.vocabulary.priorities.get(wanted, wanted))
        matches: list[Callable[[str], bool]] = [
            lambda name: fold(name) == wanted,
            lambda name: fold(name).split()[0] in (wanted, "p" + wanted, wanted[1:]),
            lambda name: fold(name).lstrip("p0123456789 ") == wanted,
        ]
        for match in matches:
            found = [name for name in self.priorities if match(name)]
            if len(found) == 1:
                return found[0]
        raise Refused(_no(sentence("priority"), text, self.priorities))

    def queue(self, text: str) -> str:
        return _one_of(self.queues, text, sentence("queue"))

    def type(self, text: str) -> str:
        return _one_of(self.types, text, sentence("ticket type"))

    def resource(self, text: str) -> Resource | None:
        """The resource that is meant; None where it says nobody."""
        wanted = fold(re.sub(r"^(?:to|an|à|a)\s+", "", text.strip(), flags=re.IGNORECASE))
        wanted = wanted.strip("<>@\"'")
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

    def date(self, text: str, default: time = MORNING) -> datetime:
        """The moment, aware, in the desk's zone."""
        written = dates.read(text, self.now, self.languages)
        assert self.now.tzinfo is not None
        return written.at(self.now.tzinfo, default)

    def worked(self, text: str) -> durations.Worked:
        return durations.read(text, self.now, self.languages)

    def level(self, text: str) -> str:
        meant = self.vocabulary.priorities.get(text.strip().lower(), text)
        return _one_of(LEVELS, meant, sentence("level"))

    def view(self, text: str) -> str:
        return _one_of(self.views, text.replace("-", " ").replace("_", " "), sentence("list"))


_READERS: dict[str, Callable[[Names, str], object]] = {
    "status": Names.status,
    "priority": Names.priority,
    "queue": Names.queue,
    "type": Names.type,
    "resource": Names.resource,
    "date": Names.date,
    "time": Names.worked,
    "level": Names.level,
    "view": Names.view,
}

# What a hole of a phrase holds, as people say it.
KINDS = {
    "status": sentence("status"),
    "priority": sentence("priority"),
    "queue": sentence("queue"),
    "type": sentence("ticket type"),
    "resource": sentence("resource"),
    "date": sentence("date"),
    "time": sentence("time"),
    "level": sentence("level"),
    "view": sentence("list"),
}


def fold(text: str) -> str:
    """The form by which words are compared: lower case, one space, no accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(c for c in plain if not unicodedata.combining(c)).split()).strip(" .!")


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
