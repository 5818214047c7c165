"""Which ticket a mail belongs to, by the best evidence there is (E4).

`gather` looks the evidence up, a few indexed look-ups whatever the number of messages; `decide`
weighs it and touches nothing.  Quoted text is no evidence: only header fields are (H51).  Our own
Message-IDs lead everybody to their ticket, who has one has our mail; those of others, and numbers,
lead only those who are of it: anybody can write them (H45, H88).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from maild.desk import former_numbers, numbers, reply_tokens
from maild.desk.reach import Reach
from maild.desk.reply_tokens import Token
from maild.ingest.sender import Sender
from maild.ingest.subject_fields import title_of
from maild.model import Mail, Reason, TicketRole
from maild.parse.fold import fold
from maild.store import asking
from maild.store.records import Thread, Ticket
from maild.store.types import keyed
from maild.store.unit import Unit

IDS = 60  # Message-IDs of one mail that are looked up: all of In-Reply-To, the latest References
DAYS = timedelta(days=14)  # so long two mails belong together by one that we never saw
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
    known: tuple[tuple[Thread, Ticket], ...]  # by Message-IDs of mail that we have
    named: tuple[Ticket, ...]  # by number, in the subject; by that of an old desk last
    outsiders: frozenset[str] = frozenset()  # addresses in To and Cc that are not of the desk
    mentioned: tuple[tuple[str, Ticket], ...] = ()  # by Message-IDs of mail that we have not


@dataclass(frozen=True, slots=True)
class Match:
    """The ticket that a mail belongs to, or none."""

    ticket: Ticket | None
    by: str  # token | thread | number | nothing
    reason: Reason
    answers: tuple[str, ...] = ()  # our signed Message-IDs of this ticket that it answers
    persons: frozenset[int] = frozenset()  # to whom we sent these, and nobody else saw them
    barred: Ticket | None = None  # it points there, but the sender is not of it
    aside: bool = False  # perhaps meant for others than its contacts: it stays internal


def answered(mail: Mail) -> tuple[str, ...]:
    """Message-IDs that a mail answers, the nearest first."""
    ids = dict.fromkeys((*mail.in_reply_to[:10], *reversed(mail.references), *mail.returned))
    return tuple(ids)[:IDS]


def nearest(mail: Mail) -> tuple[str, ...]:
    """Those that are worth remembering: what it answers, and where its thread began."""
    ids = dict.fromkeys((*mail.in_reply_to[:3], *mail.references[-5:], *mail.references[:1]))
    return tuple(ids)


def asked_ids(mail: Mail) -> tuple[str, ...]:
    """Its own Message-ID, and those that it answers."""
    return (*_own(mail), *answered(mail))


def mentions(mail: Mail) -> tuple[str, ...]:
    """Its own Message-ID, and those that other mail may answer as well."""
    return (*_own(mail), *nearest(mail))


def _own(mail: Mail) -> tuple[str, ...]:
    return (mail.message_id,) if mail.message_id else ()


def look_up(unit: Unit, mail: Mail) -> None:
    """Asks at once which mail of ours this one answers, and whether it is itself one of ours."""
    asking.outbox.look_up_ids(unit, asked_ids(mail))


def gather(
    unit: Unit,
    mail: Mail,
    secret: bytes,
    outsiders: frozenset[str] = frozenset(),
) -> Evidence:
    """Looks up what the mail's header fields point to, of mail that we have."""
    look_up(unit, mail)
    ids = [_ours(unit, message_id) for message_id in answered(mail)]
    asking.tickets.look_up(unit, [*ids, *_own(mail)])
    read: list[tuple[Token | None, str | None]] = [(reply_tokens.read(secret, i), i) for i in ids]
    read += [(reply_tokens.read(secret, a.address), None) for a in (*mail.to, *mail.cc)[:IDS]]
    found = [(token, message_id) for token, message_id in read if token is not None]
    wanted = {token.ticket_number for token, _ in found if token.ticket_number}
    named = numbers.numbers_in(mail.subject)[:NAMED]
    by_number = _by_number(unit, {*wanted, *named})
    written_to = [a.address for a in (*mail.to, *mail.cc)[:IDS]]
    former = former_numbers.former_numbers_in(mail.subject, written_to)
    of_old = former_numbers.tickets_of(unit, [n for n in former if n not in by_number])
    return Evidence(
        signed=tuple(
            Signed(t, i, by_number.get(t.ticket_number or ""), _exposed(unit, i)) for t, i in found
        ),
        known=tuple(known for i in ids for known in asking.tickets.of_message_id(unit, i)),
        named=(*(by_number[n] for n in named if n in by_number), *of_old.values()),
        outsiders=outsiders,
    )


def with_mentioned(unit: Unit, mail: Mail, evidence: Evidence, now: datetime) -> Evidence:
    """The same with what it points to of mail that we have not seen."""
    return replace(evidence, mentioned=_mentioned(unit, mail, now))


def _mentioned(unit: Unit, mail: Mail, now: datetime) -> tuple[tuple[str, Ticket], ...]:
    """Tickets whose mail answers what this one answers, or this one itself: the answer came
    before it.  An older mail of the same thread counts only where the topic is the same."""
    found = asking.tickets.mentioned(unit, mentions(mail), now - DAYS)
    if not found:
        return ()
    direct = {keyed(i) for i in (*_own(mail), *(mail.in_reply_to[:3] or mail.references[-1:]))}
    title = fold(title_of(mail.subject))
    return tuple(
        (mention.message_id, ticket)
        for mention, ticket in found
        if mention.message_id in direct or fold(title_of(ticket.title)) == title
    )


def _ours(unit: Unit, message_id: str) -> str:
    """The Message-ID that we gave our mail, where a relay gave it another."""
    item = asking.outbox.with_id(unit, message_id)
    return item.message_id if item is not None else message_id


def _exposed(unit: Unit, message_id: str | None) -> bool:
    """Whether others have seen this id of ours (tokens travel in References), or may have: it is
    written otherwise than we sent it, at another host or behind a prefix, so that no mail of ours
    says who has seen it."""
    item = asking.outbox.with_id(unit, message_id) if message_id is not None else None
    return item is None or item.exposed


def decide(unit: Unit, evidence: Evidence, who: Sender | None) -> Match:
    """A signed token, else a known Message-ID, else a number of the sender's own ticket."""
    doubt = ""
    evidence = _reachable(unit, evidence, who)
    signed = [s for s in evidence.signed if s.ticket is not None]
    if signed and len({s.ticket.id for s in signed if s.ticket}) == 1:
        return _by_token(signed)
    if signed:
        doubt = "; its tokens name different tickets, so none of them counts"
    found = _by_thread(unit, evidence, who, doubt)
    if found is not None:
        return found
    for ticket in evidence.named:
        if who is not None and of_ticket(unit, ticket, who):
            because = f"the subject names it, and {who.person.name} is of it{doubt}"
            return Match(ticket, "number", Reason("match", ticket.number, because))
    for message_id, ticket in evidence.mentioned:
        if who is not None and _same_people(unit, ticket, who, evidence):
            because = f"mail of it is about <{message_id}> too, which we have not seen{doubt}"
            return Match(ticket, "thread", Reason("match", ticket.number, because))
    known = [ticket for thread, ticket in evidence.known if not thread.ours]
    barred = next(iter((*evidence.named, *known)), None)
    because = "nothing in it points to one that we have" + doubt
    if barred is not None:
        how = "the subject names" if evidence.named else "it answers a mail of"
        because = f"{how} a ticket that the sender is not of{doubt}"
    return Match(None, "nothing", Reason("match", "a new ticket", because), barred=barred)


def _by_thread(unit: Unit, evidence: Evidence, who: Sender | None, doubt: str) -> Match | None:
    """The nearest Message-ID that leads this sender to a ticket."""
    ours = {keyed(s.message_id) for s in evidence.signed if s.ticket and s.message_id}
    known = [item for item in evidence.known if item[0].message_id not in ours]
    for message_id in dict.fromkeys(thread.message_id for thread, _ in known):
        of_id = [item for item in known if item[0].message_id == message_id]
        tickets = [t for thread, t in of_id if thread.ours or _follows(unit, t, who, evidence)]
        if tickets:
            because = f"it answers <{message_id}>, which belongs to it{doubt}"
            sure = [t for t in tickets if _is_for(unit, t, who, evidence)]
            aside = not sure or len({t.contact_id for t in sure}) > 1
            ticket = (sure or tickets)[-1]
            aside = aside and not any(thread.ours for thread, _ in of_id)
            because += "; it is perhaps meant for others, so it stays internal" if aside else ""
            return Match(ticket, "thread", Reason("match", ticket.number, because), aside=aside)
    return None


def _follows(unit: Unit, ticket: Ticket, who: Sender | None, evidence: Evidence) -> bool:
    """Whether somebody else's Message-ID leads this sender to the ticket: he is of it, or was in
    Cc, waits for a yes, and answers its contact."""
    if who is None or of_ticket(unit, ticket, who):
        return True
    proposed = asking.tickets.with_role(unit, ticket, TicketRole.PROPOSED)
    return who.person in proposed and _writes_to_contacts(unit, ticket, evidence)


def _same_people(unit: Unit, ticket: Ticket, who: Sender, evidence: Evidence) -> bool:
    """Whether a mail whose common root we never saw is of the ticket's people; a technician's is
    where he writes to them."""
    if who.is_resource:
        return _writes_to_contacts(unit, ticket, evidence)
    return _follows(unit, ticket, who, evidence)


def _is_for(unit: Unit, ticket: Ticket, who: Sender | None, evidence: Evidence) -> bool:
    """Whether what he says there is for its contacts.  A technician is of every ticket: what he
    writes to other people may be about something else."""
    if who is None or not who.is_resource or not evidence.outsiders:
        return True
    return _writes_to_contacts(unit, ticket, evidence)


def _writes_to_contacts(unit: Unit, ticket: Ticket, evidence: Evidence) -> bool:
    contact = asking.tickets.contact(unit, ticket)
    added = asking.tickets.with_role(unit, ticket, TicketRole.ADDITIONAL)
    people = [person for person in (contact, *added) if person is not None]
    keys = {key for person in people for key in asking.people.keys(unit, person)}
    return not evidence.outsiders.isdisjoint(keys)


def _reachable(unit: Unit, evidence: Evidence, who: Sender | None) -> Evidence:
    """Without deleted tickets, which only a technician's mail still finds, to undo that; without
    those of others where he is a client's own."""

    def there(ticket: Ticket) -> bool:
        return _sees(unit, ticket, who) if who and who.is_resource else ticket.deleted is None

    return Evidence(
        tuple(s for s in evidence.signed if s.ticket is None or there(s.ticket)),
        tuple((thread, ticket) for thread, ticket in evidence.known if there(ticket)),
        tuple(ticket for ticket in evidence.named if there(ticket)),
        evidence.outsiders,
        tuple((i, ticket) for i, ticket in evidence.mentioned if there(ticket)),
    )


def _sees(unit: Unit, ticket: Ticket, who: Sender) -> bool:
    """Whether the ticket is there for this technician."""
    return Reach(unit, who.client, who.person.id).has_ticket(ticket)


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
    if who.is_resource:
        return _sees(unit, ticket, who)
    if person.id == ticket.contact_id:
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
