"""The versions of an admin's own templates, in `.history/LANGUAGE/NAME/` beside them (E12)."""

from __future__ import annotations

import difflib
from datetime import datetime
from pathlib import Path

from maild.errors import NotFound
from maild.templates import three_way
from maild.templates.source import LAYOUT, file_of
from maild.versions import Version, Versions, me

__all__ = ["History", "Version", "me", "what_changed"]

LONGEST = 60  # characters of a line that tells what changed


def what_changed(old: str, new: str) -> str:
    """ "+2 -1: Hello {{ recipient.first_name }}," of two texts: lines, and the first new one."""
    lines = list(difflib.unified_diff(old.splitlines(), new.splitlines(), n=0, lineterm=""))[2:]
    added = [line[1:] for line in lines if line.startswith("+")]
    gone = [line[1:] for line in lines if line.startswith("-")]
    first = next((line.strip() for line in (*added, *gone) if line.strip()), "")
    shown = first if len(first) <= LONGEST else f"{first[:LONGEST]} …"
    return f"+{len(added)} -{len(gone)}{': ' if shown else ''}{shown}"


class History:
    """The versions of the templates in one folder."""

    def __init__(self, own: Path) -> None:
        self.own = own

    def of(self, name: str, language: str) -> Versions:
        """Those of one template."""
        kept = self.own / ".history" / (name if name == LAYOUT else f"{language}/{name}")
        return Versions(file_of(self.own, name, language), kept)

    def versions(self, name: str, language: str) -> list[Version]:
        """All of them, oldest first."""
        return self.of(name, language).all()

    def note(self, name: str, language: str) -> bool:
        """Keeps what stands in the file now, if it is new and text; True where it was."""
        return self.of(name, language).note()

    def save(
        self, name: str, language: str, text: str, by: str, at: datetime, why: str = ""
    ) -> None:
        """Puts a text in force that was checked before, in one step that readers see whole."""
        kept = self.of(name, language)
        is_new = not kept.file.is_file()
        kept.save(text, by, at, why)
        if is_new:
            three_way.remember(self.own, name, language)

    def again(self, name: str, language: str, version: Version, by: str, at: datetime) -> None:
        """Puts an earlier version back in force."""
        self.of(name, language).save(version.text, by, at)

    def before(self, name: str, language: str) -> int:
        """The number of the version before that which is in force; 0: the shipped one."""
        kept = self.of(name, language)
        return len(kept.all()) - (1 if kept.file.is_file() else 0)

    def get(self, name: str, language: str, number: int | None) -> Version:
        """The version of this number, or the one before the latest; NotFound."""
        found = self.of(name, language).get(number)
        if found is None:
            raise NotFound(
                f"There is no such version of {language}/{name}; "
                f"`maild templates history {name} --lang {language}` lists them."
            )
        return found
