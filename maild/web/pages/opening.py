"""A new ticket: of any type, from a template, for somebody who is found as one types."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from starlette.responses import Response

from maild.desk.desk import Desk
from maild.errors import MaildError, UsageError
from maild.i18n import sentence
from maild.ingest import by_hand
from maild.ingest.by_hand import Done, Opening, Submission
from maild.model import Address, is_sendable
from maild.store.asking import clients as asking_clients
from maild.store.asking import console as asking
from maild.store.asking import screens
from maild.store.unit import Unit
from maild.web import forms
from maild.web.pages.changes import _assigned
from maild.web.pending import drop_draft
from maild.web.site import action, page
from maild.web.visit import Visit, row_number

PLACE = "new ticket"
KEPT = (
    "title", "text", "contact", "client", "queue", "type", "priority", "source", "template", "kind",
)  # fmt: skip


@page("/new", "ticket open")
def new(visit: Visit) -> Response:
    """The form; what was typed before is still there."""
    draft = visit.unit.first(asking.DRAFT, person=visit.person.id, place=PLACE)
    values = {name: visit.query(name) for name in KEPT if visit.query(name)}
    return _form(visit, values or (dict(draft.fields) if draft else {}), "")


def _form(visit: Visit, values: dict[str, Any], problem: str, status: int = 200) -> Response:
    scope = visit.visitor.scope.organization_id
    return visit.page(
        "new.html",
        status=status,
        values={name: values.get(name, "") for name in KEPT},
        problem=problem,
        clients=asking_clients.some(visit.unit, scope, 500),
        resources=screens.resources(visit.unit),
    )


@action("/new", "ticket open")
def opened(visit: Visit) -> Response:
    """Opens it, and leads to it."""
    key = forms.key_of(visit)
    with visit.looking() as unit:
        before = forms.taken(unit, key)
    if before is not None:
        return visit.to(before)
    try:
        number = _open(visit, key)
    except MaildError as error:
        if error.temporary:
            raise
        values = {name: visit.field(name) for name in KEPT}
        with visit.looking():
            return _form(visit, values, visit.words.write(error.message), 422)
    visit.console.wake_outbox()
    return visit.to(f"/tickets/{number}")


def _open(visit: Visit, key: str) -> str:
    with visit.looking() as unit:
        opening = _opening(visit, unit)
    asked = Submission(text=opening.text, files=opening.files)
    looked = by_hand.looked_at(visit.console.app.settings, asked).looked
    opening = replace(opening, looked=looked)

    def work(desk: Desk, person: Any) -> Done:
        done = by_hand.open_ticket(desk, person, opening)
        numbers.append(done.number)
        return done

    def also(unit: Unit) -> None:
        forms.take(unit, visit, key, f"/tickets/{numbers[-1]}")
        drop_draft(unit, visit.person.id, PLACE)
        visit.note_down(unit, sentence("opened a ticket"), numbers[-1])

    numbers: list[str] = []
    cause = f"form:{key}"
    return visit.console.app.by_hand(visit.person.id, cause, visit.now, work, also=also).number


def _opening(visit: Visit, unit: Unit) -> Opening:
    title = visit.field("title").strip()
    if not title:
        raise UsageError(sentence("Give the ticket a title."))
    contact, values = _contact(visit, unit)
    organization = row_number(visit.field("client"))
    if visit.visitor.scope.organization_id is not None:
        organization = visit.visitor.scope.organization_id
    commands = [c for c in forms.commands_of(visit) if c[0] in ("priority", "type", "tag")]
    if visit.field("assign"):
        commands += _assigned(visit)
    return Opening(
        title=title[:300],
        text=visit.field("text"),
        public=visit.field("kind", "public") != "internal",
        contact_id=contact,
        organization_id=organization,
        source=visit.field("source") or "phone",
        queue=visit.field("queue") or None,
        template=visit.field("template") or None,
        commands=tuple(commands),
        values=values,
        files=forms.files_of(visit),
    )


def _contact(visit: Visit, unit: Unit) -> tuple[int | None, tuple[tuple[str, Any], ...]]:
    """Whom it is for: somebody who is known, else an address that will be."""
    typed = visit.field("contact").strip()
    if not typed:
        return None, ()
    key = Address("", typed).key
    person = asking.person_at(unit, key)
    if person is not None:
        scope = visit.visitor.scope
        if not scope.has_client(person.organization_id):
            raise UsageError(sentence("{address} is not of your organization.", address=key))
        return person.id, ()
    if not (is_sendable(key) and "." in key.rpartition("@")[2]):
        raise UsageError(
            sentence(
                'Nobody here is "{text}"; choose one of the names that are offered, or write a '
                "mail address.",
                text=typed,
            )
        )
    return None, (("contact", key),)


@page("/suggest/people", "tickets list")
def suggest(visit: Visit) -> Response:
    """People whose name or address has the letters that are typed."""
    typed = next((visit.query(n) for n in ("contact", "cc", "q") if visit.query(n)), "")
    scope = visit.visitor.scope.organization_id
    found = screens.suggested(visit.unit, typed, scope) if len(typed.strip()) > 1 else []
    return visit.page("suggested.html", people=found)
