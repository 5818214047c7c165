"""What a mail will make us ask, read off it before anything is decided, and asked at once."""

from __future__ import annotations

from maild.desk import people, spam_lists
from maild.desk.desk import Desk
from maild.ingest import cc, match
from maild.model import Mail
from maild.store import asking
from maild.store.asking.ahead import Names


def look_ahead(desk: Desk, mail: Mail) -> None:
    """Asks who is named in it and what it belongs to; a machine's answer needs little of that."""
    if desk.stored is not None:
        names = _of_machine(mail) if mail.kind.automatic else _of_person(desk, mail)
        asking.ahead.of_mail(desk.unit, desk.stored, names)


def _of_machine(mail: Mail) -> Names:
    return Names(ids=match.asked_ids(mail), sender=mail.sender.key if mail.sender else None)


def _of_person(desk: Desk, mail: Mail) -> Names:
    domain = mail.sender.domain if mail.sender else ""
    return Names(
        ids=match.asked_ids(mail),
        mentions=match.mentions(mail),
        since=desk.now - match.DAYS,
        parent=next(iter(mail.parents), None),
        people=cc.named(mail),
        domains=people.owned_above(domain),
        settings=(spam_lists.SETTING,) if mail.sender else (),
    )
