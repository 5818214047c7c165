"""The outbox on a screen: what waits, was sent, failed; sent again, given up, paused."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Callable
from contextlib import closing
from email.message import EmailMessage
from typing import Any

from starlette.responses import HTMLResponse, Response

from maild.errors import MaildError, NotFound, UsageError
from maild.i18n import sentence
from maild.model import SendState
from maild.outbox import preview, retry_or_drop, rows
from maild.outbox.journal import Journal, journal_path
from maild.store.asking import deliveries as asking_deliveries
from maild.store.asking import health as asking_health
from maild.store.asking import outbox as asking
from maild.store.asking.outbox import GROUPS, OPEN, OVER, Summary
from maild.store.records import OutboxItem
from maild.store.unit import Unit
from maild.web.site import action, page
from maild.web.visit import NEWEST, Visit

SCREENFUL = 100
MAIL = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"
COLOURS = {
    SendState.SENT: "green",
    SendState.FAILED: "red",
    SendState.UNKNOWN: "red",
    SendState.DROPPED: "",
    SendState.UNSENT: "",
}


@page("/admin/outbox", "mail read")
def outbox(visit: Visit) -> Response:
    """The newest notifications, of a state, an address or a ticket, and what became of them."""
    group, about = visit.query("state"), visit.query("q").strip().lower()
    if about and "@" not in about:
        about = about.strip("[]# ").upper()
    found = asking.page(
        visit.unit,
        group if group in GROUPS else "",
        about,
        visit.before(),
        SCREENFUL,
    )
    return visit.page(
        "admin-outbox.html",
        items=found,
        group=group,
        about=about,
        groups=_groups(visit.unit),
        more=found[-1].id if len(found) == SCREENFUL else 0,
        paused=rows.paused(visit.unit),
        colours=COLOURS,
    )


def _groups(unit: Unit) -> list[tuple[str, int]]:
    """Each group with how many there are in it."""
    states = asking_health.send_states(unit)
    return [
        (name, sum(states.get(s, 0) for s in among or SendState)) for name, among in GROUPS.items()
    ]


@action("/admin/outbox", "mail change")
def directed(visit: Visit) -> Response:
    """Pauses delivery, lets it go on, or sends all again that failed."""
    works = {"pause": _pause, "resume": _resume, "retry": _retry_all}
    if visit.field("do") not in works:
        raise UsageError(sentence("There is nothing to do by that name."))
    works[visit.field("do")](visit)
    visit.console.wake_outbox()
    return visit.to("/admin/outbox")


def _pause(visit: Visit) -> None:
    def work(unit: Unit) -> None:
        rows.pause(unit, visit.person.name, visit.now)
        visit.note_down(unit, sentence("paused the outbox"))

    visit.keep(work)


def _resume(visit: Visit) -> None:
    def work(unit: Unit) -> None:
        rows.resume(unit)
        visit.note_down(unit, sentence("let the outbox go on"))

    visit.keep(work)


def _retry_all(visit: Visit) -> None:
    def work(unit: Unit, journal: Journal) -> None:
        failed = [one.id for one in asking.page(unit, "failed", "", NEWEST, NEWEST)]
        for number in failed:
            _again(unit, number, journal, visit)
        visit.note_down(unit, sentence("sent all again that had failed"), str(len(failed)))

    _with_journal(visit, work)


@page("/admin/outbox/{id}", "mail read")
def notification(visit: Visit) -> Response:
    """One notification: the mail, and every attempt at it."""
    return visit.page("admin-notification.html", **_shown(visit))


def _shown(visit: Visit) -> dict[str, Any]:
    number = visit.number_in_path("id")
    row, item = asking.summary(visit.unit, number), visit.unit.get(OutboxItem, number)
    if row is None or item is None:
        raise NotFound(sentence("There is no such notification."))
    subject, text, problem = _words(visit, row, item)
    return {
        "one": row,
        "subject": subject,
        "text": text,
        "problem": problem,
        "attempts": asking_deliveries.attempts(visit.unit, number),
        "undecided": row.state in OPEN,
        "over": row.state in OVER,
        "colours": COLOURS,
    }


def _words(visit: Visit, row: Summary, item: OutboxItem) -> tuple[str, str, str]:
    """Subject, text, and what keeps them from being written."""
    if item.octets is not None:
        mail = _parsed(item.octets)
        plain = mail.get_body(("plain",))
        return row.subject or "", plain.get_content() if plain else "", ""
    try:
        draft = preview.of_item(visit.console.app.settings, visit.unit, item)
    except MaildError as error:
        return row.subject or "", "", visit.words.write(error.message)
    return draft.subject, draft.text, ""


def _parsed(octets: bytes) -> EmailMessage:
    return email.message_from_bytes(octets, policy=email.policy.default)


@page("/admin/outbox/{id}/mail", "mail read")
def formatted(visit: Visit) -> Response:
    """The mail's HTML: in a frame that can do nothing."""
    item = visit.unit.get(OutboxItem, visit.number_in_path("id"))
    html = _parsed(item.octets).get_body(("html",)) if item and item.octets else None
    if html is None:
        raise NotFound(sentence("There is no such message."))
    return HTMLResponse(html.get_content(), headers={"Content-Security-Policy": MAIL})


@action("/admin/outbox/{id}", "mail change")
def decided(visit: Visit) -> Response:
    """Sends one again, or gives it up."""
    number, again = visit.number_in_path("id"), visit.field("do") == "retry"

    def work(unit: Unit, journal: Journal) -> None:
        if again:
            _again(unit, number, journal, visit)
        else:
            retry_or_drop.give_up(unit, _item(unit, number), visit.person.name, visit.now)
        what = (
            sentence("sent a notification again") if again else sentence("gave a notification up")
        )
        visit.note_down(unit, what, str(number))

    _with_journal(visit, work)
    visit.console.wake_outbox()
    return visit.to(f"/admin/outbox/{number}")


def _item(unit: Unit, number: int) -> OutboxItem:
    found = unit.get(OutboxItem, number)
    if found is None:
        raise NotFound(sentence("There is no such notification."))
    return found


def _again(unit: Unit, number: int, journal: Journal, visit: Visit) -> None:
    retry_or_drop.again(unit, _item(unit, number), journal, visit.person.name, visit.now)


def _with_journal(visit: Visit, work: Callable[[Unit, Journal], None]) -> None:
    """The journal of sent mail must know of what somebody has decided."""
    with closing(Journal(journal_path(visit.console.app.settings))) as journal:
        visit.keep(lambda unit: work(unit, journal))
