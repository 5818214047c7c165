"""The files of a note, passed on to who is told of it, where the admin allows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from maild.errors import MaildError
from maild.outbox import message
from maild.store.tables import Note, Raw

log = structlog.get_logger()

# Gives the octets of one part of a message; bounded, as the message may be hostile.
Extract: TypeAlias = Callable[[bytes, int], bytes]


def of_note(session: Session, note_id: int, limit: int, extract: Extract) -> list[message.Part]:
    """Its attachments, in their order, as long as all together stay below `limit` octets.

    A file that cannot be had is left out; the mail names it all the same.
    """
    note = session.get(Note, note_id)
    octets = session.scalar(
        sa.select(Raw.octets).join(Note, Note.stored_id == Raw.stored_id).where(Note.id == note_id)
    )
    if note is None or octets is None:
        return []
    found, left = [], limit
    for view in note.attachments:
        if view["size"] > left:
            continue
        left -= view["size"]
        try:
            content = extract(octets, view["part"])
        except (MaildError, ValueError, LookupError) as error:
            log.warning("outbox.file", note=note_id, part=view["part"], error=type(error).__name__)
            continue
        found.append(message.file(content, view["content_type"], view["filename"], None))
    return found
