"""What happens on the server to messages that are safe with us: keep, move, or delete.

Only UIDs that the database holds come here, so no step can touch another's message (H13), and
every step may be done again after a crash (H1).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import structlog

from maild.ingest.imap.connection import Connection, Refusal
from maild.ingest.imap.cursor import KEYS, Cursor, chunks

log = structlog.get_logger()


class Acknowledger:
    """Does what `after` says in [[mailbox]]: "keep", "move:FOLDER" or "delete"."""

    def __init__(self, mailbox: str, after: str, cursor: Cursor) -> None:
        self._mailbox = mailbox
        self._folder = after[5:].strip() if after.startswith("move:") else None
        self.keeps = after == "keep"
        self._cursor = cursor

    def __call__(self, connection: Connection, uids: Sequence[int]) -> None:
        """Acknowledges accepted messages; Refusal where the server would not."""
        if self.keeps:
            return
        if connection.readonly:
            raise Refusal("it opens the folder only for reading")
        for some in chunks(sorted(uids), KEYS):
            if self._folder is None:
                self._delete(connection, some)
            elif connection.has("MOVE"):
                connection.move(some, connection.target(self._folder))
            else:
                self._copy_and_delete(connection, some, self._folder)
            log.info("imap.acknowledged", mailbox=self._mailbox, count=len(some))

    def _copy_and_delete(self, connection: Connection, uids: list[int], folder: str) -> None:
        """Without MOVE: what is copied is written down first, so a DELETE that fails again and
        again makes one copy, not one a try (H26)."""
        copied = self._cursor.copied()
        fresh = [uid for uid in uids if uid not in copied]
        if fresh:
            connection.copy(fresh, connection.target(folder))
            copied.update(fresh)
            self._cursor.keep_copied(copied)
        if self._delete(connection, uids):
            self._cursor.keep_copied(copied.difference(uids))

    def _delete(self, connection: Connection, uids: list[int]) -> bool:
        """True where they are gone, False where they only are marked."""
        gone = delete(connection, uids, self._cursor.known)
        if not gone:
            log.info("imap.left_marked", mailbox=self._mailbox, count=len(uids))
        return gone


def delete(
    connection: Connection, uids: Sequence[int], ours: Callable[[set[int]], Collection[int]]
) -> bool:
    """True where they are gone, False where they only are marked.

    `ours`: gives those of the marked ones that may go.
    """
    connection.mark_deleted(uids)
    if connection.has("UIDPLUS"):
        connection.expunge(uids)
        return True
    # A plain EXPUNGE removes all that anybody marked; so only when all of it is ours.
    marked = connection.marked_deleted()
    if len(ours(marked)) == len(marked):
        connection.expunge_all()
        return True
    return False
