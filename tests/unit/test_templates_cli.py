"""`maild templates`: what an admin does with his templates, as he does it."""

from __future__ import annotations

import json
import os
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from maild.cli import app
from maild.config import load
from maild.demo.writer import parse as parse_mail
from maild.desk.notifications import catalogue
from maild.desk.notify import notify
from maild.desk.profile import load_profile, shipped
from maild.errors import MaildError
from maild.outbox import preview
from maild.templates import reference, source, three_way
from maild.templates.check import problems
from maild.templates.history import History
from maild.templates.renderer import Job, PooledRenderer
from maild.templates.source import Library, parse
from tests.office import NOW, Office, a_note, the_ticket

pytestmark = pytest.mark.usefixtures("tried_templates")
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Printed:
    """What a command said."""

    returncode: int
    stdout: str
    stderr: str


def _maild(folder: Path, *words: str, editor: str = "true") -> Printed:
    """`maild templates …` in this process, as `maild.cli.main` would end it."""
    file = folder / "maild.toml"
    if not file.exists():
        file.write_text('[desk]\naddress = "support@example.com"\n', "utf-8")
    args = ["templates", *words, "--config", str(file)]
    done = CliRunner().invoke(app, args, env={"EDITOR": editor, "VISUAL": ""})
    if isinstance(done.exception, MaildError):
        return Printed(done.exception.exit_status, done.stdout, f"{done.exception.message}\n")
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return Printed(done.exit_code, done.stdout, done.stderr)


def _own(folder: Path, text: str, name: str = "complete") -> Path:
    file = folder / "templates" / "en" / f"{name}.md"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    return file


def test_the_page_of_the_documentation_is_the_catalogue() -> None:
    """`make docs` writes it anew."""
    assert (ROOT / "docs" / "templates.md").read_text("utf-8") == reference.page()


def test_edit_is_checked_kept_and_rolled_back(tmp_path: Path) -> None:
    ours = tmp_path / "templates" / "en" / "complete.md"
    first = _maild(tmp_path, "edit", "complete", editor="sed -i s/Hello/Dear/")
    assert (first.returncode, first.stderr) == (0, "")
    assert "Dear {{ recipient.first_name }}" in ours.read_text("utf-8")
    broken = _maild(tmp_path, "edit", "complete", editor="sed -i s/first_name/frist_name/")
    assert broken.returncode == 2
    assert 'line 5: "recipient.frist_name" is not known; did you mean' in broken.stderr
    assert "Nothing is in force yet. Your text is kept" in broken.stderr
    mended = "sed -i -e s/frist_name/first_name/ -e s/Dear/Hey/"
    second = _maild(tmp_path, "edit", "complete", editor=mended)
    assert second.returncode == 0 and "goes on with the draft" in second.stdout
    assert "-Hello {{" in _maild(tmp_path, "diff", "complete").stdout
    assert _maild(tmp_path, "rollback", "complete").returncode == 0
    assert "Dear {{" in ours.read_text("utf-8")
    history = _maild(tmp_path, "history", "complete").stdout.splitlines()
    assert [line.split()[0] for line in history] == ["0", "1", "2", "3"]
    assert "+1 -1: Hey {{ recipient.first_name }}," in history[2]
    assert _maild(tmp_path, "rollback", "complete", "0").returncode == 0
    assert not ours.exists()
    assert _maild(tmp_path, "rollback", "complete", "9").returncode == 1


def test_h72_check_names_file_line_and_the_nearest_name(tmp_path: Path) -> None:
    file = _own(tmp_path, "subject: {{ ticket.titel }}\n---\n{{ ticket.number|uper }}\n")
    other = _own(tmp_path, "subject: x\n---\nx\n", name="complet")
    sentences = file.with_name("sentences.yaml")
    sentences.write_text('"All tickts": "All of them"\n')
    checked = _maild(tmp_path, "check")
    assert checked.returncode == 1
    assert f'{sentences}, line 1: maild never says "All tickts"; did you mean' in checked.stdout
    assert f'{file}, line 1: "ticket.titel" is not known; did you mean ticket.title?' in (
        checked.stdout
    )
    assert 'line 3: there is no filter "uper"; did you mean upper?' in checked.stdout
    assert f"{other}: there is no such notification; did you mean complete.md?" in checked.stdout


def test_h72_a_broken_file_hides_no_other(tmp_path: Path) -> None:
    torn = _own(tmp_path, "no front matter")
    wrong = _own(tmp_path, "subject: {{ ticket.titel }}\n---\nx\n", name="note")
    _own(tmp_path, "subject: mine\n---\nx\n", name="reply")
    listed = _maild(tmp_path, "list", "--json")
    by_name = {row["name"]: row["languages"]["en"] for row in json.loads(listed.stdout)}
    assert {name for name, place in by_name.items() if not place["shipped"]} == {
        "complete",
        "note",
        "reply",
    }
    assert {name for name, place in by_name.items() if place["broken"]} == {"complete", "note"}
    assert "en yours (broken)" in _maild(tmp_path, "list").stdout
    checked = _maild(tmp_path, "check").stdout
    assert str(torn) in checked
    assert str(wrong) in checked
    assert "no front matter" in _maild(tmp_path, "show", "complete").stdout


def test_preview_on_a_real_ticket(tmp_path: Path) -> None:
    office = Office(tmp_path)
    number = office.ticket()
    with office.desk("message:1", by="bob@example.com") as desk:
        a_note(desk, the_ticket(desk, number), "A new toner is in.")
    office.store.close()
    page = tmp_path / "page.html"
    shown = _maild(
        tmp_path, "preview", "reply", "--ticket", number, "--lang", "de", "--html", str(page)
    )
    assert shown.returncode == 0, shown.stderr
    assert f"Subject: [{number}] Printer is on fire" in shown.stdout
    assert "A new toner is in." in shown.stdout
    assert "Bitte schreiben Sie Ihre Antwort über diese Zeile" in shown.stdout
    assert "A new toner is in." in page.read_text("utf-8")
    assert Office(tmp_path).items() == []


def test_wrong_words_are_one_sentence(tmp_path: Path) -> None:
    for words in (("show", "compleet"), ("preview", "compleet"), ("history", "compleet")):
        done = _maild(tmp_path, *words)
        assert done.returncode == 2
        assert "did you mean complete?" in done.stderr
        assert done.stderr.count("\n") == 1


def test_an_edit_in_the_file_itself_is_a_version_too(tmp_path: Path) -> None:
    from maild.templates.renderer import Job, PooledRenderer

    own = tmp_path / "templates"
    file = _own(tmp_path, "subject: x\n---\nFirst.\n")
    kind = next(k for k in catalogue() if k.name == "complete")
    renderer = PooledRenderer(own)
    try:
        for number, text in enumerate(("First.", "{{ broken", "Third."), 1):
            file.write_text(f"subject: x\n---\n{text}\n", "utf-8")
            os.utime(file, (number, number))
            outcome = renderer.render([Job("complete", "en", kind.example())])[0]
            assert outcome.words is not None
            assert ("is complete" if number == 2 else text) in outcome.words.text
    finally:
        renderer.close()
    versions = History(own).versions("complete", "en")
    assert [v.text.split("---\n")[1] for v in versions] == ["First.\n", "Third.\n"]
    assert {v.by for v in versions} == {versions[0].by}


def test_versions_keep_their_order_when_the_clock_is_set_back(tmp_path: Path) -> None:
    kept = History(tmp_path)
    for text in ("a", "b", "c"):
        kept.save("complete", "en", text, "../x y", NOW)
    assert [v.text for v in kept.versions("complete", "en")] == ["a", "b", "c"]
    assert kept.get("complete", "en", kept.before("complete", "en")).text == "b"
    assert {v.by for v in kept.versions("complete", "en")} == {"..x y"}


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ("{{ tiket.number }}", '"tiket.number" is not known; did you mean ticket.number?'),
        ("{% for e in earlier %}{{ e.bye }}{% endfor %}", '"earlier[].bye" is not known'),
        ("{% set x = ticket %}{{ x.number }}{{ loop }}", '"loop" is not known'),
        ("{{ earlier[0].by }}{{ ticket['nmber'] }}", '"ticket.nmber" is not known'),
        ("{{ answers }}", '"answers" is not known'),
        ("{{ ticket.title.upper() }}", "did you mean ticket.title?"),
        ("{{ words(note, 1, 2, 3) }}", "line 3"),
    ],
)
def test_what_a_check_finds(body: str, wrong: str) -> None:
    template = parse(f"subject: x\n---\n{body}\n", "note", "en", "note.md", shipped=False)
    kind = next(k for k in catalogue() if k.name == "note")
    library = Library()
    found = problems(template, kind, library.words("en"), library.layout())
    assert wrong in " ".join(found)


def test_send_test_reaches_the_relay_marked_as_a_test(tmp_path: Path) -> None:
    from maild.demo.servers import Servers

    with closing(Servers()) as servers:
        (tmp_path / "maild.toml").write_text(
            f'[desk]\naddress = "support@example.com"\n[smtp]\nport = {servers.smtp.port}\n',
            "utf-8",
        )
        done = _maild(tmp_path, "send-test", "complete", "--to", "me@x.example")
        assert done.returncode == 0, done.stderr
        octets = servers.smtp.to("me@x.example")[0].octets
        servers.smtp.fail("me@x.example", "550 5.7.1 no")
        refused = _maild(tmp_path, "send-test", "complete", "--to", "me@x.example")
    assert b"[test] Printer is on fire" in octets
    assert refused.returncode == 1
    assert "550 5.7.1 no" in refused.stderr


def test_notify_and_preview_say_the_same(tmp_path: Path) -> None:
    office = Office(tmp_path)
    number = office.ticket()
    with office.desk("message:1") as desk:
        ann = office.person(desk.unit, "ann@acme.example")
        notify(desk, the_ticket(desk, number), "complete", [ann])
    octets = office.octets(office.items()[0])
    shown = _maild(tmp_path, "preview", "complete", "--ticket", number).stdout
    assert "your ticket" in shown
    assert b"your ticket" in octets


# ---- notifications of one's own

ENTRY = "survey:\n  for: contact\n  purpose: How was it?\n"
SURVEY = (
    "subject: {{ ticket.title }}\nfoot: Just reply.\n---\n"
    "Hello {{ recipient.first_name }}, how was {{ ticket.number }}?\n"
)


def _survey(folder: Path) -> Path:
    file = _own(folder, SURVEY, "survey")
    (folder / "templates" / "notifications.yaml").write_text(ENTRY, "utf-8")
    return file


def test_an_own_notification_is_listed_checked_previewed_and_documented(tmp_path: Path) -> None:
    _survey(tmp_path)
    (listed,) = [
        entry
        for entry in json.loads(_maild(tmp_path, "list", "--json").stdout)
        if entry["name"] == "survey"
    ]
    assert (listed["audience"], listed["purpose"]) == ("contact", "How was it?")
    assert list(listed["languages"]) == ["en"]
    assert "`ticket.number`" not in _maild(tmp_path, "show", "survey").stderr
    assert _maild(tmp_path, "check").returncode == 0
    assert "how was T20261121.0042?" in _maild(tmp_path, "preview", "survey").stdout
    assert "### survey\n\nHow was it? Written for: contact." in _maild(tmp_path, "manual").stdout


def test_an_own_notification_without_its_template_is_said(tmp_path: Path) -> None:
    _survey(tmp_path).unlink()
    said = _maild(tmp_path, "check")
    assert said.returncode == 1
    where = tmp_path / "templates" / "en" / "survey.md"
    assert f"survey has no template; write it into {where}." in said.stdout
    assert "survey" in _maild(tmp_path, "list").stdout


def test_a_template_without_an_entry_is_said(tmp_path: Path) -> None:
    _own(tmp_path, SURVEY, "questionnaire")
    said = _maild(tmp_path, "check")
    assert said.returncode == 1
    assert "there is no such notification; did you mean shared-question.md? " in said.stdout
    assert "A new one needs an entry in notifications.yaml." in said.stdout


def test_a_broken_catalogue_is_said_by_every_command(tmp_path: Path) -> None:
    _survey(tmp_path)
    (tmp_path / "templates" / "notifications.yaml").write_text("survey: {for: you}\n", "utf-8")
    for words in (("list",), ("check",), ("show", "note"), ("preview", "note")):
        said = _maild(tmp_path, *words)
        assert said.returncode == 2
        assert 'for: "you" is unknown; possible: contact, resource, admin, partner.' in said.stderr


def test_an_own_template_is_begun_edited_and_rolled_back(tmp_path: Path) -> None:
    file = _survey(tmp_path)
    file.unlink()
    begun = _maild(tmp_path, "edit", "survey", editor="sed -i s/Hello/Dear/")
    assert (begun.returncode, begun.stderr) == (0, "")
    assert "Dear {{ recipient.first_name }}" in file.read_text("utf-8")
    broken = _maild(tmp_path, "edit", "survey", editor="sed -i s/first_name/frist_name/")
    assert "Nothing is in force yet. Your text is kept" in broken.stderr
    mended = "sed -i -e s/frist_name/first_name/ -e s/Dear/Hey/"
    assert _maild(tmp_path, "edit", "survey", editor=mended).returncode == 0
    assert _maild(tmp_path, "rollback", "survey").returncode == 0
    assert "Dear {{" in file.read_text("utf-8")
    for words in (("diff", "survey"), ("rollback", "survey", "0")):
        said = _maild(tmp_path, *words)
        assert "survey is a notification of your own; there is no shipped template" in said.stderr


def test_an_own_template_may_be_in_one_language_alone(tmp_path: Path) -> None:
    file = _survey(tmp_path)
    german = tmp_path / "templates" / "de" / "survey.md"
    german.parent.mkdir()
    file.rename(german)
    assert _maild(tmp_path, "check").returncode == 0
    assert "how was T20261121.0042?" in _maild(tmp_path, "preview", "survey").stdout


def test_h72_of_a_broken_own_template_the_version_before_is_sent(tmp_path: Path) -> None:
    file = _survey(tmp_path)
    office = Office(tmp_path)
    example = catalogue(tmp_path / "templates").named("survey").example()
    with closing(PooledRenderer(office.settings.templates)) as renderer:
        good = renderer.render([Job("survey", "en", example)])[0]
        assert good.words is not None and not good.problem
        file.write_text(SURVEY.replace("number", "numbr"), "utf-8")
        spare = renderer.render([Job("survey", "en", example)])[0]
        assert spare.words == good.words
        assert '"ticket.numbr" is not known; did you mean' in spare.problem


def test_rollback_means_the_version_before_from_the_first_edit_on(tmp_path: Path) -> None:
    ours = tmp_path / "templates" / "en" / "complete.md"
    assert _maild(tmp_path, "rollback", "complete").returncode == 1
    _maild(tmp_path, "edit", "complete", editor="sed -i s/Hello/Dear/")
    assert "shipped" in _maild(tmp_path, "rollback", "complete").stdout
    assert not ours.exists()
    _maild(tmp_path, "rollback", "complete")
    assert "Dear {{" in ours.read_text("utf-8")


def test_a_newer_shipped_text_is_merged(tmp_path: Path) -> None:
    """What was shipped when it was edited stands beside it; here that one is an older one."""
    ours, now = tmp_path / "templates" / "en" / "complete.md", three_way.shipped("complete", "en")
    _maild(tmp_path, "edit", "complete", editor="sed -i s/Hello/Dear/")
    assert "nothing to merge" in _maild(tmp_path, "merge", "complete").stdout
    old = now.read_text("utf-8").replace("How it was solved:", "This is how:")
    three_way.base(tmp_path / "templates", "complete", "en").write_text(old)
    ours.write_text(ours.read_text("utf-8").replace("How it was solved:", "This is how:"))
    assert "maild templates merge complete --lang en" in _maild(tmp_path, "check").stdout
    assert _maild(tmp_path, "merge", "complete").returncode == 0
    merged = ours.read_text("utf-8")
    assert "Dear {{" in merged and "How it was solved:" in merged
    assert "maild templates merge" not in _maild(tmp_path, "check").stdout


LINE = "<!-- of an older version -->"  # which the shipped text does not have any more
MERGED = [("layout", ""), ("assigned", "en"), ("assigned", "de")]


def _aged(folder: Path, name: str, language: str) -> tuple[Path, tuple[str, ...]]:
    """The admin's own, made of what an older version shipped; the arguments that name it."""
    asked = (name, "--lang", language) if language else (name,)
    _maild(folder, "edit", *asked, editor="sed -i 1s/$/%/")
    own, now = folder / "templates", three_way.shipped(name, language)
    ours = source.file_of(own, name, language)
    three_way.base(own, name, language).write_text(f"{now.read_text('utf-8')}{LINE}\n")
    ours.write_text(f"{ours.read_text('utf-8')}{LINE}\n")
    return ours, asked


@pytest.mark.parametrize(("name", "language"), MERGED)
def test_what_is_edited_meanwhile_is_still_to_be_merged(
    tmp_path: Path, name: str, language: str
) -> None:
    ours, asked = _aged(tmp_path, name, language)
    command = f"maild templates merge {' '.join(asked)}"
    assert _maild(tmp_path, "edit", *asked, editor="sed -i 1s/%/%%/").returncode == 0
    assert command in _maild(tmp_path, "check").stdout
    assert LINE in _maild(tmp_path, "diff", *asked).stdout
    assert _maild(tmp_path, "merge", *asked).returncode == 0
    merged = ours.read_text("utf-8")
    assert merged == three_way.shipped(name, language).read_text("utf-8").replace("\n", "%%\n", 1)
    assert command not in _maild(tmp_path, "check").stdout
    assert "nothing to merge" in _maild(tmp_path, "merge", *asked).stdout
    assert _maild(tmp_path, "rollback", *asked).returncode == 0
    assert LINE in ours.read_text("utf-8"), "the version before"


@pytest.mark.parametrize(("name", "language"), MERGED)
def test_where_both_changed_somebody_decides(tmp_path: Path, name: str, language: str) -> None:
    ours, asked = _aged(tmp_path, name, language)
    ours.write_text(ours.read_text("utf-8").replace(LINE, f"{LINE} of ours"))
    before = ours.read_text("utf-8")
    refused = _maild(tmp_path, "merge", *asked)
    assert refused.returncode == 2 and f"maild templates edit {' '.join(asked)}" in refused.stderr
    undecided = _maild(tmp_path, "edit", *asked, editor="sed -i 1s/%/%%/")
    assert undecided.returncode == 2 and "marks of a merge" in undecided.stderr
    assert "Merge after that" in _maild(tmp_path, "merge", *asked).stderr
    assert ours.read_text("utf-8") == before
    decided = "sed -i -E /^[<=>]{7}/d"
    assert _maild(tmp_path, "edit", *asked, editor=decided).returncode == 0
    assert "of ours" in ours.read_text("utf-8") and "=======" not in ours.read_text("utf-8")
    assert "nothing to merge" in _maild(tmp_path, "merge", *asked).stdout
    assert "Nothing was changed" in _maild(tmp_path, "edit", *asked, editor="true").stdout


def test_ones_own_text_that_is_what_we_ship_now_is_the_shipped_one(tmp_path: Path) -> None:
    ours, asked = _aged(tmp_path, "complete", "en")
    shipped = three_way.shipped("complete", "en")
    ours.write_text(shipped.read_text("utf-8") + "\nOne line more.\n")
    done = _maild(tmp_path, "edit", *asked, editor=f"cp {shipped}")
    assert "the shipped text; it is in force" in done.stdout and not ours.exists()
    _maild(tmp_path, "rollback", *asked, "1")
    assert "%" in ours.read_text("utf-8")


def test_the_layout_is_shown_and_has_a_history(tmp_path: Path) -> None:
    assert "<html" in _maild(tmp_path, "show", "layout").stdout
    assert _maild(tmp_path, "diff", "layout").returncode == 1
    _maild(tmp_path, "edit", "layout", editor="sed -i s/<body/<body/;s/<html/<HTML/")
    assert "+<HTML" in _maild(tmp_path, "diff", "layout").stdout
    assert "+1 -1" in _maild(tmp_path, "history", "layout").stdout


@pytest.mark.parametrize(
    ("ours", "theirs", "text", "conflicts"),
    [
        ("a\nB\nc", "a\nb\nc\nd", "a\nB\nc\nd\n", 0),
        ("a\nB\nc", "a\nB\nc", "a\nB\nc\n", 0),
        ("a\nc", "a\nb\nc", "a\nc\n", 0),
        (
            "a\nB\nc",
            "a\nX\nc",
            "a\n<<<<<<< yours\nB\n=======\nX\n>>>>>>> shipped\nc\n",
            1,
        ),
    ],
)
def test_three_texts_are_brought_together(
    ours: str, theirs: str, text: str, conflicts: int
) -> None:
    assert three_way.merge("a\nb\nc", ours, theirs) == three_way.Merged(text, conflicts)


def test_a_language_of_ones_own_lists_what_is_not_translated(tmp_path: Path) -> None:
    begun = _maild(tmp_path, "new-language", "fr")
    assert begun.returncode == 0 and "acknowledgement" in begun.stdout
    noted = _maild(tmp_path, "check")
    assert noted.returncode == 0 and "note: fr: " in noted.stdout
    _maild(tmp_path, "edit", "complete", "--lang", "fr", editor="sed -i s/Hello/Bonjour/")
    left = json.loads(_maild(tmp_path, "new-language", "fr", "--json").stdout)
    assert "complete" not in left["templates"] and "reply_above" in left["words"]
    words = tmp_path / "templates" / "fr" / "words.yaml"
    words.write_text(words.read_text("utf-8").replace("Attachments", "Pièces jointes"))
    left = json.loads(_maild(tmp_path, "new-language", "fr", "--json").stdout)
    assert "attachments" not in left["words"]
    assert _maild(tmp_path, "new-language", "de").returncode == 2


def test_the_logo_is_within_the_mail_and_not_in_its_text(tmp_path: Path) -> None:
    picture = b"\x89PNG\r\n\x1a\n" + bytes(100)
    (tmp_path / "logo.png").write_bytes(picture)
    toml = tmp_path / "maild.toml"
    _maild(tmp_path, "list")
    toml.write_text(toml.read_text() + '\n[notifications]\nlogo = "logo.png"\n')
    settings = load(toml)
    mail = preview.compose(settings, load_profile(shipped("next7")), "complete")
    message = parse_mail(mail.octets)
    shown = [part for part in message.walk() if part.get_content_maintype() == "image"]
    assert [part.get_payload(decode=True) for part in shown] == [picture]
    page = mail.html
    assert f"cid:{str(shown[0]['Content-ID']).strip('<>')}" in page
    assert 'alt="' in page and "logo" not in mail.text and "cid:" not in mail.text
    (tmp_path / "logo.png").write_bytes(b"<svg/>")
    assert "must be a PNG" in _maild(tmp_path, "preview", "complete").stderr


def test_the_layout_is_edited_and_rolled_back_like_a_template(tmp_path: Path) -> None:
    ours = tmp_path / "templates" / "layout.html"
    broken = _maild(tmp_path, "edit", "layout", editor="sed -i s/preheader/preheadr/")
    assert broken.returncode == 2 and "layout.html" in broken.stderr
    mended = "sed -i -e s/preheadr/preheader/ -e s/1f6feb/008800/"
    assert "is in force" in _maild(tmp_path, "edit", "layout", editor=mended).stdout
    assert "008800" in ours.read_text("utf-8")
    assert len(_maild(tmp_path, "history", "layout").stdout.splitlines()) == 2
    assert "shipped" in _maild(tmp_path, "rollback", "layout").stdout
    assert not ours.exists()
    _maild(tmp_path, "rollback", "layout")
    assert "008800" in ours.read_text("utf-8")
