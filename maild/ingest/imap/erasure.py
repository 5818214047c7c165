"""One person's mail in a mailbox: found on its server by who wrote it, and deleted there.

The folders that the desk uses are gone through: the one that it watches, and the one that it moves
to.  A mail is theirs whose From is one of their addresses; so one that came before the desk did, or
is too large for it, goes too.  What others wrote goes only where it was named, by its Message-ID
and by who sent it.  In other folders nothing is changed; what is there is counted.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from maild.config import MailboxSection
from maild.errors import MaildError, Temporary
from maild.ingest.imap.acknowledge import delete
from maild.ingest.imap.connection import Connection, Refusal, opened
from maild.ingest.imap.cursor import KEYS, chunks
from maild.ingest.imap.folders import find
from maild.ingest.imap.wire import Patience, Stop
from maild.parse.first_look import first_look


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose mail, and which mails of others."""

    addresses: frozenset[str]  # keys of theirs
    others: frozenset[tuple[str, str]] = frozenset()  # (Message-ID, sender's key)
    ids: frozenset[str] = frozenset()  # Message-IDs of theirs that the desk knows


@dataclass(slots=True)
class There:
    """What a mailbox has, or had, of them, by folder."""

    mailbox: str
    found: dict[str, int] = field(default_factory=dict)  # in the folders that the desk uses
    elsewhere: dict[str, int] = field(default_factory=dict)  # in others, which stay as they are
    marked: list[str] = field(default_factory=list)  # folders where the server deletes later
    trouble: str = ""  # why not all of it could be done

    def as_json(self) -> dict[str, Any]:
        """What a record keeps of it."""
        return {name: value for name, value in asdict(self).items() if value}


def erase_there(
    section: MailboxSection, wanted: Wanted, others: Collection[str], *, do: bool
) -> There:
    """Finds, and where `do` says so deletes, what this mailbox has of them.

    `others`: folders of the same account that another mailbox of the desk takes care of.  Nothing
    is raised: what a server cannot do now is said in `trouble`.
    """
    there = There(section.name)
    try:
        with opened(section, patience=Patience(), stop=Stop()) as connection:
            _go_through(connection, section, wanted, set(others), there, do)
    except MaildError as error:
        there.trouble = error.message
    except Refusal as refusal:
        there.trouble = f"The server refuses it: {refusal}."
    return there


def _go_through(
    connection: Connection,
    section: MailboxSection,
    wanted: Wanted,
    others: set[str],
    there: There,
    do: bool,
) -> None:
    listed = connection.folders()
    asked = [section.folder, *([section.after[5:].strip()] if section.after[:5] == "move:" else [])]
    ours = [name for name in (find(one, listed) for one in asked) if name is not None]
    for name in dict.fromkeys([*ours, *(one.name for one in listed if one.selectable)]):
        if name in others:
            continue
        connection.folder = name
        try:
            connection.select(readonly=not do or name not in ours)
            uids = _theirs(connection, wanted)
        except (Refusal, MaildError) as error:
            if name in ours:
                raise
            there.trouble = f"{name} cannot be looked at: {error}"
            continue
        if uids:
            (there.found if name in ours else there.elsewhere)[name] = len(uids)
        if uids and do and name in ours:
            _delete(connection, uids, there, name)


def _delete(connection: Connection, uids: Sequence[int], there: There, name: str) -> None:
    if connection.readonly:
        raise Temporary(f"{name} opens only for reading; look at the rights of the desk there.")
    mine = set(uids)
    for some in chunks(uids, KEYS):
        if not delete(connection, some, mine.intersection) and name not in there.marked:
            there.marked.append(name)


def _theirs(connection: Connection, wanted: Wanted) -> list[int]:
    """UIDs of the open folder, ascending."""
    found, known = _checked(connection, wanted, connection.sent_by(wanted.addresses))
    ids = wanted.ids - known | {message_id for message_id, _ in wanted.others}
    candidates = {uid for one in sorted(ids) for uid in connection.named(one)}
    more, _ = _checked(connection, wanted, candidates - found)
    return sorted(found | more)


def _checked(
    connection: Connection, wanted: Wanted, candidates: Collection[int]
) -> tuple[set[int], set[str]]:
    """Of these those that are theirs by their own header, and the Message-IDs of them: a search
    finds more than was asked for."""
    found, ids = set[int](), set[str]()
    for some in chunks(sorted(candidates), KEYS):
        for uid, head in connection.heads(some).items():
            look = first_look(head)
            named = (look.message_id or "", look.sender or "")
            if look.sender in wanted.addresses or named in wanted.others:
                found.add(uid)
                ids.add(named[0])
    return found, ids
