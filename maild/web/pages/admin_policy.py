"""Rules, statuses and calendars on a screen: looked at, tried on what happened, edited as the files
that they are."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from starlette.responses import Response

from maild.desk.desk import Desk
from maild.errors import NotFound, Refused, UsageError
from maild.i18n import lines, sentence
from maild.outbox.comparison import Line
from maild.rules import dry_run, policy_files
from maild.rules.clocks import waits
from maild.rules.engine import Rules
from maild.rules.policy_files import Candidate
from maild.rules.rule import RuleSet
from maild.rules.vocabulary import EVENTS
from maild.store import asking as asking_store
from maild.store.asking import console as asking
from maild.store.console_records import Draft
from maild.store.records import Event, Ticket
from maild.store.unit import Unit
from maild.versions import Versions
from maild.web.pages.admin_templates import lines_of, reason
from maild.web.site import action, page
from maild.web.visit import Visit, hashed, row_number

AROUND = 3  # lines that are the same, before and after those that are not
DAYS = 30  # ahead, in which days off are shown


def _rules(visit: Visit) -> Rules:
    return visit.console.app.rules


# ---- what is in force


@page("/admin/rules", "policy read")
def rules(visit: Visit) -> Response:
    """Every rule in force, in the order in which they are asked."""
    found = _rules(visit)
    said = policy_files.in_force(found).said
    rows = [(rule, waits(rule), *said[rule.name]) for rule in found.rules]
    return visit.page("admin-rules.html", rows=rows, **_own(visit))


def _own(visit: Visit) -> dict[str, Any]:
    """Whose the profile is, and its files."""
    folder = _rules(visit).folder
    return {
        "own": policy_files.is_own(folder),
        "files": policy_files.files(folder),
        "folder": folder,
    }


@page("/admin/statuses", "policy read")
def statuses(visit: Visit) -> Response:
    """Every status, and what it asks for."""
    found = visit.profile.statuses.values()
    return visit.page("admin-statuses.html", statuses=found, **_own(visit))


@page("/admin/calendars", "policy read")
def calendars(visit: Visit) -> Response:
    """When the desk works, the next days off, and what it promises."""
    profile = visit.profile
    zone = visit.console.app.settings.config.desk.zone
    today = visit.now.astimezone(zone).date()
    ahead = [today + timedelta(days=n) for n in range(DAYS)]
    found = [
        (
            calendar,
            [day for day in ahead if calendar.hours[day.weekday()] and not calendar.works(day)],
        )
        for calendar in profile.calendars.values() or [profile.calendar()]
    ]
    return visit.page("admin-calendars.html", calendars=found, slas=profile.slas, **_own(visit))


@action("/admin/rules", "policy change")
def begun(visit: Visit) -> Response:
    """Begins a profile of one's own over the shipped one."""
    policy_files.begin(visit.console.app.settings)
    visit.keep(
        lambda unit: visit.note_down(
            unit, sentence("began a profile of the desk's own"), "maild.toml"
        )
    )
    at_once = visit.console.read_again is not None
    if visit.console.read_again is not None:
        visit.console.read_again()
    return visit.page("admin-begun.html", at_once=at_once)


# ---- the editor


@page("/admin/files/{name:path}", "policy read")
def file(visit: Visit) -> Response:
    """One file of the profile, to change."""
    return visit.page("admin-file.html", **_editor(visit, visit.unit))


def _kept(visit: Visit) -> Versions:
    return policy_files.versions(_rules(visit).folder, visit.path("name"))


def _now(kept: Versions) -> str:
    return kept.file.read_text("utf-8", "replace") if kept.file.is_file() else ""


def _place(visit: Visit) -> str:
    return f"policy {visit.path('name')}"


def _editor(visit: Visit, unit: Unit, said: str = "") -> dict[str, Any]:
    kept = _kept(visit)
    now = _now(kept)
    draft = unit.first(asking.DRAFT, person=visit.person.id, place=_place(visit))
    text = str(draft.fields.get("text", "")) if draft else now
    wrong, then = _tried(visit, text)
    before = policy_files.in_force(_rules(visit))
    return {
        "name": visit.path("name"),
        "files": policy_files.files(_rules(visit).folder),
        "text": text,
        "edited": text != now,
        "wrong": lines_of(visit, wrong),
        "lines": list(_marked(now, text)),
        "difference": policy_files.difference(before, then) if then else {},
        "replays": _replays(visit, unit, before, then) if then and text != now else [],
        "versions": kept.all()[::-1],
        "was": hashed(now),
        "said": said,
    }


def _tried(visit: Visit, text: str) -> tuple[list[str], Candidate | None]:
    """What is wrong with this text; where nothing is, what it would be."""
    try:
        return [], policy_files.candidate(_rules(visit), visit.path("name"), text)
    except UsageError as error:
        return lines(error.message), None


def _marked(old: str, new: str) -> list[Line]:
    """The lines that differ, with a few around them."""
    marks = {" ": "same", "-": "gone", "+": "new"}
    found = list(difflib.unified_diff(old.splitlines(), new.splitlines(), n=AROUND, lineterm=""))
    return [Line(marks.get(line[0], "place"), line[1:]) for line in found[2:] if line[0] != "@"]


@dataclass(frozen=True, slots=True)
class Replay:
    """An event that happened, and what would answer it otherwise."""

    event: Event
    ticket: Ticket
    gone: tuple[str, ...]  # what answers now and would not
    new: tuple[str, ...]  # what would and does not now

    @property
    def differs(self) -> bool:
        return bool(self.gone or self.new)


def _replays(visit: Visit, unit: Unit, now: Candidate, then: Candidate) -> list[Replay]:
    """The last events of the desk, as the rules in force answer them and as these would; the
    tickets are looked at as they are now, and nothing is kept."""
    found: list[Replay] = []
    listened = {event for one in (now, then) for rule in one.rule_set.rules for event in rule.when}
    for event in asking_store.tickets.latest_events(unit, listened & set(EVENTS)):
        ticket = unit.get(Ticket, event.ticket_id)
        if ticket is not None:
            found.append(_replay(visit, unit, event, ticket, now, then))
    return found


def _replay(
    visit: Visit, unit: Unit, event: Event, ticket: Ticket, now: Candidate, then: Candidate
) -> Replay:
    before, after = (_answers(visit, unit, event, ticket, one) for one in (now, then))
    return Replay(
        event,
        ticket,
        tuple(said for said in before if said not in after),
        tuple(said for said in after if said not in before),
    )


def _answers(visit: Visit, unit: Unit, event: Event, ticket: Ticket, by: Candidate) -> list[str]:
    """Each rule that answers, and what it does."""
    desk = _desk(visit, unit, by.rule_set)
    fired = dry_run.replayed(by.rule_set, desk, ticket, event)
    return [f"{rule.name}: {by.said[rule.name][1]}" for rule in fired]


def _desk(visit: Visit, unit: Unit, rule_set: RuleSet) -> Desk:
    settings = visit.console.app.settings
    return Desk(
        unit=unit, settings=settings, profile=rule_set.profile, now=visit.now, cause="tried"
    )


@action("/admin/files/{name:path}", "policy change")
def edited(visit: Visit) -> Response:
    """Tries a text, saves it, or goes back to another version."""
    do, said = visit.field("do"), ""
    kept = _kept(visit)
    if do == "discard":
        visit.keep(lambda unit: _drop(unit, visit))
    else:
        if do.startswith("version "):
            text = _version(kept, do.removeprefix("version "))
        else:
            text = visit.field("text").rstrip("\n") + "\n"
        visit.keep(lambda unit: _keep(unit, visit, text))
        if do == "check":  # as one types
            return visit.page("wrong.html", wrong=lines_of(visit, _tried(visit, text)[0]))
        if do == "save":
            said = _save(visit, kept, text)
    with visit.looking() as unit:
        values = _editor(visit, unit, said)
        status = 422 if do == "save" and values["wrong"] else 200
        return visit.page("admin-file.html", status=status, **values)


def _version(kept: Versions, wanted: str) -> str:
    version = row_number(wanted)
    found = None if version is None else kept.get(version)
    if found is None:
        raise NotFound(sentence("There is no such version."))
    return found.text


def _keep(unit: Unit, visit: Visit, text: str) -> None:
    _drop(unit, visit)
    unit.write()
    place, fields = _place(visit), {"text": text}
    unit.add(Draft(person_id=visit.person.id, place=place, fields=fields, updated=visit.now))


def _drop(unit: Unit, visit: Visit) -> None:
    known = unit.first(asking.DRAFT, person=visit.person.id, place=_place(visit))
    if known is not None:
        unit.delete(known)


def _save(visit: Visit, kept: Versions, text: str) -> str:
    """Puts it in force where nothing is wrong with it; the file is what the terminal sees too."""
    wrong, _ = _tried(visit, text)
    if wrong:
        return ""
    if visit.field("was") != hashed(_now(kept)):
        raise Refused(
            sentence(
                "Somebody has changed this file meanwhile. Your text is kept as a draft: open the "
                "page anew and look at what is in force now."
            )
        )
    why = reason(visit)
    kept.save(text, visit.person.name, visit.now, why)

    def note(unit: Unit) -> None:
        _drop(unit, visit)
        visit.note_down(
            unit, sentence("changed a file of the profile"), visit.path("name"), why=why
        )

    visit.keep(note)
    _rules(visit).refresh(visit.console.store.act, visit.now)
    return visit.words("Saved; it is in force from now on.")
