"""Which part of a mail says what it says: plain text, HTML, a calendar (H107)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from email.message import EmailMessage
from email.policy import SMTPUTF8

import pytest

from maild.model import Kind, Mail
from maild.parse import icalendar, phrases
from maild.parse.parser import parse

STYLE = "<style>p { color: red } " + "x " * 3_000 + "</style>"
PAGE = (
    f"<html><head>{STYLE}</head><body><p>Hello,</p><p>the printer on the second floor does not"
    " print since yesterday.</p><p>Can you come today?</p></body></html>"
)
SAID = (
    "Hello,\n\nthe printer on the second floor does not print since yesterday.\n\n"
    "Can you come today?"
)
STUBS = sorted({p for rows in phrases.table("html_only").values() for p in rows})


def alternative(plain: str, page: str = PAGE) -> Mail:
    message = EmailMessage(policy=SMTPUTF8)
    message["From"], message["Subject"] = "Ann <ann@acme.example>", "Printer"
    message.set_content(plain)
    message.add_alternative(page, subtype="html")
    return parse(message.as_bytes())


def squeezed(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("phrase", STUBS)
def test_a_plain_part_that_points_to_the_html_gives_way(phrase: str) -> None:
    for plain in (
        f"{phrase}",
        f"Sorry, {phrase}.\nPlease ask the sender for another form of it.",
        f"*** {phrase} ***\n\nhttps://mail.example/view?id=1",
    ):
        assert squeezed(alternative(plain).text) == squeezed(SAID), plain
        assert squeezed(alternative(plain).new_text) == squeezed(SAID)


SIGNED = """-----BEGIN PGP SIGNED MESSAGE-----
Hash: SHA512

#take

- --
Ann
-----BEGIN PGP SIGNATURE-----

iQIzBAEBCgAdFiEE
=abcd
-----END PGP SIGNATURE-----
"""
ARMORED = {  # by what is new
    "signed": (SIGNED, "#take"),
    "with a comment": (SIGNED.replace("SHA512", "SHA512\nComment: mine"), "#take"),
    "without a hash": (SIGNED.replace("Hash: SHA512\n", ""), "#take"),
    "white space behind": (SIGNED.replace("-----\n", "----- \n"), "#take"),
    "with ends of Windows": (SIGNED.replace("\n", "\r\n"), "#take"),
    "a footer below": (SIGNED + "\nThe desk's list", "#take"),
    "words above": (f"Hello\n\n{SIGNED}", "Hello\n\n#take"),
    "cut off": (SIGNED[:-30], SIGNED[:-30].strip()),
    "no signature": (SIGNED.partition("- ")[0], SIGNED.partition("- ")[0].strip()),
    "quoted": ("ok\n\n" + "".join(f"> {line}\n" for line in SIGNED.split("\n")), "ok"),
}


@pytest.mark.parametrize("way", ARMORED)
def test_a_text_with_a_signature_in_it_is_its_words(way: str) -> None:
    text, new = ARMORED[way]
    mail = parse(f"From: Ann <ann@acme.example>\nSubject: Re: x\n\n{text}".encode())
    assert mail.new_text == new
    assert "BEGIN PGP" in mail.text


@pytest.mark.parametrize("plain", ["Hello,", "[image: logo]", "https://acme.example", "--", "1"])
def test_a_plain_part_that_lacks_the_words_gives_way(plain: str) -> None:
    assert squeezed(alternative(plain).text) == squeezed(SAID)


@pytest.mark.parametrize(
    "plain",
    [
        SAID,
        SAID.replace("\n\n", "\n"),
        SAID.replace("since yesterday", "since yesterday (red light)"),
        f"{SAID}\n\nMy program does not support HTML, by the way, so please answer in plain text.",
        "\n".join(f"> {line}" for line in SAID.split("\n")),
    ],
)
def test_a_plain_part_that_says_it_stays(plain: str) -> None:
    assert squeezed(alternative(plain).text) == squeezed(plain)


def test_a_short_answer_above_a_picture_stays() -> None:
    page = '<div>Yes.</div><div><img src="cid:1" alt="A photograph of our printer"></div>'
    assert alternative("Yes.", page).text.strip() == "Yes."


# ---- calendars

ZONE = """BEGIN:VTIMEZONE
TZID:W. Europe Standard Time
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
END:VTIMEZONE
"""
EVENT = """BEGIN:VCALENDAR
METHOD:{method}
PRODID:-//x//y
VERSION:2.0
{zone}BEGIN:VEVENT
{more}UID:visit-1
SEQUENCE:3
SUMMARY:Visit by a technician
LOCATION:Room 4\\, second floor
DTSTART{start}
DTEND{end}
END:VEVENT
END:VCALENDAR
"""
TIMES = [
    (":20261127T090000Z", ":20261127T100000Z", "2026-11-27 09:00 – 10:00 UTC"),
    (
        ";TZID=Europe/Berlin:20261127T100000",
        ";TZID=Europe/Berlin:20261127T110000",
        "2026-11-27 10:00 – 11:00 Europe/Berlin",
    ),
    (
        ";TZID=W. Europe Standard Time:20261127T100000",
        ";TZID=W. Europe Standard Time:20261127T110000",
        "2026-11-27 10:00 – 11:00 Europe/Berlin",
    ),
    (
        ';TZID="W. Europe Standard Time":20261127T100000',
        ";TZID=W. Europe Standard Time:20261127T110000",
        "2026-11-27 10:00 – 11:00 Europe/Berlin",
    ),
    (";TZID=Our own zone:20261127T100000", ";TZID=Our own zone:20261127T110000", ""),
]


def event(method: str, more: str = "", start: str = "", end: str = "", zone: str = ZONE) -> str:
    start, end = start or TIMES[0][0], end or TIMES[0][1]
    text = EVENT.format(method=method, more=more, start=start, end=end, zone=zone)
    return text.replace("\n", "\r\n")


def mailed(text: str, plain: str = "", subject: str = "Visit") -> Mail:
    message = EmailMessage(policy=SMTPUTF8)
    message["From"], message["Subject"] = "Ann Acker <ann@acme.example>", subject
    message["In-Reply-To"] = "<1@desk.example>"
    message.set_content(plain)
    method = text.partition("METHOD:")[2].partition("\r\n")[0]
    message.add_alternative(text.encode(), "text", "calendar", params={"method": method})
    return parse(message.as_bytes())


@pytest.mark.parametrize(("start", "end", "span"), TIMES)
def test_an_invitation_is_shown_with_its_time_and_place(start: str, end: str, span: str) -> None:
    zone = ZONE + ZONE.replace("W. Europe Standard Time", "Our own zone")
    mail = mailed(event("REQUEST", start=start, end=end, zone=zone))
    assert mail.kind is Kind.HUMAN
    found = mail.appointment
    assert found is not None
    assert (found.method, found.uid, found.sequence) == ("request", "visit-1", 3)
    begins = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
    assert (found.start, found.end) == (begins, begins.replace(hour=10))
    rows = mail.text.split("\n")
    assert rows[0] == "Visit by a technician"
    assert rows[1] == (span or "2026-11-27 09:00 – 10:00 UTC")
    assert rows[2] == "Room 4, second floor"
    assert mail.new_text == mail.text
    assert [a.filename for a in mail.attachments] == ["invite.ics"]


def test_a_text_of_its_own_stays() -> None:
    mail = mailed(event("REQUEST"), "Please come to us on Friday.")
    assert mail.text.strip() == "Please come to us on Friday."
    assert mail.appointment is not None


def test_a_cancellation() -> None:
    mail = mailed(event("CANCEL", "STATUS:CANCELLED\n"), subject="Canceled: Visit")
    assert (mail.kind, mail.appointment is not None) == (Kind.HUMAN, True)
    assert mail.appointment is not None
    assert mail.appointment.method == "cancel"
    assert "2026-11-27 09:00" in mail.text
    assert [a.filename for a in mail.attachments] == ["cancel.ics"]


@pytest.mark.parametrize("answer", ["ACCEPTED", "DECLINED", "TENTATIVE"])
@pytest.mark.parametrize("comment", ["", "I am\\, sadly\\, in Rome\\nthat day"])
@pytest.mark.parametrize("method", ["REPLY", "COUNTER"])
def test_h107_a_calendars_answer(answer: str, comment: str, method: str) -> None:
    more = f'ATTENDEE;PARTSTAT={answer};CN="Acker, Ann":mailto:ann@acme.example\n'
    more += f"COMMENT:{comment}\n" if comment else ""
    mail = mailed(event(method, more), subject="Declined: Visit")
    assert (mail.kind, mail.answerable) == (Kind.REACTION, False)
    found = mail.appointment
    assert found is not None
    assert found.answer is not None
    assert found.answer.answer == answer.lower()
    assert (found.answer.address.name, found.answer.address.address) == (
        "Acker, Ann",
        "ann@acme.example",
    )
    assert found.comment == ("I am, sadly, in Rome\nthat day" if comment else "")


def test_all_day_folded_lines_and_a_duration() -> None:
    text = event("REQUEST", start=";VALUE=DATE:20261127", end=";VALUE=DATE:20261128")
    found = icalendar.read(text.replace("by a technician", "by a tech\r\n nician"))
    assert found is not None
    assert (found.summary, found.start) == ("Visit by a technician", date(2026, 11, 27))
    text = event("REQUEST").replace("DTEND:20261127T100000Z", "DURATION:P1DT2H30M")
    found = icalendar.read(text)
    assert found is not None
    assert found.end == datetime(2026, 11, 28, 11, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "BEGIN:VCALENDAR\nEND:VCALENDAR",
        "no calendar at all",
        "END:VEVENT\nEND:VEVENT",
        "BEGIN:VTIMEZONE\nTZID:x\nEND:VTIMEZONE",
    ],
)
def test_what_holds_no_event_is_no_appointment(text: str) -> None:
    assert icalendar.read(text) is None


@pytest.mark.parametrize("time", ["99999999T999999Z", "", "x", "20260230", "00000101T000000Z"])
def test_an_impossible_time_is_none(time: str) -> None:
    found = icalendar.read(event("REQUEST", start=f":{time}", end=f":{time}"))
    assert found is not None
    assert found.start is None


def test_an_alarm_and_a_second_event_change_nothing() -> None:
    alarm = "BEGIN:VALARM\nSUMMARY:Wake up\nEND:VALARM\n"
    text = event("REQUEST", alarm) + event("REQUEST").replace("Visit by", "Another by")
    found = icalendar.read(text)
    assert found is not None
    assert found.summary == "Visit by a technician"
