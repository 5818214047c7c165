"""A template's text before it is in force: what is wrong with it, and what mails would say."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from maild.i18n import sentence, told
from maild.templates import three_way
from maild.templates.render import at
from maild.templates.renderer import PooledRenderer
from maild.templates.source import LAYOUT, LAYOUT_FILE, file_of

BESIDE = (".yaml", ".html")  # which of the admin's own files a template depends on
RENDERED = (*BESIDE, ".md")  # those that mails are made of
SHOWN = "note"  # the mail by which a layout is tried
_UNDECIDED = sentence(
    "there are marks of a merge in it still; of what stands between them keep what is right, and "
    "take the marks out."
)


@contextmanager
def candidate(own: Path, name: str, language: str, text: str) -> Iterator[PooledRenderer]:
    """A renderer for which this text is in force."""
    with (
        _beside(own, name, language, text, RENDERED) as folder,
        closing(PooledRenderer(folder)) as renderer,
    ):
        yield renderer


def mistakes(own: Path, name: str, language: str, text: str) -> list[str]:
    """What is wrong with this text, each with its line; empty where it may be in force."""
    undecided = three_way.undecided(text)
    if undecided:
        where = f"{language}/{name}.md" if name != LAYOUT else LAYOUT_FILE
        return [at(where, line, _UNDECIDED) for line in undecided]
    with _beside(own, name, language, text) as folder, closing(PooledRenderer(folder)) as renderer:
        tried = SHOWN if name == LAYOUT else name
        found = renderer.check(tried, language)
        return [told(one, lambda plain: plain.replace(f"{folder}/", "")) for one in found]


@contextmanager
def _beside(
    own: Path, name: str, language: str, text: str, kinds: tuple[str, ...] = BESIDE
) -> Iterator[Path]:
    """The admin's own files with this text among them, in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        others = [*own.glob("*.*"), *own.glob("[!.]*/*.*")]
        for file in (one for one in others if one.suffix in kinds and one.is_file()):
            place = folder / file.relative_to(own)
            place.parent.mkdir(exist_ok=True)
            shutil.copy(file, place)
        place = file_of(folder, name, language)
        place.parent.mkdir(exist_ok=True)
        place.write_text(text, "utf-8")
        yield folder
