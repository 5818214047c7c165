"""`maild verify --repair`: what the mails can say again is written again."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from dataclasses import asdict

from maild.errors import MailError
from maild.model import Mail
from maild.parse.limits import Reader
from maild.spool import digest
from maild.store import Store, asking
from maild.store.records import Message, Note, Raw, Thread
from maild.store.unit import Unit

Threads = list[tuple[str, int, bool]]  # Message-ID, ticket, whether it is ours
OURS = ("refused", "verdict")  # what a file's view says that the mail does not


def again(unit: Unit, threads: Threads, numbers: list[tuple[str, int, int]]) -> None:
    """The ways from Message-IDs to tickets, and the last numbers of days."""
    for message_id, ticket_id, ours in threads:
        unit.add(Thread(message_id=message_id, ticket_id=ticket_id, ours=ours))
    for day, _, highest in numbers:
        asking.integrity.set_series(unit, day, highest)


def octets(unit: Unit, stored_id: int) -> bool:
    """Octets that are missing, from another mailbox's copy of the same mail; a wrong size."""
    message = unit.get(Message, stored_id)
    if message is None:
        return False
    kept = unit.get(Raw, stored_id)
    if kept is None:
        twin = asking.integrity.twin(unit, message)
        if twin is None or digest(twin.octets) != message.sha256:
            return False
        unit.add(Raw(stored_id=stored_id, octets=twin.octets))
        return True
    if digest(kept.octets) != message.sha256:
        return False
    unit.change(message, size=len(kept.octets))
    return True


def files(store: Store, notes: Iterable[int]) -> set[int]:
    """What notes say of their files, read from their mails anew; the notes that it was done for."""
    done = set()
    with closing(Reader()) as reader:
        for note_id in notes:
            with store.look() as unit:
                note = unit.get(Note, note_id)
                raw = asking.messages.octets(unit, note.stored_id if note else None)
            try:
                mail = reader.read(raw)
            except MailError:
                continue
            if store.act(lambda unit, n=note_id, m=mail: _views(unit, n, m)):  # type: ignore[misc]
                done.add(note_id)
    return done


def _views(unit: Unit, note_id: int, mail: Mail) -> bool:
    note = unit.get(Note, note_id)
    fresh = {one.part: asdict(one) for one in mail.attachments}
    if note is None or any(view.get("part") not in fresh for view in note.attachments):
        return False
    kept = [
        fresh[view["part"]] | {name: view[name] for name in OURS if name in view}
        for view in note.attachments
    ]
    return unit.change(note, attachments=kept)
