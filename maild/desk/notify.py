"""Who is told what: a row of the outbox, written in the transaction that caused it (N12, E11).

Nothing is rendered or sent here.  The row holds the facts as they were at that moment, a key that
the same cause gives again after a crash (H28), and the place in the recipient's conversation.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, TypeVar

import structlog

from maild.config import Settings
from maild.desk import (
    absence,
    alerts,
    batches,
    bundles,
    facts,
    late,
    overdue,
    overflow,
    people,
    rate_limits,
    reach,
    readers,
    reply_tokens,
    shared_with,
    sides,
    sla,
)
from maild.desk.batches import Batch, Line
from maild.desk.known_facts import Facts
from maild.desk.language import translator
from maild.desk.notifications import AS_USUAL, LISTED, Notification
from maild.desk.own_addresses import answers_from
from maild.desk.profile import Profile
from maild.i18n import sentence
from maild.model import Address, EventName, Mail, Role, SendState, TicketRole
from maild.relay_ids import as_readers_know_it
from maild.store import asking
from maild.store.records import (
    Clock,
    Event,
    Message,
    Note,
    Organization,
    OutboxItem,
    Person,
    Thread,
    Ticket,
    TimeEntry,
)
from maild.store.unit import Unit

log = structlog.get_logger()
Told = TypeVar("Told")

TIME = "time_id"  # key beside the facts: which work the mail tells of
WHICH = "which"  # another one: which of several reports for one mail it is
RESTORED = "restored"  # key of a Setting: when a backup came back without the journal
STOPPED = "wants-no-mail"  # the notification that a contact did not get what he was written
AWAY = "away"  # the notification that somebody else has what was meant for a colleague
UNDELIVERED = "undelivered"  # the notification that another did not arrive
REFERENCES = 20  # ids of a conversation that a mail names: the first and the latest


class Cause(Protocol):
    """What we need of `Desk`: the unit of work, and whose doing it is."""

    unit: Unit
    settings: Settings
    profile: Profile
    now: datetime
    memory: dict[str, Any]
    chain: tuple[str, ...]  # the rules that led to it; none: no rule did
    cause: str  # the same again when the same mail is processed again
    cause_is_new: bool  # nothing was told yet of a cause that is written like this one
    since: datetime | None  # when what causes it came about, where that is known
    stored: Message | None
    author: Person | None  # who began it all, as far as we believe it
    mail: Mail | None  # what is being processed, if it is a mail
    refuted: bool  # our own server found that this mail is not of whom it names

    @property
    def by(self) -> Person | None:
        """Who acts; None where it is the desk itself."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """One person or bare address that is to be told."""

    name: str
    address: str
    audience: Role
    person: Person | None = None


def notify(
    desk: Cause,
    ticket: Ticket | None,
    template: str,
    recipients: Iterable[Person | Recipient | str],
    *,
    note: Note | None = None,
    time: TimeEntry | None = None,
    auto: str | bool | None = True,
    extra: Mapping[str, Any] | None = None,
    which: str = "",
) -> list[OutboxItem]:
    """Puts one mail a recipient into the outbox; gives the rows that are to be sent.

    `auto` is the Auto-Submitted keyword; True: what the notification is declared with.  `which`
    tells several apart that one cause tells the same person by the same template.  Someone
    who stopped, whose address is held, or who may not read the note gets none.  UsageError: there
    is no such notification.
    """
    kind = desk.profile.notifications.named(template)
    what = _What(kind, ticket, note, time, kind.auto if auto is True else auto or None, which)
    everybody = list(recipients)
    told = _told(desk, what, everybody)
    if template not in (AWAY, STOPPED):
        _say_who_is_away(desk, what, everybody)
        _say_who_stopped(desk, what, everybody)
    if kind.old_mail != AS_USUAL and late.is_old(desk):
        return _list_old_mail(desk, what, told) if kind.old_mail == LISTED else []
    told = _list_overdue(desk, what, told, extra or {})
    _look_up(desk, what, told)
    rows: list[OutboxItem] = []
    for recipient in told:
        row = (
            _covered(desk, what, recipient, extra or {})
            or _bundled(desk, what, recipient)
            or _add(desk, what, recipient, extra or {})
        )
        if row is not None and row.state != SendState.HELD:
            rows.append(row)
    return rows


@dataclass(frozen=True, slots=True)
class _What:
    """What all recipients of one call are told."""

    kind: Notification
    ticket: Ticket | None
    note: Note | None
    time: TimeEntry | None
    auto: str | None
    which: str = ""
    shared: dict[str, Any] = field(default_factory=dict)  # facts that several of them are told

    def once(self, name: str, facts: Callable[[], Told]) -> Told:
        """These facts, found for the first of them and the same for all."""
        if name not in self.shared:
            self.shared[name] = facts()
        found: Told = self.shared[name]
        return found

    @property
    def ids(self) -> tuple[int | None, int | None]:
        """The note and the ticket that it is about."""
        return self.note.id if self.note else None, self.ticket.id if self.ticket else None


def _list_old_mail(desk: Cause, what: _What, told: Sequence[Recipient]) -> list[OutboxItem]:
    """Puts the ticket of a mail of weeks ago into the list that each of them gets."""
    if what.ticket is None:
        return []
    return _gather(desk, late.LIST, told, late.entry(desk, what.ticket))


def _list_overdue(
    desk: Cause, what: _What, told: Sequence[Recipient], extra: Mapping[str, Any]
) -> list[Recipient]:
    """Those who get a mail of their own; the other technicians' lists have it, as it is late."""
    if what.ticket is None or what.note is not None or not overdue.is_late(desk):
        return list(told)
    listed = [
        recipient
        for recipient in told
        if recipient.audience == Role.RESOURCE and not overdue.alone(desk, recipient.address)
    ]
    line = overdue.entry(desk, what.ticket, what.kind.name, extra)
    _gather(desk, overdue.LIST, listed, line)
    return [recipient for recipient in told if recipient not in listed]


def _gather(desk: Cause, batch: Batch, told: Iterable[Recipient], line: Line) -> list[OutboxItem]:
    """Writes the line into the list that each of them gets; gives the lists that are new."""
    new: list[OutboxItem] = []
    for recipient in told:
        if batches.one_more(desk, batch, recipient.address):
            continue
        row = batches.open_list(desk, batch, recipient.address)
        if row is not None:
            batches.take_in(desk, batch, row, _written(desk, recipient, line))
            continue
        begun = batches.begun(batch, line)
        for made in notify(desk, None, batch.notification, [recipient], extra=begun):
            batches.wait(desk, batch, made)
            new.append(made)
    return new


def _told(
    desk: Cause, what: _What, given: Iterable[Person | Recipient | str]
) -> Sequence[Recipient]:
    """Who is told at all, each address once."""
    everybody = list(given)
    asking.people.bring(desk.unit, [who.id for who in everybody if isinstance(who, Person)])
    everybody = [there for who in everybody for there in _there(desk, what, who)]
    found: dict[str, Recipient] = {}
    for who in everybody:
        recipient = _recipient(desk.unit, who, what.kind)
        if recipient.address not in found and _may(desk, what, recipient):
            found[recipient.address] = recipient
    return list(found.values())


def _there(
    desk: Cause, what: _What, who: Person | Recipient | str
) -> Sequence[Person | Recipient | str]:
    """He himself, or who stands in while he is away; what answers his own mail is his."""
    if not isinstance(who, Person) or who.role != Role.RESOURCE or what.kind.direct:
        return [who]
    there = [p for p in absence.stand_ins(desk.unit, who, desk.now) if _may_see(desk, what, p)]
    there = there or [who]
    return there if who in there else [one for one in there if one is not desk.by]


def _say_who_is_away(desk: Cause, what: _What, given: Iterable[Person | Recipient | str]) -> None:
    """Tells the technician who writes to a colleague internally that another has his words."""
    note, author = what.note, desk.author
    if note is None or note.public or author is None or note.by_id != author.id:
        return
    for who in given:
        gone = absence.of(who, desk.now) if isinstance(who, Person) else None
        if gone is None or who is author or author.role != Role.RESOURCE:
            continue
        assert isinstance(who, Person)
        there = [p.name for p in absence.stand_ins(desk.unit, who, desk.now)]
        until = gone.until.isoformat() if gone.until else None
        said = {"who": who.name, "until": until, "stand_in": there}
        notify(desk, what.ticket, AWAY, [author], note=note, extra={"away": said})


def _say_who_stopped(desk: Cause, what: _What, given: Iterable[Person | Recipient | str]) -> None:
    """Tells the technician who writes to a contact in vain that no more mail is wanted there."""
    note, author, ticket = what.note, desk.author, what.ticket
    if note is None or not note.public or author is None or ticket is None:
        return
    if note.by_id != author.id or author.role != Role.RESOURCE:
        return
    stopped = _stopped(desk.unit, ticket)
    if any(isinstance(who, Person) and who in stopped for who in given):
        notify(desk, ticket, STOPPED, [author], note=note)


def _stopped(unit: Unit, ticket: Ticket) -> list[Person]:
    """The contacts whom nothing that is written on the ticket reaches (H87)."""
    found = asking.tickets.with_role(unit, ticket, TicketRole.STOPPED)
    return [person for person in found if person.role == Role.CONTACT]


def _look_up(desk: Cause, what: _What, told: Sequence[Recipient]) -> None:
    """Asks at once what would be asked for each of them."""
    if not desk.cause_is_new:
        asking.outbox.look_up(desk.unit, [_key(desk, what, recipient, 0) for recipient in told])
    if what.ticket is not None and desk.unit.has_added(what.ticket):
        fresh = (key for r in told for key in rate_limits.about(what.ticket.id, r.address))
        asking.counters.none_yet(desk.unit, fresh, desk.now)
    counted = [counted.key for r in told for counted in _caps(desk, what, r)]
    asking.counters.look_up(desk.unit, counted, desk.now)


def _recipient(unit: Unit, given: Person | Recipient | str, kind: Notification) -> Recipient:
    if isinstance(given, Recipient):
        return given
    if isinstance(given, str):
        key = Address("", given).key
        return Recipient(key.partition("@")[0], key, Role(kind.audience))
    addresses = asking.people.addresses(unit, given)
    usable = next((a for a in addresses if a.held is None), addresses[0])
    return Recipient(given.name, usable.address, given.role, given)


def _may(desk: Cause, what: _What, recipient: Recipient) -> bool:
    """Whether he is told at all."""
    if people.is_ours(desk.unit, desk.settings.config, recipient.address):  # H32
        return False
    if not _may_see(desk, what, recipient.person):
        log.warning("notify.not_ours", template=what.kind.name)
        return False
    if _is_machine(desk, what, recipient):
        return False
    if recipient.audience == Role.CONTACT and what.note is not None and not what.note.public:
        log.warning("notify.internal", template=what.kind.name, note=what.note.id)
        return False
    if what.ticket is not None and _is_elsewhere(desk, what.ticket, what, recipient):
        return False
    if what.kind.direct or what.ticket is None:
        return True
    if what.note is not None and desk.chain and readers.chosen(what.note, desk.memory):
        return False  # who reads it is said beside it
    outside = recipient.audience == Role.CONTACT
    if outside and (what.ticket.notify_contact is False or _has_it(desk, what, recipient)):
        return False
    if recipient.person is None:
        return True
    no_more = [TicketRole.STOPPED] + ([TicketRole.QUIET] if what.auto is not None else [])
    there = asking.tickets.people(desk.unit, what.ticket)
    return not any(p.person_id == recipient.person.id and p.role in no_more for p in there)


def _is_elsewhere(desk: Cause, ticket: Ticket, what: _What, recipient: Recipient) -> bool:
    """Whether the ticket is the other side's of a shared one: a technician hears of his own, and
    contacts of the first, but for what people write to them."""
    if not ticket.shared_side:
        return False
    if recipient.audience == Role.CONTACT:
        mirrored = what.note is None or what.note.copy_of is not None
        return ticket.twin_of is not None and (what.auto is not None or mirrored)
    who = recipient.person or people.by_address(desk.unit, Address("", recipient.address))
    return who is not None and not sides.is_of(desk.unit, desk.profile, ticket, who)


def _may_see(desk: Cause, what: _What, person: Person | None) -> bool:
    """Whether the ticket is one that he sees, where he is a client's own technician."""
    if what.ticket is None or person is None:
        return True
    return reach.may_have(desk.unit, desk.settings.config, person, what.ticket)


def _is_machine(desk: Cause, what: _What, recipient: Recipient) -> bool:
    """Whether it is another desk's address, which gets people's words and what is meant for it: an
    acknowledgement there would only be acknowledged (H29)."""
    if recipient.audience == Role.PARTNER or what.auto is None:
        return False
    return shared_with.partner_at(desk.settings.config, recipient.address) is not None


def _has_it(desk: Cause, what: _What, recipient: Recipient) -> bool:
    """Whether this contact has the very words already: a proven technician's mail names them in To
    or Cc, or the same note is told to them for another ticket."""
    note = what.note
    if note is None or what.kind.auto is not None:
        return False
    return _was_mailed(desk, note, recipient) or any(
        item.note_id == note.id and item.address == recipient.address
        for item in desk.unit.added(OutboxItem)
        if what.ticket is not None and item.ticket_id != what.ticket.id
    )


def _was_mailed(desk: Cause, note: Note, recipient: Recipient) -> bool:
    """Whether the mail that the note is of went to this address too, by a proven technician."""
    mail, author, stored = desk.mail, desk.author, desk.stored
    if mail is None or author is None or stored is None or author.role != Role.RESOURCE:
        return False
    own = note.by_id == author.id and note.stored_id == stored.id
    return own and any(a.key == recipient.address for a in (*mail.to, *mail.cc))


def _covered(
    desk: Cause, what: _What, recipient: Recipient, extra: Mapping[str, Any]
) -> OutboxItem | None:
    """One mail for one event and person: the row of this cause that tells him already.

    Either it carries the note anyway, or what we have to say now covers it and takes its place.
    """
    if what.ticket is None:
        return None
    unit = desk.unit
    for row in asking.outbox.of_cause(unit, what.ticket, desk.cause):
        if row.address == recipient.address and _tells_other_time(row, what, recipient):
            bundles.take_in(
                unit,
                row,
                what.kind.name,
                _data(desk, what, recipient),
                _key(desk, what, recipient, what.time.id if what.time else 0),
            )
            return row
        one_note = row.note_id is None or what.note is None or row.note_id == what.note.id
        takes_over = row.template in what.kind.covers
        covered = what.kind.name in desk.profile.notifications.covers(row.template)
        if row.address != recipient.address or not one_note or not (takes_over or covered):
            continue
        if takes_over:
            ticket = _ticket(desk, what, what.ticket, recipient)
            data = {**row.data, "ticket": ticket, **_written(desk, recipient, extra)}
            unit.change(row, template=what.kind.name, auto=what.auto, data=data)
        if what.note is not None:
            data = {**row.data, "note": _note(desk, what, what.note, recipient)}
            unit.change(row, note_id=what.note.id, data=data)
        if what.time is not None:
            said = _time(desk, what, what.time, recipient)
            unit.change(row, data={**row.data, "time": said, TIME: what.time.id})
        return row
    return None


def _tells_other_time(row: OutboxItem, what: _What, recipient: Recipient) -> bool:
    """Whether this mail to a resource tells of work, and what is to be told is other work."""
    if what.time is None or recipient.audience.is_outside:
        return False
    other = row.data.get(TIME) not in (None, what.time.id)
    return other and (row.template in (bundles.BUNDLE, what.kind.name))


def _bundled(desk: Cause, what: _What, recipient: Recipient) -> OutboxItem | None:
    """The row that waits for more news of this ticket for him, having taken in this one."""
    quiet = bundles.waits(desk.settings.config.notifications, what.kind, recipient.audience)
    if not quiet or what.ticket is None:
        return None
    row = bundles.open_row(
        desk.unit, what.ticket, recipient.address, desk.now, desk.profile.notifications
    )
    key = _free_key(desk, what, recipient) if row is not None else None
    if row is not None and key is not None:
        data = _data(desk, what, recipient)
        bundles.take_in(desk.unit, row, what.kind.name, data, key)
    return row


def preview_item(
    desk: Cause,
    ticket: Ticket | None,
    template: str,
    recipient: Recipient,
    *,
    note: Note | None = None,
    time: TimeEntry | None = None,
    extra: Mapping[str, Any] | None = None,
) -> OutboxItem:
    """The row that `notify` would write, only to be looked at: it is of no unit of work."""
    kind = desk.profile.notifications.named(template)
    what = _What(kind, ticket, note, time, kind.auto)
    return _row(desk, what, recipient, extra or {}, key=f"preview {desk.cause}")


def _add(
    desk: Cause, what: _What, recipient: Recipient, extra: Mapping[str, Any]
) -> OutboxItem | None:
    """The new row, or None where this very cause has told him already."""
    key = _free_key(desk, what, recipient)
    if key is None:
        return None
    held = _held(desk.unit, recipient) or _told_before(desk)
    capped = None if held else _capped(desk, what, recipient)
    row = desk.unit.add(_row(desk, what, recipient, extra, key))
    shared_with.seal(desk, what.ticket, row, what.note)
    if held:
        desk.unit.change(row, state=SendState.HELD, error=held)
        if what.note is not None and what.note.by_kind == Role.RESOURCE:
            not_delivered(desk.unit, row, held, desk.now)
    elif capped is not None:
        _keep_back(desk, what, recipient, row, capped)
    elif desk.settings.config.desk.listens:
        desk.unit.change(row, state=SendState.UNSENT)
    if what.ticket is not None:
        desk.unit.add(Thread(message_id=row.message_id, ticket_id=what.ticket.id, ours=True))
    return row


def _keep_back(
    desk: Cause, what: _What, recipient: Recipient, row: OutboxItem, capped: rate_limits.KeptBack
) -> None:
    """Over a cap: it goes out when the window ends; to the team all together, in one mail."""
    if recipient.audience.is_outside and capped.until is not None:
        desk.unit.change(row, next_try=capped.until, error=capped.because)
        return
    desk.unit.change(row, state=SendState.HELD, error=capped.because)
    if recipient.audience == Role.RESOURCE and what.note is not None:
        by = facts.writer(desk.unit, what.note)
        line = overflow.entry(desk, what.ticket, by, what.note.text)
        tell_later(desk, [recipient], line)


def tell_later(desk: Cause, told: Iterable[Person | Recipient | str], line: Line) -> None:
    """Puts words that are over a cap into the one mail that each of them gets when its window
    ends."""
    kind = desk.profile.notifications.named(overflow.LIST.notification)
    _gather(desk, overflow.LIST, _told(desk, _What(kind, None, None, None, kind.auto), told), line)


def keep_current(desk: Cause) -> None:
    """What mails say of their ticket is what is so after all that was done: "Status: Assigned" in
    the mail that says that we have it."""
    current: dict[int, Facts] = {}
    brought: dict[int, tuple[Facts, Facts]] = {}  # what several are told stays the same for all
    for row in desk.unit.added(OutboxItem):
        ticket, said = desk.unit.get(Ticket, row.ticket_id), row.data.get("ticket")
        if ticket is None or not said:
            continue
        if ticket.id not in current:
            current[ticket.id] = facts.current_facts(desk.unit, ticket)
        if id(said) not in brought:
            brought[id(said)] = said, {**said, **current[ticket.id]}
        _, now = brought[id(said)]
        if now != said:
            desk.unit.change(row, data={**row.data, "ticket": now})


def _row(
    desk: Cause, what: _What, recipient: Recipient, extra: Mapping[str, Any], key: str
) -> OutboxItem:
    person_id = recipient.person.id if recipient.person else None
    addresses = _addresses(desk, recipient)
    own = _answers(desk, addresses)
    chain = _conversation(desk, what, addresses, own)
    note_id, ticket_id = what.ids
    language = _language(desk, recipient)
    return OutboxItem(
        key=key,
        ticket_id=ticket_id,
        note_id=note_id,
        stored_id=desk.stored.id if desk.stored else None,
        person_id=person_id,
        address=recipient.address,
        template=what.kind.name,
        language=language,
        audience=recipient.audience,
        auto=what.auto,
        data={
            **what.kind.nothing,
            **_data(desk, what, recipient),
            **what.once(f"written {language}", lambda: _written(desk, recipient, extra)),
        },
        message_id=reply_tokens.message_id(
            reply_tokens.desk_secret(desk.unit),
            key,
            what.ticket.number if what.ticket else None,
            person_id,
            Address("", desk.settings.config.desk.address).domain,
        ),
        in_reply_to=own or (chain[-1] if chain else None),
        references=_bounded(chain),
        next_try=desk.now
        + bundles.waits(desk.settings.config.notifications, what.kind, recipient.audience),
        created=desk.now,
    )


def _free_key(desk: Cause, what: _What, recipient: Recipient) -> str | None:
    """The first free key of this cause, template and recipient; None: told already."""
    for count in range(1000):
        key = _key(desk, what, recipient, count)
        known = asking.outbox.with_key(desk.unit, key, only_mine=desk.cause_is_new)
        if known is None:
            return key
        about = (known.note_id, known.ticket_id), known.data.get(TIME), known.data.get(WHICH, "")
        if about == (what.ids, what.time.id if what.time else None, what.which):
            return None
    return None


def _key(desk: Cause, what: _What, recipient: Recipient, count: int) -> str:
    text = "\x00".join((desk.cause, what.kind.name, recipient.address, str(count)))
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _told_before(desk: Cause) -> str | None:
    """Why he may know it: it comes of something from before a restore, and nobody knows any more
    what went out between the backup and then (H28)."""
    lasting = desk.unit.lasting
    if RESTORED not in lasting:
        lasting[RESTORED] = asking.settings.kept(desk.unit, RESTORED)
    restored = lasting[RESTORED]
    if restored is None or desk.since is None:
        return None
    at = datetime.fromisoformat(restored["at"])
    if desk.since >= at:
        return None
    return f"it may have gone out before the restore of {at:%Y-%m-%d %H:%M} UTC"


def _held(unit: Unit, recipient: Recipient) -> str | None:
    """Why we do not write to him any more, if that is so."""
    if recipient.person is None:
        return None
    addresses = asking.people.addresses(unit, recipient.person)
    reasons = [a.held for a in addresses if a.address == recipient.address]
    return f"The address is held: {reasons[0]}" if reasons and reasons[0] else None


def _capped(desk: Cause, what: _What, recipient: Recipient) -> rate_limits.KeptBack | None:
    """Which cap keeps this mail back, if one does (E10)."""
    if what.kind.name == overflow.LIST.notification:  # it is what a cap lets out
        return None
    caps = _caps(desk, what, recipient)
    return rate_limits.over_outgoing(desk.unit, recipient.address, caps, desk.now)


def _caps(desk: Cause, what: _What, recipient: Recipient) -> Sequence[rate_limits.Counted]:
    """The caps that this mail counts against."""
    return what.once(f"caps {recipient.address}", lambda: _counted(desk, what, recipient))


def _counted(desk: Cause, what: _What, recipient: Recipient) -> Sequence[rate_limits.Counted]:
    mail = rate_limits.Outgoing(
        address=recipient.address,
        audience=recipient.audience,
        ticket_id=what.ticket.id if what.ticket else None,
        auto=what.auto is not None,
        stranger=recipient.audience == Role.CONTACT
        and rate_limits.is_stranger(recipient.person, desk.now),
        of_stranger=desk.author is not None and rate_limits.is_stranger(desk.author, desk.now),
        by_resource=desk.author is not None and desk.author.role == Role.RESOURCE,
    )
    return rate_limits.outgoing_caps(mail, desk.settings.config.floods)


def language_of(desk: Cause, person: Person | None) -> str:
    """The recipient's, else his organization's, else the desk's."""
    if person is not None and person.language:
        return person.language
    if person is not None:
        organization = desk.unit.get(Organization, person.organization_id)
        wanted = organization.fields.get("language") if organization is not None else None
        if wanted:
            return str(wanted)
    return desk.settings.config.desk.language


def _language(desk: Cause, recipient: Recipient) -> str:
    """In which he reads; of a bare address, that of whoever has it (and who stays unproven)."""
    person = recipient.person or people.by_address(desk.unit, Address("", recipient.address))
    return language_of(desk, person)


def _data(desk: Cause, what: _What, recipient: Recipient) -> Facts:
    """The facts as they are now, without anything that this audience may not read."""
    language, person = _language(desk, recipient), recipient.person
    data = {
        **_shared(desk, what, recipient, language),
        "recipient": facts.recipient_facts(
            recipient.name,
            recipient.address,
            recipient.audience,
            language,
            (person.timezone if person else None) or desk.settings.config.desk.timezone,
        ),
    }
    return _silent(data) if _unverified(desk, what, recipient) else data


def _shared(desk: Cause, what: _What, recipient: Recipient, language: str) -> Facts:
    """What is not about the recipient himself: to all of us who read one language the same."""
    if recipient.audience.is_outside:
        return _about(desk, what, recipient)
    return what.once(f"about {language}", lambda: _about(desk, what, recipient))


def _about(desk: Cause, what: _What, recipient: Recipient) -> Facts:
    config, ticket = desk.settings.config, what.ticket
    front = answers_from(config, ticket)
    data: Facts = {
        "cause": asking.outbox.mark_of(desk.cause),
        "desk": facts.desk_facts(config.desk, front),
        "event": {"at": desk.now.isoformat(), "by": desk.by.name if desk.by else "maild"},
        "ticket": _ticket(desk, what, ticket, recipient) if ticket else None,
        "note": _note(desk, what, what.note, recipient) if what.note else None,
        "time": _time(desk, what, what.time, recipient) if what.time else None,
        "earlier": _earlier(desk, what, ticket, recipient) if ticket else [],
    }
    if what.time is not None:
        data[TIME] = what.time.id
    if what.which:
        data[WHICH] = what.which
    if front is not None and front.templates:
        data[facts.FOLDER] = front.templates
    return data


def _ticket(desk: Cause, what: _What, ticket: Ticket, recipient: Recipient) -> Facts:
    """The ticket; to resources with the time that is left for what we owe (R6), and with whom they
    would write to in vain (H87)."""
    found = what.once("ticket", lambda: facts.ticket_facts(desk.unit, ticket))
    if recipient.audience.is_outside:
        return found
    language = _language(desk, recipient)

    def inside() -> Facts:
        zone = desk.settings.config.desk.zone
        said = [sla.in_words(*one) for one in sla.left(desk.profile, zone, ticket, desk.now)]
        stopped = [person.name for person in _stopped(desk.unit, ticket)]
        return {**found, "stopped": stopped, "left": translator(desk, language).plain(said)}

    return what.once(f"ticket {language}", inside)


def _note(desk: Cause, what: _What, note: Note, recipient: Recipient) -> Facts:
    limit = desk.settings.config.notifications.attachment_bytes
    outside = recipient.audience.is_outside
    return what.once(
        f"note outside {outside}",
        lambda: facts.note_facts(desk.unit, note, limit, outside=outside),
    )


def _time(desk: Cause, what: _What, time: TimeEntry, recipient: Recipient) -> Facts:
    internal = not recipient.audience.is_outside
    return what.once(
        f"time internal {internal}",
        lambda: facts.time_facts(desk.unit, time, internal=internal),
    )


def _earlier(desk: Cause, what: _What, ticket: Ticket, recipient: Recipient) -> Sequence[Facts]:
    """The notes before; to somebody outside those that he knows."""
    unit = desk.unit
    if recipient.audience == Role.PARTNER:
        return []
    if recipient.audience == Role.CONTACT:
        known = _known_notes(desk, ticket, recipient)
        return facts.earlier_facts(unit, ticket, before=what.note, known=known)
    return what.once("earlier", lambda: facts.earlier_facts(unit, ticket, before=what.note))


def _known_notes(desk: Cause, ticket: Ticket, recipient: Recipient) -> facts.Knows:
    """Which notes somebody outside may be reminded of: his own and those that were sent to him; the
    ticket's contact also what other contacts wrote.  Who is added later gets no history."""
    told = asking.outbox.notes_told(desk.unit, ticket, recipient.address)
    own = recipient.person.id if recipient.person else None
    is_contact = own is not None and own == ticket.contact_id
    return lambda note: (
        note.id in told or (note.by_kind == Role.CONTACT and (is_contact or note.by_id == own))
    )


def _written(desk: Cause, recipient: Recipient, extra: Mapping[str, Any]) -> Facts:
    """What the caller tells, its sentences in the recipient's language (`maild.i18n`)."""
    if not extra:
        return {}
    language = _language(desk, recipient)
    return dict(translator(desk, language).plain(extra))


def _unverified(desk: Cause, what: _What, recipient: Recipient) -> bool:
    """Whether we answer a mail that anybody may have sent in the name of an address (H78)."""
    if what.kind.auto != "auto-replied" or recipient.audience != Role.CONTACT:
        return False
    known = recipient.person is not None and recipient.person.source != "mail"
    if desk.stored is None or (known and not desk.refuted):
        return False
    return (desk.stored.proof or "none") == "none"


def _silent(data: Facts) -> Facts:
    """The same facts with no word of the sender's: who spams through us gets nothing across."""
    nobody = {**data["recipient"], "name": "", "first_name": ""}
    ticket = data["ticket"] and {**data["ticket"], "title": None, "contact": None}
    return {**data, "recipient": nobody, "ticket": ticket, "note": None, "earlier": []}


# ---- the conversation, as this recipient's mail program knows it (E11)


def _answers(desk: Cause, addresses: Sequence[str]) -> str | None:
    """The mail that we are processing, if it is by one of these."""
    if desk.stored is None or desk.stored.sender not in addresses:
        return None
    return desk.stored.message_id


def _conversation(desk: Cause, what: _What, addresses: Sequence[str], own: str | None) -> list[str]:
    """Ids of all mail of this ticket from him and to him, oldest first (RFC 5322 §3.6.4); `own`:
    that of his mail which we process."""
    ticket = what.ticket
    if ticket is None:
        return [own] if own else []
    entries = what.once("conversation", lambda: _came_and_went(desk, ticket))
    his = [(at, message_id) for at, address, message_id in entries if address in addresses]
    chain = [message_id for _, message_id in sorted(his, key=lambda entry: entry[0])]
    if own:  # last, wherever it was: this is what we answer
        chain = [m for m in chain if m != own] + [own]
    return chain


def _came_and_went(desk: Cause, ticket: Ticket) -> list[tuple[datetime, str, str]]:
    """(when, from or to which address, Message-ID) of all mail of this ticket before this one."""
    came = ((at, address, own) for at, address, own in asking.messages.came(desk.unit, ticket))
    return [*came, *_went(desk, ticket)]


def _went(desk: Cause, ticket: Ticket) -> Iterator[tuple[datetime, str, str]]:
    """What went out, by our Message-ID and by the one under which its readers know it."""
    host = desk.settings.config.smtp.host
    for at, address, message_id, relay_id in asking.outbox.went(desk.unit, ticket):
        known = as_readers_know_it(relay_id, host) if relay_id else None
        if known is not None:
            yield at, address, known
        yield at, address, message_id


def _addresses(desk: Cause, recipient: Recipient) -> list[str]:
    if recipient.person is None:
        return [recipient.address]
    return asking.people.keys(desk.unit, recipient.person)


def _bounded(chain: list[str]) -> list[str]:
    """The first id holds the conversation together, the latest ones place the mail in it."""
    return chain if len(chain) <= REFERENCES else [chain[0], *chain[-REFERENCES + 1 :]]


# ---- what became of it


def not_delivered(unit: Unit, row: OutboxItem, why: str, now: datetime) -> None:
    """Notes on the ticket that this mail did not arrive, and tells the admins once a recipient.

    A clock that is due at once lets the rules hear of it, whoever found it out; that such a notice
    itself did not arrive they are not told.
    """
    detail = {"template": row.template, "to": row.address, "why": why, "audience": row.audience}
    unit.add(
        Event(
            ticket_id=row.ticket_id,
            at=now,
            event=EventName.NOTIFICATION_FAILED,
            by="maild",
            detail=detail,
        )
    )
    if row.ticket_id is not None and row.template != UNDELIVERED:
        unit.add(
            Clock(
                ticket_id=row.ticket_id,
                name=f"{UNDELIVERED}: {row.id}",
                due=now,
                started=now,
            )
        )
    text = sentence(
        'The notification "{template}" to {address} could not be delivered: {why} '
        "`maild outbox` has it; is the address right?",
        template=row.template,
        address=row.address,
        why=why,
    )
    alerts.raise_alert(unit, alerts.undelivered(row.address), text, now)
    log.warning("outbox.failed", item=row.id, ticket=row.ticket_id)
