"""Every version of a file of the admin's that was ever in force, with who and when (E12).

They are files in a folder of their own, `TIME-WHO.md`, so that nothing but a pager is needed to
read them; why it was written stands in `TIME-WHO.why` beside it, where somebody said so.
"""

from __future__ import annotations

import os
import pwd
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

_NAME = re.compile(r"(\d{8}T\d{6}\.\d{3})Z-(.*)\.\w+")


@dataclass(frozen=True, slots=True)
class Version:
    """One version that was in force once."""

    number: int  # 1 is the oldest
    at: datetime  # since when
    by: str  # who wrote it
    text: str
    why: str = ""  # in his words


@dataclass(frozen=True, slots=True)
class Versions:
    """The versions of one file."""

    file: Path
    folder: Path  # where they are kept

    def all(self) -> list[Version]:
        """All of them, oldest first."""
        found: list[Version] = []
        for file in sorted(self.folder.glob(f"*{self.file.suffix}")):
            if match := _NAME.fullmatch(file.name):
                at = datetime.strptime(match[1], "%Y%m%dT%H%M%S.%f").replace(tzinfo=UTC)
                why = file.with_suffix(".why")
                said = why.read_text("utf-8") if why.is_file() else ""
                text = file.read_text("utf-8")
                found.append(Version(len(found) + 1, at, match[2], text, said))
        return found

    def note(self) -> bool:
        """Keeps what stands in the file now, if it is new and text; True where it was."""
        try:
            text = self.file.read_text("utf-8")
        except UnicodeDecodeError:
            return False
        known = self.all()
        if known and known[-1].text == text:
            return False
        status = self.file.stat()
        self._keep(text, _owner(status.st_uid), status.st_mtime)
        return True

    def save(self, text: str, by: str, at: datetime, why: str = "") -> None:
        """Puts a text in force that was checked before, in one step that readers see whole."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        if self.file.is_file():
            self.note()  # what is replaced can be had again
        replace_text(self.file, text)
        self._keep(text, by, at.timestamp(), why)

    def get(self, number: int | None) -> Version | None:
        """The version of this number, or the one before the latest; None where there is none."""
        known = self.all()
        wanted = number if number is not None else len(known) - 1
        return known[wanted - 1] if 1 <= wanted <= len(known) else None

    def _keep(self, text: str, by: str, at: float, why: str = "") -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        last = self.all()[-1:]
        # the clock may be set back; versions keep their order all the same
        at = max([at, *(version.at.timestamp() + 0.001 for version in last)])
        stamp = datetime.fromtimestamp(at, UTC).strftime("%Y%m%dT%H%M%S.%f")[:-3]
        who = re.sub(r"[^\w.@+ -]", "", by) or "unknown"
        kept = self.folder / f"{stamp}Z-{who}{self.file.suffix}"
        kept.write_text(text, "utf-8")
        if why:
            kept.with_suffix(".why").write_text(why, "utf-8")


def replace_text(file: Path, text: str) -> None:
    """Writes a file in one step that readers see whole; who may read it stays as it was."""
    beside = file.with_suffix(".new")
    beside.write_text(text, "utf-8")
    if file.is_file():
        beside.chmod(file.stat().st_mode & 0o777)
    beside.replace(file)


def me() -> str:
    """Who runs this program."""
    return _owner(os.getuid())


def _owner(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
