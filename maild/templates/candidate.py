"""A template's text before it is in force: what is wrong with it, and what mails would say."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from maild.desk.notifications import FILE
from maild.templates import three_way
from maild.templates.renderer import PooledRenderer
from maild.templates.source import LAYOUT, file_of

SHOWN = "note"  # the mail by which a layout is tried
BESIDE = (FILE, "layout.html")  # what of the admin's own files a template depends on


@contextmanager
def candidate(own: Path, name: str, language: str, text: str) -> Iterator[PooledRenderer]:
    """A renderer for which this text is in force."""
    with _beside(own, name, language, text) as folder, closing(PooledRenderer(folder)) as renderer:
        yield renderer


def mistakes(own: Path, name: str, language: str, text: str) -> list[str]:
    """What is wrong with this text, each with its line; empty where it may be in force."""
    undecided = three_way.undecided(text)
    if undecided:
        where = f"{language}/{name}.md" if name != LAYOUT else LAYOUT
        return [
            f"{where}, line {line}: there are marks of a merge in it still; of what stands between "
            "them keep what is right, and take the marks out."
            for line in undecided
        ]
    with _beside(own, name, language, text) as folder, closing(PooledRenderer(folder)) as renderer:
        tried = SHOWN if name == LAYOUT else name
        return [line.replace(f"{folder}/", "") for line in renderer.check(tried, language)]


@contextmanager
def _beside(own: Path, name: str, language: str, text: str) -> Iterator[Path]:
    """The admin's own files with this text among them, in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        others = [*(own / other for other in BESIDE), *own.glob("[!.]*/*.yaml")]
        for file in filter(Path.is_file, others):
            place = folder / file.relative_to(own)
            place.parent.mkdir(exist_ok=True)
            shutil.copy(file, place)
        place = file_of(folder, name, language)
        place.parent.mkdir(exist_ok=True)
        place.write_text(text, "utf-8")
        yield folder
