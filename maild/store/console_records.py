"""The nouns of the console: who is signed in, what is half written, what each likes to see.

Nothing here is part of a ticket: if all of it were lost, no mail and no ticket would be.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from maild.model import AnswerState
from maild.store.declare import UNWRITTEN, Index, Unique, column, key, key_ref, primary, record, ref

JSON = Mapping[str, Any]

# ---- signing in


@record("web_session")
class WebSession:
    """One browser that is signed in; its cookie is kept as a hash."""

    id: int = primary(default=UNWRITTEN)
    token: str = column(unique=True)  # SHA-256 of the cookie, hex
    person_id: int = ref("person.id", index=True)
    created: datetime
    seen: datetime  # last used, to the minute
    ends: datetime
    address: str  # where from (IP)
    agent: str  # what the browser calls itself


@record("sign_in")
class SignIn:
    """A link that was mailed: used once, within minutes."""

    id: int = primary(default=UNWRITTEN)
    token: str = column(unique=True)  # SHA-256 of what the link holds, hex
    browser: str  # SHA-256 of the cookie of the browser that asked
    person_id: int = ref("person.id", index=True)
    created: datetime
    ends: datetime
    used: datetime | None = None
    tries: int = 0  # codes that were wrong
    onward: str = "/"  # the page that was asked for
    address: str = ""  # where it was asked from (IP)


@record("audit", Index("ix_audit_at", ("at",)), Index("ix_audit_person", ("person_id", "id")))
class Audit:
    """Who did what from where."""

    id: int = primary(default=UNWRITTEN)
    at: datetime
    person_id: int | None = ref("person.id", default=None)
    by: str  # his name then
    address: str  # IP
    what: str  # "signed in", "changed a template" …
    about: str = ""  # the number, name or address of what it was done to
    detail: JSON = column(factory=dict)


# ---- what a hand is in the middle of


@record("draft", Unique(("person_id", "place"), "uq_draft"))
class Draft:
    """What somebody has typed and not sent."""

    id: int = primary(default=UNWRITTEN)
    person_id: int = ref("person.id", index=True)
    place: str = column(keyed=True)  # "T20261121.0042 reply": never another conversation's
    fields: JSON = column(factory=dict)  # as the form has them
    updated: datetime


@record("presence", Unique(("ticket_id", "person_id"), "uq_presence"))
class Presence:
    """Who looks at a ticket, or writes to it, at this moment."""

    id: int = primary(default=UNWRITTEN)
    ticket_id: int = ref("ticket.id", index=True)
    person_id: int = ref("person.id", index=True)
    writes: bool
    seen: datetime


@record("form_key")
class FormKey:
    """A form that was taken: the same one again does nothing."""

    key: str = key()
    person_id: int = ref("person.id")
    at: datetime = column(index=True)
    led_to: str  # the page that it led to


@record("pending", Index("ix_pending_due", ("state", "due")))
class Pending:
    """An answer that can still be taken back: it is given when it is due."""

    id: int = primary(default=UNWRITTEN)
    key: str = column(unique=True)  # of its form, and the cause of what it does
    person_id: int = ref("person.id", index=True)
    ticket_id: int = ref("ticket.id", index=True)
    fields: JSON  # as the form had them
    address: str  # where it came from (IP)
    created: datetime
    due: datetime
    state: AnswerState = AnswerState.WAITING
    said: str = ""  # what became of it


@record("working_clock", Unique(("person_id", "ticket_id"), "uq_working_clock"))
class WorkingClock:
    """The time that runs while a ticket is open on a screen; of one person one runs (A2)."""

    id: int = primary(default=UNWRITTEN)
    person_id: int = ref("person.id", index=True)
    ticket_id: int = ref("ticket.id", index=True)
    seconds: int = 0  # counted, and not entered yet
    since: datetime | None = None  # it runs since; None: it stands
    seen: datetime  # the last sign of a hand
    idle: int = 0  # seconds of a pause that he is to be asked about
    held: bool = False  # he stopped it himself: it does not start by itself


@record("signature")
class Signature:
    """A customer's drawn signature under a finished ticket (A7)."""

    id: int = primary(default=UNWRITTEN)
    ticket_id: int = ref("ticket.id", index=True)
    note_id: int | None = ref("note.id", default=None)
    name: str  # who signed
    path: str  # the strokes, as an SVG path in 400 × 160
    taken_by: int = ref("person.id")
    at: datetime


# ---- what each likes to see


@record("preference")
class Preference:
    """How somebody wants his console."""

    person_id: int = key_ref("person.id")
    wishes: JSON = column(factory=dict)


@record("saved_view", Unique(("owner_id", "name"), "uq_saved_view"))
class SavedView:
    """A list of tickets that somebody made: filters, columns, order."""

    id: int = primary(default=UNWRITTEN)
    owner_id: int = ref("person.id", index=True)
    name: str = column(keyed=True)
    shared: bool = False
    asked: JSON = column(factory=dict)
    updated: datetime


@record("work_list", Unique(("person_id", "ticket_id"), "uq_work_list"))
class WorkListEntry:
    """A ticket on somebody's own list of what to do next (N20)."""

    id: int = primary(default=UNWRITTEN)
    person_id: int = ref("person.id", index=True)
    ticket_id: int = ref("ticket.id", index=True)
    place: int
    added: datetime


@record("visit", Unique(("person_id", "ticket_id"), "uq_visit"))
class Visit:
    """A ticket that somebody looked at lately (N20)."""

    id: int = primary(default=UNWRITTEN)
    person_id: int = ref("person.id", index=True)
    ticket_id: int = ref("ticket.id", index=True)
    at: datetime


# ---- search


@record("search_entry", Index("ix_search_entry_thing", ("kind", "thing_id")), early=True)
class SearchEntry:
    """Something that can be found; its words are in `search_words`, under its id."""

    id: int = primary(default=UNWRITTEN)
    kind: str  # ticket note person organization …
    thing_id: int
    digest: str  # of its words: what has not changed is not written again
    live: bool = True  # False: a newer entry has taken its place
