"""Mail that rules on `mail received` know: alerts, forms, schedulers, outside helpdesks (N7, G17).

Its sender is no person: nobody is learned from it, no command in it counts, nobody is answered.
"""

from __future__ import annotations

from dataclasses import asdict

from maild.desk import people
from maild.desk.desk import Actor, Desk, Route
from maild.model import Mail, Reason
from maild.store.tables import Person, Ticket


def take(desk: Desk, mail: Mail, route: Route) -> tuple[str, str]:
    """Makes a note of it, on its ticket or a new one; (outcome, why)."""
    _say(desk, Reason("rules", route.source, route.because))
    if route.drop:
        return "ignored", route.drop
    desk.actor = Actor(route.by, "monitoring" if route.source == "monitoring" else "system")
    ticket = route.ticket or _open(desk, mail, route)
    desk.remember_message_id(mail.message_id, ticket)
    desk.attach_message(ticket)
    note = desk.add_note(
        ticket,
        text=mail.new_text or mail.text,
        quoted_text=mail.quoted_text,
        html=mail.html,
        public=True,
        attachments=[asdict(attachment) for attachment in mail.attachments],
        first=route.ticket is None,
    )
    route.then(desk, ticket, note)
    if route.ticket is None:
        desk.announce(ticket, note)
    desk.settle()
    return ("ticket" if route.ticket is None else "note"), f"{route.by}: {route.because}"


def _open(desk: Desk, mail: Mail, route: Route) -> Ticket:
    contact = _contact(desk, route)
    ticket = desk.open_ticket(
        title=mail.subject,
        contact=contact,
        organization=contact.organization if contact else None,
        source=route.source,
    )
    ticket.correlation = route.correlation
    return ticket


def _contact(desk: Desk, route: Route) -> Person | None:
    if route.contact is None:
        return None
    known = people.by_address(desk.session, route.contact)
    return known or people.learn(desk.session, route.contact, desk.now)


def _say(desk: Desk, reason: Reason) -> None:
    if desk.stored is not None:
        desk.stored.reasons = [*desk.stored.reasons, list(asdict(reason).values())]
