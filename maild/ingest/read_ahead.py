"""Mail that is read before its turn: while some are acted on, workers read the next ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

from maild.errors import MaildError
from maild.model import Mail
from maild.parse.limits import LocalReader, Reader, in_parts
from maild.spool import Mass
from maild.store.asking.lanes import Waiting

TOGETHER = 8  # mails that a worker gets at a time: who is in a hurry waits for so many


@dataclass(slots=True)
class _Part:
    """Mails that a worker reads one after the other."""

    ids: list[int]
    wait: Callable[[], list[Mail | Exception]]
    given: dict[int, Mail | Exception] = field(default_factory=dict)

    def of(self, stored_id: int) -> Mail | Exception:
        if not self.given:
            self.given = dict(zip(self.ids, self.wait(), strict=True))
        return self.given[stored_id]


class ReadAhead:
    """What is read, or being read, by the message's id.  For one thread."""

    def __init__(self, reader: Reader | LocalReader, octets: Callable[[int], Mass]) -> None:
        """`octets`: gives those of a stored message."""
        self._reader = reader
        self._octets = octets
        self._parts: dict[int, _Part] = {}

    def begin(self, some: Iterable[Waiting], *, hurried: bool = False) -> None:
        """Has these read, those that are not yet; `hurried`: before all that is begun otherwise."""
        for part in split((one for one in some if one.id not in self._parts), TOGETHER):
            octets: dict[int, Mass] = {}
            for one in part:
                self._fetch(one.id, octets)
            if octets:
                wait = self._reader.start([*octets.values()], hurried=hurried)
                self._parts |= dict.fromkeys(octets, _Part([*octets], wait))

    def _fetch(self, stored_id: int, octets: dict[int, Mass]) -> None:
        """Puts those of a message to the others; where they are damaged or away, that is what is
        read of it, and no other waits for them."""
        try:
            octets[stored_id] = self._octets(stored_id)
        except MaildError as error:
            self.put_back({stored_id: error})

    def take(self, stored_id: int) -> Mail | Exception:
        """What a message says that was begun, or why it cannot be read; waits for it."""
        return self._parts.pop(stored_id).of(stored_id)

    def put_back(self, read: Mapping[int, Mail | Exception]) -> None:
        """These were taken and not used."""
        for stored_id, mail in read.items():
            self._parts[stored_id] = _Part([stored_id], list, {stored_id: mail})

    def forget_but(self, some: Iterable[Waiting]) -> None:
        """Forgets what is read of others: they are done, or have to wait."""
        kept = {one.id for one in some}
        self._parts = {stored_id: p for stored_id, p in self._parts.items() if stored_id in kept}


def split(some: Iterable[Waiting], count: int) -> Iterator[Sequence[Waiting]]:
    """The messages in parts of so many, which end where they have many octets."""
    return in_parts(some, count, attrgetter("size"))
