"""Rules are safe: they end, they fail alone, they are read again, and clocks survive anything."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from maild.demo.writer import plain_text
from maild.rules.clocks import Clocks
from maild.store import clock_correction
from maild.store.records import Alert
from tests import processes
from tests.looking import every
from tests.scenario.conversation import Desk

HEAD = "extends: next7\nname: own\n"
MakeOwn = Callable[..., Desk]


@pytest.fixture
def own(make_desk: Callable[..., Desk], tmp_path: Path) -> MakeOwn:
    """Makes a desk whose profile has these rules besides those of next7."""

    def make(rules: str) -> Desk:
        folder = tmp_path / "own"
        folder.mkdir()
        (folder / "profile.yaml").write_text(HEAD)
        (folder / "rules.yaml").write_text(rules)
        return make_desk(profile=str(folder))

    return make


def alerts(desk: Desk) -> dict[str, str]:
    return {alert.key: alert.text for alert in every(desk.store, Alert, cleared=None)}


LOOP = """
- rule: Ping
  when: status changed
  if: {event.to: In Progress}
  then: [{status: Scheduled}]
- rule: Pong
  when: status changed
  if: {event.to: Scheduled}
  then: [{status: In Progress}]
"""


def test_rules_that_answer_each_other_end_and_are_named(own: MakeOwn) -> None:
    desk = own(LOOP)
    desk.ann.mail("Printer", "It burns.")
    desk.bob.reply("#status In Progress")
    (text,) = [text for key, text in alerts(desk).items() if key.startswith("rules-loop")]
    assert '"Ping" → "Pong"' in text
    assert desk.messages()[-1].state == "processed"
    changes = [e for e in desk.ticket()["events"] if e["event"] == "status changed"]
    assert len(changes) < 12
    (cut,) = [e for e in desk.ticket()["events"] if e["event"] == "rules cut short"]
    assert '"Ping" → "Pong"' in cut["detail"]["because"]


FAILS = """
- rule: Give it to somebody who is not there
  when: ticket created
  then:
    - tag: half
    - assign: Nobody Atall
- rule: A pattern that never ends
  when: ticket created
  if: {ticket.title: {matches: '^(a|a)*$'}}
  then: [{tag: slow}]
- rule: The next one
  when: ticket created
  then: [{tag: whole}]
"""


def test_a_rule_that_fails_is_undone_reported_and_skipped(own: MakeOwn) -> None:
    desk = own(FAILS)
    desk.ann.mail("a" * 60 + "!", "It burns.")
    ticket = desk.ticket()
    assert ticket["tags"] == ["whole"]
    found = alerts(desk)
    assert "rules.yaml, line 2)" in found["rule:Give it to somebody who is not there"]
    assert 'called "Nobody Atall"' in found["rule:Give it to somebody who is not there"]
    assert "0.2 seconds" in found["rule:A pattern that never ends"]
    failed = [e["detail"]["rule"] for e in ticket["events"] if e["event"] == "rule failed"]
    assert failed == ["Give it to somebody who is not there", "A pattern that never ends"]


def test_changed_files_are_read_and_broken_ones_leave_the_old_in_force(own: MakeOwn) -> None:
    desk = own("- rule: Tag\n  when: ticket created\n  then: [{tag: one}]\n")
    rules = desk.transport.app.rules  # type: ignore[attr-defined]
    file = rules.folder / "rules.yaml"
    file.write_text("- rule: Tag\n  when: ticket craeted\n  then: [{tag: two}]\n")
    assert rules.refresh(desk.store.act, desk.now) is False
    assert 'line 2: "ticket craeted" is no event; did you mean' in alerts(desk)["rules:files"]
    desk.ann.mail("Printer", "It burns.")
    assert desk.ticket()["tags"] == ["one"]
    file.write_text("- rule: Tag\n  when: ticket created\n  then: [{tag: number two}]\n")
    assert rules.refresh(desk.store.act, desk.now) is True
    assert alerts(desk) == {}
    desk.ann.mail("Another printer", "It burns.")
    assert desk.ticket()["tags"] == ["number two"]


SERIES = """
- rule: Every Monday somebody looks at the backups
  when: []
  every: monday at 9:00
  then:
    - create ticket:
        title: Look at the backups
        due: in 40 days
        set: {series: backups}
"""


def test_p7_tickets_that_come_again_every_monday(own: MakeOwn) -> None:
    desk = own(SERIES)
    desk.later(hours=1)  # a Monday, 11:00 in Berlin: the next one is in a week
    assert desk.tickets() == []
    desk.later(days=6, hours=22)  # 9:00 on the wall clock
    assert [t["title"] for t in desk.tickets()] == ["Look at the backups"]
    desk.later(days=20)  # a downtime of three Mondays is one ticket
    assert len(desk.tickets()) == 2
    assert desk.ticket()["fields"]["series"] == "backups"


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("every", ["FREQ=HOURLY;BYMINUTE=30", "day at 17:00"])
def test_h27_a_series_that_fired_by_a_clock_that_was_ahead_waits_no_day(
    own: MakeOwn, every: str, restart: bool
) -> None:
    desk = own(SERIES.replace("monday at 9:00", every))
    desk.later(minutes=1)
    desk.later(days=1)
    ahead = len(desk.tickets())
    desk.now -= timedelta(days=1)
    with desk.store.unit() as unit:
        clock_correction.tick(unit, desk.now, went_back=True)
    if restart:
        desk.transport.clocks = desk.transport.app.clocks()  # type: ignore[attr-defined]
    desk.later(minutes=1)
    assert len(desk.tickets()) == ahead  # setting it right fires nothing
    desk.later(hours=8)
    assert len(desk.tickets()) == ahead + 1


def test_p7_contacts_see_of_a_series_what_is_due_in_thirty_days(own: MakeOwn) -> None:
    desk = own(
        "- rule: In a series\n  when: ticket created\n"
        "  then: [{set: {series: backups, due: in 40 days}}]\n"
    )
    desk.ann.mail("Look at the backups", "Every month.")
    number = desk.ticket()["number"]
    desk.ann.mail("My tickets", "#list")
    assert number not in plain_text(desk.ann.received()[-1])
    desk.later(days=11)
    desk.ann.mail("My tickets again", "#list")
    assert number in plain_text(desk.ann.received()[-1])


def test_a_rule_can_merge_tickets(own: MakeOwn) -> None:
    desk = own(
        "- rule: One ticket a subject\n  when: ticket created\n"
        "  if: {mail.subject: {contains: also}}\n"
        "  then: [{merge into: '${mail.number}'}]\n"
    )
    desk.ann.mail("Printer", "It burns.")
    number = desk.ticket()["number"]
    desk.writer("Eve", "eve@home.example").mail(f"It burns here also, like {number}", "Help!")
    assert "Help!" in [note["text"] for note in desk.ticket(number)["notes"]]


def test_rules_clocks_and_savepoints_are_the_same_on_postgresql(
    make_desk: Callable[..., Desk], tmp_path: Path, postgres: str
) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "profile.yaml").write_text(HEAD.replace("next7", "runbook"))
    (folder / "rules.yaml").write_text(FAILS)
    desk = make_desk(profile=str(folder), database=postgres)
    desk.ann.mail("a" * 60 + "!", "It burns.")
    assert desk.ticket()["tags"] == ["whole"]
    assert "rule:Give it to somebody who is not there" in alerts(desk)
    desk.bob.reply(
        "#take\n#time 20m remote\n#resolution The fuse was replaced.\n"
        "#status Auto-Complete in 2 Days\n\nIt works now, I think."
    )
    desk.later(days=2)
    assert desk.ticket()["status"] == "Complete"
    assert desk.ticket()["fields"]["sla"]["name"] == "Normal"


def test_clocks_survive_another_daemon_and_fire_once(own: MakeOwn) -> None:
    desk = own("[]")
    desk.ann.mail("Printer", "It burns.")
    desk.bob.reply("#status Auto-Complete in 2 Days")
    desk.now = desk.now.replace(day=26)
    app = desk.transport.app  # type: ignore[attr-defined]
    one, two = (Clocks(desk.store, app.settings, app.rules) for _ in range(2))
    assert (one.due(desk.now), two.due(desk.now)) == (1, 0)
    assert desk.ticket()["status"] == "Complete"


# ---- the command line


def maild(desk: Desk, *arguments: str) -> subprocess.CompletedProcess[str]:
    wide = {"COLUMNS": "300", "PATH": "/usr/bin:/bin"}
    return processes.run(*arguments, "--config", str(desk.file), env=wide)


def test_rules_check_tells_every_mistake_at_once(own: MakeOwn) -> None:
    desk = own("[]")
    folder = desk.transport.app.rules.folder  # type: ignore[attr-defined]
    (folder / "rules.yaml").write_text(
        "- rule: One\n"
        "  when: note aded\n"
        "  if:\n"
        "    ticket.statsu: New\n"
        "    ticket.status: Nwe\n"
        "    ticket.title: {matchs: x}\n"
        "    ticket.due: {before: soon}\n"
        "  then:\n"
        "    - stauts: New\n"
        "    - status: Compleet\n"
        "    - notify: {to: contcat, template: acknowledgment}\n"
        '    - note: {text: "${nothing}"}\n'
        "    - notify: {to: contact, template: command-answer}\n"
        "    - create ticket: {title: x, due: soon, template: Nothing}\n"
        "    - assign: round robin of nobody\n"
        "    - withdraw: everybody\n"
        "    - digest: {what: all tickets}\n"
    )
    done = maild(desk, "rules", "check")
    assert done.returncode == 2
    said = [line.rpartition("rules.yaml, ")[2] for line in done.stderr.splitlines()]
    assert said == [
        'line 2: "note aded" is no event; did you mean note added?',
        'line 4: "ticket.statsu" is no name for a condition; did you mean ticket.status?',
        'line 5: ticket.status is never "Nwe"; did you mean New?',
        'line 6: "matchs" is no comparison; did you mean matches?',
        'line 7: "soon" is no time; write now, "in 2 days", "3 hours ago" or 2026-12-24.',
        'line 9: "stauts" is no action; did you mean status?',
        'line 10: "Compleet" is no status; did you mean Complete?',
        'line 11: "acknowledgment" is no notification; did you mean acknowledgement?',
        'line 11: "contcat" is no role, group or address; did you mean contact?',
        'line 13: "command-answer" is sent by maild itself: it tells answers, which no rule knows.',
        'line 14: "Nothing" is no ticket template; possible: New user, Leaving user, Outage.',
        'line 14: "soon" is no time; write now, "in 2 days", "3 hours ago" or 2026-12-24.',
        'line 15: "nobody" is no group; possible: provider.',
        'line 16: "everybody" is no audience; possible: contacts, resources.',
        'line 17: "all tickets" is no digest; did you mean open tickets?',
        'line 12: "nothing" is no name to fill in; ' + said[-1].partition("; ")[2],
    ]


def test_rules_list_due_try_and_apply(own: MakeOwn) -> None:
    desk = own("- rule: Tag all\n  when: ticket created\n  then: [{tag: seen}]\n")
    desk.ann.mail("Printer", "It burns.")
    desk.bob.reply("#take\n#status Waiting Customer\n\nWhich floor?")
    number = desk.ticket()["number"]
    listed = json.loads(maild(desk, "rules", "list", "--json").stdout)
    assert listed[-1]["rule"] == "Tag all"
    (due,) = json.loads(maild(desk, "rules", "due", number, "--json").stdout)
    assert (due["due"], due["ticket"]) == ("2026-12-03T09:00:00Z", number)
    assert due["what"] == "status Client No Response"
    tried = maild(desk, "rules", "try", number, "note added").stdout
    assert "stays  A note on a completed ticket reopens it" in tried
    assert "note.by_kind is resource, not contact or monitoring" in tried
    shown = maild(desk, "rules", "apply", "An answer to an open", "--to", "open")
    assert "0 tickets" in shown.stdout
    desk.ann.mail("Another", "It burns.")
    shown = maild(desk, "rules", "apply", "not say", "--to", "open")
    assert shown.returncode == 1
    shown = maild(desk, "rules", "apply", "Tag all", "--to", "open")
    assert "0 tickets" in shown.stdout


def test_rules_rehearse_shows_what_a_change_would_do(own: MakeOwn, tmp_path: Path) -> None:
    """Mail is tried on the desk, and nothing is kept or sent (E15)."""
    desk = own("[]")
    mail = tmp_path / "one.eml"
    mail.write_bytes(
        b"From: ann@acme.example\r\nTo: support@example.com\r\nSubject: Printer\r\n"
        b"Message-ID: <1@acme.example>\r\n\r\nIt burns.\r\n"
    )
    changed = tmp_path / "changed.yaml"
    changed.write_text(
        "- rule: Printers wait\n  when: ticket created\n"
        "  if: {ticket.title: {contains: printer}}\n  then: [{status: Scheduled}]\n"
    )
    done = maild(desk, "rules", "rehearse", str(mail), "--rules", str(changed))
    assert "1 mails, 1 of them end differently" in done.stdout, done.stderr
    assert "Scheduled" in done.stdout
    assert "Printers wait" in done.stdout
    assert desk.tickets() == []


def test_init_writes_a_copy_of_a_profile_to_edit(tmp_path: Path) -> None:
    processes.maild("init", "--profile", "ggit", str(tmp_path))
    assert 'profile = "ggit/"' in (tmp_path / "maild.toml").read_text()
    file = tmp_path / "ggit" / "profile.yaml"
    file.write_text(file.read_text().replace("name: ggit", "name: ours"))
    said = processes.maild("rules", "check", "--config", str(tmp_path / "maild.toml"))
    assert said.startswith("ours: 20 statuses")


def test_a_date_in_a_rules_words_is_written_as_people_read_it(own: MakeOwn) -> None:
    desk = own(
        "- rule: Say when\n  when: field changed\n  if: {event.field: due}\n"
        '  then: [{note: "It is due ${ticket.due}."}]\n'
        "- rule: Keep it\n  when: status changed\n"
        '  then: [{set: {due: "${ticket.created}"}}]\n'
    )
    desk.ann.mail("Printer", "It burns.")
    desk.bob.reply("#due 3 December")
    assert desk.ticket()["notes"][-1]["text"] == "It is due Thu, Dec 3, 2026, 5:00 PM."
    desk.bob.reply("#status In Progress")
    assert desk.ticket()["due"] == desk.ticket()["created"]  # a field takes it as it is
