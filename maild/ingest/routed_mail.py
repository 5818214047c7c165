"""Mail that rules on `mail received` know: alerts, forms, schedulers, outside helpdesks (N7, G17).

Its sender is no person: nobody is learned from it, no command in it counts, nobody is answered.
"""

from __future__ import annotations

from maild.desk import people
from maild.desk.desk import Actor, Desk, Route
from maild.ingest import mail_notes
from maild.ingest.outcome import say
from maild.model import Became, Mail, Reason, Role
from maild.store import asking
from maild.store.records import Person, Ticket


def take(desk: Desk, mail: Mail, route: Route) -> tuple[Became, str]:
    """Makes a note of it, on its ticket or a new one; (outcome, why)."""
    say(desk, Reason("rules", route.source, route.because))
    if route.drop:
        return Became.IGNORED, route.drop
    kind = Role.MONITORING if route.source == "monitoring" else Role.SYSTEM
    desk.actor = Actor(route.by, kind)
    ticket, is_new = route.ticket, route.ticket is None
    if ticket is None:
        ticket = _open(desk, mail, route)
    text = mail.new_text or mail.text
    note = mail_notes.write(desk, ticket, mail, text=text, public=True, first=is_new)
    route.then(desk, ticket, note)
    if is_new:
        desk.announce(ticket, note)
    desk.settle()
    return Became.TICKET if is_new else Became.NOTE, f"{route.by}: {route.because}"


def _open(desk: Desk, mail: Mail, route: Route) -> Ticket:
    contact = _contact(desk, route)
    return desk.open_ticket(
        title=mail.subject,
        contact=contact,
        organization=asking.people.organization(desk.unit, contact) if contact else None,
        source=route.source,
        correlation=route.correlation,
    )


def _contact(desk: Desk, route: Route) -> Person | None:
    if route.contact is None:
        return None
    known = people.by_address(desk.unit, route.contact)
    return known or people.learn(desk.unit, route.contact, desk.now)
