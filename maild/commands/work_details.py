"""What stands behind a length of time: type of work, billable or not, whose, a summary; and whose
week a timesheet is of."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache

from maild.commands.arguments import fold
from maild.commands.job import Job
from maild.desk import people, timesheet
from maild.desk.profile import key
from maild.errors import Refused, UsageError
from maild.i18n import sentence, together
from maild.parse import phrases
from maild.store.records import Organization, Person, Ticket

MOST_WORDS = 3  # of a name behind "for"
LIKE = 0.6  # likeness of a word alone to a name
NEARLY = 0.85  # likeness of a mistyped name: "danna" is dana, "data" is not
_NAME = re.compile(r"(?![A-Z]{2,}$)[^\W\d_]+(?:['’-][^\W\d_]+)?")  # "Zed"; "VPN", "PC-1" are none
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True)
class Details:
    """What stands behind a length of time."""

    work_type: str | None
    billable: bool | None
    person: Person | None
    rest: str


def read(job: Job, rest: str) -> Details:
    """Type of work, billable or not, for whom; in any order, then the summary."""
    words = job.names.vocabulary
    kinds = {**{name.lower(): name for name in job.desk.profile.work_types}, **known_types(job)}
    kind: str | None = None
    billable: bool | None = None
    person: Person | None = None
    while True:
        if kind is None and (found := leading(rest, kinds)):
            kind, rest = found
        elif billable is None and (found := leading(rest, words.billable)):
            billable, rest = found[0] == "yes", found[1]
        elif person is None and (somebody := _for(job, rest)):
            person, rest = somebody
        else:
            return Details(kind, billable, person, rest)


def known_types(job: Job) -> dict[str, str]:
    """Words for types of work, as far as this profile has these types."""
    own = {key(name): name for name in job.desk.profile.work_types}
    found = job.names.vocabulary.work
    return {w: own.get(key(k), k) for w, k in found.items() if not own or key(k) in own}


def leading(rest: str, known: Mapping[str, str]) -> tuple[str, str] | None:
    """What the first words mean, and the words behind them."""
    lower = rest.lower()
    for words in sorted(known, key=len, reverse=True):
        if lower == words or lower.startswith((words + " ", words + ",", words + ":")):
            return known[words], rest[len(words) :].strip(" ,:")
    return None


def _for(job: Job, rest: str) -> tuple[Person, str] | None:
    """ "for dana …": whose work it was, where that is a resource; "for the printer" is none."""
    found = re.match(rf"(?:{'|'.join(job.names.vocabulary.for_)})\s+", rest, re.IGNORECASE)
    if found is None:
        return None
    words = rest[found.end() :].split(" ")
    for count in range(min(MOST_WORDS, len(words)), 0, -1):
        name = " ".join(words[:count]).strip(" ,:")
        if name and job.names.reads("resource", name):
            his_own = fold(name) in job.names.vocabulary.me
            resource = None if his_own else job.names.resource(name)
            person = job.person_of(resource) if resource else job.may.person
            return person, " ".join(words[count:]).strip(" ,:")
    _no_mistyped_name(job, words)
    return None


def _no_mistyped_name(job: Job, words: list[str]) -> None:
    """Refused where what stands behind "for" is most likely somebody's name, and no resource's.

    Nearly a name of a resource, or a word alone: what something was for mostly takes more, and is
    a word of the ticket, of a client, an abbreviation or a deed ("testing") else.
    """
    name = words[0].strip(" ,:.")
    alone = len(words) == 1 and not _is_thing(job, name)
    by_part = {part: one.name for one in job.names.resources for part in one.name.lower().split()}
    near = difflib.get_close_matches(name.lower(), by_part, 1, LIKE if alone else NEARLY)
    if near and len(name) > len("the"):
        raise Refused(
            sentence(
                'There is no {what} "{text}"; did you mean {near}?',
                what=sentence("resource"),
                text=name,
                near=by_part[near[0]],
            )
        )
    if alone:
        more = sentence("What it was for takes more than one word, like: for the printer.")
        raise Refused(together(job.names.refuses("resource", name) or "", more))


def _is_thing(job: Job, word: str) -> bool:
    """Whether a word alone says what the work was for, rather than whose it was."""
    reach, title = job.desk.reach, job.ticket.title if job.ticket else ""
    return bool(
        (not _NAME.fullmatch(word) and "@" not in word)
        or _deed().search(word)
        or word.lower() in re.findall(r"\w+", title.lower())
        or reach.organization(word)
        or reach.called(word)
        or ("@" in word and reach.person_at(word))
    )


@cache
def _deed() -> re.Pattern[str]:
    """A word that ends like one for work that was done."""
    return re.compile(rf"\w{{3}}{phrases.one_of('deed')}$", re.IGNORECASE)


def default_type(job: Job, ticket: Ticket) -> str | None:
    """What a rule has set for the work on this ticket (P2)."""
    kind = ticket.fields.get("work_type")
    return str(kind) if kind else None


def types(job: Job) -> list[str]:
    return list(job.desk.profile.work_types or dict.fromkeys(job.names.vocabulary.work.values()))


def own_types(job: Job) -> dict[str, str]:
    return {name.lower(): name for name in job.desk.profile.work_types}


# ---- whose week


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which sheet is asked for."""

    first: date  # a Monday
    person: Person
    client: Organization | None


def wanted_sheet(job: Job, argument: str) -> Wanted:
    """ "", "last week", "2026-W48 acme", "dana last week": whose week, on whose tickets; in any
    order."""
    first, text = _week_in(job, argument)
    if not text:
        return Wanted(first, job.may.person, None)
    if job.names.reads("resource", text):
        resource = None if fold(text) in job.names.vocabulary.me else job.names.resource(text)
        person = job.person_of(resource) if resource else job.may.person
        _may_see(job, person)
        return Wanted(first, person, None)
    client = job.desk.reach.organization(text)
    if client is not None:
        return Wanted(first, job.may.person, client)
    return Wanted(timesheet.monday(job.names.date(text).date()), job.may.person, None)


def _week_in(job: Job, argument: str) -> tuple[date, str]:
    """The Monday of the week that is named, else of this one; and what else is said."""
    this, words = timesheet.monday(job.names.now.date()), argument.split()
    last = "|".join(map(re.escape, sorted(job.names.vocabulary.last_week, key=len, reverse=True)))
    text = " ".join(words)
    if found := re.search(rf"(?<!\S)(?:{last})(?!\S)", text, re.IGNORECASE):
        kept = text[: found.start()] + text[found.end() :]
        return timesheet.previous(this), " ".join(kept.split())
    for word in words:
        kept = " ".join(other for other in words if other != word)
        if _is_week(word):
            return timesheet.week_of(word) or this, kept
        if _DAY.fullmatch(word):
            return timesheet.monday(job.names.date(word).date()), kept
    return this, text


def _is_week(word: str) -> bool:
    try:
        return timesheet.week_of(word) is not None
    except UsageError as error:
        raise Refused(error.message) from error


def _may_see(job: Job, person: Person) -> None:
    """Refused where it is another's and he is no admin."""
    me = job.may.person
    if person is not me and not people.is_admin(job.desk.unit, job.desk.settings.config, me):
        raise Refused(sentence("Only admins may see the timesheet of others."))
