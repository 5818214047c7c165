"""Request types, their forms and ticket templates by mail, in every profile (P1, G17, G19)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from maild.demo.writer import plain_text
from tests.scenario.conversation import Desk

MakeDesk = Callable[..., Desk]
PROFILES = ("next7", "runbook", "ggit", "atera")
QUEUES = {  # of a new user, and of a request of the client's own making
    "next7": ("Co-managed", "Client Portal"),
    "runbook": ("N1 - Support", "Client Portal"),
    "ggit": ("Office Admin", "Help Desk"),
    "atera": ("Support", "Support"),
}
SITE = '[[sender]]\nkind = "web form"\naddress = "www@site.example"\ntrust = "address"\n'


def told(desk: Desk, address: str) -> list[str]:
    return [item.template for item in desk.outbox() if item.address == address]


@pytest.mark.parametrize("profile", PROFILES)
def test_p1_a_request_is_asked_about_until_its_form_is_filled(
    make_desk: MakeDesk, profile: str
) -> None:
    desk = make_desk(profile=profile)
    desk.ann.mail("New user: Eve Miller", "Name: Eve Miller\nShe begins soon.")
    ticket = desk.ticket()
    assert ticket["fields"]["request_type"] == "New user"
    assert ticket["fields"]["form"] == {"Name": "Eve Miller"}
    assert ticket["queue"] == QUEUES[profile][0]
    assert ticket["tags"] == ["onboarding"]  # of its ticket template
    assert ticket["fields"]["checklist"][0]["item"] == "Create the account"
    assert told(desk, "ann@acme.example") == ["request-form"]  # and no acknowledgement besides
    asked = plain_text(desk.ann.received()[-1])
    assert "we have your request New user and gave it the number" in " ".join(asked.split())
    assert "- First day:" in asked and "- Same access as:" in asked and "- Name:" not in asked

    desk.ann.reply("First day: 1 December\nDepartment: Sales")
    assert desk.ticket()["fields"]["form"]["First day"] == "1 December"
    desk.ann.reply("Same access as: Ann")
    assert len(desk.ticket()["fields"]["form"]) == 4
    desk.ann.reply("First day: 2 December")  # all is said: words are words
    assert desk.ticket()["fields"]["form"]["First day"] == "1 December"
    assert told(desk, "ann@acme.example").count("request-form") == 1


@pytest.mark.parametrize("profile", PROFILES)
def test_p1_a_request_of_the_clients_own_making(make_desk: MakeDesk, profile: str) -> None:
    desk = make_desk(profile=profile)
    desk.ann.mail("Something else", "Request type: Coffee machine\n\nIt leaks.")
    ticket = desk.ticket()
    assert ticket["fields"]["request_type"] == "Coffee machine"
    assert ticket["queue"] == QUEUES[profile][1]
    assert "request-form" not in told(desk, "ann@acme.example")


@pytest.mark.parametrize("profile", PROFILES)
def test_a_mail_that_names_no_request_is_none(make_desk: MakeDesk, profile: str) -> None:
    desk = make_desk(profile=profile)
    desk.ann.mail("New users cannot log in", "Name: all of them")
    assert "request_type" not in desk.ticket()["fields"]
    assert told(desk, "ann@acme.example") == ["acknowledgement"]


@pytest.mark.parametrize("profile", PROFILES)
def test_g19_ticket_templates_are_in_every_profile(make_desk: MakeDesk, profile: str) -> None:
    desk = make_desk(profile=profile)
    desk.ann.mail("Eve leaves us", "On Friday.")
    desk.bob.reply("#template leaving user")
    assert desk.ticket()["tags"] == ["offboarding"]
    assert len(desk.ticket()["fields"]["checklist"]) == 4


def test_p1_g17_a_form_of_the_web_site_asks_whom_it_is_for(
    make_desk: MakeDesk, tmp_path: Path
) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "profile.yaml").write_text(
        'extends: ggit\nname: own\nsenders: {web form: ["www@site.example"]}\n'
    )
    desk = make_desk(profile=str(folder), more=SITE)
    desk.writer("Site", "www@site.example").mail(
        "Form",
        "Request type: New hardware\nFor whom: Eve\nText: Buy cheap watches!",
        headers={"Reply-To": "ann@acme.example"},
    )
    ticket = desk.ticket()
    assert ticket["fields"]["form"] == {"For whom": "Eve"}
    assert ticket["contact"]["address"] == "ann@acme.example"
    assert told(desk, "ann@acme.example") == ["request-form"]
    asked = plain_text(desk.ann.received()[-1])
    assert "- What is needed:" in asked
    assert "watches" not in asked  # H78


@pytest.mark.parametrize("profile", PROFILES)
def test_p3_who_asks_by_a_form_is_told_by_a_template_of_the_portals(
    make_desk: MakeDesk, tmp_path: Path, profile: str
) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "profile.yaml").write_text(
        f'extends: {profile}\nname: own\nsenders: {{web form: ["www@site.example"]}}\n'
    )
    (folder / "rules.yaml").write_text(
        "- rule: The site's form\n  when: mail received\n  if: {mail.sender_is: web form}\n"
        '  then: [{from: web form}, {contact: "${mail.reply_to}"}]\n'
    )
    desk = make_desk(profile=str(folder), more=SITE)
    desk.writer("Site", "www@site.example").mail(
        "Contact form", "Please call me.", headers={"Reply-To": "ann@acme.example"}
    )
    assert desk.ticket()["source"] == "web form"
    assert told(desk, "ann@acme.example") == ["portal-ticket"]
