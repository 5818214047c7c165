"""The admin's files as they were when they were read last without a mistake, from the database.

A broken file stops nothing, after a restart either: what is kept here is in force until it is
mended.  Files are kept with their paths, and are spread again below a folder of ours when they are
needed, so that what one of them says of another's place stays true.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

from maild.store import asking
from maild.store.unit import Unit

_FOLDERS: list[tempfile.TemporaryDirectory[str]] = []  # gone when the program ends


def keep(unit: Unit, what: str, files: Iterable[Path]) -> None:
    """Keeps the text of these files under this name, in the place of what was kept."""
    found = (file.resolve() for file in files if file.is_file())
    keep_texts(unit, what, {str(file): file.read_text("utf-8") for file in found})


def keep_texts(unit: Unit, what: str, texts: Mapping[str, str]) -> None:
    """The same, of texts that are read already."""
    if kept(unit, what) != texts:
        asking.settings.keep(unit, _key(what), texts)


def kept(unit: Unit, what: str) -> Mapping[str, str] | None:
    """Path → text; None where nothing was ever kept under this name."""
    return asking.settings.kept(unit, _key(what))


@lru_cache(maxsize=8)
def spread(texts: tuple[tuple[str, str], ...]) -> Path:
    """A folder with these files below it, each at its path."""
    made = tempfile.TemporaryDirectory(prefix="maild-")
    _FOLDERS.append(made)
    root = Path(made.name).resolve()
    write_below(root, dict(texts))
    return root


def write_below(root: Path, texts: Mapping[str, str]) -> None:
    """Writes these files below a folder, each at its path."""
    for name, text in texts.items():
        file = below(root, Path(name))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")


def below(root: Path, place: Path) -> Path:
    """Where `spread` has put what belongs at `place`."""
    place = place.resolve()
    return root / place.relative_to(place.anchor)


def _key(what: str) -> str:
    return f"last good {what}"
