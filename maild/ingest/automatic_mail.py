"""Mail that machines write in answer to something: shown on its ticket, moves nothing (E9)."""

from __future__ import annotations

from dataclasses import replace

from maild.desk import people, reply_tokens, sides
from maild.desk.desk import MAILD, Actor, Desk
from maild.desk.notify import not_delivered
from maild.i18n import sentence
from maild.ingest import mail_notes, match
from maild.ingest.outcome import Outcome, conclude, say
from maild.ingest.sender import Sender
from maild.model import (
    Appointment,
    Became,
    EventName,
    FailedRecipient,
    Kind,
    Mail,
    Reason,
    Role,
    SendState,
)
from maild.parse.parser import parse
from maild.store import asking
from maild.store.records import OutboxItem, Person, Ticket

ONE_LINE = 300  # characters of a reaction that are shown
ANSWER = "service_call_answer"  # field of a ticket: what somebody answered to its appointment

# Statuses that are no fault of the address: full, or our words were not liked (RFC 3463 §3).
NOT_ITS_FAULT = ("5.2.2", "5.3.", "5.6.", "5.7.")


def take(desk: Desk, mail: Mail) -> Outcome:
    """Files an auto-reply, bounce, delay notice or receipt; it is never answered."""
    if mail.kind in (Kind.BOUNCE, Kind.DELAY):
        outcome = _notice(desk, mail)
        if outcome is not None:
            return outcome
    what = f"an automatic mail ({mail.kind.value})"
    person = people.by_address(desk.unit, mail.sender) if mail.sender else None
    found = _match(desk, mail, person)
    if found.ticket is None:
        return conclude(desk, Became.IGNORED, f"{what} of no ticket")
    say(desk, found.reason)
    named = (mail.sender.name or mail.sender.address) if mail.sender else MAILD.name
    actor = Actor.of(person) if person else Actor(named, Role.SYSTEM)
    note = mail_notes.file(
        desk, found.ticket, mail, what, actor, title=_title(mail, named), text=_line(mail)
    )
    detail = {"kind": mail.kind.value, "subject": mail.subject}
    if mail.kind is Kind.REACTION and mail.appointment is not None:
        detail |= _answered(desk, found.ticket, mail.appointment, named)
    desk.emit(found.ticket, EventName.AUTOMATIC_MAIL, detail, note)
    return conclude(desk, Became.IGNORED, f"{what} changes nothing")


def _match(desk: Desk, mail: Mail, person: Person | None) -> match.Match:
    """Its ticket, by all that ties a letter to one: its subject too, where its sender is of it or
    we wrote to him about it."""
    evidence = match.gather(desk.unit, mail, reply_tokens.desk_secret(desk.unit))
    known = Sender.of(person) if person is not None else None
    found = match.decide(desk.unit, evidence, known)
    if found.ticket is not None:
        return replace(found, ticket=sides.own(desk.unit, desk.profile, found.ticket, person))
    if mail.sender is not None:
        for ticket in evidence.named:
            sent = asking.outbox.of(desk.unit, ticket) if ticket.deleted is None else []
            if any(item.address == mail.sender.key for item in sent):
                because = "the subject names it, and we wrote to this address about it"
                return match.Match(ticket, "number", Reason("match", ticket.number, because))
    return found


def _line(mail: Mail) -> str | None:
    """What is shown of a button that was pressed: one line; None: the words of the mail."""
    if mail.kind is not Kind.REACTION:
        return None
    text = " ".join((mail.new_text or mail.text or mail.subject).split())
    return text if len(text) <= ONE_LINE else f"{text[:ONE_LINE]} …"


def _answered(desk: Desk, ticket: Ticket, appointment: Appointment, who: str) -> dict[str, str]:
    """Writes down at the appointment who answers what; what rules are told of it."""
    if appointment.answer is None:
        return {}
    comment = " ".join(appointment.comment.split())
    said = f"{who}: {appointment.answer.answer}"
    desk.set_field(ticket, ANSWER, f"{said} ({comment})" if comment else said)
    return {"answer": appointment.answer.answer, "comment": comment}


def _title(mail: Mail, who: str) -> str:
    """What sort of mail it is, and whose, in one line."""
    return f"{mail.kind.value.capitalize()}: {who}"


# ---- bounces and delays


def _notice(desk: Desk, mail: Mail) -> Outcome | None:
    """Notes it on the ticket and at the notification; None where it is of no mail of ours."""
    row = _returned(desk, mail)
    if row is None:
        return None
    if not _proves(desk, mail, row):
        return _doubtful(desk, mail, row)
    failed = next((f for f in mail.failed_recipients if f.address.lower() == row.address), None)
    failed = failed or next(iter(mail.failed_recipients), FailedRecipient(row.address, None, None))
    words = _words(failed)
    ticket = desk.unit.get(Ticket, row.ticket_id)
    because = f'it returns our notification "{row.template}" to {row.address}'
    say(desk, Reason("match", ticket.number if ticket else "no ticket", because))
    if ticket is not None:
        desk.attach_message(ticket)
        told = "is delayed" if mail.kind is Kind.DELAY else "came back"
        what = f'the notification "{row.template}" {told}: {words}'
        mail_notes.file(desk, ticket, mail, what, MAILD)
        if mail.kind is Kind.BOUNCE:
            detail = {"failed": [row.address], "why": words}
            desk.emit(ticket, EventName.MESSAGE_BOUNCED, detail)
    if mail.kind is Kind.BOUNCE:
        _bounced(desk, row, failed, words)
    became = Became.NOTE if ticket else Became.IGNORED
    return conclude(desk, became, f"a {mail.kind.value}: {words}")


def _words(failed: FailedRecipient) -> str:
    return " ".join(filter(None, (failed.status, failed.diagnostic))) or "no reason is given"


def _returned(desk: Desk, mail: Mail) -> OutboxItem | None:
    """The notification that it speaks of: by its Message-ID, else the last to that address."""
    named = asking.outbox.with_ids(desk.unit, match.answered(mail))
    if named:
        return named[-1]
    addresses = [failed.address.lower() for failed in mail.failed_recipients[:20]]
    return asking.outbox.last_sent_to(desk.unit, addresses)


def _proves(desk: Desk, mail: Mail, row: OutboxItem) -> bool:
    """Whether it carries something of that very mail: its Message-ID, the token of its address, or
    all its text.  Anybody can write a notice that names an address (H92), and what it carries
    proves nothing where others have seen that mail: it has arrived then, too."""
    if row.exposed:
        return False
    if asking.outbox.with_ids(desk.unit, match.answered(mail)):
        return True
    secret = reply_tokens.desk_secret(desk.unit)
    tokens = (reply_tokens.read(secret, address.address) for address in (*mail.to, *mail.cc)[:20])
    if any(token and token.person_id == row.person_id for token in tokens if token):
        return row.person_id is not None
    sent = parse(row.octets).text if row.octets else ""
    lines = {line.strip() for line in sent.split("\n")} - {""}
    return bool(lines) and lines <= {line.strip("> \t\r") for line in mail.text.split("\n")}


def _doubtful(desk: Desk, mail: Mail, row: OutboxItem) -> Outcome:
    """A notice that proves nothing changes nothing; the admins are told."""
    failed = next((f for f in mail.failed_recipients if f.address.lower() == row.address), None)
    words = _words(failed or FailedRecipient(row.address, None, None))
    because = sentence("it carries nothing of a mail of ours, so anybody may have written it")
    if row.exposed:
        because = sentence(
            "others have seen the mail that it returns, so anybody may have written it"
        )
    say(desk, Reason("match", "no ticket", because))
    desk.alert(
        f"bounce:{row.address}",
        sentence(
            "A mail says that {address} cannot be reached ({words}); {because}. Nothing was "
            "changed; is the address right?",
            address=row.address,
            words=words,
            because=because,
        ),
    )
    return conclude(desk, Became.IGNORED, f"a {mail.kind.value} that proves nothing: {words}")


def _bounced(desk: Desk, row: OutboxItem, failed: FailedRecipient, words: str) -> None:
    """The outbox shows it, and a hard one counts against the address."""
    if row.state == SendState.FAILED:
        return
    desk.unit.change(row, state=SendState.FAILED, error=f"It came back: {words}")
    not_delivered(desk.unit, row, f"it came back: {words}", desk.now)
    hard = failed.status is None or (
        failed.status.startswith("5.") and not failed.status.startswith(NOT_ITS_FAULT)
    )
    if hard:
        _hard(desk, row, words)


def _hard(desk: Desk, row: OutboxItem, words: str) -> None:
    """One hard bounce more of this address; after several in a row we write there no more."""
    address = asking.people.address(desk.unit, row.address)
    if address is None:
        return
    desk.unit.change(address, bounces=address.bounces + 1)
    if address.bounces < desk.settings.config.floods.hard_bounces or address.held:
        return
    held = sentence(
        "{count} hard bounces in a row, the last: {words}",
        count=address.bounces,
        words=words[:450],
    )
    desk.unit.change(address, held=str(held))
    ticket = desk.unit.get(Ticket, row.ticket_id)
    if ticket is not None:
        detail = {"address": address.address, "because": held}
        desk.emit(ticket, EventName.ADDRESS_HELD, detail)
    desk.alert(
        f"held:{address.address}",
        sentence(
            "We write to {address} no more: {because}. Mail from it, or `maild people change "
            "{address} --release`, lifts that.",
            address=address.address,
            because=held,
        ),
    )


def alive(desk: Desk, key: str) -> None:
    """A mail of a person from this address: it lives, whatever bounced."""
    address = asking.people.address(desk.unit, key)
    if address is not None and address.bounces:
        desk.unit.change(address, bounces=0, held=None)
