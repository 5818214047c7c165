"""A profile: what a ticket can be (statuses, priorities, queues …), as values read from files."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from fnmatch import translate
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from maild.config import Settings
from maild.desk.calendar import Calendar, Span
from maild.desk.notifications import Catalogue, catalogue
from maild.errors import UsageError
from maild.i18n import Sentence, sentence
from maild.yamlfile import key as key

SHIPPED = Path(__file__).parent.parent / "rules" / "profiles"
# What a status means to views, SLA and rules that are not about one status.
STATUS_KINDS = {
    "new": "it has come in, and nobody has looked at it",
    "working": "one of us works on it, or will at an appointed time",
    "waiting": "somebody else has to act first: the customer, a vendor, a date",
    "review": "something has happened that one of us has to look at",
    "resolved": "solved, and not closed yet; the SLA's clocks are over",
    "closed": "over; it has its completed date, and what contacts write reopens it",
}

# What a status can demand before a person may set it: word → what is missing, said to a person.
NEEDS = {
    "due": sentence(
        "a due date in the future; add one, like `#due 2026-12-03` or `until 3 December`"
    ),
    "note": sentence("a note in the same mail that says what is to be done"),
    "resource": sentence("a primary resource; add one, like `#assign bob`"),
    "resolution": sentence("the resolution; add a line like `#resolution The toner was replaced.`"),
    "contact told": sentence("a public note of ours to the contact; answer them in the same mail"),
    "time entry": sentence("at least one time entry; add one, like `#time 30m remote`"),
    "checklist": sentence("every checklist item done; `#checklist done 2` ticks the second"),
}

# The parts of an escalation's pack, and what each is called (R10).
PACK = {
    "context": sentence("context (customer, site, impact)"),
    "frequency": sentence("time and frequency"),
    "evidence": sentence("evidence (a file or a link)"),
    "tried": sentence("what was tried, and its outcome"),
    "hypothesis": sentence("hypothesis"),
    "question": sentence("question"),
}

SOURCES = ("email", "phone", "monitoring", "portal", "web form", "chat")  # how it came in (R4)

# Fields of the long tail that every profile has (R4, N11 …); a profile's `fields` adds its own.
FIELDS = tuple(
    """
    actions_taken additional_assets alert_state approval approver asset asset_reference billable
    category checklist completed_by_side contract estimated_hours findings form impact issue_type
    location next_step on_call planned_replacement project rate request_type result series service
    service_call service_call_end side signed_off_at signed_off_by sla sub_issue_type subcategory
    symptom time_entries_done urgency vendor_case work_type
    """.split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class Status:
    """One status that a ticket can have (N1, G1, A1)."""

    name: str
    kind: str  # one of STATUS_KINDS
    set_by: str = "people"  # or "system": see `for_people`
    categories: tuple[str, ...] = ()  # of tickets that may have it; none named: all (G20)
    needs: tuple[str, ...] = ()  # what must be there before a person may set it: words of NEEDS
    tell_contact: bool = True  # no: the contact is not told of it (G9)
    text_for: str = ""  # team: what is written beside it is for colleagues (G2)
    pauses_sla: bool = False
    meaning: str = ""  # one sentence for the people who choose

    @property
    def for_people(self) -> bool:
        """Whether people and their commands may set it, not rules alone (G1)."""
        return self.set_by != "system"


@dataclass(frozen=True, slots=True)
class Sla:
    """How soon we answer and solve, for the tickets that it is for (R6)."""

    name: str
    organizations: tuple[str, ...]  # none named: all
    priorities: tuple[str, ...]
    types: tuple[str, ...]
    calendar: str  # name of a calendar
    first_response: Span | None
    resolution: Span | None
    warn: int  # per cent of the time after which somebody is warned


@dataclass(frozen=True, slots=True)
class RequestType:
    """What a contact can ask for in words of ours (P1)."""

    name: str
    queue: str | None  # None: that of a new ticket
    form: tuple[str, ...] = ()  # what he is to fill in
    template: str | None = None  # the ticket template that it sets


@dataclass(frozen=True, slots=True)
class View:
    """A list of tickets of the profile's own (N17)."""

    title: str  # "": that of every profile's list of this name, else the name
    kinds: tuple[str, ...]  # tickets whose status is of these kinds …
    statuses: tuple[str, ...]  # … and those that have one of these …
    overdue_calls: bool  # … and open ones whose service call should have been


@dataclass(frozen=True, slots=True)
class Rota:
    """Who is on call: the named people in turn (R7)."""

    people: tuple[str, ...]  # names or addresses of resources
    turn: str  # day | week
    starts: datetime  # when the first of them begins; naive, on the desk's clock

    def person(self, now: datetime) -> str | None:
        """Who has it now (`now` on the desk's clock); None where nobody is named."""
        if not self.people:
            return None
        days = (now.replace(tzinfo=None) - self.starts).days
        return self.people[days // (7 if self.turn == "week" else 1) % len(self.people)]


@dataclass(frozen=True, slots=True)
class Matrix:
    """Impact × urgency → priority; the first row that fits (R5)."""

    rows: tuple[tuple[str | None, str | None, str], ...]  # impact, urgency (None: any), priority

    def priority(self, impact: str, urgency: str) -> str | None:
        """What the two make; None where no row fits."""
        for row_impact, row_urgency, priority in self.rows:
            if row_impact in (None, impact.lower()) and row_urgency in (None, urgency.lower()):
                return priority
        return None


def _none() -> Mapping[str, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Profile:
    """What a ticket can be; the first of each list is the default."""

    name: str
    folder: Path
    statuses: dict[str, Status]
    new_status: str  # of every created ticket
    complete_status: str  # what "is complete" sets
    priorities: tuple[str, ...]
    types: tuple[str, ...]
    queues: tuple[str, ...]
    resolved_status: str = ""  # what "is resolved" sets, also where the contact asks to close
    reopened_status: str = ""  # what `reopen` in a rule sets
    deferred_status: str = ""  # what `#defer` sets; "": the resource is reminded instead
    scheduled_status: str | None = None  # what `#schedule` sets
    shared_status: str = ""  # of the other side's version of a ticket, when it is made (P8)
    shared_done_status: str = ""  # the other side's, once one's own work is done (P8)
    shared_done_note: str = ""  # what is written then where the mail says nothing
    sides: Mapping[str, str] = field(default_factory=_none)  # client, provider → what it is called
    escalation_title: str = ""  # of the note that an escalation carries (R10)
    escalation_queues: tuple[str, ...] = ()  # moving a ticket there is an escalation
    escalation_pack: tuple[str, ...] = ()  # what it must bring along: words of `PACK`
    description: str = ""
    parents: tuple[Path, ...] = ()  # folders of the profiles that it builds on, the oldest first
    sources: tuple[str, ...] = SOURCES
    work_types: tuple[str, ...] = ()  # what a time entry can name (R9); (): any
    work_type_required: bool = False  # a time entry must name one
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=_none)  # → subcategories
    issue_types: Mapping[str, tuple[str, ...]] = field(default_factory=_none)  # → sub-issue types
    request_types: Mapping[str, RequestType] = field(default_factory=_none)  # (P1)
    templates: Mapping[str, Mapping[str, Any]] = field(default_factory=_none)  # → fields (G19)
    checklists: Mapping[str, tuple[str, ...]] = field(default_factory=_none)  # → items
    calendars: Mapping[str, Calendar] = field(default_factory=_none)
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=_none)  # → names or addresses
    senders: Mapping[str, tuple[str, ...]] = field(default_factory=_none)  # → address patterns
    fields: tuple[str, ...] = ()  # more fields that a ticket can have
    matrix: Matrix = Matrix(())
    on_call: Rota = Rota((), "week", datetime(2026, 1, 5))
    slas: tuple[Sla, ...] = ()
    views: Mapping[str, View] = field(default_factory=_none)  # besides those of every profile
    notifications: Catalogue = field(default_factory=catalogue)  # what people can be told

    def status(self, name: str) -> Status:
        """The status of this name, in any case; UsageError with the nearest that there is."""
        found = self.statuses.get(name)
        return found or self.statuses[named(name, self.statuses, sentence("status"))]

    def calendar(self, name: str = "default") -> Calendar:
        """The calendar of this name, else the shipped office hours."""
        return self.calendars.get(name) or Calendar(name)

    def is_sender(self, address: str, kind: str) -> bool:
        """Whether this address (its key) is of that kind of sender (N7, G17, G18)."""
        return _any_of(self.senders.get(kind, ())).match(address) is not None

    @property
    def field_names(self) -> tuple[str, ...]:
        """Every field of the long tail that a ticket can have."""
        return (*FIELDS, *self.fields)

    @property
    def folders(self) -> tuple[Path, ...]:
        """Where its files are: the profiles that it builds on first."""
        return (*self.parents, self.folder)


@lru_cache(maxsize=64)
def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """What fits one of these patterns of `fnmatch`; of none, nothing does."""
    return re.compile("|".join(map(translate, patterns)) or "(?!)")


def named(name: str, known: Iterable[str], what: str) -> str:
    """The known name that `name` means (case and white space aside); UsageError otherwise."""
    by_key = {key(k): k for k in known}
    if key(name) in by_key:
        return by_key[key(name)]
    raise UsageError(not_among(by_key.values(), what, name))


def not_among(known: Iterable[str], what: str, text: str) -> Sentence:
    """What to say of a name that means nothing: the nearest that is known, or all."""
    by_key = {key(k): k for k in known}
    if key(text) in by_key:  # it is known, and cannot be had
        return sentence('There is no {what} "{text}".', what=what, text=text)
    close = difflib.get_close_matches(key(text), by_key, 1, 0.5)
    if close:
        near = by_key[close[0]]
        return sentence(
            'There is no {what} "{text}"; did you mean {near}?', what=what, text=text, near=near
        )
    if by_key:
        all_ = list(by_key.values())
        return sentence(
            'There is no {what} "{text}"; possible: {known}.', what=what, text=text, known=all_
        )
    return sentence('There is no {what} "{text}"; there is none.', what=what, text=text)


def profile_folder(name: str, beside: Path) -> Path:
    """Where a profile's files are: a shipped one by name, else a folder beside maild.toml.

    UsageError where there is neither.
    """
    if "/" not in name and (SHIPPED / name / "profile.yaml").is_file():
        return SHIPPED / name
    folder = (beside / name).resolve()
    if (folder / "profile.yaml").is_file():
        return folder
    raise UsageError(
        f'profile: there is no profile "{name}"; possible are {", ".join(names())}, '
        "or a folder with a profile.yaml."
    )


def names() -> list[str]:
    """The profiles that we ship."""
    return sorted(file.parent.name for file in SHIPPED.glob("*/profile.yaml"))


def shipped(name: str) -> Path:
    """The folder of a profile that we ship; UsageError where there is none of that name."""
    return SHIPPED / named(name, names(), "profile")


def load_profile(folder: Path, templates: Path | None = None) -> Profile:
    """Reads profile.yaml, and the catalogue of notifications in the folder of templates;
    UsageError tells every mistake with file and line."""
    from maild.desk.profile_file import read_profile  # it makes this module's values

    return replace(read_profile(folder), notifications=catalogue(templates))


def profile_of(settings: Settings) -> Profile:
    """The profile that a configuration names."""
    return load_profile(
        profile_folder(settings.config.profile, settings.folder), settings.templates
    )
