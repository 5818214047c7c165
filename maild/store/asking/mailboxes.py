"""Our places in IMAP folders."""

from __future__ import annotations

from maild.store.question import Question, param
from maild.store.records import Mailbox
from maild.store.schema import columns
from maild.store.unit import Unit

_mailbox = columns(Mailbox)

NAMED = Question(Mailbox, _mailbox.name == param("name"))


def known(unit: Unit, name: str) -> Mailbox | None:
    """Our place in this mailbox; None where nobody has looked at it yet."""
    return unit.first(NAMED, name=name)


def named(unit: Unit, name: str) -> Mailbox:
    """The same, held until the commit, so that two daemons take turns (H25); a new one where
    there is none."""
    found = known(unit, name)
    return found if found is not None else unit.add(Mailbox(name=name))
