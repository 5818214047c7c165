"""A mapping: how the exports of one helpdesk are read.  A file of YAML, ours or the admin's own."""

from __future__ import annotations

from collections.abc import Mapping as Map_
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maild import yamlfile
from maild.errors import UsageError
from maild.yaml_schema import Key, Reading
from maild.yamlfile import Map, key, nearest

SHIPPED = Path(__file__).parent / "mappings"


def _headings(name: str, meaning: str, *, required: bool = False) -> Key:
    return Key(name, "list", meaning, "[Ticket Number, Number]", (), required=required)


ORGANIZATION = (
    _headings("name", "its name", required=True),
    _headings("domains", "its mail domains, or its web site"),
    _headings("language", "the language of mails to its people"),
)
CONTACT = (
    _headings("email", "the mail address", required=True),
    _headings("name", "the whole name"),
    _headings("first_name", "the first name, where the whole one stands in two columns"),
    _headings("last_name", "the last name"),
    _headings("aliases", "further mail addresses"),
    _headings("organization", "the name of the organization"),
    _headings("language", "the language of mails to them"),
)
TICKET = (
    _headings("number", "the ticket's number at the old desk", required=True),
    _headings("title", "the title", required=True),
    _headings("description", "the words that it began with"),
    _headings("status", "the status"),
    _headings("priority", "the priority"),
    _headings("queue", "the queue, department or group"),
    _headings("type", "the type"),
    _headings("organization", "the name of the organization"),
    _headings("contact", "the name of the contact"),
    _headings("contact_email", "the mail address of the contact"),
    _headings("resource", "who has it: name or mail address of a technician"),
    _headings("tags", "tags"),
    _headings("created", "when it was opened"),
    _headings("completed", "when it was closed"),
    _headings("due", "when it is due"),
    _headings("resolution", "the resolution"),
)
NOTE = (
    _headings("ticket", "the number of its ticket at the old desk", required=True),
    _headings("text", "the words", required=True),
    _headings("title", "the title"),
    _headings("by", "the name of who wrote it"),
    _headings("by_email", "the mail address of who wrote it"),
    _headings("public", "whether the contact may read it; without such a column nobody may"),
    _headings("created", "when it was written"),
)
KEYS = (
    Key("name", "text", "the name of the helpdesk", required=True),
    Key("organizations", "section", "a file of organizations: headings of each field",
        keys=ORGANIZATION),
    Key("contacts", "section", "a file of contacts", keys=CONTACT),
    Key("tickets", "section", "a file of tickets", keys=TICKET),
    Key("notes", "section", "a file of notes", keys=NOTE),
    Key("dates", "list", "how dates are written, as in strptime; RFC 3339 is always understood",
        '["%m/%d/%Y %I:%M %p"]', ()),
    Key("status", "section", "what its statuses are called here: a status of the profile, or a "
        "kind of status (`closed`), of which the profile's first is taken", keys=()),
    Key("priority", "section", "what its priorities are called here; also a place in the list of "
        "the profile, `1` the first", keys=()),
    Key("public", "list", "values of `public` that mean that the contact may read the note",
        "[yes, External]", ("true", "yes", "1", "public")),
    Key("nothing", "list", "values that mean nothing", '["-"]',
        ("-", "n/a", "null", "none", "0000-00-00", "0000-00-00 00:00:00", "0001-01-01 00:00:00")),
)  # fmt: skip
FREE = ("status", "priority")  # sections whose keys are the old desk's own words
KINDS = ("organizations", "contacts", "tickets", "notes")
FIELDS = {"organizations": ORGANIZATION, "contacts": CONTACT, "tickets": TICKET, "notes": NOTE}


@dataclass(frozen=True, slots=True)
class Mapping:
    """How one helpdesk's exports are read."""

    name: str
    headings: Map_[str, Map_[str, tuple[str, ...]]]  # kind → field → headings that mean it
    dates: tuple[str, ...]  # formats of strptime
    status: Map_[str, str]  # folded word of theirs → word of ours, or a kind of status
    priority: Map_[str, str]  # the same; also a place in the profile's list
    public: frozenset[str]  # folded values
    nothing: frozenset[str]

    def needed(self, kind: str) -> tuple[str, ...]:
        """The fields without which a file is not of this kind."""
        return tuple(field.name for field in FIELDS[kind] if field.required)


def shipped() -> list[str]:
    """The helpdesks whose exports we know."""
    return sorted(file.stem for file in SHIPPED.glob("*.yaml"))


def load_mapping(given: str) -> Mapping:
    """A mapping by the name of a shipped one, or from the admin's own file.

    UsageError: there is none, or every mistake in it with its line.
    """
    file = SHIPPED / f"{key(given)}.yaml"
    if not file.is_file():
        file = Path(given)
    if not file.is_file():
        raise UsageError(
            f"--from {given}: there is no such mapping; {nearest(given, shipped())} "
            "Or write a file of your own: `maild import --show-mapping zendesk` prints one to "
            "begin with."
        )
    data = yamlfile.read(file)
    if not isinstance(data, Map):
        raise UsageError(f"{file}: keys like name, tickets and contacts are needed.")
    return _read(file, data)


def _read(file: Path, data: Map) -> Mapping:
    plain = Map({name: value for name, value in data.items() if name not in FREE})
    plain.line, plain.key_lines, plain.file = data.line, data.key_lines, data.file
    reading = Reading(file, plain, KEYS)
    found = reading.entry(plain, KEYS, "a mapping")
    # A section that is not written lacks nothing.
    words = {name: _words(reading, file, data.get(name)) for name in FREE}
    reading.problems.end()
    return Mapping(
        name=found["name"],
        headings={kind: found[kind] for kind in KINDS if kind in data},
        dates=found["dates"],
        public=frozenset(map(key, found["public"])),
        nothing=frozenset(map(key, found["nothing"])),
        **words,
    )


def _words(reading: Reading, file: Path, value: Any) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        reading.problems.add(file, value, "their words, each with one of ours, are needed.")
        return {}
    return {key(str(theirs)): str(ours) for theirs, ours in value.items()}


def heading(text: str) -> str:
    """A heading as it is compared: small letters and digits alone ("Ticket #", "ticket_no")."""
    return "".join(c for c in text.lower() if c.isalnum() or c == "#")
