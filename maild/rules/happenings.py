"""What happens at a desk of which somebody is to hear, done on an office that is only tried."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from maild.desk import appointments, sharing
from maild.desk.desk import MAILD, Desk, Occurrence
from maild.model import EventName, Role, StatusKind, TicketRole
from maild.rules.context import Context
from maild.rules.engine import fire
from maild.rules.office import NOW, Office
from maild.rules.rule import Every, Rule, RuleSet
from maild.rules.ticket_clocks import Waiting
from maild.store.records import Event, Person, PersonAddress, Ticket


@dataclass(frozen=True, slots=True)
class Happening:
    """Something of which somebody is to hear."""

    name: str
    words: bool  # somebody wrote it, or it is somebody's work now: it must reach somebody
    do: Callable[[Office], None]


def _opens(office: Office) -> None:
    """Where somebody holds it, a rule gives it to him."""
    held = office.ticket.primary_id is not None
    _was_free(office)
    with office.by(office.contact) as desk:
        desk.announce(office.ticket, office.first)
    if held:
        with office.by(None) as desk:
            desk.assign(office.ticket, office.holder)


def _was_free(office: Office) -> None:
    with office.before() as desk:
        desk.unassign(office.ticket)


def _writes(office: Office) -> None:
    office.note(office.contact)


def _writes_late(office: Office) -> None:
    _was_complete(office)
    office.note(office.contact)


def _was_complete(office: Office) -> None:
    with office.before() as desk:
        desk.set_status(office.ticket, desk.profile.complete_status)


def _alert_is_back(office: Office) -> None:
    _was_complete(office)
    with office.before() as desk:
        desk.set_field(office.ticket, "alert_state", "normal")
    office.note(None)
    with office.by(None) as desk:
        desk.set_field(office.ticket, "alert_state", "failed")


def _answers(office: Office) -> None:
    office.note(office.colleague)


def _writes_internally(office: Office) -> None:
    office.note(office.colleague, public=False)


def _declines(office: Office) -> None:
    with office.by(office.contact) as desk:
        note = desk.add_note(
            office.ticket, text="Declined.", public=True, event=EventName.NOTE_FILED
        )
        desk.emit(office.ticket, EventName.AUTOMATIC_MAIL, {"answer": "declined"}, note)


def _books(office: Office, days: int = 7) -> None:
    with office.by(office.colleague) as desk:
        _book(desk, office.ticket, days)


def _moves_appointment(office: Office) -> None:
    _booked(office)
    _books(office, days=9)


def _cancels(office: Office) -> None:
    _booked(office)
    with office.by(office.colleague) as desk:
        appointments.end(desk, office.ticket)


def _booked(office: Office) -> None:
    with office.before() as desk:
        _book(desk, office.ticket)


def _book(desk: Desk, ticket: Ticket, days: int = 7) -> None:
    appointments.book(desk, ticket, appointments.Booking(NOW + timedelta(days=days)))
    if desk.profile.scheduled_status is not None:
        desk.set_status(ticket, desk.profile.scheduled_status)


def _is_assigned(office: Office) -> None:
    _was_free(office)
    with office.by(office.colleague) as desk:
        desk.assign(office.ticket, office.holder)


def _asks(event: EventName) -> Callable[[Office], None]:
    def do(office: Office) -> None:
        with office.by(office.contact) as desk:
            desk.emit(office.ticket, event, {"by": office.contact.name})
            with desk.acting(MAILD):
                desk.add_note(office.ticket, text="It is urgent.", public=False)

    return do


def _stops(office: Office) -> None:
    with office.by(office.contact) as desk:
        with desk.acting(MAILD):
            note = desk.add_note(office.ticket, text="No more mail, please.", public=False)
        desk.add_person(office.ticket, office.contact, TicketRole.STOPPED, note)


def _moves(office: Office) -> None:
    office.note(office.colleague, public=False)
    with office.by(office.colleague) as desk:
        desk.transfer(office.ticket, "provider")


def _asks_other_side(office: Office) -> None:
    queue = office.desk.profile.queues[0]
    with office.before() as desk:
        sharing.share(desk, office.ticket, queue, office.colleague, office.first)
    note = office.note(office.colleague, public=False)
    with office.by(office.colleague) as desk:
        sharing.ask(desk, office.ticket, note)


def _is_put_on(office: Office) -> None:
    note = office.note(office.colleague, public=False)
    office.desk.add_person(office.ticket, office.stand_in, TicketRole.SECONDARY, note)


def _is_added(office: Office) -> None:
    vic = office.desk.unit.add(Person(name="Vic", role=Role.CONTACT, created=NOW))
    office.desk.unit.add(PersonAddress(person_id=vic.id, address="vic@acme.example"))
    note = office.note(office.colleague)
    office.desk.add_person(office.ticket, vic, TicketRole.ADDITIONAL, note)


def _is_complete(office: Office) -> None:
    with office.by(office.colleague) as desk:
        desk.set_status(office.ticket, desk.profile.complete_status)


def _happens(event: EventName, **detail: object) -> Callable[[Office], None]:
    def do(office: Office) -> None:
        with office.by(None) as desk:
            desk.emit(office.ticket, event, detail)

    return do


HAPPENINGS = (
    Happening("a contact opens a ticket", True, _opens),
    Happening("a contact writes to an open ticket", True, _writes),
    Happening("a contact writes to a complete ticket", True, _writes_late),
    Happening("monitoring's alert comes back", True, _alert_is_back),
    Happening("a contact declines an appointment", True, _declines),
    Happening("a contact says that it is urgent", True, _asks(EventName.URGENCY_ASKED)),
    Happening(
        "somebody says in a contact's name that it is solved", True, _asks(EventName.CLOSING_ASKED)
    ),
    Happening("a contact wants no more mail", True, _stops),
    Happening("a technician answers the contact", True, _answers),
    Happening("a technician writes internally", True, _writes_internally),
    Happening("a technician is given the ticket", True, _is_assigned),
    Happening("a technician is put on the ticket, with words", True, _is_put_on),
    Happening("a contact is put on the ticket, with words", True, _is_added),
    Happening("a technician makes an appointment", True, _books),
    Happening("a technician moves an appointment", True, _moves_appointment),
    Happening("a technician cancels an appointment", True, _cancels),
    Happening("a technician completes the ticket", False, _is_complete),
    Happening(
        "a promised time is near",
        False,
        _happens(EventName.SLA_APPROACHING, which="resolution", due=NOW.isoformat()),
    ),
    Happening(
        "a promised time is over",
        False,
        _happens(EventName.SLA_MISSED, which="resolution", due=NOW.isoformat()),
    ),
)


# What only some profiles know of, by the event that their rules listen to.
ELSEWHERE = {
    EventName.TRANSFERRED: Happening(
        "a ticket goes to the service provider, with words", True, _moves
    ),
    EventName.OTHER_SIDE: Happening(
        "the other side of a shared ticket asks", True, _asks_other_side
    ),
}


def happenings(rule_set: RuleSet) -> Iterator[Happening]:
    """What is tried: the same for every profile, its statuses for colleagues, and its clocks."""
    yield from HAPPENINGS
    yield from (one for event, one in ELSEWHERE.items() if event in rule_set.by_event)
    for status in rule_set.profile.statuses.values():
        if status.text_for:
            yield Happening(
                f"a technician sets {status.name}, with words", True, _sets(status.name)
            )
    for rule in rule_set.rules:
        if rule.wait is not None and not isinstance(rule.wait, Every):
            sets = [str(step.argument) for step in rule.steps if step.action == "status"]
            what = f"a clock sets {sets[0]}" if sets else f"a clock fires: {rule.name}"
            yield Happening(what, bool(sets) and _is_work(rule_set, sets[0]), _fires(rule))


def _is_work(rule_set: RuleSet, status: str) -> bool:
    return rule_set.profile.status(status).kind != StatusKind.CLOSED


def _sets(name: str) -> Callable[[Office], None]:
    def do(office: Office) -> None:
        office.note(office.colleague, public=False)
        with office.by(office.colleague) as desk:
            desk.set_status(office.ticket, name)

    return do


def _fires(rule: Rule) -> Callable[[Office], None]:
    def do(office: Office) -> None:
        with office.by(None) as desk:
            row = desk.unit.add(
                Event(at=NOW, event=EventName.CLOCK_FIRED, by="maild", detail={"rule": rule.name})
            )
            occurrence = Occurrence(row, office.ticket, None, None, ())
            fire(rule, Context(desk, occurrence, clocks=Waiting(office.rule_set)))

    return do
