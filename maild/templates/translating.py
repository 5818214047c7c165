"""A language of the admin's own: what of ours is not translated into it yet."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from maild import i18n
from maild.desk.notifications import Catalogue
from maild.templates.source import DEFAULT_LANGUAGE, SHIPPED, languages, words_of

WORDS = "words.yaml"


@dataclass(frozen=True, slots=True)
class Untranslated:
    """What readers of a language get in English."""

    language: str
    templates: tuple[str, ...]
    words: tuple[str, ...]  # of the layout
    sentences: tuple[str, ...]

    @property
    def all_done(self) -> bool:
        return not (self.templates or self.words or self.sentences)

    def __str__(self) -> str:
        return (
            f"{self.language}: {len(self.templates)} templates, {len(self.words)} words of the "
            f"layout and {len(self.sentences)} sentences are not translated"
        )


def of_own(own: Path) -> list[str]:
    """The languages that the admin has and we do not ship."""
    found = {file.parent.name for file in own.glob("[!.]*/*") if file.suffix in (".md", ".yaml")}
    return sorted(found - set(languages()))


def begin(own: Path, language: str) -> list[Path]:
    """Files to translate, where there are none yet: the words and sentences in English."""
    folder, made = own / language, []
    folder.mkdir(parents=True, exist_ok=True)
    english = SHIPPED / DEFAULT_LANGUAGE / WORDS
    for name, text in ((WORDS, english.read_text("utf-8")), (i18n.FILE, _sentences())):
        file = folder / name
        if not file.exists():
            file.write_text(text, "utf-8")
            made.append(file)
    return made


def _sentences() -> str:
    """Every sentence, to be translated behind its colon."""
    lines = [f"# {_quoted(said)}: {_quoted(said)}" for said in sorted(i18n.shipped())]
    head = "# Take the # away from a line and translate what stands behind the colon.\n"
    return head + "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def untranslated(own: Path, language: str, known: Catalogue) -> Untranslated:
    """What is lacking; a word that is still English counts as lacking."""
    folder = own / language
    english = words_of(SHIPPED / DEFAULT_LANGUAGE / WORDS, None)
    words = words_of(folder / WORDS, _changed(folder / WORDS))
    sentences = i18n.phrases_of(folder / i18n.FILE, _changed(folder / i18n.FILE))
    return Untranslated(
        language=language,
        templates=tuple(k.name for k in known if not (folder / f"{k.name}.md").is_file()),
        words=tuple(name for name, said in english.items() if words.get(name, said) == said),
        sentences=tuple(said for said in sorted(i18n.shipped()) if said not in sentences),
    )


def _changed(file: Path) -> int | None:
    return file.stat().st_mtime_ns if file.is_file() else None
