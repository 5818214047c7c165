"""Mail that machines write in answer to something: shown on its ticket, moves nothing (E9)."""

from __future__ import annotations

import sqlalchemy as sa

from maild.desk import reply_tokens
from maild.desk.desk import MAILD, Desk
from maild.desk.notify import not_delivered
from maild.ingest import mail_notes, match
from maild.ingest.outcome import Outcome, conclude, say
from maild.model import FailedRecipient, Kind, Mail, Reason
from maild.store.tables import OutboxItem, PersonAddress

# Statuses that are no fault of the address: full, or our words were not liked (RFC 3463 §3).
NOT_ITS_FAULT = ("5.2.2", "5.3.", "5.6.", "5.7.")


def take(desk: Desk, mail: Mail) -> Outcome:
    """Files an auto-reply, bounce, delay notice or receipt; it is never answered."""
    if mail.kind in (Kind.BOUNCE, Kind.DELAY):
        outcome = _notice(desk, mail)
        if outcome is not None:
            return outcome
    evidence = match.gather(desk.session, mail, reply_tokens.desk_secret(desk.session))
    found = match.decide(evidence, None)
    if found.ticket is None:
        return conclude(desk, "ignored", f"an automatic mail ({mail.kind.value}) of no ticket")
    say(desk, found.reason)
    desk.attach_message(found.ticket)
    desk.emit(found.ticket, "automatic mail", {"kind": mail.kind.value, "subject": mail.subject})
    return conclude(desk, "ignored", f"an automatic mail ({mail.kind.value}) changes nothing")


# ---- bounces and delays


def _notice(desk: Desk, mail: Mail) -> Outcome | None:
    """Notes it on the ticket and at the notification; None where it is of no mail of ours."""
    row, sure = _returned(desk, mail)
    if row is None:
        return None
    failed = next((f for f in mail.failed_recipients if f.address.lower() == row.address), None)
    failed = failed or next(iter(mail.failed_recipients), FailedRecipient(row.address, None, None))
    words = " ".join(filter(None, (failed.status, failed.diagnostic))) or "no reason is given"
    ticket = row.ticket
    evidence = "it returns" if sure else "it speaks of the last mail to that address:"
    because = f'{evidence} our notification "{row.template}" to {row.address}'
    say(desk, Reason("match", ticket.number if ticket else "no ticket", because))
    if ticket is not None:
        desk.attach_message(ticket)
        told = "is delayed" if mail.kind is Kind.DELAY else "came back"
        what = f'the notification "{row.template}" {told}: {words}'
        mail_notes.file(desk, ticket, mail, what, MAILD)
        if mail.kind is Kind.BOUNCE:
            desk.emit(ticket, "message bounced", {"failed": [row.address], "why": words})
    if mail.kind is Kind.BOUNCE:
        _bounced(desk, row, failed, words, sure)
    return conclude(desk, "note" if ticket else "ignored", f"a {mail.kind.value}: {words}")


def _returned(desk: Desk, mail: Mail) -> tuple[OutboxItem | None, bool]:
    """The notification that it speaks of, and whether its Message-ID says so."""
    by_id = (
        sa.select(OutboxItem)
        .where(OutboxItem.message_id.in_(match.answered(mail)))
        .order_by(OutboxItem.id.desc())
        .limit(1)
    )
    row = desk.session.scalar(by_id)
    if row is not None:
        return row, True
    addresses = [failed.address.lower() for failed in mail.failed_recipients[:20]]
    to_them = sa.select(OutboxItem).where(OutboxItem.address.in_(addresses))
    last = to_them.where(OutboxItem.state == "sent").order_by(OutboxItem.id.desc()).limit(1)
    return (desk.session.scalar(last) if addresses else None), False


def _bounced(desk: Desk, row: OutboxItem, failed: FailedRecipient, words: str, sure: bool) -> None:
    """The outbox shows it.  Only who knows the mail's own signed id can have an address held."""
    if row.state == "failed":
        return
    row.state, row.error = "failed", f"It came back: {words}"
    not_delivered(desk.session, row, f"it came back: {words}", desk.now)
    hard = failed.status is None or (
        failed.status.startswith("5.") and not failed.status.startswith(NOT_ITS_FAULT)
    )
    if not (hard and sure):
        return
    address = desk.session.scalar(
        sa.select(PersonAddress).where(PersonAddress.address == row.address)
    )
    if address is None:
        return
    address.bounces += 1
    if address.bounces < desk.settings.config.floods.hard_bounces or address.held:
        return
    address.held = f"{address.bounces} hard bounces in a row, the last: {words}"[:500]
    if row.ticket is not None:
        desk.emit(row.ticket, "address held", {"address": address.address, "because": address.held})
    desk.alert(
        f"held:{address.address}",
        f"We write to {address.address} no more: {address.held}. Mail from it, or `maild people "
        f"change {address.address} --release`, lifts that.",
    )


def alive(desk: Desk, address: str) -> None:
    """A mail of a person from this address: it lives, whatever bounced."""
    row = desk.session.scalar(sa.select(PersonAddress).where(PersonAddress.address == address))
    if row is not None and row.bounces:
        row.bounces, row.held = 0, None
