"""What a customer reads who writes while nobody works, and in whose words."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from maild import config
from maild.commands import mail_commands
from maild.commands.words import vocabulary
from maild.demo.writer import plain_text
from maild.desk.profile import Profile, load_profile, shipped
from maild.i18n import Translator, names, sentence
from tests.processes import maild
from tests.scenario.conversation import Desk

MORE = '[[contact]]\nname = "Karl Berg"\nemail = "karl@berg.example"\nlanguage = "de"\n'


@pytest.mark.parametrize(
    ("moment", "back"),
    [
        (datetime(2026, 11, 23, 9, 0, tzinfo=UTC), ""),  # a Monday at ten
        (datetime(2026, 11, 23, 20, 0, tzinfo=UTC), "Tue, Nov 24, 2026, 8:00 AM"),
        (datetime(2026, 11, 27, 20, 0, tzinfo=UTC), "Mon, Nov 30, 2026, 8:00 AM"),
        (datetime(2026, 12, 24, 20, 0, tzinfo=UTC), "Mon, Dec 28, 2026, 8:00 AM"),  # holidays
    ],
)
def test_e18_it_says_when_the_desk_is_back(tmp_path: Path, moment: datetime, back: str) -> None:
    folder = tmp_path / "ours"
    folder.mkdir()
    folder.joinpath("profile.yaml").write_text(
        "extends: next7\ncalendars:\n  default:\n    hours: {mon-fri: '8:00-17:00'}\n"
        "    holidays: [DE]\n"
    )
    desk = Desk(tmp_path, profile="ours")
    desk.now = moment
    desk.ann.mail("Printer is on fire", "It smokes.")
    said = plain_text(desk.ann.received()[-1])
    assert (f"we are back on {back}" in said) if back else ("Nobody is at the desk" not in said)


def test_e18_names_are_in_the_reader_s_language(tmp_path: Path) -> None:
    desk = Desk(tmp_path, more=MORE)
    karl = desk.writer("Karl Berg", "karl@berg.example")
    desk.now = datetime(2026, 11, 28, 20, 0, tzinfo=UTC)
    karl.mail("Drucker brennt", "Es raucht.")
    said = plain_text(karl.received()[-1])
    assert "Status: Neu" in said and "wieder da" in said
    desk.ann.mail("Printer is on fire", "It smokes.")
    assert "Status: New" in plain_text(desk.ann.received()[-1])
    assert "Priority: Undetermined" in plain_text(desk.bob.received()[-1])


def test_e18_the_way_for_emergencies(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    toml = desk.file.read_text()
    desk.file.write_text(toml.replace("[desk]\n", '[desk]\nemergency = "Call +49 30 1234."\n', 1))
    mail = tmp_path / "mail.eml"
    mail.write_text("From: ann@acme.example\nTo: support@example.com\nSubject: Fire\n\nHelp!\n")
    maild("ingest", str(mail), "--now", "2026-11-28T20:00:00Z", cwd=tmp_path)
    shown = maild("templates", "preview", "acknowledgement", cwd=tmp_path)
    assert "we are back on" in shown
    assert "+49 30 1234" in str([item.data for item in desk.outbox()])


def test_conditions_go_by_the_profile_s_name(tmp_path: Path) -> None:
    folder = tmp_path / "templates" / "de"
    folder.mkdir(parents=True)
    folder.joinpath("acknowledgement.md").write_text(
        'subject: Neu\n---\n{% if ticket.status == "New" %}Er ist {{ ticket.status }}.{% endif %}\n'
    )
    folder.joinpath("names.yaml").write_text('"New": "Frisch"\n')
    desk = Desk(tmp_path, more=MORE)
    karl = desk.writer("Karl Berg", "karl@berg.example")
    karl.mail("Drucker brennt", "Es raucht.")
    assert "Er ist Frisch." in plain_text(karl.received()[-1])


PROFILES = [load_profile(shipped(name)) for name in ("next7", "ggit", "atera", "runbook")]


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_every_name_that_we_ship_has_a_german_one(profile: Profile) -> None:
    """And a status is set by it too."""
    german = names(["de"], [])
    known = {*profile.statuses, *profile.priorities, *profile.types}
    assert {name for name in known if name not in german and not name.startswith("P")} == set()
    words = mail_commands.names(
        config.Settings(config.Config(), Path("maild.toml")),
        profile,
        vocabulary(),
        (),
        datetime.now(UTC),
    )
    people = [s.name for s in profile.statuses.values() if s.set_by != "system"]
    assert {name: words.status(german[name]) for name in people} == {n: n for n in people}


def test_sentences_name_a_status_in_german() -> None:
    said = sentence("{ticket} is {status}.", ticket="T1", status="Complete")
    assert "Complete" in said and "Abgeschlossen" in Translator("de").write(said)
