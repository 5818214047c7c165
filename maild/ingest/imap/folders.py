"""Folders by the names that people write, on servers that keep them under other ones.

Some servers keep every folder below INBOX ("INBOX.Support"), some part the levels by a dot, some
by a slash, and INBOX is INBOX however it is spelled (RFC 3501 §5.1).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """One folder of a LIST answer."""

    name: str  # as the server writes it
    delimiter: str  # "" where it has none
    selectable: bool = True

    @property
    def path(self) -> Path:
        return _path(self.name, self.delimiter)


def find(wanted: str, listed: Sequence[Listed]) -> str | None:
    """The server's name of the folder that is meant; None where there is none.

    In this order: of that very name; below INBOX, or without INBOX before it; in other capitals,
    where only one folder fits.
    """
    folders = [folder for folder in listed if folder.selectable]
    for fold in (str, str.casefold):
        for rank in (_as_written, _below_inbox, _above_inbox):
            names = [f.name for f in folders if rank(_wanted(wanted, f.delimiter), f.path, fold)]
            if len(names) == 1 or (names and fold is str):
                return names[0]
    return None


def new_name(wanted: str, listed: Sequence[Listed]) -> str:
    """How a folder that is to be made is written here: where all are below INBOX, so is it."""
    others = [f for f in listed if f.path != ("INBOX",) and f.delimiter]
    delimiter = next((f.delimiter for f in (*others, *listed) if f.delimiter), "/")
    path = _wanted(wanted, delimiter)
    if path[0] != "INBOX" and others and all(f.path[0] == "INBOX" for f in others):
        path = ("INBOX", *path)
    return delimiter.join(path)


def _path(name: str, delimiter: str) -> Path:
    parts = name.split(delimiter) if delimiter else [name]
    first = "INBOX" if parts[0].casefold() == "inbox" else parts[0]
    return (first, *parts[1:])


def _wanted(name: str, delimiter: str) -> Path:
    """A slash parts levels everywhere; else whatever does on this server."""
    name = name.strip().strip('"').strip()
    slashed = "/" in name and delimiter != "/"
    return _path(name.strip("/" if slashed else delimiter or "/"), "/" if slashed else delimiter)


def _as_written(wanted: Path, path: Path, fold: Callable[[str], str]) -> bool:
    return _folded(wanted, fold) == _folded(path, fold)


def _below_inbox(wanted: Path, path: Path, fold: Callable[[str], str]) -> bool:
    return len(path) > 1 and _as_written(("INBOX", *wanted), path, fold)


def _above_inbox(wanted: Path, path: Path, fold: Callable[[str], str]) -> bool:
    return len(wanted) > 1 and _as_written(wanted, ("INBOX", *path), fold)


def _folded(path: Iterable[str], fold: Callable[[str], str]) -> Path:
    return tuple(map(fold, path))
