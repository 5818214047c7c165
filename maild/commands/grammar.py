"""Text → commands: the phrases at the end of a subject (E6)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from maild import yamlfile

PHRASES = Path(__file__).parent / "phrases"
FORWARD = re.compile(r"^\s*(fwd?|wg|tr|rv)\s*:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Command:
    """One thing that a mail asks for."""

    name: str  # "complete"
    argument: str  # "bob" of "is assigned to bob"; may be ""
    written: str  # "is resolved", as the sender wrote it


@dataclass(frozen=True, slots=True)
class Phrase:
    say: str  # lower case
    command: str
    takes: str | None  # what follows it


@cache
def phrases() -> tuple[Phrase, ...]:
    """All phrases of all languages, the longest first."""
    found = [
        Phrase(str(entry["say"]).lower(), str(entry["command"]), entry.get("takes"))
        for file in sorted(PHRASES.glob("*.yaml"))
        for entry in yamlfile.read(file)
    ]
    return tuple(sorted(found, key=lambda phrase: -len(phrase.say)))


def read_subject(subject: str) -> tuple[str, Command | None]:
    """The subject without its phrase, and the command that the phrase means, if there is one."""
    if FORWARD.match(subject):
        return subject, None
    for phrase in phrases():
        tail = r"\s+(?P<argument>\S[^?]{0,80})" if phrase.takes else r"(?P<argument>)"
        pattern = rf"(?:^|\s)(?P<written>{re.escape(phrase.say)}{tail})[\s.!]*$"
        match = re.search(pattern, subject, re.IGNORECASE)
        if match:
            command = Command(phrase.command, match["argument"].strip(" ."), match["written"])
            return subject[: match.start()].rstrip(" -–:,"), command
    return subject, None
