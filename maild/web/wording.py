"""How names of the profile, of people and of fields are shown to one reader."""

from __future__ import annotations

import re
import zlib
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from maild.desk import fields, lists
from maild.i18n import Sentence, manual, sentence
from maild.store.asking import screens
from maild.store.console_records import Audit
from maild.web import areas
from maild.web.security import fresh_key

if TYPE_CHECKING:
    from maild.web.visit import Visit

COLOURS = 8
_ROWS = re.compile(r" \([A-Z]\d+(, [A-Z]\d+)*\)")

# Words of the desk itself that stand alone on a page.  A profile's own stand in names.yaml.
WORDS = (
    sentence("new"), sentence("working"), sentence("waiting"), sentence("review"),
    sentence("resolved"), sentence("closed"), sentence("sending"), sentence("sent"),
    sentence("failed"), sentence("held"), sentence("given up"), sentence("dropped"),
    sentence("unsent"), sentence("organizations"), sentence("contacts"), sentence("tickets"),
    sentence("notes"), sentence("unknown"), sentence("related"),
    sentence("follow-up"), sentence("merged"), sentence("split"), sentence("problem"),
    sentence("incident"), sentence("contact"), sentence("resource"), sentence("admin"),
    sentence("co-managed"), sentence("first response"), sentence("provider"), sentence("email"),
    sentence("phone"), sentence("monitoring"), sentence("portal"), sentence("web form"),
    sentence("chat"), sentence("day"), sentence("from"), sentence("to"), sentence("hours"),
    sentence("ticket"), sentence("work type"), sentence("summary"), sentence("internal"),
)  # fmt: skip


def called(visit: Visit, name: str | None) -> str:
    return visit.words.called(name)


def view_title(visit: Visit, name: str) -> str:
    return visit.words.write(lists.title(visit.profile, name))


def label(visit: Visit, name: str) -> str:
    """A field's name, with a capital letter."""
    known = lists.FIELDS.get(name)
    said = visit.words.write(known.label if known else fields.label(name))
    return said[:1].upper() + said[1:]


def level(visit: Visit, priority: str) -> int:
    """How many bars a priority has: 4 the most urgent, 0 where it says nothing."""
    return _level(tuple(visit.profile.priorities), priority)


@lru_cache(maxsize=1000)
def _level(priorities: tuple[str, ...], priority: str) -> int:
    ranked = [p for p in priorities if any(c.isdigit() for c in p)] or list(priorities)
    if priority not in ranked:
        return 0
    return max(4 - ranked.index(priority), 1)


def initials(name: str) -> str:
    words = [word for word in name.replace("(", " ").split() if word[:1].isalnum()]
    return "".join(
        word[0] for word in (words[:1] + words[-1:] if len(words) > 1 else words)
    ).upper()


def colour(name: str) -> int:
    """Everybody has his own, always the same."""
    return zlib.crc32(name.casefold().encode()) % COLOURS


def hours(minutes: int) -> str:
    """ "1 h 30 min" """
    whole, rest = divmod(minutes, 60)
    return " ".join([f"{whole} h"] * bool(whole) + [f"{rest} min"] * bool(rest or not whole))


class Wording:
    """What templates call on the visit."""

    called = called
    view_title = view_title
    label = label
    level = level
    initials = staticmethod(initials)
    colour = staticmethod(colour)
    hours = staticmethod(hours)
    fresh_key = staticmethod(fresh_key)

    def plainly(self: Visit, text: str) -> str:  # type: ignore[misc]
        """A sentence of the manual without the rows that it stands for, in his language."""
        plain = _ROWS.sub("", text)
        return manual(self.language).get(plain, plain)

    @staticmethod
    def areas() -> tuple[areas.Group, ...]:
        """The pages of administration."""
        return areas.GROUPS

    def audited(self: Visit, one: Audit) -> str:  # type: ignore[misc]
        """What somebody did, as the audit kept it."""
        said = one.detail.get("said") or {}
        template, values = said.get("template", one.what), said.get("values", {})
        return self.words.write(Sentence(template, values))

    def own_views(self: Visit) -> list[str]:  # type: ignore[misc]
        """Lists of the profile's own."""
        return [name for name in self.profile.views if name not in lists.VIEWS]

    def statuses(self: Visit) -> list[str]:  # type: ignore[misc]
        """The statuses that a person can set."""
        return [s.name for s in self.profile.statuses.values() if s.for_people]

    def resource_choices(self: Visit) -> list[tuple[int, str]]:  # type: ignore[misc]
        return [(p.id, p.name) for p in screens.resources(self.unit)]

    def resource_addresses(self: Visit) -> list[tuple[int, str, str]]:  # type: ignore[misc]
        """(id, name, address) of every resource."""
        people = screens.resources(self.unit)
        _, addresses = screens.persons(self.unit, {p.id for p in people})
        return [(p.id, p.name, addresses[p.id][0]) for p in people if p.id in addresses]

    def names_of(self: Visit, sent: Any) -> str:  # type: ignore[misc]
        """Who was told, each once."""
        return ", ".join(dict.fromkeys(one.name or one.address for one in sent))

    def today(self: Visit) -> str:  # type: ignore[misc]
        return self.now.astimezone(self.zone).date().isoformat()

    def local_input(self: Visit, when: datetime | None) -> str:  # type: ignore[misc]
        """A moment as a field of a form takes it, in his zone."""
        return when.astimezone(self.zone).strftime("%Y-%m-%dT%H:%M") if when else ""

    @staticmethod
    def size(octets: int) -> str:
        """ "48 kB" """
        if octets < 1000:
            return f"{octets} B"
        return f"{octets / 1000:.0f} kB" if octets < 1_000_000 else f"{octets / 1e6:.1f} MB"

    @staticmethod
    def browser(agent: str) -> str:
        """ "Firefox, Linux": what a browser calls itself, in two words."""
        names = ("Edg", "OPR", "Firefox", "Chrome", "Safari")
        systems = ("Android", "iPhone", "iPad", "Windows", "Mac OS", "Linux")
        name = next((n for n in names if f"{n}/" in agent), "")
        system = next((s for s in systems if s in agent), "")
        return ", ".join(filter(None, ({"Edg": "Edge", "OPR": "Opera"}.get(name, name), system)))
