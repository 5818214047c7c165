"""Buttons that somebody pressed, as mail: a thumb, a calendar's answer, a recall.

Nobody wrote anything, so nothing of it is a note: the whole new text must be the program's line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from maild.model import Appointment
from maild.parse import phrases
from maild.parse.fold import fold
from maild.parse.mime import Part

GMAIL = "text/vnd.google.email-reaction+json"
LONGEST_LINE = 200  # characters of a program's line
LONGEST_TAPBACK = 2_000  # characters of a thumb with the message that it is for
MOST_LINES = 6  # written lines of a mail that is a thumb
MOST_WORDS = 3  # of a line beside the program's: "like", a name

_MARKS = '“”„"«»‘’‚「」『』‹›'
_QUOTED = rf"[{_MARKS}].{{1,2000}}[{_MARKS}]"
_EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\u2b50\u200d\ufe0f]+")
# Every branch begins with a letter of its own: so those are looked for, and nothing else is tried.
_LINK = re.compile(
    r"https?://\S{1,500}>?|<https?://\S{1,500}>?|<mailto:[^<>\s]{1,200}>|\[cid:[^\]]{0,200}\]"
)


def find(
    parts: Sequence[Part], appointment: Appointment | None, subject: str, new_text: str
) -> str | None:
    """Which button was pressed, and what says so; None where somebody wrote."""
    if any(part.content_type == GMAIL and not part.forwarded for part in parts):
        return f"a part {GMAIL}"
    if appointment is not None and appointment.answer is not None:
        return f"a calendar's answer: {appointment.answer.answer} (RFC 5546 §3.2.3)"
    return _line(new_text) or _tapback(new_text) or _recall(subject, new_text)


def _line(text: str) -> str | None:
    """ "Ann reacted to your message:", with nothing beside it but a picture and a name."""
    if len(text) > LONGEST_TAPBACK:
        return None
    written = (fold(_LINK.sub(" ", line) if ":" in line else line) for line in text.split("\n"))
    said: list[tuple[str, phrases.Hit]] = []
    for number, line in enumerate(filter(None, written)):
        hit = phrases.section("reaction_text").within(line)
        if number >= MOST_LINES or len(line) > LONGEST_LINE or not (hit or _is_short(line)):
            return None
        said += [(line, hit)] if hit else []
    if not said:
        return None
    phrase = said[0][1].phrase
    short = all(_is_short(line.rpartition(fold(phrase))[2]) for line, _ in said)
    return f"the text is “{phrase}”" if short else None


def _is_short(line: str) -> bool:
    return len(re.findall(r"\w+", line)) <= MOST_WORDS


def _tapback(text: str) -> str | None:
    """Liked “On our way.” and its kin of Apple's programs."""
    begin = text[: LONGEST_TAPBACK + 1]
    if not any(mark in begin for mark in _MARKS):
        return None
    said = " ".join(_EMOJI.sub(" ", begin).split())
    if len(said) > LONGEST_TAPBACK:
        return None
    if said[0] in '"“«„' and said[-1] in '"”»“':
        return None
    for pattern in _tapbacks():
        if pattern.fullmatch(said):
            return "the text is a thumb of Apple's programs"
    return None


@lru_cache(maxsize=1)
def _tapbacks() -> tuple[re.Pattern[str], ...]:
    """One pattern a language; an emoji may stand for the thumb."""
    found = []
    for forms in phrases.table("tapback").values():
        shapes = (rf"\s?{_QUOTED}\s?".join(map(_literal, form.split("*"))) for form in forms)
        found.append(re.compile("|".join(shapes), re.IGNORECASE | re.DOTALL))
    return tuple(found)


def _literal(text: str) -> str:
    return re.escape(text.strip())


def _recall(subject: str, text: str) -> str | None:
    """Outlook's recall of an earlier mail."""
    if len(text) > LONGEST_TAPBACK:
        return None
    if phrases.section("recall_subject").begins(fold(subject)) is None:
        return None
    hit = phrases.section("recall_text").within(fold(text))
    return f"the text says “{hit.phrase}”" if hit else None
