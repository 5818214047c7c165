"""Our place in a folder: what is accepted, kept by (mailbox, UIDVALIDITY, UID) in the database.

Where the server renumbers a folder (another UIDVALIDITY, H11, or UIDs used twice, H12) the stored
messages lose their UIDs and, during the full scan that must follow, each finds its place again by
its content.  So nothing is lost, nothing is doubled, and two equal mails stay two.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from maild.errors import Temporary
from maild.ingest import lanes, oversize
from maild.ingest.accept import keep
from maild.ingest.imap import uidsets
from maild.spool import Mass, digest
from maild.store import Store, asking
from maild.store.packing import Kept, for_mail
from maild.store.records import Mailbox
from maild.store.unit import Unit

KEYS = 500  # of one IN (…), and of one command


@dataclass(frozen=True, slots=True)
class Fetched:
    """A message as the server gave it."""

    uid: int
    octets: Mass
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
        with self._store.look() as unit:
            box = asking.mailboxes.known(unit, self._mailbox)
            value = asking.settings.kept(unit, self._left_key) or {}
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

        def work(unit: Unit) -> bool:
            box = asking.mailboxes.named(unit, self._mailbox)
            if box.uidvalidity == uidvalidity:
                return False
            renumbered = box.uidvalidity is not None
            if renumbered:
                self._forget(unit, box)
            unit.change(box, uidvalidity=uidvalidity)
            self._keep_left(unit, folder, left, before)
            return renumbered

        renumbered = self._store.act(work)
        self.uidvalidity = uidvalidity
        return renumbered

    def _keep_left(
        self, unit: Unit, folder: str, left: Collection[int], before: datetime | None
    ) -> None:
        value = {
            "folder": folder,
            "left": uidsets.write(left),
            "before": before.isoformat() if before else None,
        }
        asking.settings.keep(unit, self._left_key, value)

    @property
    def _left_key(self) -> str:
        return f"imap-left:{self._mailbox}"

    def forget(self) -> None:
        """No UID is known any more; a full scan must follow."""
        self._store.act(
            lambda unit: self._forget(unit, asking.mailboxes.named(unit, self._mailbox))
        )

    def _forget(self, unit: Unit, box: Mailbox) -> None:
        asking.messages.lose_places(unit, self._mailbox)
        self._strays = None
        # Until a full scan is complete, content finds its place (`_claim`).
        unit.change(box, last_uid=0, scanned=None)
        asking.settings.forget(unit, self._copied_key)

    def known(self, uids: Iterable[int]) -> dict[int, tuple[int, str]]:
        """Of these UIDs those that are accepted: UID → (octets, SHA-256 in hex)."""
        found: dict[int, tuple[int, str]] = {}
        with self._store.look() as unit:
            for some in chunks(uids, KEYS):
                found |= self._places(unit, some)
        return found

    def _places(self, unit: Unit, uids: list[int]) -> dict[int, tuple[int, str]]:
        return asking.messages.places(unit, self._mailbox, self.uidvalidity, uids)

    def accept(self, batch: Sequence[Fetched], last_uid: int) -> Accepted:
        """Commits these messages, and that everything up to `last_uid` is accepted.

        Only when this returns may the server be told anything (H2).
        """
        now = self._clock()
        packed = {one.uid: for_mail(one.octets) for one in batch}

        def work(unit: Unit) -> Accepted:
            box = asking.mailboxes.named(unit, self._mailbox)
            if box.uidvalidity != self.uidvalidity:
                raise Renumbered("The folder was renumbered meanwhile.")
            new: list[Fetched] = []
            known: list[int] = []
            there = set(self._places(unit, [one.uid for one in batch]))
            claims = self._have_strays(unit, box)
            for one in batch:
                if one.uid in there or (claims and self._claim(unit, one)):
                    known.append(one.uid)
                else:
                    new.append(one)
                there.add(one.uid)
            unit.change(box, last_uid=max(box.last_uid, last_uid))
            return Accepted(self._keep(unit, new, packed, now), tuple(known))

        return self._store.act(work)

    def _keep(
        self, unit: Unit, new: Sequence[Fetched], packed: Mapping[int, Kept], now: datetime
    ) -> tuple[tuple[int, int], ...]:
        coming = [lanes.Newcomer(one.octets, one.arrived) for one in new]
        waits = lanes.places(unit, self._mailbox, coming, now) if new else []
        kept = []
        for one, place in zip(new, waits, strict=True):
            at = self._mailbox, self.uidvalidity, one.uid
            stored = keep(unit, *at, one.octets, now, one.arrived, place, packed[one.uid])
            kept.append((one.uid, stored.id))
        return tuple(kept)

    def stand_in(self, octets: bytes, size: int, arrived: datetime | None) -> bool:
        """Accepts what stands for a mail that is too large, which has no place itself; whether
        it is new."""

        def work(unit: Unit) -> bool:
            asking.mailboxes.named(unit, self._mailbox)  # held: two daemons take turns
            return oversize.accept(unit, self._mailbox, octets, size, self._clock(), arrived)

        return self._store.act(work)

    def scanned(self, last_uid: int) -> None:
        """A full scan is complete: nothing in the folder waits."""

        def work(unit: Unit) -> None:
            box = asking.mailboxes.named(unit, self._mailbox)
            if box.uidvalidity == self.uidvalidity:
                unit.change(box, scanned=self._clock(), last_uid=max(box.last_uid, last_uid))

        self._store.act(work)

    def _have_strays(self, unit: Unit, box: Mailbox) -> bool:
        """Whether a message may be one that we know by another UID; asked once a scan."""
        if box.scanned is not None:
            self._strays = None
            return False
        if self._strays is None:
            self._strays = asking.messages.stray(unit, self._mailbox) is not None
        return self._strays

    def _claim(self, unit: Unit, one: Fetched) -> bool:
        """A stored message of this content that has lost its place gets this one."""
        stray = asking.messages.stray(unit, self._mailbox, digest(one.octets))
        if stray is not None:
            unit.change(stray, uidvalidity=self.uidvalidity, uid=one.uid)
        return stray is not None

    # ---- copies made where the server has no MOVE (H26)

    @property
    def _copied_key(self) -> str:
        return f"imap-copied:{self._mailbox}"

    def copied(self) -> set[int]:
        """UIDs that were copied to their folder and still wait to be deleted here."""
        with self._store.look() as unit:
            value = asking.settings.kept(unit, self._copied_key)
            if value is None or value.get("uidvalidity") != self.uidvalidity:
                return set()
            return set(value["uids"])

    def keep_copied(self, uids: set[int]) -> None:
        def work(unit: Unit) -> None:
            asking.mailboxes.named(unit, self._mailbox)  # held: two daemons take turns
            value = {"uidvalidity": self.uidvalidity, "uids": sorted(uids)}
            asking.settings.keep(unit, self._copied_key, value)

        self._store.act(work)


def chunks(items: Iterable[int], size: int) -> Iterator[list[int]]:
    """Lists of at most `size` items, in order."""
    iterator = iter(items)
    while some := list(islice(iterator, size)):
        yield some
