"""Spam: kept, listed, told of once a day; it opens no ticket and nobody is answered."""

from __future__ import annotations

from maild.desk import people, spam_lists
from maild.desk.desk import Desk
from maild.errors import NotFound
from maild.i18n import sentence
from maild.ingest.outcome import Outcome, conclude
from maild.model import Became, Mail, MessageState
from maild.parse.spam_verdict import verdict
from maild.store import asking
from maild.store.records import Message
from maild.store.unit import Unit

SPAM = "spam: "  # how the `why` of such a message begins


def take(desk: Desk, mail: Mail) -> Outcome | None:
    """What becomes of it where it is spam; else None."""
    because = why(desk, mail)
    if not because:
        return None
    day = desk.now.astimezone(desk.settings.config.desk.zone).date()
    desk.alert(
        f"spam:{day}",
        sentence(
            "Mail of {day} was kept as spam. `maild spam list` shows it; `maild spam accept` makes "
            "a ticket of what is none, and lets its sender through from then on.",
            day=day,
        ),
    )
    return conclude(desk, Became.IGNORED, f"{SPAM}{because}")


def accept(unit: Unit, number: int) -> None:
    """It is taken up again, and its sender is let through from now on; NotFound: it is no spam."""
    message = unit.get(Message, number)
    if message is None or not (message.why or "").startswith(SPAM):
        raise NotFound(f"Message {number} is no spam; `maild spam list` shows what is.")
    unit.change(message, state=MessageState.STORED, attempts=0, next_try=None, why=None)
    if message.sender:
        spam_lists.put(unit, spam_lists.ALLOW, message.sender)


def why(desk: Desk, mail: Mail) -> str:
    """Why it is spam; "".  What a server says is not held against whom we know, or against an
    answer to our own mail: a filter errs, and a customer's words must not be lost in a list."""
    if mail.sender is None:
        return ""
    which = spam_lists.listed(desk.unit, desk.settings.config, mail.sender)
    if which == spam_lists.BLOCK:
        return f"{mail.sender.key} is on the block list"
    said = verdict(mail) if desk.settings.config.spam.verdicts else ""
    if not said or which == spam_lists.ALLOW or _known(desk, mail):
        return ""
    return f"{said} says so"


def _known(desk: Desk, mail: Mail) -> bool:
    person = people.by_address(desk.unit, mail.sender) if mail.sender else None
    if person is not None and (person.source != "mail" or person.organization_id is not None):
        return True
    ids = [*mail.in_reply_to[:10], *mail.references[-10:]]
    return bool(asking.outbox.with_ids(desk.unit, ids))
