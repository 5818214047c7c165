"""A day of an admin at the terminal: texts, words, rules, each tried before it counts."""

from __future__ import annotations

import os
from pathlib import Path

from maild.demo.writer import plain_text
from tests.processes import maild, run
from tests.scenario.conversation import Desk


def test_e12_e15_an_admins_day_at_the_terminal(tmp_path: Path) -> None:
    desk = Desk(tmp_path)

    def admin(*words: str, editor: str = "true", status: int = 0) -> str:
        return maild(*words, status=status, cwd=tmp_path, env={**os.environ, "EDITOR": editor})

    desk.ann.mail("Printer is on fire", "It smokes.")
    desk.bob.reply("Which floor is it on?")

    # A text: edited with a mistake, mended, looked at, taken back.
    said = admin(
        "templates", "edit", "complete", editor="sed -i s/first_name/frist_name/", status=2
    )
    assert "did you mean" in said and "Your text is kept" in said
    mended = "sed -i -e s/frist_name/first_name/ -e s/Hello/Dear/"
    assert "is in force" in admin("templates", "edit", "complete", editor=mended)
    assert "Dear Ann" in admin("templates", "preview", "complete")
    assert "+1 -1: Dear" in admin("templates", "history", "complete")
    assert "shipped" in admin("templates", "rollback", "complete")
    admin("templates", "rollback", "complete")
    assert "Dear Ann" in admin("templates", "preview", "complete")
    assert "0 wrong" in admin("templates", "check").replace("nothing wrong", "0 wrong")

    # A language, a canned reply, words for commands: what is wrong is said with an example.
    assert "templates" in admin("templates", "new-language", "fr")
    (tmp_path / "replies" / "en").mkdir(parents=True)
    (tmp_path / "replies" / "en" / "floor.md").write_text("Thank you, {{ contact.first_name }}.")
    phrases = tmp_path / "commands" / "phrases" / "en.yaml"
    phrases.parent.mkdir(parents=True)
    phrases.write_text("phrases:\n  - {command: defer}\n")
    said = admin("check", status=2)
    assert "en.yaml, line 2" in said and "{say: is parked until {date}, command: defer}" in said
    phrases.write_text("phrases:\n  - {say: is parked until {date}, command: defer}\n")
    phrases.write_text("phrases:\n  - {say: 'is parked until {date}', command: defer}\n")
    assert "1 canned replies" in run("check", cwd=tmp_path).stdout

    # Rules: read in words, and a change rehearsed on the mail that the desk has.
    listed = admin("rules", "list")
    assert "note.by_kind" in listed and "template" in listed
    changed = tmp_path / "more.yaml"
    changed.write_text(
        "- rule: Fires are critical\n  when: ticket created\n"
        "  if: {ticket.title: {contains: fire}}\n"
        "  then:\n    - set: {priority: 0 Critical}\n"
        "    - notify: {to: lead@example.com, template: new-ticket}\n"
    )
    said = admin("rules", "rehearse", "--rules", str(changed))
    assert "1 of them end differently. Nothing was kept or sent." in said
    assert "priority: Undetermined → 0 Critical" in said
    assert "told: + lead@example.com (new-ticket)" in said and "+ Fires are critical" in said
    assert len(desk.tickets()) == 1 and desk.tickets()[0]["priority"] == "Undetermined"

    # And the desk goes on.
    desk.bob.reply("#reply floor")
    assert "Thank you, Ann." in plain_text(desk.ann.received()[-1])
