"""Which files are refused: kept in the mail as it came, but neither passed on nor handed out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from maild.store.records import Note


def judged(views: Iterable[Mapping[str, Any]], kinds: Sequence[str]) -> list[dict[str, Any]]:
    """The views of a mail's files; of one that is refused `refused` is the kind that it is of.

    `kinds`: names like "*.exe" and media types like "application/x-msdownload".  What is packed
    into an attached message or winmail.dat makes that refused.
    """
    found = []
    for view in views:
        kept = {key: value for key, value in view.items() if key != "holds"}
        within = [(view["filename"], view["content_type"]), *view.get("holds", ())]
        kind = next((k for name, type_ in within if (k := _kind(name, type_, kinds))), None)
        found.append(kept if kind is None else kept | {"refused": kind})
    return found


def _kind(name: str, content_type: str, kinds: Sequence[str]) -> str | None:
    name = name.casefold().rstrip(". ")  # Windows opens "x.exe. " as x.exe
    for kind in kinds:
        of = content_type.casefold() if "/" in kind else name
        if fnmatchcase(of, kind.casefold()):
            return kind
    return None


def refused(note: Note) -> list[str]:
    """The kinds of which the note has files that are refused."""
    return list(dict.fromkeys(str(v["refused"]) for v in note.attachments if v.get("refused")))
