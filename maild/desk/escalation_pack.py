"""What an escalation brings along, so that who gets it can begin at once (R10).

The profile says which parts are needed (`escalation_pack`).  Each stands under its heading; the
question may stand with the hypothesis.  Evidence is something that can be looked at: a file of
this mail or of the ticket, or a link.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from maild.desk import headed_text
from maild.desk.file_policy import shown_files
from maild.desk.profile import PACK
from maild.store import asking
from maild.store.records import Note, Ticket
from maild.store.unit import Unit

_SAYS = re.compile(r"\w[^\w]*\w")  # a dash or an x is no word
_LINK = re.compile(r"https?://[^\s<>]{3}|\bwww\.[^\s<>]{3}|\\\\[^\s\\]{1,80}\\\S", re.IGNORECASE)


@cache
def headings() -> Mapping[str, str]:
    """A heading, folded → the part that it begins."""
    return headed_text.headings(Path(__file__).with_name("escalation_pack.yaml"))


def lacking(unit: Unit, ticket: Ticket, note: Note | None, needed: tuple[str, ...]) -> list[str]:
    """Which of the parts that are needed a note does not bring."""
    said = headed_text.read(note.text, headings()) if note is not None else {}
    if re.search("[?？]", said.get("hypothesis", "")):
        said.setdefault("question", said["hypothesis"])
    there = {part for part, text in said.items() if _SAYS.search(text)}
    if not _shown(unit, ticket, note, said.get("evidence", "")):
        there.discard("evidence")
    return [part for part in PACK if part in needed and part not in there]


def _shown(unit: Unit, ticket: Ticket, note: Note | None, evidence: str) -> bool:
    """Whether there is something to look at."""
    notes = asking.notes.of(unit, ticket) + ([note] if note is not None else [])
    return bool(_LINK.search(evidence)) or any(shown_files(one) for one in notes)
