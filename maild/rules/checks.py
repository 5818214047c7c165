"""What can be wrong with the argument of an action, found when the rules are read.

The table of actions (`actions.ACTIONS`) names the check of each beside its deed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import regex

from maild import yamlfile
from maild.desk import digests
from maild.desk.appointments import ENDINGS
from maild.desk.fields import SETTABLE
from maild.desk.partners import BY_RULES
from maild.desk.profile import Profile, key
from maild.desk.roles import ROLES
from maild.errors import UsageError
from maild.i18n import Sentence, sentence
from maild.rules import conditions
from maild.rules.recipients import SPECIAL, TURNS
from maild.yamlfile import Problems


@dataclass(frozen=True, slots=True)
class Reading:
    """Where an argument stands, and where its mistakes go."""

    profile: Profile
    file: Path
    problems: Problems
    item: Any = None  # the entry, for words that do not know their own line

    def unknown(self, word: Any, what: str, known: Iterable[str], at: Any = None) -> None:
        """The word is none of those known."""
        self.problems.unknown(self.file, self._at(word) if at is None else at, what, word, known)

    def add(self, text: str) -> None:
        """Something else is wrong with the entry."""
        self.problems.add(self.file, self.item, text)

    def word(self, what: str, word: Any) -> None:
        """The word is one of the profile's, or has something to fill in."""
        if word is None or "${" in str(word):
            return
        known = list(WORDS[what](self.profile))
        if key(str(word)) not in map(key, known):
            noun = sentence("ticket template") if what == "template" else Sentence(what, {})
            self.unknown(word, noun, known)

    def _at(self, word: Any) -> Any:
        """The word, or where its entry stands where it does not know its own line."""
        return word if getattr(word, "line", 0) else yamlfile.line_of(self.item)


Check = Callable[[Reading, Any], None]

# What a field can be given, where the profile has a list of it.
WORDS: dict[str, Callable[[Profile], Iterable[str]]] = {
    "status": lambda profile: profile.statuses,
    "priority": lambda profile: (*profile.priorities, "from matrix"),
    "type": lambda profile: profile.types,
    "queue": lambda profile: (*profile.queues, "from request type"),
    "template": lambda profile: profile.templates,
}


def texts(argument: Any) -> list[str]:
    """One text or several, as a list without the empty ones."""
    listed = argument if isinstance(argument, list) else [argument]
    return [entry if isinstance(entry, str) else str(entry) for entry in listed
            if str(entry).strip()]  # fmt: skip


def line_of_key(entry: Any, name: str) -> int:
    """Where a key of an entry stands."""
    lines: dict[str, int] = getattr(entry, "key_lines", {})
    return lines.get(name, yamlfile.line_of(entry))


def status(reading: Reading, name: Any) -> None:
    reading.word("status", name)


def template(reading: Reading, name: Any) -> None:
    reading.word("template", name)


def fields(reading: Reading, values: Any) -> None:
    """Fields that there are, with values that they can have."""
    known = (*SETTABLE, *reading.profile.field_names)
    for name, value in values.items():
        if name not in known:
            reading.unknown(name, sentence("field of a ticket"), known, line_of_key(values, name))
        elif name in WORDS:
            reading.word(name, value)
        elif name == "due" and value != "empty" and "${" not in str(value):
            _due(reading, values, str(value))


def _due(reading: Reading, values: Any, value: str) -> None:
    try:
        conditions.reach_of(value)
    except UsageError as error:
        reading.problems.add(reading.file, line_of_key(values, "due"), error.message)


def assign(reading: Reading, who: Any) -> None:
    turn, of, group = str(who).partition(" of ")
    if of and turn in TURNS and group not in reading.profile.groups:
        reading.unknown(group, sentence("group"), reading.profile.groups)


def withdraw(reading: Reading, audience: Any) -> None:
    if audience not in ("contacts", "resources"):
        reading.unknown(audience, sentence("audience"), ("contacts", "resources"))


def tell_partner(reading: Reading, says: Any) -> None:
    if says not in list(BY_RULES):
        reading.unknown(says, "thing to tell", list(BY_RULES))


def pattern(reading: Reading, argument: Any) -> None:
    try:
        groups = regex.compile(str(argument["pattern"])).groupindex
    except regex.error as error:
        reading.add(
            sentence(
                "{pattern} is no regular expression: {error}.",
                pattern=repr(argument["pattern"]),
                error=str(error),
            )
        )
        return
    if "start" not in groups:
        reading.add(sentence("the pattern needs a group (?P<start>…), which says when it begins"))


def ending(reading: Reading, how: Any) -> None:
    if how not in ENDINGS:
        reading.unknown(how, sentence("end of an appointment"), ENDINGS)


def notify(reading: Reading, argument: Any) -> None:
    known, name = reading.profile.notifications, argument["template"]
    kind = known.get(name)
    if kind is None:
        reading.unknown(name, sentence("notification"), known.entries)
    elif kind.unknown_to_rules:
        reading.add(
            sentence(
                '"{name}" is sent by maild itself: it tells {facts}, which no rule knows.',
                name=name,
                facts=list(kind.unknown_to_rules),
            )
        )
    for who in texts(argument["to"]):
        _recipient(reading, who)


def digest(reading: Reading, argument: Any) -> None:
    if argument["what"] not in digests.KINDS:
        reading.unknown(argument["what"], sentence("digest"), digests.KINDS)
    for who in texts(argument.get("to", [])):
        if key(who) != "all resources":
            _recipient(reading, who)


def _recipient(reading: Reading, who: str) -> None:
    """Small words are roles and groups; names of people begin large, addresses have an @."""
    role, groups = key(who), reading.profile.groups
    known = role in ROLES or role in SPECIAL or who in groups
    if known or "@" in who or "${" in who or who != who.lower():
        return
    possible = (*ROLES, "author", "other side", "on-call", *groups)
    reading.unknown(who, sentence("role, group or address"), possible)


def create_ticket(reading: Reading, argument: Any) -> None:
    if isinstance(argument.get("set"), dict):
        fields(reading, argument["set"])
    template(reading, argument.get("template"))
    if "due" in argument:
        _due(reading, argument, str(argument["due"]))
