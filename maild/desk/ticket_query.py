"""What people type to find tickets: words and filters.

toner status:"waiting customer" resource:me       all words, and each filter
status:open,resolved                              one of several
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any

from maild.desk import lists, sides
from maild.desk.lists import Listing
from maild.desk.profile import Profile, named
from maild.desk.reach import Reach
from maild.errors import NotFound, UsageError
from maild.i18n import sentence
from maild.model import StatusKind
from maild.store.asking.listing import Filter, Listed, page
from maild.store.records import Person
from maild.store.unit import Unit

MOST_FOUND = 2000  # tickets that have the words, the latest first
_TOKEN = re.compile(
    r'(?P<name>[a-z_]+)(?P<op>:[<>]?|[<>])(?P<value>"[^"]*"|\S+)|(?P<word>\S+)', re.I
)
_ALSO = {
    "organization": "client",
    "customer": "client",
    "company": "client",
    "technician": "resources",
    "assignee": "resource",
    "primary": "resource",
    "tag": "tags",
    "reference": "asset_reference",
    "is": "status",
}


@dataclass(frozen=True, slots=True)
class Query:
    """What was typed."""

    words: str
    filters: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Hits:
    """What was found."""

    rows: tuple[Listed, ...]
    also: tuple[str, ...]  # organizations, people, records, where no filter asks for tickets


def read(
    unit: Unit,
    profile: Profile,
    text: str,
    now: datetime,
    me: Person | None,
    client: int | None = None,
) -> Query:
    """What `text` asks for; `now` in the zone of who asks, `client` the one whose alone he sees.
    UsageError, NotFound say what is wrong with a filter."""
    words: list[str] = []
    filters: list[Filter] = []
    for token in _TOKEN.finditer(text):
        name = (token["name"] or "").lower()
        known = _ALSO.get(name, name)
        if known in lists.FIELDS:
            reading = _Reading(Reach(unit, client), profile, now, me)
            filters += reading.filters(known, token["op"], token["value"].strip('"'))
        elif token["name"] and token["op"].startswith(":") and "//" not in token["value"]:
            named(name, [*lists.FIELDS, *_ALSO], sentence("filter"))
        else:
            words.append(token[0])
    return Query(" ".join(words), tuple(filters))


def find(
    unit: Unit,
    profile: Profile,
    listing: Listing,
    query: Query,
    *,
    now: datetime,
    me: Person | None,
    limit: int,
    client: int | None = None,
) -> Hits:
    """The rows of a list that have the words and pass the filters, so many at most; of one
    client's tickets, or of all, and as `me` may see them."""
    more, also = query.filters, list[str]()
    if query.words:
        from maild.desk import search  # the index of words, which most lists do not need

        found = search.search(unit, f"{query.words} ", MOST_FOUND, organization_id=client)
        also = [] if query.filters else search.besides_tickets(unit, found)
        more = (*more, Filter("id", "is", tuple(ticket for ticket, _ in found.tickets)))
        if not found.tickets:
            return Hits((), tuple(also))
    wanted = listing.with_(filters=(*listing.filters, *more))
    who = me.id if me else 0
    seen = sides.sees(unit, profile, me)
    ask = lists.ask(profile, wanted, me=who, now=now, organization_id=client, sees=seen)
    ask = replace(ask, filters=tuple(_as_id(one) for one in ask.filters))
    return Hits(tuple(page(unit, ask, limit)), tuple(also))


def _as_id(one: Filter) -> Filter:
    return replace(one, field="id") if one.field == "fields.id" else one


@dataclass(frozen=True, slots=True)
class _Reading:
    """Reads the value of one filter."""

    reach: Reach
    profile: Profile
    now: datetime
    me: Person | None

    def filters(self, name: str, op: str, value: str) -> Iterator[Filter]:
        kind = lists.FIELDS[name].kind
        if value.lower() in ("none", "empty", "nobody"):
            yield Filter(name, "empty")
        elif kind == "date":
            yield from self._dates(name, op.lstrip(":"), value)
        elif name == "status":
            yield self._status(value)
        else:
            read = _BY_KIND.get(kind, _Reading._text)
            yield read(self, name, value)

    def _dates(self, name: str, op: str, value: str) -> Iterator[Filter]:
        try:
            day = datetime.combine(datetime.fromisoformat(value).date(), time(), self.now.tzinfo)
        except ValueError as error:
            raise UsageError(
                sentence('"{text}" is no date; write it like 2026-12-03.', text=value)
            ) from error
        if op != "<":
            yield Filter(name, "after", (day + timedelta(days=op == ">"),))
        if op != ">":
            yield Filter(name, "before", (day + timedelta(days=op == ""),))

    def _status(self, value: str) -> Filter:
        kinds: dict[str, tuple[StatusKind, ...]] = {
            "open": lists.OPEN_KINDS,
            **{kind: (kind,) for kind in StatusKind},
        }
        names: list[str] = []
        for part in value.split(","):
            statuses = {name.lower(): name for name in self.profile.statuses}
            if part.lower() in statuses:
                names.append(statuses[part.lower()])
            elif part.lower() in kinds:
                wanted = kinds[part.lower()]
                names += [s.name for s in self.profile.statuses.values() if s.kind in wanted]
            else:
                names.append(
                    self.profile.statuses[
                        named(part, [*self.profile.statuses, *kinds], sentence("status"))
                    ].name
                )
        return Filter("status", "is", tuple(dict.fromkeys(names)))

    def _choice(self, name: str, value: str) -> Filter:
        known = lists.choices(self.profile, name)
        parts = [_nearly(part, known) or named(part, known, sentence("value")) for part in
                 value.split(",")]  # fmt: skip
        return Filter(name, "is", tuple(parts))

    def _client(self, name: str, value: str) -> Filter:
        found = self.reach.organization(value)
        if found is None:
            known = self.reach.organizations()
            near = _nearly(value, known) or named(value, known, sentence("organization"))
            found = self.reach.organization(near)
        return Filter(name, "is", (found.id,) if found is not None else ())

    def _person(self, name: str, value: str) -> Filter:
        if value.lower() == "me" and self.me is not None:
            return Filter(name, "is", (self.me.id,))
        person = self.reach.person_at(value) or self.reach.resource(value)
        several = [person] if person else self.reach.called(value)
        if not several:
            raise NotFound(
                sentence(
                    'Nobody is called "{text}"; write the address, like ann@acme.example.',
                    text=value,
                )
            )
        return Filter(name, "is", tuple(p.id for p in several))

    def _text(self, name: str, value: str) -> Filter:
        return Filter(name, "is" if name == "tags" else "has", (value,))


def _nearly(text: str, known: Any) -> str | None:
    """The only one of these that has the text in it: "high" is not sure, "critical" is."""
    found = [name for name in known if text.lower() in name.lower().split()]
    return found[0] if len(found) == 1 else None


_BY_KIND: dict[str, Callable[[_Reading, str, str], Filter]] = {
    "choice": _Reading._choice,
    "client": _Reading._client,
    "person": _Reading._person,
}
