"""Templates, pictures and files of the console: each file with its sum in its name."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from markupsafe import Markup

from maild.config import Settings
from maild.i18n import Sentence, Translator, changed
from maild.web.icons import ICONS
from maild.web.page_templates import PageTemplates
from maild.web.security import fresh_key
from maild.web.wording import colour, hours, initials

HERE = Path(__file__).parent
NOTES = 2000  # as they are shown, kept at once
WORDS = 1000  # of a profile, and lists of them to choose from, kept in each language
LANGUAGES = 8  # whose words and pages are kept at once


@dataclass(frozen=True, slots=True)
class Asset:
    """A file that a browser may keep for ever: its name changes when it does."""

    octets: bytes
    content_type: str


class Pieces:
    """Parts of pages that stay as they are while what they show does; the latest that were used."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, Markup] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, write: Callable[[], str]) -> Markup:
        """The piece of this key, written where it is not there."""
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
                return found
        made = Markup(write())
        with self._lock:
            self._kept[key] = made
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return made


class Look:
    """How the console looks and speaks."""

    def __init__(self, settings: Settings) -> None:
        self.follow(settings)
        self.assets, _ = _assets()

    def follow(self, settings: Settings) -> None:
        """Speaks by this configuration from now on."""
        self.settings = settings
        self.notes = Pieces(NOTES)

    def speaks(self, language: str) -> Words:
        """The console's words in this language, as the admin's files have them now."""
        own = self.settings.templates_in_force
        return _words(language, own, changed(language, own))

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """The languages that the console speaks: English, and those with sentences."""
        shipped = HERE.parent / "templates"
        found = {file.parent.name for file in shipped.glob("*/sentences.yaml")}
        own = {
            file.parent.name
            for file in self.settings.templates_in_force.glob("[!.]*/sentences.yaml")
        }
        return ("en", *sorted(found | own))


class Words:
    """`_("{count} tickets", count=3)`: a sentence in the reader's language."""

    def __init__(self, language: str, own: Path) -> None:
        self.translator = Translator(language, own)
        self.called = lru_cache(WORDS)(self._called)
        self._options = lru_cache(WORDS)(self._written_options)
        self._templates = PageTemplates(
            {"_": self, "icon": icon, "asset": address_of, "standing": self._standing},
            {"called": self.called, "colour": colour, "fresh_key": fresh_key, "hours": hours,
             "initials": initials, "options": self.options},
        )  # fmt: skip

    def render(self, template: str, values: Mapping[str, Any]) -> str:
        """A page, or a part of one, in this language."""
        return self._templates.get_template(template).render(values)

    def __call__(self, template: str, /, **values: Any) -> str:
        return self.translator.write(Sentence(template, values))

    def _standing(self, template: str) -> Markup:
        """A part that is the same on every page."""
        return Markup(self.render(template, {}))

    def _called(self, name: str | None) -> str:
        """A name of the profile, or a word of ours, in the reader's language where it has one."""
        return self.translator.called(name) if name else ""

    def options(self, words: Iterable[str], chosen: str, blank: str | None = None) -> Markup:
        """What can be chosen, with what is chosen now; before them an empty one of this name."""
        return self._options(tuple(words), chosen, blank)

    def _written_options(self, words: tuple[str, ...], chosen: str, blank: str | None) -> Markup:
        first = [] if blank is None else [Markup('<option value="">%s</option>') % blank]
        option = Markup('<option value="%s"%s>%s</option>')
        said = (option % (w, _SELECTED if w == chosen else "", self.called(w)) for w in words)
        return Markup("").join([*first, *said])

    def write(self, value: Any) -> str:
        """A sentence of the desk as this reader reads it."""
        return self.translator.write(value)


_SELECTED = Markup(" selected")


@lru_cache(maxsize=LANGUAGES)
def _words(language: str, own: Path, _changed: Hashable) -> Words:
    return Words(language, own)


def address_of(name: str) -> str:
    """Where a browser fetches the file of this name."""
    return f"/static/{_assets()[1][name]}"


@lru_cache(maxsize=256)
def icon(name: str, size: int = 16) -> Markup:
    """A picture of ours, drawn with the colour of the text around it; nothing is read aloud."""
    return Markup(
        f'<svg class="icon" width="{size}" height="{size}" viewBox="0 0 16 16" fill="none" '
        'stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" '
        f'aria-hidden="true">{ICONS[name]}</svg>'
    )


@cache
def _assets() -> tuple[dict[str, Asset], dict[str, str]]:
    """Every file under its name with a sum in it, and that name by the plain one."""
    htmx = files("js_lib_htmx").joinpath("static", "htmx", "htmx.min.js")
    waiting = {file.name: file.read_bytes() for file in sorted((HERE / "static").iterdir())}
    waiting["htmx.js"] = htmx.read_bytes()
    found: dict[str, Asset] = {}
    names: dict[str, str] = {}
    while waiting:  # those first that name none of the others
        name = next(n for n in waiting if not _named(waiting[n], waiting.keys() - {n}))
        octets = waiting.pop(name)
        for plain, real in names.items():
            octets = octets.replace(
                b'"/static/%s"' % plain.encode(), b'"/static/%s"' % real.encode()
            )
        stem, _, ending = name.rpartition(".")
        names[name] = f"{stem}-{hashlib.sha256(octets).hexdigest()[:12]}.{ending}"
        found[names[name]] = Asset(octets, KINDS[ending])
    return found, names


KINDS = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml", "png": "image/png"}


def _named(octets: bytes, others: Iterable[str]) -> bool:
    return any(b'"/static/%s"' % other.encode() in octets for other in others)
