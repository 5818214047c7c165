"""Our places in IMAP folders."""

from __future__ import annotations

from maild.store.question import Question, param
from maild.store.records import Mailbox
from maild.store.schema import columns
from maild.store.unit import Unit

_mailbox = columns(Mailbox)

NAMED = Question(Mailbox, _mailbox.name == param("name"))


def named(unit: Unit, name: str) -> Mailbox:
    """Our place in this mailbox, held until the commit, so that two daemons take turns (H25)."""
    found = unit.first(NAMED, name=name)
    return found if found is not None else unit.add(Mailbox(name=name))
