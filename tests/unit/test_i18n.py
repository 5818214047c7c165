"""Sentences for people: English in the code, other languages as data."""

from __future__ import annotations

import ast
import pickle
import re
from collections.abc import Iterator
from copy import deepcopy
from datetime import date, datetime
from functools import cache
from pathlib import Path
from unittest.mock import MagicMock
from zoneinfo import ZoneInfo

import pytest

from maild import i18n as sentences
from maild import yamlfile
from maild.commands.handlers import setting
from maild.commands.undo import COLUMNS
from maild.desk import fields, item_kinds
from maild.desk.notifications import catalogue
from maild.desk.notify import notify
from maild.desk.profile import FIELDS
from maild.errors import Refused
from maild.i18n import Sentence, Translator, holes, sentence, together
from maild.store import asking
from maild.templates.layout_facts import LAYOUT_FACTS
from maild.web.look import Look
from tests.code import CODE, nodes, trees
from tests.office import Office

NAMES = (
    *fields.PARTS, *fields.SETTABLE, *FIELDS, *COLUMNS, *setting.BY_COMMAND, *setting.PEOPLE,
    "primary", "people", "ticket",
)  # fmt: skip
REASON = {"Refused": 0, "NotFound": 0, "UsageError": 0, "Unclear": 1}  # which argument it is
WHEN = datetime(2026, 12, 3, 9, 0, tzinfo=ZoneInfo("Europe/Berlin"))


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Every call of `sentence(…)` in the code, and where it stands."""
    for file in trees():
        for node in nodes(file):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "sentence":
                yield f"{file.relative_to(CODE)}:{node.lineno}", node


def shown() -> Iterator[tuple[str, str]]:
    """Every sentence of the console: `_("…")` in a template, `words("…")` in its code."""
    for file in sorted((CODE / "web" / "templates").glob("*.html")):
        text = file.read_text("utf-8")
        for found in re.finditer(r"""\b_\(\s*"([^"]*)\"""", text):
            yield file.name, found[1]
        assert not re.search(r"""\b_\(\s*[^"\s]""", text), f"{file.name}: not a plain sentence"
    for file in sorted((CODE / "web").rglob("*.py")):
        for node in nodes(file):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "words":
                yield file.name, template_of(node)


def template_of(call: ast.Call) -> str:
    first = call.args[0]
    assert isinstance(first, ast.Constant) and isinstance(first.value, str)
    return first.value


@cache
def templates() -> frozenset[str]:
    """Every sentence that can be said, and every name of a field."""
    written = {template_of(call) for _, call in calls()}
    written |= {text for _, text in shown()}
    of_records = {label.template for label in item_kinds.labels()}
    return frozenset(written | of_records | {fields.label(name).template for name in NAMES})


def shipped() -> list[Path]:
    return sorted(sentences.SHIPPED.glob(f"*/{sentences.FILE}"))


def test_every_sentence_is_written_whole_and_its_holes_are_filled() -> None:
    found = list(calls())
    assert len(found) > 100
    for where, call in found:
        assert len(call.args) == 1, where
        assert isinstance(call.args[0], ast.Constant), where
        assert {keyword.arg for keyword in call.keywords} == holes(template_of(call)), where


def test_whatever_a_command_is_answered_with_is_such_a_sentence() -> None:
    """No plain text is given back by a command, or is the reason of a refusal that it meets."""
    desk = [
        CODE / "desk" / f"{name}.py"
        for name in ("fields", "status_requirements", "merging", "sharing")
    ]
    commands = [f for f in CODE.glob("commands/**/*.py") if f.stem != "words"]  # files
    for file in (*desk, *commands):
        for node in nodes(file):
            given: ast.expr | None = None
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in REASON:
                given = node.args[REASON[ast.unparse(node.func)]]
            elif isinstance(node, ast.Return) and file.parent.name == "handlers":
                given = node.value
            assert not isinstance(given, ast.Constant | ast.JoinedStr | ast.BinOp), (
                f"{file.relative_to(CODE)}:{given and given.lineno}"
            )


@pytest.mark.parametrize("file", shipped(), ids=lambda file: file.parent.name)
def test_every_sentence_is_translated_with_the_same_holes_and_none_is_left_over(file: Path) -> None:
    data = yamlfile.read(file)
    assert sorted(templates() - set(data)) == [], f"{file} lacks these"
    assert sorted(set(data) - templates()) == [], f"{file}: nothing says these any more"
    for english, text in data.items():
        assert holes(english) == holes(text), english
        assert english.endswith(".") == text.endswith("."), english


@pytest.mark.parametrize("file", shipped(), ids=lambda file: file.parent.name)
def test_the_manual_of_templates_is_translated_whole_and_nothing_is_left_over(file: Path) -> None:
    facts = [fact for kind in catalogue() for fact in kind.facts]
    said = {fact.meaning for fact in (*facts, *LAYOUT_FACTS)}
    said |= {re.sub(r" \([A-Z]\d+(, [A-Z]\d+)*\)", "", kind.purpose) for kind in catalogue()}
    translated = sentences.manual(file.parent.name)
    assert sorted(said ^ translated.keys()) == []
    for english, text in translated.items():
        assert english.endswith(".") == text.endswith("."), english
        assert re.findall("`[^`]+`", english) == re.findall("`[^`]+`", text), english


def test_every_language_of_the_templates_has_sentences() -> None:
    languages = {file.parent.name for file in sentences.SHIPPED.glob("*/words.yaml")}
    assert {file.parent.name for file in shipped()} == languages - {"en"}


def test_a_sentence_is_the_english_text_and_nothing_else_to_whoever_asks() -> None:
    due = sentence("{ticket} is due {when}.", ticket="T20261123.0001", when=WHEN)
    assert due == "T20261123.0001 is due Thu, Dec 3, 2026, 9:00 AM."
    assert type(str(due)) is str
    assert f"{due}" == str(due)
    for copy in (pickle.loads(pickle.dumps(due)), deepcopy(due)):
        assert (copy, copy.template, copy.values) == (due, due.template, due.values)
    assert Refused(due).message is due
    raised = pickle.loads(pickle.dumps(Refused(due)))
    assert (
        Translator("de").write(raised.message)
        == "T20261123.0001 ist am Do., 3. Dez. 2026, 09:00 fällig."
    )


def test_dates_lists_and_names_within_are_written_in_the_readers_way() -> None:
    german = Translator("de-AT")
    assert german.write(sentence("{day} is in the future; time is entered once it is worked.",
                             day=date(2026, 12, 3))) == (
        "Do., 3. Dez. 2026 liegt in der Zukunft; Zeit wird erst erfasst, wenn sie geleistet wurde."
    )  # fmt: skip
    known = sentence("It can mean {known: or }.", known=["#set", "#status"])
    assert known == "It can mean #set or #status."
    assert german.write(known) == "Das kann #set oder #status heißen."
    both = together(
        sentence('{field!c} is "{value}".', field=fields.label("impact"), value="high"),
        sentence('{field!c} is already "{value}".', field=fields.label("priority"), value="1 High"),
    )
    assert both == 'Impact is "high". Priority is already "1 High".'
    assert german.write(both) == "Auswirkung: „high“. Priorität war schon „1 High“."


def test_what_is_not_translated_stays_english() -> None:
    assert Translator("de").write(Sentence("Nobody translates {this}.", {"this": WHEN})) == (
        "Nobody translates Thu, Dec 3, 2026, 9:00 AM."
    )
    assert Translator("fr").write(sentence("{ticket} is due {when}.", ticket="T1", when=WHEN)) == (
        "T1 is due Thu, Dec 3, 2026, 9:00 AM."
    )
    assert Translator("../../etc").write(sentence("All tickets")) == "All tickets"


def test_what_a_person_wrote_is_no_template() -> None:
    no = sentence('There is no {what} "{text}".', what=sentence("field"), text="{what} {0} {text}")
    assert no == 'There is no field "{what} {0} {text}".'
    assert Translator("de").write(no) == "Feld „{what} {0} {text}“ gibt es nicht."
    assert fields.label("{odd}") == "{odd}"


def test_facts_become_plain_data() -> None:
    facts = {"missing": [sentence("The time entries are not done.")], "count": 1, "none": None}
    plain = Translator("de").plain(facts)
    assert plain == {
        "missing": ["Die Zeiteinträge sind nicht fertig."],
        "count": 1,
        "none": None,
    }
    assert type(plain["missing"][0]) is str


# ---- the admin's own


def own(folder: Path, language: str, text: str) -> Path:
    file = folder / language / sentences.FILE
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, "utf-8")
    return file


def test_an_admins_own_translation_goes_before_ours_and_a_new_language_is_a_file(
    tmp_path: Path,
) -> None:
    own(tmp_path, "de", '"All tickets": "Sämtliche Tickets"\n')
    own(tmp_path, "fr", '"All tickets": "Tous les tickets"\n')
    assert Translator("de", tmp_path).write(sentence("All tickets")) == "Sämtliche Tickets"
    assert Translator("de", tmp_path).write(sentence("Closed tickets")) == "Geschlossene Tickets"
    assert Translator("fr-CA", tmp_path).write(sentence("All tickets")) == "Tous les tickets"
    assert Translator("fr-CA", tmp_path).write(sentence("Closed tickets")) == "Closed tickets"


def test_h72_a_broken_file_leaves_ours_in_force_and_is_told(tmp_path: Path) -> None:
    office = Office(tmp_path)
    folder = office.settings.templates
    folder.mkdir()
    own(folder, "de", "[")
    with office.desk("x") as desk:
        dora = office.person(desk.unit, "dora@acme.example")
        facts = {"list": {"title": sentence("Your open tickets")}, "tickets": []}
        row = notify(desk, None, "ticket-list", [dora], extra=facts)[0]
        assert row.data["list"]["title"] == "Ihre offenen Tickets"
        told = [alert.text for alert in asking.alerts.every(desk.unit)]
    assert len(told) == 1
    assert told[0].startswith("The desk's own sentences are not in force. ")


def test_h72_a_wrong_translation_is_passed_over_and_the_check_says_where_it_is(
    tmp_path: Path,
) -> None:
    file = own(
        tmp_path,
        "fr",
        '"{ticket} is back": "{tiket} revient"\n"All tickts": "Tous"\n"All tickets": "Tous"\n',
    )
    assert (
        Translator("fr", tmp_path).write(sentence("{ticket} is back", ticket="T1")) == "T1 is back"
    )
    assert sentences.problems(file) == [
        f"{file}, line 1: the translation needs {{ticket}}, and no other.",
        f'{file}, line 2: maild never says "All tickts"; did you mean "All tickets"?',
    ]
    file.write_text("[", "utf-8")
    assert "line 1" in sentences.problems(file)[0]


def test_a_page_speaks_as_the_files_are_now(tmp_path: Path) -> None:
    """What a page says is written into its templates once, and again when a file changes."""
    look = Look(MagicMock(templates_in_force=tmp_path))

    def said(language: str) -> str:
        return look.speaks(language).render("toast.html", {"text": "", "kind": ""})

    assert 'aria-label="Close"' in said("en") and 'aria-label="Schließen"' in said("de")
    assert look.speaks("de") is look.speaks("de")
    own = tmp_path / "de"
    own.mkdir()
    (own / "sentences.yaml").write_text("Close: Zumachen <bitte>\n")
    assert "Zumachen &lt;bitte&gt;" in said("de") and "Close" in said("en")
