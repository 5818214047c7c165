"""Who reads what a technician writes: what is for colleagues never reaches the customer (H83–H86),
and an ordinary reply through an ordinary relay goes out unasked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from maild.demo.writer import Writer, plain_text
from tests.scenario.conversation import Desk

MakeDesk = Callable[..., Desk]
TITLE = "Printer is on fire"
SECRET = "she never pays"


def opened(make_desk: MakeDesk, **options: Any) -> Desk:
    """A desk with a ticket of Ann's that Bob has."""
    desk = make_desk(**options)
    desk.ann.mail(TITLE, "It smokes.")
    desk.bob.reply("#take")
    return desk


def told(desk: Desk, writer: Writer) -> str:
    """All that somebody was ever sent, as text."""
    return "\n".join(plain_text(mail) for mail in writer.received())


def last(writer: Writer) -> str:
    return plain_text(writer.received()[-1])


def templates(desk: Desk, address: str) -> list[str]:
    return [item.template for item in desk.outbox() if item.address == address]


def additional(desk: Desk) -> list[str]:
    return [p["address"] for p in desk.ticket()["additional_contacts"]]


# ---- forwards

HEADERS = {
    "gmail": "---------- Forwarded message ---------\nFrom: {who}\nDate: Mon, 23 Nov 2026, 09:00\n"
    "Subject: Scanner\nTo: Bob Tech <bob@example.com>\n\n\n{words}",
    "outlook": "______________________________\nFrom: {who}\nSent: Monday, 23 November 2026 9:00\n"
    "To: Bob Tech <bob@example.com>\nSubject: Scanner\n\n{words}",
    "outlook de": "Von: {who}\nGesendet: Montag, 23. November 2026 09:00\n"
    "An: Bob Tech <bob@example.com>\nBetreff: Scanner\n\n{words}",
    "apple": "Begin forwarded message:\n\nFrom: {who}\nSubject: Scanner\n"
    "Date: 23 November 2026 at 09:00:00 CET\nTo: Bob Tech <bob@example.com>\n\n{words}",
    "thunderbird fr": "-------- Message transféré --------\nSujet : \tScanner\n"
    "Date : \tMon, 23 Nov 2026 09:00:00\nDe : \t{who}\nPour : \tBob Tech <bob@example.com>\n\n"
    "{words}",
}
PREFIX = {"outlook": "FW", "outlook de": "WG", "thunderbird fr": "TR"}


def forward(client: str, who: str, words: str) -> tuple[str, str]:
    """Subject and text of a forward with a remark on top."""
    text = f"Careful, {SECRET}.\n\n" + HEADERS[client].format(who=who, words=words)
    return f"{PREFIX.get(client, 'Fwd')}: Scanner", text


@pytest.mark.parametrize("client", HEADERS)
def test_h83_a_forwards_remark_is_internal_and_the_words_are_hers(
    make_desk: MakeDesk, client: str
) -> None:
    desk = make_desk()
    desk.bob.mail(*forward(client, "Ann <ann@acme.example>", "It makes a noise."))
    ticket = desk.ticket()
    assert ticket["contact"]["address"] == "ann@acme.example"
    assert ticket["primary_resource"] is None
    by = [(n["by"], n["public"], n["text"]) for n in ticket["notes"]]
    assert by == [("Ann", True, "It makes a noise."), ("Bob Tech", False, f"Careful, {SECRET}.")]
    assert SECRET in last(desk.dana)  # colleagues are told the remark
    desk.bob.mail(f"Re: [{ticket['number']}] Scanner", "I come at noon.")
    assert "I come at noon." in last(desk.ann)
    assert SECRET not in told(desk, desk.ann)


@pytest.mark.parametrize("client", HEADERS)
def test_h83_a_forward_into_a_ticket(make_desk: MakeDesk, client: str) -> None:
    desk = opened(make_desk)
    number = desk.ticket()["number"]
    subject, text = forward(client, "Ann <ann@acme.example>", "Now it burns.")
    desk.bob.mail(subject.replace("Scanner", f"[{number}] Scanner"), text)
    notes = desk.ticket(number)["notes"][-2:]
    assert [(n["by"], n["public"]) for n in notes] == [("Ann", True), ("Bob Tech", False)]
    assert desk.ticket(number)["status"] == "Feedback Received"
    assert SECRET not in told(desk, desk.ann)


@pytest.mark.parametrize("client", HEADERS)
def test_h84_a_vendors_mail_or_ours_that_is_forwarded_stays_internal(
    make_desk: MakeDesk, client: str
) -> None:
    desk = opened(make_desk)
    number, before = desk.ticket()["number"], len(desk.ann.received())
    for who in ("Vic <vic@vendor.example>", "Example Support <support@example.com>"):
        subject, text = forward(client, who, "The part is on its way.")
        desk.bob.mail(
            subject.replace("Scanner", f"[{number}] Scanner"),
            text,
            headers={"Cc": "joe@vendor.example"},
        )
        note = desk.ticket(number)["notes"][-1]
        assert (note["by"], note["public"]) == ("Bob Tech", False)
        assert SECRET in note["text"] and "on its way" in note["text"]
    assert (len(desk.ann.received()), additional(desk)) == (before, [])


@pytest.mark.parametrize("where", ["Cc", "Bcc"])
def test_h84_a_mail_to_somebody_else_with_a_copy_for_the_desk_is_internal(
    make_desk: MakeDesk, where: str
) -> None:
    desk = opened(make_desk)
    before = len(desk.ann.received())
    copy = {"Cc": "support@example.com"} if where == "Cc" else {}
    for to in ("Vic <vic@vendor.example>", "Dana <dana@example.com>"):
        desk.bob.reply(f"Mind you, {SECRET}.", headers={"To": to, **copy})
        assert desk.ticket()["notes"][-1]["public"] is False
    assert (len(desk.ann.received()), additional(desk)) == (before, [])
    desk.bob.reply("Ann, it is the fuse.", headers={"To": "Ann <ann@acme.example>", **copy})
    assert desk.ticket()["notes"][-1]["public"] is True


# ---- commands whose text is for the team


@pytest.mark.parametrize(
    ("profile", "command"),
    [
        ("next7", "#escalate Service Provider"),
        ("next7", "#escalate dana"),
        ("next7", "#transfer provider"),
        ("next7", "#share Co-managed dana"),
        ("next7", "#question"),
        ("next7", "#mydone"),
        ("next7", "#T=0.5"),
        ("ggit", "#template 008 Tech Handoff to Office Admin"),
        ("ggit", "#status Follow Up Needed: Admin"),
        ("ggit", "#status Follow Up Needed: Resource"),
    ],
)
def test_h85_text_beside_a_command_for_the_team_is_internal(
    make_desk: MakeDesk, profile: str, command: str
) -> None:
    desk = opened(make_desk, profile=profile)
    before = len(desk.ann.received())
    desk.bob.reply(f"{command}\n\nCareful, {SECRET}.")
    assert desk.ticket()["notes"][-1]["public"] is False
    assert len(desk.ann.received()) == before
    desk.bob.reply(f"#public\n{command}\n\nWe look into it.", to=desk.bob.received()[0])
    notes = [n for n in desk.ticket()["notes"] if "We look into it." in n["text"]]
    assert notes[-1]["public"] is True


def test_the_subjects_status_counts_for_its_text_too(make_desk: MakeDesk) -> None:
    desk = opened(make_desk, profile="ggit")
    before = len(desk.ann.received())
    subject = f"Re: {TITLE} is follow up needed: resource"
    desk.bob.reply(f"Careful, {SECRET}.", subject=subject)
    assert desk.ticket()["notes"][-1]["public"] is False
    assert len(desk.ann.received()) == before


# ---- what he answers, when his relay changes ids


def through_relay(desk: Desk, writer: Writer, text: str, *, quote: bool, internal: bool) -> None:
    """He answers a mail of ours whose Message-ID the relay has replaced."""
    mails = [m for m in writer.received() if ("an internal note" in plain_text(m)) == internal]
    answered = mails[-1]
    number = desk.ticket()["number"]
    quoted = "".join(f"> {line}\n" for line in plain_text(answered).splitlines()) if quote else ""
    below = f"\n\nOn Mon, 23 Nov 2026, Example Support wrote:\n{quoted}" if quote else ""
    writer.mail(
        f"Re: [{number}] {TITLE}",
        text + below,
        headers={"In-Reply-To": "<0102018f-relay@eu-west-1.amazonses.com>"},
    )


@pytest.mark.parametrize("quote", [True, False])
def test_h86_an_ordinary_reply_through_a_relay_goes_out(make_desk: MakeDesk, quote: bool) -> None:
    desk = opened(make_desk)
    desk.ann.reply("Any news?")
    through_relay(desk, desk.bob, "I come at noon.", quote=quote, internal=False)
    assert "I come at noon." in last(desk.ann)
    assert "kept-internal" not in templates(desk, "bob@example.com")


def test_h86_our_mark_in_the_quote_tells_what_he_answers(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    desk.dana.mail(f"[{desk.ticket()['number']}] {TITLE}", f"#internal\nCareful, {SECRET}.")
    desk.ann.reply("Any news?")
    through_relay(desk, desk.bob, "Why is that?", quote=True, internal=True)
    assert desk.ticket()["notes"][-1]["public"] is False
    through_relay(desk, desk.bob, "I come at noon.", quote=True, internal=False)
    assert "I come at noon." in last(desk.ann)
    assert "kept-internal" not in templates(desk, "bob@example.com")


def test_h86_where_nothing_tells_he_is_asked_and_one_word_sends_it(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    desk.dana.mail(f"[{desk.ticket()['number']}] {TITLE}", f"#internal\nCareful, {SECRET}.")
    before = len(desk.ann.received())
    through_relay(desk, desk.bob, "I come at noon.", quote=False, internal=True)
    assert len(desk.ann.received()) == before
    assert "not sent to the contact" in last(desk.bob)
    desk.bob.reply("No, wait.")
    assert len(desk.ann.received()) == before
    asked = next(m for m in desk.bob.received() if "not sent to the contact" in plain_text(m))
    desk.bob.reply("Send!\n\nBest regards\nBob", to=asked)
    assert "I come at noon." in last(desk.ann)
    assert SECRET not in told(desk, desk.ann)
    sent = len(desk.ann.received())
    desk.bob.reply("send", to=asked)  # once
    assert len(desk.ann.received()) == sent


@pytest.mark.parametrize("text", ["", "\n\n", "-- \nBob Tech"])
def test_an_empty_mail_never_reaches_a_customer(make_desk: MakeDesk, text: str) -> None:
    desk = opened(make_desk)
    before = len(desk.ann.received())
    desk.bob.reply(text)
    assert len(desk.ann.received()) == before


# ---- wishes

WISHES = [
    "# internal", "**#internal**", "/internal", "[internal]", "Internal:", "@note", "nur intern",
    "\u200b#internal", "Hi Dana,\n#internal", "#internl", "[Interne Notiz]",
]  # fmt: skip


def test_h86_a_wish_for_privacy_in_any_spelling_keeps_it_and_says_so(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    before = len(desk.ann.received())
    for wish in WISHES:
        mails = len(desk.bob.received())
        desk.bob.reply(f"{wish}\n\nCareful, {SECRET}.", to=desk.bob.received()[0])
        assert desk.ticket()["notes"][-1]["public"] is False, wish
        assert len(desk.bob.received()) == mails + 1, wish
    assert len(desk.ann.received()) == before


PROSE = ["#1 unplug it", "click [Close]", "see /etc/hosts", "the internal network is down"]


def test_ordinary_words_go_out_unasked(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    for words in PROSE:
        mails = len(desk.bob.received())
        desk.bob.reply(words, to=desk.bob.received()[0])
        assert words in last(desk.ann)
        assert len(desk.bob.received()) == mails, words


@pytest.mark.parametrize("mistake", ["is due on foobar", "is assigned to danna"])
def test_a_mistake_in_the_subject_is_answered(make_desk: MakeDesk, mistake: str) -> None:
    desk = opened(make_desk)
    desk.bob.reply("I come at noon.", subject=f"Re: {TITLE} {mistake}")
    assert "cannot be read" in last(desk.bob)
    assert "I come at noon." in last(desk.ann)


# ---- who else reads it

ANN_PROOF = {"Authentication-Results": "mx.example.com; dmarc=pass header.from=acme.example"}


def test_g9_what_was_kept_from_her_is_not_quoted_later(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    desk.bob.reply("We look into it.")
    desk.bob.reply("#cc vic@vendor.example\n\nVic, please help Ann.")
    vic = desk.writer("Vic", "vic@vendor.example")
    assert "please help Ann" in last(vic)  # who is added gets the note that came with it …
    assert "We look into it." not in told(desk, vic)  # … and no history
    assert "It smokes." not in told(desk, vic)
    desk.bob.reply("Any idea?")
    assert "Any idea?" in last(vic)
    desk.bob.reply("#uncc vic@vendor.example\n\nHe is out.")
    before = len(vic.received())
    desk.bob.reply("Only us now.")
    assert len(vic.received()) == before


def test_also_and_unalso(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    before = len(desk.dana.received())
    desk.bob.reply("#internal\n#also dana\n\nDana, can you come?")
    assert "can you come?" in last(desk.dana)
    desk.bob.reply("#unalso dana")
    assert desk.ticket()["secondary_resources"] == []
    told_so_far = len(desk.dana.received())
    assert told_so_far == before + 1
    desk.ann.reply("Any news?")
    assert len(desk.dana.received()) == told_so_far


@pytest.mark.parametrize("how", ["", " with contact"])
def test_h89_a_merge_makes_nobody_a_reader(make_desk: MakeDesk, how: str) -> None:
    desk = opened(make_desk)
    number = desk.ticket()["number"]
    eve = desk.writer("Eve", "eve@other.example")
    eve.mail("My printer too", "It burns.")
    desk.bob.mail(f"[{desk.ticket()['number']}] My printer too", f"#merge {number}{how}")
    assert templates(desk, "eve@other.example")[-1] == "merged"
    assert number not in last(eve) and TITLE not in last(eve)
    before = len(eve.received())
    desk.bob.mail(f"[{number}] {TITLE}", "It is the fuse.")
    assert len(eve.received()) == before + bool(how)


def test_colleagues_in_cc_are_added_with_proof_and_others_are_proposed(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    ann = desk.writer("Ann", "ann@acme.example", ANN_PROOF)
    cc = {"Cc": "carl@acme.example, Vic <vic@vendor.example>"}
    ann.reply("Carl and Vic know more.", headers=cc)
    assert additional(desk) == ["carl@acme.example"]
    assert "vic@vendor.example" in last(desk.bob) and "#cc" in last(desk.bob)
    desk.bob.reply("#cc vic")
    assert sorted(additional(desk)) == ["carl@acme.example", "vic@vendor.example"]


def test_n12_a_note_on_a_ticket_that_nobody_holds_is_told(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.ann.mail(TITLE, "It smokes.")
    desk.ann.reply("URGENT: the whole office is down!")
    for writer in (desk.bob, desk.dana):
        assert "the whole office is down" in last(writer)


def test_h108_a_clocks_status_is_told(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    desk.bob.reply("Which model?", subject=f"Re: {TITLE} is waiting customer")
    desk.later(days=15)
    assert desk.ticket()["status"] == "Client No Response"
    assert templates(desk, "bob@example.com")[-1] == "no-response"


def test_a_contact_whom_the_technician_mailed_himself_gets_it_once(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    before = len(desk.ann.received())
    copy = {"To": "Ann <ann@acme.example>, support@example.com"}
    desk.bob.reply("It is the fuse.", headers=copy)
    assert desk.ticket()["notes"][-1]["public"] is True
    assert len(desk.ann.received()) == before
    desk.ann.reply("Thanks, and now?", headers={"Cc": "bob@example.com"})
    assert "and now?" in last(desk.bob)  # a customer's To and Cc silence nobody


def test_a_technicians_files_reach_the_customer_and_hers_reach_him(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    number = desk.ticket()["number"]
    desk.bob.mail(f"[{number}] {TITLE}", "See the report.", attach={"report.txt": b"all is well"})
    names = [part.get_filename() for part in desk.ann.received()[-1].iter_attachments()]
    assert names == ["report.txt"]
    desk.ann.mail(f"[{number}] {TITLE}", "And the photo.", attach={"photo.jpg": b"jpeg"})
    names = [part.get_filename() for part in desk.bob.received()[-1].iter_attachments()]
    assert names == ["photo.jpg"]


# ---- the technician's plain day

CLIENTS = {
    "outlook": "{text}\n\n____________________\nFrom: {by}\nSent: Monday, 23 Nov 2026\n"
    "To: Bob\nSubject: {subject}\n\n{quoted}",
    "outlook de": "{text}\n\nVon: {by}\nGesendet: Montag, 23. November 2026\nAn: Bob\n"
    "Betreff: {subject}\n\n{quoted}",
    "gmail": "{text}\n\nOn Mon, 23 Nov 2026 at 10:00, {by} wrote:\n\n{marked}",
    "apple": "{text}\n\n> On 23 Nov 2026, at 10:00, {by} wrote:\n>\n{marked}",
    "phone": "{text}\n\nSent from my iPhone\n\n> On 23 Nov 2026, {by} wrote:\n>\n{marked}",
}
DAY = [
    "I come at noon.",
    "Hi Ann,\n\nthe internal network is down, please wait.",
    "#1 unplug it\n#2 plug it in",
    "Note: click [Close] and look at /etc/hosts.",
]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("relay", [False, True])
def test_a_technicians_plain_day_goes_out_once_and_nothing_is_asked(
    make_desk: MakeDesk, client: str, relay: bool
) -> None:
    desk = opened(make_desk)
    number = desk.ticket()["number"]
    desk.dana.mail(f"[{number}] {TITLE}", f"#internal\nCareful, {SECRET}.")
    for count, text in enumerate(DAY):
        desk.ann.reply(f"Question {count}?")
        answered = desk.bob.received()[-1]
        lines = plain_text(answered)
        body = CLIENTS[client].format(
            text=text,
            by="Example Support <support@example.com>",
            subject=answered["Subject"],
            quoted=lines,
            marked="".join(f"> {line}\n" for line in lines.splitlines()),
        )
        own = f"<{count}-rewritten@eu-west-1.amazonses.com>" if relay else answered["Message-ID"]
        mails, asked = len(desk.ann.received()), len(desk.bob.received())
        desk.bob.mail(f"Re: [{number}] {TITLE}", body, headers={"In-Reply-To": str(own)})
        assert len(desk.ann.received()) == mails + 1, text
        assert text.splitlines()[-1] in last(desk.ann)
        assert len(desk.bob.received()) == asked, text
    assert SECRET not in told(desk, desk.ann)
