"""The sheets of a ticket: its clock, people, fields, history, what is asked before a change."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from maild.desk import working_clock
from maild.desk.desk import Desk
from maild.desk.lists import FIELDS as LIST_FIELDS
from maild.errors import NotFound, Refused, UsageError
from maild.i18n import sentence
from maild.ingest import by_hand
from maild.ingest.by_hand import Done, Submission
from maild.store.asking import screens
from maild.store.console_records import Signature, WorkingClock
from maild.store.records import Ticket, TimeEntry
from maild.store.unit import Unit
from maild.web import forms
from maild.web.pages.changes import act, answered
from maild.web.pages.ticket import _ELSEWHERE, shown
from maild.web.site import action, page
from maild.web.ticket_history import happening
from maild.web.visit import Visit

SHEETS = ("template", "merge", "link", "escalate", "transfer", "share", "remind", "sign", "title",
          "split")  # fmt: skip
LONGEST_PATH = 20_000


def _whole(visit: Visit) -> dict[str, Any]:
    return shown(visit, visit.ticket())


@page("/tickets/{number}/sheet/{name}", "ticket change")
def sheet(visit: Visit) -> Response:
    """What is asked before something is done."""
    name = visit.path("name")
    if name not in SHEETS:
        raise NotFound(sentence("There is nothing at this address."))
    note_id = visit.query("note") if visit.query("note").isdecimal() else ""
    return visit.page("sheet.html", name=name, note_id=note_id, **_whole(visit))


@page("/tickets/{number}/history", "ticket read")
def history(visit: Visit) -> Response:
    """All that happened, the newest first."""
    found = visit.ticket()
    lines = [happening(visit, event) for event in screens.events(visit.unit, found)]
    return visit.page("history.html", lines=lines, ticket=found)


@page("/tickets/{number}/people", "ticket change")
def people(visit: Visit) -> Response:
    """Who is of it, to be changed."""
    return visit.page("people-sheet.html", **_whole(visit))


@action("/tickets/{number}/people", "ticket change")
def change_people(visit: Visit) -> Response:
    """Adds or takes off a person; gives it another contact."""
    with visit.looking():
        found = visit.ticket()
    commands = [*forms.commands_of(visit)]
    values: list[tuple[str, Any]] = []
    if visit.field("contact").strip():
        values.append(("contact", visit.field("contact").strip()))
    if not commands and not values:
        raise UsageError(sentence("Write an address, or choose somebody."))
    wanted = Submission(commands=tuple(commands), values=tuple(values))
    done = act(visit, found, wanted, forms.key_of(visit), f"/tickets/{found.number}")
    return answered(visit, found, done)


@page("/tickets/{number}/fields", "ticket change")
def fields(visit: Visit) -> Response:
    """A field that the page does not show yet."""
    names = [n for n in visit.profile.field_names if n not in _ELSEWHERE and n not in LIST_FIELDS]
    return visit.page("fields-sheet.html", names=sorted(names), ticket=visit.ticket())


@page("/tickets/{number}/menu", "ticket read")
def menu(visit: Visit) -> Response:
    """What a right click on a row offers (step 9 of the co-managed procedure)."""
    found = visit.ticket()
    return visit.page("row-menu.html", ticket=found, own=screens.persons(
        visit.unit, {visit.person.id})[1].get(visit.person.id, ("",))[0])  # fmt: skip


@page("/tickets/{number}/remote", "ticket read")
def remote(visit: Visit) -> Response:
    """To the machine's remote agent (A9)."""
    found = visit.ticket()
    link = str(found.fields.get("remote") or found.fields.get("asset_remote") or "")
    if not link.startswith(("https://", "http://")):
        raise NotFound(
            sentence(
                "No remote agent is known for this ticket. Set its field “remote” to the address "
                "of the session."
            )
        )
    return visit.to(link)


# ---- time


@page("/tickets/{number}/clock", "ticket read")
def clock(visit: Visit) -> Response:
    """His clock of this ticket."""
    found = visit.ticket()
    return _clock_shown(visit, found, working_clock.of(visit.unit, visit.person.id, found.id))


def _clock_shown(visit: Visit, found: Ticket, own: WorkingClock | None) -> Response:
    seconds = working_clock.counted(own, visit.now)
    return visit.page(
        "clock.html",
        ticket=found,
        seconds=seconds,
        minutes=max(round(seconds / 60), 1 if seconds else 0),
        runs=own is not None and own.since is not None,
        idle=round(own.idle / 60) if own else 0,
    )


@action("/tickets/{number}/clock", "ticket change")
def run_clock(visit: Visit) -> Response:
    """Starts, stops, counts a pause or not, forgets."""
    with visit.looking():
        found = visit.ticket()
    what = visit.field("do")

    def change(unit: Unit) -> WorkingClock | None:
        own = working_clock.of(unit, visit.person.id, found.id)
        if what == "start":
            return working_clock.start(unit, visit.person.id, found.id, visit.now)
        if own is None:
            return None
        if what == "stop":
            working_clock.stop(unit, own, visit.now)
            unit.change(own, held=True)
        elif what in ("count", "drop"):
            working_clock.decide(unit, own, visit.now, count=what == "count")
        elif what == "reset":
            working_clock.reset(unit, own)
        return own

    own = visit.keep(change)
    if not visit.htmx:
        return visit.to(f"/tickets/{found.number}")
    return _clock_shown(visit, found, own)


@action("/tickets/{number}/time", "ticket change")
def enter_time(visit: Visit) -> Response:
    """A time entry by itself; what the clock has counted is entered with it."""
    with visit.looking():
        found = visit.ticket()
    work = forms.work_of(visit)
    if work is None:
        raise UsageError(sentence("Say how long, or from when to when."))
    done = act(visit, found, Submission(work=work), forms.key_of(visit), f"/tickets/{found.number}")

    def reset(unit: Unit) -> None:
        own = working_clock.of(unit, visit.person.id, found.id)
        if own is not None:
            working_clock.reset(unit, own)

    if visit.field("clock") == "1":
        visit.keep(reset)
    return answered(visit, found, done)


@page("/tickets/{number}/time/new", "ticket change")
def new_time(visit: Visit) -> Response:
    """The form for it."""
    minutes = visit.query("minutes")
    shown_minutes = f"{minutes}m" if minutes.isdecimal() else ""
    return visit.page(
        "time-sheet.html", ticket=visit.ticket(), entry=None, clock_minutes=shown_minutes
    )


@page("/tickets/{number}/time/{id}", "ticket change")
def time_entry(visit: Visit) -> Response:
    """A time entry, to be corrected or taken off."""
    found, entry = visit.ticket(), visit.unit.get(TimeEntry, visit.number_in_path("id"))
    if entry is None or entry.ticket_id != found.id:
        raise NotFound(sentence("There is no such time entry."))
    return visit.page("time-sheet.html", ticket=found, entry=entry, clock_minutes="")


@action("/tickets/{number}/time/{id}", "ticket change")
def correct_time(visit: Visit) -> Response:
    """Corrects a time entry: the old one off, the new one on; or takes it off."""
    entry_id = visit.number_in_path("id")
    with visit.looking() as unit:
        found = visit.ticket()
        entry = unit.get(TimeEntry, entry_id)
        if entry is None or entry.ticket_id != found.id:
            raise NotFound(sentence("There is no such time entry."))
        if entry.by_id != visit.person.id and not visit.may("timesheet of others"):
            raise Refused(sentence("Only its own technician or an admin can correct it."))
        key = forms.key_of(visit)
        if forms.taken(unit, key) is not None:
            return answered(visit, found, None)
    work = None if visit.field("do") == "delete" else forms.work_of(visit)

    def change(desk: Desk, person: Any) -> Done:
        ticket = forms.ticket_of(desk, found.id)
        return by_hand.correct_time(desk, ticket, person, entry_id, work)

    def also(unit: Unit) -> None:
        forms.take(unit, visit, key, f"/tickets/{found.number}")
        visit.note_down(unit, sentence("corrected time"), found.number)

    done = visit.console.app.by_hand(visit.person.id, f"form:{key}", visit.now, change, also=also)
    return answered(visit, found, done)


# ---- sign-off


@action("/tickets/{number}/sign-off", "ticket write")
def sign_off(visit: Visit) -> Response:
    """Keeps a customer's drawn signature, with a note that says so (A7)."""
    with visit.looking():
        found = visit.ticket()
    name, path = visit.field("name").strip()[:200], visit.field("path")
    if not name or not is_path(path):
        raise UsageError(sentence("A name and a drawn signature are needed."))
    text = visit.words("Signed off by {name} on the screen of {person}.", name=name,
                       person=visit.person.name)  # fmt: skip
    key = forms.key_of(visit)
    with visit.looking() as unit:
        if forms.taken(unit, key) is not None:
            return visit.to(f"/tickets/{found.number}")
    signed: list[Done] = []

    def work(desk: Desk, person: Any) -> Done:
        signed.append(by_hand.signed(desk, forms.ticket_of(desk, found.id), person, name, text))
        return signed[-1]

    def also(unit: Unit) -> None:
        forms.take(unit, visit, key, f"/tickets/{found.number}")
        unit.add(
            Signature(
                ticket_id=found.id,
                note_id=signed[-1].note_id,
                name=name,
                path=path,
                taken_by=visit.person.id,
                at=visit.now,
            )
        )
        visit.note_down(unit, sentence("took a signature"), found.number)

    visit.console.app.by_hand(visit.person.id, f"form:{key}", visit.now, work, also=also)
    visit.console.wake_outbox()
    return visit.to(f"/tickets/{found.number}")


def is_path(text: str) -> bool:
    """Whether it is strokes and nothing else: moves and lines between numbers."""
    return 4 < len(text) <= LONGEST_PATH and set(text) <= set("ML0123456789. -") and text[0] == "M"
