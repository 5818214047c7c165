"""The files of a note, passed on to who is told of it, where the admin allows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import TypeAlias

import structlog

from maild.desk.passed_on import fitting
from maild.errors import MaildError
from maild.outbox import message
from maild.spool import Mass
from maild.store import asking
from maild.store.records import Note
from maild.store.unit import Unit

log = structlog.get_logger()

# Gives the octets of one part of a message; bounded, as the message may be hostile.
Extract: TypeAlias = Callable[[Mass, int], bytes]


def of_note(
    unit: Unit, note_id: int, limit: int, extract: Extract, shown: Sequence[str | None] = ()
) -> list[message.Part]:
    """Its attachments, in their order, as long as all together stay below `limit` octets.

    `shown`: of each the Content-ID by which the text shows it, or None.  A file that cannot be had
    is left out; the mail names it all the same.
    """
    note = unit.get(Note, note_id)
    fit = fitting(note.attachments, limit) if note is not None else []
    octets = asking.messages.octets(unit, note.stored_id) if note is not None and any(fit) else b""
    if note is None or not octets:
        return []
    found = []
    for view, fits, content_id in zip_longest(note.attachments, fit, shown[: len(fit)]):
        if not fits:
            continue
        try:
            content = extract(octets, view["part"])
        except (MaildError, ValueError, LookupError) as error:
            log.warning("outbox.file", note=note_id, part=view["part"], error=type(error).__name__)
            continue
        found.append(message.file(content, view["content_type"], view["filename"], content_id))
    return found
