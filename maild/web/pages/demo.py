"""The demo's other side: a newcomer writes as Ann, and reads everybody's mailbox."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from maild.errors import NotFound, UsageError
from maild.i18n import sentence
from maild.web import prose
from maild.web.site import action, page
from maild.web.visit import Visit


def _other_side(visit: Visit) -> Any:
    if visit.console.other_side is None:
        raise NotFound(sentence("There is nothing at this address."))
    return visit.console.other_side


@page("/demo", "tickets list", looks=False)
def demo(visit: Visit) -> Response:
    """Who writes, and what each has got."""
    other_side = _other_side(visit)
    who = visit.query("who", other_side.people[0].address)
    letters = other_side.letters(who)
    opened = next((one for one in letters if str(one.id) == visit.query("mail")), None)
    template = "demo-mails.html" if visit.query("part") else "demo.html"
    return visit.page(
        template, other_side=other_side, who=who, letters=letters, opened=opened, prose=prose.shown
    )


@action("/demo", "tickets list")
def write(visit: Visit) -> Response:
    """Sends a mail to the desk: a new one, or an answer to the one that is open."""
    other_side = _other_side(visit)
    text, subject = visit.field("text").strip(), visit.field("subject").strip()
    answers = visit.field("answers")
    if not text and not subject:
        raise UsageError(sentence("Write something first."))
    other_side.write(visit.field("who"), subject, text, answers)
    return visit.to(f"/demo?who={visit.field('who')}&sent=1")
