"""Fetching whole messages, or none: what is short, empty or missing is never taken (H6, H7)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from maild.errors import MaildError
from maild.ingest.imap.connection import Announced, Connection, Refusal, TooLarge
from maild.ingest.imap.cursor import Fetched
from maild.ingest.imap.failures import Busy
from maild.spool import Mass, NoRoom, Spool

TOGETHER_OCTETS = 4_000_000  # of messages fetched by one command and committed together
TOGETHER_COUNT = 100
PART_OCTETS = 4_000_000  # larger messages come in parts and go to a file: memory is flat


class Broken(Exception):
    """This one message could not be fetched; the connection stands."""

    def __init__(self, uid: int, why: str) -> None:
        super().__init__(why)
        self.uid = uid
        self.why = why


class Interrupted(Exception):
    """The connection was lost, or is spoilt, over these UIDs; one of them may be the cause."""

    def __init__(self, uids: Sequence[int], error: MaildError | TooLarge) -> None:
        super().__init__(str(error))
        self.uids = tuple(uids)
        self.error = error


def grouped(announced: dict[int, Announced]) -> Iterator[list[int]]:
    """UIDs in order, in groups that fit into memory together; a large message is alone."""
    group: list[int] = []
    octets = 0
    for uid in sorted(announced):
        size = announced[uid].size
        full = octets + size > TOGETHER_OCTETS or len(group) == TOGETHER_COUNT
        if group and full:
            yield group
            group, octets = [], 0
        group.append(uid)
        octets += size
    if group:
        yield group


def fetch(
    connection: Connection, uids: list[int], announced: dict[int, Announced], limit: int
) -> Iterator[Fetched | Broken]:
    """The messages of one group, each whole or said to be broken; Interrupted when that ends."""
    try:
        octets = sum(announced[uid].size for uid in uids)
        bodies = _bodies(connection, uids, octets, limit)
        for uid in uids:
            one = announced[uid]
            whole = _whole(connection, uid, one.size, bodies.pop(uid, None), limit)
            yield whole if isinstance(whole, Broken) else Fetched(uid, whole, one.arrived)
    except (Busy, NoRoom):  # no message is to blame
        raise
    except (MaildError, TooLarge) as error:
        raise Interrupted(uids, error) from error


def _bodies(
    connection: Connection, uids: list[int], octets: int, limit: int
) -> dict[int, bytes | None]:
    """UID → body; one that the server refuses spoils the command, so then each is asked alone."""
    if octets > PART_OCTETS and len(uids) == 1:
        return {}  # fetched by `_whole`, in parts
    try:
        return dict(connection.bodies(uids, octets=octets, limit=limit))
    except Refusal:
        return {}


def _whole(
    connection: Connection, uid: int, size: int, given: bytes | None, limit: int
) -> Mass | Broken:
    """Believes a body of the announced size; of another size only if it comes twice the same.

    Some servers (Exchange among them) announce a size that is an estimate, so a difference alone
    does not say that something is missing.
    """
    before: Mass | None = None
    why = ""
    for body in _attempts(connection, uid, size, given, limit):
        if isinstance(body, Refusal):
            why = f"the server refuses it: {body}"[:200]
            continue
        if body is not None and (len(body) == size > 0 or (body == before and (body or not size))):
            return body
        before = body
        why = (
            "the server answers without a body"
            if body is None
            else f"the server announces {size} octets and gives {len(body)}"
        )
    return Broken(uid, why)


def _attempts(
    connection: Connection, uid: int, size: int, given: bytes | None, limit: int
) -> Iterator[Mass | Refusal | None]:
    """What came, and what comes when it is asked for again: a large one in parts, twice, and whole
    where the server knows no parts."""
    if given is not None:
        yield given
    ways: list[Callable[..., Mass | None]] = [_all_at_once, _all_at_once]
    if given is None and size > PART_OCTETS:
        ways[:0] = [_in_parts, _in_parts]
    for way in ways:
        try:
            yield way(connection, uid, size, limit)
        except Refusal as refusal:
            yield refusal


def _all_at_once(connection: Connection, uid: int, size: int, limit: int) -> bytes | None:
    return connection.bodies([uid], octets=size, limit=limit).get(uid)


def _in_parts(connection: Connection, uid: int, size: int, limit: int) -> Mass | None:
    """Put together from parts, until it has the announced size or the server has no more; None
    where the server's parts are none."""
    spool = Spool()
    while spool.size <= 2 * size:  # a size may be an estimate, but not so bad a one
        part = connection.part(uid, spool.size, PART_OCTETS, limit=limit)
        if part is None or (len(part) > PART_OCTETS and spool.size):
            return None
        spool.write(part)
        if not part or spool.size == size:
            return spool.whole()
    return None
