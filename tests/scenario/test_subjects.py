"""What stands before a subject changes nothing of what the desk does (E6, H80, H83)."""

from __future__ import annotations

from collections.abc import Callable

from tests.scenario.conversation import Desk
from tests.scenario.test_trust import FORWARD, configured, numbered

MakeDesk = Callable[..., Desk]

REPLIES = (
    "Re",
    "Antwort",
    "R",
    "Ynt",
    "回复",
    "Réf",
    "RES",
    "Antw",
    "Odp",
    "SV",
    "RE: [EXTERNAL] RE",
)
FORWARDS = (
    "FW",
    "Doorst",
    "Weitergeleitet",
    "TR",
    "VB",
    "Enc",
    "I",
    "转发",
    "[EXT] WG",
    "PD",
    "RV",
)


def test_h80_who_merely_replies_repeats_no_phrase_of_a_title(make_desk: MakeDesk) -> None:
    desk = make_desk()
    prefixes = (*REPLIES, *FORWARDS, "Zwrot zewn.")
    for turn, title in enumerate(("Mail from Acme is spam", "Das ist spam", "Printer is resolved")):
        desk.ann.mail(title, "What shall I do?")
        was, last = desk.ticket(), desk.ann.received()[-1]
        told, headers = str(last["Subject"]), {"In-Reply-To": str(last["Message-ID"])}
        for count, prefix in enumerate(prefixes, turn):  # each in another form a title
            forms = (
                (f"{prefix}: {told}", headers),
                (f"{prefix}: {title}", headers),
                (f"[BULK] {prefix}: {told}", headers),
                (f"{prefix}: {numbered(desk, title)}", None),
            )
            subject, extra = forms[count % len(forms)]
            desk.bob.mail(subject, "Please keep it.", headers=extra)
        assert desk.ticket()["number"] == was["number"]
        assert desk.ticket()["status_kind"] not in ("resolved", "closed")


def test_a_title_has_no_prefix(make_desk: MakeDesk) -> None:
    desk = make_desk()
    for prefix in (*REPLIES, *FORWARDS):
        desk.ann.mail(f"{prefix}: Toner {prefix[:2]}")
        assert desk.ticket()["title"] == f"Toner {prefix[:2]}"
    desk.ann.mail("R: drive is full")
    assert desk.ticket()["title"] == "R: drive is full"


def test_what_comes_after_reopen_days_is_a_ticket_that_follows_behind_any_prefix(
    make_desk: MakeDesk,
) -> None:
    desk = configured(make_desk, "reopen_days = 30")
    desk.ann.mail("Printer is on fire")
    for count, prefix in enumerate((*REPLIES, *FORWARDS[::3]), 2):
        desk.bob.mail(numbered(desk, f"Printer {count} is resolved"), "Done.")
        last, before = desk.ann.received()[-1], desk.ticket()["number"]
        desk.later(days=40)
        desk.ann.reply("It smokes again.", to=last, subject=f"{prefix}: Printer is on fire")
        assert len(desk.tickets()) == count, prefix
        assert desk.ticket()["title"] == "Printer is on fire"
        assert [e["event"] for e in desk.ticket()["events"]].count("linked") == 1
        desk.ann.reply("And it stinks.", to=last, subject=f"{prefix}: Printer is on fire")
        assert desk.ticket()["status"] == "Feedback Received"
        assert (len(desk.tickets()), desk.ticket(before)["status"]) == (count, "Complete")


def test_h83_a_forward_finds_the_customer_behind_any_prefix(make_desk: MakeDesk) -> None:
    desk = make_desk()
    for prefix in FORWARDS:
        remark = f"Careful with {prefix}."
        desk.bob.mail(f"{prefix}: Scanner {prefix[:1]} broken", f"{remark}\n\n{FORWARD}")
        ticket = desk.ticket()
        assert ticket["title"] == f"Scanner {prefix[:1]} broken"
        assert ticket["contact"]["address"] == "carl@acme.example", prefix
        public = [note["text"] for note in ticket["notes"] if note["public"]]
        internal = [note["text"] for note in ticket["notes"] if not note["public"]]
        assert (public, internal) == (
            ["It makes a noise."],
            [f"{remark}\n\nCan somebody take this?"],
        )
    assert all(b"Careful" not in m.octets for m in desk.servers.smtp.to("carl@acme.example"))
