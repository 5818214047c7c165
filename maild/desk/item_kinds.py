"""What each kind of record has: one table, from which files, CSV, commands, mails and pages read,
check and show assets, contracts, articles and the like.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from maild.errors import UsageError
from maild.i18n import Sentence, sentence
from maild.yamlfile import key


@dataclass(frozen=True, slots=True)
class Slot:
    """One field of a kind."""

    name: str  # "planned_replacement"
    kind: str = "text"  # of `field_values`, or of `items`: organization, contact, record …
    among: tuple[str, ...] = ()  # of kind "choice"; of kind "record": its kind
    required: bool = False

    @property
    def label(self) -> Sentence:
        """As people say it: "planned replacement"."""
        return Sentence(self.name.replace("_", " "), {})


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of record."""

    name: str  # "asset"
    plural: str  # of it in files: "assets"
    called: Sentence  # as people say it
    slots: tuple[Slot, ...]
    kept: str = "item"  # where: item | organization | contact
    named_by: str = "name"  # what its name is called in files

    def slot(self, name: str) -> Slot:
        """The field of this name, however it is written; UsageError with those that there are."""
        wanted = key(name).replace("_", " ")
        found = next((s for s in self.slots if s.name.replace("_", " ") == wanted), None)
        if found is None:
            raise UsageError(
                sentence(
                    'A record of the kind {kind} has no field "{text}"; possible are {known}.',
                    kind=self.name,
                    text=name,
                    known=[slot.name for slot in self.slots],
                )
            )
        return found


_CLIENT = Slot("organization", "organization")

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "organization",
            "organizations",
            sentence("organization"),
            (
                Slot("domains", "words"),
                Slot("locations", "words"),
                Slot("language", "language"),
                Slot("phone"),
                Slot("sla"),
                Slot("holidays", "words"),
                Slot("manager", "resource"),
                Slot("notes"),
            ),
            kept="organization",
        ),
        Kind(
            "contact",
            "contacts",
            sentence("contact"),
            (
                Slot("name"),
                _CLIENT,
                Slot("access", "choice", ("own", "organization", "none")),
                Slot("phone"),
                Slot("location"),
                Slot("language", "language"),
                Slot("timezone", "zone"),
                Slot("notes"),
            ),
            kept="contact",
            named_by="email",
        ),
        Kind(
            "asset",
            "assets",
            sentence("asset"),
            (
                Slot("type"),
                Slot("reference"),
                _CLIENT,
                Slot("contact", "contact"),
                Slot("location"),
                Slot("serial"),
                Slot("remote", "link"),
                Slot("planned_replacement", "day"),
                Slot("contract", "record", ("contract",)),
                Slot("notes"),
            ),
        ),
        Kind(
            "contract",
            "contracts",
            sentence("contract"),
            (
                Slot("organization", "organization", required=True),
                Slot("start", "day"),
                Slot("end", "day"),
                Slot("rates", "rates"),
                Slot("billable", "yes"),
                Slot("hours", "hours"),
                Slot("sla"),
                Slot("notes"),
            ),
        ),
        Kind(
            "project",
            "projects",
            sentence("project"),
            (
                _CLIENT,
                Slot("contact", "contact"),
                Slot("lead", "resource"),
                Slot("status", "choice", ("open", "on hold", "done")),
                Slot("start", "day"),
                Slot("end", "day"),
                Slot("estimated_hours", "hours"),
                Slot("notes"),
            ),
        ),
        Kind(
            "task",
            "tasks",
            sentence("task"),
            (
                Slot("project", "record", ("project",), required=True),
                Slot("status", "choice", ("new", "in progress", "waiting", "done")),
                Slot("resources", "resources"),
                Slot("start", "day"),
                Slot("due", "day"),
                Slot("estimated_hours", "hours"),
                Slot("ticket", "ticket"),
                Slot("notes"),
            ),
        ),
        Kind(
            "article",
            "articles",
            sentence("knowledge article"),
            (
                Slot("text", required=True),
                Slot("tags", "words"),
                Slot("audience", "choice", ("internal", "contacts")),
                _CLIENT,
                Slot("assets", "words"),
                Slot("tickets", "words"),
            ),
        ),
        Kind(
            "service call",
            "service calls",
            sentence("service call"),
            (
                Slot("ticket", "ticket", required=True),
                Slot("start", "moment", required=True),
                Slot("end", "moment"),
                Slot("resources", "resources"),
                Slot("place"),
                Slot("status", "choice", ("planned", "done", "missed", "cancelled")),
            ),
        ),
        Kind(
            "checklist",
            "checklists",
            sentence("checklist"),
            (Slot("items", "words", required=True),),
        ),
    )
}


def kind_named(text: str) -> Kind:
    """The kind that is meant, in the singular or plural; UsageError with those that there are."""
    wanted = key(text).replace("_", " ").replace("-", " ")
    for kind in KINDS.values():
        if wanted in (kind.name, kind.plural):
            return kind
    raise UsageError(
        sentence(
            'There is no kind of record "{text}"; possible are {known}.',
            text=text,
            known=list(KINDS),
        )
    )


def labels() -> Iterator[Sentence]:
    """Every field of every kind, as people say it."""
    for kind in KINDS.values():
        for slot in kind.slots:
            yield slot.label
