"""Mail of another desk with which tickets are shared (P8).

What it says is in a part that both desks' secret has signed (`maild/desk/partner_seal.py`): only
that counts, whatever relays made of the text beside it, and only for the ticket that it is of.
Without that proof its words are kept among colleagues, nothing is done, and the admins are told;
its numbers and Message-IDs lead nobody anywhere.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from maild.config import PartnerSection
from maild.desk import fields, numbers, partners, people, rate_limits, reply_tokens, shared_with
from maild.desk.desk import Actor, Desk
from maild.desk.language import for_all
from maild.desk.notify import notify
from maild.desk.partner_seal import Event, Says, is_signed, read
from maild.errors import Refused, UsageError
from maild.i18n import sentence
from maild.ingest import human_mail, mail_notes, match
from maild.ingest.outcome import Outcome, conclude, say
from maild.model import Address, Became, EventName, Mail, Reason, Role, Sealed, StatusKind
from maild.parse.thanks import is_thanks
from maild.rules.recipients import holders
from maild.store import asking
from maild.store.records import Note, PartnerEvent, Person, SharedTicket, Ticket

PROOF = "seal"  # what a message says of how its sender was proven
SOURCE = "partner"  # how such a ticket came in


@dataclass(frozen=True, slots=True)
class Heard:
    """What a partner proves to have said."""

    partner: PartnerSection
    person: Person  # its desk, as a contact
    event: Event

    @property
    def key(self) -> str:
        """By which it is remembered that it was done."""
        text = f"{self.partner.name}\0{self.event.id}"
        return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()

    @property
    def says(self) -> Says:
        """What sort of thing; what we know no word for are words."""
        known = [one for one in Says if one == self.event.says]
        return known[0] if known else Says.NOTE


def take(desk: Desk, mail: Mail) -> Outcome | None:
    """Does what a partner proves to have said; None: it is no such mail."""
    if not desk.settings.config.partner or mail.sealed is None:
        return None
    try:
        heard = _heard(desk, mail.sealed)
    except Refused as error:
        _say_doubt(desk, mail, error.message)
        return None
    because = f"signed by the secret that we share, for us, {heard.says} of {heard.event.ticket}"
    say(desk, Reason("partner", heard.partner.name, because))
    assert desk.stored is not None
    desk.unit.change(desk.stored, proof=PROOF)
    too_many = _over(desk, heard)
    if too_many:
        return conclude(desk, Became.IGNORED, f"kept, but over {too_many}")
    if asking.partners.said(desk.unit, heard.key) is not None:
        return conclude(desk, Became.DUPLICATE, f"{heard.partner.name} said this before")
    desk.actor = Actor(heard.person.name, Role.PARTNER, heard.person)
    desk.author = heard.person
    desk.mail = replace(mail, answerable=False)
    return _act(desk, heard, _only_said(mail, heard.event))


def _heard(desk: Desk, sealed: Sealed) -> Heard:
    """What it says, and who proves it; Refused with why it proves nothing."""
    signers = [one for one in desk.settings.config.partner if _signs(desk, one, sealed)]
    if not signers:
        raise Refused("its signature is by no secret of a [[partner]]")
    event = read(sealed.octets)
    of = [one for one in signers if event.sender in one.all_addresses()]
    if not of:
        raise Refused("it is signed by another desk than the one that it says it is of")
    if not people.is_ours(desk.unit, desk.settings.config, event.to):
        raise Refused("it is meant for another desk")
    person = people.by_address(desk.unit, Address("", of[0].address))
    if person is None:
        raise Refused("this partner is not in the database yet")
    return Heard(of[0], person, event)


def _signs(desk: Desk, partner: PartnerSection, sealed: Sealed) -> bool:
    """Whether it is signed by a secret of this partner's; one that cannot be read is told."""
    try:
        return is_signed(sealed, partner.keys())
    except UsageError as error:
        desk.alert(f"partner secret:{partner.name}", error.message)
        return False


def _over(desk: Desk, heard: Heard) -> str:
    """Which cap its mails have reached: they are a machine's, and count like those."""
    cap, name = desk.settings.config.floods.machines, heard.partner.name
    what = f"Mails of the partner {name} are only stored"
    return rate_limits.over(desk.unit, "machines", f"partner:{name}", cap, what, desk.now)


def _only_said(mail: Mail, event: Event) -> Mail:
    """The mail with nothing but what is signed of it: its words, and the files that are of it."""
    whole = "\n\n".join(filter(None, (event.words, event.description)))
    files = tuple(one for one in mail.attachments if one.sha256 in event.files)
    return replace(
        mail,
        subject=event.title,
        text=whole,
        new_text=event.words,
        quoted_text=event.description,
        html=None,
        attachments=files,
        appointment=None,
        forwarded=None,
        in_reply_to=(),
        references=(),
        returned=(),
    )


# ---- what it says


def _act(desk: Desk, heard: Heard, mail: Mail) -> Outcome:
    known = _known(desk, heard)
    ticket = _ticket(desk, known) if known is not None else None
    if known is None or ticket is None:
        return _open(desk, heard, mail)
    _hear(desk, heard, known, ticket)
    if heard.says is Says.OPENED:
        desk.attach_message(ticket)
        because = f"its ticket there is {heard.event.ticket}"
        return conclude(desk, Became.NOTE, f"{heard.partner.name} has it: {because}")
    note = _write(desk, heard, mail, ticket)
    _emit(desk, heard, ticket, note)
    desk.settle()
    if heard.says is Says.DONE:
        _is_done(desk, ticket)
    what = f"{heard.says} of {heard.partner.name}, of its {heard.event.ticket}"
    return conclude(desk, Became.NOTE, what)


def _known(desk: Desk, heard: Heard) -> SharedTicket | None:
    """The sharing that it is of: by our number, which the partner was told, else by its own; only
    one with this very partner."""
    event, name = heard.event, heard.partner.name
    if event.yours is None:
        return asking.partners.referred(desk.unit, name, event.ticket)
    ticket = asking.tickets.numbered(desk.unit, event.yours)
    found = shared_with.shared(desk.unit, desk.settings.config, ticket) if ticket else None
    return found if found is not None and found.partner == name else None


def _ticket(desk: Desk, known: SharedTicket) -> Ticket | None:
    """Our ticket, or what it was merged into; None of one that is deleted."""
    ticket = desk.unit.get(Ticket, known.ticket_id)
    ticket = asking.tickets.survivor(desk.unit, ticket) if ticket is not None else None
    return ticket if ticket is not None and ticket.deleted is None else None


def _hear(desk: Desk, heard: Heard, known: SharedTicket, ticket: Ticket) -> None:
    """Remembers it, and what is known of the partner's ticket; what was overtaken changes less."""
    event = heard.event
    desk.unit.add(PartnerEvent(key=heard.key, ticket_id=ticket.id, at=desk.now))
    if heard.says is Says.DONE and known.completed is None:
        desk.unit.change(known, completed=desk.now)
    if event.n > known.heard:
        state = heard.says.value
        desk.unit.change(
            known, reference=event.ticket, heard=event.n, status=event.status, state=state
        )
    elif known.reference is None:
        desk.unit.change(known, reference=event.ticket)
    detail = {"partner": known.partner, "says": heard.says.value, "reference": event.ticket}
    desk.record(ticket, EventName.PARTNER_HEARD, detail)


def _open(desk: Desk, heard: Heard, mail: Mail) -> Outcome:
    """A ticket of our own beside the partner's, which is told its number."""
    if heard.says in (Says.OPENED, Says.ENDED):
        return conclude(desk, Became.IGNORED, f"{heard.says} of a ticket that we do not share")
    ticket = desk.open_ticket(
        title=heard.event.title,
        contact=heard.person,
        organization=asking.people.organization(desk.unit, heard.person),
        source=SOURCE,
        queue=human_mail.queue(desk),
    )
    known = partners.begin(desk, ticket, heard.partner)
    _hear(desk, heard, known, ticket)
    note = _write(desk, heard, mail, ticket, first=True)
    desk.announce(ticket, note)
    desk.settle()
    partners.opened(desk, ticket, known)
    why = f"{heard.partner.name} shares its {heard.event.ticket}"
    return conclude(desk, Became.TICKET, why)


def _write(desk: Desk, heard: Heard, mail: Mail, ticket: Ticket, *, first: bool = False) -> Note:
    """Its words, for our contacts only where the partner is our contact; what only says that the
    work is over reopens nothing."""
    public = ticket.contact_id == heard.person.id
    over = "" if first else _moves_nothing(desk, heard, ticket)
    return mail_notes.write(
        desk,
        ticket,
        mail,
        text=_words(desk, heard, mail),
        public=public,
        first=first,
        title=heard.event.by,
        event=EventName.NOTE_FILED if over else EventName.NOTE_ADDED,
        because=over or None,
    )


def _moves_nothing(desk: Desk, heard: Heard, ticket: Ticket) -> str:
    """Why it reopens nothing that is closed; "" where it may, or nothing is."""
    if ticket.status_kind != StatusKind.CLOSED:
        return ""
    if heard.says in (Says.DONE, Says.ENDED):
        return "that the partner's work is over reopens nothing"
    if is_thanks(heard.event.words, frozenset(heard.event.by.casefold().split())):
        return "a thank-you does not reopen a ticket"
    cap, what = desk.settings.config.floods.reopenings, f"Ticket {ticket.number} was not reopened"
    return rate_limits.over(desk.unit, "reopenings", str(ticket.id), cap, what, desk.now)


def _words(desk: Desk, heard: Heard, mail: Mail) -> str:
    """What it says, and which of its files did not arrive."""
    lost = len(heard.event.files) - len(mail.attachments)
    if lost <= 0:
        return mail.new_text
    said = sentence("{count} files that were sent with it did not arrive.", count=lost)
    return f"{mail.new_text}\n\n[{for_all(desk, said)}]"


def _emit(desk: Desk, heard: Heard, ticket: Ticket, note: Note) -> None:
    """Lets the rules hear what sort of thing it says; plain notes they hear as notes."""
    says = {Says.QUESTION: "question", Says.DONE: "complete", Says.ENDED: "ended"}.get(heard.says)
    if says is not None:
        name = heard.partner.name
        detail = {"says": says, "side": name, "partner": name}
        desk.emit(ticket, EventName.OTHER_SIDE, detail, note)


def _is_done(desk: Desk, ticket: Ticket) -> None:
    """An open ticket waits for us to look at what was done, by the status that the profile has for
    that; whether it closes is for us to say."""
    status = desk.profile.status(desk.profile.shared_done_status)
    if StatusKind.CLOSED in (ticket.status_kind, status.kind) or status.kind == StatusKind.NEW:
        return
    desk.set_status(ticket, status.name)
    desk.settle()


# ---- what nothing proves


def unproven(desk: Desk, mail: Mail, read_again: human_mail.Read) -> Outcome | None:
    """What a person wrote from a partner's address, or in answer to our mail to one: kept for
    colleagues, on the ticket of our mail that it answers, else on one of its own; None: neither."""
    config = desk.settings.config
    if not config.partner or mail.sender is None or _is_technician(desk, mail.sender):
        return None
    partner = shared_with.partner_at(config, mail.sender.key)
    evidence = match.gather(desk.unit, mail, reply_tokens.desk_secret(desk.unit))
    signed = [one for one in evidence.signed if one.ticket is not None]
    if partner is None and not any(_to_partner(desk, one) for one in signed):
        return None
    if partner is not None and mail.sealed is None:
        _say_doubt(desk, mail, "it carries nothing that the partner's desk has signed")
    ticket = next((one.ticket for one in signed if one.ticket is not None), None)
    if ticket is not None and ticket.deleted is None:
        return _keep(desk, mail, asking.tickets.survivor(desk.unit, ticket))
    outcome = human_mail.take(desk, _untied(mail), read_again)
    opened = desk.unit.get(Ticket, desk.stored.ticket_id) if desk.stored else None
    if opened is not None:
        fields.tag(desk, opened, [for_all(desk, sentence("not proven"))])
    return outcome


def _is_technician(desk: Desk, address: Address) -> bool:
    person = people.by_address(desk.unit, address)
    return person is not None and person.role == Role.RESOURCE


def _to_partner(desk: Desk, signed: match.Signed) -> bool:
    """Whether the mail of ours that it answers went to a partner."""
    item = asking.outbox.with_id(desk.unit, signed.message_id) if signed.message_id else None
    config = desk.settings.config
    return item is not None and shared_with.partner_at(config, item.address) is not None


def _untied(mail: Mail) -> Mail:
    """The same, answering nothing and naming no ticket."""
    subject = " ".join(numbers.NUMBER.sub(" ", mail.subject).replace("[ ]", " ").split())
    return replace(mail, subject=subject, in_reply_to=(), references=(), returned=())


def _keep(desk: Desk, mail: Mail, ticket: Ticket) -> Outcome:
    """As a note for colleagues, who are told; no rule takes it for anybody's."""
    address = mail.sender.key if mail.sender else ""
    cap, what = desk.settings.config.floods.mails, f"Mails of {address} are only stored"
    too_many = rate_limits.over(desk.unit, "mails", address, cap, what, desk.now)
    if too_many:
        return conclude(desk, Became.IGNORED, f"kept, but over {too_many}")
    because = f"it came from {address}, and nothing proves that another desk says so"
    with desk.acting(Actor(address, Role.SYSTEM)):
        note = mail_notes.write(
            desk,
            ticket,
            mail,
            text=mail.new_text,
            public=False,
            event=EventName.NOTE_WITHHELD,
            because=because,
            title=for_all(desk, sentence("Not proven: {address}", address=address)),
        )
    notify(desk, ticket, "note", holders(desk, ticket), note=note)
    return conclude(desk, Became.NOTE, f"an internal note; {because}")


def _say_doubt(desk: Desk, mail: Mail, because: str) -> None:
    """Says why nothing is believed; of a partner's address to the admins too, once."""
    say(desk, Reason("partner", "not proven", because))
    partner = shared_with.partner_at(desk.settings.config, mail.sender.key if mail.sender else "")
    if partner is not None:
        desk.alert(
            f"partner:{partner.name}",
            f"A mail in the name of the partner {partner.name} was not believed: {because}. Its "
            "words are kept, and nothing was done. Have both desks the same secret, and each the "
            "other's `[desk] address` in its [[partner]]?",
        )
