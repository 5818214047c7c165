"""Requests of a type that the profile knows: how a mail names it, and what its form says (P1)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from functools import cache

from maild.desk import fields
from maild.desk.desk import Desk
from maild.desk.profile import Profile, RequestType, key
from maild.i18n import in_all_languages, sentence
from maild.parse import prefixes
from maild.store.records import Ticket

LINES = 500  # of a text that are looked at
LONGEST = 500  # characters of an answer
LABEL = sentence("Request type")  # of the line that names it, in any language
_BEFORE = " \t>*•·-–—"  # what lists and quotes put before a line
_BEHIND = re.compile(r"\s*[:,–—-](?:\s|$)")  # between a type's name and the rest of a subject


def named(profile: Profile, subject: str, text: str) -> str | None:
    """The type of request that a mail names: one of the profile, or of the sender's own making.

    By a line "Request type: NAME", or by a subject that is or begins with a known name.
    """
    for label, value in _lines(text):
        if value and key(label) in _labels():
            return _known(profile, value) or value
    plain = " ".join(prefixes.stripped(subject).split())
    for name in profile.request_types:
        rest = plain[len(name) :]
        if key(plain[: len(name)]) == key(name) and (not rest or _BEHIND.match(rest)):
            return name
    return None


@cache
def _labels() -> frozenset[str]:
    """What stands before the type, in every language, as names are compared."""
    return frozenset(map(key, in_all_languages(LABEL)))


def _known(profile: Profile, name: str) -> str | None:
    return next((known for known in profile.request_types if key(known) == key(name)), None)


def read_form(form: Collection[str], *texts: str) -> dict[str, str]:
    """What the texts answer to the labels of a form; an earlier text before a later one."""
    by_key = {key(label): label for label in form}
    found: dict[str, str] = {}
    for text in texts:
        for label, value in _lines(text):
            if key(label) in by_key and value:
                found.setdefault(by_key[key(label)], value)
    return found


def _lines(text: str) -> Iterator[tuple[str, str]]:
    """ "> - Name: Eve" → "Name", "Eve"; each line with a colon."""
    for line in text.split("\n", LINES)[:LINES]:
        label, colon, value = line[: 2 * LONGEST].strip(_BEFORE + "\r").partition(":")
        if colon:
            yield label, value.strip()[:LONGEST]


def kind(profile: Profile, ticket: Ticket) -> RequestType | None:
    """The type of the ticket's request, where it is one of the profile's."""
    return profile.request_types.get(str(ticket.fields.get("request_type") or ""))


def missing(profile: Profile, ticket: Ticket) -> list[str]:
    """What the form of the ticket's request asks for and nobody has said yet."""
    found = kind(profile, ticket)
    answers: Mapping[str, str] = ticket.fields.get("form") or {}
    return [label for label in found.form if label not in answers] if found else []


def make(desk: Desk, ticket: Ticket, name: str, *texts: str) -> bool:
    """Makes the ticket a request of this type: what its form says, its ticket template, and the
    field `request_type`, to which the rules that give it a queue listen.  False: it was."""
    known = _known(desk.profile, name)
    found = desk.profile.request_types.get(known or "")
    answers = {
        **read_form(found.form if found else (), *texts),
        **(ticket.fields.get("form") or {}),
    }
    done = bool(answers) and fields.set_value(desk, ticket, "form", answers)
    fresh = ticket.fields.get("request_type") != (known or name)
    if found is not None and found.template and fresh:
        fields.apply_template(desk, ticket, found.template)
    return fields.set_value(desk, ticket, "request_type", known or name) or done
