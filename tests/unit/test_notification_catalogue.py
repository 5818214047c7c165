"""The catalogue of notifications: data that an admin extends, and what is said of his mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from maild.desk.known_facts import OF_RULES
from maild.desk.notifications import FILE, SHIPPED, catalogue
from maild.errors import UsageError
from maild.rules.notification_facts import FACTS
from maild.templates.source import Library

SURVEY = "survey:\n  for: contact\n  purpose: How was it?\n"

# templates/notifications.yaml → what is said of it, without the file's name.
MISTAKES: dict[str, list[str]] = {
    "survey:\n": ["line 1: the notification survey needs keys with values."],
    "survey: {for: contact}\n": ["line 1: the notification survey needs `purpose`."],
    "survey: {for: client, purpose: x}\n": [
        'line 1: for: "client" is unknown; possible: contact, resource, admin, partner.'
    ],
    "survey: {for: contact, purpose: x, abuot: [note]}\n": [
        'line 1: "abuot" is no key of the notification survey; did you mean about?'
    ],
    SURVEY + "  about: [tickets]\n": ['line 4: about: "tickets" is unknown; did you mean ticket?'],
    SURVEY + "  covers: [notes]\n": ['line 4: covers: "notes" is unknown; did you mean note?'],
    SURVEY + "  direct: maybe\n": ['line 4: direct: "maybe" is not yes or no.'],
    SURVEY + "  auto: no\n": ["line 4: auto: this is not a text."],
    SURVEY + "  reply: private\n": [
        'line 4: reply: "private" is unknown; possible: as its note, as its mail, internal, '
        'both sides.'
    ],
    SURVEY + "  tells: [appointmnt]\n": [
        'line 4: tells: "appointmnt" is unknown; did you mean appointment?'
    ],
    "Order Confirmed: {for: contact, purpose: x}\n": [
        'line 1: "Order Confirmed" is no name; write it like order-confirmed.'
    ],
    "../secret: {for: contact, purpose: x}\n": [
        'line 1: "../secret" is no name; write it like order-confirmed.'
    ],
    SURVEY + "  covers: [x1]\nother: {for: us, purpose: x}\n": [
        'line 4: covers: "x1" is unknown; possible: acknowledgement, ' + "…",
        'line 5: for: "us" is unknown; possible: contact, resource, admin, partner.',
    ],
}  # fmt: skip


def own(folder: Path, text: str) -> Path:
    (folder / FILE).write_text(text, "utf-8")
    return folder


@pytest.mark.parametrize("text", MISTAKES)
def test_every_mistake_is_said_with_its_line(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError) as raised:
        catalogue(own(tmp_path, text))
    lines = [line.removeprefix(f"{tmp_path / FILE}, ") for line in raised.value.message.split("\n")]
    assert len(lines) == len(MISTAKES[text])
    for found, expected in zip(lines, MISTAKES[text], strict=True):
        begin, cut, _ = expected.partition("…")
        assert found.startswith(begin) if cut else found == expected


def test_a_file_that_is_no_map_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="names of notifications, each with its keys, are needed"):
        catalogue(own(tmp_path, "- survey\n"))


def test_an_own_one_stands_beside_the_shipped_ones(tmp_path: Path) -> None:
    known = catalogue(own(tmp_path, SURVEY + "  covers: [complete]\n  tells: [appointment]\n"))
    survey = known.named("survey")
    assert len(known) == len(catalogue()) + 1
    assert (survey.audience, survey.auto, survey.covers) == (
        "contact",
        "auto-generated",
        ("complete",),
    )
    assert survey.example()["appointment"]["place"] == "Remote session"
    assert survey.unknown_to_rules == ()
    assert survey.own == tmp_path / FILE
    assert known.named("complete").own is None


def test_a_shipped_one_keeps_what_an_own_entry_does_not_say(tmp_path: Path) -> None:
    shipped = catalogue().named("complete")
    changed = catalogue(own(tmp_path, "complete: {reply: internal}\n")).named("complete")
    assert (changed.reply, changed.purpose, changed.covers) == (
        "internal",
        shipped.purpose,
        shipped.covers,
    )


def test_nothing_is_own_where_the_file_is_empty_or_missing(tmp_path: Path) -> None:
    assert set(catalogue(tmp_path).entries) == set(catalogue().entries)
    assert set(catalogue(own(tmp_path, "# nothing yet\n")).entries) == set(catalogue().entries)


def test_an_unknown_one_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError) as raised:
        catalogue().named("acknowledgment")
    assert raised.value.message == (
        'There is no notification "acknowledgment"; did you mean acknowledgement?'
    )


def test_every_shipped_one_has_its_template_and_every_template_its_entry() -> None:
    names = {kind.name for kind in catalogue()}
    for folder in (SHIPPED.parent / language for language in Library().languages("note")):
        written = {file.stem for file in folder.glob("*.md")}
        assert not names - written, f"{folder}: there is no template of these"
        assert not written - names, f"{folder}: these are not in notifications.yaml"


def test_rules_know_all_that_the_catalogue_says_they_know() -> None:
    roots = {f.name.partition("[")[0].partition(".")[0] for g in OF_RULES.values() for f in g}
    assert roots == set(FACTS)


def test_every_shipped_one_has_a_sender() -> None:
    """A rule of a shipped profile, or the code that names it."""
    code = Path(SHIPPED).parent.parent
    written = "\n".join(file.read_text("utf-8") for file in code.rglob("*.py"))
    rules = "\n".join(file.read_text("utf-8") for file in code.glob("rules/profiles/*/*.yaml"))
    for kind in catalogue():
        by_rule = f"template: {kind.name}}}" in rules or f"template: {kind.name}," in rules
        assert by_rule or f'"{kind.name}"' in written, f"nobody sends {kind.name}"


def test_no_code_says_by_name_how_a_notification_is_treated() -> None:
    """Whom a reply is for, what waits, what covers what: the catalogue says it."""
    code = Path(SHIPPED).parent.parent
    for file in code.rglob("*.py"):
        assert ".template not in" not in file.read_text("utf-8"), file
