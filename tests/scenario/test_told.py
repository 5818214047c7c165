"""What somebody waits for is told to him: what did not arrive, what a cap kept back, what crossed
another answer, and the status that is so in the end (H30)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from maild.demo.writer import plain_text
from tests.scenario.conversation import PROOF, Desk
from tests.scenario.test_audience import last, opened, templates, told
from tests.scenario.test_loops import bounce

MakeDesk = Callable[..., Desk]


# ---- the status in a mail is the status after all rules of its message


@pytest.mark.parametrize(
    ("profile", "rules", "status"),
    [
        ("next7", "assign: Bob Tech", "Assigned"),
        ("ggit", "status: In Progress", "In Progress"),
        ("atera", "status: Pending", "Pending"),
    ],
)
def test_a_mail_says_the_status_after_all_rules(
    make_desk: MakeDesk, tmp_path: Path, profile: str, rules: str, status: str
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "profile.yaml").write_text(f"name: own\nextends: {profile}\n")
    (own / "rules.yaml").write_text(
        f"- rule: own\n  when: ticket created\n  then: [{{{rules}}}]\n", "utf-8"
    )
    desk = make_desk(profile=str(own))
    desk.ann.mail("Printer is on fire", "It smokes.")
    assert desk.ticket()["status"] == status
    assert f"Status: {status}" in last(desk.ann).replace("**", "")


def test_done_is_complete_never_stands_beside_reopened(make_desk: MakeDesk) -> None:
    desk = make_desk(profile="ggit")
    desk.ann.mail("Printer is on fire", "It smokes.")
    desk.bob.reply("#take\n#checklist add Call back")
    desk.bob.reply("Done.", subject="Re: Printer is on fire is complete")
    desk.bob.reply("#complete")
    assert desk.ticket()["status"] == "Incomplete - Re-opened"
    answer = [plain_text(m) for m in desk.bob.received() if "#complete" in plain_text(m)][-1]
    assert "Not done" in answer and "Incomplete - Re-opened" in answer
    assert "is Complete." not in answer
    desk.bob.reply("#checklist done 1")
    desk.bob.reply("#complete")
    assert desk.ticket()["status"] == "Complete"
    assert "is Complete." in last(desk.bob)


# ---- two answers at once


def test_who_crosses_a_colleagues_answer_is_asked_once(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.ann.mail("Printer is on fire", "It smokes.")
    to_dana = desk.dana.received()[-1]
    desk.bob.reply("Pull the plug, please.")
    desk.later(minutes=3)
    desk.dana.reply("Leave it on, please.", to=to_dana)
    note = desk.ticket()["notes"][-1]
    assert (note["text"], note["public"]) == ("Leave it on, please.", False)
    assert "Leave it on" not in told(desk, desk.ann)
    asked = last(desk.dana)
    assert "not sent to the contact" in asked and "Pull the plug" in asked
    desk.dana.reply("send")
    assert "Leave it on" in last(desk.ann)
    desk.dana.reply("And open a window.", to=to_dana)  # asked once is enough
    assert "open a window" in last(desk.ann)


@pytest.mark.parametrize(
    "how", ["he answers hers", "much later", "he says so", "his own before", "internal before"]
)
def test_an_answer_that_crosses_nothing_goes_out(make_desk: MakeDesk, how: str) -> None:
    desk = make_desk()
    desk.ann.mail("Printer is on fire", "It smokes.")
    to_dana, to_bob = desk.dana.received()[-1], desk.bob.received()[-1]
    desk.dana.reply("#also bob")
    if how == "internal before":
        desk.dana.reply("#internal\nShe is nervous.", to=to_dana)
    elif how == "his own before":
        desk.bob.reply("I look at it.", to=to_bob)
    else:
        desk.dana.reply("Pull the plug, please.", to=to_dana)
    desk.later(minutes=30 if how == "much later" else 3)
    words = "Then call us."
    if how == "he answers hers":
        desk.bob.reply(words)
    else:
        desk.bob.reply(f"#reply\n{words}" if how == "he says so" else words, to=to_bob)
    assert words in last(desk.ann)


# ---- what did not arrive


def test_a_technicians_words_that_came_back_are_told_to_him(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    desk.bob.reply("Please press the red button.")
    desk.put(bounce(desk.ann.received()[-1], "ann@acme.example"))
    desk.later(minutes=1)
    back = last(desk.bob)
    assert "did not arrive" in back and "red button" in back and "5.1.1" in back
    assert templates(desk, "dana@example.com").count("undelivered") == 0
    assert "notification failed" in [e["event"] for e in desk.ticket()["events"]]
    before = len(desk.bob.received())
    desk.later(minutes=1)
    assert len(desk.bob.received()) == before


def test_what_the_relay_refuses_is_told_too(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    desk.servers.smtp.fail("ann@acme.example", "550 5.1.1 no such user")
    desk.bob.reply("Please press the red button.")
    desk.later(minutes=1)
    desk.later(minutes=1)
    assert "red button" in last(desk.bob) and "no such user" in last(desk.bob)


def test_her_words_that_their_technician_did_not_get_are_told_to_the_others(
    make_desk: MakeDesk,
) -> None:
    desk = opened(make_desk)
    desk.servers.smtp.fail("bob@example.com", "550 5.2.2 mailbox is full")
    desk.ann.reply("Now it burns!")
    desk.later(minutes=20)  # what is bundled is sent
    desk.later(minutes=1)
    assert "Now it burns!" in last(desk.dana)


def test_words_for_an_address_that_is_held_come_back_to_who_wrote_them(
    make_desk: MakeDesk,
) -> None:
    desk = opened(make_desk, more="[floods]\nhard_bounces = 1\n")
    desk.put(bounce(desk.ann.received()[-1], "ann@acme.example"))
    desk.bob.reply("Please press the red button.")
    desk.later(minutes=1)
    assert "red button" in last(desk.bob) and "held" in last(desk.bob)


# ---- caps


def test_what_a_cap_drowned_is_told_in_one_mail(make_desk: MakeDesk) -> None:
    desk = opened(make_desk, more="[floods]\nreopenings = {hour = 1, day = 2}\n")
    for words in ("It smokes again.", "And again.", "URGENT: the whole office is down!"):
        desk.bob.reply("#complete")
        desk.ann.reply(words)
        desk.later(minutes=2)
    assert desk.ticket()["status"] == "Complete"
    assert templates(desk, "bob@example.com").count("held-back") == 1
    desk.later(hours=1)
    assert "whole office is down" in last(desk.bob) and "And again." in last(desk.bob)


def test_a_strangers_flood_is_told_in_one_mail_and_costs_nobody_else(make_desk: MakeDesk) -> None:
    caps = (("strangers", 2), ("total", 4), ("resource", 3))
    lines = (f"{name} = {{hour = {cap}, day = 99}}\n" for name, cap in caps)
    desk = make_desk(more=f"[floods]\n{''.join(lines)}")
    for n in range(6):
        desk.writer("X", f"x{n}@else{n}.example").mail(f"Hello {n}", f"Words number {n}.")
    assert sum(i.template == "acknowledgement" and i.state == "sent" for i in desk.outbox()) == 2
    desk.ann.mail("Printer is on fire", "It smokes.")
    assert "acknowledgement" in templates(desk, "ann@acme.example")
    assert "It smokes." in told(desk, desk.bob)
    desk.later(hours=1)
    assert "Words number 5" in last(desk.bob) and last(desk.bob).count("Words number") == 3
    acknowledged = [i for i in desk.outbox() if i.template == "acknowledgement"]
    assert sum(i.state == "sent" for i in acknowledged) == 5  # two more by themselves, and Ann's


def test_a_technicians_own_flood_is_told_to_him(make_desk: MakeDesk) -> None:
    desk = opened(make_desk, more="[floods]\nmails = {hour = 2, day = 9}\n")
    for words in ("One.", "Two.", "Three."):
        desk.bob.reply(words)  # "#take" was one, too
    assert "Three." not in told(desk, desk.ann)
    desk.later(hours=1)
    assert "Three." in last(desk.bob)


# ---- absence


@pytest.mark.parametrize(
    "words",
    ["#away until Monday dana", "#away dana until 30 November", "#abwesend bis Montag dana"],
)
def test_what_comes_for_somebody_away_goes_to_the_stand_in(make_desk: MakeDesk, words: str) -> None:
    desk = opened(make_desk, more='[[resource]]\nname = "Cora"\nemail = "cora@example.com"\n')
    cora = desk.writer("Cora", "cora@example.com", PROOF)
    before = len(desk.tickets())
    desk.bob.mail("Holiday", words)
    assert len(desk.tickets()) == before and "Dana Lead stands in" in last(desk.bob)
    was = len(desk.bob.received())
    desk.ann.reply("It smokes again.")
    assert "smokes again" in last(desk.dana)
    cora.reply("#internal\nShe never pays.")
    assert "never pays" in last(desk.dana)
    assert "Bob Tech is away" in told(desk, cora)
    assert len(desk.bob.received()) == was
    assert "away" not in told(desk, desk.ann)
    desk.later(days=8)
    desk.ann.reply("And now it burns.")
    assert "now it burns" in last(desk.bob)


def test_a_word_of_any_language_is_known_with_its_accents_and_without(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    for back in ("off", "back", "zurück", "Zuruck.", "wieder da", "de retour", "de vuelta"):
        desk.bob.mail("Holiday", "#away bis zum 3. Dezember")
        assert "You are away until" in last(desk.bob), back
        desk.bob.mail("Here", f"#away {back}")
        assert "You are back" in last(desk.bob), back
    desk.bob.mail("Ways", "#away friday")
    assert "You are away until Fri" in last(desk.bob)


def test_a_stand_in_in_the_file_and_back_by_mail(make_desk: MakeDesk) -> None:
    more = (
        '[[resource]]\nname = "Cora"\nemail = "cora@example.com"\naway_until = 2026-12-01\n'
        'stand_in = "dana@example.com"\n'
    )
    desk = make_desk(more=more)
    cora = desk.writer("Cora", "cora@example.com", PROOF)
    desk.ann.mail("Printer is on fire", "It smokes.")
    desk.bob.reply("#assign cora\n#internal\nFor you.")
    assert "For you." in last(desk.dana) and cora.received() == []
    cora.mail("Here", "#away off")
    desk.ann.reply("It smokes again.")
    assert "smokes again" in last(cora)
    cora.mail("Holiday", "#away until yesterday")
    assert "Not done" in last(cora)


@pytest.mark.parametrize(
    "words",
    [
        "I am out of the office until Monday.\n\nBob Tech",
        "Ich bin bis Montag nicht im Büro.\n\nBob Tech",
    ],
)
def test_his_own_vacation_answer_is_no_answer_and_takes_no_ticket(
    make_desk: MakeDesk, words: str
) -> None:
    desk = make_desk()
    desk.ann.mail("Printer is on fire", "It smokes.")
    before, asked = len(desk.ann.received()), desk.bob.received()[-1]
    desk.bob.reply(words)
    assert len(desk.ann.received()) == before
    assert desk.ticket()["primary_resource"] is None
    desk.bob.reply("I am out until Monday; please pull the plug until then.", to=asked)
    assert "pull the plug" in last(desk.ann)


# ---- whom a note is for


@pytest.mark.parametrize(
    ("words", "readers", "public"),
    [
        ("#notify dana", {"dana"}, False),
        ("#notify Dana Lead, bob@example.com", {"dana"}, False),
        ("#notify contact", {"ann"}, True),
        ("#notify contact, dana", {"ann", "dana"}, True),
        ("#notify ann, lead@else.example", {"ann", "lead"}, True),
        ("#notify primary", set(), False),
        ("#notify additional", {"eve"}, True),
        ("#notify nobody", set(), False),
        ("#internal\n#notify contact", set(), False),
        ("#notify zoe", set(), False),
    ],
)
def test_n14_notify_says_who_is_told(
    make_desk: MakeDesk, words: str, readers: set[str], public: bool
) -> None:
    desk = opened(make_desk)
    desk.bob.reply("#cc eve@acme.example")
    everybody = {
        "ann": desk.ann,
        "dana": desk.dana,
        "eve": desk.writer("Eve", "eve@acme.example"),
        "lead": desk.writer("Lead", "lead@else.example"),
    }
    desk.bob.reply(f"{words}\nThe fuse is gone.")
    assert {n for n, w in everybody.items() if "fuse is gone" in told(desk, w)} == readers
    assert desk.ticket()["notes"][-1]["public"] is public
    if words.endswith("zoe") or "internal" in words:
        assert "Not done" in last(desk.bob)


# ---- from an address that nobody knows, and what was taken back


def test_a_technician_at_an_unknown_address_is_told_to_his_colleagues(
    make_desk: MakeDesk,
) -> None:
    desk = opened(make_desk)
    desk.dana.mail(f"[{desk.ticket()['number']}] Printer", "#internal\nShe never pays.")
    asked = desk.bob.received()[-1]
    home = desk.writer("Bob", "bob@home.example")
    home.reply("Then let her wait.\n#complete", to=asked)
    note = desk.ticket()["notes"][-1]
    assert (note["public"], note["by_kind"]) == (False, "system")
    assert desk.ticket()["status"] == "Assigned"
    assert "let her wait" in last(desk.bob) and "bob@home.example" in last(desk.bob)
    desk.bob.reply("I come at noon.", subject=f"Re: [{desk.ticket()['number']}] Printer")
    desk.bob.reply("#reply\nSee you.")
    assert "let her wait" not in told(desk, desk.ann)  # also not quoted below
    assert home.received() == []


def test_one_word_makes_such_words_a_colleagues_own(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    desk.ann.reply("It smokes again.")
    asked = desk.bob.received()[-1]
    desk.writer("Bob", "bob@home.example").reply("Pull the plug.", to=asked)
    assert "Pull the plug" not in told(desk, desk.ann)
    desk.bob.reply("send")
    assert "Pull the plug" in last(desk.ann)
    by = {note["text"]: note["by"] for note in desk.ticket()["notes"]}
    assert by["Pull the plug."] == "Bob Tech"


def test_who_was_told_a_deed_is_told_that_it_was_taken_back(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    desk.bob.reply("#complete\n#assign dana")
    assert templates(desk, "ann@acme.example")[-1] == "complete"
    desk.bob.reply("#undo")
    assert "taken back" in last(desk.ann) and "Assigned" in last(desk.ann)
    assert "taken back" in told(desk, desk.dana)
    assert "taken-back" not in templates(desk, "bob@example.com")
    desk.bob.reply("#priority 1")
    before = len(desk.ann.received())
    desk.bob.reply("#undo")
    assert len(desk.ann.received()) == before  # she was told nothing of that


def test_a_file_that_is_too_large_is_said_to_both(make_desk: MakeDesk) -> None:
    desk = opened(make_desk, more="[notifications]\nattachment_bytes = 100\n")
    files = {"big.bin": b"x" * 200, "small.txt": b"all is well"}
    desk.bob.mail(f"[{desk.ticket()['number']}] Printer", "See both.", attach=files)
    mail = next(m for m in desk.ann.received() if "See both." in plain_text(m))
    assert [part.get_filename() for part in mail.iter_attachments()] == ["small.txt"]
    assert "Too large to attach; ask us for it: big.bin" in plain_text(mail)
    assert "Attachments: small.txt" in plain_text(mail)
    assert "big.bin" in last(desk.bob) and "small.txt" not in last(desk.bob)
    before = len(desk.bob.received())
    desk.bob.mail(f"[{desk.ticket()['number']}] Printer", "And this.", attach={"b.txt": b"ok"})
    assert len(desk.bob.received()) == before


def test_what_nobody_holds_is_not_told_to_another_clients_technician(make_desk: MakeDesk) -> None:
    theirs = """[[organization]]
name = "Globex"
domains = ["globex.example"]
[[resource]]
name = "Gus"
email = "gus@globex.example"
organization = "Globex"
"""
    desk = make_desk(more=theirs)
    desk.ann.mail("Printer is on fire", "It smokes.")
    desk.ann.reply("It smokes again.")
    assert "smokes again" in told(desk, desk.dana)
    assert templates(desk, "gus@globex.example") == []


# ---- a contact who wants no more mail


@pytest.mark.parametrize("held", [True, False])
def test_h87_who_would_write_in_vain_is_told_before_and_after(
    make_desk: MakeDesk, held: bool
) -> None:
    desk = make_desk()
    desk.ann.mail("Printer is on fire", "It smokes.")
    if held:
        desk.bob.reply("#take")
    desk.ann.reply("#stop")
    assert "wants no more mail" in last(desk.bob)
    assert told(desk, desk.bob).count("wants no more mail") == 1
    assert ("wants no more mail" in told(desk, desk.dana)) is not held
    desk.later(minutes=30)
    number = desk.ticket()["number"]
    desk.bob.mail(f"[{number}] Printer", "#assign dana")
    assert "Wants no more mail: Ann" in last(desk.dana)  # whoever has it later knows
    desk.dana.reply("Pull the plug, please.")
    assert "Pull the plug" not in told(desk, desk.ann)
    assert "not sent to Ann" in last(desk.dana).replace("**", "")
    assert templates(desk, "dana@example.com").count("wants-no-mail") == 1
    assert "wants-no-mail" not in templates(desk, "bob@example.com")
    desk.dana.reply("#internal\nShe is right.")
    assert templates(desk, "dana@example.com").count("wants-no-mail") == 1
    desk.ann.mail(f"Re: [{number}] Printer", "What about it?")
    assert "Wants no more mail" not in last(desk.dana)
    desk.dana.reply("Pull it now.")
    assert "Pull it now." in last(desk.ann)
    assert templates(desk, "dana@example.com").count("wants-no-mail") == 1


TITLED = """[[resource]]
name = "Mia Chief"
email = "mia@example.com"
title = "Helpdesk Manager"
[[resource]]
name = "Max Chief"
email = "max@example.com"
title = "Helpdesk  manager"
[[resource]]
name = "Gus"
email = "gus@globex.example"
title = "Helpdesk Manager"
organization = "Globex"
[[organization]]
name = "Globex"
domains = ["globex.example"]
"""


@pytest.mark.parametrize(
    ("words", "readers"),
    [
        ("#notify Helpdesk Manager", {"mia", "max"}),
        ("#notify helpdesk manager, dana", {"mia", "max", "dana"}),
        ("#notify contact, HELPDESK MANAGER", {"mia", "max", "ann"}),
        ("#notify mia", {"mia"}),
        ("#notify manager", set()),  # half a title is none
    ],
)
def test_n14_a_title_means_all_who_bear_it(
    make_desk: MakeDesk, words: str, readers: set[str]
) -> None:
    desk = opened(make_desk, more=TITLED)
    people = {"ann": desk.ann, "dana": desk.dana}
    for name, address in [("mia", "mia@example.com"), ("max", "max@example.com"),
                          ("gus", "gus@globex.example")]:  # fmt: skip
        people[name] = desk.writer(name, address)
    desk.bob.reply(f"{words}\nThe fuse is gone.")
    assert {n for n, who in people.items() if "fuse is gone" in told(desk, who)} == readers
    assert desk.ticket()["notes"][-1]["public"] is ("ann" in readers)
    assert ("Not done" in last(desk.bob)) is (not readers)
