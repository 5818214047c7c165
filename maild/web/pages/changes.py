"""What is done to a ticket: answers, changes, what can be taken back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from maild.desk.desk import Desk
from maild.errors import MaildError, NotFound, Refused, UsageError
from maild.i18n import sentence
from maild.ingest import by_hand
from maild.ingest.by_hand import Done, Submission
from maild.model import AnswerState, Role
from maild.store.asking import console as asking
from maild.store.asking import screens
from maild.store.console_records import Draft, Pending
from maild.store.records import Ticket
from maild.store.unit import Unit
from maild.web import forms, pending
from maild.web.pages.ticket import shown
from maild.web.site import action
from maild.web.visit import Visit, row_number


def act(visit: Visit, found: Ticket, wanted: Submission, key: str, led_to: str) -> Done | None:
    """Does it; None where the same form has done it before."""
    with visit.looking() as unit:
        if forms.taken(unit, key) is not None:
            return None

    def work(desk: Desk, person: Any) -> Done:
        return by_hand.do(desk, forms.ticket_of(desk, found.id), person, wanted)

    def also(unit: Unit) -> None:
        forms.take(unit, visit, key, led_to)
        visit.note_down(unit, _what(wanted), found.number, **_detail(wanted))

    done = visit.console.app.by_hand(visit.person.id, f"form:{key}", visit.now, work, also=also)
    visit.console.wake_outbox()
    return done


def _what(wanted: Submission) -> str:
    if wanted.commands:
        names = [name for name, _ in wanted.commands]
        return sentence("changed a ticket: {names}", names=names)
    return sentence("changed a ticket")


def _detail(wanted: Submission) -> dict[str, Any]:
    return {"values": [name for name, _ in wanted.values]} if wanted.values else {}


def answered(visit: Visit, found: Ticket, done: Done | None) -> Response:
    """The page anew; or, in a page that is open, a toast with what was done and its undo."""
    address = f"/tickets/{found.number}"
    if not visit.htmx:
        return visit.to(address)
    said = " ".join(visit.words.write(text) for text in (*done.said, *done.away)) if done else ""
    undo = done.message_id if done and done.undo else 0
    answer = visit.page("toast-done.html", text=said, undo=undo, number=found.number)
    answer.headers["HX-Retarget"] = "#toasts"
    answer.headers["HX-Reswap"] = "beforeend" if said else "none"
    answer.headers["HX-Trigger"] = "live:ticket"
    return answer


@action("/tickets/{number}/do", "ticket change")
def change(visit: Visit) -> Response:
    """Any change of a ticket: a field of the form is a command."""
    with visit.looking():
        found = visit.ticket()
        wanted = _wanted(visit, found)
    key = forms.key_of(visit)
    done = act(visit, found, wanted, key, f"/tickets/{found.number}")
    if wanted.commands and wanted.commands[0][0] in ("delete", "spam") and not visit.htmx:
        return visit.to("/")
    return answered(visit, found, done)


def _wanted(visit: Visit, found: Ticket) -> Submission:
    values: list[tuple[str, Any]] = []
    commands = [*forms.commands_of(visit), *_more(visit)]
    name = visit.field("set")
    if name:
        commands, values = _set(visit, name)
    return Submission(
        commands=tuple(commands),
        values=tuple(values),
        text=_pack(visit) if visit.field("escalate") else visit.field("text"),
        public=visit.field("public") == "1",
        work=forms.work_of(visit),
        note_id=row_number(visit.field("note")),
        restores=visit.field("bare") == "restore",
        undoes=row_number(visit.field("undo")),
    )


def _more(visit: Visit) -> list[tuple[str, str]]:
    """Commands that are not one field each."""
    found: list[tuple[str, str]] = []
    bare = visit.field("bare")
    if bare in ("delete", "spam", "restore"):
        visit.needs("ticket delete")
    if bare == "split" or bare in forms.BARE:
        found.append((bare, ""))
    if "assign" in visit.form:
        found += _assigned(visit)
    if visit.field("share_to") and not bare:
        found.append(_shared(visit))
    if visit.field("remind_at"):
        found.append(("remind", visit.field("remind_at").replace("T", " ")))
    if visit.field("checklist_add").strip():
        found.append(("checklist", f"add {visit.field('checklist_add').strip()}"))
    if row_number(visit.field("undo")) is not None:
        found.append(("undo", ""))
    return found


def _pack(visit: Visit) -> str:
    """The five parts of an escalation, each under its heading (R10)."""
    labels = visit.field("pack_labels").split("|")
    parts = [part.strip() for part in visit.fields("pack")]
    if len(parts) < 5 or not all(parts):
        raise UsageError(sentence("An escalation needs all five parts; fill in what is missing."))
    return "\n\n".join(f"{label}: {part}" for label, part in zip(labels, parts, strict=False))


def _shared(visit: Visit) -> tuple[str, str]:
    """Queue and resource of the other side (P8)."""
    people, addresses = screens.persons(visit.unit, {row_number(visit.field("share_to")) or 0})
    person = next(iter(people.values()), None)
    if person is None or person.id not in addresses:
        raise NotFound(sentence("There is no such resource."))
    return ("share", f"{visit.field('share_queue')} {addresses[person.id][0]}")


def _assigned(visit: Visit) -> list[tuple[str, str]]:
    chosen = visit.field("assign")
    if chosen == "-":
        return [("assign", "nobody")]
    if not chosen:
        return []
    wanted = row_number(chosen) or 0
    people, addresses = screens.persons(visit.unit, {wanted})
    person = people.get(wanted)
    if person is None or person.role != Role.RESOURCE:
        raise NotFound(sentence("There is no such resource."))
    return [("assign", addresses[person.id][0])]


def _set(visit: Visit, name: str) -> tuple[list[tuple[str, str]], list[tuple[str, Any]]]:
    """One field of any kind: by its command where it has one."""
    value = (visit.field(name) or visit.field("value")).strip()
    if name == "due":
        if not value:
            return [], [("due", None)]
        return [], [("due", forms.at(visit, value[:10], value[11:16] or "17:00"))]
    if name in ("title", "resolution") and value:
        return [(name, value)], []
    if name == "estimated_hours" and value:
        return [], [(name, _hours(value))]
    return [], [(name, value or None)]


def _hours(text: str) -> float:
    try:
        hours = float(text.replace(",", ".").removesuffix("h").strip())
    except ValueError as error:
        raise UsageError(
            sentence('"{text}" is no number of hours; write it like 1.5.', text=text)
        ) from error
    if not 0 <= hours <= 10_000:
        raise UsageError(sentence('"{text}" is no number of hours; write it like 1.5.', text=text))
    return hours


# ---- answers: a reply or an internal note


@action("/tickets/{number}/answer", "ticket write")
def answer(visit: Visit) -> Response:
    """Takes an answer: it is given when the seconds for its undoing are over."""
    key = forms.key_of(visit)
    with visit.looking() as unit:
        found = visit.ticket()
        if forms.taken(unit, key) is not None:
            return _fresh(visit, found)
        wanted = _answer(visit)
        newer = _newer(visit, unit, found)
    if newer and not visit.field("anyway"):
        return _again(visit, found, conflict=newer)
    try:
        _try(visit, found, wanted)
    except MaildError as error:
        if error.temporary:
            raise
        return _again(visit, found, problem=visit.words.write(error.message))
    _hold(visit, found, wanted, key)
    return _fresh(visit, found)


def _answer(visit: Visit) -> Submission:
    public = visit.field("kind", "note") == "reply"
    told = tuple(filter(None, map(row_number, visit.fields("tell"))))
    return Submission(
        commands=forms.commands_of(visit),
        text=visit.field("text"),
        public=public,
        told=told,
        files=forms.files_of(visit),
        work=forms.work_of(visit),
    )


def _newer(visit: Visit, unit: Unit, found: Ticket) -> list[Any]:
    """Notes by others that were not there when the form was."""
    last = row_number(visit.field("last"))
    if last is None:
        return []
    notes = screens.whole(unit, found).notes
    return [n for n in notes if n.id > last and n.by_id != visit.person.id]


def _try(visit: Visit, found: Ticket, wanted: Submission) -> Done:
    """What would become of it, with nothing kept; the error that it would meet."""
    if not wanted.text.strip() and not wanted.files and not wanted.commands and not wanted.work:
        raise UsageError(sentence("There is nothing to send yet; write something."))

    rehearsed = by_hand.looked_at(visit.console.app.settings, wanted, scan=False)

    def work(desk: Desk, person: Any) -> Done:
        return by_hand.do(desk, forms.ticket_of(desk, found.id), person, rehearsed)

    return visit.console.app.by_hand(visit.person.id, "rehearsal", visit.now, work, rehearse=True)


def _hold(visit: Visit, found: Ticket, wanted: Submission, key: str) -> None:
    kind = "reply" if wanted.public else "note"

    def keep(unit: Unit) -> None:
        if forms.taken(unit, key) is not None:
            return
        forms.take(unit, visit, key, f"/tickets/{found.number}")
        pending.hold(
            unit,
            key=key,
            person_id=visit.person.id,
            ticket_id=found.id,
            fields=forms.plain(wanted),
            ip=visit.ip,
            now=visit.now,
            seconds=visit.console.web.undo_seconds,
        )
        pending.drop_draft(unit, visit.person.id, f"{found.number} {kind}")
        visit.note_down(
            unit, sentence("answered") if wanted.public else sentence("wrote a note"), found.number
        )

    visit.keep(keep)
    visit.console.wake_answers()


def _fresh(visit: Visit, found: Ticket) -> Response:
    if not visit.htmx:
        return visit.to(f"/tickets/{found.number}#composer")
    with visit.looking() as unit:
        values = shown(visit, unit.get(Ticket, found.id) or found)
        html = visit.page("composer.html", **values, drafts={}, text="")
    html.headers["HX-Trigger"] = json.dumps({"live:ticket": True, "answered": True})
    return html


def _again(visit: Visit, found: Ticket, **more: Any) -> Response:
    """The form once more, with what keeps it back."""
    kind = visit.field("kind", "note")
    with visit.looking() as unit:
        values = shown(visit, unit.get(Ticket, found.id) or found)
        values |= {"drafts": {}, "text": visit.field("text"), "compose": kind, **more}
        if visit.htmx:
            return visit.page("composer.html", **values)
        from maild.web.pages.ticket import _around

        values |= _around(visit, found) | {"drafts": {}}
        return visit.page("ticket.html", status=409, **values)


@action("/tickets/{number}/audience", "ticket write")
def audience(visit: Visit) -> Response:
    """Who would get it, as the rules would decide: tried, and nothing kept."""
    with visit.looking() as unit:
        found = visit.ticket()
        wanted = _answer(visit)
        whole = screens.whole(unit, found)
    if not wanted.text.strip():
        wanted = Submission(wanted.commands, text="…", public=wanted.public, told=wanted.told)
    try:
        tried = _try(visit, found, wanted)
    except MaildError as error:
        if error.temporary:
            raise
        return visit.page("gets-refused.html", why=visit.words.write(error.message))
    away = [visit.words.write(said) for said in tried.away]
    return visit.page(
        "gets.html", told=tried.told, away=away, contact=None, whole=whole, additional=[]
    )


@action("/tickets/{number}/answers/{id}/undo", "ticket write")
def take_back(visit: Visit) -> Response:
    """Takes an answer back that is not given yet; its words are a draft again."""
    with visit.looking():
        found = visit.ticket()
    wanted = visit.number_in_path("id")

    def undo(unit: Unit) -> Mapping[str, Any]:
        row = unit.get(Pending, wanted)
        if row is None or row.ticket_id != found.id or row.person_id != visit.person.id:
            raise NotFound(sentence("There is no such answer of yours."))
        if row.state not in (AnswerState.WAITING, AnswerState.REFUSED):
            raise Refused(sentence("It has gone out already."))
        unit.change(row, state=AnswerState.UNDONE)
        kind = "reply" if row.fields.get("public") else "note"
        place = f"{found.number} {kind}"
        draft = unit.first(asking.DRAFT, person=visit.person.id, place=place)
        words = {"text": str(row.fields.get("text", ""))}
        if draft is None:
            unit.add(Draft(person_id=visit.person.id, place=place, fields=words, updated=visit.now))
        else:
            unit.change(draft, fields=words, updated=visit.now)
        visit.note_down(unit, sentence("took an answer back"), found.number)
        return {"kind": kind, **words}

    words = visit.keep(undo)
    if not visit.htmx:
        return visit.to(f"/tickets/{found.number}#composer")
    answer = Response(status_code=204)
    answer.headers["HX-Trigger"] = json.dumps({"live:ticket": True, "taken-back": words})
    return answer


# ---- drafts


@action("/drafts", "self change")
def keep_draft(visit: Visit) -> Response:
    """Keeps what is typed; nothing typed: there is no draft."""
    place = visit.field("place")[:200]
    words = {name: visit.field(name) for name in ("text", "title") if visit.field(name)}

    def keep(unit: Unit) -> None:
        draft = unit.first(asking.DRAFT, person=visit.person.id, place=place)
        if not words:
            if draft is not None:
                unit.delete(draft)
        elif draft is None:
            unit.add(Draft(person_id=visit.person.id, place=place, fields=words, updated=visit.now))
        else:
            unit.change(draft, fields=words, updated=visit.now)

    visit.keep(keep)
    return Response(status_code=204)


# ---- many at once


@action("/tickets/bulk", "tickets change")
def bulk(visit: Visit) -> Response:
    """The same change for several tickets; each whole or not at all, and what was refused said."""
    key = forms.key_of(visit)
    numbers = visit.fields("pick")[:500]
    if not numbers:
        raise UsageError(sentence("Select the tickets first."))
    refused: list[str] = []
    done = 0
    for number in numbers:
        try:
            with visit.looking():
                found = visit.ticket(number)
                wanted = _bulk(visit)
            if act(visit, found, wanted, f"{key}:{found.number}", "/tickets") is not None:
                done += 1
        except MaildError as error:
            if error.temporary:
                raise
            refused.append(f"{number}: {visit.words.write(error.message)}")
    back = visit.field("back", "/tickets")
    back = back if back.startswith("/tickets") else "/tickets"
    if not refused and not visit.htmx:
        return visit.to(back)
    return visit.page("bulk-done.html", done=done, refused=refused, back=back)


def _bulk(visit: Visit) -> Submission:
    commands = [*forms.commands_of(visit), *(_assigned(visit) if visit.field("assign") else [])]
    if visit.field("bulk") == "delete":
        visit.needs("ticket delete")
        commands = [("delete", "")]
    if not commands:
        raise UsageError(sentence("Choose what is to be changed."))
    return Submission(commands=tuple(commands))
