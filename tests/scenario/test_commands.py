"""What technicians and customers ask for by mail, as they write it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from maild.demo.writer import Writer, plain_text
from tests.scenario.conversation import Desk

MakeDesk = Callable[..., Desk]
TITLE = "Printer is on fire"


def opened(make_desk: MakeDesk, **options: Any) -> Desk:
    """A desk with a ticket of Ann's that Bob has."""
    desk = make_desk(**options)
    desk.ann.mail(TITLE, "It smokes.")
    desk.bob.reply("#take")
    return desk


def last(writer: Writer) -> str:
    return plain_text(writer.received()[-1])


def results(desk: Desk) -> list[tuple[str, bool]]:
    return [(c["command"], c["done"]) for c in desk.messages()[-1].commands]


def test_e6_a_phrase_of_a_status_sets_it_and_is_cut_off(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    desk.bob.reply("Which model is it?", subject=f"Re: {TITLE} is waiting customer")
    assert desk.ticket()["status"] == "Waiting Customer"
    assert desk.ticket()["title"] == TITLE
    assert "waiting customer" not in str(desk.ann.received()[-1]["Subject"]).lower()
    assert "Which model is it?" in last(desk.ann)


def test_e6_echoes_questions_and_forwards_do_nothing(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    desk.bob.mail(f"[{desk.ticket()['number']}] {TITLE} is resolved", "Done.")
    assert desk.ticket()["status"] == "Complete"
    desk.ann.reply("It burns again, can you come back?")
    assert desk.ticket()["status"] == "Ticket Reopened"
    for subject in (
        f"Re: [{desk.ticket()['number']}] {TITLE} is resolved",
        f"AW: Re: [{desk.ticket()['number']}] {TITLE} is resolved",
    ):
        desk.bob.mail(subject, "I come at noon.")
        assert desk.ticket()["status"] == "Ticket Reopened", subject
    for subject in (f"Re: {TITLE} is resolved?", f"Fwd: {TITLE} is resolved"):
        desk.bob.reply("Hm.", subject=subject)
        assert desk.ticket()["status"] == "Ticket Reopened", subject
    desk.bob.reply("Now it does.", subject=f"Re: {TITLE} is resolved")
    assert desk.ticket()["status"] == "Complete"


def test_h38_automatic_mail_commands_nothing(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    desk.bob.reply(
        "I am away.",
        subject=f"Re: {TITLE} is resolved",
        headers={"Auto-Submitted": "auto-replied"},
    )
    assert desk.ticket()["status"] == "Assigned"


def test_directives_are_done_answered_and_cut_off_the_note(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    desk.bob.reply("#time 45m remote looked at the log\n#priority 1 #tag vip\n\nToner is empty.")
    ticket = desk.ticket()
    assert (ticket["priority"], ticket["tags"], ticket["total_hours"]) == ("1 High", ["vip"], 0.75)
    entry = ticket["time_entries"][0]
    assert (entry["work_type"], entry["summary"]) == ("remote", "looked at the log")
    assert ticket["notes"][-1]["text"] == "Toner is empty."
    assert "#" not in last(desk.ann).split("-- ")[0].replace("##-", "").replace("-##", "")
    answer = last(desk.bob)
    assert "Time entered: 45 min" in answer and "#undo" in answer


def test_a_mail_of_commands_alone_adds_no_note(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    before = len(desk.ticket()["notes"])
    desk.bob.reply("#status waiting vendor")
    assert desk.ticket()["status"] == "Waiting Vendor"
    assert len(desk.ticket()["notes"]) == before
    desk.bob.reply("#priority 1\n\nKind regards,\nBob Tech")
    assert len(desk.ticket()["notes"]) == before
    desk.bob.reply("#priority 2\n\nBob will come.")
    assert len(desk.ticket()["notes"]) == before + 1


def test_a_mistyped_directive_is_never_mailed_to_a_customer(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    told = len(desk.ann.received())
    desk.bob.reply("#assgn dana\nDear Ann, she comes tomorrow.")
    assert len(desk.ann.received()) == told
    note = desk.ticket()["notes"][-1]
    assert not note["public"] and "#assgn dana" in note["text"]
    assert "did you mean #assign?" in last(desk.bob)
    assert "not sent to the contact" in last(desk.bob)
    assert results(desk) == [("#assgn dana", False)]


def test_e7_what_is_refused_leaves_nothing_and_the_rest_is_done(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    desk.bob.reply("#due 2020-01-01 #priority 2\n\nA note all the same.")
    ticket = desk.ticket()
    assert (ticket["due"], ticket["priority"]) == (None, "2 Medium High")
    assert ticket["notes"][-1]["text"] == "A note all the same."
    assert results(desk) == [("#due 2020-01-01", False), ("#priority 2", True)]
    assert "is past" in last(desk.bob)


def test_g6_deferring_needs_a_date(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    desk.bob.reply("", subject=f"Re: {TITLE} is deferred")
    assert "without a date" in last(desk.bob)
    desk.bob.reply("", subject=f"Re: {TITLE} is deferred until 3 December")
    assert desk.ticket()["due"].isoformat() == "2026-12-03T08:00:00+00:00"


def test_a3_an_answer_to_an_internal_note_stays_internal(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    desk.dana.reply("#also dana\n#internal\nDid you see the invoice?")
    told = len(desk.ann.received())
    desk.bob.reply("Yes, it is paid.")
    assert [n["public"] for n in desk.ticket()["notes"]][-2:] == [False, False]
    desk.dana.reply("#reply\nDear Ann, all is paid.")
    assert len(desk.ann.received()) == told + 1
    assert "all is paid" in last(desk.ann)


def test_undo_takes_back_what_still_stands(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    desk.bob.reply("#assign dana #priority 0 #time 30m #status waiting vendor")
    assert desk.ticket()["status"] == "Waiting Vendor"
    desk.bob.reply("#undo")
    ticket = desk.ticket()
    assert (ticket["status"], ticket["priority"]) == ("Assigned", "Undetermined")
    assert ticket["primary_resource"]["name"] == "Bob Tech"
    assert ticket["time_entries"] == []
    assert "Taken back" in last(desk.bob)
    desk.bob.reply("#undo")
    assert "already" in last(desk.bob)


def test_undo_is_too_late_after_a_day(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    desk.bob.reply("#priority 0")
    desk.later(hours=25)
    desk.bob.reply("#undo")
    assert desk.ticket()["priority"] == "0 Critical"
    assert "more than a day old" in last(desk.bob)


def test_a4_merge_and_undo(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    first = desk.ticket()["number"]
    desk.ann.mail("Printer still on fire", "More smoke.")
    second = desk.ticket()["number"]
    desk.bob.reply(f"#merge {first}")
    assert "More smoke." in [n["text"] for n in desk.ticket(first)["notes"]]
    assert desk.ticket(second)["status_kind"] == "closed"
    desk.ann.reply("One more thing.", to=desk.ann.received()[-1])
    assert desk.ticket(first)["notes"][-1]["text"] == "One more thing."
    desk.bob.reply("#undo", to=answer_to(desk.bob, "#merge"))
    assert [n["text"] for n in desk.ticket(second)["notes"]] == ["More smoke."]
    assert desk.ticket(second)["status_kind"] == "new"


def test_a_link_and_its_undo_are_kept_on_both(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    first = desk.ticket()["number"]
    desk.ann.mail("Printer still on fire", "More smoke.")
    both = (first, desk.ticket()["number"])
    desk.bob.reply(f"#link {first}")
    desk.bob.reply("#undo", to=answer_to(desk.bob, "#link"))
    for number in both:
        happened = [event["event"] for event in desk.ticket(number)["events"]]
        assert [name for name in happened if "linked" in name] == ["linked", "unlinked"]


def answer_to(writer: Writer, command: str) -> Any:
    return next(m for m in reversed(writer.received()) if command in plain_text(m).split("> ")[0])


def test_a4_delete_and_undo(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    desk.bob.reply("#delete")
    assert desk.tickets() == []
    desk.bob.reply("#undo")
    assert [t["title"] for t in desk.tickets()] == [TITLE]


def test_split_makes_a_ticket_of_the_answered_note(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    first = desk.ticket()["number"]
    desk.ann.reply("By the way, the scanner is slow.")
    desk.bob.reply("#split Slow scanner")
    fresh = desk.ticket()
    assert (fresh["title"], fresh["contact"]["name"]) == ("Slow scanner", "Ann")
    assert [n["text"] for n in fresh["notes"]] == ["By the way, the scanner is slow."]
    assert len(desk.ticket(first)["notes"]) == 1
    desk.bob.reply("#undo", to=answer_to(desk.bob, "#split"))
    assert len(desk.ticket(first)["notes"]) == 2


def test_a4_who_splits_gets_the_new_ticket_to_answer(make_desk: MakeDesk) -> None:
    """The words for the one customer do not reach the other's ticket."""
    desk = opened(make_desk)
    first = desk.ticket()["number"]
    eve = desk.writer("Eve", "eve@acme.example")
    desk.bob.reply("#cc eve@acme.example, vic@acme.example\nWe look into it.")
    copy = {"Cc": "vic@acme.example, out@else.example"}
    eve.reply("My scanner is slow.", headers=copy)
    desk.bob.reply("#split Slow scanner")
    fresh = desk.ticket()
    assert fresh["contact"]["address"] == "eve@acme.example"
    assert fresh["primary_resource"]["name"] == "Bob Tech"
    assert [p["address"] for p in fresh["additional_contacts"]] == ["vic@acme.example"]
    mail = answer_to(desk.bob, "was split off")
    assert "My scanner is slow." in plain_text(mail)
    before = len(desk.ann.received())
    desk.bob.reply("Try it now.", to=mail)
    assert desk.ticket(fresh["number"])["notes"][-1]["text"] == "Try it now."
    assert "Try it now." in plain_text(eve.received()[-1])
    assert len(desk.ann.received()) == before
    assert "Try it now." not in [n["text"] for n in desk.ticket(first)["notes"]]


def test_a4_another_number_in_the_subject_is_asked_about(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    first = desk.ticket()["number"]
    answered = desk.bob.received()[-1]
    carl = desk.writer("Carl", "carl@beta.example")
    carl.mail("Slow scanner", "It is slow.")
    second = desk.ticket()["number"]
    told = len(desk.ann.received()), len(carl.received())
    subjects = ("Re: [{}] Slow scanner", "Re: Printer on fire [{}]", "{}", "RE: {} is resolved")
    texts = ("The scanner is fixed.", "#reply\nIt is fixed.", "#complete")
    for subject, text in product(subjects, texts):
        sent = len(desk.outbox())
        desk.bob.reply(text, subject=subject.format(second), to=answered)
        assert (len(desk.ann.received()), len(carl.received())) == told, (subject, text)
        assert {desk.ticket(n)["status_kind"] for n in (first, second)} <= {"new", "working"}
        said = {item.template for item in desk.outbox()[sent:]}
        assert ("kept-internal" in said) == (text != "#complete")
        assert ("command-answer" in said) == ("#" in text or "resolved" in subject)
    desk.bob.reply("The scanner is fixed.", subject=f"Re: {second}", to=answered)
    desk.bob.reply("send")
    assert (len(desk.ann.received()), len(carl.received())) == (told[0] + 1, told[1])


def test_a4_a_number_that_was_there_before_is_no_question(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    first = desk.ticket()["number"]
    desk.ann.mail(f"As with {first}: smoke", "More smoke.")
    told = len(desk.ann.received())
    desk.bob.reply("Open the window.")
    assert len(desk.ann.received()) == told + 1
    number = desk.ticket()["number"]
    desk.bob.reply("And the door.", subject=f"Re: [{number}] smoke")
    assert len(desk.ann.received()) == told + 2


@pytest.mark.parametrize("profile", ["next7", "ggit", "atera"])
def test_a4_a_merge_is_told_to_both_holders_and_reopens(make_desk: MakeDesk, profile: str) -> None:
    desk = make_desk(profile=profile)
    desk.ann.mail("Printer is on fire", "It smokes.")
    first = desk.ticket()["number"]
    desk.dana.reply("#take")
    desk.dana.reply("#complete\n\nIt is out.")
    closed = desk.ticket(first)
    assert closed["status_kind"] == "closed"
    desk.ann.mail("Printer still on fire", "More smoke.")
    second = desk.ticket()["number"]
    told = len(desk.ann.received())
    desk.bob.reply(f"#merge {first}")
    assert desk.ticket(first)["status_kind"] != "closed"
    assert f"{first} is {desk.ticket(first)['status']}" in " ".join(last(desk.bob).split())
    mail = " ".join(last(desk.dana).split())
    assert f"{second} went into {first}" in mail
    assert desk.ticket(first)["status"] in mail
    assert [i.template for i in desk.outbox() if i.address == "ann@acme.example"][told:] == [
        "merged"
    ]
    desk.bob.reply("#undo", to=answer_to(desk.bob, "#merge"))
    assert desk.ticket(first)["status_kind"] == "closed"


def test_n17_n16_reports_by_mail_open_no_ticket(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    number = desk.ticket()["number"]
    desk.bob.reply("#time 30m\nLooked at it.")
    for text, shown in (
        ("#list", number),
        ("#list unassigned", "no matching tickets"),
        ("#list waiting on us", TITLE),
        ("#timesheet", "0.5"),
        ("#help", "#assign bob"),
        (f"#show {number}", "It smokes."),
    ):
        desk.bob.mail("a question", text)
        assert shown in last(desk.bob), text
    assert len(desk.tickets()) == 1
    assert desk.messages()[-1].outcome == "ignored"


def test_what_needs_a_ticket_opens_none(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    for text in ("#undo", "#delete", "#merge T20200101.0001"):
        desk.bob.mail("something else", text)
        assert "belongs to no ticket" in last(desk.bob), text
    assert [t["title"] for t in desk.tickets()] == [TITLE]


def test_a_contact_closes_his_own_ticket(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    desk.bob.reply("Try it now.")
    desk.ann.reply("It works.", subject=f"Re: {TITLE} is resolved")
    assert desk.ticket()["status"] == "Complete"


def test_a_contacts_few_commands(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    desk.bob.reply("Try it now.")
    desk.ann.reply("#list")
    assert TITLE in last(desk.ann)
    desk.ann.mail("a question", "#help")
    assert "All is well; the ticket can be closed." in last(desk.ann)
    assert "#assign" not in last(desk.ann)
    desk.ann.reply("#urgent", to=desk.ann.received()[-2])
    assert "urgent" in last(desk.bob)
    assert desk.ticket()["priority"] == "Undetermined"
    desk.ann.reply("thanks, solved")
    assert desk.ticket()["status"] == "Complete"
    desk.ann.reply("#stop", to=desk.ann.received()[-1])
    told = len(desk.ann.received())
    desk.bob.reply("One more word.")
    assert len(desk.ann.received()) == told


@pytest.mark.parametrize("listed", ["#list", "#list open", "#List all open", "#list: Open."])
def test_a_contacts_list_is_his_own_by_any_name(make_desk: MakeDesk, listed: str) -> None:
    desk = opened(make_desk)
    desk.writer("Zoe", "zoe@brick.example").mail("Another matter", "Not for Ann.")
    for reply in (True, False):
        told = len(desk.ann.received())
        desk.ann.reply(listed) if reply else desk.ann.mail("a question", listed)
        assert len(desk.ann.received()) == told + 1
        assert TITLE in last(desk.ann) and "Another matter" not in last(desk.ann)
    assert len(desk.tickets()) == 2


@pytest.mark.parametrize("listed", ["#list unassigned", "#list by client", "#list opne"])
def test_a_contacts_unknown_list_is_answered_with_what_he_may_use(
    make_desk: MakeDesk, listed: str
) -> None:
    desk = opened(make_desk)
    told = len(desk.ann.received())
    desk.ann.reply(listed)
    assert len(desk.ann.received()) == told + 1
    assert results(desk) == [(listed, False)]
    said = last(desk.ann)
    assert "write #list for your open tickets" in said and "#help lists" in said
    assert "#internal" not in said and "#undo" not in said


def test_a_contacts_sentence_behind_a_sign_stays_text(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    desk.ann.reply("#list of my printers that are broken")
    assert desk.ticket()["notes"][-1]["text"] == "#list of my printers that are broken"


def test_the_foot_of_an_answer_offers_a_contact_what_he_may_use(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    desk.ann.reply("#urgent")
    assert "#internal" not in last(desk.ann) and "#undo" not in last(desk.ann)
    desk.bob.reply("#priority 1")
    assert "#internal" in last(desk.bob) and "#undo" in last(desk.bob)


def test_h50_a_customers_command_is_refused_and_told(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    desk.bob.reply("Try it now.")
    told = len(desk.ann.received())
    desk.ann.reply("#assign dana")
    assert results(desk) == [("#assign dana", False)]
    assert desk.ticket()["primary_resource"]["name"] == "Bob Tech"
    assert "command refused" in [e["event"] for e in desk.ticket()["events"]]
    assert "#assign dana" in desk.ticket()["notes"][-1]["text"]
    assert len(desk.ann.received()) == told


def test_dialects_work_unchanged(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    desk.bob.reply("#T=1.5 #R=Remote #S=Waiting Customer\nReplaced the drum.")
    ticket = desk.ticket()
    assert (ticket["status"], ticket["total_hours"]) == ("Waiting Customer", 1.5)
    entry = ticket["time_entries"][0]
    assert (entry["work_type"], entry["summary"]) == ("remote", "Replaced the drum.")
    assert not ticket["notes"][-1]["public"]
    desk.bob.reply("Status: resolved\nOwner: dana\n\nAll well.")
    ticket = desk.ticket()
    assert (ticket["status"], ticket["primary_resource"]["name"]) == ("Complete", "Dana Lead")


def test_answers_as_wished(make_desk: MakeDesk) -> None:
    desk = opened(make_desk, more='[commands]\nanswer = "on-problem"')
    told = len(desk.bob.received())
    desk.bob.reply("#priority 1")
    assert len(desk.bob.received()) == told
    desk.bob.reply("#due yesterday")
    assert len(desk.bob.received()) == told + 1


def test_h41_without_proof_the_words_are_kept_and_nothing_is_done(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    mallory = desk.writer("Bob Tech", "bob@example.com")
    told = len(desk.ann.received())
    mallory.mail(f"[{desk.ticket()['number']}] {TITLE} is resolved", "#priority 0\nAll done.")
    ticket = desk.ticket()
    assert (ticket["status"], ticket["priority"]) == ("Assigned", "Undetermined")
    assert (ticket["notes"][-1]["text"], ticket["notes"][-1]["public"]) == ("All done.", False)
    assert results(desk) == [("is resolved", False), ("#priority 0", False)]
    assert len(desk.ann.received()) == told
    desk.bob.reply("yes")
    ticket = desk.ticket()
    assert (ticket["status"], ticket["priority"]) == ("Complete", "0 Critical")


def test_h50_a_former_technician_commands_nothing(make_desk: MakeDesk) -> None:
    desk = opened(
        make_desk,
        more='[[resource]]\nname = "Carl"\nemail = "carl@example.com"\nactive = false',
    )
    carl = desk.writer("Carl", "carl@example.com", desk.bob.headers)
    carl.mail(f"[{desk.ticket()['number']}] {TITLE} is resolved", "#delete")
    assert [t["status"] for t in desk.tickets() if t["title"] == TITLE] == ["Assigned"]


def test_g14_g15_what_is_resolved_means_is_the_profiles_word(make_desk: MakeDesk) -> None:
    for profile, resolved, complete in (
        ("ggit", "Customer or Tech Says Close", "Complete"),
        ("atera", "Resolved", "Closed"),
    ):
        desk = make_desk(profile=profile)
        desk.ann.mail(TITLE, "It smokes.")
        desk.bob.reply("Toner changed.", subject=f"Re: {TITLE} is resolved")
        assert desk.ticket()["status"] == resolved
        desk.bob.reply("All done.", subject=f"Re: {TITLE} is complete")
        assert desk.ticket()["status"] == complete
        desk.ann.mail("Another one", "Please come.")
        desk.bob.reply("Done.")
        desk.ann.reply("Yes.", subject="Re: Another one is resolved")
        assert desk.ticket()["status"] == resolved


def test_g1_g6_refusals_of_ggit_say_the_reason_and_the_way_out(make_desk: MakeDesk) -> None:
    desk = make_desk(profile="ggit")
    desk.ann.mail(TITLE, "It smokes.")
    desk.bob.reply("#status Note Emailed In")
    assert results(desk) == [("#status Note Emailed In", False)]
    assert "set by the desk itself only" in last(desk.bob)
    desk.bob.reply("#status deferred")
    assert "needs a due date" in last(desk.bob)
    desk.bob.reply("#defer friday 9:00")
    ticket = desk.ticket()
    assert (ticket["status"], ticket["due"].isoformat()) == (
        "Deferred",
        "2026-11-27T08:00:00+00:00",
    )


def test_a_reminder_comes_on_its_day(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    desk.bob.reply("#remind tomorrow")
    told = len(desk.bob.received())
    desk.later(hours=20)
    assert len(desk.bob.received()) == told
    desk.later(hours=4)
    assert "wanted to be reminded" in last(desk.bob)


def test_an_admins_broken_words_stop_no_mail(make_desk: MakeDesk) -> None:
    desk = make_desk()
    folder = desk.folder / "commands" / "phrases"
    folder.mkdir(parents=True)
    (folder / "it.yaml").write_text("phrases:\n  - {say: x, command: nothing-like-it}\n")
    desk.ann.mail(TITLE, "It smokes.")
    desk.bob.reply("#take")
    assert desk.ticket()["status"] == "Assigned"
    (folder / "it.yaml").write_text("phrases:\n  - {say: sistemata, command: resolve}\n")
    desk.bob.reply("Done.", subject=f"Re: {TITLE} sistemata")
    assert desk.ticket()["status"] == "Complete"


def test_e6_e7_a_technicians_day(desk: Desk) -> None:
    ann, bob, dana = desk.ann, desk.bob, desk.dana
    ann.mail(TITLE, "It smokes.")
    first = desk.ticket()["number"]
    dana.reply("#assign bob #priority 1\n\nPlease look at it first.")
    bob.reply("Which model is it?", subject=f"Re: [{first}] {TITLE} is waiting customer")
    assert desk.ticket()["status"] == "Waiting Customer"
    ann.reply("It is the big one.")
    assert desk.ticket()["status"] == "Feedback Received"
    bob.reply("#time 45m remote looked at the log\n#defer 2099-12-03\n#due friday\n\nTomorrow.")
    assert [c["done"] for c in desk.messages()[-1].commands] == [True, True, False]
    bob.reply("#time yesterday 2h on-site\n#status in progress")
    assert desk.ticket()["total_hours"] == 2.75
    ann.mail("Still smoking", "More of it.")
    second = desk.ticket()["number"]
    bob.reply(f"#merge {first}")
    assert len(desk.ticket(second)["notes"]) == 0
    bob.mail(f"[{first}] {TITLE} is resolved", "#resolution A new drum\nDone, Ann.")
    ticket = desk.ticket(first)
    assert (ticket["status"], ticket["resolution"]) == ("Complete", "A new drum")
    assert "Done, Ann." in plain_text(ann.received()[-1])
    bob.reply("#undo")
    ticket = desk.ticket(first)
    assert (ticket["status"], ticket["resolution"]) == ("In Progress", None)
    assert "cannot be unsent" in plain_text(bob.received()[-1])


DATED = {  # what is asked → how its date is said, in every answer
    "#due friday": "Fri, Nov 27, 2026, 5:00 PM",
    "#defer 3 December": "Thu, Dec 3, 2026, 9:00 AM",
    "#schedule tomorrow 14:00": "Tue, Nov 24, 2026, 2:00 PM",
    "#remind monday": "Mon, Nov 30, 2026, 9:00 AM",
    "#time yesterday 2h": "Sun, Nov 22, 2026",
    "#timesheet": "Mon, Nov 23, 2026",
    "#due 1.1.2020": "Wed, Jan 1, 2020, 5:00 PM",
}


def test_dates_look_one_way_in_all_answers(make_desk: MakeDesk) -> None:
    desk = opened(make_desk, profile="ggit")
    for asked, said in DATED.items():
        desk.bob.reply(asked)
        (command,) = desk.messages()[-1].commands
        assert said in command["why"], command
        if asked != "#timesheet":  # the week itself is the answer
            assert said in last(desk.bob)
    for asked in ("#schedule 3 December", "#due 4 December"):
        desk.bob.reply(f"{asked} 16:00")
        desk.bob.reply("#schedule 5 December" if "sch" in asked else "#due 6 December")
        desk.bob.reply("#undo")
        day = "Thu, Dec 3, 2026, 4:00 PM" if "sch" in asked else "Fri, Dec 4, 2026, 4:00 PM"
        assert f"back to {day}" in last(desk.bob)
