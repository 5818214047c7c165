"""The words by which mail programs introduce a quote, read once from maild/parse/languages."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from maild.parse import wordfile
from maild.parse.fold import fold
from maild.parse.languages import by_language
from maild.parse.patterns import AnyOf, any_of

from .lines import Notable


@dataclass(frozen=True, slots=True)
class SentFrom:
    """Whole lines with a gap ("sent from my *"): how they begin and how they end."""

    opening: re.Pattern[str]  # what stands before the gap
    endings: dict[str, tuple[str, ...]]  # by opening: what may stand behind the gap
    bare_endings: tuple[str, ...]  # endings of lines that begin with the gap

    def gap(self, text: str) -> tuple[str, bool] | None:
        """What stands in the gap of this folded line, and whether words stand before it.

        None if it is no such line.
        """
        text = text.rstrip(".! ")
        opened = self.opening.match(text)
        if opened:
            for ending in self.endings[opened[0]]:
                if text.endswith(ending):
                    return text[opened.end() : len(text) - len(ending)], True
        if text.endswith(self.bare_endings):
            for ending in self.bare_endings:
                if text.endswith(ending):
                    return text[: len(text) - len(ending)], False
        return None


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The phrases of all languages, compiled.  Every pattern expects text from `fold`."""

    lead: re.Pattern[str]  # "on", "am", "le": opens an attribution line
    wrote: re.Pattern[str]  # "wrote", "schrieb": its verb
    sent: re.Pattern[str]  # "sent", "said": a verb that needs more evidence
    own: re.Pattern[str]  # "i wrote": the sender speaks, it is no attribution
    original: re.Pattern[str]  # "original message"
    forwarded: AnyOf  # "forwarded message"
    separators: frozenset[str]  # both as strings, for whole lines
    sent_from: SentFrom
    devices: re.Pattern[str]  # "iphone", "outlook"
    notable: Notable  # what a line has that is more than a sentence
    labels: dict[str, str]  # "von" → "from": header names of quoted messages


@lru_cache(maxsize=1)
def vocabulary() -> Vocabulary:
    """All languages as one vocabulary: mail programs mix them, so we do not guess which one."""

    def all_of(key: str) -> list[str]:
        return [phrase for phrases in by_language(key).values() for phrase in phrases]

    return Vocabulary(
        lead=any_of(all_of("leads")),
        wrote=any_of(all_of("wrote")),
        sent=any_of(all_of("sent")),
        own=any_of(all_of("own")),
        original=any_of(all_of("original")),
        forwarded=AnyOf(all_of("forwarded")),
        separators=frozenset(map(fold, all_of("original") + all_of("forwarded"))),
        sent_from=_sent_from(all_of("sent_from")),
        devices=any_of(clients()["devices"]),
        notable=_notable(all_of("sent_from"), all_of("original") + all_of("forwarded")),
        labels=_labels(by_language("headers").values()),
    )


@lru_cache(maxsize=1)
def clients() -> dict[str, Any]:
    """What mail programs leave behind that no language owns (clients.yaml)."""
    return wordfile.read(__package__, "clients.yaml")


def _labels(headers: Iterable[dict[str, list[str]]]) -> dict[str, str]:
    """ "von" → "from"; where languages disagree about a word, the first one has it."""
    labels: dict[str, str] = {}
    for kinds in headers:
        for kind, names in kinds.items():
            for name in names:
                labels.setdefault(fold(name), kind)
    return labels


def _notable(sent_from: list[str], separators: list[str]) -> Notable:
    """What `lines.find_notable` looks for."""
    parts = [phrase.partition("*") for phrase in sent_from]
    opening = {before for before, _, _ in parts if before} | set(map(fold, separators))
    begins = any_of({phrase.split()[0] for phrase in opening}, whole_words=False).pattern
    closing = {after for before, _, after in parts if not before}
    ends = any_of({phrase.split()[-1][::-1] for phrase in closing}, whole_words=False).pattern
    signs = re.escape(":<>[]|#")
    return Notable(
        begins=re.compile(rf"\n(?:[^\w\n]|_|{begins})"),
        holds=re.compile(rf"[{signs}][^\n]*"),
        ends=re.compile(rf"\n(?:\**--|(?:[^\w\n]|_)*(?:{ends}))"),
    )


def _sent_from(phrases: Iterable[str]) -> SentFrom:
    endings: dict[str, list[str]] = {}
    bare: list[str] = []
    for phrase in phrases:
        before, _, after = phrase.partition("*")
        if before:
            endings.setdefault(before, []).append(after)
        else:
            bare.append(after)
    return SentFrom(
        opening=any_of(endings, whole_words=False),
        endings={
            before: tuple(sorted(ends, key=len, reverse=True)) for before, ends in endings.items()
        },
        bare_endings=tuple(bare),
    )
