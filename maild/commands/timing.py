"""What stands behind `#time`: an entry, a correction of one, or taking one back.

45m remote replaced the toner          an entry
T20261123.0001 yesterday 45m           … on another ticket
25m instead of 20m                     his entry of 20 minutes was 25
-        - 20m                         his last entry, or that of 20 minutes, is none
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from maild.commands import durations
from maild.commands.durations import Worked
from maild.errors import Refused
from maild.model import TICKET_NUMBER

_TICKET = re.compile(rf"\[?({TICKET_NUMBER})\]?[:,]?\s*", re.IGNORECASE)
_MINUS = re.compile(r"[-–—]\s*(?=$|\d)")


@dataclass(frozen=True, slots=True)
class Timing:
    """What is asked for."""

    number: str | None  # of the ticket; None: that of the mail
    worked: Worked | None  # None: an entry is taken back
    instead: Worked | None = None  # which entry is meant; None: a new one, or the last


def read(text: str, now: datetime, languages: tuple[str, ...], instead: Iterable[str]) -> Timing:
    """What `text` asks for; `instead`: words for "instead of".  Refused says what is wrong."""
    number, rest = None, text.strip()
    if ticket := _TICKET.match(rest):
        number, rest = ticket[1].upper(), rest[ticket.end() :]
    if minus := _MINUS.match(rest):
        which = rest[minus.end() :]
        return Timing(number, None, durations.read(which, now, languages) if which else None)
    for word in instead:
        head, found, tail = rest.rpartition(f" {word} ")
        wrong = _whole(tail, now, languages) if found else None
        if wrong is not None:
            return Timing(number, durations.read(head, now, languages), wrong)
    return Timing(number, durations.read(rest, now, languages))


def _whole(text: str, now: datetime, languages: tuple[str, ...]) -> Worked | None:
    """The time that the whole text is; else it is talk: "the toner instead of the drum"."""
    try:
        found = durations.read(text, now, languages)
    except Refused:
        return None
    return None if found.rest else found
