"""A technician who reads German gets no English sentence from the desk."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from maild.demo.writer import Writer, plain_text
from tests.scenario.conversation import PROOF, Desk, InProcess

MakeDesk = Callable[..., Desk]
JENS = '[[resource]]\nname = "Jens Kurz"\nemail = "jens@example.com"\nlanguage = "de-AT"\n'
ENGLISH = re.compile(
    r"\b(the|is|are|not|no|of|to|your|you|and|or|there|with|until|already|did|back|"
    r"write|cannot|been|it|its|on|by|for|that|this|done|date|add|one)\b",
    re.IGNORECASE,
)


@pytest.fixture
def desk(make_desk: MakeDesk) -> Desk:
    """Ann's ticket, which Jens took."""
    return opened(make_desk())


def opened(desk: Desk) -> Desk:
    with desk.file.open("a") as file:
        file.write(JENS)
    desk.transport = InProcess(desk)  # it reads maild.toml anew
    desk.ann.mail("Drucker brennt", "Es raucht.")
    jens(desk).mail(f"[{number(desk)}] Drucker brennt", "#take")
    return desk


def jens(desk: Desk) -> Writer:
    return desk.writer("Jens Kurz", "jens@example.com", PROOF)


def number(desk: Desk) -> str:
    return str(desk.ticket()["number"])


def told(desk: Desk, asked: str) -> list[str]:
    """What Jens is answered, a sentence a command."""
    jens(desk).reply(asked)
    return answers(desk)


def answers(desk: Desk) -> list[str]:
    text = plain_text(jens(desk).received()[-1])
    found = [line.partition(" – ")[2] for line in text.splitlines() if line.startswith("- ")]
    assert found, text
    for sentence in found:
        assert not ENGLISH.search(sentence), sentence
    return found


def test_what_was_done_is_said_in_german(desk: Desk) -> None:
    ticket = number(desk)
    assert answers(desk) == [f"{ticket} ist Jens Kurz zugewiesen."]
    assert told(desk, "#status Waiting Customer\n#priority 1\n#time 45m remote\n#tag vip") == [
        f"{ticket} hat jetzt den Status Wartet auf Kunden.",
        "Priorität: „1 High“.",
        "Zeit erfasst: 45 min am Mo., 23. Nov. 2026, remote.",
        "Schlagworte: vip.",
    ]
    assert told(desk, "#status Waiting Customer") == [
        f"{ticket} hat den Status Wartet auf Kunden schon."
    ]


def test_what_was_refused_is_said_in_german_with_the_nearest(desk: Desk) -> None:
    assert told(desk, "#status Wating Customer\n#staus New\n#assign robert") == [
        "Status „Wating Customer“ gibt es nicht; meinten Sie Waiting Customer?",
        "Den Befehl „#staus“ gibt es nicht; meinten Sie #status?",
        "Techniker „robert“ gibt es nicht; möglich: Bob Tech, Dana Lead, Jens Kurz.",
    ]
    assert told(desk, "#set categry Sales\n#checklist done 3\n#status Complete now?") == [
        "Feld „categry“ gibt es nicht; meinten Sie category?",
        f"{number(desk)} hat keinen Checklistenpunkt 3. Es hat keine Checkliste.",
        "Das liest sich wie eine Frage.",
    ]


def test_dates_are_written_as_germans_write_them(desk: Desk) -> None:
    assert told(desk, "#due 2026-12-03") == [
        f"{number(desk)} ist am Do., 3. Dez. 2026, 17:00 fällig."
    ]
    assert told(desk, "#due 2026-11-01") == [
        "So., 1. Nov. 2026, 17:00 liegt in der Vergangenheit; bitte nennen Sie ein künftiges Datum."
    ]


def test_taking_back_is_told_in_german(desk: Desk) -> None:
    told(desk, "#due 2026-12-03")
    told(desk, "#due 2026-12-04\n#impact high\n#status In Progress\n#time 30m")
    assert told(desk, "#undo") == [
        "Zurückgenommen: 30 Minuten sind vom Ticket genommen; "
        "Fälligkeit wieder Do., 3. Dez. 2026, 17:00; Auswirkung wieder nicht gesetzt; "
        "Status wieder Assigned."
    ]
    assert told(desk, "#undo") == ["Das ist schon zurückgenommen."]


def test_each_reader_of_one_refusal_has_his_own_language(desk: Desk) -> None:
    said = f"{number(desk)} cannot be merged into itself."
    assert told(desk, f"#merge {number(desk)}") == [
        f"{number(desk)} kann nicht mit sich selbst zusammengelegt werden."
    ]
    desk.bob.mail(f"[{number(desk)}] Drucker brennt", f"#merge {number(desk)}")
    assert said in plain_text(desk.bob.received()[-1])
    assert [m.commands[0]["why"] for m in desk.messages()[-2:]] == [said, said]
    refused = [e for e in desk.ticket()["events"] if e["event"] == "command refused"]
    assert [e["detail"]["why"] for e in refused] == [said, said]


def test_a_note_of_the_desks_own_is_in_its_language(make_desk: MakeDesk) -> None:
    desk = make_desk()
    file = desk.file.read_text()
    desk.file.write_text(file.replace("[desk]\n", '[desk]\nlanguage = "de"\n'))
    opened(desk)
    desk.ann.reply("#urgent")
    assert desk.ticket()["notes"][-1]["text"] == "Ann sagt, dass es dringend ist."
    assert "Die Techniker wissen, dass es dringend ist." in plain_text(desk.ann.received()[-1])


def test_lists_have_german_titles(desk: Desk) -> None:
    jens(desk).mail("Liste", "#list")
    assert str(jens(desk).received()[-1]["Subject"]) == "Ihre offenen Tickets: 1"
    jens(desk).mail("Liste", "#list waiting on us")
    assert str(jens(desk).received()[-1]["Subject"]) == "Offene Tickets, die auf uns warten: 1"


def test_r11_what_closing_needs_is_said_in_german(make_desk: MakeDesk) -> None:
    desk = opened(make_desk(profile="ggit"))
    jens(desk).reply("#checklist Closing\n#set time_entries_done no")
    jens(desk).reply("#status Complete")
    refused = next(
        plain_text(mail)
        for mail in reversed(jens(desk).received())
        if "Zum Abschluss fehlt noch" in plain_text(mail)
    )
    assert "- Noch nicht erledigt: " in refused
    assert "- Die Zeiteinträge sind nicht fertig." in refused
    assert "Not done yet" not in refused


def test_g6_what_a_status_needs_is_said_in_german(make_desk: MakeDesk) -> None:
    desk = opened(make_desk(profile="ggit"))
    assert told(desk, "#status Deferred") == [
        f"{number(desk)} kann den Status „Zurückgestellt“ noch nicht bekommen. Es fehlt ein "
        "Fälligkeitsdatum in der Zukunft (ergänzen Sie eines, wie `#due 2026-12-03` oder "
        "`bis 3. Dezember`)."
    ]


def test_h41_whether_it_was_he_is_asked_in_german(desk: Desk) -> None:
    forger = desk.writer("Jens Kurz", "jens@example.com")
    forger.mail(f"[{number(desk)}] Drucker brennt", "#resolve")
    asked = " ".join(plain_text(jens(desk).received()[-1]).split())
    assert (
        "Noch ist nichts geschehen: Die Mail enthält kein Feld Authentication-Results von "
        "mx.example.com; was zählt, ist eine Antwort auf eine Mail von uns oder eine bestandene "
        "DMARC-Prüfung Ihres eigenen Mailservers."
    ) in asked
    forger.mail(f"[{number(desk)}] Drucker brennt", "Ich komme morgen.")
    assert "- diese Nachricht an die Beteiligten des Tickets weiterleiten" in plain_text(
        jens(desk).received()[-1]
    )
