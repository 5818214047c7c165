"""What mails ask for: a table of what people write, and properties of any text."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maild import dates, yamlfile
from maild.commands import durations, reference, subject_phrases
from maild.commands.arguments import Names, Resource
from maild.commands.execute import ACTS
from maild.commands.grammar import MailContext, read
from maild.commands.words import vocabulary
from maild.desk.profile import SHIPPED, load_profile
from maild.errors import MailError, Refused, UsageError
from maild.model import Kind, Mail
from maild.parse.parser import parse

TITLE = "Printer does not print"
PROFILE = load_profile(SHIPPED / "next7")
BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 21, 13, 0, tzinfo=BERLIN)  # a Saturday
NAMES = Names(
    vocabulary=vocabulary(),
    statuses=tuple(PROFILE.statuses),
    priorities=PROFILE.priorities,
    queues=PROFILE.queues,
    types=PROFILE.types,
    resources=(
        Resource("Bob Tech", ("bob@example.com",)),
        Resource("Dana Weiß", ("dana@example.com",)),
    ),
    now=NOW,
    languages=("de", "en", "fr", "es"),
    views=("open", "all", "unassigned", "waiting on us"),
)


@dataclass(frozen=True)
class Case:
    about: str
    words: str
    expected: str
    subject: str
    text: str
    place: MailContext


def cases() -> Iterator[Case]:
    for group in yamlfile.read(Path(__file__).parent / "commands_table.yaml"):
        role = str(group.get("role", "resource"))
        carried = [TITLE, *group.get("carried", [])] if not group.get("opens") else []
        place = MailContext(
            frozenset(subject_phrases.plain(s) for s in carried),
            bool(group.get("opens")),
            role,
            frozenset(str(group.get("writer", "")).split()),
        )
        for words, expected in group["cases"]:
            in_text = group.get("in") == "text"
            subject = f"Re: {TITLE}" if in_text else str(group.get("subject", "")) + str(words)
            yield Case(
                group["about"], str(words), str(expected), subject, words if in_text else "", place
            )


CASES = list(cases())


def sentence(case: Case) -> str:
    asked = read(case.subject, case.text, NAMES, case.place)
    if asked.unclear:
        return "?"
    if asked.refused:
        return "!"
    return " + ".join(f"{c.name} {c.argument}".strip() for c in asked.commands) or "-"


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.about}: {case.words}"[:100])
def test_e6_g14_g15_what_people_write(case: Case) -> None:
    assert sentence(case) == case.expected


def test_the_table_is_large_and_every_word_of_it_known() -> None:
    assert len(CASES) >= 250
    assert len({(case.about, case.words) for case in CASES}) == len(CASES)


def test_what_is_not_a_command_stays_in_the_text_and_the_subject() -> None:
    for case in CASES:
        asked = read(case.subject, case.text, NAMES, case.place)
        if case.expected in ("-", "!"):
            assert (asked.subject, asked.text) == (case.subject, case.text), case
        if case.expected == "?" and case.text:
            assert case.text.strip() in asked.text
            assert asked.doubtful


@pytest.mark.parametrize(
    ("subject", "why"),
    [
        (f"Re: {TITLE} is resolved?", "it is a question"),
        (f"Fwd: {TITLE} is resolved", "it is a forward"),
        (f"Re: {TITLE} when it is resolved", '"when" stands before it'),
        (f"Re: {TITLE}", None),
    ],
)
def test_e13_why_a_phrase_does_not_count_is_told(subject: str, why: str | None) -> None:
    asked = read(subject, "", NAMES, MailContext(frozenset({TITLE.lower()})))
    assert [reason.because for reason in asked.reasons] == ([why] if why else [])


# ---- any text at all


@pytest.mark.no_cover
@given(st.text(max_size=3000), st.text(max_size=5000), st.booleans(), st.booleans())
@settings(max_examples=300, deadline=2000)
def test_any_text_gives_commands_or_none(
    subject: str, text: str, opens: bool, contact: bool
) -> None:
    place = MailContext(frozenset({TITLE.lower()}), opens, "contact" if contact else "resource")
    asked = read(subject, text, NAMES, place)
    assert all(c.name in ACTS for c in asked.commands)
    assert len(asked.commands) <= 500


WORDS = st.sampled_from(
    ["#", "resolve", "is", "assigned", "to", "bob", "until", "3", "December", "45m", ":", "=",
     "status", "\n", " ", "?", "not", "Re:", "9:00-", "#time", "#status", "-", "ist", "."]
)  # fmt: skip


@given(st.lists(WORDS, max_size=400).map(" ".join), st.lists(WORDS, max_size=200).map("".join))
@settings(max_examples=200, deadline=2000)
def test_any_words_of_ours_are_read_in_bounded_time(spaced: str, joined: str) -> None:
    for subject, text in ((spaced, joined), (joined, spaced)):
        asked = read(subject, text, NAMES, MailContext(frozenset({TITLE.lower()})))
        assert len(asked.subject) <= len(subject)


def test_long_lines_and_subjects_are_left_alone() -> None:
    assert not read("x " * 5000 + "is resolved", "", NAMES, MailContext()).commands
    assert not read("x", "#time 45m " + "word " * 50_000, NAMES, MailContext()).commands
    assert len(read("x", "#take\n" * 10_000, NAMES, MailContext()).commands) <= 50


# ---- dates and times


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("friday", "2026-11-27"),
        ("friday 9:00", "2026-11-27 09:00"),
        ("next friday", "2026-11-27"),
        ("saturday", "2026-11-28"),
        ("3 December", "2026-12-03"),
        ("December 3rd, 2026", "2026-12-03"),
        ("3 January", "2027-01-03"),
        ("tomorrow 9am", "2026-11-22 09:00"),
        ("12pm tomorrow", "2026-11-22 12:00"),
        ("in 3 days", "2026-11-24"),
        ("next week", "2026-11-28"),
        ("monday at 8", "2026-11-23 08:00"),
        ("9:00", "2026-11-22 09:00"),
        ("14:00", "2026-11-21 14:00"),
        ("2026-12-03T14:00:00Z", "2026-12-03 15:00"),
        ("2026-12-03 9:00", "2026-12-03 09:00"),
        ("03.12.2026 9:00", "2026-12-03 09:00"),
        ("3.12.", "2026-12-03"),
        ("01/02", "2027-02-01"),
        ("freitag 9 Uhr", "2026-11-27 09:00"),
        ("übermorgen 14:30", "2026-11-23 14:30"),
        ("demain 9h30", "2026-11-22 09:30"),
        ("le 3 décembre", "2026-12-03"),
        ("pasado mañana", "2026-11-23"),
        ("el 3 de diciembre", "2026-12-03"),
        ("1", None),
        ("12", None),
        ("a", None),
        ("3.12", None),
        ("2026-02-30", None),
        ("31 February", None),
        ("3 December 2062", None),
        ("friday friday friday maybe", None),
        ("", None),
    ],
)
def test_dates_as_people_write_them(text: str, expected: str | None) -> None:
    try:
        found = dates.read(text, NOW, NAMES.languages)
    except Refused as error:
        assert expected is None, error.message
        return
    clock = f" {found.clock:%H:%M}" if found.clock else ""
    assert f"{found.day}{clock}" == expected


def test_a_date_that_reads_two_ways_is_refused_in_english() -> None:
    with pytest.raises(Refused, match="two ways"):
        dates.read("01/02", NOW, ("en",))
    assert dates.read("13/02/2027", NOW, ("en",)).day.isoformat() == "2027-02-13"
    assert dates.read("02/13/2027", NOW, ("en",)).day.isoformat() == "2027-02-13"


@pytest.mark.parametrize(
    ("text", "minutes", "day", "rest"),
    [
        ("45m remote replaced the toner", 45, "2026-11-21", "remote replaced the toner"),
        ("1.5h", 90, "2026-11-21", ""),
        ("1,5 h", 90, "2026-11-21", ""),
        ("1h30", 90, "2026-11-21", ""),
        ("1h 30m on-site", 90, "2026-11-21", "on-site"),
        ("1:30 x", 90, "2026-11-21", "x"),
        ("90 min", 90, "2026-11-21", ""),
        ("9:00-9:45", 45, "2026-11-21", ""),
        ("9-10:30 call", 90, "2026-11-21", "call"),
        ("9am-11am", 120, "2026-11-21", ""),
        ("23:30-0:15", 45, "2026-11-20", ""),
        ("yesterday 2h", 120, "2026-11-20", ""),
        ("2h yesterday fixed it", 120, "2026-11-20", "fixed it"),
        ("monday 9:00-10:00", 60, "2026-11-16", ""),
        ("gestern 2 Stunden", 120, "2026-11-20", ""),
        ("2026-11-20 45m", 45, "2026-11-20", ""),
    ],
)
def test_n15_working_time_as_people_write_it(text: str, minutes: int, day: str, rest: str) -> None:
    found = durations.read(text, NOW, NAMES.languages)
    assert (found.minutes, found.day.date().isoformat(), found.rest) == (minutes, day, rest)


@pytest.mark.parametrize("text", ["45", "9-10", "0m", "30h", "tomorrow 2h", "soon", "", "h", "1.5"])
def test_working_time_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Refused) as caught:
        durations.read(text, NOW, NAMES.languages)
    assert caught.value.message.endswith(".")


AUTUMN, SPRING = datetime(2026, 10, 25, 12, tzinfo=BERLIN), datetime(2026, 3, 29, 12, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("now", "text", "minutes"),
    [
        (AUTUMN, "1:30-3:30", 180),
        (SPRING, "1:30-3:30", 60),
        (AUTUMN + timedelta(days=1), "1:30-3:30", 120),
        (AUTUMN + timedelta(days=1), "yesterday 1:30-3:30", 180),
        (AUTUMN + timedelta(days=1), "1:30-3:30 yesterday", 180),
        (SPRING + timedelta(days=1), "1:30-3:30 yesterday", 60),
        (SPRING, "23:00-4:00 yesterday", 240),
        (AUTUMN, "23:00-4:00 yesterday", 360),
        (AUTUMN, "2:15-2:45", 30),
        (AUTUMN, "2:30-2:10", 40),  # the hour that comes twice
        (AUTUMN, "2:30-2:30", 60),
        (SPRING, "3:00-3:30", 30),
        (AUTUMN, "9:00-10:00", 60),
        (SPRING, "120m", 120),
    ],
)
def test_working_time_across_a_change_of_summer_time_is_real_time(
    now: datetime, text: str, minutes: int
) -> None:
    assert durations.read(text, now, NAMES.languages).minutes == minutes


@pytest.mark.parametrize("text", ["2:30-3:30", "1:30-2:30", "2:10-2:40", "1:30-2:30 today"])
def test_an_hour_that_is_left_out_is_no_working_time(text: str) -> None:
    with pytest.raises(Refused, match=r"There was no 02:\d0 on .*: the clocks went ahead"):
        durations.read(text, SPRING, NAMES.languages)


# ---- the words themselves


def test_every_command_has_an_act_help_in_every_language_and_examples_that_work() -> None:
    words = vocabulary()
    assert set(words.commands) == set(ACTS)
    for word in words.commands.values():
        lacking = set(words.languages) - set(word.help)
        assert not lacking, f"words.yaml, {word.name}: help lacks {lacking}"
        for example in word.examples:
            role = "resource" if "resource" in word.who else "contact"
            names = replace(NAMES, queues=("Co-managed",), views=("unassigned", "waiting on us"))
            asked = read("x", example, names, MailContext(role=role))
            assert word.name in [c.name for c in asked.commands], example
            assert not asked.unclear, asked.unclear


def test_a_word_means_one_command() -> None:
    seen: dict[str, str] = {}
    for word in vocabulary().commands.values():
        for name in (word.name, *word.words):
            assert seen.setdefault(name, word.name) == word.name, name


def test_all_statuses_of_the_profile_are_phrases() -> None:
    for status in NAMES.statuses:
        asked = read(f"Re: {TITLE} is {status}", "", NAMES, MailContext(frozenset({TITLE.lower()})))
        assert len(asked.commands) == 1, status


def test_an_admins_own_words(tmp_path: Path) -> None:
    (tmp_path / "phrases").mkdir()
    (tmp_path / "phrases" / "it.yaml").write_text(
        "phrases:\n  - {say: è risolto, command: resolve}\n", "utf-8"
    )
    (tmp_path / "dialects").mkdir()
    (tmp_path / "dialects" / "ours.yaml").write_text(
        "- {word: parked, command: status, value: Waiting Vendor}\n"
    )
    names = replace(NAMES, vocabulary=vocabulary(tmp_path))
    asked = read(
        f"Re: {TITLE} è risolto", "#parked", names, MailContext(frozenset({TITLE.lower()}))
    )
    assert [c.name for c in asked.commands] == ["resolve", "status"]
    (tmp_path / "phrases" / "it.yaml").write_text("phrases:\n  - {say: x, command: resolv}\n")
    with pytest.raises(UsageError, match=r"it.yaml, line 2.*did you mean resolve\?"):
        vocabulary(tmp_path)


def test_the_page_in_docs_is_current() -> None:
    page = Path(__file__).parents[2] / "docs" / "commands.md"
    made = reference.page(vocabulary())
    assert page.read_text("utf-8") == made, "run: maild commands docs > docs/commands.md"


def test_commands_try_shows_what_a_mail_would_do(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from maild.cli import app

    config = tmp_path / "maild.toml"
    config.write_text('[[resource]]\nname = "Bob Tech"\nemail = "bob@example.com"\n')
    words = ["commands", "try", r"#assign bob\n#prio 1\nHello", "--subject", "Re: x is resolved"]
    found = CliRunner().invoke(app, [*words, "--config", str(config), "--json"])
    data = json.loads(found.stdout)
    assert [c["name"] for c in data["commands"]] == ["resolve", "assign", "priority"]
    assert (data["subject"], data["text"]) == ("Re: x", "Hello")
    found = CliRunner().invoke(app, ["commands", "list", "--config", str(config)])
    assert "#resolve" in found.stdout


# ---- no false alarm among mails by people

_BESIDE = (parent / "shared" / "corpora" for parent in Path(__file__).parents)
CORPORA = next((folder for folder in _BESIDE if folder.is_dir()), None)


@pytest.mark.no_cover
@pytest.mark.skipif(CORPORA is None, reason="the labelled mails are not on this machine")
def test_e6_no_false_alarm_among_mails_by_people(record_property: Callable[..., None]) -> None:
    tried, alarms = 0, []
    for label, mail in _human():
        tried += 1
        for role in ("resource", "contact"):
            for opens in (True, False):
                before = frozenset() if opens else frozenset({subject_phrases.plain(mail.subject)})
                asked = read(mail.subject, mail.new_text, NAMES, MailContext(before, opens, role))
                if asked.commands or asked.unclear or asked.refused:
                    alarms.append((label, role, opens, asked.commands, asked.unclear))
    record_property("mails", tried)
    print(f"{tried} mails by people, each as of a resource and of a contact")
    assert alarms == []
    assert tried > 500


def _human() -> Iterator[tuple[str, Mail]]:
    assert CORPORA is not None
    for file in sorted(CORPORA.glob("*/*.eml")):
        try:
            mail = parse(file.read_bytes())
        except MailError:
            continue
        if mail.kind is Kind.HUMAN:
            yield f"{file.parent.name}/{file.name}", mail
