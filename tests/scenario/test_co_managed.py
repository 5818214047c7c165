"""A client's own technician works on its tickets alone; the rest is as if it were not there."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from maild.cli.database import open_store
from maild.demo.writer import Writer, plain_text
from maild.desk import people
from tests.scenario.conversation import Desk
from tests.scenario.test_commands import last, results

MakeDesk = Callable[..., Desk]

MORE = """
[[organization]]
name = "Brick"
domains = ["brick.example"]
[[contact]]
name = "Zoe Zander"
email = "zoe@brick.example"
organization = "Brick"
[[resource]]
name = "Cody Client"
email = "cody@acme.example"
organization = "Acme"
title = "Site manager"
[[resource]]
name = "Brian Brick"
email = "brian@brick.example"
organization = "Brick"
"""
PROOF = {"Authentication-Results": "mx.example.com; dmarc=pass header.from=acme.example"}
# What nobody of Acme may read.
SECRETS = ("Secret door", "safe is open", "Brick", "Zoe", "zoe@", "Brian", "Vault", "Moat")


def shared(make_desk: MakeDesk, profile: str = "next7") -> tuple[Desk, Writer, str, str]:
    """A desk with a ticket of Acme's, one of Brick's, and Brick's records: the desk, Acme's own
    technician, the numbers of the two tickets."""
    desk = make_desk(more=MORE, profile=profile)
    cody = desk.writer("Cody Client", "cody@acme.example", PROOF)
    zoe = desk.writer("Zoe Zander", "zoe@brick.example")
    for line in (
        "#record asset Vault: organization Brick; serial 4711",
        "#record project Moat: organization Brick",
        "#record task Dig: project Moat",
        "#record article Opening the Vault: organization Brick; text Turn it twice.",
        "#record contract Brick Care: organization Brick; rates 250",
        "#record asset PC-1: organization Acme",
    ):
        desk.bob.mail("Books", line)
        assert all(done for _, done in results(desk)), line
    zoe.mail("Secret door", "The safe is open.")
    foreign = desk.ticket()["number"]
    desk.ann.mail("Printer is on fire", "It smokes.")
    return desk, cody, desk.ticket()["number"], foreign


# Each is a line of his in answer to a mail of Acme's ticket; F is the number of Brick's.
REFUSED = (
    "#show F",
    "#merge F",
    "#link F",
    "#parent F",
    "#set parent F",
    "#time F 30m",
    "#assign brian",
    "#also brian@brick.example",
    "#escalate brian",
    "#for zoe@brick.example",
    "#for Zoe",
    "#for nobody.yet@brick.example",
    "#set contact Zoe Zander",
    "#set organization Brick",
    "#set organization Bric",
    "#set additional contacts zoe@brick.example",
    "#set approver Zoe",
    "#set asset Vault",
    "#set asset Vaul",
    "#set additional assets PC-1, Vault",
    "#set project Moat",
    "#set contract Brick Care",
    "#set secondary resources brian",
    "#article Opening the Vault",
    "#article vault",
    "#record asset Vault: location here",
    "#record asset PC-2: contact zoe@brick.example",
    "#record task Dig: status done",
    "#record task Wall: project Moat",
    "#record project Moat: status done",
    "#record article Opening the Vault: text Nothing.",
    "#record contact zoe@brick.example: organization Acme",
    "#record contact fresh@brick.example: organization Acme",
    "#record service call Visit: ticket F; start 2030-12-03T14:00+01:00",
    "#record contract Brick Care: rates 1",
    "#record contract Acme Care: organization Acme; rates 1",
    "#record organization Acme: sla gold",
    "#record checklist closing: items nothing",
    "#search client:brick",
    "#search client:bric",
    "#search contact:zoe",
    "#search resource:brian",
    "#timesheet brick",
    "#timesheet brian",
    "#timesheet bob",
    "#away until 2030-12-03 brian",
    "#notify brian",
    "#notify zoe",
)
# These are answered, with what is his alone.
ANSWERED = (
    "#list",
    "#list open",
    "#list all",
    "#list by client",
    "#list tasks to process",
    "#list work",
    "#list recent",
    "#search door",
    "#search secret",
    "#search vault",
    "#search zoe",
    "#search brick",
    "#timesheet",
    "#show",
    "#help",
)


@pytest.mark.parametrize("profile", ["next7", "runbook", "atera", "ggit"])
def test_what_is_of_another_client_is_not_there(make_desk: MakeDesk, profile: str) -> None:
    """By no command that takes a number, a name or words (N11, N17, N19)."""
    desk, cody, own, foreign = shared(make_desk, profile)
    before = desk.ticket(foreign)
    lines = [re.sub(r"\bF\b", foreign, line) for line in REFUSED]
    cody.mail(f"Re: [{own}]", "\n".join([*lines, "", "See to it."]))
    said = {c["command"]: c for c in desk.messages()[-1].commands}
    assert sorted(said) == sorted(lines)
    for line, command in said.items():
        assert command["done"] is False, command
        told = [s for s in SECRETS if s in command["why"] and s.lower() not in line.lower()]
        assert told == [], command
    had = len(cody.received())
    cody.mail(f"Re: [{own}]", "\n".join(ANSWERED))
    assert results(desk) == [(line, True) for line in ANSWERED]
    mails = [plain_text(mail) for mail in cody.received()[had:]]
    assert len(mails) == len(ANSWERED)
    for mail in mails:  # what he searched for stands above what was found
        found = mail.replace("Found: brick", "").replace("#search brick", "")
        assert [s for s in SECRETS if s in found] == [], mail
    after = desk.ticket(foreign)
    for fact in ("status", "notes", "time_entries", "contact", "organization", "fields"):
        assert after[fact] == before[fact], fact
    assert len(desk.tickets()) == 2


def test_his_own_work_is_done(make_desk: MakeDesk) -> None:
    """The genuine neighbours of what is refused."""
    desk, cody, own, _ = shared(make_desk)
    desk.dana.mail("Mouse is stuck", "#for ann@acme.example\n\nVery.")
    other = desk.ticket()["number"]
    lines = (
        f"#show {other}",
        f"#link {other}",
        f"#time {other} 30m",
        "#take",
        "#assign bob",
        "#also dana",
        "#for ann@acme.example",
        "#for Ann",
        "#for new.one@acme.example",
        "#for stranger@gmail.example",
        "#set contact Ann",
        "#set organization Acme",
        "#set asset PC-1",
        "#record asset PC-2: contact ann@acme.example; location Floor 3",
        "#record project Move: status open",
        "#record task Boxes: project Move; resources cody",
        "#record article Toner: text Shake it.",
        "#record contact joe@acme.example: access organization",
        f"#record service call Visit: ticket {own}; start 2030-12-03T14:00+01:00",
        "#article Toner",
        "#search client:acme resource:bob",
        "#list tasks to process",
        "#timesheet acme",
        "#away until 2030-12-03 bob",
        "#away off",
        f"#merge {other}",
    )
    cody.mail(f"Re: [{own}]", "\n".join(lines))
    assert [c for c in desk.messages()[-1].commands if not c["done"]] == []
    assert len(results(desk)) == len(lines)
    cody.mail("#search PC-2", "")
    assert "asset PC-2" in last(cody).replace("\n  ", " ")


def test_a_number_of_another_client_is_a_number_that_means_nothing(make_desk: MakeDesk) -> None:
    desk, cody, own, foreign = shared(make_desk)
    cody.mail(f"Re: [{foreign}] Secret door", "#complete\n\nI closed it.")
    assert desk.ticket(foreign)["status"] == "New"
    assert [note["by"] for note in desk.ticket(foreign)["notes"]] == ["Zoe Zander"]
    assert desk.ticket()["number"] not in (own, foreign)
    cody.mail(f"Re: [{own}] Printer, see also {foreign}", "#tag vip")
    assert results(desk) == [("#tag vip", True)]  # not even: which of the two is meant?


def test_nobody_gives_him_what_is_of_another_client(make_desk: MakeDesk) -> None:
    desk, cody, own, foreign = shared(make_desk)
    for line in ("#assign cody", "#also cody", "#escalate cody@acme.example",
                 "#share Co-managed cody", "#set secondary resources cody",
                 "#notify cody\n\nLook.", "#notify site manager\n\nLook.",
                 "#notify cody@acme.example\n\nLook."):  # fmt: skip
        desk.bob.mail(f"Re: [{foreign}]", line)
        assert results(desk)[0][1] is False, line
    assert "one client alone" in " ".join(last(desk.bob).split()) or "nobody here" in last(desk.bob)
    for line in ("#assign cody", "#notify cody\n\nLook.", "#notify site manager\n\nLook."):
        desk.bob.mail(f"Re: [{own}]", line)
        assert results(desk)[0][1] is True, line
    assert "Secret door" not in " ".join(map(str, cody.received()))


def test_what_goes_over_to_another_client_is_his_no_more(make_desk: MakeDesk) -> None:
    desk, cody, own, _ = shared(make_desk)
    cody.mail(f"Re: [{own}]", "#take")
    desk.bob.mail(f"Re: [{own}]", "#for zoe@brick.example")
    had = len(cody.received())
    desk.writer("Zoe Zander", "zoe@brick.example").mail(f"Re: [{own}]", "It is mine now.")
    desk.bob.mail(f"Re: [{own}]", "#internal the safe is open")
    assert len(cody.received()) == had
    cody.reply("#complete")  # in answer to a mail that he got when it was his
    assert desk.ticket(own)["status"] != "Complete"
    cody.mail("#list", "")
    assert own not in last(cody)


def test_a_stand_in_of_a_client_reads_nothing_of_others(make_desk: MakeDesk) -> None:
    """What comes for somebody who is away, and his stand-in may not read, comes to himself."""
    desk, cody, own, foreign = shared(make_desk)
    for number in (own, foreign):
        desk.bob.mail(f"Re: [{number}]", "#take")
    desk.bob.mail(f"Re: [{own}]", "#away until 2030-12-03 cody")
    assert results(desk)[0][1], last(desk.bob)
    desk.ann.mail(f"Re: [{own}]", "It burns.")
    assert "It burns." in last(cody)
    desk.writer("Zoe Zander", "zoe@brick.example").mail(f"Re: [{foreign}]", "It is still open.")
    assert "still open" in last(desk.bob)
    assert "still open" not in last(cody)


def test_an_admin_of_a_client_sees_all(make_desk: MakeDesk) -> None:
    desk = make_desk(more=MORE, admins=("cody@acme.example",))
    cody = desk.writer("Cody Client", "cody@acme.example", PROOF)
    desk.writer("Zoe Zander", "zoe@brick.example").mail("Secret door", "The safe is open.")
    cody.mail(f"#show {desk.ticket()['number']}", "")
    assert "The safe is open." in last(cody)
    with open_store(desk.file).look() as unit:
        assert people.the_person(unit, "cody@acme.example").organization_id is not None
