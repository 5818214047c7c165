"""A profile whose names are all its own works with every command: none stands in the code."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from maild.commands.execute import ACTS
from maild.commands.words import vocabulary
from maild.desk.profile import Profile, load_profile, shipped
from tests.scenario.conversation import Desk
from tests.scenario.test_two_desks import partner

GERMAN = {
    # statuses
    "New": "Neu",
    "Assigned": "Zugewiesen",
    "In Progress": "In Arbeit",
    "Scheduled": "Eingeplant",
    "Waiting Internal Review": "Interne Prüfung",
    "Waiting Materials": "Wartet auf Teile",
    "Waiting Customer": "Wartet auf Rückfrage",
    "Waiting Vendor": "Wartet auf Hersteller",
    "Vendor No Response": "Hersteller schweigt",
    "Client No Response": "Kunde schweigt",
    "Feedback Received": "Rückmeldung",
    "Ticket Reopened": "Wieder offen",
    "Auto-Resolved": "Von selbst gelöst",
    "Auto-Complete in 2 Days": "Schließt in 2 Tagen",
    "Complete": "Erledigt",
    # priorities
    "Undetermined": "Unbestimmt",
    "0 Critical": "0 Kritisch",
    "1 High": "1 Hoch",
    "2 Medium High": "2 Eher hoch",
    "3 Medium": "3 Mittel",
    "4 Medium Low": "4 Eher niedrig",
    "5 Low": "5 Niedrig",
    # types
    "Service Request": "Anfrage",
    "Alert": "Alarm",
    "Change Request": "Änderungswunsch",
    "Problem": "Ursache",
    "Incident": "Störung",
    # queues
    "Co-managed": "Gemeinsam",
    "Service Provider": "Dienstleister",
    "Client Portal": "Portal",
}
PACK = """
Kontext: Acme, Hamburg
Zeitpunkt und Häufigkeit: seit neun
Belege: https://logs.example.com/4711
Versucht: neuer Toner
Vermutung und Frage: Der Trafo. Gibt es einen?
"""
MORE = """
deferred_status: Schlummert
statuses: [{name: Schlummert, kind: waiting, needs: [due]}]
sides: {client: Der Kunde, provider: Der Dienstleister}
escalation_title: ESKALATION
shared_done_note: Mein Teil ist fertig.
views: {offen: {title: Was offen ist, kinds: [new, working]}}
templates: {Übergabe: {queue: Dienstleister, tags: [übergabe]}}
checklists: {Abschluss: [Kunde anrufen, Dokumentieren]}
categories: [Vertrieb]
issue_types: {Netzwerk: [VPN]}
"""


def translated(name: str, names: dict[str, str]) -> Iterator[tuple[str, str]]:
    """The shipped files of a profile with other names, as (file, text)."""

    def other(value: Any) -> Any:
        if isinstance(value, dict):
            return {other(key): other(entry) for key, entry in value.items()}
        if isinstance(value, list):
            return [other(entry) for entry in value]
        return names.get(value, value) if isinstance(value, str) else value

    for file in ("profile.yaml", "rules.yaml"):
        data = yaml.safe_load((shipped(name) / file).read_text("utf-8"))
        yield file, yaml.safe_dump(other(data), allow_unicode=True, sort_keys=False)


def strange(profile: Profile) -> dict[str, str]:
    """Other names for all that a profile names: nobody can know them beforehand."""
    known = [*profile.statuses, *profile.priorities, *profile.types, *profile.queues]
    return {name: f"Q{number} {'xyzw'[number % 4] * 3}" for number, name in enumerate(known)}


def make(folder: Path, name: str, names: dict[str, str], more: str = "") -> Path:
    folder.mkdir()
    for file, text in translated(name, names):
        (folder / file).write_text(text, "utf-8")
    if not more:
        return folder
    above = folder.parent / "above"
    above.mkdir()
    (above / "profile.yaml").write_text(f"extends: ../{folder.name}\nname: above\n{more}", "utf-8")
    return above


MakeDesk = Callable[..., Desk]


def done(desk: Desk) -> dict[str, bool]:
    """What the last mail asked for, and whether it was done."""
    return {c["command"]: c["done"] for c in desk.messages()[-1].commands}


def ask(desk: Desk, text: str) -> None:
    """Bob asks; all of it must be done."""
    desk.bob.reply(text)
    results = done(desk)
    asked = [line for line in text.split("\n") if line.startswith("#")]
    assert len(results) >= len(asked), (text, desk.messages()[-1].error)
    assert all(results.values()), [c["why"] for c in desk.messages()[-1].commands]


def test_no_name_of_the_table_is_left(tmp_path: Path) -> None:
    folder = make(tmp_path / "german", "next7", GERMAN)
    written = "\n".join(file.read_text("utf-8") for file in folder.glob("*.yaml"))
    values = {line.strip(" -").partition(": ")[2] or line.strip(" -") for line in
              written.split("\n")}  # fmt: skip
    assert not values & set(GERMAN)
    profile = load_profile(folder)
    named = {*profile.statuses, *profile.priorities, *profile.types, *profile.queues}
    assert named == set(GERMAN.values())


def test_a_german_profile_works_with_every_command(make_desk: MakeDesk, tmp_path: Path) -> None:
    folder = make(tmp_path / "german", "next7", GERMAN, MORE)
    desk = make_desk(profile=str(folder), more=partner("Kollegen", "hilfe@kollegen.example"))
    desk.ann.mail("Drucker brennt", "Er raucht.")
    first = desk.ticket()
    assert (first["status"], first["priority"], first["queue"]) == (
        "Neu",
        "Unbestimmt",
        "Gemeinsam",
    )
    number = first["number"]

    ask(desk, "#take\n#also dana")
    assert desk.ticket()["status"] == "Zugewiesen"  # N2, by the translated rule
    ask(desk, "#priority hoch\n#type störung\n#queue dienst\n#issue netzwerk/vpn\n#title Er brennt")
    ask(desk, "#impact hoch\n#urgency hoch\n#tag vip alt\n#untag alt\n#set category vertrieb")
    ticket = desk.ticket()
    assert (ticket["priority"], ticket["type"]) == ("0 Kritisch", "Störung")  # R5, by the matrix
    assert (ticket["queue"], ticket["tags"]) == ("Dienstleister", ["vip"])

    ask(desk, "#status wartet auf rückfrage\n\nWelche Etage?")
    desk.ann.reply("Die zweite.")
    assert desk.ticket()["status"] == "Rückmeldung"  # N5
    ask(desk, "#defer 2026-12-03")
    assert desk.ticket()["status"] == "Schlummert"
    ask(desk, "#schedule 2026-12-04 14:00\n#due 2026-12-05\n#remind monday")
    assert desk.ticket()["status"] == "Eingeplant"
    ask(desk, "#for ann@acme.example\n#source phone\n#set Ort 2. Stock")
    ask(desk, "#record article Brand: text Stecker ziehen\n#article brand")
    ask(desk, "#worklist")
    ask(desk, "#clock start")
    ask(desk, "#clock stop")
    ask(desk, "#time 45m remote Log gelesen\n#worktype vor ort\n#worknote ohne Vertrag")
    ask(desk, "#notetitle Was der Hersteller sagt\n\nDie Platine ist alt.")
    ask(desk, "#internal nur für uns")
    ask(desk, "#reply Bitte schalten Sie ihn aus.")
    ask(desk, "#unalso dana")
    ask(desk, "#cc carl@acme.example")
    ask(desk, "#uncc carl@acme.example")
    ask(desk, "#template übergabe\n#checklist abschluss\n#resolution Neuer Toner.")
    ask(desk, "#checklist erledigt 1\n#checklist dazu Rechnung schreiben\n#checklist offen 1")
    assert [i["done"] for i in desk.ticket()["fields"]["checklist"]] == [False] * 3
    ask(desk, "#set category nichts\n#parent keine\n#timesheet letzte woche")
    ask(desk, f"#escalate Dienstleister\n\n{PACK}")
    assert desk.ticket()["notes"][-1]["title"] == "ESKALATION"
    ask(desk, "#transfer Dienstleister")
    ask(desk, "#transfer der kunde")
    ask(desk, "#share Gemeinsam dana\n\nBitte die Verkabelung prüfen.")
    assert desk.ticket(side="provider")["status"] == "Zugewiesen"
    ask(desk, "#question\n\nWelche Dose?")
    ask(desk, "#both\n\nDie Dose steht im Plan.")
    ask(desk, "#mydone")
    assert desk.ticket()["notes"][-1]["text"] == "Mein Teil ist fertig."
    assert desk.ticket(side="provider")["status"] == "Interne Prüfung"
    ask(desk, "#list offen\n#search toner\n#show\n#form\n#timesheet\n#help")
    assert "Was offen ist: 1" in [mail["Subject"] for mail in desk.bob.received()[-7:]]

    desk.ann.mail("Scanner auch", "Er summt.")
    other = desk.ticket()["number"]
    ask(desk, f"#link {number}\n#parent {number}")
    assert desk.ticket(other)["type"] == "Störung"  # N13
    ask(desk, "#take")
    desk.ann.reply("Und der Toner ist leer.")
    ask(desk, "#split Toner")
    assert (desk.ticket()["title"], desk.ticket()["status"]) == (
        "Toner",
        "Zugewiesen",
    )  # A4: who splits holds it
    ask(desk, f"#merge {number}")
    ask(desk, "#undo")

    desk.ann.mail("Werbung", "Kaufen Sie!")
    ask(desk, "#spam")
    ask(desk, "#notspam")
    desk.ann.mail("Noch eine", "Kaufen Sie!")
    ask(desk, "#delete")

    desk.ann.mail("Maus klemmt", "Sie klemmt.")
    ask(desk, "#assign bob")
    ask(desk, "#share Kollegen\n\nBitte bringen Sie eine neue Maus.")
    ask(desk, "#partner\n\nEine mit Kabel.")
    ask(desk, "#notify dana\n\nBitte ansehen.")
    ask(desk, "#away bis Montag dana")
    ask(desk, "#away off")
    ask(desk, "#resolve Gereinigt.")
    assert desk.ticket()["status"] == "Erledigt"
    desk.ann.reply("Sie klemmt wieder.")
    assert desk.ticket()["status"] == "Wieder offen"  # N6
    ask(desk, "#complete")
    desk.ann.reply("#signoff")
    assert desk.ticket()["status"] == "Erledigt"
    desk.ann.reply("#urgent")
    desk.ann.reply("#stop")
    assert all(done(desk).values())


@pytest.mark.parametrize("name", ["next7", "ggit", "atera"])
@pytest.mark.parametrize("phrase", ["status", "status closed", "defer", "schedule", "resolve"])
def test_names_that_nobody_knows_beforehand_do(
    make_desk: MakeDesk, tmp_path: Path, name: str, phrase: str
) -> None:
    """Each profile under names that stand nowhere else: what commands set is what it says."""
    base = load_profile(shipped(name))
    names = strange(base)
    folder = make(tmp_path / "strange", name, names)
    profile = load_profile(folder)
    desk = make_desk(profile=str(folder))
    desk.ann.mail("Printer is on fire", "It smokes.")
    desk.bob.reply("#take")
    words = {
        "status": (f"#status {_settable(profile)}", _settable(profile)),
        "status closed": ("#status closed", profile.complete_status),
        "defer": ("#defer 2026-12-03", profile.deferred_status),
        "schedule": ("#schedule 2026-12-03", profile.scheduled_status),
        "resolve": ("#resolve", profile.resolved_status),
    }
    text, wanted = words[phrase]
    before = desk.ticket()["status"]
    desk.bob.reply(text)
    assert desk.ticket()["status"] == (wanted or before)
    if phrase == "schedule":
        assert desk.ticket()["fields"]["service_call"].startswith("2026-12-03")


def _settable(profile: Profile) -> str:
    """A status that a person may set without more ado, and that no mail sets by itself."""
    return next(
        status.name
        for status in profile.statuses.values()
        if status.kind == "waiting" and status.set_by == "people" and not status.needs
    )


def test_the_conversation_above_has_every_command() -> None:
    text = Path(__file__).read_text("utf-8")
    assert set(ACTS) == set(vocabulary().commands)
    lacking = [name for name in ACTS if f"#{name}" not in text]
    assert lacking == []
