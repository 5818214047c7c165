"""The words by which mail programs introduce a quote, read once from languages/*.yaml."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import yaml

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C one is ten times as fast
_WITHOUT_SPACES = re.compile("[\u0e00-\u0e7f\u3040-\u9fff\uac00-\ud7af]")  # Thai, CJK, Korean


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The phrases of all languages, compiled.  Every pattern expects text from `fold`."""

    lead: re.Pattern[str]  # "on", "am", "le": opens an attribution line
    wrote: re.Pattern[str]  # "wrote", "schrieb": its verb
    sent: re.Pattern[str]  # "sent", "said": a verb that needs more evidence
    own: re.Pattern[str]  # "i wrote": the sender speaks, it is no attribution
    original: re.Pattern[str]  # "original message"
    forwarded: re.Pattern[str]  # "forwarded message"
    sent_from: re.Pattern[str]  # a whole line; its group is what stands for the *
    devices: re.Pattern[str]  # "iphone", "outlook"
    labels: dict[str, str]  # "von" → "from": header names of quoted messages


def fold(text: str) -> str:
    """Lower case, one kind of space, composed accents: the form in which phrases are compared."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def _word(phrase: str) -> str:
    """A pattern for a phrase that does not begin or end inside a word (where words have ends)."""
    pattern = re.escape(phrase)
    if _has_word_ends(phrase[0]):
        pattern = r"(?<![^\W\d])" + pattern
    if _has_word_ends(phrase[-1]):
        pattern += r"(?!\w)"
    return pattern


def _has_word_ends(character: str) -> bool:
    return character.isalpha() and not re.match(
        "[\u0e00-\u0e7f\u3040-\u9fff\uac00-\ud7af]", character
    )


def _any(phrases: Iterable[str]) -> str:
    """An alternation, the longest phrase first."""
    return "|".join(_word(fold(p)) for p in sorted(set(phrases), key=lambda p: (-len(p), p)))


def _line_with_gap(phrase: str) -> str:
    """A pattern for a whole line, in which * stands for some words (a group)."""
    before, _, after = fold(phrase).partition("*")
    gap = r"(.{1,90}?)" if "*" in phrase else r"()"
    return re.escape(before) + gap + re.escape(after)


def _read(folder: str, name: str) -> Any:
    path = files(__package__).joinpath(folder, name) if folder else files(__package__) / name
    return yaml.load(path.read_text("utf-8"), Loader=_Loader)


@lru_cache(maxsize=1)
def vocabulary() -> Vocabulary:
    """All languages as one vocabulary: mail programs mix them, so we do not guess which one."""
    folder = files(__package__).joinpath("languages")
    names = sorted(p.name for p in folder.iterdir() if p.name.endswith(".yaml"))
    languages: list[dict[str, Any]] = [_read("languages", name) for name in names]

    def all_of(key: str) -> list[str]:
        return [phrase for language in languages for phrase in language.get(key, ())]

    labels = {
        fold(label): kind
        for language in languages
        for kind, names in language["headers"].items()
        for label in names
    }
    sent_from = "|".join(_line_with_gap(p) for p in all_of("sent_from"))
    devices = _any(_read("", "clients.yaml")["devices"])
    return Vocabulary(
        lead=re.compile(_any(all_of("leads"))),
        wrote=re.compile(_any(all_of("wrote"))),
        sent=re.compile(_any(all_of("sent"))),
        own=re.compile(_any(all_of("own"))),
        original=re.compile(_any(all_of("original"))),
        forwarded=re.compile(_any(all_of("forwarded"))),
        sent_from=re.compile(rf"(?:{sent_from})[.!\s]*"),
        devices=re.compile(devices),
        labels=labels,
    )
