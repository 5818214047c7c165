"""The unit of work: asks once, sees its own changes, takes back, writes a statement a table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from maild.model import EventName, MessageState, Role, StatusKind
from maild.store import Store
from maild.store.declare import RECORDS
from maild.store.memory import memory
from maild.store.prepared import Bare, Link, Plain
from maild.store.question import Question, among, param
from maild.store.records import Clock, Event, Message, Note, Person, Setting, Ticket
from maild.store.schema import columns
from maild.store.unit import Unit
from tests.fresh import make_tables

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
_note, _clock = columns(Note), columns(Clock)

OF_TICKET = Question(Note, _note.ticket_id == param("ticket"), order=(_note.id,))
LATEST = Question(
    Note, (_note.ticket_id == param("ticket")) & _note.public, order=(_note.id.desc(),), limit=2
)
SOME = Question(Note, among(_note.id, "ids"), order=(_note.id,))
DUE = Question(
    Clock, _clock.due.is_not(None) & (_clock.due <= param("now")), order=(_clock.due, _clock.id)
)


@pytest.fixture(params=["sqlite", "postgresql", "sqlite plain", "postgresql plain"])
def store(request: pytest.FixtureRequest, tmp_path: object) -> Iterator[Store]:
    name, _, plain = str(request.param).partition(" ")
    url = f"sqlite:///{tmp_path}/maild.db"
    store = Store(request.getfixturevalue("postgres") if name == "postgresql" else url)
    store.plain = bool(plain)
    make_tables(store)
    yield store
    store.close()


def ticket(unit: Unit, number: str = "T20261123.0001", **more: object) -> Ticket:
    values: dict[str, object] = {
        "title": "Printer",
        "status": "New",
        "status_kind": StatusKind.NEW,
        "priority": "3 Medium",
        "type": "Service Request",
        "source": "email",
        "queue": "Co-managed",
        "created": NOW,
        "updated": NOW,
        **more,
    }
    return unit.tie(Ticket(number=number, **values))  # type: ignore[arg-type]


def note(unit: Unit, of: Ticket, text: str = "It burns.", *, public: bool = True) -> Note:
    return unit.add(
        Note(ticket_id=of.id, by_kind=Role.CONTACT, public=public, text=text, created=NOW)
    )


def link_of(unit: Unit) -> Link:
    assert unit._link is not None
    return unit._link


# ---- what is written is read


def test_a_row_comes_back_as_it_went_in(store: Store) -> None:
    zone = NOW.astimezone(tz=None)
    with store.unit() as unit:
        one = ticket(unit, tags=["a", "ü"], fields={"impact": "high"}, due=zone)
        unit.add(Event(ticket_id=one.id, at=NOW, event=EventName.LINKED, by="maild", detail={}))
    with store.look() as unit:
        found = unit.get(Ticket, one.id)
        assert found is not None and found is not one
        assert all(
            getattr(found, field) == getattr(one, field)
            for field in ("number", "tags", "fields", "due", "completed", "notify_contact")
        )
        assert found.status_kind is StatusKind.NEW
        assert found.due is not None and found.due.tzinfo is UTC
        event = unit.first(Question(Event, columns(Event).ticket_id == param("ticket")), ticket=1)
        assert event is not None and event.event is EventName.LINKED


def test_h57_text_of_any_mail_is_stored_and_found_again(store: Store) -> None:
    long = "x" * 100_000 + "\x00@example.com"
    by_id = Question(Message, columns(Message).message_id == param("message_id"))
    with store.unit() as unit:
        one = unit.add(
            Message(
                mailbox="files",
                sha256="0",
                size=1,
                accepted=NOW,
                message_id=long,
                subject="\ud83d\x00x",
                reasons=[["\ud83d\x00x", "\\u0000", {"a\x00": ("\U0001f600", 1, None)}]],
            )
        )
        assert unit.first(by_id, message_id=long) is one
        assert unit.first(by_id, message_id=long + "y") is None
    with store.look() as unit:
        found = unit.first(by_id, message_id=long)
        assert found is not None and found.subject == "\ufffdx"
        assert found.reasons == [["\ufffdx", "\\u0000", {"a": ["\U0001f600", 1, None]}]]
        assert unit.first(by_id, message_id=long + "y") is None


def test_a_word_that_a_newer_version_wrote_stays_text(store: Store) -> None:
    with store.unit() as unit:
        ticket(unit)
    with store.engine.begin() as connection:
        connection.execute(sa.text("UPDATE ticket SET status_kind = 'frozen'"))
    with store.look() as unit:
        found = unit.get(Ticket, 1)
        assert found is not None and found.status_kind == "frozen"


# ---- a record is nobody's to write


def test_nobody_assigns_to_a_record() -> None:
    unit = memory()
    one = ticket(unit)
    with pytest.raises(AttributeError):
        one.title = "Mine"  # type: ignore[misc]
    assert unit.change_ticket(one, title="Ours")
    assert not unit.change_ticket(one, title="Ours")
    assert one.title == "Ours"
    with pytest.raises(TypeError, match="written by an action of the desk"):
        unit.change(one, title="Mine")
    with pytest.raises(TypeError, match="written by an action of the desk"):
        unit.delete(one)


def test_who_only_looks_writes_nothing(store: Store) -> None:
    with store.look() as unit:
        unit.add(Setting(key="a", value={}))
        with pytest.raises(TypeError, match="only look"):
            unit.write()


# ---- each question once


def test_a_question_is_asked_once(store: Store) -> None:
    with store.unit() as unit:
        one = ticket(unit)
        note(unit, one)
    with store.unit() as unit:
        before = link_of(unit).executed
        for _ in range(3):
            assert len(unit.all(OF_TICKET, ticket=1)) == 1
            assert unit.count(OF_TICKET, ticket=1) == 1
            assert unit.get(Person, 4711) is None
            assert unit.first(SOME, ids=[1, 2]) is unit.get(Note, 1)
        assert link_of(unit).executed - before == 4


def test_what_is_asked_ahead_is_there_when_it_is_wanted(store: Store) -> None:
    """In one statement on SQLite; what is written since is asked for anew."""
    with store.unit() as unit:
        one = ticket(unit)
        for text in "abc":
            note(unit, one, text=text)
    with store.unit() as unit:
        link = link_of(unit)
        before = link.executed
        unit.ahead(
            [
                unit.about(OF_TICKET, ticket=1),
                unit.row_of(Setting, "none"),
                unit.about(SOME, ids=[3, 2]),
                unit.about(DUE, now=NOW),
                unit.about(LATEST, ticket=1),
            ]
        )
        asked = link.executed - before
        assert asked == (1 if isinstance(link, Bare) and unit.on_sqlite else 5)
        assert [n.text for n in unit.all(OF_TICKET, ticket=1)] == ["a", "b", "c"]
        assert unit.get(Setting, "none") is None
        assert unit.all(SOME, ids=[3, 2]) == unit.all(OF_TICKET, ticket=1)[1:]
        assert [n.text for n in unit.all(LATEST, ticket=1)] == ["c", "b"]
        assert link.executed - before == asked
        note(unit, one, text="d")
        unit.write()
        assert [n.text for n in unit.all(LATEST, ticket=1)] == ["d", "c"]
        unit.add(Clock(name="x", started=NOW, due=NOW))
        unit.write()
        assert len(unit.all(DUE, now=NOW)) == 1


def test_what_the_unit_made_itself_costs_no_question() -> None:
    unit = memory()
    one = ticket(unit)
    assert unit.get(Ticket, one.id) is one
    assert unit.get(Ticket, None) is None


# ---- what is asked next sees what was done before


def test_a_question_sees_what_was_added_changed_and_deleted(store: Store) -> None:
    with store.unit() as unit:
        one, other = ticket(unit), ticket(unit, "T20261123.0002")
        for text in "abcd":
            note(unit, one, text)
    with store.unit() as unit:
        first, second, third, fourth = unit.all(OF_TICKET, ticket=one.id)
        fifth = note(unit, one, "e")
        assert unit.all(OF_TICKET, ticket=one.id) == [first, second, third, fourth, fifth]
        assert unit.all(LATEST, ticket=one.id) == [fifth, fourth]
        unit.change(fourth, public=False)
        unit.change(second, ticket_id=other.id)
        unit.delete(third)
        assert unit.all(OF_TICKET, ticket=one.id) == [first, fourth, fifth]
        assert unit.all(OF_TICKET, ticket=other.id) == [second]
        assert unit.all(LATEST, ticket=one.id) == [fifth, first]
        assert unit.count(OF_TICKET, ticket=one.id) == 3
        assert unit.get(Note, third.id) is None
    with store.look() as unit:
        assert [n.text for n in unit.all(OF_TICKET, ticket=one.id)] == ["a", "d", "e"]
        assert [n.text for n in unit.all(LATEST, ticket=one.id)] == ["e", "a"]


def test_what_was_asked_before_is_as_it_is_now(store: Store) -> None:
    """What a question has said once is kept, and only until something of its kind is different."""
    with store.unit() as unit:
        one, other = ticket(unit), ticket(unit, "T20261123.0002")
        first, second = note(unit, one, "a"), note(unit, one, "b")
    with store.unit() as unit:
        first, second = unit.all(OF_TICKET, ticket=one.id)

        def texts() -> list[str]:
            return [n.text for n in unit.all(OF_TICKET, ticket=one.id)]

        unit.all(OF_TICKET, ticket=one.id).clear()  # what it gave is the caller's
        assert texts() == ["a", "b"]
        mark, third = unit.mark(), note(unit, one, "c")
        assert texts() == ["a", "b", "c"]
        unit.change(third, text="d")
        assert texts() == ["a", "b", "d"]
        unit.change(first, ticket_id=other.id)
        assert texts() == ["b", "d"]
        unit.delete(second)
        assert texts() == ["d"]
        unit.delete(third)
        assert texts() == []
        unit.back(mark)
        assert texts() == ["a", "b"]
        unit.delete(second)
        unit.write()
        assert texts() == ["a"]


def test_what_was_limited_away_comes_back_where_others_go(store: Store) -> None:
    with store.unit() as unit:
        one = ticket(unit)
        kept = [note(unit, one, text) for text in "abc"]
    with store.unit() as unit:
        assert [n.text for n in unit.all(LATEST, ticket=1)] == ["c", "b"]
        for gone in unit.all(LATEST, ticket=1):
            unit.delete(gone)
        assert [n.id for n in unit.all(LATEST, ticket=1)] == [kept[0].id]


BY_TEXT = Question(Note, columns(Note).ticket_id == param("ticket"), order=(columns(Note).text,))
FIRST_BY_TEXT = Question(Note, BY_TEXT.where, order=BY_TEXT.order, limit=2)


CHANGES: list[tuple[dict[str, str], list[str]]] = [
    ({"a": "z"}, ["b", "c"]),
    ({"a": "z", "b": "y"}, ["c", "d"]),
    ({"b": "aa"}, ["a", "aa"]),
    ({"d": "0"}, ["0", "a"]),
    ({"a": "z", "d": "0"}, ["0", "b"]),
    ({}, ["a", "b"]),
]


def test_the_first_ones_are_those_of_the_order_of_now(store: Store) -> None:
    for number, (changes, first) in enumerate(CHANGES):
        with store.unit() as unit:
            one = ticket(unit, f"T20261123.{number:04}")
            of = one.id
            for text in "abcd":
                note(unit, one, text)
        with store.unit() as unit:
            assert [n.text for n in unit.all(FIRST_BY_TEXT, ticket=of)] == ["a", "b"]
            for known in unit.all(BY_TEXT, ticket=of):
                unit.change(known, text=changes.get(known.text, known.text))
            assert [n.text for n in unit.all(FIRST_BY_TEXT, ticket=of)] == first
            unit.write()
            assert [n.text for n in unit.all(FIRST_BY_TEXT, ticket=of)] == first


def test_unknown_is_not_false(store: Store) -> None:
    """SQL's third value: what compares with nothing neither holds nor fails."""
    neither = Question(Clock, sa.not_(_clock.due <= param("now")))
    with store.unit() as unit:
        unit.add(Clock(name="paused", due=None, started=NOW))
        late = unit.add(Clock(name="late", due=NOW - timedelta(1), started=NOW))
        soon = unit.add(Clock(name="soon", due=NOW + timedelta(1), started=NOW))
        assert unit.all(DUE, now=NOW) == [late]
        assert unit.all(neither, now=NOW) == [soon]
    with store.look() as unit:
        assert [c.name for c in unit.all(DUE, now=NOW)] == ["late"]
        assert [c.name for c in unit.all(neither, now=NOW)] == ["soon"]


# ---- taking back


def test_what_fails_in_the_middle_leaves_nothing(store: Store) -> None:
    with store.unit() as unit:
        one = ticket(unit)
        first = note(unit, one)
    with store.unit() as unit:
        loaded, old = unit.get(Ticket, 1), unit.get(Note, first.id)
        assert loaded is not None and old is not None
        unit.change_ticket(loaded, title="Kept")
        mark = unit.mark()
        fresh = note(unit, loaded, "new")
        unit.change(fresh, text="newer")
        unit.change_ticket(loaded, title="Lost", resolution="Lost")
        unit.change(old, public=False)
        unit.delete(old)
        unit.add(Setting(key="lost", value={}))
        unit.back(mark)
        assert (loaded.title, loaded.resolution, old.public) == ("Kept", None, True)
        assert unit.all(OF_TICKET, ticket=1) == [old]
        assert unit.get(Setting, "lost") is None
    with store.look() as unit:
        found = unit.get(Ticket, 1)
        assert found is not None and (found.title, found.resolution) == ("Kept", None)
        assert len(unit.all(OF_TICKET, ticket=1)) == 1
        assert unit.get(Setting, "lost") is None


def test_taking_all_of_it_back_writes_nothing(store: Store) -> None:
    """Empty again is as untouched."""
    with store.unit() as unit:
        one = ticket(unit)
        note(unit, one)
    with store.unit() as unit:
        loaded = unit.get(Ticket, 1)
        assert loaded is not None
        mark = unit.mark()
        unit.change_ticket(loaded, title="Lost")
        unit.delete(unit.all(OF_TICKET, ticket=1)[0])
        note(unit, loaded)
        unit.back(mark)
        before = link_of(unit).executed
        unit.write()
        assert link_of(unit).executed == before


def test_what_was_added_and_deleted_is_never_written(store: Store) -> None:
    with store.unit() as unit:
        one = ticket(unit)
        mark = unit.mark()
        unit.delete(note(unit, one))
        assert unit.all(OF_TICKET, ticket=one.id) == []
        unit.back(mark)
        again = note(unit, one)
        before = unit.mark()
        unit.delete(again)
        assert unit.get(Note, again.id) is None and unit.some(Note, [again.id]) == {}
        unit.back(before)
        assert unit.get(Note, again.id) is again
        unit.delete(again)
    with store.look() as unit:
        assert unit.all(OF_TICKET, ticket=one.id) == []


# ---- writing


def test_what_was_added_is_known_when_it_is_written_too(store: Store) -> None:
    """Who asks what a cause has told already must not depend on when it was written."""
    with store.unit() as unit:
        one = ticket(unit)
        first, gone = note(unit, one), note(unit, one)
        unit.write()
        mark = unit.mark()
        second = note(unit, one)
        unit.delete(gone)
        assert unit.added(Note) == [first, second]
        unit.write()
        assert unit.added(Note) == [first, second]
        note(unit, one)
        unit.back(0)
        assert (mark, unit.added(Note)) == (0, [first, second])


def test_it_writes_a_statement_a_table(store: Store) -> None:
    with store.unit() as unit:
        one = ticket(unit)
        for n in range(10):
            note(unit, one)
            unit.add(Clock(ticket_id=one.id, name=str(n), started=NOW))
        before = link_of(unit).executed
        unit.write()
        assert link_of(unit).executed - before == 3
    with store.unit() as unit:
        for clock in unit.all(Question(Clock, sa.true())):
            unit.change(clock, due=NOW)
        for some in unit.all(OF_TICKET, ticket=one.id):
            unit.delete(some)
        before = link_of(unit).executed
        unit.write()
        assert link_of(unit).executed - before == 2


def test_a_row_takes_the_place_of_one_that_went(store: Store) -> None:
    """What is unique is free again in the same unit."""
    with store.unit() as unit:
        unit.add(Clock(ticket_id=ticket(unit).id, name="Remind", started=NOW))
    with store.unit() as unit:
        unit.delete(unit.all(Question(Clock, sa.true()))[0])
        unit.add(Clock(ticket_id=1, name="Remind", started=NOW, due=NOW))
    with store.look() as unit:
        assert [c.due for c in unit.all(Question(Clock, sa.true()))] == [NOW]


def test_a_unit_that_fails_leaves_nothing(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.unit() as unit:
        unit.add(Setting(key="a", value={}))
        unit.write()
        raise ZeroDivisionError
    with store.look() as unit:
        assert unit.get(Setting, "a") is None


def test_a_part_of_a_transaction_that_fails_leaves_the_rest(store: Store) -> None:
    with store._link(write=True) as link:
        for text in ("a", "broken", "b"):
            fails = pytest.raises(ZeroDivisionError) if text == "broken" else nullcontext()
            with fails, link.savepoint():
                unit = Unit(link)
                one = ticket(unit, text)
                note(unit, one, text)
                unit.write()
                if text == "broken":
                    raise ZeroDivisionError
        link.commit()
    with store.look() as unit:
        assert [t.number for t in unit.all(Question(Ticket, sa.true()))] == ["a", "b"]
        assert [n.text for n in unit.all(Question(Note, sa.true()))] == ["a", "b"]


def test_h25_two_who_write_at_once_get_ids_of_their_own(postgres: str) -> None:
    store = Store(postgres)
    make_tables(store)
    with store.unit() as one, store.unit() as other:
        ids = [ticket(unit, f"{n}{k}").id for n, unit in enumerate((one, other)) for k in range(9)]
    assert len(set(ids)) == 18
    with store.look() as unit:
        assert len(unit.all(Question(Ticket, sa.true()))) == 18
    store.close()


# ---- both ways to run a statement are one


def test_the_driver_alone_gives_what_core_gives(store: Store) -> None:
    with store.unit() as unit:
        one = ticket(unit, due=NOW, fields={"a": [1, None]}, tags=["x"])
        note(unit, one)
        unit.add(Message(mailbox="m", sha256="0", size=1, accepted=NOW, reasons=[["a", "b", "c"]]))
        unit.add(Clock(name="x", started=NOW, due=NOW))
    every = [Question(record, sa.true()).select for record in RECORDS]
    ways = []
    for way in (True, False):
        store.plain = way
        with store.look() as unit:
            link = link_of(unit)
            assert isinstance(link, Plain if way else Bare)
            rows = [link.rows(statement, {}) for statement in every]
            rows.append(link.rows(DUE.select, {"now": NOW}))
            rows.append(link.rows(SOME.select, {"ids": [1, 7]}))
            rows.append(link.rows(SOME.counting, {"ids": []}))
            assert link.several([(statement, {}) for statement in every]) == rows[: len(every)]
            ways.append(rows)
    assert ways[0] == ways[1]
    assert [type(v) for rows in ways[0] for row in rows for v in row] == [
        type(v) for rows in ways[1] for row in rows for v in row
    ]
    assert MessageState.STORED in ways[0][list(RECORDS).index(Message)][0]
