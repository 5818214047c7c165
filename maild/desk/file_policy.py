"""Which files are refused: kept in the mail as it came, but neither passed on nor handed out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from maild.config import AttachmentsSection
from maild.i18n import sentence
from maild.model import LARGEST_LOGO, Verdict
from maild.store.records import Note


def judged(views: Iterable[Mapping[str, Any]], policy: AttachmentsSection) -> list[dict[str, Any]]:
    """The views of a mail's files; of one that is refused `refused` is the kind that it is of, or
    the scanner's verdict.  What is packed into an attached message or winmail.dat refuses that.
    """
    found = []
    for view in views:
        kept = {key: value for key, value in view.items() if key != "holds"}
        within = [(view["filename"], view["content_type"]), *view.get("holds", ())]
        kinds = (_kind(name, type_, policy.refuse) for name, type_ in within)
        kind = next(filter(None, kinds), None) or _by_scanner(view.get("verdict"), policy)
        found.append(kept if kind is None else kept | {"refused": kind})
    return found


def _kind(name: str, content_type: str, kinds: Sequence[str]) -> str | None:
    name = name.casefold().rstrip(". ")  # Windows opens "x.exe. " as x.exe
    for kind in kinds:
        of = content_type.casefold() if "/" in kind else name
        if fnmatchcase(of, kind.casefold()):
            return kind
    return None


def _by_scanner(verdict: str | None, policy: AttachmentsSection) -> str | None:
    if verdict == Verdict.CLEAN or not (verdict or policy.scanner):
        return None
    return str(verdict or Verdict.PENDING)


def refused(note: Note) -> list[str]:
    """Why files of the note are refused for good."""
    kinds = dict.fromkeys(str(v["refused"]) for v in note.attachments if v.get("refused"))
    return [in_words(kind) for kind in kinds if kind != Verdict.PENDING]


def in_words(kind: str) -> str:
    """What a file is that is refused, to be translated; a name or type as it is written."""
    return sentence("infected") if kind == Verdict.INFECTED else kind


def shown_files(note: Note) -> list[Mapping[str, Any]]:
    """The files that a note brings and hands out, without the pictures of a signature."""
    return [v for v in note.attachments if not v.get("refused") and not _decorates(v)]


def _decorates(view: Mapping[str, Any]) -> bool:
    picture = view.get("inline") and str(view.get("content_type", "")).startswith("image/")
    return bool(picture) and int(view.get("size", 0)) <= LARGEST_LOGO
