"""What we owe: a first response and a solution in business time, by organization and priority (R6).

The times are counted from the ticket's creation on the calendar of its SLA and stand still while
its status pauses them.  `follow` brings a ticket's clocks to where the ticket now stands, after any
event; it can be asked again and again.  What it keeps is in the ticket's field `sla`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any

from maild.desk.calendar import Calendar, Span
from maild.desk.field_values import length_of
from maild.desk.profile import Profile, Sla, key
from maild.i18n import Sentence, sentence
from maild.model import EventName, StatusKind
from maild.store import asking
from maild.store.records import Clock, Ticket
from maild.store.unit import Unit

if TYPE_CHECKING:
    from maild.desk.desk import Desk

PREFIX = "SLA: "
FIRST, SOLVED = "first response", "resolution"
WARNING = " is near"


def chosen(unit: Unit, profile: Profile, ticket: Ticket) -> Sla | None:
    """The first SLA of the profile that is for this ticket."""
    client = asking.tickets.organization(unit, ticket)
    organization = client.name if client is not None else ""
    for sla in profile.slas:
        if (
            _fits(sla.organizations, organization)
            and _fits(sla.priorities, ticket.priority)
            and _fits(sla.types, ticket.type)
        ):
            return sla
    return None


def _fits(wanted: tuple[str, ...], found: str) -> bool:
    return not wanted or key(found) in map(key, wanted)


def is_clock(name: str) -> bool:
    """Whether a clock of this name is ours."""
    return name.startswith(PREFIX)


def follow(desk: Desk, ticket: Ticket) -> None:
    """Brings times and clocks to where the ticket stands; nothing where it has no SLA."""
    if not desk.profile.slas:
        return
    sla = chosen(desk.unit, desk.profile, ticket)
    before = ticket.fields.get("sla")
    if sla is None:
        if before:
            desk.keep(ticket, "sla", None)
            _set(desk, ticket, {})
        return
    calendar = desk.calendar(sla.calendar)
    state = _paused(desk, ticket, calendar, dict(before or {}))
    if state.get("name") not in (
        None,
        sla.name,
    ):  # another promise: it is warned of and missed anew
        for what in (FIRST, SOLVED):
            state.pop(f"{_word(what)}_warned", None)
            state.pop(f"{_word(what)}_missed", None)
    state["name"] = sla.name
    wanted: dict[str, datetime | None] = {}
    for what, span, done in (
        (FIRST, sla.first_response, _first_response(desk, ticket, state)),
        (SOLVED, sla.resolution, _solved(ticket)),
    ):
        wanted |= _times(desk, ticket, calendar, sla, what, span, done, state)
    if state != before:
        desk.keep(ticket, "sla", state)
    _set(desk, ticket, wanted)


def fire(desk: Desk, ticket: Ticket, name: str, due: datetime, late: str) -> None:
    """One of our clocks is due: says so as an event, to which rules can listen."""
    what = name.removeprefix(PREFIX)
    near = what.endswith(WARNING)
    which = what.removesuffix(WARNING)
    state = dict(ticket.fields.get("sla") or {})
    state[f"{_word(which)}_{'warned' if near else 'missed'}"] = desk.now.isoformat()
    desk.keep(ticket, "sla", state)
    detail = {"which": which, "sla": state.get("name"), "due": state.get(f"{_word(which)}_due")}
    if late:
        detail["late"] = late
    desk.emit(ticket, EventName.SLA_APPROACHING if near else EventName.SLA_MISSED, detail)


def left(
    profile: Profile, zone: tzinfo, ticket: Ticket, now: datetime
) -> Iterator[tuple[str, float, bool]]:
    """(what we owe, minutes of business left, whether they stand still) of all that is open."""
    state = ticket.fields.get("sla") or {}
    sla = next((one for one in profile.slas if one.name == state.get("name")), None)
    if sla is None:
        return
    calendar = profile.calendar(sla.calendar).at(zone)
    since = state.get("paused_since")
    moment = datetime.fromisoformat(since) if since else now
    for what, done in ((FIRST, bool(state.get("responded"))), (SOLVED, _solved(ticket))):
        due = state.get(f"{_word(what)}_due")
        if due and not done and not state.get(f"{_word(what)}_missed"):
            minutes = calendar.minutes_between(moment, datetime.fromisoformat(due))
            yield what, minutes, bool(since)


def in_words(what: str, minutes: float, stands: bool) -> Sentence:
    """ "first response: 1 h 30 min"."""
    which = sentence("first response") if what == FIRST else sentence("resolution")
    length = length_of(round(minutes))
    if stands:
        return sentence("{which}: {length}, standing still", which=which, length=length)
    return sentence("{which}: {length}", which=which, length=length)


# ---- where it stands


def _word(which: str) -> str:
    return which.replace(" ", "_")


def _paused(
    desk: Desk, ticket: Ticket, calendar: Calendar, state: dict[str, Any]
) -> dict[str, Any]:
    """Adds up the business minutes that it stood still."""
    status = desk.profile.statuses.get(ticket.status)
    stands = (status is not None and status.pauses_sla) or _solved(ticket)
    since = state.get("paused_since")
    if since and not stands:
        began = datetime.fromisoformat(since)
        minutes = calendar.minutes_between(began, desk.now)
        state["paused_minutes"] = round(state.get("paused_minutes", 0) + minutes, 2)
        state["paused_since"] = None
    elif stands and not since:
        state["paused_since"] = desk.now.isoformat()
    return state


def _first_response(desk: Desk, ticket: Ticket, state: dict[str, Any]) -> bool:
    """Whether the contact has heard of us; a machine's acknowledgement is no answer."""
    if not state.get("responded"):
        found = asking.notes.first_answer(desk.unit, ticket)
        state["responded"] = found.created.isoformat() if found else None
    return bool(state["responded"])


def _solved(ticket: Ticket) -> bool:
    return ticket.status_kind in (StatusKind.RESOLVED, StatusKind.CLOSED)


def _times(
    desk: Desk,
    ticket: Ticket,
    calendar: Calendar,
    sla: Sla,
    what: str,
    span: Span | None,
    done: bool,
    state: dict[str, Any],
) -> dict[str, datetime | None]:
    """The clocks that this promise needs now; a time that stands still has none."""
    if span is None:
        return {}
    if done and what == FIRST and state.get(f"{_word(what)}_due"):
        return {}  # what was answered in time stays so, whatever pause comes later
    minutes = _minutes(span)
    paused = state.get("paused_minutes", 0)
    due = _after(calendar, ticket.created, span, minutes, paused)
    state[f"{_word(what)}_due"] = due.isoformat()
    if done or state.get("paused_since"):
        return {}
    clocks: dict[str, datetime | None] = {}
    if not state.get(f"{_word(what)}_missed"):
        clocks[PREFIX + what] = due
    if not state.get(f"{_word(what)}_warned") and sla.warn < 100:
        whole = calendar.minutes_between(ticket.created, due)
        clocks[PREFIX + what + WARNING] = calendar.add_minutes(
            ticket.created, max(whole * sla.warn / 100, 0)
        )
    return clocks


def _minutes(span: Span) -> int | None:
    """Minutes of a span of hours or minutes; None for days."""
    if span.unit == "hour":
        return span.count * 60
    return span.count if span.unit == "minute" else None


def _after(
    calendar: Calendar, start: datetime, span: Span, minutes: int | None, paused: float
) -> datetime:
    """The promised time: hours are hours of business, days are days on the calendar."""
    if minutes is not None:
        return calendar.add_minutes(start, minutes + paused)
    due = calendar.later(start, span)
    return calendar.add_minutes(due, paused) if paused else due


def _set(desk: Desk, ticket: Ticket, wanted: dict[str, datetime | None]) -> None:
    """Makes the ticket's SLA clocks what is wanted."""
    there = asking.clocks.of(desk.unit, ticket)
    known = {name: clock for name, clock in there.items() if is_clock(name)}
    for name, due in wanted.items():
        clock = known.pop(name, None)
        if clock is None:
            desk.unit.add(Clock(ticket_id=ticket.id, name=name, due=due, started=desk.now))
        else:
            desk.unit.change(clock, due=due)
    for clock in known.values():
        desk.unit.delete(clock)
