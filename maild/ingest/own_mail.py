"""Mail from our own address: a notification that came back, or a person's words (H32, H104).

That From is ours proves nothing: forms, groups and people at the shared mailbox write so.  Ours is
what bears an id or a boundary of ours and says what we composed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from maild.desk import names, people, reply_tokens
from maild.desk.desk import Actor, Desk
from maild.errors import MailError
from maild.ingest import mail_notes, match
from maild.ingest.outcome import Outcome, conclude, say
from maild.ingest.proof import signed_by_domain
from maild.ingest.subject_fields import title_of
from maild.model import Address, Became, LinkKind, Mail, Reason, Role
from maild.outbox.message import BOUNDARY
from maild.store import asking
from maild.store.records import OutboxItem, Person, Ticket

LATEST = 30  # mails of a ticket that one without an id of ours is held against
KEPT = 0.9  # of our words are in our mail wherever it went …
OURS = 0.7  # … and so much of what is in it is ours: lists and gateways add their lines


def returned(desk: Desk, mail: Mail, read: Callable[[bytes], Mail]) -> str:
    """Why it is our own mail that came back; "" where it is not."""
    match.look_up(desk.unit, mail)
    for item in _named(desk, mail):
        if item.octets is None or _same_words(item.octets, mail, read):
            return f'it is our notification "{item.template}" to {item.address} that came back'
    if mail.sender is None or not _is_ours(desk, mail.sender):
        return ""
    if _forgotten(desk, mail.message_id or ""):
        return "it bears a Message-ID that we signed, of a mail that we know no more"
    for item in _of_its_ticket(desk, mail):
        if item.octets is not None and _same_words(item.octets, mail, read):
            return f'it says what our notification "{item.template}" to {item.address} says'
    return ""


def _named(desk: Desk, mail: Mail) -> Iterator[OutboxItem]:
    """Our mail that has its Message-ID, or a boundary of its."""
    if mail.message_id is not None:
        yield from asking.outbox.with_ids(desk.unit, [mail.message_id])
    boundary = BOUNDARY.search(mail.header("Content-Type") or "")
    found = asking.outbox.with_key_begun(desk.unit, boundary[1]) if boundary else None
    if found is not None:
        yield found


def _forgotten(desk: Desk, message_id: str) -> bool:
    """We signed this id, and a database that was restored does not know for what (H28)."""
    signed = reply_tokens.read(reply_tokens.desk_secret(desk.unit), message_id)
    return signed is not None and asking.outbox.with_id(desk.unit, message_id) is None


def _of_its_ticket(desk: Desk, mail: Mail) -> list[OutboxItem]:
    """The latest mail of the ticket that it names."""
    evidence = match.gather(desk.unit, mail, reply_tokens.desk_secret(desk.unit))
    ticket = match.decide(desk.unit, evidence, None).ticket or next(iter(evidence.named), None)
    return asking.outbox.of(desk.unit, ticket)[: -LATEST - 1 : -1] if ticket else []


def _same_words(octets: bytes, mail: Mail, read: Callable[[bytes], Mail]) -> bool:
    try:
        ours = Counter(read(octets).text.split())
    except MailError:
        return False
    theirs = Counter(mail.text.split())
    shared = (ours & theirs).total()
    return shared >= KEPT * ours.total() and shared >= OURS * theirs.total()


# ---- what a person wrote from there, who does not say so


def take(desk: Desk, mail: Mail) -> Outcome:
    """Keeps what somebody wrote from the desk's own address: a note, or a ticket.

    Nobody is answered, nothing that it commands is done.  Its words are for contacts too where our
    own server vouches for the address and the ticket's contact got them anyway.
    """
    found, other = _match(desk, mail)
    address = mail.sender.address if mail.sender else ""
    who = names.apart(mail.sender.name, address) if mail.sender and mail.sender.name else address
    desk.actor = Actor(who, Role.SYSTEM)
    say(desk, Reason("who", who, "its From is the desk's own address, and it names nobody else"))
    ticket, is_new = found, found is None
    if ticket is None:
        ticket = _open(desk, mail)
    public = _went_to_contact(desk, mail, ticket)
    note = mail_notes.write(
        desk, ticket, mail, text=mail.new_text, public=public, first=is_new, title=who
    )
    if other is not None:
        desk.link(ticket, other, LinkKind.RELATED)
    if is_new:
        desk.announce(ticket, note)
    desk.settle()
    became = Became.TICKET if is_new else Became.NOTE
    return conclude(desk, became, f"{who} wrote it, from the desk's own address")


def _match(desk: Desk, mail: Mail) -> tuple[Ticket | None, Ticket | None]:
    """The ticket that it belongs to; and one whose number it merely says."""
    evidence = match.gather(desk.unit, mail, reply_tokens.desk_secret(desk.unit))
    found = match.decide(desk.unit, evidence, None)
    named = next(iter(evidence.named), None)
    if found.ticket is None and named is not None and _vouched(desk, mail):
        because = "the subject names it, and our own server vouches for our address"
        say(desk, Reason("match", named.number, because))
        return named, None
    say(desk, found.reason)
    return found.ticket, named if found.ticket is None else None


def _vouched(desk: Desk, mail: Mail) -> bool:
    return signed_by_domain(mail, desk.settings.config.trust).by != "none"


def _went_to_contact(desk: Desk, mail: Mail, ticket: Ticket) -> bool:
    if not _vouched(desk, mail) or ticket.contact_id is None:
        return False
    persons = (people.by_address(desk.unit, address) for address in (*mail.to, *mail.cc)[:40])
    return any(person is not None and person.id == ticket.contact_id for person in persons)


def _open(desk: Desk, mail: Mail) -> Ticket:
    contact = _written_to(desk, mail)
    return desk.open_ticket(
        title=title_of(mail.subject),
        contact=contact,
        organization=asking.people.organization(desk.unit, contact) if contact else None,
    )


def _written_to(desk: Desk, mail: Mail) -> Person | None:
    """The customer whom it was written to."""
    for address in (*mail.to, *mail.cc)[:10]:
        if "@" not in address.key.strip("@") or _is_ours(desk, address):
            continue
        person = people.by_address(desk.unit, address)
        if person is None or person.role != Role.RESOURCE:
            return person or people.learn(desk.unit, address, desk.now)
    return None


def _is_ours(desk: Desk, address: Address) -> bool:
    return people.is_ours(desk.unit, desk.settings.config, address.key)
