"""What people call a status: every name of every profile is understood or answered."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from maild.commands.arguments import Names
from maild.commands.grammar import Asked, MailContext, read
from maild.commands.mail_commands import names as names_of
from maild.commands.subject_phrases import plain
from maild.commands.words import vocabulary
from maild.config import Config, Settings
from maild.desk.profile import Profile, load_profile, names, shipped
from tests.code import CODE, trees

NOW = datetime(2026, 11, 21, 13, 0, tzinfo=ZoneInfo("Europe/Berlin"))
TITLE = "Printer does not print"
PROFILES = {name: load_profile(shipped(name)) for name in names()}
WORDS = vocabulary()


def known(profile: Profile) -> Names:
    settings = Settings(Config(), shipped("next7") / "maild.toml")
    return names_of(settings, profile, WORDS, (), NOW)


NAMES = {name: known(profile) for name, profile in PROFILES.items()}


def ask(profile: str, subject: str = "", text: str = "", role: str = "resource") -> Asked:
    place = MailContext(frozenset([plain(TITLE)]), role=role)
    return read(f"Re: {TITLE} {subject}", text, NAMES[profile], place)


def sets(profile: str, asked: Asked) -> str | None:
    """The status that the one command means; None where it is another command, or none."""
    (command,) = asked.commands or (None,)
    if command is None:
        return None
    own = {
        "resolve": "resolved_status",
        "complete": "complete_status",
        "defer": "deferred_status",
    }
    if command.name in own:
        return str(getattr(PROFILES[profile], own[command.name]))
    return NAMES[profile].status(command.argument) if command.name == "status" else None


EVERY = [(name, status) for name, profile in PROFILES.items() for status in profile.statuses]


@pytest.mark.parametrize(("profile", "status"), EVERY, ids=lambda value: str(value))
def test_every_status_is_understood_by_its_name(profile: str, status: str) -> None:
    assert sets(profile, ask(profile, f"is {status}")) == status
    assert sets(profile, ask(profile, f"is {status.lower()}.")) == status
    assert sets(profile, ask(profile, f"ist {status}")) == status
    assert sets(profile, ask(profile, text=f"#status {status}\n\nWords.")) == status
    assert sets(profile, ask(profile, text=f"Status: {status}\n\nWords.")) == status


ALL = sorted({status for profile in PROFILES.values() for status in profile.statuses})


@pytest.mark.parametrize("profile", names())
def test_a_status_of_another_desk_is_understood_or_answered(profile: str) -> None:
    """With the statuses that there are, never with silence."""
    for status in (s for s in WORDS.statuses if " " not in s or s in ("no show", "on hold")):
        asked = ask(profile, f"is {status}")
        assert asked.commands or asked.unclear, (profile, status)
        if asked.unclear:
            assert "There is no status" in asked.unclear[0].why
    for status in ALL:
        asked = ask(profile, text=f"#status {status}")
        assert asked.commands or asked.unclear, (profile, status)


# profile → what is written → the status that it sets, or what is answered
SAID = [
    ("atera", "is closed", "Closed"),
    ("atera", "is resolved", "Resolved"),
    ("atera", "is solved", "Resolved"),
    ("atera", "is fixed", "Resolved"),
    ("atera", "is complete", "Closed"),
    ("atera", "is open", "Open"),
    ("atera", "ist geschlossen", "Resolved"),  # no status is called so
    ("next7", "is closed", "Complete"),
    ("next7", "is resolved", "Complete"),
    ("next7", "is complete", "Complete"),
    ("ggit", "is resolved", "Customer or Tech Says Close"),
    ("ggit", "is closed", "Customer or Tech Says Close"),
    ("ggit", "is complete", "Complete"),
    ("ggit", "is no-show", "No-Show: Remote Customer"),
    ("ggit", "is no show", "No-Show: Remote Customer"),
    ("ggit", "ist nicht erschienen", "No-Show: Remote Customer"),
    ("ggit", "is no appt needed", "No Appt Needed - To Do"),
    ("ggit", "is on hold", "Deferred"),
    ("next7", "is on hold", "Waiting Internal Review"),
]
ANSWERED = [
    ("next7", "is no-show", 'There is no status "no-show"; possible are New, Assigned'),
    ("atera", "is no-show", 'There is no status "no-show"; possible are Open, Pending'),
    ("atera", "is waiting materials", 'There is no status "waiting materials"; possible are Open'),
    ("ggit", "is follow up needed", "Follow Up Needed: Admin or Follow Up Needed: Resource"),
    ("next7", "is waiting custmer", 'Did you mean "is waiting customer"?'),
]
TALK = ["is very hot", "is client", "is mine too", "is on the second floor", "is no show of ours"]


@pytest.mark.parametrize(("profile", "written", "status"), SAID)
def test_a_phrase_means_the_profiles_own_status(profile: str, written: str, status: str) -> None:
    assert sets(profile, ask(profile, written)) == status


@pytest.mark.parametrize(("profile", "written", "why"), ANSWERED)
def test_what_is_nearly_a_status_is_answered(profile: str, written: str, why: str) -> None:
    asked = ask(profile, written)
    assert not asked.commands
    assert why in asked.unclear[0].why


@pytest.mark.parametrize("written", TALK)
def test_other_words_are_words(written: str) -> None:
    for profile in PROFILES:
        asked = ask(profile, written)
        assert not asked.commands and not asked.unclear, (profile, written)


def test_a_contact_asks_to_close_whatever_the_statuses_are() -> None:
    for profile in PROFILES:
        asked = ask(profile, "is closed", role="contact")
        assert [c.name for c in asked.commands] == ["resolve"]
        assert not ask(profile, "is waiting customer", role="contact").commands


def test_a_directive_means_the_profiles_own_status_too() -> None:
    assert sets("next7", ask("next7", text="#status resolved")) == "Complete"
    assert sets("atera", ask("atera", text="#closed")) == "Closed"
    assert sets("atera", ask("atera", text="#resolved")) == "Resolved"
    assert sets("next7", ask("next7", text="#closed")) == "Complete"
    asked = ask("atera", text="#closed the toner was replaced")
    assert [(c.name, c.argument) for c in asked.commands] == [
        ("resolution", "the toner was replaced"),
        ("status", "Closed"),
    ]


# ---- slips of the fingers

SLIPS = {
    "assgin": "assign", "assing": "assign", "piority": "priority",
    "prioritty": "priority", "resovle": "resolve", "reslove": "resolve", "stauts": "status",
    "satus": "status", "shcedule": "schedule", "scedule": "schedule", "escalte": "escalate",
    "timeshet": "timesheet", "defered": "defer", "cheklist": "checklist", "tempalte": "template",
    "intrenal": "internal", "queeu": "queue", "splt": "split", "undoo": "undo", "tranfser":
    "transfer", "remnid": "remind", "resoluton": "resolution",
}  # fmt: skip
STRANGERS = (
    "client", "customer", "company", "mail", "call", "phone", "vendor",
    "invoice", "closing", "whatever", "fyi", "hello", "printer", "ok", "news", "server", "office",
    "meeting", "order", "done2day", "holiday", "backup",
)  # fmt: skip


@pytest.mark.parametrize("word", SLIPS)
def test_a_slip_of_the_fingers_is_answered_with_the_command(word: str) -> None:
    (unclear,) = ask("next7", text=f"#{word} x").unclear
    assert unclear.why == f'There is no command "#{word}"; did you mean #{SLIPS[word]}?'


@pytest.mark.parametrize("word", STRANGERS)
def test_another_word_is_not_guessed_at(word: str) -> None:
    (unclear,) = ask("next7", text=f"#{word} x").unclear
    assert unclear.why == f'There is no command "#{word}"; #help lists all commands.'


# ---- and no code knows one of them

EXAMPLES = {"Fact", "Action", "Key"}  # tables whose entries have examples


def literals(node: ast.AST) -> Iterator[ast.Constant]:
    """The texts of a module, those of examples aside."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Call) and getattr(child.func, "id", "") in EXAMPLES:
            continue
        if isinstance(child, ast.Constant) and isinstance(child.value, str):
            yield child
        yield from literals(child)


def test_no_name_of_a_profile_stands_in_the_code() -> None:
    """Statuses, priorities, types and queues are the profile's alone."""
    profiles = PROFILES.values()
    named = {n for p in profiles for n in (*p.statuses, *p.priorities, *p.types, *p.queues)}
    known = named - {"Support"}  # the default of `[desk] name`
    found = [
        f"{file.relative_to(CODE)}:{node.lineno}: {node.value}"
        for file, tree in trees().items()
        for node in literals(tree)
        if node.value in known
    ]
    assert found == []
