"""Every version of an admin's own template that was ever in force, with who and when (E12).

They are files beside the templates, `.history/LANGUAGE/NAME/TIME-WHO.md`, so that nothing but a
pager is needed to read them.
"""

from __future__ import annotations

import os
import pwd
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from maild.errors import NotFound

_NAME = re.compile(r"(\d{8}T\d{6}\.\d{3})Z-(.*)\.md")


@dataclass(frozen=True, slots=True)
class Version:
    """One version that was in force once."""

    number: int  # 1 is the oldest
    at: datetime  # since when
    by: str  # who wrote it
    text: str


class History:
    """The versions of the templates in one folder."""

    def __init__(self, own: Path) -> None:
        self.own = own

    def versions(self, name: str, language: str) -> list[Version]:
        """All of them, oldest first."""
        found: list[Version] = []
        for file in sorted(self._folder(name, language).glob("*.md")):
            if match := _NAME.fullmatch(file.name):
                at = datetime.strptime(match[1], "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC)
                found.append(Version(len(found) + 1, at, match[2], file.read_text("utf-8")))
        return found

    def note(self, name: str, language: str) -> bool:
        """Keeps what stands in the file now, if it is new and text; True where it was."""
        file = self._file(name, language)
        try:
            text = file.read_text("utf-8")
        except UnicodeDecodeError:
            return False
        known = self.versions(name, language)
        if known and known[-1].text == text:
            return False
        status = file.stat()
        self._keep(name, language, text, _owner(status.st_uid), status.st_mtime)
        return True

    def save(self, name: str, language: str, text: str, by: str, at: datetime) -> None:
        """Puts a text in force that was checked before, in one step that readers see whole."""
        file = self._file(name, language)
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.is_file():
            self.note(name, language)  # what is replaced can be had again
        beside = file.with_suffix(".new")
        beside.write_text(text, "utf-8")
        beside.replace(file)
        self._keep(name, language, text, by, at.timestamp())

    def get(self, name: str, language: str, number: int | None) -> Version:
        """The version of this number, or the one before the latest; NotFound."""
        known = self.versions(name, language)
        wanted = number if number is not None else len(known) - 1
        if not 1 <= wanted <= len(known):
            raise NotFound(
                f"There is no such version of {language}/{name}; "
                f"`maild templates history {name} --lang {language}` lists them."
            )
        return known[wanted - 1]

    def _keep(self, name: str, language: str, text: str, by: str, at: float) -> None:
        folder = self._folder(name, language)
        folder.mkdir(parents=True, exist_ok=True)
        last = self.versions(name, language)[-1:]
        # the clock may be set back; versions keep their order all the same
        at = max([at, *(version.at.timestamp() + 0.001 for version in last)])
        stamp = datetime.fromtimestamp(at, UTC).strftime("%Y%m%dT%H%M%S.%f")[:-3]
        who = re.sub(r"[^\w.@+ -]", "", by) or "unknown"
        (folder / f"{stamp}Z-{who}.md").write_text(text, "utf-8")

    def _folder(self, name: str, language: str) -> Path:
        return self.own / ".history" / language / name

    def _file(self, name: str, language: str) -> Path:
        return self.own / language / f"{name}.md"


def me() -> str:
    """Who runs this program."""
    return _owner(os.getuid())


def _owner(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
