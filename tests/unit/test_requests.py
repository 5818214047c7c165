"""Requests of a type: how a mail names one, and what it answers to its form."""

from __future__ import annotations

import pytest

from maild.desk.profile import load_profile, names, shipped
from maild.desk.requests import LINES, named, read_form

PROFILE = load_profile(shipped("next7"))

# subject, text → the type that is meant
NAMED = [
    ("New user", "", "New user"),
    ("new  USER", "", "New user"),
    ("Re: AW: New user", "", "New user"),
    ("New user: Eve Miller", "", "New user"),
    ("New user - Eve", "", "New user"),
    ("New user – Eve", "", "New user"),
    ("Printer", "Request type: New hardware\nFor whom: me", "New hardware"),
    ("Printer", "Hello,\n\n> - request type:  new hardware", "New hardware"),
    ("Drucker", "Art der Anfrage: New hardware", "New hardware"),
    ("New user", "Request type: Leaving user", "Leaving user"),  # a line says it outright
    ("Something", "Request type: Coffee machine", "Coffee machine"),  # of his own making
    ("New users cannot log in", "", None),
    ("New user cannot log in", "", None),
    ("A new user", "", None),
    ("The request type: what is it", "", None),
    ("Printer", "Request type:\nName: Eve", None),
    ("Printer", "The request type is new user", None),
    ("", "", None),
]


@pytest.mark.parametrize(("subject", "text", "found"), NAMED)
def test_p1_a_mail_names_a_type_of_request(subject: str, text: str, found: str | None) -> None:
    assert named(PROFILE, subject, text) == found


FORM = ("Name", "First day", "Same access as")
FILLED = [
    ("Name: Eve\nFirst day: 1 December\nSame access as: Ann", FORM),
    ("name : Eve\n\nFIRST DAY: soon", ("Name", "First day")),
    ("- Name: Eve\n- First day:\n- Same access as: Ann", ("Name", "Same access as")),
    ("> * Name: Eve", ("Name",)),
    ("My name: Eve", ()),
    ("Name Eve", ()),
    ("Nothing at all", ()),
]


@pytest.mark.parametrize(("text", "labels"), FILLED)
def test_p1_a_form_is_read_as_people_fill_it_in(text: str, labels: tuple[str, ...]) -> None:
    found = read_form(FORM, text)
    assert tuple(found) == labels
    assert all(value in text for value in found.values())


def test_p1_an_answer_beside_the_quoted_line_counts_and_an_own_line_goes_before() -> None:
    quoted = "> - Name: Eve\n> - First day:\n> - Same access as: Ann"
    assert read_form(FORM, "Name: Eva", quoted) == {"Name": "Eva", "Same access as": "Ann"}


def test_a_long_text_is_looked_at_in_part() -> None:
    assert read_form(FORM, "x\n" * LINES + "Name: Eve") == {}
    assert len(read_form(FORM, "Name: " + "x" * 1_000_000)["Name"]) <= 500


@pytest.mark.parametrize("name", names())
def test_every_profile_has_requests_with_forms_and_ticket_templates(name: str) -> None:
    profile = load_profile(shipped(name))
    assert any(request.form for request in profile.request_types.values())
    assert profile.templates
    for template in profile.templates.values():
        checklist = template.get("checklist")
        assert checklist is None or checklist in profile.checklists
