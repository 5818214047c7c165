"""The values that the grammar gives."""

from __future__ import annotations

from dataclasses import dataclass

from maild.model import Reason


@dataclass(frozen=True, slots=True)
class Command:
    """One thing that a mail asks for."""

    name: str  # "assign"
    argument: str  # "bob"; may be ""
    written: str  # "is assigned to bob", "#assign bob", as the sender wrote it
    source: str  # subject | text
    quiet: bool = False  # its dialect sends the mail's text to nobody


@dataclass(frozen=True, slots=True)
class Unclear:
    """What looks like a command and cannot be read as one."""

    written: str
    why: str  # a sentence: what is wrong and what was perhaps meant
    source: str  # subject | text
    report: bool = False  # a command that only answers was meant


@dataclass(frozen=True, slots=True)
class Asked:
    """What a mail asks for, and what it says besides."""

    subject: str  # without phrases
    text: str  # the new text without its directives
    commands: tuple[Command, ...] = ()
    unclear: tuple[Unclear, ...] = ()
    refused: tuple[Unclear, ...] = ()  # directives that the sender has no right to
    reasons: tuple[Reason, ...] = ()  # also why a phrase does not count
    canned: str = ""  # the name of the canned reply that its text was made of

    @property
    def public(self) -> bool | None:
        """Whether the note is to be public, where the mail says so; the last word counts."""
        said = [c.name for c in self.commands if c.name in ("internal", "reply")]
        return said[-1] == "reply" if said else None

    @property
    def doubtful(self) -> bool:
        """Whether a line before its text looks like a command, or a wish, and cannot be read."""
        return any(u.source == "text" for u in self.unclear)

    def asks(self, name: str) -> bool:
        return any(c.name == name for c in self.commands)
