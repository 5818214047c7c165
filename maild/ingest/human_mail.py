"""A mail by a person: who wrote, which ticket, may he; then a ticket, a note, or only words kept.

mail ─▶ who ─▶ match ─▶ proof ─▶ caps ─▶ confirmation · note · follow-up · new ticket
        └──────── an Understood: all is decided ────────┘   └──── actions of the desk ────┘
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from maild.commands import mail_commands as commands
from maild.commands.job import May
from maild.commands.values import Asked
from maild.desk import (
    file_policy,
    files_left_out,
    names,
    overflow,
    own_addresses,
    people,
    rate_limits,
    reply_tokens,
    sharing,
    sides,
    working_clock,
)
from maild.desk.answered import is_for_both_sides
from maild.desk.audience import ELSEWHERE, INTERNAL_ANSWER
from maild.desk.desk import MAILD, Actor, Desk
from maild.desk.language import for_all
from maild.desk.notify import notify, tell_later
from maild.desk.views import MAILING_LIST
from maild.i18n import sentence
from maild.ingest import (
    aliases,
    automatic_mail,
    cc,
    kept_back,
    mail_notes,
    own_list,
    own_mail,
    own_signature,
    rating_words,
    tapped,
    unknown_address,
    withheld,
)
from maild.ingest.match import Evidence, Match, answered, decide, gather, of_ticket, with_mentioned
from maild.ingest.outcome import Outcome, conclude, say
from maild.ingest.proof import Proof, prove, prove_contact
from maild.ingest.sender import FROM, Claim, Sender, claim, who
from maild.ingest.subject_fields import named_fields, title_of
from maild.ingest.tapped import Tapped
from maild.model import (
    Address,
    Became,
    EventName,
    Kind,
    LinkKind,
    Mail,
    Reason,
    Role,
    StatusKind,
    TicketRole,
    Withheld,
)
from maild.parse.fold import fold
from maild.parse.kind import takes_no_answers, writes_for_others
from maild.parse.thanks import is_thanks
from maild.rules.recipients import everybody_else, holders
from maild.spool import Mass
from maild.store import asking
from maild.store.records import Message, Note, Organization, Person, Ticket
from maild.yamlfile import key

Read = Callable[[Mass], Mail]

MOST_TOLD = 20  # resources whose counters are read before anybody knows who is told


@dataclass(frozen=True, slots=True)
class Understood:
    """A mail with all that is decided about it before anything is done."""

    mail: Mail
    sender: Sender
    found: Match
    proof: Proof
    asked: Asked  # what it commands, and its text without that
    tap: Tapped | None = None  # the link of ours that made it

    @property
    def person(self) -> Person:
        return self.sender.person

    @property
    def by_resource(self) -> bool:
        """It is of a technician, and we believe that."""
        return self.sender.is_resource and self.proof.enough

    @property
    def unproven(self) -> bool:
        """It is in a technician's name, and nothing proves him."""
        return self.sender.is_resource and not self.proof.enough

    @property
    def only_commands(self) -> bool:
        """It says nothing besides what it asks for: it becomes no note and reopens nothing."""
        asks = bool(self.asked.commands or self.asked.refused) or (
            self.tap is not None and self.tap.used
        )
        return asks and not (self.asked.text.strip() or self.mail.files)

    @property
    def may(self) -> May:
        why = "" if self.proof.enough else self.proof.lacking
        return May(self.person, self.role, self.proof.enough, why)

    @property
    def role(self) -> Role:
        return Role.RESOURCE if self.sender.is_resource else Role.CONTACT

    @property
    def actor(self) -> Actor:
        return Actor(self.person.name, self.role, self.person)


def take(desk: Desk, mail: Mail, read: Read) -> Outcome:
    """Does what a person's mail asks for, as far as he may."""
    _meet(desk, mail)
    claimed = _claim(desk, mail)
    if claimed is None:
        return own_mail.take(desk, mail)
    if claimed.field != FROM and mail.sender is not None:
        mail = replace(mail, sender=claimed.address)
        desk.mail = mail
        desk.unit.change(desk.stored, sender=claimed.address.key)
    aliases.offer(desk, mail)
    understood = _understand(desk, mail, claimed)
    desk.actor = understood.actor
    desk.author = None if understood.unproven else understood.person
    if understood.by_resource:
        working_clock.sign(desk.unit, understood.person.id, desk.now)
    original = _confirmed(desk, understood)
    if original is not None:
        return _confirm(desk, understood, original, read)
    kept = _kept_back(desk, understood)
    if kept is not None:
        return _send_on(desk, understood, kept)
    if understood.tap is not None and understood.tap.is_of(understood.person):
        tapped.settle_up(desk, understood.tap, understood.person, understood.proof)
    whose = _whose(desk, understood)
    _look_up_caps(desk, understood, whose)
    too_many = _too_many(desk, understood, "mails")
    if too_many:
        return _file(desk, understood, too_many)
    if understood.found.ticket is None:
        return _new_ticket(desk, understood)
    return _to_ticket(desk, understood, understood.found.ticket)


def _look_up_caps(desk: Desk, understood: Understood, whose: str) -> None:
    """Reads at once what is counted of him, and of those who probably hear of it."""
    unit, ticket = desk.unit, understood.found.ticket
    told = [understood.person, *asking.people.resources(unit)[:MOST_TOLD]]
    if ticket is not None:
        told += [p for p in (asking.tickets.contact(unit, ticket),) if p is not None]
    addresses = {key: p.role for p in told for key in asking.people.keys(unit, p)[:1]}
    rate_limits.look_up(
        unit,
        whose,
        ticket.id if ticket else None,
        addresses.items(),
        desk.settings.config.floods,
        desk.now,
        of_stranger=desk.author is not None and rate_limits.is_stranger(desk.author, desk.now),
    )


def _meet(desk: Desk, mail: Mail) -> None:
    """Reads at once all whom the mail names, and everybody whom a command can name."""
    asking.people.meet(desk.unit, cc.named(mail))


def _claim(desk: Desk, mail: Mail) -> Claim | None:
    """Who wrote it; None where it is of the desk's own address and says no more."""
    unit, config = desk.unit, desk.settings.config
    homes = frozenset(key.rpartition("@")[2] for key in people.ours(unit, config))

    def ours(address: Address) -> bool:
        return people.is_ours(unit, config, address.key)

    def program(address: Address) -> bool:
        """It takes no answers, fills in forms, or is one of our domain that nobody has."""
        if takes_no_answers(address) or writes_for_others(address):
            return True
        at_home = address.domain in homes - people.PUBLIC_DOMAINS
        return at_home and people.by_address(unit, address) is None

    return claim(mail, ours, program)


def _understand(desk: Desk, mail: Mail, claimed: Claim, of: Ticket | None = None) -> Understood:
    """Decides who, which ticket (`of`, where that is known) and with which proof; tells each with
    its reason."""
    unit, config = desk.unit, desk.settings.config
    sender = who(unit, claimed, desk.now)
    client = people.only_client(unit, config, sender.person)
    sender = replace(sender, client=client) if client is not None else sender
    front = own_addresses.came_by(config, desk.stored.mailbox, mail) if desk.stored else None
    if front is not None and front.language and not sender.known:
        unit.change(sender.person, language=front.language)
    outsiders = cc.outsiders(desk, mail)
    mail, tap = tapped.read(desk, mail)
    desk.mail = mail
    evidence = gather(unit, mail, reply_tokens.desk_secret(unit), outsiders)
    decided = decide(unit, evidence, sender)
    if decided.ticket is None:  # only then does it count what other mail is about
        evidence = with_mentioned(unit, mail, evidence, desk.now)
        decided = decide(unit, evidence, sender)
    found = _of_thread(evidence, decided, mail)
    found = replace(found, ticket=of) if of is not None else found
    if found.ticket is not None:
        own = sides.own(unit, desk.profile, found.ticket, sender.person)
        found = replace(found, ticket=own) if own is not found.ticket else found
    if found.ticket is not None:
        asking.ahead.of_ticket(unit, found.ticket)
    token = sender.person.id in found.persons and (tap is None or tap.proves)
    if token:  # whatever lists his server writes into its header
        mail = desk.mail = own_list.without_the_list(mail, "it answers what its sender alone got")
    believe = prove if sender.is_resource else prove_contact
    proof = believe(
        mail, strict=sender.strict, token=token, trust=config.trust, field=claimed.field
    )
    say(desk, sender.reason, found.reason, proof.reason)
    assert desk.stored is not None
    unit.change(desk.stored, proof=proof.by)
    desk.refuted = proof.refuted
    if mail.kind is Kind.HUMAN and mail.sender is not None:
        automatic_mail.alive(desk, mail.sender.key)
    asked = Asked(mail.subject, mail.new_text)
    if (sender.strict or sender.is_resource) and mail.kind is not Kind.LIST:
        asked = commands.read(desk, mail, sender.person, found.ticket)
    say(desk, *asked.reasons)
    if tap is not None:
        asked = tapped.asked(desk, tap, sender.person, asked)
    return Understood(mail, sender, found, proof, asked, tap)


def _of_thread(evidence: Evidence, found: Match, mail: Mail) -> Match:
    """A post of somebody's list goes to the ticket of its thread, whoever wrote it."""
    if found.ticket is not None or mail.kind is not Kind.LIST:
        return found
    for thread, ticket in evidence.known:
        if ticket.source == MAILING_LIST and ticket.deleted is None:
            because = f"it answers <{thread.message_id}>, a post of the same thread"
            return Match(ticket, "thread", Reason("match", ticket.number, because))
    return found


# ---- a ticket that is there


def _to_ticket(desk: Desk, understood: Understood, ticket: Ticket) -> Outcome:
    if understood.unproven:
        return _withhold(desk, understood, ticket)
    technician = unknown_address.whose(desk, understood.found, understood.sender)
    if technician is not None:
        own = sides.own(desk.unit, desk.profile, ticket, technician)
        return _keep_foreign(desk, understood, own, technician)
    for role in (TicketRole.STOPPED, TicketRole.QUIET):  # who writes wants to hear of it again
        desk.remove_person(ticket, understood.person, role)
    aside = _moves_nothing(desk, understood, ticket)
    if aside is not None:
        return aside
    if _too_late(desk, understood, ticket) and not commands.signs_off(understood.asked):
        later = _followed_by(desk, understood, ticket)
        if later is None:
            return _new_ticket(desk, understood, follows=ticket)
        return _to_ticket(desk, understood, later)
    asked, note = understood.asked, None
    if not understood.only_commands:
        note = _add_note(desk, understood, ticket)
        desk.settle()
    else:  # nothing but commands: no empty note
        desk.remember_message_id(understood.mail.message_id, ticket)
        desk.attach_message(ticket)
    results = commands.carry_out(desk, understood.mail, ticket, note, asked, understood.may)
    what = "a note" if note else "commands"
    because = understood.found.reason.because
    return conclude(desk, Became.NOTE, f"{what} by {understood.person.name}: {because}", results)


def _moves_nothing(desk: Desk, understood: Understood, ticket: Ticket) -> Outcome | None:
    """What became of a mail that is kept and leaves the ticket as it is; None: it is none such."""
    if _accepts_copies(desk, understood, ticket):
        return _accept_copies(desk, understood, ticket)
    score = _score(desk, understood, ticket)
    if score is not None:
        return _rate(desk, understood, ticket, score)
    too_often = _reopens_too_often(desk, understood, ticket)
    if too_often:
        return _file(desk, understood, too_often)
    quiet = _quiet(desk, understood, ticket)
    if quiet:
        mail_notes.file(desk, ticket, understood.mail, quiet, understood.actor)
        return conclude(
            desk, Became.NOTE, f"a note by {understood.person.name} that moves nothing: {quiet}"
        )
    return None


def _keep_foreign(
    desk: Desk, understood: Understood, ticket: Ticket, technician: Person
) -> Outcome:
    """In answer to a technician's mail, from an address that nobody knows."""
    mail, text = understood.mail, understood.asked.text or understood.mail.new_text
    unknown_address.keep(desk, mail, ticket, understood.sender, technician, text)
    why = f"an internal note: it answers a mail to {technician.name} from an unknown address"
    return conclude(desk, Became.NOTE, why)


def _add_note(desk: Desk, understood: Understood, ticket: Ticket) -> Note:
    """The mail as a note, for those for whom it is; hers, where a technician forwards her words."""
    mail, asked, may = understood.mail, understood.asked, understood.may
    readers = commands.audience(desk, mail, asked, may, ticket)
    readers = ELSEWHERE if understood.found.aside and readers.public else readers
    say(desk, readers.reason)
    contact = _forwarded(desk, understood) if not readers.public else None
    if contact is not None and _is_new_of(desk, ticket, mail, contact):
        return _hand_on(desk, mail, asked, ticket, contact)
    if readers.public:
        _copies(desk, understood, ticket)
    words = _for_contacts(understood) if readers.public else asked.text
    whole = mail.text if mail.forwarded and not readers.public else words
    title = commands.note_title(asked, may)
    note = mail_notes.write(desk, ticket, mail, text=whole, public=readers.public, title=title)
    if readers is INTERNAL_ANSWER and is_for_both_sides(desk.unit, desk.profile, mail, ticket):
        sharing.show(desk, ticket, note)
    kept_back.tell(desk, ticket, note, understood.person, readers)
    _say_of_files(desk, understood, ticket, note)
    return note


def _say_of_files(desk: Desk, understood: Understood, ticket: Ticket, note: Note) -> None:
    """Tells the sender which of his files are refused or, if a technician, not passed on."""
    if not understood.mail.answerable:
        return
    kinds = file_policy.refused(note)
    if understood.by_resource and (note.public or kinds):
        limit = desk.settings.config.notifications.attachment_bytes if note.public else 0
        files_left_out.tell(desk, ticket, note, understood.person, limit or sys.maxsize)
    elif kinds:
        said = {"refused": kinds}
        notify(desk, ticket, "files-refused", [understood.person], note=note, extra=said)


def _is_new_of(desk: Desk, ticket: Ticket, mail: Mail, contact: Person) -> bool:
    """Whether a forwarded mail says something of a contact of the ticket that is not there yet."""
    of_it = asking.tickets.with_role(desk.unit, ticket, TicketRole.ADDITIONAL)
    if mail.forwarded is None or (contact.id != ticket.contact_id and contact not in of_it):
        return False
    words = " ".join(mail.forwarded.words.split())
    notes = asking.notes.of(desk.unit, ticket)
    return bool(words) and not any(words == " ".join(note.text.split()) for note in notes)


def _hand_on(
    desk: Desk, mail: Mail, asked: Asked, ticket: Ticket, contact: Person, *, first: bool = False
) -> Note:
    """A forwarded mail: the contact's words are the contact's, the technician's own stay among
    his colleagues, who are told both."""
    words = mail.forwarded.words if mail.forwarded else mail.text
    with desk.acting(Actor.of(contact)):
        note = mail_notes.write(desk, ticket, mail, text=words, public=True, first=first)
    remark = _remark(mail, asked)
    if remark:
        desk.add_note(ticket, text=remark, public=False, event=EventName.NOTE_FILED)
    return note


def _kept_back(desk: Desk, understood: Understood) -> Note | None:
    """The note that a technician's mail sends on, which was kept from the contact in doubt."""
    if not understood.by_resource:
        return None
    return kept_back.to_send(desk, understood.mail, understood.found.ticket, understood.person)


def _send_on(desk: Desk, understood: Understood, note: Note) -> Outcome:
    """He says that his words were meant for the contact."""
    ticket = desk.unit.get(Ticket, note.ticket_id)
    assert ticket is not None
    mail_notes.file(desk, ticket, understood.mail, "it sends an earlier note on", understood.actor)
    if note.by_kind == Role.SYSTEM:
        unknown_address.attach(desk, note, understood.person)
    desk.release_note(ticket, note, public=True)
    desk.settle()
    why = f"{understood.person.name} sent an earlier note on to the contact"
    return conclude(desk, Became.NOTE, why)


def _quiet(desk: Desk, understood: Understood, ticket: Ticket) -> str:
    """Why a mail is only filed: it is a list's, or a thank-you; else ""."""
    if understood.mail.kind is Kind.LIST:
        return "mail of a list changes no status"
    is_open = ticket.status_kind != StatusKind.CLOSED
    if understood.by_resource or is_open or understood.mail.files:
        thanks = None
    else:
        thanks = is_thanks(understood.mail.new_text, _names(desk, ticket))
    if thanks:
        say(desk, Reason("thanks", "only a thank-you", f"every word of it is one ({thanks})"))
        return "a thank-you does not reopen a ticket"
    return ""


def _reopens_too_often(desk: Desk, understood: Understood, ticket: Ticket) -> str:
    """Which cap on reopening this ticket is reached; "" where none is, or it reopens nothing."""
    if understood.by_resource or ticket.status_kind != StatusKind.CLOSED:
        return ""
    if understood.only_commands or _quiet(desk, understood, ticket):
        return ""
    if _too_late(desk, understood, ticket):
        return ""  # it does not reopen this one
    return rate_limits.over(
        desk.unit,
        "reopenings",
        str(ticket.id),
        desk.settings.config.floods.reopenings,
        f"Ticket {ticket.number} was not reopened again",
        desk.now,
    )


def _names(desk: Desk, ticket: Ticket) -> frozenset[str]:
    """Words that a thank-you may end with: the names of those who are of the ticket."""
    of_it = [p.person_id for p in asking.tickets.people(desk.unit, ticket)]
    authors = [note.by_id for note in asking.notes.of(desk.unit, ticket)]
    ids = {i for i in (ticket.contact_id, ticket.primary_id, *of_it, *authors) if i is not None}
    found = desk.unit.some(Person, ids).values()
    return frozenset(word for person in found for word in person.name.casefold().split())


def _too_late(desk: Desk, understood: Understood, ticket: Ticket) -> bool:
    """The ticket was completed longer ago than mail reopens tickets."""
    days = desk.settings.config.desk.reopen_days
    if days is None or ticket.completed is None or understood.by_resource:
        return False
    return desk.now - ticket.completed > timedelta(days=days)


def _followed_by(desk: Desk, understood: Understood, ticket: Ticket) -> Ticket | None:
    """The latest ticket that follows it and is the sender's too: the thread goes on there."""
    return next(
        (
            later
            for later in asking.tickets.followers(desk.unit, ticket)
            if later.deleted is None and of_ticket(desk.unit, later, understood.sender)
        ),
        None,
    )


def _accepts_copies(desk: Desk, understood: Understood, ticket: Ticket) -> bool:
    """Whether the contact says yes to what our acknowledgement asked: to put colleagues on it."""
    if not understood.proof.enough or understood.person.id != ticket.contact_id:
        return False
    names = frozenset(fold(understood.person.name).split())
    return withheld.is_yes(understood.mail.new_text, names) and bool(cc.waiting(desk, ticket))


def _accept_copies(desk: Desk, understood: Understood, ticket: Ticket) -> Outcome:
    mail_notes.file(desk, ticket, understood.mail, "it says yes to a Cc", understood.actor)
    for person in cc.waiting(desk, ticket):
        desk.add_person(ticket, person, TicketRole.ADDITIONAL)
    return conclude(desk, Became.NOTE, f"{understood.person.name} wants colleagues to hear of it")


def _score(desk: Desk, understood: Understood, ticket: Ticket) -> int | None:
    """How it was, where that is what a contact's mail says: by a link, or in a word or two on a
    ticket that is done."""
    if understood.sender.is_resource:
        return None
    if understood.tap is not None and understood.tap.code.score is not None:
        return understood.tap.code.score
    done = ticket.status_kind in (StatusKind.CLOSED, StatusKind.RESOLVED)
    if not done or not understood.found.answers or understood.mail.files:
        return None
    return rating_words.score(understood.mail.new_text, _names(desk, ticket))


def _rate(desk: Desk, understood: Understood, ticket: Ticket, score: int) -> Outcome:
    """Keeps how it was; it reopens nothing, whatever else it says."""
    person, tap = understood.person, understood.tap
    his = person.id == ticket.contact_id or of_ticket(desk.unit, ticket, understood.sender)
    by_link = tap is None or (tap.is_of(person) and tap.proves)
    counts = his and by_link and understood.proof.enough
    text = understood.asked.text if tap is not None else understood.mail.new_text
    because = "a rating reopens nothing" if counts else "a rating that nothing proves, or again"
    actor = understood.actor
    title = for_all(desk, sentence("Rating: {score} of 5", score=score)) if counts else None
    note = mail_notes.file(desk, ticket, understood.mail, because, actor, title, text)
    if not counts:
        return conclude(desk, Became.NOTE, f"a note that moves nothing: {because}")
    assert desk.stored is not None
    key = tap.code.key if tap is not None else f"word-{desk.stored.id}"
    desk.rate(ticket, person, score, note, key=key)
    desk.settle()
    return conclude(desk, Became.NOTE, f"{person.name} says how it was: {score} of 5")


def _copies(desk: Desk, understood: Understood, ticket: Ticket) -> None:
    if understood.mail.kind is Kind.HUMAN and understood.sender.strict:
        his = understood.proof.enough and of_ticket(desk.unit, ticket, understood.sender)
        cc.take(desk, ticket, understood.mail, of_ticket=his)


# ---- a new ticket


def _new_ticket(desk: Desk, understood: Understood, follows: Ticket | None = None) -> Outcome:
    too_many = "" if understood.by_resource else _too_many(desk, understood, "tickets")
    if too_many:
        return _file(desk, understood, too_many)
    asked, may = understood.asked, understood.may
    if not understood.unproven and commands.only_answers(desk, asked):
        results = commands.carry_out(desk, understood.mail, None, None, asked, may)
        return conclude(
            desk,
            Became.IGNORED,
            "it opens no ticket: it only asks for reports, or for what needs one",
            results,
        )
    of_forward = _forwarded(desk, understood)
    written_to = _on_behalf(desk, understood) or _written_to(desk, understood)
    contact = of_forward or written_to or understood.person
    forwarded = of_forward is not None
    listed = understood.mail.kind is Kind.LIST
    title = title_of(asked.subject)
    fields, organization = _fields(desk, understood, title)
    if forwarded:
        fields["forwarded_by"] = understood.person.name
    ticket = desk.open_ticket(
        title=title,
        contact=contact,
        organization=organization or asking.people.organization(desk.unit, contact),
        source=_source(desk, understood),
        queue=queue(desk),
        fields=fields,
    )
    if listed:
        return _list_thread(desk, understood, ticket)
    note = _describe(desk, understood, ticket, of_forward)
    _tie(desk, understood, ticket, follows)
    if understood.unproven and contact is not understood.person:
        desk.mail = replace(understood.mail, answerable=False)  # nobody else hears of it yet
    desk.announce(ticket, note)
    desk.settle()
    desk.mail = understood.mail
    if understood.by_resource and not understood.unproven:
        _say_of_files(desk, understood, ticket, note)
    results = commands.carry_out(desk, understood.mail, ticket, note, asked, may)
    if understood.unproven and (asked.commands or forwarded):
        withheld.withhold(desk, ticket, understood.person, _written(asked), understood.proof)
    return conclude(desk, Became.TICKET, f"a new ticket by {contact.name}", results)


def _list_thread(desk: Desk, understood: Understood, ticket: Ticket) -> Outcome:
    """A post of somebody's list: seen in a view, told to nobody, as it was written to many."""
    because = "it came by a mailing list"
    note = mail_notes.file(desk, ticket, understood.mail, because, understood.actor)
    desk.unit.change(note, public=True)
    desk.file_ticket(ticket, because)
    return conclude(desk, Became.TICKET, f"a thread of a mailing list by {understood.person.name}")


def _source(desk: Desk, understood: Understood) -> str:
    """How it came in: by a list, as a technician says, by mail."""
    if understood.mail.kind is Kind.LIST:
        return MAILING_LIST
    return (understood.by_resource and commands.source(desk, understood.asked)) or "email"


def _describe(desk: Desk, understood: Understood, ticket: Ticket, contact: Person | None) -> Note:
    """The ticket's first note.  Of a forward (`contact`: whose mail it was) it holds the contact's
    words; the technician's own stay among his colleagues."""
    mail, asked, may = understood.mail, understood.asked, understood.may
    readers = commands.audience(desk, mail, asked, may, ticket, opens=True)
    say(desk, readers.reason)
    if contact is not None and not understood.unproven:
        return _hand_on(desk, mail, asked, ticket, contact, first=True)
    if readers.public:
        _copies(desk, understood, ticket)
    words = _for_contacts(understood) if readers.public else asked.text
    text, title = words if contact is None else mail.text, commands.note_title(asked, may)
    return mail_notes.write(
        desk, ticket, mail, text=text, public=readers.public, first=True, title=title
    )


def _for_contacts(understood: Understood) -> str:
    """What it says, without a technician's own signature: the desk's stands below."""
    text = understood.asked.text
    if not understood.sender.is_resource:
        return text
    return own_signature.without(text, understood.person.name)


def _remark(mail: Mail, asked: Asked) -> str:
    """What a forwarder wrote above the message, without his commands."""
    own = mail.forwarded.remark if mail.forwarded else ""
    below = mail.new_text[len(own) :] if mail.new_text.startswith(own) else ""
    return asked.text.removesuffix(below).strip()


def _forwarded(desk: Desk, understood: Understood) -> Person | None:
    """Whose mail a technician forwards, if he does and the mail says whose."""
    forwarded = understood.mail.forwarded
    address = forwarded.sender if forwarded else None
    if not understood.sender.is_resource or address is None:
        return None
    if people.is_ours(desk.unit, desk.settings.config, address.key):
        return None
    person = people.by_address(desk.unit, address)
    if person is not None and person.role == Role.RESOURCE:
        return None
    person = person or people.learn(desk.unit, address, desk.now)
    because = f"{understood.person.name} forwards a mail of {address.key}"
    say(desk, Reason("who", f"for {person.name}", because))
    return person


def _on_behalf(desk: Desk, understood: Understood) -> Person | None:
    """For whom a technician opens a ticket: `#for ann@acme.example`."""
    person = commands.on_behalf(desk, understood.asked) if understood.by_resource else None
    if person is not None:
        say(desk, Reason("who", f"for {person.name}", f"{understood.person.name} says so (#for)"))
    return person


def _written_to(desk: Desk, understood: Understood) -> Person | None:
    """The customer to whom a technician writes, the desk in copy; it is her ticket."""
    mail = understood.mail
    config, unit = desk.settings.config, desk.unit
    if not understood.sender.is_resource or not understood.sender.strict:
        return None
    if any(people.is_ours(unit, config, address.key) for address in mail.to):
        return None
    outsiders = cc.outsiders(desk, mail)
    address = next((a for a in mail.to if a.key in outsiders), None)
    if address is None:
        return None
    person = people.by_address(unit, address) or people.learn(unit, address, desk.now)
    because = f"{understood.person.name} writes to {address.key}, the desk in copy"
    say(desk, Reason("who", f"for {person.name}", because))
    return person


def _fields(
    desk: Desk, understood: Understood, title: str
) -> tuple[dict[str, str], Organization | None]:
    """What a subject `[Customer] - [Service] - [Symptom]` fills in (R2).

    The organization is only taken from it when a technician says so, or it is the sender's own.
    """
    fields, sure = named_fields(title)
    if not fields:
        return {}, None
    named = asking.people.organization_called(desk.unit, fields["customer"])
    own = named is not None and named.id == understood.person.organization_id
    if named is None or not (understood.by_resource or own):
        return (fields, None) if sure else ({}, None)
    return fields, named


def _tie(desk: Desk, understood: Understood, ticket: Ticket, follows: Ticket | None) -> None:
    """Links a follow-up to what it follows, and a stranger's ticket to the one it points to."""
    if follows is not None:
        desk.link(ticket, follows, LinkKind.FOLLOW_UP)
        return
    other = understood.found.barred
    if other is None:
        return
    desk.link(ticket, other, LinkKind.RELATED)
    person = understood.person
    who = names.with_address(person.name, asking.people.email(desk.unit, person))
    with desk.acting(MAILD):
        desk.add_note(
            ticket,
            text=f"This mail points to {other.number}, but {who} is not of that ticket. "
            "This one was opened instead, and nothing of the other was shown. If they belong "
            "together, merge them.",
            public=False,
        )


def queue(desk: Desk) -> str | None:
    """The queue of the alias or mailbox that the mail came in by, where the profile has it."""
    config, name = desk.settings.config, desk.stored.mailbox if desk.stored else ""
    front = own_addresses.came_by(config, name, desk.mail)
    of_mailbox = next((m.queue for m in config.mailbox if m.name == name), None)
    wanted = (front.queue if front is not None else None) or of_mailbox
    return next((q for q in desk.profile.queues if wanted and key(q) == key(wanted)), None)


# ---- what he may not, or not yet


def _written(asked: Asked) -> list[str]:
    return [command.written for command in asked.commands]


def _withhold(desk: Desk, understood: Understood, ticket: Ticket) -> Outcome:
    """Keeps the words as an internal note, does nothing, and asks whose name it came in."""
    because = f"no proof that it is of {understood.person.name}: {understood.proof.because}"
    note = mail_notes.write(
        desk,
        ticket,
        understood.mail,
        text=understood.asked.text,
        public=False,
        event=EventName.NOTE_WITHHELD,
        because=because,
    )
    results = commands.carry_out(
        desk, understood.mail, ticket, note, understood.asked, understood.may
    )
    withheld.withhold(desk, ticket, understood.person, _written(understood.asked), understood.proof)
    return conclude(desk, Became.NOTE, f"an internal note; {because}", results)


def _confirmed(desk: Desk, understood: Understood) -> Message | None:
    """The withheld mail of which he says that it was he."""
    mail, sender = understood.mail, understood.sender
    if not (sender.is_resource and sender.strict) or understood.proof.refuted:
        return None
    original = withheld.confirmed(desk.unit, answered(mail), sender.person)
    names = frozenset(fold(sender.person.name).split())
    return original if original and withheld.is_yes(mail.new_text, names) else None


def take_up(desk: Desk, mail: Mail, earlier: Message, read: Read) -> Outcome | None:
    """What a proven copy of an unproven mail asks for, if it does (H91); else None."""
    ticket = desk.unit.get(Ticket, earlier.ticket_id)
    asked_for = earlier.withheld is Withheld.WAITING or bool(earlier.commands)
    if ticket is None or not asked_for or (earlier.proof or "none") != "none":
        return None
    _meet(desk, mail)
    claimed = _claim(desk, mail)
    understood = _understand(desk, mail, claimed, ticket) if claimed is not None else None
    if understood is None or not understood.proof.enough:
        return None
    desk.actor, desk.author = understood.actor, understood.person
    desk.unit.change(earlier, proof=understood.proof.by)
    if earlier.withheld is Withheld.WAITING:
        return _release(desk, understood, earlier, read)
    if understood.sender.is_resource or not understood.asked.commands:
        return None
    note = next(iter(asking.notes.of_message(desk.unit, earlier.id)), None)
    results = commands.carry_out(desk, mail, ticket, note, understood.asked, understood.may)
    return conclude(desk, Became.NOTE, f"a proven copy of message {earlier.id}", results)


def _confirm(desk: Desk, understood: Understood, original: Message, read: Read) -> Outcome:
    """He says that it was he: the withheld note goes out, its commands are carried out."""
    ticket, stored = desk.unit.get(Ticket, original.ticket_id), desk.stored
    assert ticket is not None and stored is not None
    say(desk, withheld.reason(original))
    desk.unit.change(stored, proof="token")
    desk.author = understood.person
    mail_notes.file(desk, ticket, understood.mail, "it confirms an earlier mail", understood.actor)
    return _release(desk, understood, original, read)


def _release(desk: Desk, understood: Understood, original: Message, read: Read) -> Outcome:
    """Does what the withheld mail asked for, now that it is his."""
    ticket = desk.unit.get(Ticket, original.ticket_id)
    assert ticket is not None
    may = May(understood.person, Role.RESOURCE, proven=True)
    mail, note = withheld.release(desk, original, read)
    asked = commands.read(desk, mail, understood.person, ticket)
    if note is not None:
        readers = commands.audience(desk, mail, asked, may, ticket)
        withheld.show(desk, ticket, note, public=readers.public)
    desk.settle()
    results = commands.carry_out(desk, mail, ticket, note, asked, may)
    why = f"{understood.person.name} confirmed message {original.id}"
    return conclude(desk, Became.NOTE, why, results)


# ---- floods


def _too_many(desk: Desk, understood: Understood, name: str) -> str:
    """Which cap on this sender's mails or tickets is reached; "" where none is."""
    caps = desk.settings.config.floods
    what = f"{name.capitalize()} of {_address(desk, understood)} are only filed"
    whose = _whose(desk, understood)
    return rate_limits.over(desk.unit, name, whose, getattr(caps, name), what, desk.now)


def _whose(desk: Desk, understood: Understood) -> str:
    """Against whom it counts: who writes in his name without proof must not use up what he himself
    may send."""
    address = _address(desk, understood)
    return address if understood.proof.by == "none" else f"{address}:proven"


def _address(desk: Desk, understood: Understood) -> str:
    sender = understood.mail.sender
    return sender.key if sender else asking.people.email(desk.unit, understood.person)


def _file(desk: Desk, understood: Understood, because: str) -> Outcome:
    """Keeps a mail that is too many where it is seen: on its ticket, or the sender's last one."""
    ticket = understood.found.ticket or asking.tickets.last_of(desk.unit, understood.person)
    _tell_later(desk, understood, ticket)
    if ticket is None:
        return conclude(desk, Became.IGNORED, f"kept, but over {because}")
    mail_notes.file(desk, ticket, understood.mail, f"over {because}", understood.actor)
    return conclude(desk, Became.NOTE, f"a note that moves nothing: over {because}")


def _tell_later(desk: Desk, understood: Understood, ticket: Ticket | None) -> None:
    """What is over a cap is told all the same, in one mail with the rest: to those who hear of the
    ticket, and to a technician whose own words went nowhere."""
    told = [*(holders(desk, ticket) if ticket is not None else everybody_else(desk))]
    if understood.by_resource and understood.person not in told:
        told.append(understood.person)
    text = understood.asked.text or understood.mail.text
    tell_later(desk, told, overflow.entry(desk, ticket, understood.person.name, text))
