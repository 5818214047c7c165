"""Whether a rule's conditions hold.

A condition is read once, checked, and then asked of every event.  Patterns run in the `regex`
module with a limit of time and of text, as an admin's pattern meets text that strangers write:
Python's own `re` cannot be stopped, and refusing patterns by their looks refuses good ones.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import regex

from maild.desk.calendar import Span
from maild.desk.field_values import yes_or_no
from maild.desk.profile import Profile, key
from maild.errors import MaildError, UsageError
from maild.i18n import sentence
from maild.model import EventName
from maild.rules.context import Context
from maild.rules.interpolate import fill, holes
from maild.rules.vocabulary import Value, names, plain, value_named
from maild.yamlfile import Problems, nearest

PATTERN_SECONDS = 0.2  # that one pattern may take on one text
PATTERN_TEXT = 20_000  # characters of a text that patterns look at


class Condition(Protocol):
    """Something that holds at an event or not."""

    def holds(self, context: Context) -> bool: ...

    def told(self, context: Context) -> tuple[bool, list[str]]:
        """Whether it holds, and the parts that do, or of one that does not the part at fault, each
        as a phrase."""
        ...


def why(condition: Condition, context: Context) -> list[str]:
    """Why it holds, or does not."""
    return condition.told(context)[1]


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds; without any part, always."""

    parts: tuple[Condition, ...] = ()

    def holds(self, context: Context) -> bool:
        for part in self.parts:  # noqa: SIM110  a mail asks fifty, and `all` makes a generator each
            if not part.holds(context):
                return False
        return True

    def told(self, context: Context) -> tuple[bool, list[str]]:
        every: list[str] = []
        for part in self.parts:
            holds, phrases = part.told(context)
            if not holds:
                return False, phrases
            every += phrases
        return True, every


@dataclass(frozen=True, slots=True)
class Some:
    """At least one part holds."""

    parts: tuple[Condition, ...]

    def holds(self, context: Context) -> bool:
        return any(part.holds(context) for part in self.parts)

    def told(self, context: Context) -> tuple[bool, list[str]]:
        every: list[str] = []
        for part in self.parts:
            holds, phrases = part.told(context)
            if holds:
                return True, phrases
            every += phrases
        return False, [" and ".join(every)]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: Condition

    def holds(self, context: Context) -> bool:
        return not self.part.holds(context)

    def told(self, context: Context) -> tuple[bool, list[str]]:
        holds, phrases = self.part.told(context)
        return not holds, phrases


@dataclass(frozen=True, slots=True)
class Test:
    """One value against one comparison."""

    value: Value
    word: str  # "is", "matches" …
    operand: Any
    compare: Callable[[Any, Context], bool] = field(repr=False)

    def holds(self, context: Context) -> bool:
        return self.compare(self.value.get(context), context)

    def told(self, context: Context) -> tuple[bool, list[str]]:
        value = self.value.get(context)
        found, holds = plain(value).replace("\n", " "), self.compare(value, context)
        short = found if len(found) <= 60 else found[:60] + "…"
        phrase = f"{self.value.name} is {short or 'empty'}"
        return holds, [phrase if holds else f"{phrase}, not {self.wanted()}"]

    def wanted(self) -> str:
        word = "" if self.word in ("is", "in") else f"{self.word} "
        return word + (
            " or ".join(map(plain, self.operand)) if _many(self.operand) else plain(self.operand)
        )


# The events that say that a value of the ticket has changed; None: the one that they name.
CHANGING = {
    EventName.STATUS_CHANGED: "status",
    EventName.ASSIGNED: "primary",
    EventName.UNASSIGNED: "primary",
    EventName.FIELD_CHANGED: None,
}


@dataclass(frozen=True, slots=True)
class Changed:
    """The event is that this value changed, from and to what is named."""

    value: Value
    before: tuple[str, ...]  # none named: anything
    after: tuple[str, ...]

    def holds(self, context: Context) -> bool:
        event = context.event
        if event is None or event.event not in CHANGING:
            return False
        name = self.value.name.removeprefix("ticket.")
        if (CHANGING[event.event] or event.detail.get("field")) != name:
            return False
        return _one_of(self.before, event.detail.get("from")) and _one_of(
            self.after, event.detail.get("to")
        )

    def told(self, context: Context) -> tuple[bool, list[str]]:
        holds = self.holds(context)
        return holds, [f"{self.value.name} {'changed' if holds else 'did not change so'}"]


def _one_of(wanted: tuple[str, ...], found: Any) -> bool:
    return not wanted or key(plain(found)) in map(key, wanted)


# ---- comparisons: word → (meaning, operand → function)

Compare = Callable[[Any, Context], bool]


def _many(operand: Any) -> bool:
    return isinstance(operand, list | tuple)


def same(wanted: Sequence[Any]) -> Callable[[Any], bool]:
    """What is equal to one of these, for people: case and white space aside; a list has it among
    its entries."""
    exact = frozenset(str(one) for one in wanted if isinstance(one, str))
    texts = frozenset(map(key, exact))
    others = [one for one in wanted if not isinstance(one, str)]

    def equal(found: Any) -> bool:
        if isinstance(found, str):
            if found in exact or key(found) in texts:
                return True
            return bool(others) and any(_alike(found, one) for one in others)
        if isinstance(found, list | tuple):
            return any(map(equal, found))
        return any(_alike(found, one) for one in (wanted if found is not None else others))

    return equal


def _alike(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, bool):
        return _truth(found) is wanted
    return bool(found == wanted) or (found is not None and plain(found) == plain(wanted))


def _truth(found: Any) -> Any:
    """Yes or no, where that is what a text says."""
    said = yes_or_no(found) if isinstance(found, str) else None
    return found if said is None else said


def is_empty(found: Any) -> bool:
    return found is None or found == "" or (isinstance(found, list | dict | tuple) and not found)


def _is(operand: Any) -> Compare:
    return _among([operand])


def _in(operand: Any) -> Compare:
    return _among(_as_list(operand))


def _among(wanted: Sequence[Any]) -> Compare:
    """One of these, of which "empty" means nothing, and some are known only at an event."""
    empty, open_ = "empty" in wanted, [one for one in wanted if holes(one)]
    equal = same([one for one in wanted if one != "empty" and not holes(one)])

    def compare(found: Any, context: Context) -> bool:
        if equal(found) or (empty and is_empty(found)):
            return True
        return bool(open_) and same([fill(context, one) for one in open_])(found)

    return compare


def _not(operand: Any) -> Compare:
    inner = _in(operand)
    return lambda found, context: not inner(found, context)


def _empty(operand: Any) -> Compare:
    return lambda found, context: is_empty(found) is bool(operand)


def _text(check: Callable[[str, str], bool]) -> Callable[[Any], Compare]:
    """A comparison of texts, of which one of the operand's must fit."""

    def read(operand: Any) -> Compare:
        wanted = [str(entry).casefold() for entry in _as_list(operand)]

        def compare(found: Any, context: Context) -> bool:
            texts = found if isinstance(found, list) else [found]
            return any(check(plain(t).casefold(), w) for t in texts for w in wanted)

        return compare

    return read


def _matches(operand: Any) -> Compare:
    patterns = [regex.compile(str(entry), regex.IGNORECASE) for entry in _as_list(operand)]

    def compare(found: Any, context: Context) -> bool:
        text = plain(found)[:PATTERN_TEXT]
        for pattern in patterns:
            match = _search(pattern, text)
            if match is not None:
                context.captures.update(
                    {name: value.strip() for name, value in match.groupdict("").items()}
                )
                return True
        return False

    return compare


def _search(pattern: Any, text: str) -> Any:
    try:
        return pattern.search(text, timeout=PATTERN_SECONDS)
    except TimeoutError as error:
        raise MaildError(
            f"the pattern {pattern.pattern!r} took more than {PATTERN_SECONDS} seconds; "
            "write it without repetitions inside repetitions"
        ) from error


def _of_bool(compare: Compare) -> Compare:
    """The same of a value that is there or not."""
    return lambda found, context: compare(bool(found), context)


def _moment(comparison: Callable[[Any, Any], bool]) -> Callable[[Any], Compare]:
    """Times against "now", "in 2 days", "2 days ago" or a date."""

    def read(operand: Any) -> Compare:
        reach = reach_of(str(operand))

        def compare(found: Any, context: Context) -> bool:
            if isinstance(found, str):
                found = datetime.fromisoformat(found)
            return isinstance(found, datetime) and comparison(found, reach(context))

        return compare

    return read


def reach_of(text: str) -> Callable[[Context], datetime]:
    """When "now", "in 8 business days", "2 days ago" or "2026-12-24" is, asked at an event."""
    words = " ".join(text.split())
    if words.lower() == "now":
        return lambda context: context.desk.now
    if words.lower().startswith("in "):
        ahead = Span.read(words[3:])
        return lambda context: context.desk.calendar().later(context.desk.now, ahead)
    if words.lower().endswith(" ago"):
        back = Span.read(words[:-4])
        return lambda context: context.desk.calendar().earlier(context.desk.now, back)
    try:
        fixed = datetime.fromisoformat(words)
    except ValueError as error:
        raise UsageError(
            sentence(
                '"{text}" is no time; write now, "in 2 days", "3 hours ago" or 2026-12-24.',
                text=text,
            )
        ) from error
    return lambda context: (
        fixed if fixed.tzinfo else fixed.replace(tzinfo=context.desk.settings.config.desk.zone)
    )


def _number(comparison: Callable[[Any, Any], bool]) -> Callable[[Any], Compare]:
    def read(operand: Any) -> Compare:
        try:
            wanted = float(operand)
        except (TypeError, ValueError) as error:
            raise UsageError(sentence('"{text}" is no number.', text=str(operand))) from error

        def compare(found: Any, context: Context) -> bool:
            try:
                return comparison(float(found), wanted)
            except (TypeError, ValueError):
                return False

        return compare

    return read


COMPARISONS: dict[str, tuple[str, Callable[[Any], Compare]]] = {
    "is": ("the same, case and white space aside; of a list: one of its entries", _is),
    "not": ("none of these", _not),
    "in": ("one of these; a plain list means the same", _in),
    "contains": ("has one of these texts in it", _text(operator.contains)),
    "starts with": ("begins with one of these texts", _text(str.startswith)),
    "ends with": ("ends with one of these texts", _text(str.endswith)),
    "matches": ("fits a regular expression; its named groups are `${name}` below", _matches),
    "empty": ("yes: there is nothing; no: there is something", _empty),
    "before": ('earlier than: now, "in 2 days", "3 hours ago" or a date', _moment(operator.lt)),
    "after": ("later than", _moment(operator.gt)),
    "above": ("a larger number", _number(operator.gt)),
    "below": ("a smaller number", _number(operator.lt)),
}
CHANGES = {
    "changed": "yes: the event is that it changed",
    "changed from": "it changed, and was one of these",
    "changed to": "it changed, and is one of these now",
}
COMBINED = ("all", "any", "not")


# ---- reading


@dataclass(slots=True)
class Reader:
    """Reads conditions of one file; what is wrong goes to `problems`."""

    profile: Profile
    file: Any
    problems: Problems
    events: tuple[str, ...] = ()  # that the rule listens to
    captures: set[str] = field(default_factory=set)  # names that patterns capture

    def read(self, data: Any) -> Condition:
        """A mapping of names to comparisons, all of which must hold."""
        if data is None:
            return All()
        if not isinstance(data, dict):
            self.problems.add(
                self.file, data, sentence("conditions are names with what they must be.")
            )
            return All()
        return All(tuple(self._entry(data, name, wanted) for name, wanted in data.items()))

    def _entry(self, data: Any, name: str, wanted: Any) -> Condition:
        line = getattr(data, "key_lines", {}).get(name, 1)
        if name in COMBINED:
            return self._combined(name, wanted, line)
        value = value_named(name, self.profile)
        if value is None:
            self.problems.unknown(
                self.file, line, sentence("name for a condition"), name, names(self.profile)
            )
            return All()
        if isinstance(wanted, dict):
            return self._comparisons(value, wanted, line)
        word = "in" if isinstance(wanted, list) else "is"
        return self._test(value, word, wanted, line)

    def _combined(self, name: str, wanted: Any, line: int) -> Condition:
        entries = wanted if isinstance(wanted, list) else [wanted]
        parts = tuple(self.read(entry) for entry in entries)
        if name == "any":
            return Some(parts)
        return All(parts) if name == "all" else Not(Some(parts))

    def _comparisons(self, value: Value, wanted: dict[str, Any], line: int) -> Condition:
        known = [*COMPARISONS, *CHANGES]
        parts: list[Condition] = []
        changes: dict[str, tuple[str, ...]] = {}
        for word, operand in wanted.items():
            if word in CHANGES:
                listed = tuple(map(str, _as_list(operand)))
                changes[word] = () if word == "changed" else listed
                if word != "changed":
                    self._words(value, operand, line)
            elif word in COMPARISONS:
                parts.append(self._test(value, word, operand, line))
            else:
                self.problems.unknown(self.file, line, sentence("comparison"), word, known)
        if changes:
            before, after = changes.get("changed from", ()), changes.get("changed to", ())
            parts.append(Changed(value, before, after))
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _test(self, value: Value, word: str, operand: Any, line: int) -> Condition:
        if word in ("is", "in", "not"):
            self._words(value, operand, line)
        try:
            compare = COMPARISONS[word][1](operand)
        except regex.error as error:
            self.problems.add(
                self.file,
                line,
                sentence(
                    "{pattern} is no regular expression: {error}.",
                    pattern=repr(operand),
                    error=str(error),
                ),
            )
            return All()
        except UsageError as error:
            self.problems.add(self.file, line, error.message)
            return All()
        if word == "matches":
            for entry in _as_list(operand):
                self.captures.update(regex.compile(str(entry)).groupindex)
        return Test(value, word, operand, _of_bool(compare) if value.kind == "bool" else compare)

    def _words(self, value: Value, operand: Any, line: int) -> None:
        """A name that this value can never have is a mistake."""
        allowed = self._allowed(value)
        if allowed is None:
            return
        for word in _as_list(operand):
            if not isinstance(word, str) or word == "empty" or holes(word):
                continue
            if key(word) not in map(key, allowed):
                self.problems.add(
                    self.file,
                    getattr(word, "line", 0) or line,
                    sentence(
                        '{name} is never "{word}"; {nearest}',
                        name=value.name,
                        word=str(word),
                        nearest=nearest(word, allowed),
                    ),
                )

    def _allowed(self, value: Value) -> Sequence[str] | None:
        if value.words is not None:
            return [str(word) for word in value.words(self.profile)]
        if value.name in ("event.from", "event.to") and set(self.events) == {
            EventName.STATUS_CHANGED
        }:
            return list(self.profile.statuses)
        return None


def _as_list(operand: Any) -> list[Any]:
    return list(operand) if _many(operand) else [operand]
