"""The words of commands, read from data: words.yaml, phrases by language, dialects.

An admin adds his own beside maild.toml: commands/phrases/*.yaml and commands/dialects/*.yaml, of
the same shape.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from maild import yamlfile
from maild.errors import UsageError
from maild.parse.fold import fold, fold_word

SHIPPED = Path(__file__).parent
OWN = "commands"  # the folder beside maild.toml
KINDS = (
    "nothing", "text", "status", "resource", "priority", "queue", "type", "date", "time", "path",
    "appointment", "level", "words", "addresses", "ticket", "view", "week", "name",
)  # fmt: skip
LONGEST_SLIP = 2  # letters that a slip of the fingers changes
INTERNAL = "internal"  # the command that keeps a mail among colleagues
CHECKLIST = ("ticked", "unticked", "add")  # what can be done to an item
HOLE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Word:
    """One command: what it is called, what it takes, who may (words.yaml)."""

    name: str
    words: tuple[str, ...]  # other words for it
    keys: tuple[str, ...]  # words that count as "key: value"
    takes: str  # one of KINDS
    optional: bool  # what it takes may be left out
    optional_for: tuple[str, ...]  # … by these
    who: tuple[str, ...]  # resource, contact
    last: bool  # carried out after the others
    opens: bool  # its phrase counts in a mail that opens a ticket
    report: bool  # it only answers
    anywhere: bool  # with a ticket's number at its head it needs no ticket of its own
    follows: bool  # a mail of nothing else opens no ticket
    undo: bool  # `#undo` takes it back
    text_for: str  # whom the text beside it is for: "team", or "" where the mail decides
    alone: tuple[str, ...]  # these count without a sign, alone on a line
    help: dict[str, str]  # by language
    contact_help: dict[str, str]  # the same for contacts
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)  # each is itself: what is kept of all is found soon
class Phrase:
    """What can stand at the end of a subject."""

    say: str  # lower case, with at most one hole: "is assigned to {resource}"
    command: str
    value: str  # its argument where there is no hole; may be ""
    hole: str | None  # kind of the word in the hole
    language: str


@dataclass(frozen=True, slots=True)
class Alias:
    """Another word for a command, as another helpdesk has it."""

    word: str  # "" where it is a key
    key: str
    sign: str  # "=" where only #t=… counts
    command: str
    value: str  # its argument where the word says all
    bare: str  # unit of a bare number: "h", "m" or ""
    quiet: bool  # the text of such a mail is sent to nobody
    dialect: str


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All words of all languages."""

    commands: dict[str, Word]
    called: dict[str, Word]  # by every name and word of theirs; of two the first one's
    phrases: tuple[Phrase, ...]  # the longest first
    aliases: tuple[Alias, ...]
    guards: frozenset[str]  # before a phrase: it is talk, not a command
    joints: tuple[str, ...]  # between two phrases
    solved: frozenset[str]  # a contact's first line that says all is well
    signed_off: frozenset[str]  # a contact's first line that accepts what was done
    signed_by: frozenset[str]  # between that and his name
    closings: frozenset[str]  # lines of a signature, as `fold_word` has them
    statuses: dict[str, tuple[str, ...]]
    priorities: dict[str, str]
    work: dict[str, str]  # "on site" → "on-site"
    nobody: frozenset[str]
    me: frozenset[str]
    back: frozenset[str]  # behind #away: he is there again
    nothing: frozenset[str]  # what a field is emptied by
    last_week: frozenset[str]
    billable: dict[str, str]  # behind a time: "not billable" → "no"
    instead: tuple[str, ...]  # between the right time and the wrong one
    for_: tuple[str, ...]  # before whose time it was
    to: frozenset[str]  # before a resource: "to bob"
    checklist: dict[str, str]  # before an item: "erledigt" → "ticked"; also unticked, add
    private: frozenset[str]  # before a colon, in brackets or behind a sign: for colleagues only
    private_lines: frozenset[str]  # the same as a line of its own
    not_private: frozenset[str]  # words of their own that a slip would make of these
    private_signed: frozenset[str]  # the same behind a sign or in brackets
    with_contact: frozenset[str]  # behind the ticket of a merge: its contact reads the other too
    alone: frozenset[str]  # command words that need no sign where they are the whole line
    languages: tuple[str, ...]

    def exact(self, word: str) -> list[Word]:
        """The command of this very name, or none."""
        found = self.called.get(word)
        return [found] if found is not None else []

    def named(self, word: str) -> list[Word]:
        """The commands that `word` means: one if it is exact, else those that begin so."""
        exact = self.exact(word)
        if exact or len(word) < 3:
            return exact
        return [c for c in self.commands.values() if any(w.startswith(word) for w in
                (c.name, *c.words))]  # fmt: skip

    def whom(self, text: str) -> str:
        """ "to Bob", "an Bob" → "bob"."""
        folded = fold_word(text)
        first, _, rest = folded.partition(" ")
        return rest if rest and first in self.to else folded

    def near(self, word: str) -> str | None:
        """The command of which this is a slip of the fingers; None where it is another word."""
        known = {w: c.name for c in self.commands.values() for w in (c.name, *c.words)}
        wrong = {w: slips(word, w) for w in known if abs(len(w) - len(word)) <= LONGEST_SLIP}
        close = min(wrong, key=lambda w: wrong[w], default=None)
        most = min(max(len(word) // 4, 1), LONGEST_SLIP)
        return known[close] if close is not None and wrong[close] <= most else None


def slips(one: str, two: str) -> int:
    """Letters that are wrong, missing, too many or in the wrong order, so that the one word became
    the other (Damerau's distance)."""
    before: list[int] = []
    row = list(range(len(two) + 1))
    for i, a in enumerate(one, 1):
        row, before, last = [i], row, before
        for j, b in enumerate(two, 1):
            row.append(min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b)))
            if i > 1 and j > 1 and a == two[j - 2] and one[i - 2] == b:
                row[j] = min(row[j], last[j - 2] + 1)
    return row[-1]


EXAMPLE = '"- {say: is parked until {date}, command: defer}"'  # of an entry of phrases


def vocabulary(own: Path | None = None) -> Vocabulary:
    """The shipped words and those of the folder `own`, as they now stand.

    UsageError with file and line where one of its files is broken.
    """
    return vocabulary_of(own_files(own) if own is not None else ())


def vocabulary_of(files: Iterable[Path]) -> Vocabulary:
    """The shipped words and those of these files of an admin."""
    return _vocabulary(tuple((file, file.stat().st_mtime_ns) for file in files))


@lru_cache(maxsize=8)
def _vocabulary(own: tuple[tuple[Path, int], ...]) -> Vocabulary:
    files = [file for file, _ in own]
    try:
        return _read(files)
    except (AttributeError, KeyError, TypeError, ValueError) as error:  # of another shape than ours
        names = " or ".join(map(str, files)) or "our own words"
        raise UsageError(
            f"{names}: this is not of the shape that docs/commands.md shows ({error}). An entry "
            f"of phrases: is like {EXAMPLE}."
        ) from error


def _read(own: list[Path]) -> Vocabulary:
    languages = [_map(file) for file in _files("phrases", own)]
    commands = _translated({word.name: word for word in _words(SHIPPED / "words.yaml")}, languages)
    private = _all(languages, "private")
    return Vocabulary(
        commands=commands,
        called={w: c for c in reversed(commands.values()) for w in (c.name, *c.words)},
        phrases=tuple(
            sorted(
                (p for file, data in languages for p in _phrases(file, data, commands)),
                key=lambda phrase: (-len(HOLE.sub("", phrase.say)), phrase.hole or ""),
            )
        ),
        aliases=tuple(a for file in _files("dialects", own) for a in _aliases(file, commands)),
        guards=frozenset(_all(languages, "guards")),
        joints=tuple(_all(languages, "and")),
        solved=frozenset(_all(languages, "solved")),
        signed_off=frozenset(_all(languages, "signed_off")),
        signed_by=frozenset(_all(languages, "signed_by")),
        closings=frozenset(map(fold_word, _all(languages, "closings"))),
        statuses={
            str(name).lower(): tuple(map(str, meant))
            for _, data in languages
            for name, meant in data.get("statuses", {}).items()
        },
        priorities={
            str(name).lower(): str(meant)
            for _, data in languages
            for name, meant in data.get("priorities", {}).items()
        },
        work={
            str(word).lower(): str(kind)
            for _, data in languages
            for kind, words in data.get("work", {}).items()
            for word in words
        },
        nobody=frozenset(map(fold_word, _all(languages, "nobody"))),
        me=frozenset(map(fold_word, _all(languages, "me"))),
        back=frozenset(map(fold_word, _all(languages, "back"))),
        nothing=frozenset(map(fold_word, _all(languages, "nothing"))),
        last_week=frozenset(_all(languages, "last week")),
        billable={
            word: what
            for what, named in (("yes", "billable"), ("no", "not billable"))
            for word in _all(languages, named)
        },
        instead=tuple(_all(languages, "instead of")),
        for_=tuple(_all(languages, "for")),
        to=frozenset(map(fold_word, _all(languages, "to"))),
        checklist={word: what for what in CHECKLIST for word in _all(languages, what)},
        private=frozenset(map(fold, private)),
        private_lines=frozenset(map(fold, (*private, *_all(languages, "private lines")))),
        not_private=frozenset(map(fold, _all(languages, "not private"))),
        private_signed=frozenset(map(fold, (*private, INTERNAL, *commands[INTERNAL].words))),
        with_contact=frozenset(fold(word) for word in _all(languages, "with contact")),
        alone=frozenset(word for command in commands.values() for word in command.alone),
        languages=tuple(dict.fromkeys(file.stem for file, _ in languages)),
    )


def own_folder(beside: Path) -> Path | None:
    """The admin's folder of words beside maild.toml, if there is one."""
    folder = _own(beside)
    return folder if folder.is_dir() else None


@lru_cache(maxsize=8)  # asked for each mail
def _own(beside: Path) -> Path:
    return beside / OWN


# ---- reading


def own_files(own: Path) -> list[Path]:
    """The files of words in an admin's folder."""
    return [
        file for kind in ("phrases", "dialects") for file in sorted((own / kind).glob("*.yaml"))
    ]


def _files(kind: str, own: list[Path]) -> list[Path]:
    shipped = sorted((SHIPPED / kind).glob("*.yaml"))
    return [*shipped, *(file for file in own if file.parent.name == kind)]


def _map(file: Path) -> tuple[Path, dict[str, Any]]:
    data = yamlfile.read(file) or {}
    if not isinstance(data, dict):
        raise UsageError(f"{file}: phrases:, guards: and the like are needed.")
    return file, data


def _all(languages: list[tuple[Path, dict[str, Any]]], key: str) -> list[str]:
    found = (str(word).lower() for _, data in languages for word in data.get(key) or ())
    return list(dict.fromkeys(found))


def _words(file: Path) -> Iterator[Word]:
    for entry in yamlfile.read(file):
        if entry.get("takes") not in KINDS:
            raise UsageError(
                f"{file}, line {yamlfile.line_of(entry)}: takes: must be one of {', '.join(KINDS)}."
            )
        yield Word(
            name=str(entry["name"]),
            words=_texts(entry, "words"),
            keys=_texts(entry, "keys"),
            takes=str(entry["takes"]),
            optional=bool(entry.get("optional")),
            optional_for=_texts(entry, "optional_for"),
            who=_texts(entry, "who"),
            last=bool(entry.get("last")),
            opens=bool(entry.get("opens")),
            report=bool(entry.get("report")),
            anywhere=bool(entry.get("anywhere")),
            follows=bool(entry.get("follows")),
            undo=bool(entry.get("undo")),
            text_for=str(entry.get("text_for", "")),
            alone=_texts(entry, "alone"),
            help=_lines(entry["help"]),
            contact_help=_lines(entry.get("contact_help") or entry["help"]),
            examples=_texts(entry, "examples"),
        )


def _lines(entry: dict[str, Any]) -> dict[str, str]:
    return {str(language): str(line) for language, line in entry.items()}


def _translated(
    commands: dict[str, Word], languages: list[tuple[Path, dict[str, Any]]]
) -> dict[str, Word]:
    """The commands with the words of all languages."""
    for file, data in languages:
        for name, words in (data.get("words") or {}).items():
            _known({"command": name}, file, commands)
            more = (*commands[name].words, *(str(word).lower() for word in words))
            commands[name] = replace(commands[name], words=tuple(dict.fromkeys(more)))
    return commands


def _texts(entry: dict[str, Any], key: str) -> tuple[str, ...]:
    return tuple(map(str, entry.get(key) or ()))


def _phrases(file: Path, data: dict[str, Any], commands: dict[str, Word]) -> Iterator[Phrase]:
    for entry in data.get("phrases") or ():
        say = " ".join(str(entry.get("say", "")).lower().split())
        holes = HOLE.findall(say)
        if not say or len(holes) > 1 or any(hole not in KINDS for hole in holes):
            raise UsageError(
                f"{file}, line {yamlfile.line_of(entry)}: say: needs a phrase with at most one "
                f"hole of {', '.join('{' + kind + '}' for kind in KINDS[2:])}, like "
                f"{EXAMPLE}."
            )
        yield Phrase(
            say=say,
            command=_known(entry, file, commands),
            value=str(entry.get("value", "")),
            hole=holes[0] if holes else None,
            language=file.stem,
        )


def _aliases(file: Path, commands: dict[str, Word]) -> Iterator[Alias]:
    for entry in yamlfile.read(file) or ():
        yield Alias(
            word=str(entry.get("word", "")).lower(),
            key=str(entry.get("key", "")).lower(),
            sign=str(entry.get("sign", "")),
            command=_known(entry, file, commands),
            value=str(entry.get("value", "")),
            bare=str(entry.get("bare", "")),
            quiet=bool(entry.get("quiet")),
            dialect=file.stem,
        )


def _known(entry: Any, file: Path, commands: dict[str, Word]) -> str:
    name = str(entry.get("command", ""))
    if name not in commands:
        close = difflib.get_close_matches(name, commands, 1)
        hint = f"did you mean {close[0]}?" if close else f"possible: {', '.join(commands)}."
        raise UsageError(f'{file}, line {yamlfile.line_of(entry)}: "{name}" is no command; {hint}')
    return name
