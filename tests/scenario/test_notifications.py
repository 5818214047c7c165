"""Notifications are data: one's own are sent by one's own rules, and every shipped one by its."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from maild.demo.writer import plain_text
from maild.store.records import Alert
from tests.looking import the
from tests.scenario.conversation import Desk, InProcess

PROFILE = """
extends: next7
name: own
statuses:
  - {name: Parts Ordered, kind: waiting}
"""
RULES = """
- rule: A day after it we ask how it was
  when: completed
  after: 1 day
  while: {ticket.status_kind: closed}
  then:
    - notify: {to: contact, template: survey}
- rule: Parts that are on their way have words of their own
  when: status changed
  if: {event.to: Parts Ordered}
  then:
    - notify: {to: contacts, template: parts-ordered}
"""
CATALOGUE = """
survey:
  for: contact
  purpose: A day after a ticket is complete we ask how it was.
parts-ordered:
  for: contact
  purpose: Parts for the ticket are ordered.
  about: [ticket, note]
  covers: [reply]
"""
SURVEY = """subject: {{ ticket.title }}
foot: Just reply.
---
Hello {{ recipient.first_name }}, how was {{ ticket.title }} for you?
"""
PARTS = """subject: {{ ticket.title }}
foot: Just reply.
---
We have ordered the parts.

{{ words(note) }}
"""


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")


@pytest.fixture
def desk(make_desk: Callable[..., Desk], tmp_path: Path) -> Desk:
    write(tmp_path / "own" / "profile.yaml", PROFILE)
    write(tmp_path / "own" / "rules.yaml", RULES)
    templates = tmp_path / "desk0" / "templates"
    write(templates / "notifications.yaml", CATALOGUE)
    write(templates / "en" / "survey.md", SURVEY)
    write(templates / "en" / "parts-ordered.md", PARTS)
    desk = make_desk(profile=str(tmp_path / "own"))
    desk.ann.mail("Printer is on fire", "It burns.")
    return desk


def told(desk: Desk, address: str) -> list[str]:
    return [item.template for item in desk.outbox() if item.address == address]


def test_e12_an_own_notification_is_sent_by_an_own_rule(desk: Desk) -> None:
    desk.bob.reply("Replaced the fuser.", subject="Re: Printer is on fire is complete")
    assert "survey" not in told(desk, "ann@acme.example")
    desk.later(days=1, minutes=1)
    assert told(desk, "ann@acme.example")[-1] == "survey"
    words = plain_text(desk.ann.received()[-1])
    assert "Hello Ann, how was Printer is on fire for you?" in words
    assert "Just reply." in words


def test_a_status_of_ones_own_has_words_of_its_own(desk: Desk) -> None:
    desk.bob.reply("#status Parts Ordered\n\nThe fuser comes on Friday.")
    assert told(desk, "ann@acme.example") == ["acknowledgement", "parts-ordered"]  # and no reply
    words = plain_text(desk.ann.received()[-1])
    assert "We have ordered the parts." in words
    assert "The fuser comes on Friday." in words


def test_a_catalogue_that_breaks_leaves_the_old_one_in_force(desk: Desk) -> None:
    file = desk.folder / "templates" / "notifications.yaml"
    write(file, CATALOGUE.replace("for: contact", "for: everyone"))
    os.utime(file, ns=(1, 1))
    transport = desk.transport
    assert isinstance(transport, InProcess)
    assert not transport.app.rules.refresh(desk.store.act, desk.now)
    text = the(desk.store, Alert, key="rules:files").text
    assert 'for: "everyone" is unknown; possible: contact, resource, admin, partner.' in text
    desk.bob.reply("#status Parts Ordered\n\nThe fuser comes on Friday.")
    assert told(desk, "ann@acme.example")[-1] == "parts-ordered"
    write(file, CATALOGUE)
    assert transport.app.rules.refresh(desk.store.act, desk.now)


def test_n6_the_holder_hears_that_his_ticket_is_open_again(desk: Desk) -> None:
    desk.bob.reply("#take\n#complete")
    desk.ann.reply("It burns again.")
    assert told(desk, "bob@example.com")[-1] == "reopened"  # in the place of the note
    assert "It burns again." in plain_text(desk.bob.received()[-1])
    assert "reopened" not in told(desk, "dana@example.com")


def test_n6_all_hear_of_an_open_ticket_that_nobody_holds(desk: Desk) -> None:
    desk.bob.reply("#assign nobody\n#complete")
    desk.ann.reply("It burns again.")
    for address in ("bob@example.com", "dana@example.com"):
        assert told(desk, address)[-1] == "reopened"


def test_n15_the_contact_reads_what_was_done_where_the_ticket_says_so(desk: Desk) -> None:
    desk.bob.reply("#time 30m remote Looked at the log.")
    assert "work-done" not in told(desk, "ann@acme.example")
    desk.bob.reply("#set report_work yes\n#time 45m on-site Replaced the fuser.")
    assert told(desk, "ann@acme.example")[-1] == "work-done"
    assert "Replaced the fuser." in plain_text(desk.ann.received()[-1])
