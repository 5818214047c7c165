"""The phrases at the end of a subject (E6): "Re: [T20261121.0042] Printer is resolved".

A phrase counts where the sender added it: what an earlier mail of the ticket carried already is an
echo.  Questions, forwards and talk about a phrase ("not", "when", "if") never count.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from maild.commands.arguments import KINDS, NUMBER, Names
from maild.commands.values import Command, Unclear
from maild.commands.words import HOLE, Phrase, Vocabulary
from maild.i18n import sentence
from maild.model import TICKET_NUMBER, Reason, Role
from maild.parse import prefixes
from maild.parse.fold import fold, without_accents

LONGEST = 500  # characters of a subject that can carry a phrase
LONGEST_ARGUMENT = 80
MOST = 3  # phrases in one subject

TAG = re.compile(rf"\[(?=[^\]\d]{{0,60}}\d)[^\]]{{0,121}}\]|#?\b{TICKET_NUMBER}\b:?", re.I)
_END = " \t.!;:)-–—"
# What programs leave out at the beginning of a subject that they answer: names in brackets, as
# lists and gateways put them, and up to three letters before a colon, as Outlook does.
_DROPPED = re.compile(r"(?:\[[^\[\]]{1,60}\]\s{0,9}|[^\W\d_]{1,3}:\s{1,9}){1,9}")


@dataclass(frozen=True, slots=True)
class Title:
    """A subject as read."""

    subject: str  # without its phrases
    commands: tuple[Command, ...] = ()
    unclear: tuple[Unclear, ...] = ()
    reasons: tuple[Reason, ...] = ()


def plain(subject: str) -> str:
    """The form by which subjects are compared: no "Re:", no ticket's tag, one space, lower case."""
    return fold(prefixes.stripped(TAG.sub(" ", subject))).strip(" .!-–—:,")


def read(subject: str, names: Names, carried: frozenset[str], *, opens: bool, role: str) -> Title:
    """The commands at the end of a subject.  `carried`: earlier subjects in their plain form."""
    if len(subject) > LONGEST:
        return Title(subject)
    if role == Role.RESOURCE:
        names = replace(names, vocabulary=_own_first(names))
    last = _last_phrase(subject, names)
    if prefixes.was_forwarded(subject):
        return _not(subject, [last[1]], "it is a forward") if last else Title(subject)
    rest, commands = _peel(subject, last, names, carried)
    if not commands:
        return _none(subject, last, names, carried, opens, role)
    talk = _talk(rest, subject, carried, names.vocabulary)
    if talk:
        return _not(subject, commands, talk)
    mine: list[Command] = []
    other: list[Command] = []
    for command in commands:
        word = names.vocabulary.commands[command.name]
        may = role in word.who and (role == Role.RESOURCE or not command.argument)
        (mine if may and (word.opens or not opens) else other).append(command)
    if not mine:
        why = "it opens a ticket" if opens else f"a {role} may not say so"
        return _not(subject, other, why)
    return Title(rest, tuple(mine))


def _not(subject: str, commands: list[Command], why: str) -> Title:
    reasons = tuple(Reason("command", f'"{c.written}" does not count', why) for c in commands)
    return Title(subject, reasons=reasons)


def _peel(
    subject: str, last: _Hit | None, names: Names, carried: frozenset[str]
) -> tuple[str, list[Command]]:
    """The subject without the phrases at its end, which are not part of what was there before."""
    rest, found = subject, list[Command]()
    while last is not None and len(found) < MOST and not _is_echo(rest, last[1], carried):
        rest, command = last
        if any(c.name == command.name for c in found):
            break
        found.insert(0, command)
        rest = _without_joint(rest, names.vocabulary)
        if plain(rest) in carried:
            break
        last = _last_phrase(rest, names)
    return rest, found


def _is_echo(text: str, command: Command, carried: frozenset[str]) -> bool:
    """The phrase stood in an earlier subject, in which this one ends, whatever is before it; or
    this one is an earlier subject without its beginning.  Accents and signs may be lost or
    changed on the way: a dash, a picture."""
    words, phrase = _by_words(plain(text)), _by_words(fold(command.written))
    known = [c for c in carried if len(_by_words(c)) >= len(phrase)]
    return any(
        words.endswith(_by_words(c)) or words == _by_words(_DROPPED.sub("", c)) for c in known
    )


def _by_words(text: str) -> str:
    """Its words alone, each behind a space: no sign, no accent."""
    return "".join(f" {word}" for word in re.findall(r"\w+", without_accents(text)))


def _own_first(names: Names) -> Vocabulary:
    """The words without phrases that name a status of the profile's own and would set another:
    there "is closed" is `is {status}`."""
    phrases = names.vocabulary.phrases
    kept = _kept(phrases, names.statuses, tuple(sorted(names.sets.items())))
    return (
        names.vocabulary if len(kept) == len(phrases) else replace(names.vocabulary, phrases=kept)
    )


@lru_cache(maxsize=8)
def _kept(
    phrases: tuple[Phrase, ...], statuses: tuple[str, ...], sets: tuple[tuple[str, str], ...]
) -> tuple[Phrase, ...]:
    """The phrases that set what they name; `sets`: command → the status that it sets."""
    heads = [phrase.say.partition("{")[0] for phrase in phrases if phrase.hole == "status"]
    own = {fold(head + status): status for head in heads for status in statuses}
    what = dict(sets)
    return tuple(
        phrase
        for phrase in phrases
        if phrase.hole
        or phrase.command not in what
        or own.get(fold(phrase.say), what[phrase.command]) == what[phrase.command]
    )


def _without_joint(text: str, vocabulary: Vocabulary) -> str:
    trimmed = text.rstrip(" -–—:,;")
    for joint in vocabulary.joints:
        if trimmed.lower().endswith(" " + joint):
            shorter = trimmed[: -len(joint)].rstrip(" ,")
            if _ends_with_any(shorter, vocabulary):
                return shorter
    return trimmed


def _ends_with_any(text: str, vocabulary: Vocabulary) -> bool:
    return any(shape.pattern.search(text) for shape in _shapes(vocabulary.phrases).every)


@dataclass(frozen=True, slots=True)
class _Shape:
    """A phrase, how it reads, and the words without which a text does not end with it."""

    phrase: Phrase
    pattern: re.Pattern[str]
    first: str
    last: str  # "" where its hole ends it


@dataclass(frozen=True, slots=True)
class _Shapes:
    """All phrases, in their order; few texts end as those do that end with a word of theirs."""

    every: tuple[_Shape, ...]
    open: tuple[_Shape, ...]  # those that end with their hole
    lasts: tuple[str, ...]  # the last words of the others

    def of(self, lower: str) -> tuple[_Shape, ...]:
        """Those that may end this text, which is in lower case."""
        return self.every if lower.endswith(self.lasts) else self.open


@lru_cache(maxsize=8)
def _shapes(phrases: tuple[Phrase, ...]) -> _Shapes:
    every = tuple(_shape(phrase) for phrase in phrases)
    lasts = dict.fromkeys(shape.last for shape in every if shape.last)
    return _Shapes(every, tuple(shape for shape in every if not shape.last), tuple(lasts))


def _shape(phrase: Phrase) -> _Shape:
    words = ["" if HOLE.search(word) else word for word in phrase.say.split()]
    return _Shape(phrase, _pattern(phrase), words[0], words[-1])


@lru_cache(maxsize=2048)
def _pattern(phrase: Phrase) -> re.Pattern[str]:
    """The phrase as the last words of a text."""
    before, _, after = HOLE.sub("\0", phrase.say).partition("\0")
    pattern = r"\s+".join(map(re.escape, before.split()))
    if phrase.hole:
        pattern += rf"\s+(?P<argument>\S(?:.{{0,{LONGEST_ARGUMENT}}}\S)?)"
        tail = r"\s+".join(map(re.escape, after.split()))
        pattern += rf"\s+{tail}" if tail else ""
    return re.compile(rf"(?:^|(?<=[\s\]:,;–—-])){pattern}$", re.IGNORECASE)


_Hit = tuple[str, Command]  # what stands before a phrase, and what it says


def _last_phrase(text: str, names: Names) -> _Hit | None:
    """The longest phrase that ends the text and whose hole holds what it must."""
    bare = text.rstrip(_END)
    if "?" in text[len(bare) :] or "¿" in text:
        return None
    lower, dot = bare.lower(), text[len(bare) :][:1].replace(")", "").strip("!;:-–—")
    for shape in _shapes(names.vocabulary.phrases).of(lower):
        if shape.first not in lower or not lower.endswith(shape.last):
            continue
        for start in _starts(lower, shape.first):
            found = shape.pattern.match(bare, start)
            if found is None or (start and not shape.pattern.search(bare, start)):
                continue
            phrase = shape.phrase
            argument = found["argument"].strip() if phrase.hole else phrase.value
            if phrase.hole == "date" and dot and not names.reads("date", argument):
                argument += dot  # "24.12."
            if phrase.hole and ("?" in argument or not names.reads(phrase.hole, argument)):
                continue
            command = Command(phrase.command, argument, found[0], "subject")
            return bare[:start].rstrip(), command
    return None


def _starts(lower: str, word: str) -> Iterator[int]:
    """Where the first word of a phrase stands, the last place first."""
    end = len(lower)
    for _ in range(10):
        end = lower.rfind(word, 0, end)
        if end < 0:
            return
        yield end


def _talk(rest: str, subject: str, carried: frozenset[str], vocabulary: Vocabulary) -> str:
    """Why the phrase is talk and no command; "" where it is one."""
    added = " ".join(_around(plain(rest), carried))
    if "?" in added or "¿" in added:
        return "it stands in a question"
    words = re.findall(r"[\w'’]+", added.replace("’", "'"))
    guard = next((w for w in words if w in vocabulary.guards), None)
    return f'"{guard}" stands before it' if guard else ""


def _around(words: str, carried: frozenset[str]) -> tuple[str, str]:
    """What stands before and behind the known subject in a plain one; all is before, if it is not
    in it."""
    known = max((c for c in carried if c in words), key=len, default="")
    before, _, behind = words.rpartition(known) if known else (words, "", "")
    return before.strip(), behind.strip()


def _none(
    subject: str,
    last: _Hit | None,
    names: Names,
    carried: frozenset[str],
    opens: bool,
    role: str,
) -> Title:
    """No phrase: perhaps an echo, perhaps one that is not quite one."""
    if last is not None:
        return _not(subject, [last[1]], "an earlier mail carried it already")
    if "?" in subject:
        found = _last_phrase(subject.rstrip(_END + "?"), names)
        return _not(subject, [found[1]], "it is a question") if found else Title(subject)
    if opens or role != Role.RESOURCE or plain(subject) in carried:
        return Title(subject)
    added = _added(subject, carried)
    close = _nearly(added, names) if added else None
    if close is None:
        return Title(subject)
    return Title(subject, unclear=(Unclear(added, close, "subject"),))


def _added(subject: str, carried: frozenset[str]) -> str:
    """What the sender wrote behind the known subject, or behind the ticket's tag."""
    behind = _around(plain(subject), carried)[1]
    if behind:
        return behind
    tag = [found.end() for found in NUMBER.finditer(subject)]
    return plain(subject[tag[-1] :].lstrip("] :")) if tag else ""


def _nearly(added: str, names: Names) -> str | None:
    """What the sender perhaps meant by words that are nearly a phrase."""
    if len(added) > LONGEST_ARGUMENT:
        return None
    for phrase in names.vocabulary.phrases:
        head = phrase.say.partition("{")[0].strip()
        if phrase.hole is None or not added.startswith(head + " "):
            continue
        if phrase.hole == "status" and names.is_status_word(rest := added[len(head) + 1 :]):
            return names.refuses("status", rest)
        if " " not in head:
            continue
        return sentence(
            'What follows "{phrase}" cannot be read as a {what}.',
            phrase=head,
            what=KINDS.get(phrase.hole, phrase.hole),
        )
    if any(word in names.vocabulary.guards for word in added.split()):
        return None
    whole = {p.say for p in names.vocabulary.phrases if not p.hole}
    whole |= {
        HOLE.sub(status.lower(), p.say)
        for p in names.vocabulary.phrases
        if p.hole == "status"
        for status in names.statuses
    }
    alike = sorted(phrase for phrase in whole if len(phrase.split()) == len(added.split()))
    close = difflib.get_close_matches(added, alike, 1, 0.8)
    return sentence('Did you mean "{near}"?', near=close[0]) if close else None
