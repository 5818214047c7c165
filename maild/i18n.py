"""Sentences that know what they are made of, so that every reader gets them in their language.

    sentence("{ticket} is {status} until {when}.", ticket=…, status=…, when=…)

is the English sentence and a `str` like any other: for the log, events, JSON.  Where it is put
into a mail, `Translator.plain` writes it as `templates/LANGUAGE/sentences.yaml` translates it.

This is the one door to both halves: what reads files says its mistakes in sentences, too, so that
half lies below it (`maild.sentences`); besides those readers only what keeps sentences in the
database (`desk/alerts.py`) goes there itself.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from maild import yamlfile
from maild.errors import UsageError
from maild.sentences import BETWEEN, fill
from maild.sentences import Sentence as Sentence
from maild.sentences import Value as Value
from maild.sentences import day as day
from maild.sentences import holes as holes
from maild.sentences import lines as lines
from maild.sentences import locale as locale
from maild.sentences import moment as moment
from maild.sentences import sentence as sentence
from maild.sentences import together as together
from maild.sentences import told as told

SHIPPED = Path(__file__).parent / "templates"
NAMES_FILE = "names.yaml"  # beside it: a name of profile.yaml → what its readers say
MANUAL_FILE = "manual.yaml"  # beside it: what a notification or a name of a template is for
NAMED = ("status", "priority", "type")  # what has such names: holes of sentences, facts of tickets
FILE = "sentences.yaml"  # in a language's folder: English sentence → the same in that language

Phrases = Mapping[str, str]

# ---- in the reader's language


class Translator:
    """How sentences and dates are written for one reader."""

    def __init__(self, language: str, own: Path | None = None) -> None:
        """`own`: the admin's folder `templates`.  UsageError where a file of his is broken."""
        self.locale = locale(language)
        self.phrases = _phrases(language, own)
        self._names = names(language_chain(language), [own] if own else [])

    def write(self, value: Value, between: str = BETWEEN) -> str:
        """The value in this language; English where it is not translated."""
        if isinstance(value, Sentence):
            template = self.phrases.get(value.template)
            if template is None:
                return str(value)
            values = {hole: self._named(hole, given) for hole, given in value.values.items()}
            return fill(template, values, self.write)
        if isinstance(value, datetime):
            return moment(value, self.locale)
        if isinstance(value, date):
            return day(value, self.locale)
        if isinstance(value, str | int):
            return str(value)
        return between.join(self.write(entry) for entry in value)

    def _named(self, hole: str, value: Value) -> Value:
        """A status, priority or type as the reader calls it."""
        if hole not in NAMED or not isinstance(value, str) or isinstance(value, Sentence):
            return value
        return self._names.get(value, value)

    def called(self, name: str) -> str:
        """A name of profile.yaml, or a word of ours, as the reader calls it."""
        return self._names.get(name) or self.phrases.get(name, name)

    def plain(self, facts: Any) -> Any:
        """The same plain data, with each sentence that is in it written out."""
        if isinstance(facts, Sentence):
            return self.write(facts)
        if facts is None or isinstance(facts, str | int):
            return facts
        if isinstance(facts, Mapping):
            return {key: self.plain(entry) for key, entry in facts.items()}
        if isinstance(facts, list | tuple):
            return [self.plain(entry) for entry in facts]
        return facts


def language_chain(language: str) -> list[str]:
    """de-AT → de-at, de: the order in which to look for a language's files."""
    tag = language.strip().lower().replace("_", "-")
    safe = all(part.isalnum() for part in tag.split("-"))
    return list(dict.fromkeys([tag, base_language(tag)])) if safe else []


def base_language(tag: str) -> str:
    """ "de-AT" → "de"."""
    return tag.strip().lower().replace("_", "-").partition("-")[0]


def language_names(language: str) -> dict[str, str]:
    """What all languages are called in this one (CLDR): {"de": "German", …}."""
    return dict(locale(language).languages)


def names(wanted: Sequence[str], own: Sequence[Path]) -> dict[str, str]:
    """What statuses, priorities and types are called in these languages, the first one first."""
    return layered(NAMES_FILE, wanted, own, names_of)


@lru_cache(maxsize=16)
def manual(language: str) -> Phrases:
    """What the manual of templates says, English → this language."""
    return layered(MANUAL_FILE, language_chain(language), [], names_of)


@lru_cache(maxsize=64)
def names_of(file: Path, _mtime: int | None) -> Phrases:
    """What a file of names says; UsageError where it is broken."""
    data: Any = yamlfile.read(file) if file.is_file() else {}
    if not isinstance(data, Mapping):
        raise UsageError(f'{file}: lines like "In Progress": "In Bearbeitung" are needed.')
    return {str(key): str(value) for key, value in data.items()}


def _phrases(language: str, own: Path | None) -> Phrases:
    """The translations into this language, the admin's before ours."""
    return layered(FILE, language_chain(language), [own] if own else [], phrases_of)


@lru_cache(maxsize=64)
def in_all_languages(english: Sentence) -> frozenset[str]:
    """A word or sentence in every language that we ship."""
    files = SHIPPED.glob(f"*/{FILE}")
    found = (phrases_of(file, None).get(english.template) for file in files)
    return frozenset([str(english), *filter(None, found)])


def layered(
    name: str,
    wanted: Sequence[str],
    own: Sequence[Path],
    read: Callable[[Path, int | None], Phrases],
) -> dict[str, str]:
    """What the files of this name say, those of the first language before the next, the admin's
    before ours, of his folders the first one's; `read` is told when a file of his was changed last
    (in nanoseconds)."""
    found: dict[str, str] = {}
    for language in reversed(wanted):
        found.update(read(_place(SHIPPED, language, name), None))
        for file in (_place(folder, language, name) for folder in reversed(own)):
            changed = _changed(file)
            if changed is not None:
                found.update(read(file, changed))
    return found


def _changed(file: Path) -> int | None:
    """When it was changed last, in nanoseconds; None where there is none."""
    try:
        return file.stat().st_mtime_ns
    except (FileNotFoundError, NotADirectoryError):
        return None


def changed(language: str, own: Path) -> tuple[int | None, ...]:
    """When the admin's files for this language were changed last; another value means that what
    was read of them is old."""
    chain = language_chain(language)
    return tuple(_changed(_place(own, one, name)) for one in chain for name in (FILE, NAMES_FILE))


@lru_cache(maxsize=64)
def _place(folder: Path, language: str, name: str) -> Path:
    return folder / language / name


@lru_cache(maxsize=64)
def phrases_of(file: Path, _mtime: int | None) -> Phrases:
    """What a file translates; a translation with holes of its own is passed over.

    UsageError where it is broken.
    """
    if not file.is_file():
        return {}
    data: Any = yamlfile.read(file) or {}
    if not isinstance(data, dict):
        raise UsageError(f"{file}: `sentence: translation` on each line are needed.")
    pairs = {str(english): str(text) for english, text in data.items()}
    return {english: text for english, text in pairs.items() if holes(english) == holes(text)}


def all_problems(own: Path) -> list[str]:
    """What is wrong with an admin's files of sentences, each with file and line."""
    return [line for file in sorted(own.glob(f"[!.]*/{FILE}")) for line in problems(file)]


def problems(file: Path) -> list[str]:
    """What is wrong with one of them."""
    try:
        phrases_of(file, file.stat().st_mtime_ns)
        data = yamlfile.read(file)
    except UsageError as error:
        return [error.message]
    if not data:  # nothing but comments
        return []
    known, found = shipped(), yamlfile.Problems()
    for english, text in data.items():
        line = data.key_lines[english]
        if english not in known:
            close = difflib.get_close_matches(english, known, 1, 0.6)
            hint = f'; did you mean "{close[0]}"?' if close else "."
            found.add(file, line, f'maild never says "{english}"{hint}')
        elif holes(english) != holes(str(text)):
            names = ", ".join(f"{{{name}}}" for name in sorted(holes(english))) or "no {name}"
            found.add(file, line, f"the translation needs {names}, and no other.")
    return list(found.found)


def shipped() -> set[str]:
    """Every sentence that a translation of ours has."""
    return {english for file in SHIPPED.glob(f"*/{FILE}") for english in phrases_of(file, None)}
