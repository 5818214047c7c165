"""Which ticket a mail belongs to, by the best evidence there is (E4).

`gather` looks the evidence up, a few indexed look-ups whatever the number of messages; `decide`
weighs it and touches nothing.  Quoted text is no evidence: only header fields are (H51).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from maild.desk import numbers, reply_tokens
from maild.desk.reply_tokens import Token
from maild.ingest.sender import Sender
from maild.model import Mail, Reason, TicketRole
from maild.store import asking
from maild.store.records import Ticket
from maild.store.unit import Unit

IDS = 60  # Message-IDs of one mail that are looked up: all of In-Reply-To, the latest References
NAMED = 5  # numbers of one subject that are looked up


@dataclass(frozen=True, slots=True)
class Signed:
    """A token of ours that the mail carries, and the ticket it was signed for."""

    token: Token
    message_id: str | None  # None: it stood in an address, which everybody in Cc reads too
    ticket: Ticket | None
    exposed: bool = False  # it was in a mail to others, so it proves nobody


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that may tie a mail to a ticket, best first in each list."""

    signed: tuple[Signed, ...]
    known: tuple[tuple[str, Ticket], ...]  # Message-IDs of mail that we have
    named: tuple[Ticket, ...]  # by number, in the subject


@dataclass(frozen=True, slots=True)
class Match:
    """The ticket that a mail belongs to, or none."""

    ticket: Ticket | None
    by: str  # token | thread | number | nothing
    reason: Reason
    answers: tuple[str, ...] = ()  # our signed Message-IDs of this ticket that it answers
    persons: frozenset[int] = frozenset()  # to whom we sent these, and nobody else saw them
    barred: Ticket | None = None  # the subject names it, but the sender is not of it


def answered(mail: Mail) -> tuple[str, ...]:
    """Message-IDs that a mail answers, the nearest first."""
    ids = dict.fromkeys((*mail.in_reply_to[:10], *reversed(mail.references), *mail.returned))
    return tuple(ids)[:IDS]


def look_up(unit: Unit, mail: Mail) -> None:
    """Asks at once which mail of ours this one answers, and whether it is itself one of ours."""
    own = [mail.message_id] if mail.message_id else []
    asking.outbox.look_up_ids(unit, [*own, *answered(mail)])


def gather(unit: Unit, mail: Mail, secret: bytes) -> Evidence:
    """Looks up what the mail's header fields point to."""
    look_up(unit, mail)
    ids = [_ours(unit, message_id) for message_id in answered(mail)]
    asking.tickets.look_up(unit, [*ids, *([mail.message_id] if mail.message_id else [])])
    read: list[tuple[Token | None, str | None]] = [(reply_tokens.read(secret, i), i) for i in ids]
    read += [(reply_tokens.read(secret, a.address), None) for a in (*mail.to, *mail.cc)[:IDS]]
    found = [(token, message_id) for token, message_id in read if token is not None]
    wanted = {token.ticket_number for token, _ in found if token.ticket_number}
    named = numbers.numbers_in(mail.subject)[:NAMED]
    by_number = _by_number(unit, {*wanted, *named})
    tickets = ((i, asking.tickets.of_message_id(unit, i)) for i in ids)
    return Evidence(
        signed=tuple(
            Signed(t, i, by_number.get(t.ticket_number or ""), _exposed(unit, i)) for t, i in found
        ),
        known=tuple((i, ticket) for i, ticket in tickets if ticket is not None),
        named=tuple(by_number[number] for number in named if number in by_number),
    )


def _ours(unit: Unit, message_id: str) -> str:
    """The Message-ID that we gave our mail, where a relay gave it another."""
    item = asking.outbox.with_id(unit, message_id)
    return item.message_id if item is not None else message_id


def _exposed(unit: Unit, message_id: str | None) -> bool:
    """Whether others have seen this id of ours (tokens travel in References)."""
    item = asking.outbox.with_id(unit, message_id) if message_id is not None else None
    return item is not None and item.exposed


def decide(unit: Unit, evidence: Evidence, who: Sender | None) -> Match:
    """A signed token, else a known Message-ID, else a number of the sender's own ticket."""
    doubt = ""
    evidence = _reachable(evidence, who)
    signed = [s for s in evidence.signed if s.ticket is not None]
    if signed and len({s.ticket.id for s in signed if s.ticket}) == 1:
        return _by_token(signed)
    if signed:
        doubt = "; its tokens name different tickets, so none of them counts"
    ours = {s.message_id for s in signed}
    for message_id, ticket in evidence.known:
        if message_id not in ours:
            because = f"it answers <{message_id}>, which belongs to it{doubt}"
            return Match(ticket, "thread", Reason("match", ticket.number, because))
    for ticket in evidence.named:
        if who is not None and of_ticket(unit, ticket, who):
            because = f"the subject names it, and {who.person.name} is of it{doubt}"
            return Match(ticket, "number", Reason("match", ticket.number, because))
    if evidence.named:
        because = "the subject names a ticket that the sender is not of" + doubt
        reason = Reason("match", "a new ticket", because)
        return Match(None, "nothing", reason, barred=evidence.named[0])
    because = "nothing in it points to one that we have" + doubt
    return Match(None, "nothing", Reason("match", "a new ticket", because))


def _reachable(evidence: Evidence, who: Sender | None) -> Evidence:
    """Without deleted tickets, which only a technician's mail still finds: to undo that."""
    if who is not None and who.is_resource:
        return evidence
    return Evidence(
        tuple(s for s in evidence.signed if s.ticket is None or s.ticket.deleted is None),
        tuple((i, ticket) for i, ticket in evidence.known if ticket.deleted is None),
        tuple(ticket for ticket in evidence.named if ticket.deleted is None),
    )


def _by_token(signed: list[Signed]) -> Match:
    ticket = signed[0].ticket
    assert ticket is not None
    answers = tuple(s.message_id for s in signed if s.message_id is not None)
    persons = frozenset(
        s.token.person_id
        for s in signed
        if s.message_id is not None and s.token.person_id and not s.exposed
    )
    because = "it carries a token that we signed for it"
    return Match(ticket, "token", Reason("match", ticket.number, because), answers, persons)


def of_ticket(unit: Unit, ticket: Ticket, who: Sender) -> bool:
    """Whether this person belongs to the ticket: a resource, its contacts, its organization."""
    person = who.person
    if not who.strict or not person.active:
        return False
    if who.is_resource or person.id == ticket.contact_id:
        return True
    on_it = (TicketRole.SECONDARY, TicketRole.ADDITIONAL)
    people = asking.tickets.people(unit, ticket)
    if any(p.person_id == person.id and p.role in on_it for p in people):
        return True
    return person.organization_id is not None and person.organization_id == ticket.organization_id


def _by_number(unit: Unit, wanted: Iterable[str]) -> Mapping[str, Ticket]:
    """The tickets of these numbers, or where they went."""
    found = asking.tickets.numbers(unit, wanted)
    return {number: asking.tickets.survivor(unit, ticket) for number, ticket in found.items()}
