"""Sharing a ticket with another desk by mail (P8): each has its own, and tells the other.

What is told is what somebody addressed to the partner, by a command or a rule, or answered where
the partner is the ticket's contact.  Nothing else of the ticket crosses.
"""

from __future__ import annotations

from maild.config import PartnerSection
from maild.desk import people, shared_with
from maild.desk.desk import Desk
from maild.desk.language import for_all
from maild.desk.notify import Recipient, notify
from maild.desk.partner_seal import Says
from maild.errors import Refused
from maild.i18n import sentence
from maild.model import Address, EventName, Role
from maild.parse.fold import fold
from maild.store import asking
from maild.store.records import Note, OutboxItem, SharedTicket, Ticket

TEMPLATE = "partner"
BY_RULES = (Says.NOTE, Says.QUESTION, Says.DONE, Says.ENDED)


def named(desk: Desk, text: str) -> tuple[PartnerSection, str] | None:
    """The partner whose name a text begins with, or its first word, and the rest of the text."""
    words = text.split()
    for count in range(len(words), 0, -1):
        wanted = fold(" ".join(words[:count])).strip(" ,.:")
        found = [one for one in desk.settings.config.partner if wanted in _called(one, count)]
        if len(found) == 1:
            return found[0], "".join(text.split(maxsplit=count)[count:])
    return None


def _called(partner: PartnerSection, count: int) -> tuple[str, ...]:
    """What so many words may call it: its name; one, the first of it too."""
    name = fold(partner.name)
    return (name, *name.split()[:1]) if count == 1 else (name,)


def share(
    desk: Desk, ticket: Ticket, partner: PartnerSection, note: Note | None, words: str = ""
) -> None:
    """Has the partner's desk open a ticket of its own; refused without words that explain."""
    note = explained(note)
    known = begin(desk, ticket, partner, may_share(desk, ticket))
    _tell(desk, ticket, known, Says.SHARE, note, words, _description(desk, ticket, note))


def explained(note: Note | None) -> Note:
    """The note that goes with a ticket that is shared; Refused where there is none."""
    if note is None:
        raise Refused(
            sentence("Say in the same mail what the other side is to do; that note is mandatory.")
        )
    return note


def may_share(desk: Desk, ticket: Ticket) -> SharedTicket | None:
    """With which desk it was shared before; Refused where it is shared, with a desk or within this
    one: a ticket has one other side."""
    known = shared_with.shared(desk.unit, desk.settings.config, ticket)
    if known is not None and not _is_over(known):
        raise Refused(_shared_already(ticket, known.partner))
    twin = asking.tickets.other_side(desk.unit, ticket)
    if twin is not None:
        holder = asking.tickets.primary(desk.unit, twin)
        raise Refused(_shared_already(ticket, holder.name if holder else twin.queue))
    return known


def _is_over(known: SharedTicket) -> bool:
    return Says.ENDED in (known.said, known.state)


def begin(
    desk: Desk, ticket: Ticket, partner: PartnerSection, before: SharedTicket | None = None
) -> SharedTicket:
    """Writes down with whom it is shared; `before`: with whom it was, until they ended it."""
    if before is None or before.ticket_id != ticket.id:
        fresh = SharedTicket(
            ticket_id=ticket.id, partner=partner.name, since=desk.now, said=Says.SHARE.value
        )
        return desk.unit.add(fresh)
    desk.unit.change(
        before,
        partner=partner.name,
        reference=None,
        since=desk.now,
        heard=0,
        state=None,
        status=None,
        done=None,
        completed=None,
    )
    return before


def _shared_already(ticket: Ticket, whom: str) -> str:
    return sentence(
        "{ticket} is shared already, with {resource}.", ticket=ticket.number, resource=whom
    )


def _description(desk: Desk, ticket: Ticket, note: Note) -> str:
    """What the ticket is about, in its contact's words."""
    first = asking.notes.first(desk.unit, ticket)
    return first.text if first is not None and first is not note and first.public else ""


def partner_of(desk: Desk, ticket: Ticket) -> str | None:
    """The name of the other desk that has it too."""
    known = shared_with.shared(desk.unit, desk.settings.config, ticket)
    return None if known is None or _is_over(known) else known.partner


def shares(desk: Desk, ticket: Ticket) -> bool:
    """Whether another desk has it too, and neither has ended that."""
    return partner_of(desk, ticket) is not None


def tell(
    desk: Desk, ticket: Ticket, says: Says, note: Note | None, words: str = ""
) -> SharedTicket:
    """Tells the partner what somebody here says; Refused where the ticket is shared with none."""
    known = shared_with.shared(desk.unit, desk.settings.config, ticket)
    if known is None:
        raise Refused(
            sentence(
                "{ticket} is shared with no other desk; `#share NAME` does that.",
                ticket=ticket.number,
            )
        )
    _tell(desk, ticket, known, says, note, words)
    return known


def tell_by_rule(desk: Desk, ticket: Ticket, says: Says, note: Note | None) -> str | None:
    """The same by a rule: nothing where nobody is to be told, or it was the last that was said."""
    known = shared_with.shared(desk.unit, desk.settings.config, ticket)
    if known is None or (says is not Says.NOTE and known.said == says.value):
        return None
    if shared_with.partner_named(desk.settings.config, known.partner) is None:
        return None
    if says in (Says.NOTE, Says.QUESTION) and note is None:
        return None
    words = "" if note is not None and says is not Says.ENDED else _usual(desk, ticket, says)
    _tell(desk, ticket, known, says, None if says is Says.ENDED else note, words, auto=True)
    return f"{known.partner} told: {says.value}"


def _usual(desk: Desk, ticket: Ticket, says: Says) -> str:
    """What is said where nobody wrote words."""
    if says is Says.DONE:
        return ticket.resolution or for_all(desk, desk.profile.shared_done_note)
    if says is Says.ENDED:
        gone = sentence("{ticket} is not shared any more on our side.", ticket=ticket.number)
        return for_all(desk, gone)
    return ""


def done(desk: Desk, ticket: Ticket, note: Note | None) -> None:
    """Our work is complete: the partner is told, one's own status stays."""
    tell(desk, ticket, Says.DONE, note, "" if note else _usual(desk, ticket, Says.DONE))


def ended(desk: Desk, ticket: Ticket) -> bool:
    """Takes the sharing back: the partner is told, its ticket stays its own; False: there is none
    to take back."""
    return tell_by_rule(desk, ticket, Says.ENDED, None) is not None


def opened(desk: Desk, ticket: Ticket, known: SharedTicket) -> None:
    """Tells the partner which number its ticket has here, once."""
    _tell(desk, ticket, known, Says.OPENED, None, auto=True)


def _tell(
    desk: Desk,
    ticket: Ticket,
    known: SharedTicket,
    says: Says,
    note: Note | None,
    words: str = "",
    description: str = "",
    *,
    auto: bool = False,
) -> list[OutboxItem]:
    partner = shared_with.partner_named(desk.settings.config, known.partner)
    person = people.by_address(desk.unit, Address("", partner.address)) if partner else None
    if partner is None or person is None:
        raise Refused(
            sentence(
                "There is no [[partner]] {partner} in maild.toml any more.", partner=known.partner
            )
        )
    said = shared_with.told(desk, ticket, known, says, note, words, description)
    keyword = ("auto-replied" if says is Says.OPENED else "auto-generated") if auto else None
    to = Recipient(person.name, partner.all_addresses()[0], Role.PARTNER, person)
    extra = {shared_with.PARTNER: said}
    rows = notify(desk, ticket, TEMPLATE, [to], note=note, auto=keyword, extra=extra)
    detail = {"partner": partner.name, "says": says.value, "reference": known.reference}
    desk.record(ticket, EventName.PARTNER_TOLD, detail)
    return rows
