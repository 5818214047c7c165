"""The catalogue of notifications: to whom, why, and what the template of each may name.

It is data: `templates/notifications.yaml`, and an admin's file of the same name over it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

from maild import yamlfile
from maild.desk.known_facts import CATALOGUE, OF_MAILD, OF_RULES, Fact, Facts, example
from maild.errors import UsageError
from maild.model import Role
from maild.yaml_schema import Key, Reading, joined
from maild.yamlfile import Map, nearest

FILE = "notifications.yaml"
SHIPPED = Path(__file__).parent.parent / "templates" / FILE
NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")  # a file's name, too
GROUPS = OF_RULES | OF_MAILD

# What a reply to the mail is, where it does not say so itself.
AS_ITS_NOTE, AS_ITS_MAIL, INTERNAL = "as its note", "as its mail", "internal"
BOTH_SIDES = "both sides"

# What becomes of it where the mail that caused it is old (see `maild/desk/late.py`).
AS_USUAL, WITHHELD, LISTED = "as usual", "withheld", "listed"


@lru_cache(maxsize=256)
def _told_by(groups: tuple[str, ...]) -> tuple[Fact, ...]:
    """The facts of these groups."""
    return tuple(fact for group in groups for fact in GROUPS[group])


@lru_cache(maxsize=256)
def _roots(groups: tuple[str, ...]) -> Mapping[str, bool]:
    """The names with which they begin, and whether each is a list."""
    names = [fact.name for fact in _told_by(groups)]
    return {name.partition(".")[0].removesuffix("[]"): "[]" in name for name in names}


@dataclass(frozen=True, slots=True)
class Notification:
    """One notification; its template has the same name."""

    name: str
    purpose: str  # one sentence, with the row it serves
    audience: str  # contact | resource | admin | partner: whom it is written for
    about: tuple[str, ...] = ("ticket",)  # which of ticket, note, time it always has
    auto: str | None = "auto-generated"  # Auto-Submitted (RFC 3834 §5); None: a person's words
    direct: bool = False  # an answer to the recipient's own mail: "stop" and the like do not apply
    covers: tuple[str, ...] = ()  # it carries the note too: these are not sent beside it
    reply: str = AS_ITS_NOTE  # whom a reply is for
    bundled: bool = False  # news that may wait for more of its kind
    tells: tuple[str, ...] = ()  # groups of facts besides those of every template
    calendar: str = ""  # request | cancel: what its calendar part says (RFC 5546 §3.2)
    old_mail: str = AS_USUAL  # what becomes of it where a mail of weeks ago is its cause
    own: Path | None = None  # the admin's file that it stands in

    @property
    def extra(self) -> tuple[Fact, ...]:
        """What else its template may name."""
        return _told_by(self.tells)

    @property
    def facts(self) -> tuple[Fact, ...]:
        """Every name that this template may use."""
        return CATALOGUE + self.extra

    @property
    def unknown_to_rules(self) -> tuple[str, ...]:
        """What it tells that only maild itself knows; none: a rule may send it."""
        return tuple(group for group in self.tells if group not in OF_RULES)

    @property
    def nothing(self) -> Facts:
        """The names of its own with nothing in them, for what a caller does not know."""
        return {root: [] if is_list else None for root, is_list in _roots(self.tells).items()}

    def example(self) -> Facts:
        """Facts to try the template with."""
        data = example(self.facts)
        for name in ("ticket", "note", "time"):
            if name not in self.about:
                data[name] = None
        if "ticket" not in self.about:
            data["earlier"] = []
        if not Role(self.audience).is_outside:
            data["recipient"].update(name="Bob Tech", first_name="Bob", address="bob@example.com")
        data["recipient"]["audience"] = self.audience
        return data


KEYS = (
    Key(
        "for",
        "text",
        "whom it is written for",
        "contact",
        required=True,
        among=("contact", "resource", "admin", "partner"),
    ),
    Key("purpose", "text", "when it is sent, in a sentence", "A day after.", required=True),
    Key(
        "about",
        "list",
        "what it always has, besides who gets it",
        "[ticket, note]",
        ("ticket",),
        among=("ticket", "note", "time"),
    ),
    Key(
        "auto",
        "text",
        "its header Auto-Submitted (RFC 3834 §5); `none`: a person's own words; `auto-replied`: "
        "an answer, which repeats no word of a stranger whom nothing proves",
        "auto-replied",
        "auto-generated",
        among=("auto-generated", "auto-replied", "none"),
    ),
    Key(
        "direct",
        "yes",
        "it answers the recipient's own mail: it comes although they stopped the ticket's mail",
        "yes",
        False,
    ),
    Key(
        "covers",
        "list",
        "it says what these say: who gets it by the same event does not get them too",
        "[note]",
        (),
        "nothing",
    ),
    Key(
        "reply",
        "text",
        "whom a reply to it is for: the contact too, where its note is; `as its mail`: where the "
        "notes of the mail that it answers are; `internal`: resources only; `both sides`: as its "
        "note, and where that is internal the resources of both sides of a shared ticket",
        "internal",
        AS_ITS_NOTE,
        among=(AS_ITS_NOTE, AS_ITS_MAIL, INTERNAL, BOTH_SIDES),
    ),
    Key(
        "bundled",
        "yes",
        "news for resources that waits `[notifications] quiet_seconds` for more of its kind",
        "yes",
        False,
    ),
    Key(
        "calendar",
        "text",
        "it comes with the appointment as an .ics: `request` for one that is made or moved, "
        "`cancel` for one that ends",
        "request",
        "",
        "none",
        among=("request", "cancel"),
    ),
    Key(
        "old_mail",
        "text",
        "what becomes of it where its cause is a mail that came more than a week ago: `withheld`: "
        "it is not sent; `listed`: a resource gets one list of all such tickets in its place",
        "withheld",
        AS_USUAL,
        among=(AS_USUAL, WITHHELD, LISTED),
    ),
    Key(
        "tells",
        "list",
        "groups of facts that its template may name besides those of every template",
        "[appointment]",
        (),
        "none",
        among=tuple(GROUPS),
    ),
)


class Catalogue:
    """All notifications that are in force, by their names."""

    def __init__(self, read: Callable[[], Mapping[str, Notification]]) -> None:
        """`read` gives them when they are first asked for: who looks at tickets needs none."""
        self._read = read

    @cached_property
    def entries(self) -> Mapping[str, Notification]:
        return self._read()

    def __iter__(self) -> Iterator[Notification]:
        return iter(self.entries.values())

    def __len__(self) -> int:
        return len(self.entries)

    def get(self, name: str) -> Notification | None:
        """The notification of this name; one that is in the catalogue no more is None."""
        return self.entries.get(name)

    def named(self, name: str) -> Notification:
        """The notification of this name; UsageError with the nearest that there is."""
        if name in self.entries:
            return self.entries[name]
        raise UsageError(f'There is no notification "{name}"; {nearest(name, self.entries)}')

    def covers(self, name: str) -> tuple[str, ...]:
        """What a mail of this template says besides; nothing where it is known no more."""
        return self.entries[name].covers if name in self.entries else ()

    @property
    def bundled(self) -> tuple[str, ...]:
        """The names of those that wait for more of their kind."""
        return tuple(kind.name for kind in self if kind.bundled)


def catalogue(own: Path | None = None) -> Catalogue:
    """The shipped notifications, and over them those of the folder `own` of templates.

    UsageError with file and line where its file is broken.
    """
    file = own / FILE if own is not None else None
    if file is None or not file.is_file():
        return _SHIPPED
    found = _entries(file, file.stat().st_mtime_ns)
    return Catalogue(lambda: found)


@lru_cache(maxsize=16)
def _entries(own: Path | None, _mtime: int) -> Mapping[str, Notification]:
    data = _map(SHIPPED)
    if own is not None:
        data = joined(data, _map(own), Key("notifications", "sections", "", keys=KEYS))
    names = tuple(data)
    keys = tuple(replace(key, among=names) if key.name == "covers" else key for key in KEYS)
    reading = Reading(own or SHIPPED, data, KEYS)
    found = {name: _entry(reading, data, name, keys) for name in names}
    reading.problems.end()
    return found


_SHIPPED = Catalogue(lambda: _entries(None, 0))


def _map(file: Path) -> Map:
    data = yamlfile.read(file)
    if data is None:
        data = Map()
        data.line, data.file, data.key_lines = 1, file, {}
    if not isinstance(data, Map):
        raise UsageError(f"{file}: names of notifications, each with its keys, are needed.")
    return data


def _entry(reading: Reading, data: Map, name: str, keys: tuple[Key, ...]) -> Notification:
    entry = data[name]
    if not NAME.fullmatch(name):
        line = data.key_lines[name]
        reading.problems.add(
            reading.file, line, f'"{name}" is no name; write it like order-confirmed.'
        )
    found = reading.entry(entry, keys, f"the notification {name}")
    file = getattr(entry, "file", None)
    return Notification(
        name=name,
        audience=found.pop("for") or "contact",
        auto=None if found["auto"] == "none" else found["auto"],
        own=None if file == SHIPPED else file,
        **{key: value for key, value in found.items() if key != "auto"},
    )
