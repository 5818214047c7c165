"""What is one's own: work list, recent, preferences, signed-in browsers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from starlette.responses import Response

from maild.desk import absence, lists, own_lists
from maild.errors import NotFound, UsageError
from maild.i18n import sentence
from maild.model import Role
from maild.store.asking import console as asking
from maild.store.asking import listing as store_listing
from maild.store.console_records import Preference, WebSession
from maild.store.records import Person
from maild.store.unit import Unit
from maild.web import forms
from maild.web.pages.tickets import Row
from maild.web.site import action, page
from maild.web.visit import Visit, row_number
from maild.zones import is_zone, zone_names


def _rows(visit: Visit, ids: list[int]) -> list[Row]:
    listing = lists.Listing()
    found = store_listing.numbers(visit.unit, ids)
    return [Row(visit, listing, one) for one in found if visit.may_see(one.ticket)]


def _heads(visit: Visit) -> list[dict[str, str]]:
    return [{"label": visit.label(n), "class": "", "sorted": "", "query": ""} for n in lists.SHOWN]


@page("/work", "tickets list")
def work(visit: Visit) -> Response:
    """His work list, in his own order."""
    entries = visit.unit.all(asking.WORK_LIST, person=visit.person.id)
    rows = _rows(visit, [entry.ticket_id for entry in entries])
    return visit.page("work.html", rows=rows, heads=_heads(visit))


@page("/recent", "tickets list")
def recent(visit: Visit) -> Response:
    """The tickets that he looked at lately."""
    visits = visit.unit.all(asking.VISITS, person=visit.person.id)[: own_lists.RECENT]
    rows = _rows(visit, [one.ticket_id for one in visits])
    return visit.page("recent.html", rows=rows, heads=_heads(visit))


@action("/work/{number}", "tickets list")
def onto(visit: Visit) -> Response:
    """Puts a ticket onto his list, takes it off, or moves it."""
    with visit.looking():
        found = visit.ticket()
    what = visit.field("do")

    def keep(unit: Unit) -> None:
        if what == "off":
            own_lists.take_off(unit, visit.person, found)
        else:
            own_lists.put(unit, visit.person, found, visit.now, row_number(visit.field("place")))

    visit.keep(keep)
    if what == "move":
        return Response(status_code=204)
    return visit.to(
        visit.field("back") if visit.field("back") == "/work" else f"/tickets/{found.number}"
    )


# ---- preferences

WISHES: dict[str, tuple[str, ...]] = {
    "theme": ("", "light", "dark"),
    "keys": ("on", "off"),
    "clock": ("on", "off"),
}


@page("/me", "self read")
def me(visit: Visit) -> Response:
    """How he wants his console."""
    landing = [(f"/tickets?view={name.replace(' ', '+')}", visit.view_title(name))
               for name in lists.names(visit.profile)]  # fmt: skip
    return visit.page(
        "me.html",
        languages=visit.console.look.languages,
        zones=zone_names(),
        landing=[*landing, ("/work", visit.words("Work list"))],
        saved=visit.query("saved") == "1",
        absence=absence.of(visit.person, visit.now),
    )


@action("/me/away", "ticket change")
def away(visit: Visit) -> Response:
    """He is away until a day, or till he says so, and somebody stands in; or he is back."""
    day, chosen = visit.field("until"), visit.field("stand_in")
    until = forms.at(visit, day, "00:00") if day else None
    if until is not None and until <= visit.now:
        raise UsageError(sentence("That is past; name a day to come."))

    def work(unit: Unit) -> None:
        person = unit.get(Person, visit.person.id)
        stand_in = unit.get(Person, row_number(chosen))
        if person is None or stand_in is person:
            raise UsageError(sentence("Name somebody else; you cannot stand in for yourself."))
        if chosen and (stand_in is None or not stand_in.active or stand_in.role != Role.RESOURCE):
            raise NotFound(sentence("There is no such resource."))
        if visit.field("do") == "back":
            absence.come_back(unit, person)
            visit.note_down(unit, sentence("is back"))
        else:
            absence.leave(unit, person, until, stand_in)
            visit.note_down(unit, sentence("is away"))

    visit.keep(work)
    return visit.to("/me?saved=1")


@action("/me", "self change")
def change_me(visit: Visit) -> Response:
    """Keeps his wishes."""
    wishes: dict[str, Any] = dict(visit.visitor.wishes)
    for name, allowed in WISHES.items():
        value = visit.field(name)
        wishes[name] = value if value in allowed else allowed[0]
    language, zone, landing = (visit.field(n) for n in ("language", "timezone", "landing"))
    if zone and not is_zone(zone):
        raise UsageError(sentence('"{text}" is no time zone.', text=zone))
    wishes["language"] = language if language in visit.console.look.languages else ""
    wishes["timezone"] = zone
    wishes["landing"] = landing if landing.startswith("/") and "//" not in landing else ""

    def keep(unit: Unit) -> None:
        mine = unit.get(Preference, visit.person.id)
        if mine is None:
            unit.add(Preference(person_id=visit.person.id, wishes=wishes))
        else:
            unit.change(mine, wishes=wishes)

    visit.keep(keep)
    return visit.to("/me?saved=1")


@page("/me/sessions", "self read")
def sessions(visit: Visit) -> Response:
    """Every browser in which he is signed in."""
    found = visit.unit.all(asking.SESSIONS, person=visit.person.id, now=visit.now)
    return visit.page("sessions.html", sessions=found, own=visit.visitor.session.id)


@action("/me/sessions/{id}/end", "self change")
def end_session(visit: Visit) -> Response:
    """Signs a browser of his out."""
    wanted = visit.number_in_path("id")

    def end(unit: Unit) -> None:
        found = unit.get(WebSession, wanted)
        if found is None or found.person_id != visit.person.id:
            raise NotFound(sentence("There is no such session of yours."))
        unit.delete(found)
        visit.note_down(unit, sentence("ended a session"), found.address)

    visit.keep(end)
    return visit.to("/me/sessions")


@action("/me/alive", "self change")
def alive(visit: Visit) -> Response:
    """A sign of a hand: the session goes on, at most once a minute."""
    own = visit.visitor.session

    def go_on(unit: Unit) -> None:
        found = unit.get(WebSession, own.id)
        if found is not None:
            lasts = timedelta(days=visit.console.web.session_days)
            unit.change(found, seen=visit.now, ends=visit.now + lasts)

    if visit.now - own.seen > timedelta(minutes=1):
        visit.keep(go_on)
    return Response(status_code=204)
