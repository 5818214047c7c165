"""What a mailbox holds from before we watched it, read without changing anything there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from maild.config import MailboxSection
from maild.ingest.imap.connection import opened
from maild.ingest.imap.cursor import chunks
from maild.ingest.imap.wire import Patience, Stop

FETCHED = 16  # messages of one FETCH


@dataclass(frozen=True, slots=True)
class OldMail:
    """One message and its place (RFC 3501 §2.3.1.1); `octets` None: the server gave none, or it
    is too large."""

    uidvalidity: int
    uid: int
    arrived: datetime | None
    octets: bytes | None


def old_mail(
    section: MailboxSection,
    known: Callable[[int, Sequence[int]], Collection[int]],
    limit: int,
) -> Iterator[OldMail]:
    """All messages of the folder but those that `known` gives of (UIDVALIDITY, UIDs), oldest first.

    `limit`: octets of one message.  Unavailable or Temporary where the server cannot be reached.
    """
    with opened(section, patience=Patience(), stop=Stop(), context=None) as connection:
        connection.select(readonly=True)
        validity = connection.uidvalidity
        for some in chunks(connection.uids(1), FETCHED):
            there = known(validity, some)
            wanted = connection.announced([uid for uid in some if uid not in there])
            fits = [uid for uid, one in wanted.items() if one.size <= limit]
            octets = sum(wanted[uid].size for uid in fits)
            bodies = connection.bodies(fits, octets=octets, limit=limit) if fits else {}
            for uid, one in sorted(wanted.items()):
                yield OldMail(validity, uid, one.arrived, bodies.get(uid))
