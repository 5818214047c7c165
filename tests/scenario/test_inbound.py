"""No person's mail ends in silence, and machines' words are kept (H104 to H108)."""

from __future__ import annotations

from collections.abc import Callable
from email.message import EmailMessage

import pytest

from maild.demo.writer import parse, plain_text
from maild.desk import views
from tests.scenario.conversation import PROOF, Desk
from tests.scenario.test_trust import numbered, templates

MakeDesk = Callable[..., Desk]
OURS = "Example Support <support@example.com>"
GROUP = {
    "Precedence": "list",
    "Mailing-list": "list support@example.com; contact support+owners@example.com",
    "List-ID": "<support.example.com>",
    "List-Unsubscribe": "<mailto:support+unsubscribe@example.com>",
}


def raw(text: str = "The VPN drops every hour.", **fields: str) -> bytes:
    """A mail of these header fields; _ stands for - in their names."""
    message = EmailMessage()
    for name, value in ({"To": "support@example.com", "Subject": "VPN"} | fields).items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message.as_bytes()


def notes(desk: Desk) -> list[tuple[str, bool]]:
    """Who wrote each note of the newest ticket, and whether contacts may read it."""
    return [(note["by_kind"], note["public"]) for note in desk.ticket()["notes"]]


# ---- From is the desk's own address


@pytest.mark.parametrize(
    "fields",
    [
        {"X_Original_From": "Ann <ann@acme.example>", "Reply_To": "Ann <ann@acme.example>"},
        {"X_Original_Sender": "ann@acme.example"},
        {"Reply_To": "ann@acme.example"},
        {"Sender": "Ann <ann@acme.example>"},
        {"Reply_To": "support@example.com, Ann <ann@acme.example>"},
        {
            "X_Original_Sender": "ann@acme.example",
            **{k.replace("-", "_"): v for k, v in GROUP.items()},
        },
    ],
)
@pytest.mark.parametrize("address", [OURS, "'Ann' via Support <support@example.com>"])
def test_h104_who_wrote_behind_our_own_address_is_its_contact(
    make_desk: MakeDesk, fields: dict[str, str], address: str
) -> None:
    """Groups and forms write our address into From; a claim behind it is as good as a From."""
    desk = make_desk()
    desk.put(raw(From=address, **fields))
    assert desk.ticket()["contact"] == {"name": "Ann", "address": "ann@acme.example"}
    assert desk.messages()[-1].outcome == "ticket"
    assert templates(desk, "ann@acme.example") == ["acknowledgement"]
    told = desk.ann.received()[-1]
    reply = {"In_Reply_To": str(told["Message-ID"]), "Subject": f"Re: {told['Subject']}"}
    desk.put(raw("It is the one in the kitchen.", From=address, **fields, **reply))
    assert desk.ticket()["status"] == "Feedback Received"
    assert notes(desk) == [("contact", True), ("contact", True)]


def test_h104_a_technician_behind_our_own_address_is_not_proven_by_it(make_desk: MakeDesk) -> None:
    """Our server vouches for From, which anybody who fills in our form has."""
    desk = make_desk()
    desk.ann.mail("Printer is on fire")
    subject = numbered(desk, "Printer is resolved")
    proof = PROOF["Authentication-Results"]
    desk.put(
        raw(
            "x",
            From=OURS,
            Reply_To="bob@example.com",
            Subject=subject,
            Authentication_Results=proof,
        )
    )
    assert desk.ticket()["status"] == "New"
    assert notes(desk)[-1] == ("resource", False)
    assert templates(desk, "bob@example.com")[-1] == "confirm"


def test_h104_a_person_at_the_shared_mailbox_is_a_note(make_desk: MakeDesk) -> None:
    """Nobody knows who it was, so it moves nothing, commands nothing, and the holder is told."""
    desk = make_desk()
    first = desk.ann.mail("Printer is on fire")
    desk.bob.mail(numbered(desk, "#take"), "#take")
    fields = {
        "In_Reply_To": f"<{first}>",
        "Subject": "Re: Printer is resolved",
        "Message_ID": "<1@x>",
    }
    desk.put(raw("Hello Ann, we come at 3.", From=OURS, To="Ann <ann@acme.example>", **fields))
    assert desk.messages()[-1].outcome == "note"
    assert desk.ticket()["notes"][-1]["text"] == "Hello Ann, we come at 3."
    assert "support@example.com" in desk.ticket()["notes"][-1]["title"]
    assert notes(desk)[-1] == ("system", False)
    assert desk.ticket()["status_kind"] != "closed"
    assert templates(desk, "bob@example.com")[-1] == "note"
    proof = {"Authentication_Results": PROOF["Authentication-Results"]}
    desk.put(raw("And bring toner.", From=OURS, To="Ann <ann@acme.example>", **fields, **proof))
    assert notes(desk)[-1] == ("system", True)
    assert templates(desk, "ann@acme.example") == ["acknowledgement"]


def test_h104_a_first_mail_of_the_shared_mailbox_is_the_customers_ticket(
    make_desk: MakeDesk,
) -> None:
    desk = make_desk()
    desk.put(raw("Your laptop is ready.", From=OURS, To="Ann <ann@acme.example>", Subject="Laptop"))
    assert desk.ticket()["contact"]["address"] == "ann@acme.example"
    assert templates(desk, "ann@acme.example") == []
    assert templates(desk, "bob@example.com") == ["new-ticket"]
    desk.put(raw("Name: Joe", From=OURS, Subject="Contact form"))  # a form that names nobody
    assert desk.ticket()["title"] == "Contact form"
    assert desk.ticket()["contact"] is None


def changed(mail: bytes, how: str) -> bytes:
    """Our own notification as servers on its way back leave it."""
    message = EmailMessage()
    parsed = plain_text_of(mail)
    if how == "as it was":
        return mail
    if how == "a relay's id":
        return mail.replace(parsed[0].encode(), b"<0100019a@relay.example>")
    if how == "a list's footer":
        return mail.replace(b"MIME-Version", b"List-Id: <all.example.com>\r\nMIME-Version", 1)
    message["From"], message["To"], message["Subject"] = OURS, "all@example.com", parsed[1]
    message["Message-ID"] = "<new@list.example>"
    message.set_content(parsed[2] + "\n-- \nall@example.com")
    return message.as_bytes()


def plain_text_of(mail: bytes) -> tuple[str, str, str]:
    message = parse(mail)
    return str(message["Message-ID"]), str(message["Subject"]), plain_text(message)


@pytest.mark.parametrize("how", ["as it was", "a relay's id", "a list's footer", "written anew"])
def test_h32_our_own_mail_is_known_by_what_it_says(make_desk: MakeDesk, how: str) -> None:
    desk = make_desk()
    desk.ann.mail("Printer is on fire", "It burns.")
    desk.put(changed(desk.ann.inbox()[-1], how))
    assert desk.messages()[-1].outcome == "ignored", desk.messages()[-1].why
    assert len(desk.ticket()["notes"]) == 1
    assert len(desk.tickets()) == 1


def test_h104_our_message_id_on_other_words_is_not_our_mail(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.ann.mail("Printer is on fire")
    own = str(desk.ann.received()[-1]["Message-ID"])
    desk.put(raw("Please call me back.", From="Ann <ann@acme.example>", Message_ID=own))
    assert desk.messages()[-1].outcome in ("ticket", "note")


# ---- lists


def test_h105_the_desk_behind_a_group_is_a_mailbox(make_desk: MakeDesk) -> None:
    desk = make_desk()
    desk.ann.mail("Scanner offline", headers=GROUP)
    assert templates(desk, "ann@acme.example") == ["acknowledgement"]
    desk.bob.mail(numbered(desk, "Scanner is resolved"), "Done.", headers=GROUP)
    assert desk.ticket()["status"] == "Complete"
    desk.ann.reply("It is offline again, please look.", headers=GROUP)
    assert desk.ticket()["status"] == "Ticket Reopened"
    desk.ann.reply("I am away.", headers={**GROUP, "Auto-Submitted": "auto-replied"})
    assert desk.messages()[-1].kind == "auto-reply"
    assert desk.ticket()["status"] == "Ticket Reopened"


def test_a_thread_of_a_foreign_list_is_one_ticket_that_nobody_is_told_of(
    make_desk: MakeDesk,
) -> None:
    desk = make_desk()
    listed = {"List-Id": "Users <users.lists.example>", "To": "users@lists.example"}
    first = desk.ann.mail("New release", "It is out.", headers=listed)
    post = {**listed, "In-Reply-To": f"<{first}>"}
    for name in ("carl", "eve", "joe"):
        desk.writer(name, f"{name}@lists.example").mail("Re: New release", "Fine.", headers=post)
    assert len(desk.tickets()) == 1
    assert desk.outbox() == []
    assert len(desk.ticket()["notes"]) == 4
    with desk.store.look() as unit:
        found = views.tickets(unit, desk.profile, "mailing lists")
        assert [ticket.title for ticket in found] == ["New release"]


# ---- machines' words


@pytest.mark.parametrize(
    ("subject", "headers"),
    [
        ("Auto: Re: {}", {"X-Autoresponder": "yes"}),
        ("Automatic reply: {}", {"Auto-Submitted": "auto-replied"}),
        ("Abwesend: {}", {"Auto-Submitted": "auto-replied", "In-Reply-To": "<unknown@x>"}),
    ],
)
def test_an_automatic_mails_words_are_on_its_ticket(
    make_desk: MakeDesk, subject: str, headers: dict[str, str]
) -> None:
    """Also where only its subject names the ticket; it moves nothing and tells nobody."""
    desk = make_desk()
    desk.ann.mail("Printer is on fire")
    sent = len(desk.outbox())
    desk.ann.mail(
        subject.format(numbered(desk, "Printer")),
        "Away until Monday; call Max, 555.",
        headers=headers,
    )
    note = desk.ticket()["notes"][-1]
    assert "call Max" in note["text"]
    assert note["by"] == "Ann"
    assert note["public"] is False
    assert desk.ticket()["status"] == "New"
    assert len(desk.outbox()) == sent
    eve = desk.writer("Eve", "eve@evil.example")  # H45: she only knows the number
    eve.mail(subject.format(numbered(desk, "Printer")), "Away.", headers=headers)
    assert len(desk.ticket()["notes"]) == 2
