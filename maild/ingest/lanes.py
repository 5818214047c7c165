"""Where a message waits, written when it is accepted: so nobody sorts what waits.

    COMMAND   technicians' mail
    KNOWN     what customers whom we know have just sent
    FRESH     what else has just come
    BACKLOG   all else
    LAST      of a sender who has sent more than MANY within the hour (H68)

A lane before the backlog has room for some mails of each mailbox and of each sender, and for who
has nothing there some more; of whom several wait in the backlog already, who comes is not fresh. So
what a flood brings waits in the backlog, and who writes meanwhile goes before it.  A From that is
forged gains a place there and nothing else.  Within a lane mailboxes take turns: each mail's turn
is one after the last of its mailbox, and none before the one that is served.

What belongs to one conversation keeps its order: who comes takes those that wait before him along
to his own place, or waits behind them where they are many.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from maild.desk.numbers import numbers_in
from maild.model import Lane, Role
from maild.parse.first_look import FirstLook, first_look
from maild.spool import Mass
from maild.store import asking
from maild.store.records import Message
from maild.store.types import keyed
from maild.store.unit import Unit

JUST = timedelta(minutes=5)  # since it came to its server
MANY = 300  # mails of one sender in an hour; what he sends beyond waits for everybody else's
NUMBERS = 3  # of one subject that are looked up


@dataclass(frozen=True, slots=True)
class Room:
    """How many mails a lane holds before it is full."""

    mailbox: int
    sender: int
    first: int  # of a mailbox, where the sender has none in it


ROOM = {
    Lane.COMMAND: Room(100, 20, 100),
    Lane.KNOWN: Room(40, 4, 200),
    Lane.FRESH: Room(40, 4, 200),
}
SEVERAL = 2


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A message that is accepted."""

    octets: Mass
    arrived: datetime | None  # at its server; None: it has just come


@dataclass(slots=True)
class Place:
    """Where it waits, and what it says of itself."""

    lane: Lane
    turn: int
    conversation: int | None
    message_id: str | None
    sender: str | None


def places(unit: Unit, mailbox: str, some: Sequence[Newcomer], now: datetime) -> list[Place]:
    """The place of each, in the order in which they come; some that wait already are moved."""
    looks = [first_look(one.octets) for one in some]
    talks = _conversations(unit, looks)
    crowd = _Crowd(unit, mailbox, {look.sender for look in looks if look.sender}, now)
    found = []
    for one, look, talk in zip(some, looks, talks, strict=True):
        just = one.arrived is None or now - one.arrived < JUST
        place = crowd.place(look, talk, just=just)
        crowd.lead(place)
        found.append(place)
    return found


class _Crowd:
    """Who waits in the lanes, with those who come now."""

    def __init__(self, unit: Unit, mailbox: str, senders: set[str], now: datetime) -> None:
        self._unit, self._now = unit, now
        self._known = asking.lanes.known(unit, senders)
        asking.counters.so_far(unit, map(_counted, senders), now)
        self._behind = Counter(asking.lanes.behind(unit, senders))
        self._of_sender = Counter(asking.lanes.others(unit, mailbox))
        self._of_lane: Counter[Lane] = Counter()
        for (lane, _), count in self._of_sender.items():
            self._of_lane[lane] += count
        self._turns = asking.lanes.next_turns(unit, mailbox)
        self._with: dict[int, list[Place]] = {}  # of those who come now, by conversation

    def place(self, look: FirstLook, talk: int | None, *, just: bool) -> Place:
        """A place at the end of the first lane that is his and has room."""
        sender = keyed(look.sender) if look.sender else None
        *wanted, last = self._lanes(look.sender, just=just)
        lane = next((one for one in wanted if self._has_room(one, sender)), last)
        self._of_lane[lane] += 1
        self._of_sender[lane, sender] += 1
        self._behind[look.sender] += lane >= Lane.BACKLOG
        turn = self._turns[lane]
        self._turns[lane] += 1
        return Place(lane, turn, talk, look.message_id, look.sender)

    def _lanes(self, sender: str | None, *, just: bool) -> list[Lane]:
        """Those that are his, the first one first; the last one has room for all."""
        role = self._known.get(sender or "")
        found = [Lane.COMMAND] if role == Role.RESOURCE else []
        if sender and self._over(sender):
            return [*found, Lane.LAST]
        just = just and self._behind[sender] < SEVERAL
        found += [Lane.KNOWN] if just and role == Role.CONTACT else []
        found += [Lane.FRESH] if just else []
        return [*found, Lane.BACKLOG]

    def _over(self, sender: str) -> bool:
        """Whether he has sent very much within the hour; this mail is counted."""
        key = _counted(sender)
        in_hour, _ = asking.counters.so_far(self._unit, [key], self._now)[key]
        asking.counters.count(self._unit, [key], self._now)
        return in_hour >= MANY

    def _has_room(self, lane: Lane, sender: str | None) -> bool:
        room, own, there = ROOM[lane], self._of_sender[lane, sender], self._of_lane[lane]
        return own < room.sender and there < (room.mailbox if own else room.first)

    def lead(self, place: Place) -> None:
        """Keeps the order of a conversation: its earlier mail comes along, or he waits behind."""
        if place.conversation is None:
            return
        coming = self._with.setdefault(place.conversation, [])
        earlier: list[Message | Place] = list(coming)
        earlier += asking.lanes.together(self._unit, place.conversation)
        late = [one for one in earlier if _at(one) > _at(place)]
        if len(earlier) > asking.lanes.MOST:
            place.lane, place.turn = max([_at(place), *map(_at, late)])
        else:
            for one in late:
                self._move(one, place)
        coming.append(place)

    def _move(self, one: Message | Place, place: Place) -> None:
        if isinstance(one, Place):
            one.lane, one.turn = place.lane, place.turn
        else:
            self._unit.change(one, lane=place.lane, turn=place.turn)


def _at(one: Message | Place) -> tuple[Lane, int]:
    return Lane(one.lane), one.turn


def _counted(sender: str) -> str:
    return f"came:{sender}"


# ---- which belong together


def _conversations(unit: Unit, looks: Sequence[FirstLook]) -> list[int | None]:
    """The conversation of each: that of the nearest mail that we know, of the ticket that it names,
    or of where its thread began."""
    ids = sorted({keyed(i) for look in looks for i in look.answers})
    known = asking.lanes.came(unit, ids) if ids else {}
    numbers = {number for look in looks for number in numbers_in(look.subject)[:NUMBERS]}
    tickets = asking.lanes.of_tickets(unit, ids, sorted(numbers)) if ids or numbers else {}
    known |= {
        name: talk if talk is not None else _number(f"ticket {ticket}")
        for name, (ticket, talk) in tickets.items()
        if name not in known
    }
    found = []
    for look in looks:
        names = (*map(keyed, look.answers), *numbers_in(look.subject)[:NUMBERS])
        root = _number(look.root) if look.root else None
        talk = next((known[name] for name in names if name in known), root)
        if look.message_id and talk is not None:  # for those of the batch that answer it
            known.setdefault(keyed(look.message_id), talk)
        found.append(talk)
    return found


def _number(name: str) -> int:
    """A whole number of 63 bits for a name."""
    return int.from_bytes(hashlib.sha256(keyed(name).encode()).digest()[:8], "big") >> 1
