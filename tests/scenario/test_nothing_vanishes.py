"""A mail by a person is a ticket or a note, and somebody is told (E9, H104 to H106)."""

from __future__ import annotations

from collections.abc import Callable

from tests.scenario.conversation import Desk

PDF = (
    "Content-Type: application/pdf\nContent-Disposition: attachment; filename=a.pdf\n"
    "Content-Transfer-Encoding: base64\n\nJVBERg=="
)
HELP = "Please help, my screen is black."
OURS = {"List-Id": "<support.example.com>", "List-Post": "<mailto:support@example.com>"}

# Fields that are different from an ordinary mail's, and the text.
ODD: dict[str, tuple[dict[str, str], str]] = {
    "our own address, Reply-To": ({"From": "support@example.com", "Reply-To": "k@x.example"}, HELP),
    "our own address with a detail": ({"From": "support+x@example.com"}, HELP),
    "our own address, nobody else": ({"From": "support@example.com"}, HELP),
    "our own list": ({**OURS, "Precedence": "list"}, HELP),
    "wants no automatic answer": ({"X-Auto-Response-Suppress": "All"}, HELP),
    "noreply": ({"From": "noreply@shop.example"}, HELP),
    "postmaster": ({"From": "postmaster@shop.example"}, HELP),
    "nothing at all": ({"Subject": ""}, ""),
    "no subject": ({"Subject": ""}, HELP),
    "null path": ({"Return-Path": "<>"}, HELP),
    "undisclosed": ({"To": "undisclosed-recipients:;"}, HELP),
    "blind copy": ({"To": "other@shop.example"}, HELP),
    "bulk": ({"Precedence": "bulk"}, HELP),
    "List-Unsubscribe": ({"List-Unsubscribe": "<mailto:u@shop.example>"}, HELP),
    "X-Loop": ({"X-Loop": "kim"}, HELP),
    "a scanner": (
        {"Auto-Submitted": "auto-generated", "Content-Type": 'multipart/mixed; boundary="b"'},
        f"--b\n{PDF}\n--b--",
    ),
    "only a file": ({"Content-Type": 'multipart/mixed; boundary="b"'}, f"--b\n{PDF}\n--b--"),
    "a boundary that is not there": ({"Content-Type": 'multipart/mixed; boundary="b"'}, HELP),
    "an invitation": (
        {"Content-Type": "text/calendar; method=REQUEST; charset=utf-8"},
        "BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT\nUID:1\nSUMMARY:Visit\n"
        "DTSTART:20261124T090000Z\nEND:VEVENT\nEND:VCALENDAR",
    ),
    "closed": ({"Content-Type": "application/pkcs7-mime; name=smime.p7m"}, "AAAA"),
    "winmail": ({"Content-Type": "application/ms-tnef; name=winmail.dat"}, "AAAA"),
    "a mail alone": ({"Content-Type": "message/rfc822"}, "From: x@y.example\n\nHelp"),
    "somebody of our domain": ({"From": "New Tech <new@example.com>"}, HELP),
    "Auto-Submitted: no": ({"Auto-Submitted": "no"}, HELP),
    "two From fields": ({"From": "a@x.example\r\nFrom: b@y.example"}, HELP),
    "a group": ({"From": "Team: a@team.example;"}, HELP),
    "Reply-To is ours": ({"Reply-To": "support@example.com"}, HELP),
    "an id that looks like ours": ({"In-Reply-To": "<t.fake.1@example.com>"}, HELP),
    "a number that is not": ({"Subject": "[T20200101.0001] gone"}, HELP),
    "DMARC fails": ({"Authentication-Results": "mx.example.com; dmarc=fail"}, HELP),
    "spam, says a server, of whom we know": (
        {"From": "Ann <ann@acme.example>", "X-Spam-Flag": "YES"},
        HELP,
    ),
    "about an automatic reply": ({"Subject": "Automatic reply for info@"}, "Can you stop it?"),
    "about an absence": ({"Subject": "Out of office: fix"}, f"I am on vacation soon. {HELP}"),
    "about a bounce": ({"Subject": "Undelivered mail"}, "My mail came back:\n550 no such user"),
    "about a delay": ({"Subject": "Delivery delayed"}, "When does the laptop come?"),
    "about a recall": ({"Subject": "Recall: 20 phones"}, "We must recall 20 phones."),
    "Accepted:": ({"Subject": "Accepted: offer 12"}, "Please order."),
    "only a quote": ({"Subject": "see below"}, "> earlier words\n> more"),
    "only a signature": ({"Subject": "Call me"}, "-- \nKim\nShop"),
    "names itself an alert": ({"From": "alerts@rmm.example", "Subject": "DOWN: host1"}, HELP),
}


def letter(number: int, fields: dict[str, str], text: str) -> bytes:
    head = {
        "From": f"Kim Case{'x' * number} <kim{number}@shop.example>",
        "To": "support@example.com",
        "Subject": f"Screen {number}",
        "Message-ID": f"<odd{number}@shop.example>",
        "Date": "Mon, 23 Nov 2026 10:00:00 +0100",
        "MIME-Version": "1.0",
        **fields,
    }
    lines = [f"{name}: {value}" for name, value in head.items()]
    return "\r\n".join([*lines, "", *text.split("\n"), ""]).encode()


def test_h104_h105_h106_no_persons_mail_vanishes(make_desk: Callable[..., Desk]) -> None:
    desk = make_desk()
    for number, (fields, text) in enumerate(ODD.values()):
        desk.transport.put(letter(number, fields, text))
    desk.transport.wait_until_done()
    became = dict(zip(ODD, desk.messages(), strict=True))
    assert {name: m.outcome for name, m in became.items()} == dict.fromkeys(ODD, "ticket")
    told = {item.ticket_id for item in desk.outbox() if item.address == "bob@example.com"}
    assert [name for name, m in became.items() if m.ticket_id not in told] == []
