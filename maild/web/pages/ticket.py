"""One ticket: its conversation, what can be done to it, what happened and why."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, cast
from urllib.parse import quote

from markupsafe import Markup
from starlette.responses import Response, StreamingResponse

from maild.desk import own_lists, shared_with, status_requirements, working_clock
from maild.errors import NotFound
from maild.i18n import sentence
from maild.model import AnswerState, Role, StatusKind, TicketRole
from maild.parse.attachments import attachment, attachment_bytes
from maild.spool import Blocks, Mass
from maild.store.asking import console as asking
from maild.store.asking import explanations, screens, tickets
from maild.store.asking.screens import NoteShown, Tied, Whole
from maild.store.console_records import Presence
from maild.store.records import Note, Ticket
from maild.store.unit import Unit
from maild.web import prose
from maild.web.feed import PRESENCE, News
from maild.web.site import page
from maild.web.ticket_history import SHOWN, happening
from maild.web.visit import Visit

THERE_SECONDS = 30


@page("/tickets/{number}", "ticket read")
def ticket(visit: Visit) -> Response:
    """The whole page, or its conversation or its facts alone."""
    found = visit.ticket()
    into = tickets.survivor(visit.unit, found)
    moved = into is not found and visit.query("stay") != "1" and not visit.htmx
    if moved and visit.may_see(into):
        return visit.to(f"/tickets/{into.number}?from={found.number}")
    part = visit.query("part")
    values = shown(visit, found, visit.query("all") == "1")
    template = {"talk": "talk.html", "facts": "facts.html"}.get(part, "ticket.html")
    if not part:
        values |= _around(visit, found)
    return visit.page(template, **values)


def shown(visit: Visit, one: Ticket, everything: bool = False) -> dict[str, Any]:
    """What conversation and facts show: of a long conversation the latest, or everything."""
    profile = visit.profile
    whole = screens.whole(visit.unit, one, everything=everything, shown=SHOWN)
    answers = visit.unit.all(asking.WAITING_ON, ticket=one.id)
    entries = _entries(whole)
    latest = entries if everything else entries[-screens.LATEST :]
    return {
        "whole": whole,
        "tied": [other for other in whole.tied if _of_side(visit, other)],
        "others": [other for other in whole.others if _of_side(visit, other)],
        "ticket": one,
        "entries": [
            (kind, happening(visit, entry) if kind == "happening" else entry)
            for kind, entry in latest
        ],
        "earlier": whole.earlier + len(entries) - len(latest),
        "everything": everything,
        "answers": [
            a for a in answers if a.state is AnswerState.WAITING or a.person_id == visit.person.id
        ],
        "last_note": max((note.id for note in whole.notes), default=0),
        "contact": whole.person(one.contact_id),
        "holder": whole.person(one.primary_id),
        "secondaries": whole.with_role(TicketRole.SECONDARY),
        "additional": whole.with_role(TicketRole.ADDITIONAL),
        "proposed": whole.with_role(TicketRole.PROPOSED),
        "statuses": status_requirements.choices(profile, cast(Any, one)),
        "resources": screens.resources(visit.unit),
        "checklist": list(one.fields.get("checklist") or []),
        "sla": _sla(one),
        "late": one.due is not None
        and one.due < visit.now
        and one.status_kind != StatusKind.CLOSED,
        "signatures": visit.unit.all(asking.SIGNATURES, ticket=one.id),
        "prose": prose.shown,
        "note": lambda note: _written(visit, one, note),
        "fields": _long_tail(visit, one),
        "shared": shared_with.shared(visit.unit, visit.console.app.settings.config, one),
    }


KEPT_NOTE = 20_000  # characters of a note that is kept as it is shown


def _written(visit: Visit, ticket: Ticket, note: NoteShown) -> Markup:
    """A note as this reader sees it.  Nothing in it depends on anything else, so it is kept."""

    def write() -> str:
        return visit.written("note.html", ticket=ticket, entry=note, prose=prose.shown)

    if len(note.text) + len(note.quoted_text) > KEPT_NOTE:
        return Markup(write())
    today = visit.now.astimezone(visit.zone).date()
    rights = tuple(map(visit.may, ("original read", "ticket change")))
    reader = (visit.words, visit.zone.key, today, rights)
    return visit.console.look.notes.get((reader, ticket.number, note), write)


def _of_side(visit: Visit, other: Tied) -> bool:
    """Whether it is not the other side's of a shared ticket."""
    return not other.side or (visit.sees is not None and other.side == visit.sees.side)


def _around(visit: Visit, found: Ticket) -> dict[str, Any]:
    """What the page has besides: drafts, who is there, where the neighbours are."""
    drafts = {
        kind: visit.unit.first(asking.DRAFT, person=visit.person.id, place=f"{found.number} {kind}")
        for kind in ("reply", "note")
    }
    return {
        "drafts": {kind: dict(draft.fields) for kind, draft in drafts.items() if draft},
        "undo_seconds": visit.console.web.undo_seconds,
        "templates": list(visit.profile.templates),
        "checklists": list(visit.profile.checklists),
        "came_from": visit.query("from"),
        "on_work_list": any(
            entry.ticket_id == found.id
            for entry in visit.unit.all(asking.WORK_LIST, person=visit.person.id)
        ),
    }


def _entries(whole: Whole) -> list[tuple[str, Any]]:
    """Notes, time and what happened, in their order."""
    found: list[tuple[Any, int, str, Any]] = []
    found += [(note.created, 0, "note", note) for note in whole.notes]
    found += [(entry.created, 1, "time", entry) for entry in whole.times]
    found += [(event.at, 2, "happening", event) for event in reversed(whole.events)]
    found.sort(key=lambda entry: entry[:2])
    return [(kind, entry) for _, _, kind, entry in found]


def _sla(ticket: Ticket) -> list[dict[str, Any]]:
    """What we owe by when (R6)."""
    kept = ticket.fields.get("sla") or {}
    found = []
    for which in ("first_response", "resolution"):
        due = kept.get(f"{which}_due")
        if due:
            found.append(
                {
                    "what": which.replace("_", " "),
                    "due": datetime.fromisoformat(due),
                    "missed": bool(kept.get(f"{which}_missed")),
                    "met": bool(kept.get(f"{which}_met") or kept.get(f"{which}_at")),
                    "paused": bool(kept.get("paused_since")),
                }
            )
    return found


_ELSEWHERE = frozenset(
    {
        "sla",
        "side",
        "completed_by_side",
        "checklist",
        "also_in",
        "series",
        "form",
        "time_entries_done",
    }
)


def _long_tail(visit: Visit, ticket: Ticket) -> list[tuple[str, Any]]:
    """Fields that have no place of their own on the page and hold something."""
    known = [
        (name, value)
        for name, value in ticket.fields.items()
        if name not in _ELSEWHERE and value not in (None, "", [], {})
    ]
    return [(name, value) for name, value in known if not isinstance(value, dict | list)]


# ---- the mail behind a note


def _note(visit: Visit) -> tuple[Ticket, int, str | None, int | None]:
    """The ticket, the note, its HTML and its mail, as far as he may see them."""
    found = visit.ticket()
    note_id = visit.number_in_path("note")
    row = screens.note_html(visit.unit, note_id)
    if row is None or row[1] != found.id:
        raise NotFound(sentence("{ticket} has no such note.", ticket=found.number))
    return found, note_id, row[0], row[2]


def _mail_of(visit: Visit) -> tuple[Ticket, int, str | None, int | None]:
    """The same without the mail, where that is the other side's of a shared ticket: it may quote
    what that side keeps to itself."""
    found, note_id, html, stored = _note(visit)
    note = visit.unit.get(Note, note_id)
    theirs = note is not None and note.copy_of is not None and note.by_kind != Role.CONTACT
    return found, note_id, html, None if theirs else stored


FRAMED = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; font-src 'none'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox; frame-ancestors 'self'"
)
_FRAME = """<!doctype html><meta charset="utf-8"><base target="_blank">
<meta name="viewport" content="width=device-width"><style>
body{font:14px/1.5 system-ui,sans-serif;margin:14px;color:#1f2023;overflow-wrap:anywhere}
img{max-width:100%;height:auto}table{max-width:100%}
blockquote{margin:0 0 0 8px;padding-left:10px;border-left:2px solid #ddd}
</style>"""


@page("/tickets/{number}/notes/{note}/html", "ticket read")
def html(visit: Visit) -> Response:
    """A mail's HTML, at an address of its own, where it can do nothing."""
    found, note_id, text, _ = _note(visit)
    if text is None:
        raise NotFound(sentence("This note has no HTML."))
    pictures = f"/tickets/{found.number}/notes/{note_id}/cid/"
    body = text.replace('src="cid:', f'src="{pictures}').replace("src='cid:", f"src='{pictures}")
    headers = {"Content-Security-Policy": FRAMED, "X-Content-Type-Options": "nosniff"}
    return Response(_FRAME + body, media_type="text/html; charset=utf-8", headers=headers)


@page("/tickets/{number}/notes/{note}/eml", "original read")
def eml(visit: Visit) -> Response:
    """The mail as it was received (N26)."""
    found, note_id, _, stored = _mail_of(visit)
    if not stored:
        raise NotFound(sentence("No mail belongs to this note."))
    octets = _octets(visit, stored)
    return download(octets, f"{found.number}-{note_id}.eml", "message/rfc822")


@page("/tickets/{number}/notes/{note}/files/{part}", "original read")
def file(visit: Visit) -> Response:
    """A file of a note: always a download."""
    _, note_id, _, stored = _note(visit)
    part = visit.number_in_path("part")
    note = visit.unit.get(Note, note_id)
    views = [view for view in (note.attachments if note else ()) if view.get("part") == part]
    if not (stored and views):
        raise NotFound(sentence("There is no such file."))
    octets = _octets(visit, stored)
    _not_refused(views[0])
    content = attachment(octets, part)
    return download(content, str(views[0]["filename"]), "application/octet-stream")


def _octets(visit: Visit, stored: int) -> Mass:
    octets = screens.octets(visit.unit, stored)
    if octets is None:
        raise NotFound(sentence("The mail as it came in is not kept any more, nor are its files."))
    return octets


def _not_refused(view: Mapping[str, Any]) -> None:
    if view.get("refused"):
        raise NotFound(
            sentence(
                "This file is refused ({kind}): it is kept in the mail as it came, and is not "
                "handed out.",
                kind=str(view["refused"]),
            )
        )


_PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})


@page("/tickets/{number}/notes/{note}/cid/{cid:path}", "original read")
def inline(visit: Visit) -> Response:
    """A picture within a mail's HTML, by its Content-ID (RFC 2392)."""
    _, note_id, _, stored = _note(visit)
    note = visit.unit.get(Note, note_id)
    wanted = visit.path("cid").strip("<>")
    views = [v for v in (note.attachments if note else ()) if v.get("content_id") == wanted]
    octets = screens.octets(visit.unit, stored) if stored and views else None
    if octets is None or views[0]["content_type"] not in _PICTURES:
        raise NotFound(sentence("There is no such picture."))
    _not_refused(views[0])
    headers = {"Content-Security-Policy": "default-src 'none'; sandbox"}
    content = attachment_bytes(octets, int(views[0]["part"]))
    return Response(content, media_type=str(views[0]["content_type"]), headers=headers)


def download(octets: bytes | Blocks, filename: str, kind: str) -> Response:
    """A file that a browser keeps and never shows."""
    name = quote(filename)
    plain = "".join(
        c if c.isascii() and c.isprintable() and c not in '"\\' else "_" for c in filename
    )
    headers = {
        "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{name}",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
    }
    if isinstance(octets, bytes):
        return Response(octets, media_type=kind, headers=headers)
    return StreamingResponse(octets.blocks(), media_type=kind, headers=headers)


# ---- why


@page("/tickets/{number}/notes/{note}/why", "explanation read")
def why(visit: Visit) -> Response:
    """What happened to the mail of a note, step by step (E13)."""
    found, _, _, stored = _mail_of(visit)
    if stored is None:
        raise NotFound(sentence("No mail belongs to this note; its writer was signed in."))
    told = explanations.of_message(visit.unit, stored)
    events = [happening(visit, e) for e in told.events if e.ticket_id in (None, found.id)]
    sent = [row[:4] for row in told.sent if row[4] in (None, found.id)]
    return visit.page("why.html", ticket=found, told=told, events=events, sent=sent)


# ---- being there


@page("/tickets/{number}/seen", "ticket read", method="POST", looks=False)
def seen(visit: Visit) -> Response:
    """Says that he looks at the ticket, or writes; who else does comes back."""
    with visit.looking():
        found = visit.ticket()
    writes = visit.field("writes") == "1"
    since = visit.now - _there()

    def keep(unit: Unit) -> tuple[list[Presence], str, bool]:
        mine = unit.first(asking.IS_THERE, ticket=found.id, person=visit.person.id)
        is_news = mine is None or mine.writes != writes or mine.seen < since
        if mine is None:
            unit.add(
                Presence(
                    ticket_id=found.id, person_id=visit.person.id, writes=writes, seen=visit.now
                )
            )
        else:
            unit.change(mine, writes=writes, seen=visit.now)
        for gone in unit.all(asking.GONE, since=since - _there()):
            unit.delete(gone)
        own_lists.opened(unit, visit.person, found, visit.now)
        clock = _clock(unit, visit, found)
        return unit.all(asking.THERE, ticket=found.id, since=since), clock, is_news

    there, clock, is_news = visit.keep(keep)
    with visit.looking() as unit:
        people, _ = screens.persons(unit, {p.person_id for p in there})
        others = [
            (people[p.person_id].name, p.writes)
            for p in there
            if p.person_id != visit.person.id and p.person_id in people
        ]
        answer = visit.page("there.html", others=others)
    answer.headers["X-Clock"] = clock
    if others and is_news:  # else two pages would tell each other without end
        visit.console.feed.tell(
            [
                News(
                    found.number,
                    found.organization_id,
                    "",
                    visit.person.id,
                    PRESENCE,
                    found.shared_side,
                )
            ]
        )
    return answer


def _clock(unit: Unit, visit: Visit, found: Ticket) -> str:
    """Lets his clock of the ticket run while it is open on his screen (A2); how it stands."""
    if visit.visitor.wish("clock", "on") != "on" or found.status_kind == StatusKind.CLOSED:
        return ""
    hand = visit.field("hand") == "1"
    own = working_clock.of(unit, visit.person.id, found.id)
    if own is None and hand:
        own = working_clock.start(unit, visit.person.id, found.id, visit.now)
    elif own is not None and own.since is None and hand and not own.idle and not own.held:
        working_clock.start(unit, visit.person.id, found.id, visit.now)
    elif own is not None:
        working_clock.seen(unit, own, visit.now, hand=hand)
    return "" if own is None else f"{'idle' if own.idle else 'runs' if own.since else 'stands'}"


def _there() -> Any:
    return timedelta(seconds=THERE_SECONDS)
