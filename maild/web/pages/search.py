"""Search: a number opens its ticket; words find what has them, of any kind, and say why."""

from __future__ import annotations

import re
from typing import Any

from markupsafe import Markup, escape
from starlette.responses import Response

from maild.desk import search as finding
from maild.desk import search_words
from maild.desk.item_kinds import KINDS
from maild.model import TICKET_NUMBER
from maild.store.asking import listing as store_listing
from maild.store.asking import screens
from maild.store.records import Note, Organization
from maild.web.site import page
from maild.web.visit import Visit

MOST, IN_BOX = 40, 8
_NUMBER = re.compile(rf"\[?#?\s*({TICKET_NUMBER})\s*\]?", re.IGNORECASE)


@page("/search", "tickets list")
def search(visit: Visit) -> Response:
    """The page, the box that opens over any page, or what the box has found so far."""
    text, part = visit.query("q").strip(), visit.query("part")
    number = _NUMBER.fullmatch(text)
    if number is not None and not part:
        found = screens.numbered(visit.unit, number[1].upper())
        if found is not None and visit.visitor.scope.has(found):
            return visit.to(f"/tickets/{found.number}")
    values = _hits(visit, visit.query("q"), IN_BOX if part else MOST) if text else {"asked": False}
    template = {"box": "search-box.html", "hits": "search-hits.html"}.get(part, "search.html")
    return visit.page(
        template, text=text, **{"tickets": [], "people": [], "clients": [], "records": []} | values
    )


def _hits(visit: Visit, text: str, limit: int) -> dict[str, Any]:
    scope = visit.visitor.scope.organization_id
    found = finding.search(visit.unit, text, limit, organization_id=scope)
    wanted = [word for word, _ in search_words.asked(text)]
    notes = visit.unit.some(Note, [note for _, note in found.tickets if note])
    rows = store_listing.numbers(visit.unit, [ticket for ticket, _ in found.tickets])
    rows = [row for row in rows if visit.may_see(row.ticket)]
    by_note = dict(found.tickets)
    people, addresses = screens.persons(visit.unit, set(found.people))
    clients = [visit.unit.get(Organization, i) for i in found.organizations]
    return {
        "asked": True,
        "tickets": [
            (row, marked(row.ticket.title, wanted), _why(notes.get(by_note[row.ticket.id]), wanted))
            for row in rows
        ],
        "people": [
            (people[i], marked(people[i].name, wanted), ", ".join(addresses.get(i, ())))
            for i in found.people
            if i in people
        ],
        "clients": [(c, marked(c.name, wanted)) for c in clients if c is not None],
        "records": [
            (item, visit.words.write(KINDS[item.kind].called), marked(item.name, wanted))
            for item in finding.records(visit.unit, found)
        ],
    }


def _why(note: Note | None, wanted: list[str]) -> Markup:
    """The words of the note that was found, those that were asked for marked."""
    return marked(note.text, wanted) if note is not None else Markup("")


def marked(text: str, wanted: list[str]) -> Markup:
    parts = search_words.around(" ".join(text.split()), wanted)
    return Markup("").join(Markup("<mark>%s</mark>") % t if hit else escape(t) for t, hit in parts)
