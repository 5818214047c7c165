"""What a mailbox holds from before we watched it, read without changing anything there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from maild.config import MailboxSection
from maild.ingest.imap.connection import opened
from maild.ingest.imap.cursor import chunks
from maild.ingest.imap.fetch import Broken, fetch, grouped
from maild.ingest.imap.wire import Patience, Stop
from maild.spool import Mass

FETCHED = 16  # messages of one FETCH


@dataclass(frozen=True, slots=True)
class OldMail:
    """One message and its place (RFC 3501 §2.3.1.1); `octets` None: the server gave none, or it
    is too large."""

    uidvalidity: int
    uid: int
    arrived: datetime | None
    octets: Mass | None


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
            fits = {uid: one for uid, one in wanted.items() if one.size <= limit}
            for uid in sorted(wanted.keys() - fits.keys()):
                yield OldMail(validity, uid, wanted[uid].arrived, None)
            for group in grouped(fits):
                for one in fetch(connection, group, wanted, limit):
                    if isinstance(one, Broken):
                        yield OldMail(validity, one.uid, wanted[one.uid].arrived, None)
                    else:
                        yield OldMail(validity, one.uid, one.arrived, one.octets)
