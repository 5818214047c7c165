"""Template files: where they are found, and the parts that each has."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from maild import yamlfile
from maild.errors import NotFound, UsageError
from maild.i18n import language_chain, layered, names, sentence

SHIPPED = Path(__file__).parent
DEFAULT_LANGUAGE = "en"
LAYOUT = "layout"  # the name of the page around all mails, where it is edited as a template is
LAYOUT_FILE = "layout.html"  # where it stands, one for all languages


def file_of(folder: Path, name: str, language: str) -> Path:
    """Where a template stands in a folder of them; the layout is one for all languages."""
    return folder / LAYOUT_FILE if name == LAYOUT else folder / language / f"{name}.md"


NAME = "name: "  # before a name of profile.yaml among the words of the layout
FRONT = ("subject", "preheader", "foot")  # the lines above the `---`


@dataclass(frozen=True, slots=True)
class Template:
    """One notification in one language, as it stands in its file."""

    name: str
    language: str
    subject: str  # of a mail that is about a ticket, the ticket's tag is put before it
    preheader: str  # what a list of mails shows beside the subject; may be ""
    foot: str  # one line: what a reply will do
    body: str  # Markdown with Jinja
    front_lines: dict[str, int]  # where each of the first three stands in the file
    body_line: int  # where the body begins in it
    origin: str  # the file's path, for people
    shipped: bool  # False: the admin's own
    mtime: int = 0  # of the file, in nanoseconds: which edit of it this is


def parse(text: str, name: str, language: str, origin: str, *, shipped: bool) -> Template:
    """Reads a template's text.  UsageError with the line where it is not as it should be."""
    lines = text.replace("\r\n", "\n").split("\n")
    parts, at = dict.fromkeys(FRONT, ""), {}
    for index, line in enumerate(lines):
        if line.strip() == "---":
            break
        if not line.strip():
            continue
        key, colon, value = line.partition(":")
        if not colon or key.strip() not in FRONT:
            raise UsageError(
                sentence(
                    "{file}, line {line}: above the --- stand only {names}, each on one line.",
                    file=origin,
                    line=index + 1,
                    names=[f"{name}:" for name in FRONT],
                )
            )
        parts[key.strip()], at[key.strip()] = value.strip(), index + 1
    else:
        raise UsageError(
            sentence("{file}: a line --- is missing between the subject and the body.", file=origin)
        )
    if not parts["subject"]:
        raise UsageError(sentence("{file}: the line subject: is missing.", file=origin))
    body = "\n".join(lines[index + 1 :]).strip("\n") + "\n"
    return Template(
        name=name,
        language=language,
        subject=parts["subject"],
        preheader=parts["preheader"],
        foot=parts["foot"],
        body=body,
        front_lines=at,
        body_line=index + 2,
        origin=origin,
        shipped=shipped,
    )


@dataclass(frozen=True, slots=True)
class TemplateFile:
    """A template, and where it stands."""

    name: str
    language: str
    file: Path
    shipped: bool  # False: the admin's own

    def read(self) -> Template:
        """UsageError where it is broken."""
        return _parse_cached(self, self.file.stat().st_mtime_ns)


class Library:
    """The templates that are in force: the admin's own files before the shipped ones."""

    def __init__(self, own: Path | None = None, over: str | None = None) -> None:
        """`own`: the folder `templates` beside maild.toml, which need not exist; `over`: the name
        of one beside it that comes first (`templates` of a [[mailbox]] or [[alias]])."""
        self.own = own
        self._folders = [folder for folder in (own, beside(own, over)) if folder is not None][::-1]

    def get(self, name: str, language: str) -> Template:
        """The one in force.

        UsageError where the admin's own file is broken; NotFound where there is none at all.
        """
        return self.find(name, language).read()

    def find(self, name: str, language: str) -> TemplateFile:
        """Where it stands: own before shipped in the wanted language, then in English, then in any
        language that there is.  NotFound where there is none at all.
        """
        for one in _language_chain(language):
            if found := self._file(name, one):
                return found
        for one in self.languages(name):
            if found := self._file(name, one):
                return found
        raise NotFound(f'There is no template "{name}"; {self.to_write(name)}')

    def to_write(self, name: str) -> str:
        """Where a template that is missing belongs."""
        where = (self.own or Path("templates")) / DEFAULT_LANGUAGE / f"{name}.md"
        return f"write it into {where}."

    def _file(self, name: str, language: str) -> TemplateFile | None:
        for folder in (*self._folders, SHIPPED):
            file = folder / language / f"{name}.md"
            if file.is_file():
                return TemplateFile(name, language, file, folder is SHIPPED)
        return None

    def languages(self, name: str) -> list[str]:
        """The languages in which it is written, ours or the admin's; English first."""
        files = [
            file for folder in (SHIPPED, *self._folders) for file in folder.glob(f"[!.]*/{name}.md")
        ]
        return sorted(
            {file.parent.name for file in files}, key=lambda language: (language != "en", language)
        )

    def words(self, language: str) -> dict[str, str]:
        """The layout's words in this language, the admin's before ours, English for the rest."""
        chain = _language_chain(language)
        named = names(chain, self._folders)
        return {
            **layered("words.yaml", chain, self._folders, words_of),
            **{NAME + name: shown for name, shown in named.items()},
        }

    def layout(self) -> str:
        """The text of the one HTML layout, the admin's own before the shipped one."""
        own = (folder / LAYOUT_FILE for folder in self._folders)
        file = next((file for file in own if file.is_file()), None)
        return file.read_text("utf-8") if file is not None else shipped_layout()


def beside(own: Path | None, name: str | None) -> Path | None:
    """The folder of this name in the one that `templates` is in."""
    return own.parent / name if own is not None and name else None


@lru_cache
def shipped_layout() -> str:
    """The HTML page around all mails, as we ship it."""
    return (SHIPPED / LAYOUT_FILE).read_text("utf-8")


def languages() -> list[str]:
    """The languages that we ship, English first."""
    found = sorted(p.parent.name for p in SHIPPED.glob("*/words.yaml"))
    return [DEFAULT_LANGUAGE, *(language for language in found if language != DEFAULT_LANGUAGE)]


def _language_chain(language: str) -> list[str]:
    """de-AT → de-at, de, en: the order in which to look."""
    return list(dict.fromkeys([*language_chain(language), DEFAULT_LANGUAGE]))


@lru_cache(maxsize=512)
def _parse_cached(file: TemplateFile, mtime: int) -> Template:
    try:
        text = file.file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            sentence("{file} cannot be read as UTF-8 text.", file=str(file.file))
        ) from error
    found = parse(text, file.name, file.language, str(file.file), shipped=file.shipped)
    return replace(found, mtime=mtime)


@lru_cache(maxsize=64)
def words_of(file: Path, _mtime: int | None) -> dict[str, str]:
    """What one of these files says; UsageError where it is broken."""
    if not file.is_file():
        return {}
    data: Any = yamlfile.read(file)
    if not isinstance(data, dict):
        raise UsageError(f"{file}: `name: words` on each line are needed.")
    return {str(key): str(value) for key, value in data.items()}
