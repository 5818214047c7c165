"""Conditions of rules: each comparison on each sort of value."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from maild.config import Config, Settings
from maild.desk.desk import Desk, Occurrence
from maild.desk.profile import Profile, load_profile, shipped
from maild.model import EventName, Role, StatusKind
from maild.rules.conditions import Reader, why
from maild.rules.context import Context
from maild.store.memory import memory
from maild.store.records import Event, Note, Ticket
from maild.yamlfile import Problems

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)  # a Monday


@pytest.fixture(scope="module")
def profile() -> Profile:
    return load_profile(shipped("next7"))


def context(profile: Profile) -> Context:
    """A ticket whose status has just changed; values only, no database."""
    ticket = Ticket(
        number="T20261123.0001",
        title="Printer  on Fire",
        status="Waiting Customer",
        status_kind=StatusKind.WAITING,
        priority="1 High",
        type="Service Request",
        source="email",
        queue="Co-managed",
        created=NOW,
        updated=NOW,
        due=datetime(2026, 11, 25, 9, tzinfo=UTC),
        resolution=None,
        tags=["On-call", "vip"],
        reopened=2,
        notify_contact=True,
        fields={"impact": "High", "time_entries_done": "no"},
    )
    unit = memory(ticket)
    note = unit.add(
        Note(
            ticket_id=ticket.id,
            by_kind=Role.CONTACT,
            public=True,
            text="Order 4711 is late.",
            created=NOW,
        )
    )
    detail = {"from": "New", "to": "Waiting Customer"}
    event = Event(at=NOW, event=EventName.STATUS_CHANGED, by="maild", detail=detail)
    settings = Settings(Config.model_validate({}), Path("maild.toml"))
    desk = Desk(unit, settings, profile, NOW, "test")
    return Context(desk, Occurrence(event, ticket, note, None, ()))


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"ticket.status": "waiting customer"}, True),
        ({"ticket.status": ["New", "Assigned"]}, False),
        ({"ticket.status": {"not": ["New", "Assigned"]}}, True),
        ({"ticket.title": "printer on fire"}, True),
        ({"ticket.title": {"contains": ["toner", "FIRE"]}}, True),
        ({"ticket.title": {"starts with": "on"}}, False),
        ({"ticket.title": {"ends with": "fire"}}, True),
        ({"ticket.tags": "vip"}, True),
        ({"ticket.tags": {"not": "vip"}}, False),
        ({"ticket.tags": {"contains": "call"}}, True),
        ({"ticket.resolution": "empty"}, True),
        ({"ticket.resolution": {"empty": False}}, False),
        ({"ticket.impact": "high"}, True),
        ({"ticket.urgency": "empty"}, True),
        ({"ticket.time_entries_done": False}, True),
        ({"ticket.billable": False}, False),
        ({"ticket.notify_contact": True}, True),
        ({"note.public": False}, False),
        ({"ticket.reopened": {"above": 1}}, True),
        ({"ticket.reopened": {"below": 2}}, False),
        ({"ticket.due": {"before": "in 3 days"}}, True),
        ({"ticket.due": {"before": "in 1 day"}}, False),
        ({"ticket.due": {"after": "now"}}, True),
        ({"ticket.due": {"after": "2026-12-24"}}, False),
        ({"note.text": {"matches": r"\border (?P<order>\d+)"}}, True),
        ({"note.text": {"matches": "^late"}}, False),
        ({"ticket.status": {"changed": True}}, True),
        ({"ticket.status": {"changed from": "New", "changed to": "Waiting Customer"}}, True),
        ({"ticket.status": {"changed from": "Assigned"}}, False),
        ({"ticket.priority": {"changed": True}}, False),
        ({"desk.weekday": "monday", "desk.open": True}, True),
        ({"any": [{"ticket.status": "New"}, {"ticket.impact": "high"}]}, True),
        ({"all": [{"ticket.status": "New"}, {"ticket.impact": "high"}]}, False),
        ({"not": {"ticket.status": "New"}}, True),
        ({"event.to": "${ticket.status}"}, True),
        ({}, True),
    ],
)
def test_conditions(profile: Profile, condition: dict[str, Any], holds: bool) -> None:
    problems = Problems()
    read = Reader(profile, Path("rules.yaml"), problems, (EventName.STATUS_CHANGED,)).read(
        condition
    )
    assert not problems.found
    assert read.holds(context(profile)) is holds


def test_captures_are_kept_and_reasons_are_said(profile: Profile) -> None:
    reader = Reader(profile, Path("rules.yaml"), Problems())
    read = reader.read(
        {"ticket.status": "Waiting Customer", "note.text": {"matches": r"Order (?P<order>\d+)"}}
    )
    here = context(profile)
    assert reader.captures == {"order"}
    assert read.holds(here)
    assert here.captures == {"order": "4711"}
    assert why(read, here) == [
        "ticket.status is Waiting Customer",
        "note.text is Order 4711 is late.",
    ]
    other = reader.read({"ticket.status": ["New", "Assigned"]})
    assert why(other, here) == ["ticket.status is Waiting Customer, not New or Assigned"]
