"""profile.yaml: what is read, how lists merge, and what is said of every mistake."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time
from pathlib import Path

import pytest
import yaml

from maild.desk.calendar import read_hours
from maild.desk.profile import Profile, load_profile, names, shipped
from maild.desk.profile_keys import KEYS
from maild.errors import UsageError
from maild.yaml_schema import SHAPES, Key

WHOLE = """\
name: own
statuses:
  - {name: New, kind: new}
  - {name: Parked, kind: waiting, needs: [due]}
  - {name: Done, kind: closed}
new_status: New
complete_status: Done
priorities: [Normal, Urgent]
types: [Request]
queues: [Support]
"""


Read = Callable[..., Profile]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Reads a profile of this text, beside the others that were read before it."""

    def read(text: str, name: str = "own") -> Profile:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "profile.yaml").write_text(text, "utf-8")
        return load_profile(folder)

    return read


# What is written after `WHOLE` → what is said, each line without its file.
MISTAKES: dict[str, list[str]] = {
    "prioritys: [A]": ['"prioritys" is no key of a profile; did you mean priorities?'],
    "reopened_status: Opne": [
        'reopened_status: "Opne" is none of the statuses; did you mean Done?'
    ],
    "deferred_status: parkd": [
        'deferred_status: "parkd" is none of the statuses; did you mean Parked?'
    ],
    "categories: Sales": ['categories: "Sales" is not names, each with a list.'],
    "calendars: [default]": ["calendars: this is not names, each with keys and values."],
    "calendars: {default: open}": ["a calendar needs keys with values."],
    "calendars: {default: {hours: 9-17}}": [
        'hours: "9-17" is not days, each with its hours.'
    ],
    "calendars: {default: {holidays: [XX]}}": [
        'holidays: "XX" is no country whose holidays are known; write it like "US", "DE" or with '
        'its region "DE-BY".'
    ],
    "calendars: {default: {closed: [christmas]}}": ['closed: "christmas" cannot be read.'],
    "calendars: {default: {timezone: Europe/Berln}}": [
        'timezone: "Europe/Berln" is no time zone; did you mean Europe/Berlin?'
    ],
    "slas: [{name: A, priorities: [Urgnt]}]": [
        'priorities: "Urgnt" is none of the priorities; did you mean Urgent?'
    ],
    "slas: [{first_response: 1 hour}]": ["an SLA needs `name`."],
    "slas: [{name: A, first_response: soon}]": [
        'first_response: "soon" is no length of time; write it like "8 business days", "2 days", '
        '"4 business hours" or "1 day at 9:00".'
    ],
    "slas: [{name: A, warn: 0}]": ["warn: 0 is no percentage from 1 to 100."],
    "slas: [{name: A, calendar: night}]": [
        'calendar: "night" is none of the calendars; possible: default.'
    ],
    "slas: [{name: A}, {name: a}]": ['slas: "a" stands there twice.'],
    "slas: [{name: A, skip: yes}]": ['slas: there is no "a" below to skip.'],
    "matrix: [{impact: high}]": ["a row of the matrix needs `priority`."],
    "matrix: [{priority: P1}]": [
        'priority: "P1" is none of the priorities; possible: Normal, Urgent.'
    ],
    "on_call: {turn: month}": ['turn: "month" is unknown; possible: week, day.'],
    "on_call: {starts: monday}": ['starts: "monday" cannot be read.'],
    "views: {mine: {kinds: [open]}}": [
        'kinds: "open" is unknown; possible: new, working, waiting, review, resolved, closed.'
    ],
    "views: {mine: {statuses: [Dne]}}": [
        'statuses: "Dne" is none of the statuses; did you mean Done?'
    ],
    "request_types: {New user: Sales}": [
        'queue: "Sales" is none of the queues; possible: Support.'
    ],
    "request_types: {New user: {template: User}}": [
        'template: "User" is none of the templates; there is none.'
    ],
    "sides: {vendor: Us}": [
        '"vendor" is no key of sides; possible: client, provider.'
    ],
    "templates: {Handoff: Sales}": ["templates: Handoff needs fields with values."],
    "sources: {email: 1}": ["sources: this is not a list of texts."],
    "description: yes": ['description: this is not a text.'],
}  # fmt: skip
STATUSES: dict[str, list[str]] = {
    "{kind: new}": ["a status needs `name`."],
    "{name: A}": ["a status needs `kind`."],
    "{name: A, kind: opn}": [
        'kind: "opn" is unknown; possible: new, working, waiting, review, resolved, closed.'
    ],
    "{name: A, kind: new, set_by: rules}": [
        'set_by: "rules" is unknown; possible: people, system.'
    ],
    "{name: A, kind: new, needs: [resolutin]}": [
        'needs: "resolutin" is unknown; did you mean resolution?'
    ],
    "{name: A, kind: new, tell_contact: never}": ['tell_contact: "never" is not yes or no.'],
    "{name: A, kind: new, categories: [X]}": [
        'categories: "X" is none of the categories; there is none.'
    ],
    "{name: New, kind: new}": ['statuses: "new" stands there twice.'],
    "Open": ["a status needs keys with values."],
}


def said(error: UsageError) -> list[str]:
    return [line.partition(": ")[2] for line in error.message.splitlines()]


@pytest.mark.parametrize("text", MISTAKES)
def test_every_mistake_is_said_with_its_line(read: Read, text: str) -> None:
    with pytest.raises(UsageError) as raised:
        read(WHOLE + text + "\n")
    assert said(raised.value) == MISTAKES[text]
    assert "profile.yaml, line 11: " in raised.value.message


@pytest.mark.parametrize("entry", STATUSES)
def test_every_mistake_of_a_status_is_said(read: Read, entry: str) -> None:
    with pytest.raises(UsageError) as raised:
        read(WHOLE.replace("new_status", f"  - {entry}\nnew_status", 1))
    assert said(raised.value) == STATUSES[entry]


def test_a_profile_says_what_it_lacks_all_at_once(read: Read) -> None:
    with pytest.raises(UsageError) as raised:
        read("description: nothing\n")
    needed = [key.name for key in KEYS if key.required]
    assert said(raised.value) == [f"a profile needs `{name}`." for name in needed]


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.name)
def test_every_key_is_documented_by_an_example_that_is_read(read: Read, key: Key) -> None:
    """The examples of docs/profile-keys.md are YAML of the shape that the key takes."""
    assert key.meaning
    for inner in (key, *key.keys):
        if inner.example:
            assert isinstance(yaml.safe_load(inner.example), (*SHAPES[inner.takes][0],))


# ---- how a profile is written over another

BASE = (
    WHOLE
    + """\
categories: {Network: [VPN], Hardware: []}
groups: {managers: [Dana]}
checklists: {Closing: [One, Two]}
calendars: {default: {hours: {mon-fri: "9:00-17:00"}, closed: [2026-12-24]}}
request_types: {New user: Support, Question: }
matrix: [{impact: high, priority: Urgent}, {priority: Normal}]
slas:
  - {name: Urgent, priorities: [Urgent], first_response: 30 minutes, warn: 50}
  - {name: Normal, first_response: 4 hours}
"""
)


@pytest.fixture
def over(read: Read) -> Read:
    """Reads a text as a profile that builds on `BASE`."""
    read(BASE, "base")
    return lambda text: read("extends: ../base\nname: own\n" + text)


def test_lists_of_words_take_the_place_of_those_below(over: Read) -> None:
    own = over(
        "priorities: [P1, P2]\nmatrix: [{priority: P2}]\nslas: [{name: Urgent, priorities: [P1]}]\n"
    )
    assert own.priorities == ("P1", "P2")
    assert own.matrix.rows == ((None, None, "P2"),)


def test_names_are_joined(over: Read) -> None:
    own = over("categories: {Sales: [], Network: [Wi-Fi]}\ngroups: {office: [Bob]}\n")
    assert own.categories == {"Network": ("Wi-Fi",), "Hardware": (), "Sales": ()}
    assert own.groups == {"managers": ("Dana",), "office": ("Bob",)}


def test_ones_own_entries_come_first_and_change_those_of_their_name(over: Read) -> None:
    own = over(
        "slas:\n"
        "  - {name: normal, first_response: 2 hours}\n"
        "  - {name: Acme, organizations: [Acme], first_response: 1 hour}\n"
        "statuses: [{name: Parked, kind: waiting, pauses_sla: no}]\n"
    )
    assert [(s.name, str(s.first_response)) for s in own.slas] == [
        ("Acme", "1 hour"),
        ("Urgent", "30 minutes"),
        ("normal", "2 hours"),
    ]
    assert own.slas[1].warn == 50
    parked = own.statuses["Parked"]
    assert (parked.needs, parked.pauses_sla) == (("due",), False)


def test_an_entry_below_can_be_left_out(over: Read) -> None:
    own = over("slas: [{name: Urgent, skip: yes}]\n")
    assert [s.name for s in own.slas] == ["Normal"]


def test_hours_are_those_written_also_over_other_ones(over: Read) -> None:
    own = over('calendars: {default: {hours: {mon-thu: "8:00-16:00"}}}\n')
    hours = own.calendars["default"].hours
    assert hours[0] == ((time(8), time(16)),)
    assert hours[4] == ()  # no Friday is written
    assert len(own.calendars["default"].closed) == 1  # of the one below


def test_a_request_type_can_get_a_form_and_keep_its_queue(over: Read) -> None:
    own = over("request_types: {New user: {form: [Name, First day]}}\n")
    one = own.request_types["New user"]
    assert (one.queue, one.form) == ("Support", ("Name", "First day"))
    assert own.request_types["Question"].queue is None


def test_a_word_below_that_a_list_of_ones_own_lacks_is_explained(over: Read) -> None:
    with pytest.raises(UsageError) as raised:
        over("priorities: [P1, P2]\n")
    first = raised.value.message.splitlines()[0]
    assert "base/profile.yaml, line " in first
    assert 'priority: "Urgent" is none of the priorities; possible: P1, P2.' in first
    assert (
        "own/profile.yaml has priorities of its own, which take the place of those below" in first
    )


@pytest.mark.parametrize("name", names())
def test_every_shipped_profile_can_be_built_on_with_nothing_but_a_name(
    read: Read, name: str
) -> None:
    own, base = read(f"extends: {name}\nname: own\n"), load_profile(shipped(name))
    assert (own.statuses, own.slas, own.calendars) == (base.statuses, base.slas, base.calendars)


# ---- business hours

NINE_TO_FIVE = ((time(9), time(17)),)
WEEKS: dict[str, tuple[dict[str, str | None], str]] = {  # → which days have the hours
    "a span": ({"mon-fri": "9:00-17:00"}, "mon tue wed thu fri"),
    "over the week's end": ({"sun-thu": "9:00-17:00"}, "mon tue wed thu sun"),
    "from friday to monday": ({"fri-mon": "9:00-17:00"}, "mon fri sat sun"),
    "a list": ({"mon, wed, fri": "9:00-17:00"}, "mon wed fri"),
    "a list of spans": ({"mon-tue, thu-fri": "9:00-17:00"}, "mon tue thu fri"),
    "one day": ({"sat": "9:00-17:00"}, "sat"),
    "whole words": ({"Monday - Wednesday": "9:00 - 17:00"}, "mon tue wed"),
    "a long dash": ({"mon–fri": "9:00–17:00"}, "mon tue wed thu fri"),
    "all days": ({"mon-sun": "9:00-17:00"}, "mon tue wed thu fri sat sun"),
    "a closed day": ({"mon-thu": "9:00-17:00", "fri": "closed"}, "mon tue wed thu"),
    "an empty day": ({"mon-thu": "9:00-17:00", "fri": None}, "mon tue wed thu"),
}
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
NO_WEEKS: dict[str, tuple[dict[str, str | None], str]] = {
    "no day": ({"mo-fr": "9:00-17:00"}, '"mo-fr" names no days'),
    "a word that begins like a day": ({"monkey": "9:00-17:00"}, '"monkey" names no days'),
    "a half span": ({"mon-": "9:00-17:00"}, '"mon-" names no days'),
    "a day twice": (
        {"mon-fri": "9:00-17:00", "fri": "9:00-12:00"},
        'Friday is in "mon-fri" and in "fri"; write each day once.',
    ),
    "a day twice in a list": ({"mon-wed, tue": "9:00-17:00"}, "write each day once"),
    "overlapping": ({"mon": "9:00-13:00, 12:00-17:00"}, "these hours overlap"),
    "the same twice": ({"mon": "9:00-12:00, 9:00-12:00"}, "these hours overlap"),
    "in another order": ({"mon": "13:00-17:00, 9:00-13:30"}, "these hours overlap"),
    "up to midnight and on": ({"mon": "20:00-24:00, 22:00-23:00"}, "these hours overlap"),
    "over midnight": ({"mon": "22:00-6:00"}, 'ends before it begins; write what is after midnight'),
    "no time": ({"mon": "9-17"}, '"9" is no time of day; write it like "9:00".'),
    "no end": ({"mon": "9:00"}, '"9:00" are no hours; write them like 9:00-17:00.'),
    "no hour": ({"mon": "9:00-25:00"}, '"25:00" is no time of day'),
    "nothing": ({}, "these hours are never open"),
    "never": ({"mon-fri": "closed"}, "these hours are never open"),
}  # fmt: skip


@pytest.mark.parametrize("name", WEEKS)
def test_business_hours_are_those_written(name: str) -> None:
    written, days = WEEKS[name]
    found = [day for day, hours in zip(DAYS, read_hours(written), strict=True) if hours]
    assert found == days.split()
    assert {hours for hours in read_hours(written) if hours} == {NINE_TO_FIVE}


@pytest.mark.parametrize("name", NO_WEEKS)
def test_hours_that_cannot_be_right_are_refused(name: str) -> None:
    written, why = NO_WEEKS[name]
    with pytest.raises(UsageError) as raised:
        read_hours(written)
    assert why in raised.value.message


def test_hours_of_a_day_may_come_in_any_order() -> None:
    (monday, *_) = read_hours({"mon": "13:00-17:00, 9:00-12:00"})
    assert monday == ((time(9), time(12)), (time(13), time(17)))
