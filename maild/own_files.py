"""The admin's own templates, canned replies, sentences and words for commands that are in force.

Of a file that is broken the last good text is, from the database, so after a restart too; where
there never was one, what we ship.  Each broken file has an alert, which ends when it is mended.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TypeAlias

import structlog

from maild import i18n
from maild.commands import words
from maild.config import Settings
from maild.desk import canned_replies, last_good
from maild.desk.alerts import clear_alert, raise_alert
from maild.desk.notifications import FILE as CATALOGUE
from maild.desk.notifications import catalogue
from maild.errors import MaildError
from maild.i18n import sentence, told
from maild.store import Store, asking
from maild.store.unit import Unit
from maild.templates import source
from maild.templates.renderer import SECONDS, check
from maild.worker_pool import Exceeded, WorkerPool

log = structlog.get_logger()

Texts: TypeAlias = Mapping[str, str]  # absolute path → text

KEPT = "words"  # under which name the files are kept
ALERT = "file:"  # before a file's path: key of the alert that it is broken
OF_TEMPLATE = "template:"  # before a name: … that a mail could not be made with that template
TEMPLATES, LAYOUT, WORDS, NAMES = "templates", "layout.html", "words.yaml", i18n.NAMES_FILE
IN_TEMPLATES = (
    "[!.]*/*.md",
    f"[!.]*/{WORDS}",
    f"[!.]*/{NAMES}",
    f"[!.]*/{i18n.FILE}",
    LAYOUT,
    CATALOGUE,
)


class OwnFiles:
    """What lies in `templates`, `replies` and `commands` beside maild.toml; for any thread."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._store = store
        self._place = _Place(
            settings.folder.resolve(),
            (TEMPLATES, *dict.fromkeys(f.templates for f in settings.config.fronts if f.templates)),
        )
        self._lock = threading.Lock()
        self._seen: object = None
        self._in_force: Path | None = None

    def refresh(self, now: datetime, *, look: bool = False) -> Path | None:
        """Reads the files again where they changed; the folder in whose `templates` and `commands`
        is what is in force, None where that is the admin's own.

        `look`: nothing is kept and nobody is told.
        """
        with self._lock, suppress(OSError):  # somebody writes at this moment: then next time
            stamps = self._stamps()
            if (stamps, self._whole()) != self._seen:
                last_good.spread.cache_clear()
                self._read(now, look=look)
                self._seen = stamps, self._whole()
        return self._in_force

    def _read(self, now: datetime, *, look: bool) -> None:
        with self._store.look() as unit:
            kept = last_good.kept(unit, KEPT) or {}
        if look and _as_kept(self._place, kept):
            self._in_force = None
            return
        with closing(WorkerPool(seconds=SECONDS)) as pool:
            texts, broken = _judged(self._place, pool)
            spare = {name: kept[name] for name in broken if name in kept}
            self._in_force = _laid_out(self._place, texts | spare, pool) if broken else None

        def tell(unit: Unit) -> None:
            changed = {n for n in {*kept, *texts} - {*broken} if kept.get(n) != texts.get(n)}
            _tell(unit, broken, changed, now)
            last_good.keep_texts(unit, KEPT, texts | spare)

        if not look and (texts or broken or kept):
            self._store.act(tell)

    def _stamps(self) -> list[tuple[Path, int, int]]:
        found = ((file, file.stat()) for file in self._place.files())
        return [(file, status.st_mtime_ns, status.st_size) for file, status in found]

    def _whole(self) -> int:
        """How many files are in a folder of ours, which somebody may tidy up under our feet."""
        return 0 if self._in_force is None else len(list(self._place.at(self._in_force).files()))


def _tell(unit: Unit, broken: Texts, changed: set[str], now: datetime) -> None:
    """An alert for each file that is broken; the end of those about what is not, or is changed."""
    for name, problem in broken.items():
        if Path(name).name != CATALOGUE:  # of which the rules tell
            text = sentence(
                "{problem}\nUntil it is mended, what was good last stays in force.",
                problem=problem,
            )
            raise_alert(unit, f"{ALERT}{name}", text, now)
    files = map(Path, changed)
    about = {"*" if file.name in (LAYOUT, WORDS) else f"{OF_TEMPLATE}{file.stem}" for file in files}
    for alert in asking.alerts.every(unit):
        is_file, is_template = (alert.key.startswith(mark) for mark in (ALERT, OF_TEMPLATE))
        mended = is_file and alert.key.removeprefix(ALERT) not in broken
        written_anew = is_template and not about.isdisjoint({"*", alert.key})
        if mended or written_anew:
            clear_alert(unit, alert.key, now)


# ---- which files there are


@dataclass(frozen=True, slots=True)
class _Place:
    """The folder of maild.toml, or one that is laid out like it."""

    folder: Path
    templates: tuple[str, ...]  # the folders of templates in it: that of all, those of addresses

    def at(self, folder: Path) -> _Place:
        """The same somewhere else."""
        return _Place(folder, self.templates)

    def below(self, root: Path) -> _Place:
        """The same below a folder of ours."""
        return self.at(last_good.below(root, self.folder))

    def files(self) -> Iterator[Path]:
        """Those that are there."""
        for name in self.templates:
            for pattern in IN_TEMPLATES:
                found = sorted((self.folder / name).glob(pattern))
                yield from (file for file in found if file.is_file())
        yield from canned_replies.files(self.folder)
        if (own := words.own_folder(self.folder)) is not None:
            yield from words.own_files(own)

    def of(self, file: Path) -> str | None:
        """The folder of templates that comes before `templates` for what is in there."""
        lies_in = file.parent if file.name == LAYOUT else file.parent.parent
        name = lies_in.relative_to(self.folder).as_posix()
        return None if name == TEMPLATES else name


def _as_kept(place: _Place, kept: Texts) -> bool:
    """Whether the files say what they said when they were good."""
    files = list(place.files())
    return {*map(str, files)} == {*kept} and all(
        file.read_bytes() == kept[str(file)].encode() for file in files
    )


def _laid_out(place: _Place, texts: Texts, pool: WorkerPool) -> Path:
    """A folder as ours would be with these texts, but for those that are good no more (another
    version of maild may read them otherwise)."""
    root = _spread(texts)
    _, unfit = _judged(place.below(root), pool)
    if unfit:
        lost = [name.removeprefix(str(root)) for name in unfit]
        root = _spread({name: text for name, text in texts.items() if name not in lost})
    return place.below(root).folder


def _spread(texts: Texts) -> Path:
    return last_good.spread(tuple(sorted(texts.items())))


# ---- which are broken


def _judged(place: _Place, pool: WorkerPool) -> tuple[dict[str, str], dict[str, str]]:
    """The texts of those that are good, and what is wrong with each of the others."""
    files = list(place.files())
    broken = {str(file): said for file in files if (said := _mistake(file))}
    texts = {str(file): file.read_text("utf-8") for file in files if str(file) not in broken}
    for name, said in _mistakes_of_templates(place, texts, pool).items():
        broken[name] = said
        del texts[name]
    return texts, broken


def _mistake(file: Path) -> str:
    """What is wrong with a file by itself; "" where nothing is."""
    try:
        read = canned_replies.read if _is_reply(file) else _words_or_text(file)
        _READERS.get(file.name, read)(file)
    except MaildError as error:
        return error.message
    except (OSError, ValueError, TypeError, AttributeError, KeyError) as error:
        return f"{file} cannot be read ({type(error).__name__})."
    return ""


def _is_template(name: str) -> bool:
    return name.endswith(".md") and not _is_reply(Path(name))


def _is_reply(file: Path) -> bool:
    return file.parent.parent.name == canned_replies.FOLDER


def _words_or_text(file: Path) -> Callable[[Path], object]:
    return _words if file.suffix == ".yaml" else _text


def _words(file: Path) -> object:
    return words.vocabulary_of([file])


def _text(file: Path) -> object:
    return file.read_text("utf-8")


_READERS: dict[str, Callable[[Path], object]] = {
    WORDS: lambda file: source.words_of(file, file.stat().st_mtime_ns),
    i18n.FILE: lambda file: i18n.phrases_of(file, file.stat().st_mtime_ns),
    CATALOGUE: lambda file: catalogue(file.parent),
}


def _mistakes_of_templates(place: _Place, texts: Texts, pool: WorkerPool) -> dict[str, str]:
    """What is wrong with each layout, and then with each template, where nothing that is broken
    lies beside it."""
    layouts = [name for name in texts if Path(name).name == LAYOUT]
    plain = {name: text for name, text in texts.items() if not _is_template(name)}
    found = {
        name: said and told(said, partial(_named, name))
        for name, said in _tried(place, plain, layouts, pool).items()
    }
    left = {name: text for name, text in texts.items() if not found.get(name)}
    found |= _tried(place, left, [name for name in left if _is_template(name)], pool)
    return {name: said for name, said in found.items() if said}


def _named(file: str, plain: str) -> str:
    """The whole name of a layout, which knows its own place in the folder only."""
    return file if plain == LAYOUT else plain


def _tried(place: _Place, texts: Texts, names: Sequence[str], pool: WorkerPool) -> dict[str, str]:
    """What is wrong with each of these; "" where nothing is, or nobody asks for it."""
    if not names:
        return {}
    root = _spread(texts)
    own = place.below(root).folder / TEMPLATES
    known = {kind.name for kind in catalogue(own)}
    found = {}
    for name in names:
        file = Path(name)
        mail = Path("en/alert.md") if file.name == LAYOUT else file
        said = _checked(own, mail, place.of(file), pool) if mail.stem in known else ""
        found[name] = said and told(said, lambda plain: plain.replace(str(root), ""))
    return found


def _checked(own: Path, mail: Path, over: str | None, pool: WorkerPool) -> str:
    try:
        wrong = pool.run(check, own, mail.stem, mail.parent.name, over)
        return sentence("{mistakes:\n}", mistakes=wrong) if wrong else ""
    except Exceeded as error:
        return f"{mail} was stopped: {error.message}."
