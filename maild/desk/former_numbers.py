"""Numbers that tickets had at another helpdesk: replies to its mails find their ticket.

Where such a number stands: `[#1234]`, `Ticket #1234`, `Request 1234:`, `T20240115.0042` in a
subject, `support+id1234@` in an address.  Like our own numbers they prove nothing: the sender has
to be of the ticket.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from maild.desk.numbers import numbers_in
from maild.store import asking
from maild.store.records import FormerNumber, Ticket
from maild.store.unit import Unit

NAMED = 5  # numbers of one mail that are looked up
IN_SUBJECT = re.compile(
    r"#[ ]?(\d{1,12})\b"
    r"|\[(?:[\w.-]{1,30}[ :-])?(\d{2,12})\]"
    r"|\b(?:ticket|request|case|incident|anfrage|vorgang|demande|solicitud)"
    r"(?:[ -]?(?:id|no|nr|number|nummer))?[ .:]{0,3}\(?(\d{2,12})\b",
    re.IGNORECASE,
)
IN_ADDRESS = re.compile(r"\+id(\d{1,12})@")


def folded_number(text: str) -> str:
    """A number as it is compared: without "#" and blanks, letters large."""
    return text.strip().lstrip("#").strip().upper()


def former_numbers_in(subject: str, addresses: Iterable[str] = ()) -> list[str]:
    """What may be another desk's number, each once, in their written order; at most NAMED."""
    found = list(numbers_in(subject))
    found += [next(filter(None, match.groups())) for match in IN_SUBJECT.finditer(subject)]
    found += [number for address in addresses for number in IN_ADDRESS.findall(address)]
    return list(dict.fromkeys(found))[:NAMED]


def ticket_of(unit: Unit, number: str) -> Ticket | None:
    """The ticket that had this number (folded), if one did."""
    return tickets_of(unit, [number]).get(number)


def tickets_of(unit: Unit, numbers: list[str]) -> Mapping[str, Ticket]:
    """The tickets that had these numbers (folded), or where they went."""
    if not numbers:
        return {}
    rows = asking.tickets.former(unit, numbers)
    found = {row.number: unit.get(Ticket, row.ticket_id) for row in rows}
    return {n: asking.tickets.survivor(unit, t) for n, t in found.items() if t is not None}


def remember(unit: Unit, number: str, ticket: Ticket) -> None:
    """From now on this number (folded) means this ticket."""
    unit.add(FormerNumber(number=number, ticket_id=ticket.id))
