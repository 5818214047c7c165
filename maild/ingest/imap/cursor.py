"""Our place in a folder: what is accepted, kept by (mailbox, UIDVALIDITY, UID) in the database.

Where the server renumbers a folder (another UIDVALIDITY, H11, or UIDs used twice, H12) the stored
messages lose their UIDs and, during the full scan that must follow, each finds its place again by
its content.  So nothing is lost, nothing is doubled, and two equal mails stay two.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from maild.errors import Temporary
from maild.ingest.accept import accept_id
from maild.ingest.imap import uidsets
from maild.store import Store
from maild.store.tables import Mailbox, Message, Setting

KEYS = 500  # of one IN (…), and of one command


@dataclass(frozen=True, slots=True)
class Fetched:
    """A message as the server gave it."""

    uid: int
    octets: bytes
    arrived: datetime | None = None  # INTERNALDATE


@dataclass(frozen=True, slots=True)
class Accepted:
    """What one commit did."""

    new: tuple[tuple[int, int], ...]  # (UID, message id) of those stored now
    known: tuple[int, ...]  # UIDs of those that were here before


@dataclass(frozen=True, slots=True)
class Place:
    """How far somebody got with a mailbox."""

    uidvalidity: int | None  # None: nobody ever looked
    last_uid: int  # all up to here are accepted, or left
    folder: str | None  # that he looked at, as the server writes it
    left: frozenset[int]  # UIDs that were too old at the first look
    before: datetime | None  # than which they were older


class Renumbered(Temporary):
    """Another daemon, or we, gave the folder a new UIDVALIDITY meanwhile: look again."""


class Cursor:
    """The place in one mailbox, by its name in maild.toml."""

    def __init__(self, store: Store, mailbox: str, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._mailbox = mailbox
        self._clock = clock
        self.uidvalidity = 0
        self._strays: bool | None = None  # stored messages that lost their place; None: not asked

    def place(self) -> Place:
        """Where we are, as the database knows it."""
        query = sa.select(Mailbox).where(Mailbox.name == self._mailbox)
        with self._store.read() as session:
            box, kept = session.scalar(query), session.get(Setting, self._left_key)
            value = kept.value if kept else {}
            return Place(
                uidvalidity=box.uidvalidity if box else None,
                last_uid=box.last_uid if box else 0,
                folder=value.get("folder"),
                left=frozenset(uidsets.read(value.get("left", ""))),
                before=datetime.fromisoformat(value["before"]) if value.get("before") else None,
            )

    def enter(
        self,
        uidvalidity: int,
        folder: str = "",
        left: Collection[int] = (),
        before: datetime | None = None,
    ) -> bool:
        """Takes the folder as it is now; True where it was renumbered.

        `left`: what is not to be taken in where the folder is new to us, as it is older than
        `before`; where another daemon was quicker, what he left counts.
        """

        def work(session: Session) -> bool:
            box = self._locked(session)
            if box.uidvalidity == uidvalidity:
                return False
            renumbered = box.uidvalidity is not None
            if renumbered:
                self._forget(session, box)
            box.uidvalidity = uidvalidity
            self._keep_left(session, folder, left, before)
            return renumbered

        renumbered = self._store.write(work)
        self.uidvalidity = uidvalidity
        return renumbered

    def _keep_left(
        self, session: Session, folder: str, left: Collection[int], before: datetime | None
    ) -> None:
        value = {
            "folder": folder,
            "left": uidsets.write(left),
            "before": before.isoformat() if before else None,
        }
        session.merge(Setting(key=self._left_key, value=value))

    @property
    def _left_key(self) -> str:
        return f"imap-left:{self._mailbox}"

    def forget(self) -> None:
        """No UID is known any more; a full scan must follow."""
        self._store.write(lambda session: self._forget(session, self._locked(session)))

    def _forget(self, session: Session, box: Mailbox) -> None:
        session.execute(
            sa.update(Message)
            .where(
                Message.mailbox == self._mailbox,
                Message.uidvalidity.is_not(None),
                Message.uid.is_not(None),
            )
            .values(uid=None)
        )
        self._strays = None
        box.last_uid = 0
        box.scanned = None  # until a full scan is complete, content finds its place (`_claim`)
        session.execute(sa.delete(Setting).where(Setting.key == self._copied_key))

    def known(self, uids: Iterable[int]) -> dict[int, tuple[int, str]]:
        """Of these UIDs those that are accepted: UID → (octets, SHA-256 in hex)."""
        found: dict[int, tuple[int, str]] = {}
        with self._store.read() as session:
            for some in chunks(uids, KEYS):
                rows = session.execute(
                    sa.select(Message.uid, Message.size, Message.sha256).where(
                        Message.mailbox == self._mailbox,
                        Message.uidvalidity == self.uidvalidity,
                        Message.uid.in_(some),
                    )
                )
                found.update((uid, (size, digest)) for uid, size, digest in rows if uid)
        return found

    def accept(self, batch: Sequence[Fetched], last_uid: int) -> Accepted:
        """Commits these messages, and that everything up to `last_uid` is accepted.

        Only when this returns may the server be told anything (H2).
        """
        now = self._clock()

        def work(session: Session) -> Accepted:
            box = self._locked(session)
            if box.uidvalidity != self.uidvalidity:
                raise Renumbered("The folder was renumbered meanwhile.")
            new, known = [], []
            claims = self._have_strays(session, box)
            for one in batch:
                if claims and self._claim(session, one):
                    known.append(one.uid)
                    continue
                stored = accept_id(
                    session,
                    mailbox=self._mailbox,
                    uidvalidity=self.uidvalidity,
                    uid=one.uid,
                    octets=one.octets,
                    now=now,
                    arrived=one.arrived,
                )
                if stored is None:
                    known.append(one.uid)
                else:
                    new.append((one.uid, stored))
            box.last_uid = max(box.last_uid, last_uid)
            return Accepted(tuple(new), tuple(known))

        return self._store.write(work)

    def scanned(self, last_uid: int) -> None:
        """A full scan is complete: nothing in the folder waits."""

        def work(session: Session) -> None:
            box = self._locked(session)
            if box.uidvalidity == self.uidvalidity:
                box.scanned = self._clock()
                box.last_uid = max(box.last_uid, last_uid)

        self._store.write(work)

    def _have_strays(self, session: Session, box: Mailbox) -> bool:
        """Whether a message may be one that we know by another UID; asked once a scan."""
        if box.scanned is not None:
            self._strays = None
            return False
        if self._strays is None:
            query = sa.select(Message.id).where(*self._stray).limit(1)
            self._strays = session.scalar(query) is not None
        return self._strays

    @property
    def _stray(self) -> tuple[sa.ColumnElement[bool], ...]:
        """Came in by this mailbox (not as a file) and has no UID."""
        return (
            Message.mailbox == self._mailbox,
            Message.uidvalidity.is_not(None),
            Message.uid.is_(None),
        )

    def _claim(self, session: Session, one: Fetched) -> bool:
        """A stored message of this content that has lost its place gets this one."""
        taken = sa.select(Message.id).where(
            Message.mailbox == self._mailbox,
            Message.uidvalidity == self.uidvalidity,
            Message.uid == one.uid,
        )
        if session.scalar(taken):
            return True
        stray = session.scalar(
            sa.select(Message.id)
            .where(Message.sha256 == hashlib.sha256(one.octets).hexdigest(), *self._stray)
            .order_by(Message.id)
            .limit(1)
        )
        if stray is None:
            return False
        session.execute(
            sa.update(Message)
            .where(Message.id == stray)
            .values(uidvalidity=self.uidvalidity, uid=one.uid)
        )
        return True

    def _locked(self, session: Session) -> Mailbox:
        """Our row, held until the commit, so that two daemons take turns (H25)."""
        query = sa.select(Mailbox).where(Mailbox.name == self._mailbox).with_for_update()
        box = session.scalar(query)
        if box is None:
            insert = (sqlite if self._store.is_sqlite else postgresql).insert(Mailbox)
            fresh = insert.values(name=self._mailbox, last_uid=0).on_conflict_do_nothing()
            session.execute(fresh)  # another daemon may start at the same moment
            box = session.scalars(query).one()
        return box

    # ---- copies made where the server has no MOVE (H26)

    @property
    def _copied_key(self) -> str:
        return f"imap-copied:{self._mailbox}"

    def copied(self) -> set[int]:
        """UIDs that were copied to their folder and still wait to be deleted here."""
        with self._store.read() as session:
            row = session.get(Setting, self._copied_key)
            if row is None or row.value.get("uidvalidity") != self.uidvalidity:
                return set()
            return set(row.value["uids"])

    def keep_copied(self, uids: set[int]) -> None:
        def work(session: Session) -> None:
            self._locked(session)
            value = {"uidvalidity": self.uidvalidity, "uids": sorted(uids)}
            session.merge(Setting(key=self._copied_key, value=value))

        self._store.write(work)


def chunks(items: Iterable[int], size: int) -> Iterator[list[int]]:
    """Lists of at most `size` items, in order."""
    iterator = iter(items)
    while some := list(islice(iterator, size)):
        yield some
