"""Appointments: booked by a scheduler's mail or a technician's, told with an .ics."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from maild.demo.writer import Writer, plain_text
from maild.desk import items
from maild.desk.item_kinds import KINDS
from maild.model import Appointment
from maild.parse import icalendar
from tests.scenario.conversation import Desk
from tests.scenario.test_commands import opened

MakeDesk = Callable[..., Desk]

ICS = """BEGIN:VCALENDAR\r
METHOD:{method}\r
BEGIN:VEVENT\r
UID:{uid}\r
SEQUENCE:{sequence}\r
DTSTART:{start}\r
DTEND:{end}\r
SUMMARY:Printer visit\r
LOCATION:{place}\r
END:VEVENT\r
END:VCALENDAR\r
"""
NINE = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)


@pytest.fixture
def desk(make_desk: MakeDesk) -> Desk:
    more = '[[contact]]\nname = "Nana"\nemail = "nana@acme.example"\ntimezone = "Asia/Tokyo"\n'
    desk = make_desk(profile="ggit", more=more)
    desk.ann.mail("Printer is on fire", "It burns.")
    desk.bob.reply("#take")
    return desk


def invite(
    method: str = "REQUEST", hour: int = 9, uid: str = "tz-1", place: str = "Main Street 5"
) -> bytes:
    start, end = f"20261201T{hour:02}0000Z", f"20261201T{hour:02}3000Z"
    text = ICS.format(method=method, uid=uid, sequence=hour, start=start, end=end, place=place)
    return text.encode()


def with_calendar(writer: Writer, subject: str, text: str, ics: bytes, **headers: str) -> None:
    """A mail with a calendar part, as calendars send them."""
    kind = 'multipart/mixed; boundary="b"'
    method = ics.split(b"METHOD:")[1].split(b"\r")[0].decode()
    body = (
        f"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
        f"--b\r\nContent-Type: text/calendar; method={method}; charset=utf-8\r\n\r\n"
        f"{ics.decode()}\r\n--b--\r\n"
    )
    fields = {
        "From": f"{writer.name} <{writer.address}>",
        "To": "support@example.com",
        "Subject": subject,
        "Message-ID": f"<{hash((subject, text, ics, headers.get('Date')))}@{writer.address}>",
        "MIME-Version": "1.0",
        "Content-Type": kind,
        **writer.headers,
        **headers,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    writer.send((head + "\r\n" + body).encode())


def calls(desk: Desk) -> list[dict[str, Any]]:
    with desk.store.look() as unit:
        kind = KINDS["service call"]
        return [items.plain(unit, kind, record) for _, record in items.listed(unit, kind)]


def parts(mail: EmailMessage, content_type: str) -> list[EmailMessage]:
    return [p for p in mail.walk() if p.get_content_type() == content_type]


def said(mail: EmailMessage) -> Appointment:
    """What the calendar part of a mail says, which is also its file."""
    (shown,), (file,) = parts(mail, "text/calendar"), parts(mail, "application/ics")
    octets = file.get_payload(decode=True)
    assert isinstance(octets, bytes)
    assert octets == shown.get_payload(decode=True)
    assert all(len(line) <= 75 for line in octets.split(b"\r\n"))
    found = icalendar.read(octets.decode())
    assert found is not None and shown.get_param("method") == found.method.upper()
    return found


def test_g4_g10_a_schedulers_mails_make_move_and_cancel_the_service_call(desk: Desk) -> None:
    number = desk.ticket()["number"]
    tool = desk.writer("TimeZest", "no-reply@timezest.example")
    with_calendar(tool, f"Appointment booked: {number}", "Booked.", invite())
    ticket = desk.ticket()
    assert ticket["status"] == "Scheduled"
    assert datetime.fromisoformat(ticket["fields"]["service_call"]) == NINE
    (call,) = calls(desk)
    assert (call["name"], call["status"], call["place"]) == (
        f"{number} 1", "planned", "Main Street 5",
    )  # fmt: skip
    assert call["resources"] == ["bob@example.com"]
    first = said(desk.ann.received()[-1])
    assert (first.method, first.start, first.place, first.sequence) == (
        "request", NINE, "Main Street 5", 0,
    )  # fmt: skip
    assert first.zone == "Europe/Berlin"
    # Moved: the same call, the same id, a higher sequence.
    with_calendar(tool, f"Appointment rescheduled: {number}", "Moved.", invite(hour=14))
    (call,) = calls(desk)
    assert datetime.fromisoformat(call["start"]) == NINE.replace(hour=14)
    moved = said(desk.ann.received()[-1])
    assert (moved.uid, moved.sequence, moved.start) == (first.uid, 1, NINE.replace(hour=14))
    assert "has been moved" in plain_text(desk.ann.received()[-1])
    # Cancelled.
    with_calendar(tool, f"Appointment cancelled: {number}", "Sorry.", invite("CANCEL", 14))
    assert desk.ticket()["fields"]["service_call"] is None
    assert desk.ticket()["status"] == "Note Emailed In"
    assert calls(desk)[0]["status"] == "cancelled"
    gone = said(desk.ann.received()[-1])
    assert (gone.method, gone.uid, gone.sequence) == ("cancel", first.uid, 2)
    assert len(desk.tickets()) == 1


@pytest.mark.parametrize(
    ("text", "start", "end", "place"),
    [
        ("When: Tuesday, December 1, 2026 10:00 AM", (9, 0), None, None),
        ("Time: 2026-12-01 10:00 - 10:45\nWhere: Main Street 5", (9, 0), (9, 45), "Main Street 5"),
        ("Date and time: 1 December 2026 10:00 AM - 11 AM (Europe/London)\n\nLocation: by phone",
         (10, 0), (11, 0), "by phone"),
    ],
)  # fmt: skip
def test_g4_without_an_invitation_the_rules_pattern_reads_the_time(
    desk: Desk, text: str, start: tuple[int, int], end: tuple[int, int] | None, place: str | None
) -> None:
    number = desk.ticket()["number"]
    tool = desk.writer("TimeZest", "no-reply@timezest.example")
    tool.mail(f"Appointment booked: {number}", f"Hello,\n\n{text}\n\nBye")
    (call,) = calls(desk)
    found = datetime.fromisoformat(call["start"]).astimezone(UTC)
    assert (found.day, found.hour, found.minute) == (1, *start)
    ends = datetime.fromisoformat(call["end"]).astimezone(UTC) if call["end"] else None
    assert (ends and (ends.hour, ends.minute)) == end
    assert call["place"] == place


def test_g4_a_time_that_cannot_be_read_is_said(desk: Desk) -> None:
    number = desk.ticket()["number"]
    tool = desk.writer("TimeZest", "no-reply@timezest.example")
    tool.mail(f"Appointment booked: {number}", "See you soon.")
    ticket = desk.ticket()
    assert ticket["status"] == "Scheduled" and calls(desk) == []
    assert "could not be read" in ticket["notes"][-1]["text"] and not ticket["notes"][-1]["public"]


def test_g10_a_technician_makes_moves_undoes_and_cancels(desk: Desk) -> None:
    desk.bob.reply("#schedule 2026-12-03 10:00\n#set location Room 7")
    first = said(desk.ann.received()[-1])
    assert (first.method, first.start) == ("request", datetime(2026, 12, 3, 9, 0, tzinfo=UTC))
    desk.bob.reply("#schedule 2026-12-04 11:00")
    assert said(desk.ann.received()[-1]).sequence == 1
    desk.bob.reply("#undo")
    assert datetime.fromisoformat(calls(desk)[0]["start"]) == first.start
    with_ics = [mail for mail in desk.ann.received() if parts(mail, "text/calendar")]
    assert said(with_ics[-1]).sequence == 2  # beside the word that it was taken back
    desk.bob.reply("#schedule none")
    assert "is cancelled" in plain_text(desk.bob.received()[-1])
    assert said(desk.ann.received()[-1]).method == "cancel"
    assert desk.ticket()["fields"]["service_call"] is None
    desk.bob.reply("#schedule none")
    assert "has no appointment" in plain_text(desk.bob.received()[-1])
    # A second one, by a record: the ticket shows the next of them.
    number = desk.ticket()["number"]
    desk.bob.reply(f"#record service call Visit: ticket {number}; start 2026-12-08 09:00")
    assert desk.ticket()["fields"]["service_call"].startswith("2026-12-08T09:00")
    desk.bob.reply("#record service call Visit: status done")
    assert desk.ticket()["fields"]["service_call"] is None


def test_g10_the_ics_is_in_the_readers_zone(desk: Desk) -> None:
    desk.bob.reply("#cc nana@acme.example\n#schedule 2026-12-03 10:00")
    nana = desk.writer("Nana", "nana@acme.example").received()[-1]
    assert said(nana).zone == "Asia/Tokyo"
    assert "20261203T180000" in str(parts(nana, "application/ics")[0].get_payload(decode=True))


def test_g13_a_missed_appointment_is_missed_in_the_books_and_one_without_is_said_in_words(
    desk: Desk,
) -> None:
    desk.bob.reply("#schedule 2026-11-24 10:00")
    desk.later(days=2)
    desk.bob.reply("#status No-Show: Remote Customer")
    mail = desk.ann.received()[-1]
    assert said(mail).method == "cancel" and "appointment on " in plain_text(mail)
    assert calls(desk)[0]["status"] == "missed"
    desk.ann.mail("Another", "The mouse too.")
    desk.bob.reply("#take")
    desk.bob.reply("", subject="Re: Another is no-show")
    mail = desk.ann.received()[-1]
    assert "could not reach you for the appointment, so" in plain_text(mail)
    assert "None" not in plain_text(mail) and not parts(mail, "text/calendar")


@pytest.mark.parametrize(
    ("method", "text", "word"),
    [("REQUEST", "", "Invitation"), ("REQUEST", "Please come.", "Invitation"),
     ("CANCEL", "", "Appointment cancelled")],
)  # fmt: skip
def test_g10_a_contacts_own_invitation_is_shown_with_time_and_place(
    desk: Desk, method: str, text: str, word: str
) -> None:
    number = desk.ticket()["number"]
    with_calendar(desk.ann, f"Re: [{number}] Visit", text, invite(method, uid="ann-1"))
    note = desk.ticket()["notes"][-1]
    assert note["by"] == "Ann"
    assert f"{word}: " in note["text"] and "10:00" in note["text"]
    assert "2026" in note["text"] and "Main Street 5" in note["text"]
    assert text in note["text"]
    assert calls(desk) == []  # what we agree to is for a technician to say


@pytest.mark.parametrize("profile", ["next7", "ggit", "atera", "runbook"])
def test_g10_every_profile_tells_an_appointment_its_move_and_its_end(
    make_desk: MakeDesk, profile: str
) -> None:
    desk = make_desk(profile=profile)
    desk.ann.mail("Printer is on fire", "It burns.")
    desk.bob.reply("#take\n#cc eve@acme.example")
    eve = desk.writer("Eve", "eve@acme.example")

    def told(words: str) -> list[str]:
        """What both of them are told of it, the same and once."""
        before = len(desk.ann.received()), len(eve.received())
        desk.bob.reply(words)
        new = desk.ann.received()[before[0] :], eve.received()[before[1] :]
        methods = [[said(mail).method for mail in mails] for mails in new]
        assert methods[0] == methods[1]
        return [plain_text(mail) for mail in new[0]]

    (made,) = told("#schedule 2026-12-03 10:00")
    assert "is confirmed" in made and "Dec 3, 2026, 10:00" in made
    assert "Dec 3, 2026" in plain_text(desk.bob.received()[-1])
    (moved,) = told("#schedule 2026-12-04 11:00")
    assert "has been moved" in moved and "Dec 4, 2026, 11:00" in moved
    (cancelled,) = told("#schedule none")
    assert "is cancelled" in cancelled and "Dec 4" in cancelled
    # One that came about is cancelled by nobody, whoever writes it down and when.
    assert len(told("#schedule 2026-12-07 10:00")) == 1
    desk.later(days=20)
    assert ["is confirmed" in text for text in told("#schedule 2026-12-15 10:00")] == [True]
    call = calls(desk)[-1]["name"]
    assert told(f"#record service call {call}: status done") == []
    assert desk.ticket()["fields"]["service_call"] is None


# What follows #schedule on Monday, 23 November 2026, 10:00 in Berlin; start and end there.
SPANS = (
    ("2026-12-03 14:00", "2026-12-03T14:00", None),
    ("2026-12-03 14:00-15:30", "2026-12-03T14:00", "2026-12-03T15:30"),
    ("2026-12-03 9:00 - 10", "2026-12-03T09:00", "2026-12-03T10:00"),
    ("friday 2-3:30 pm", "2026-11-27T14:00", "2026-11-27T15:30"),
    ("tomorrow 11 am to 1 pm", "2026-11-24T11:00", "2026-11-24T13:00"),
    ("morgen 14 bis 15 Uhr", "2026-11-24T14:00", "2026-11-24T15:00"),
    ("3 December 23:00-1:00", "2026-12-03T23:00", "2026-12-04T01:00"),
    ("2026-12-03T14:00-05:00", "2026-12-03T20:00", None),
)


def test_g10_an_appointment_has_an_end_where_one_is_written(desk: Desk) -> None:
    zone = ZoneInfo("Europe/Berlin")
    for text, start, end in SPANS:
        desk.bob.reply(f"#schedule {text}")
        (call,) = [c for c in calls(desk) if c["status"] == "planned"]
        found = [
            datetime.fromisoformat(call[name]).astimezone(zone).isoformat()[:16]
            if call[name]
            else None
            for name in ("start", "end")
        ]
        assert found == [start, end], text
        desk.bob.reply("#schedule none")


@pytest.mark.parametrize("profile", ["next7", "ggit", "atera"])
def test_g10_of_two_appointments_the_one_is_told_that_it_is_about(
    make_desk: MakeDesk, profile: str
) -> None:
    desk = make_desk(profile=profile)
    desk.ann.mail("Printer is on fire", "It burns.")
    desk.bob.reply("#take\n#schedule 2030-12-03 14:00-15:00")
    first = said(desk.ann.received()[-1])
    number = desk.ticket()["number"]
    second = f"#record service call {number} more: ticket {number}; start 2030-12-05 10:00"
    for text, method, day, sequence in (
        (second, "request", 5, 0),
        (f"{second}; place Annex", "request", 5, 1),
        ("#schedule none", "cancel", 3, 1),
        (f"#record service call {number} more: status cancelled", "cancel", 5, 2),
    ):
        count = len(desk.ann.received())
        desk.bob.reply(text)
        assert len(desk.ann.received()) == count + 1, text
        told = said(desk.ann.received()[-1])
        assert told.start is not None
        assert (told.method, told.start.day, told.sequence) == (method, day, sequence), text
        assert (told.uid == first.uid) == (day == 3), text
    count = len(desk.ann.received())
    desk.bob.reply("#schedule 2030-12-06 9:00")
    desk.bob.reply(f"#record service call {number} more: status done")
    assert len(desk.ann.received()) == count + 1  # what is over is told to nobody


def test_n17_an_appointment_in_another_zone_is_compared_as_the_moment_that_it_is(
    make_desk: MakeDesk,
) -> None:
    desk = opened(make_desk)
    visit = f"#record service call Visit: ticket {desk.ticket()['number']}; start {{}}; end {{}}"
    desk.bob.reply(visit.format("2030-12-03T14:00-05:00", "2030-12-03T19:30Z"))
    assert desk.messages()[-1].commands[0]["done"], desk.messages()[-1].commands
    fields = desk.ticket()["fields"]
    assert fields["service_call"] == "2030-12-03T20:00:00+01:00"
    assert fields["service_call_end"] == "2030-12-03T20:30:00+01:00"
    desk.bob.reply(visit.format("2030-12-03T14:00-05:00", "2030-12-03T19:45+01:00"))
    assert "before it begins" in desk.messages()[-1].commands[0]["why"]


def test_g10_an_end_before_the_start_is_a_slip_unless_it_is_a_night(make_desk: MakeDesk) -> None:
    desk = opened(make_desk)
    for text, why in (
        ("15:00-14:00", "more than twelve hours"),
        ("9:45-9:00", "more than twelve hours"),
        ("22:00-2:00", ""),
        ("9:00-21:00", ""),
    ):
        desk.bob.reply(f"#schedule 2030-12-03 {text}")
        (command,) = desk.messages()[-1].commands
        assert (command["done"], why in command["why"]) == (not why, True), command
