"""A page asks a fixed number of questions, however much there is on the desk."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import sqlalchemy as sa

from maild.model import EventName, Role, SendState
from maild.store.asking import screens
from maild.store.records import Event, Note, OutboxItem, TimeEntry
from tests.browser.site import ANN, KIM, Site

FEW, MANY = 2, 12  # tickets; notes, notifications, changes and time entries of the ticket
CAPS = {  # statements of a page, at most
    "/tickets?view=open": 10,
    "/tickets?view=all&sort=client": 10,
    "/tickets?view=open&group=client": 8,
    "/tickets/{number}": 19,
    "/tickets/{number}?part=talk": 16,
    "/tickets/{number}/history": 4,
    "/search?q=printer": 11,
    "/search?part=hits&q=printer": 11,
    "/nav": 12,
    "/new": 7,
    "/work": 6,
    "/recent": 6,
    "/timesheet": 6,
    "/clients": 5,
    "/clients/1": 13,
    "/me": 5,
    "/admin": 14,
    "/admin/people": 6,
    "/admin/outbox": 6,
    "/admin/audit": 4,
    "/admin/rules": 6,
    "/admin/templates": 6,
    "/admin/templates/acknowledgement?lang=en": 12,
}


@dataclass(slots=True)
class Counted:
    """Statements that requests run."""

    site: Site
    cookie: str
    said: list[str] = field(default_factory=list)

    def hear(self, statement: str) -> None:
        asks = statement.lstrip()[:5].upper() in ("SELEC", "WITH ")
        if asks and threading.current_thread().name.startswith("AnyIO"):  # of no other thread
            self.said.append(statement)

    def of(self, path: str) -> int:
        self.said.clear()
        answer = self.site.ask("GET", path, self.cookie)
        assert answer.status == 200, (path, answer.status)
        return len(self.said)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counted]:
    site = Site(tmp_path_factory.mktemp("costs"))
    counted = Counted(site, site.session(KIM))

    @sa.event.listens_for(site.desk.store.engine, "checkout")
    def _hears(connection: Any, _record: Any, _proxy: Any) -> None:
        getattr(connection, "driver_connection", connection).set_trace_callback(counted.hear)

    yield counted
    site.close()


def test_more_on_the_desk_is_no_more_questions(desk: Counted) -> None:
    number = _more(desk.site, range(FEW))
    few = {path: desk.of(path.replace("{number}", number)) for path in CAPS}
    _more(desk.site, range(FEW, MANY), number)
    many = {path: desk.of(path.replace("{number}", number)) for path in CAPS}
    assert {path: n for path, n in many.items() if n > few[path]} == {}, few
    assert {path: n for path, n in many.items() if n > CAPS[path]} == {}


def _more(site: Site, numbers: range, number: str = "") -> str:
    """More tickets, and more on the first of them; its number."""
    ann = site.desk.writer("Ann Archer", ANN)
    made = [site.mail(ann, f"Printer {n}", f"The printer on floor {n}.") for n in numbers]
    number = number or made[0]
    with site.desk.store.unit() as unit:
        ticket = screens.numbered(unit, number)
        assert ticket is not None
        at = site.desk.now
        for n in numbers:
            note = Note(ticket_id=ticket.id, by_id=ticket.contact_id, by_kind=Role.CONTACT,
                        public=True, text=f"Word {n}.", created=at)  # fmt: skip
            unit.add(note)
            unit.add(OutboxItem(key=f"k{n}", address=ANN, template="received", note_id=note.id,
                                message_id=f"{n}@x.example", ticket_id=ticket.id, next_try=at,
                                state=SendState.SENT, created=at))  # fmt: skip
            unit.add(Event(ticket_id=ticket.id, at=at, event=EventName.STATUS_CHANGED, by="Bob"))
            unit.add(
                TimeEntry(
                    ticket_id=ticket.id, by_id=1, worked_on=at, minutes=5, summary="", created=at
                )
            )
    return number
