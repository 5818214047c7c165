"""What the console asks about itself: who is signed in, what is half written, who is there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from maild.model import AnswerState
from maild.store.console_records import (
    Audit,
    Draft,
    FormKey,
    Pending,
    Preference,
    Presence,
    SavedView,
    Signature,
    SignIn,
    Visit,
    WebSession,
    WorkingClock,
    WorkListEntry,
)
from maild.store.prepared import Statement
from maild.store.question import Question, param
from maild.store.records import Person, PersonAddress, Ticket
from maild.store.schema import TABLES, columns
from maild.store.unit import Unit

_session, _person, _address = columns(WebSession), columns(Person), columns(PersonAddress)
_signin, _audit, _draft = columns(SignIn), columns(Audit), columns(Draft)
_presence, _pending, _view = columns(Presence), columns(Pending), columns(SavedView)
_work, _visit, _ticket = columns(WorkListEntry), columns(Visit), columns(Ticket)
_signature, _form, _wish = columns(Signature), columns(FormKey), columns(Preference)
_clock = columns(WorkingClock)

# ---- signing in

SESSION = Question(WebSession, _session.token == param("token"))
SESSIONS = Question(
    WebSession,
    (_session.person_id == param("person")) & (_session.ends > param("now")),
    order=(_session.seen.desc(), _session.id),
)
OVER = Question(WebSession, _session.ends <= param("now"))
LINK = Question(SignIn, _signin.token == param("token"))
ASKED = Question(
    SignIn,
    (_signin.browser == param("browser")) & _signin.used.is_(None) & (_signin.ends > param("now")),
    order=(_signin.id.desc(),),
)
LATELY = Question(
    SignIn, (_signin.person_id == param("person")) & (_signin.created > param("since"))
)
OLD_LINKS = Question(SignIn, _signin.ends < param("before"))
AT = Question(PersonAddress, _address.address == param("address"))
ADDRESSES = Question(PersonAddress, _address.person_id == param("person"), order=(_address.id,))

_VISITOR = Statement(
    sa.select(TABLES[WebSession], TABLES[Person], _wish.wishes)
    .select_from(
        TABLES[WebSession]
        .join(TABLES[Person], _person.id == _session.person_id)
        .outerjoin(TABLES[Preference], _wish.person_id == _session.person_id)
    )
    .where((_session.token == param("token")) & (_session.ends > param("now")) & _person.active)
)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A browser's session, whose it is, and what he wishes."""

    session: WebSession
    person: Person
    addresses: tuple[str, ...]
    wishes: dict[str, object]


def signed_in(unit: Unit, token: str, now: datetime) -> SignedIn | None:
    """Who has this session (SHA-256 of its cookie), unless it is over or he is not active."""
    rows = unit.rows(_VISITOR, token=token, now=now)
    if not rows:
        return None
    first = len(_session)
    session = unit.adopt(WebSession, rows[0][:first])
    person = unit.adopt(Person, rows[0][first : first + len(_person)])
    return SignedIn(session, person, addresses(unit, person.id), dict(rows[0][-1] or {}))


def person_at(unit: Unit, address: str) -> Person | None:
    """The person whose address (`Address.key`) this is."""
    found = unit.first(AT, address=address)
    return unit.get(Person, found.person_id) if found is not None else None


def addresses(unit: Unit, person_id: int) -> tuple[str, ...]:
    """His addresses, the one that we write to first."""
    return tuple(row.address for row in unit.all(ADDRESSES, person=person_id))


# ---- what a hand is in the middle of

DRAFT = Question(Draft, (_draft.person_id == param("person")) & (_draft.place == param("place")))
DRAFTS = Question(
    Draft, _draft.person_id == param("person"), order=(_draft.updated.desc(), _draft.id)
)
THERE = Question(
    Presence,
    (_presence.ticket_id == param("ticket")) & (_presence.seen > param("since")),
    order=(_presence.id,),
)
IS_THERE = Question(
    Presence, (_presence.ticket_id == param("ticket")) & (_presence.person_id == param("person"))
)
GONE = Question(Presence, _presence.seen <= param("since"))
PENDING = Question(Pending, _pending.key == param("key"))
DUE = Question(
    Pending,
    (_pending.state == AnswerState.WAITING) & (_pending.due <= param("now")),
    order=(_pending.due, _pending.id),
    limit=50,
)
NEXT_DUE = Question(
    Pending, _pending.state == AnswerState.WAITING, order=(_pending.due, _pending.id), limit=1
)
WAITING_ON = Question(
    Pending,
    (_pending.ticket_id == param("ticket"))
    & _pending.state.in_((AnswerState.WAITING, AnswerState.REFUSED)),
    order=(_pending.id,),
)
CLOCK = Question(
    WorkingClock,
    (_clock.person_id == param("person")) & (_clock.ticket_id == param("ticket")),
)
CLOCKS = Question(WorkingClock, _clock.person_id == param("person"), order=(_clock.id,))
SIGNATURES = Question(Signature, _signature.ticket_id == param("ticket"), order=(_signature.id,))
OLD_FORMS = Question(FormKey, _form.at < param("before"), limit=1000)

# ---- what each likes to see

OWN_VIEWS = Question(
    SavedView,
    (_view.owner_id == param("person")) | _view.shared,
    order=(_view.name, _view.id),
)
WORK_LIST = Question(
    WorkListEntry, _work.person_id == param("person"), order=(_work.place, _work.id)
)
VISITS = Question(Visit, _visit.person_id == param("person"), order=(_visit.at.desc(), _visit.id))
VISITED = Question(
    Visit, (_visit.person_id == param("person")) & (_visit.ticket_id == param("ticket"))
)

# ---- who did what

AUDIT = Question(Audit, _audit.id < param("before"), order=(_audit.id.desc(),), limit=100)
AUDIT_OF = Question(Audit, _audit.about == param("about"), order=(_audit.id.desc(),), limit=50)
