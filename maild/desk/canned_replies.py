"""Canned replies: texts of the desk's own that a technician sends by `#reply NAME`, filled with the
ticket's facts.

They are files beside maild.toml, `replies/LANGUAGE/NAME.md`:

    when: toner, printer            words of a ticket for which it is suggested; may be left out
    ---
    Hello {{ contact.first_name }},

    we send a new toner for {{ ticket.number }}. {{ words }}

What stands behind the name in the mail comes in the place of `{{ words }}`, or below all of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from maild.config import Settings
from maild.desk import facts, names, search_words
from maild.desk.desk import Desk
from maild.desk.known_facts import CATALOGUE
from maild.desk.language import translator
from maild.desk.notify import language_of
from maild.desk.own_addresses import answers_from
from maild.errors import UsageError
from maild.i18n import language_chain
from maild.store import asking
from maild.store.records import Person, Ticket
from maild.yamlfile import nearest

FOLDER = "replies"
FILES = "[!.]*/[!.]*.md"  # in it: LANGUAGE/NAME
WORDS = "words"
MOST = 3  # that are suggested
LONGEST = 20_000  # characters of a file
NAMES = frozenset(
    {WORDS, "contact.name", "contact.first_name", "resource.name", "resource.first_name"}
    | {f.name for f in CATALOGUE if f.name.startswith(("ticket.", "desk."))}
)
_NAME = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
_HOLE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")


@dataclass(frozen=True, slots=True)
class Reply:
    """One text in one language."""

    name: str
    language: str
    when: tuple[str, ...]
    text: str


def folder(settings: Settings) -> Path:
    """Where those are that are in force: of a broken file what it said when it was good, where the
    admins are told (`maild/own_files.py`)."""
    return _beside(settings.in_force)


@lru_cache(maxsize=8)  # asked for each mail
def _beside(place: Path) -> Path:
    return place / FOLDER


def files(place: Path) -> list[Path]:
    """Those beside a maild.toml."""
    return [file for file in sorted((place / FOLDER).glob(FILES)) if file.is_file()]


def read(file: Path) -> Reply:
    """UsageError, with file and line, where it is not as it should be."""
    return _read(file, file.stat().st_mtime_ns)


@lru_cache(maxsize=1024)
def _read(file: Path, _mtime: int) -> Reply:
    try:
        lines = file.read_text("utf-8")[:LONGEST].replace("\r\n", "\n").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read as UTF-8 text.") from error
    if not _NAME.fullmatch(file.stem):
        raise UsageError(f'{file}: "{file.stem}" is no name; write it like new-toner.md.')
    when: tuple[str, ...] = ()
    if "---" in (line.strip() for line in lines[:5]):
        at = next(index for index, line in enumerate(lines) if line.strip() == "---")
        for number, line in enumerate(lines[:at], 1):
            key, _, value = line.partition(":")
            if line.strip() and key.strip() != "when":
                raise UsageError(f"{file}, line {number}: above the --- stands only `when: words`.")
            when += tuple(word.strip() for word in value.split(",") if word.strip())
        lines = [""] * (at + 1) + lines[at + 1 :]
    for number, line in enumerate(lines, 1):
        for name in _HOLE.findall(line):
            if name not in NAMES:
                near = nearest(name, NAMES)
                raise UsageError(f'{file}, line {number}: "{name}" is not known; {near}')
    text = "\n".join(lines).strip("\n")
    if not text.strip():
        raise UsageError(f"{file} says nothing.")
    return Reply(file.stem, file.parent.name, when, text)


def problems(settings: Settings) -> list[str]:
    """What is wrong with each of the admin's files."""
    found = []
    for file in files(settings.folder):
        try:
            read(file)
        except UsageError as error:
            found.append(error.message)
    return found


def named(desk: Desk, name: str, language: str) -> Reply | None:
    """The reply of this name in this language, else the desk's, else any; None where there is none
    that can be read."""
    if not _NAME.fullmatch(name.lower()):
        return None
    return next(iter(_in_language(desk, language, f"{name.lower()}.md")), None)


def _in_language(desk: Desk, language: str, pattern: str) -> Iterator[Reply]:
    """Each reply once, in the language that its reader has."""
    place, seen = folder(desk.settings), set[str]()
    if not place.is_dir():
        return
    own = desk.settings.config.desk.language
    chain = dict.fromkeys([*language_chain(language), *language_chain(own)])
    others = (one.name for one in sorted(place.iterdir()) if one.is_dir())
    for one in dict.fromkeys([*chain, *others]):
        for file in sorted((place / one).glob(pattern)):
            if file.stem in seen:
                continue
            with suppress(UsageError, OSError):  # written at this moment; it is read again soon
                found = read(file)
                seen.add(file.stem)
                yield found


def filled(desk: Desk, reply: Reply, ticket: Ticket, by: Person, words: str) -> str:
    """The text with what is so of this ticket."""
    contact = asking.tickets.contact(desk.unit, ticket)
    known = facts.ticket_facts(desk.unit, ticket)
    front = answers_from(desk.settings.config, ticket)
    data: dict[str, Any] = {
        "ticket": known,
        "contact": _person(contact),
        "resource": _person(by),
        "desk": facts.desk_facts(desk.settings.config.desk, front),
        WORDS: words,
    }
    say = translator(desk, language_for(desk, ticket))

    def value(hole: re.Match[str]) -> str:
        found: Any = data
        for key in hole[1].split("."):
            found = found.get(key) if isinstance(found, Mapping) else None
        if isinstance(found, list):
            return ", ".join(map(str, found))
        if isinstance(found, str) and hole[1] in ("ticket.created", "ticket.due"):
            zone = desk.settings.config.desk.zone
            return say.write(datetime.fromisoformat(found).astimezone(zone))
        return "" if found is None else str(found)

    text = _HOLE.sub(value, reply.text)
    named_words = any(name == WORDS for name in _HOLE.findall(reply.text))
    text = text if named_words or not words else f"{text}\n\n{words}"
    lines = (re.sub(r"(?<=\S) +(?=[,.;:!?]|$)", "", line) for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _person(person: Person | None) -> dict[str, str]:
    name = person.name if person is not None else ""
    return {"name": name, "first_name": names.first_name(name)}


def language_for(desk: Desk, ticket: Ticket) -> str:
    """The contact's."""
    return language_of(desk, asking.tickets.contact(desk.unit, ticket))


def suggested(desk: Desk, ticket: Ticket) -> list[Reply]:
    """Those whose `when` has most of the words of the ticket; few of them, the best first."""
    if not folder(desk.settings).is_dir():
        return []
    first = asking.notes.of(desk.unit, ticket)[:1]
    said = set(search_words.cut(" ".join([ticket.title, *(note.text[:2000] for note in first)])))
    found = [
        (_score(reply.when, said), reply)
        for reply in _in_language(desk, language_for(desk, ticket), "*.md")
    ]
    best = sorted((pair for pair in found if pair[0]), key=lambda pair: (-pair[0], pair[1].name))
    return [reply for _, reply in best[:MOST]]


def _score(when: Iterable[str], said: set[str]) -> int:
    """How many of its words the ticket has; those of several words count whole."""
    return sum(set(search_words.cut(words)) <= said for words in when)
