"""A broken file stops nothing, after a restart either: what was good last stays in force."""

from __future__ import annotations

import os
import re
import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from maild.app import App, open_app
from maild.cli import app as cli
from maild.cli.database import open_desk
from maild.desk.alerts import text_of
from maild.desk.profile import shipped
from maild.errors import UsageError
from maild.i18n import Translator
from maild.store import asking
from maild.templates.source import SHIPPED as SHIPPED_TEMPLATES
from maild.templates.source import Library

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
RULE = """
- rule: Say hello
  when: ticket created
  then:
    - note: {text: "%s", public: no}
"""
BROKEN = {
    "rules.yaml": ["- rule: x\n  when: never heard of\n", "- [", "\t", "rule: no list\n"],
    "profile.yaml": ["extends: next7\nstatuses: 7\n", "{", "extends: nothing\n", "\x00"],
}


def _desk(folder: Path) -> Path:
    (folder / "mine").mkdir()
    (folder / "base").mkdir()
    shutil.copytree(shipped("next7"), folder / "base", dirs_exist_ok=True)
    (folder / "mine" / "profile.yaml").write_text("name: mine\nextends: ../base\n")
    (folder / "mine" / "rules.yaml").write_text(RULE % "hello")
    file = folder / "maild.toml"
    file.write_text('profile = "mine"\n')
    return file


def _texts(app: App) -> list[str]:
    """What our rule says."""
    return [
        str(step.argument["text"])
        for rule in app.rules.rules
        if rule.name == "Say hello"
        for step in rule.steps
    ]


def _alerts(app: App) -> list[tuple[str, bool]]:
    with app.store.look() as unit:
        return [(a.text, a.cleared is not None) for a in asking.alerts.every(unit)]


@pytest.mark.parametrize(
    ("name", "text"), [(name, text) for name, texts in BROKEN.items() for text in texts]
)
@pytest.mark.parametrize("where", ["mine", "base"])
def test_after_a_restart_the_last_good_rules_are_in_force(
    tmp_path: Path, where: str, name: str, text: str
) -> None:
    file = _desk(tmp_path)
    open_app(file, now=NOW).close()
    place = tmp_path / where / name
    good = place.read_text()
    place.write_text(text)

    app = open_app(file, now=NOW + timedelta(hours=1), upgrade=True)
    assert _texts(app) == ["hello"]
    assert app.profile.folder == tmp_path / "mine"
    ((said, over),) = _alerts(app)
    assert ("the old ones stay in force" in said, ".yaml" in said, over) == (True, True, False)
    assert app.rules.refresh(app.store.act, NOW) is False, "nothing has changed since"
    app.close()

    looking = open_app(file, look=True)
    assert _texts(looking) == ["hello"]
    looking.close()
    store, profile = open_desk(file)
    assert profile.statuses == app.profile.statuses
    store.close()

    app = open_app(file, now=NOW + timedelta(hours=2), upgrade=True)
    place.write_text(good)
    assert app.rules.refresh(app.store.act, NOW + timedelta(hours=3)) is True
    assert [over for _, over in _alerts(app)] == [True]
    app.close()


def test_what_is_mended_while_nobody_runs_ends_the_alert_at_the_start(tmp_path: Path) -> None:
    file = _desk(tmp_path)
    open_app(file, now=NOW).close()
    rules = tmp_path / "mine" / "rules.yaml"
    rules.write_text("- [")
    open_app(file, now=NOW).close()
    rules.write_text(RULE % "hello again")
    app = open_app(file, now=NOW)
    assert _texts(app) == ["hello again"]
    assert [over for _, over in _alerts(app)] == [True]
    app.close()


def test_what_the_daemon_read_meanwhile_is_the_last_good(tmp_path: Path) -> None:
    file = _desk(tmp_path)
    app = open_app(file, now=NOW)
    rules = tmp_path / "mine" / "rules.yaml"
    rules.write_text(RULE % "good morning")
    assert app.rules.refresh(app.store.act, NOW)
    app.close()
    rules.unlink()
    (tmp_path / "mine" / "profile.yaml").write_text("{")
    app = open_app(file, now=NOW)
    assert _texts(app) == ["good morning"]
    app.close()


def test_broken_from_the_start_there_is_nothing_to_go_on_with(tmp_path: Path) -> None:
    file = _desk(tmp_path)
    (tmp_path / "mine" / "rules.yaml").write_text("- [")
    with pytest.raises(UsageError, match=r"rules\.yaml"):
        open_app(file, now=NOW)
    assert not (tmp_path / "var" / "maild.db").exists(), "and no database was made"


def test_a_shipped_profile_with_a_broken_catalogue_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "maild.toml"
    file.write_text("")
    open_app(file, now=NOW).close()
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "notifications.yaml").write_text("- [")
    app = open_app(file, now=NOW)
    assert app.profile.name == "next7"
    assert len(_alerts(app)) == 1
    app.close()


# ---- templates, sentences, words for commands

TEMPLATE = "subject: {{ ticket.title }}\n---\n%s {{ recipient.first_name }},\n"
PHRASE = "phrases:\n  - {say: is %s, command: status, value: Complete}\n"
OWN = {
    "templates/en/new-ticket.md": TEMPLATE % "Greetings",
    "templates/en/assigned.md": TEMPLATE % "Salut",
    "templates/en/words.yaml": "reply_above: Write above\n",
    "templates/en/sentences.yaml": "Please sign in.: Do sign in.\n",
    "templates/layout.html": (SHIPPED_TEMPLATES / "layout.html").read_text("utf-8")
    + "<!-- ours -->",
    "replies/en/toner.md": "when: toner\n---\nHello {{ contact.first_name }}\n",
    "replies/en/assigned.md": "Called like a template {{ words }}\n",
    "commands/phrases/en.yaml": PHRASE % "toast",
    "commands/dialects/mine.yaml": "- {word: fini, command: status, value: Complete}\n",
}
BROKEN_WORDS: list[tuple[str, str | bytes]] = [
    ("templates/en/new-ticket.md", "no line"),
    ("templates/en/new-ticket.md", TEMPLATE % "{% if %}"),
    ("templates/en/new-ticket.md", TEMPLATE % "{{ nobody.knows }}"),
    ("templates/en/new-ticket.md", b"subject: \xff\xfe\n---\n"),
    ("templates/en/words.yaml", "- ["),
    ("templates/en/words.yaml", "7"),
    ("templates/en/sentences.yaml", "{"),
    ("templates/en/sentences.yaml", "- a list\n"),
    ("templates/layout.html", "{% block"),
    ("templates/layout.html", b"\xff"),
    ("replies/en/toner.md", "Hello {{ contact.nmae }}\n"),
    ("replies/en/toner.md", "wenn: toner\n---\nHello\n"),
    ("replies/en/toner.md", b"Gr\xfc\xdfe"),
    ("replies/en/toner.md", "when: toner\n---\n\n"),
    ("replies/en/assigned.md", "{{ recipient.name }}\n"),
    ("commands/phrases/en.yaml", "phrases: 7\n"),
    ("commands/phrases/en.yaml", "phrases: [a, b]\n"),
    ("commands/phrases/en.yaml", "guards: {a: {b: c}}\nstatuses: 3\n"),
    ("commands/phrases/en.yaml", "- ["),
    ("commands/phrases/en.yaml", "\x00"),
    ("commands/dialects/mine.yaml", "word: x\n"),
    ("commands/dialects/mine.yaml", "- {word: x, command: never heard of}\n"),
]  # fmt: skip


def _write(folder: Path, name: str, text: str | bytes) -> None:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    stamp = time.time_ns() + len(text)
    os.utime(file, ns=(stamp, stamp))


def _in_force(app: App) -> dict[str, str]:
    """What is read where each of our files is."""
    return {name: (app.settings.in_force / name).read_text("utf-8") for name in OWN}


@pytest.fixture
def words(tmp_path: Path) -> Path:
    """A desk with own words of every sort, which were in force once."""
    for name, text in OWN.items():
        _write(tmp_path, name, text)
    file = tmp_path / "maild.toml"
    file.write_text("")
    app = open_app(file, now=NOW)
    assert (app.settings.in_force.resolve(), _alerts(app)) == (tmp_path, [])
    app.close()
    return file


def _rounds() -> list[dict[str, str | bytes]]:
    """One way of being broken for each file at a time, until all were had."""
    left: list[tuple[str, str | bytes]] = list(BROKEN_WORDS)
    found: list[dict[str, str | bytes]] = []
    while left:
        found.append(dict(reversed(left)))
        left = [one for one in left if found[-1][one[0]] is not one[1]]
    return found


def test_h72_after_a_restart_the_last_good_words_are_in_force(words: Path) -> None:
    for broken in _rounds():
        for name, text in broken.items():
            _write(words.parent, name, text)
        app = open_app(words, now=NOW)
        assert _in_force(app) == OWN, broken
        said = [text for text, over in _alerts(app) if not over]
        for name in broken:
            (one,) = (text for text in said if str(words.parent / name) in text)
            assert "stays in force" in one
        app.close()

        looking = open_app(words, look=True)
        assert _in_force(looking) == OWN
        looking.close()

    for name, text in OWN.items():
        _write(words.parent, name, text)
    app = open_app(words, now=NOW)
    assert app.settings.in_force == words.parent, "nothing is broken any more"
    assert all(over for _, over in _alerts(app))
    app.close()


def test_what_is_wrong_with_words_is_told_to_each_admin_in_their_language(words: Path) -> None:
    _write(words.parent, "templates/en/assigned.md", TEMPLATE % "{{ nobody.knows }}")
    layout = OWN["templates/layout.html"].replace("{{ foot }}", "{{ foott }}")
    _write(words.parent, "templates/layout.html", layout)
    app = open_app(words, now=NOW)
    with app.store.look() as unit:
        told = "\n".join(Translator("de").write(text_of(a)) for a in asking.alerts.every(unit))
    app.close()
    assert "templates/layout.html, Zeile " in told and "meinten Sie foot?" in told
    assert "gilt, was zuletzt in Ordnung war" in told


def test_what_breaks_while_maild_runs_is_told_each_time(words: Path) -> None:
    app = open_app(words, now=NOW)
    broken = dict(BROKEN_WORDS)
    for _ in range(2):
        for name, text in broken.items():
            _write(words.parent, name, text)
        assert app.reread(NOW) is not app
        assert _in_force(app.reread(NOW)) == OWN
        assert [over for _, over in _alerts(app)] == [False] * len(broken)
        assert app.tell_admins(NOW) == 0, "there is nobody to tell"
        for name in broken:
            _write(words.parent, name, OWN[name])
        assert app.reread(NOW).settings.in_force == words.parent
        assert [over for _, over in _alerts(app)] == [True] * len(broken)
    app.close()


def test_a_file_that_was_never_good_leaves_ours_and_one_that_is_gone_is_gone(words: Path) -> None:
    _write(words.parent, "templates/de/new-ticket.md", "no line")
    _write(words.parent, "templates/en/new-ticket.md", "no line")
    (words.parent / "templates/en/assigned.md").unlink()
    app = open_app(words, now=NOW)
    library = Library(app.settings.templates_in_force)
    assert library.get("new-ticket", "de").shipped
    assert library.get("assigned", "en").shipped
    assert not library.get("new-ticket", "en").shipped
    app.close()


def test_a_folder_of_ours_that_was_tidied_up_is_made_again(words: Path) -> None:
    _write(words.parent, "templates/en/new-ticket.md", "no line")
    app = open_app(words, now=NOW)
    shutil.rmtree(app.settings.in_force / "templates")
    assert _in_force(app.reread(NOW)) == OWN
    app.close()


LOOKING = (
    "tickets", "show NUMBER", "eml NUMBER", "explain NUMBER", "outbox", "outbox show 1",
    "timesheet", "alerts", "commands list", "commands try --subject Printer", "templates list",
    "templates show new-ticket", "templates preview new-ticket", "templates preview assigned",
    "templates history new-ticket", "templates diff new-ticket", "templates manual", "people list",
    "quarantine list", "spam list", "rules list", "rules due", "verify", "backup BACKUP",
    "forget ann@acme.example",
)  # fmt: skip


def test_every_command_that_looks_works_beside_broken_files(words: Path) -> None:
    folder = words.parent
    words.write_text('profile = "mine"\n[[resource]]\nname = "Bob"\nemail = "bob@example.com"\n')
    _write(folder, "mine/profile.yaml", "name: mine\nextends: next7\n")
    _write(folder, "mine/rules.yaml", RULE % "hello")
    _write(folder, "ann.eml", "From: ann@acme.example\nTo: support@x.example\nSubject: P\n\nx\n")
    _maild(words, "ingest", str(folder / "ann.eml"))
    (number,) = re.findall(r"T\d{8}\.\d+", _maild(words, "tickets"))
    for name, texts in BROKEN.items():
        _write(folder, f"mine/{name}", texts[0])
    for name, text in (*BROKEN_WORDS, ("templates/notifications.yaml", "- [")):
        _write(folder, name, text)
    _write(folder, "records/one.yaml", "- [")
    for command in LOOKING:
        words_of = command.replace("NUMBER", number).replace("BACKUP", str(folder / "b")).split()
        _maild(words, *words_of)


def _maild(file: Path, *command: str) -> str:
    done = CliRunner().invoke(cli, [*command, "--config", str(file)])
    assert done.exit_code == 0, (command, done.exception, done.output[-300:])
    return done.output
