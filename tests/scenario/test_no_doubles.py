"""One mail for one message and person: what is told twice by two rules, two tickets or two ways
reaches each reader once, and nobody is silenced by what a customer writes into To and Cc."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from maild.demo.writer import Writer, plain_text
from tests.scenario.conversation import Desk
from tests.scenario.test_audience import opened, told

MakeDesk = Callable[..., Desk]
PROFILES = ["next7", "ggit", "atera", "runbook"]
WORDS = "The fuse is gone."


def saying(writer: Writer, words: str) -> int:
    """How many mails say this to him above what they quote."""
    return sum(words in _new(mail) for mail in writer.received())


def _new(mail: Any) -> str:
    lines = plain_text(mail).splitlines()
    return "\n".join(line for line in lines if not line.startswith(">"))


# ---- time and text of one mail

TIMED = {
    "alone": "#time 20m remote\n{words}",
    "with a summary": "#time 20m remote looked at it\n{words}",
    "and a status": "#time 20m remote\n#status {status}\n{words}",
    "and the holder": "#time 20m remote\n#assign dana\n{words}",
    "the holder first": "#assign dana\n#time 20m remote\n{words}",
    "internal": "#internal\n#time 20m remote\n{words}",
    "work is reported": "#set report_work yes\n#time 20m remote\n{words}",
}


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("form", TIMED)
def test_n12_time_and_text_of_one_mail_are_one_mail_to_each(
    make_desk: MakeDesk, profile: str, form: str
) -> None:
    desk = opened(make_desk, profile=profile)
    desk.bob.reply("#also dana\n#cc eve@acme.example")
    eve = desk.writer("Eve", "eve@acme.example")
    before = {who.address: len(who.received()) for who in (desk.ann, eve, desk.dana)}
    status = {"atera": "Pending"}.get(profile, "Waiting Customer")
    desk.bob.reply(TIMED[form].format(words=WORDS, status=status))
    new = {w.address: len(w.received()) - before[w.address] for w in (desk.ann, eve, desk.dana)}
    outside = 0 if form == "internal" else 1
    assert new == {"ann@acme.example": outside, "eve@acme.example": outside, "dana@example.com": 1}
    assert saying(desk.dana, WORDS) == 1
    assert told(desk, desk.dana).count(WORDS) == 1
    if profile != "atera":  # whose rules tell notes alone
        assert "0.33 h" in told(desk, desk.dana)
        assert ("looked at it" in told(desk, desk.dana)) is (form == "with a summary")
    assert (saying(desk.ann, WORDS), saying(eve, WORDS)) == (outside, outside)


# ---- a problem and its incidents


@pytest.mark.parametrize("profile", ["next7", "runbook"])  # the others know no news of a problem
@pytest.mark.parametrize("own", ["ann", "eve", "ann and eve", "nobody"])
def test_n13_a_problems_contact_with_an_incident_of_his_own_gets_one_mail(
    make_desk: MakeDesk, profile: str, own: str
) -> None:
    desk = make_desk(profile=profile)
    eve = desk.writer("Eve", "eve@acme.example")
    cem = desk.writer("Cem", "cem@acme.example")
    numbers = []
    for who in [w for w in (desk.ann, eve) if w.name.lower() in own] + [cem]:
        who.mail(f"No mail for {who.name}", "Nothing comes in.")
        numbers.append(desk.ticket()["number"])
    desk.ann.mail("Mail is down", "For all of us.")
    problem = desk.ticket()["number"]
    desk.bob.mail(f"[{problem}] Mail is down", "#type Problem\n#take\n#cc eve@acme.example")
    for number in numbers:
        desk.bob.mail(f"[{number}] No mail", f"#parent {problem}")
    desk.bob.mail(f"[{problem}] Mail is down", WORDS)
    assert [saying(who, WORDS) for who in (desk.ann, eve, cem)] == [1, 1, 1]


# ---- who has it already

COPIED = {  # what stands in To and Cc beside the desk, and how many mails of ours Ann and Eve get
    "cc ann": ({"Cc": "Ann <ann@acme.example>"}, 0, 1),
    "cc in capitals": ({"Cc": "ANN@Acme.Example"}, 0, 1),
    "to ann, cc desk": ({"To": "ann@acme.example", "Cc": "support@example.com"}, 0, 1),
    "to both": ({"To": "support@example.com, ann@acme.example, eve@acme.example"}, 0, 0),
    "cc eve": ({"Cc": "Eve <eve@acme.example>"}, 1, 0),
    "a name that looks like hers": ({"Cc": '"ann@acme.example" <dana@example.com>'}, 1, 1),
    "her name at another address": ({"Cc": "Ann <ann@home.example>"}, 1, 1),
    "in Reply-To": ({"Reply-To": "ann@acme.example"}, 1, 1),
    "nobody": ({}, 1, 1),
}


@pytest.mark.parametrize("case", COPIED)
def test_n14_whom_a_technicians_mail_names_is_not_mailed_it_again(
    make_desk: MakeDesk, case: str
) -> None:
    headers, ann, eve = COPIED[case]
    desk = opened(make_desk)
    desk.bob.reply("#cc eve@acme.example")
    evelyn = desk.writer("Eve", "eve@acme.example")
    desk.bob.reply(WORDS, headers=headers)
    assert (saying(desk.ann, WORDS), saying(evelyn, WORDS)) == (ann, eve)
    desk.bob.reply("It works again.")  # what comes later reaches all
    assert (saying(desk.ann, "works again"), saying(evelyn, "works again")) == (1, 1)


@pytest.mark.parametrize("field", ["To", "Cc"])
def test_n14_a_customers_to_and_cc_silence_nobody(make_desk: MakeDesk, field: str) -> None:
    desk = opened(make_desk)
    desk.bob.reply("#cc eve@acme.example\n#also dana")
    named = "support@example.com, bob@example.com, dana@example.com, eve@acme.example"
    headers = {"To": named} if field == "To" else {"Cc": named}
    desk.ann.reply("It smokes again.", headers=headers)
    assert (saying(desk.bob, "smokes again"), saying(desk.dana, "smokes again")) == (1, 1)
    desk.bob.reply(WORDS)
    eve = desk.writer("Eve", "eve@acme.example")
    assert (saying(desk.ann, WORDS), saying(eve, WORDS)) == (1, 1)


def test_n14_an_unproven_technicians_cc_silences_nobody(make_desk: MakeDesk) -> None:
    """Who forges a technician's address must not keep his words from her by naming her."""
    desk = opened(make_desk)
    number = desk.ticket()["number"]
    forger = desk.writer("Bob Tech", "bob@example.com")
    forger.mail(f"Re: [{number}] Printer", WORDS, headers={"Cc": "ann@acme.example"})
    assert saying(desk.ann, WORDS) == 0  # held back, until he says that it is his
    desk.bob.reply("yes")
    assert saying(desk.ann, WORDS) == 1
