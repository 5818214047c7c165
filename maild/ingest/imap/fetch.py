"""Fetching whole messages, or none: what is short, empty or missing is never taken (H6, H7)."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

from maild.errors import MaildError
from maild.ingest.imap.connection import Connection, Refusal, TooLarge
from maild.ingest.imap.cursor import Fetched

TOGETHER_OCTETS = 4_000_000  # of messages fetched by one command and committed together
TOGETHER_COUNT = 100
PART_OCTETS = 4_000_000  # larger messages come in parts, which keeps memory flat


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


def grouped(sizes: dict[int, int]) -> Iterator[list[int]]:
    """UIDs in order, in groups that fit into memory together; a large message is alone."""
    group: list[int] = []
    octets = 0
    for uid in sorted(sizes):
        full = octets + sizes[uid] > TOGETHER_OCTETS or len(group) == TOGETHER_COUNT
        if group and full:
            yield group
            group, octets = [], 0
        group.append(uid)
        octets += sizes[uid]
    if group:
        yield group


def fetch(
    connection: Connection, uids: list[int], sizes: dict[int, int], limit: int
) -> Iterator[Fetched | Broken]:
    """The messages of one group, each whole or said to be broken; Interrupted when that ends."""
    try:
        octets = sum(sizes[uid] for uid in uids)
        bodies = _bodies(connection, uids, octets, limit)
        for uid in uids:
            yield _checked(connection, uid, sizes[uid], bodies.pop(uid, None), limit)
    except (MaildError, TooLarge) as error:
        raise Interrupted(uids, error) from error


def _bodies(
    connection: Connection, uids: list[int], octets: int, limit: int
) -> dict[int, bytes | None]:
    """UID → body; one that the server refuses spoils the command, so then each is asked alone."""
    if octets > PART_OCTETS and len(uids) == 1:
        return {uids[0]: None}  # fetched by `_checked`, in parts
    try:
        return dict(connection.bodies(uids, octets=octets, limit=limit))
    except Refusal:
        return dict.fromkeys(uids, None)


def _checked(
    connection: Connection, uid: int, size: int, body: bytes | None, limit: int
) -> Fetched | Broken:
    """Believes a body of the announced size; of another size only if it comes twice the same.

    Some servers (Exchange among them) announce a size that is an estimate, so a difference alone
    does not say that something is missing.
    """
    if body is not None and len(body) == size > 0:
        return Fetched(uid, body)
    try:
        first = body if body else _alone(connection, uid, size, limit)
        if first is not None and len(first) == size > 0:
            return Fetched(uid, first)
        second = _alone(connection, uid, size, limit)
    except Refusal as refusal:
        return Broken(uid, f"the server refuses it: {refusal}"[:200])
    if second is not None and len(second) == size > 0:
        return Fetched(uid, second)
    if first is None or second is None:
        return Broken(uid, "the server answers without a body")
    if first != second or (not first and size):
        return Broken(uid, f"the server announces {size} octets and gives {len(second)}")
    return Fetched(uid, second)


def _alone(connection: Connection, uid: int, size: int, limit: int) -> bytes | None:
    """One message by itself, in parts where it is large; None without a body."""
    if size <= PART_OCTETS:
        return connection.bodies([uid], octets=size, limit=limit).get(uid)
    whole = io.BytesIO()
    while True:
        part = connection.part(uid, whole.tell(), PART_OCTETS)
        if part is None and not whole.tell():
            return None
        whole.write(part or b"")
        if whole.tell() > limit:
            raise TooLarge(whole.tell())
        if len(part or b"") < PART_OCTETS:
            return whole.getvalue()
