"""`maild templates`: what the desk's mails say, and the admin's own versions of it."""

from __future__ import annotations

import difflib
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from maild import config as configuration
from maild import i18n
from maild.cli.database import in_force
from maild.cli.options import ConfigOption, JsonOption, print_json
from maild.config import Settings
from maild.desk.notifications import FILE, Catalogue, Notification, catalogue
from maild.desk.profile import Profile
from maild.errors import NotFound, UsageError
from maild.outbox import preview as previews
from maild.templates import reference as manual_page
from maild.templates import source, three_way, translating
from maild.templates.candidate import mistakes
from maild.templates.history import History, me, what_changed
from maild.templates.renderer import PooledRenderer
from maild.templates.source import Library, TemplateFile

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="A notification, like complete; or layout.")
]
Lang = Annotated[str | None, typer.Option("--lang", metavar="LANG", help="Language, like de.")]
TicketOption = Annotated[
    str | None,
    typer.Option("--ticket", metavar="NUMBER", help="A real ticket instead of the example."),
]


def register(app: typer.Typer) -> None:
    group = typer.Typer(
        help="The templates of notifications, and the admin's own.",
        rich_markup_mode=None,
    )
    group.callback(invoke_without_command=True)(templates)
    for name, command in (
        ("list", list_templates), ("show", show), ("check", check), ("preview", preview),
        ("send-test", send_test), ("diff", diff), ("edit", edit), ("history", history),
        ("rollback", rollback), ("merge", merge), ("new-language", new_language),
        ("manual", manual),
    ):  # fmt: skip
        group.command(name)(command)
    app.add_typer(group, name="templates")


def templates(context: typer.Context, config: ConfigOption = None) -> None:
    """Without a command: list."""
    if context.invoked_subcommand is None:
        list_templates(json=False, config=config)


def list_templates(json: JsonOption = False, config: ConfigOption = None) -> None:
    """List every notification, and for each language which file is in force."""
    settings = _settings(config)
    own, known = _own(settings), catalogue(settings.templates_in_force)
    library = Library(own)
    found = [(kind, _in_force(library, kind.name)) for kind in known]
    broken = _broken(own, [place for _, places in found for place in places])
    if json:
        print_json([_listed(kind, places, broken) for kind, places in found])
        return
    table = Table("template", "for", "in force", "when", box=None, pad_edge=False)
    for kind, places in found:
        where = ", ".join(
            f"{place.language} {_origin(place)}{' (broken)' if place in broken else ''}"
            for place in places
        )
        table.add_row(kind.name, kind.audience, where, kind.purpose)
    Console(highlight=False).print(table)
    if broken:
        print(
            "Where yours is broken what was good last is sent, else the shipped one; "
            "`maild templates check` says why."
        )


def show(
    name: Name, lang: Lang = None, json: JsonOption = False, config: ConfigOption = None
) -> None:
    """Print a template that is in force, and every name that it may use."""
    settings = _settings(config)
    kind = _kind(settings, name)
    if kind is None:
        print(Library(settings.templates).layout(), end="")
        return
    place = Library(settings.templates).find(name, lang or settings.config.desk.language)
    text = place.file.read_text("utf-8", "replace")
    if json:
        facts = [{"name": f.name, "meaning": f.meaning, "example": f.example} for f in kind.facts]
        print_json({"name": name, "language": place.language, "file": str(place.file),
                    "shipped": place.shipped, "text": text, "facts": facts})  # fmt: skip
        return
    print(f"# {place.file} ({_origin(place)})\n\n{text}")
    table = Table("name", "meaning", "example", box=None, pad_edge=False)
    for fact in kind.facts:
        table.add_row(fact.name, fact.meaning, escape(repr(fact.example)))
    Console(highlight=False).print(table)


def check(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Only this one.")] = None,
    lang: Lang = None,
    config: ConfigOption = None,
) -> None:
    """Try every template: syntax, unknown names, missing languages."""
    own = _own(_settings(config))
    known = catalogue(own)
    kinds = [known.named(name)] if name else list(known)
    library = Library(own)
    wrong, tried = 0, 0
    with closing(PooledRenderer(own)) as renderer:
        for kind in kinds:
            places = _in_force(library, kind.name, lang)
            if not places:
                wrong += 1
                where = kind.own or "The shipped notifications.yaml"
                print(f"{where}: {kind.name} has no template; {library.to_write(kind.name)}")
            for place in places:
                tried += 1
                for problem in renderer.check(kind.name, place.language):
                    wrong += 1
                    print(problem)
    for line in (*_left_over(own), *i18n.all_problems(own)):
        wrong += 1
        print(line)
    for line in (*_without_language(own), *_behind(own), *_untranslated(own, known)):
        print(line)
    print(f"{tried} templates, {wrong or 'nothing'} wrong.")
    if wrong:
        raise typer.Exit(1)


def preview(
    name: Name,
    ticket: TicketOption = None,
    lang: Lang = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write the HTML part there.")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Print what a mail would say, on the example or on a real ticket; nothing is sent."""
    mail = previews.compose(*_in_force_now(config), name, ticket=ticket, language=lang)
    if mail.problem:
        print(f"maild: {mail.problem} This is what is sent until it is mended.", file=sys.stderr)
    print(f"Subject: {mail.subject}\n\n{mail.text}", end="")
    if html is not None:
        html.write_text(mail.html, "utf-8")
        print(f"maild: the HTML part is in {html}", file=sys.stderr)


def send_test(
    name: Name,
    to: Annotated[str, typer.Option("--to", metavar="ADDRESS", help="Where to.")],
    ticket: TicketOption = None,
    lang: Lang = None,
    config: ConfigOption = None,
) -> None:
    """Send a template to an address, marked as a test."""
    settings, profile = _in_force_now(config)
    mail = previews.compose(settings, profile, name, ticket=ticket, language=lang, to=to)
    answer = previews.send(settings, to, mail)
    print(f"Sent to {to}: {answer}")


def diff(name: Name, lang: Lang = None, config: ConfigOption = None) -> None:
    """Show how your own template differs from the shipped one."""
    language, own = _own_one(_settings(config), name, lang)
    shipped = three_way.shipped(name, language)
    if not shipped.is_file():  # a language of the admin's own
        shipped = three_way.shipped(name, source.DEFAULT_LANGUAGE)
    lines = difflib.unified_diff(
        shipped.read_text("utf-8").splitlines(),
        own.read_text("utf-8", "replace").splitlines(),
        f"shipped/{shipped.relative_to(source.SHIPPED)}",
        str(own),
        lineterm="",
    )
    print("\n".join(lines) or "There is no difference.")


def edit(name: Name, lang: Lang = None, config: ConfigOption = None) -> None:
    """Edit your own version in $EDITOR; it is checked before it is in force."""
    settings = _settings(config)
    _kind(settings, name)
    language = _language(lang or settings.config.desk.language)
    _edit(settings, name, language)


def merge(name: Name, lang: Lang = None, config: ConfigOption = None) -> None:
    """Bring your own version and a newer shipped one together; what touches is yours to decide."""
    settings = _settings(config)
    (language, own), folder = _own_one(settings, name, lang), _own(settings)
    called, asked = _called(name, language), _asked(name, language)
    if not three_way.is_behind(folder, name, language):
        print(f"{called} takes account of what is shipped; there is nothing to merge.")
        return
    draft = _draft(folder, name, language)
    if draft.is_file():
        raise UsageError(
            f"A draft of {called} is not in force yet; `maild templates edit {asked}` goes on with "
            "it. Merge after that."
        )
    texts = three_way.base(folder, name, language), own, three_way.shipped(name, language)
    merged = three_way.merge(*(file.read_text("utf-8") for file in texts))
    three_way.remember(_drafts(folder), name, language)
    if merged.conflicts:
        _keep(draft, merged.text)
        raise UsageError(
            f"{merged.conflicts} places were changed by both; they stand between marks in {draft}. "
            f"`maild templates edit {asked}` goes on with it."
        )
    _put(settings, name, language, merged.text)


def new_language(
    language: Annotated[str, typer.Argument(metavar="LANG", help="Like fr.")],
    json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Begin a language of your own, and list what is not translated into it yet."""
    settings = _settings(config)
    language, own = _language(language), _own(settings)
    if language in source.languages():
        raise UsageError(f"{language} is shipped; `maild templates edit NAME --lang {language}`.")
    made = translating.begin(own, language)
    left = translating.untranslated(own, language, catalogue(own))
    if json:
        print_json({"language": language, "templates": left.templates, "words": left.words,
                    "sentences": left.sentences})  # fmt: skip
        return
    for file in made:
        print(f"{file} is there to be translated.")
    if left.all_done:
        print(f"{language}: everything is translated.")
        return
    for kind, names in (("templates", left.templates), ("words", left.words)):
        if names:
            print(f"{kind}: {', '.join(names)}")
    for said in left.sentences:
        print(f"sentence: {said}")
    print(f"{left}. `maild templates edit NAME --lang {language}` writes one.")


def history(
    name: Name, lang: Lang = None, json: JsonOption = False, config: ConfigOption = None
) -> None:
    """List the versions of your own template that were in force: when, and by whom."""
    settings = _settings(config)
    _kind(settings, name)
    language = _language(lang or settings.config.desk.language)
    kept = History(_own(settings))
    if source.file_of(_own(settings), name, language).is_file():
        kept.note(name, language)
    versions = kept.versions(name, language)
    file = three_way.shipped(name, language)
    before = [file.read_text("utf-8") if file.is_file() else "", *(v.text for v in versions)]
    what = [what_changed(old, v.text) for old, v in zip(before, versions, strict=False)]
    if json:
        rows = zip(versions, what, strict=True)
        print_json(
            [
                {"version": v.number, "at": v.at, "by": v.by, "what": w, "why": v.why}
                for v, w in rows
            ]
        )
    elif not versions:
        print(f"{_called(name, language)} was never changed: the shipped one is in force.")
    else:
        if file.is_file():
            print("   0  shipped")
        for version, changed in zip(versions, what, strict=True):
            at = f"{version.at:%Y-%m-%d %H:%M:%S} UTC"
            why = f"  ({version.why})" if version.why else ""
            print(f"{version.number:4}  {at}  {version.by}  {changed}{why}")


def rollback(
    name: Name,
    version: Annotated[
        int | None,
        typer.Argument(metavar="[VERSION]", help="0: the shipped one; default: the one before."),
    ] = None,
    lang: Lang = None,
    config: ConfigOption = None,
) -> None:
    """Put an earlier version of your own template back into force."""
    settings = _settings(config)
    kind = _kind(settings, name)
    language = _language(lang or settings.config.desk.language)
    file = source.file_of(_own(settings), name, language)
    kept = History(_own(settings))
    if file.is_file():
        kept.note(name, language)
    if version is None:
        version = kept.before(name, language)
        if not kept.versions(name, language):
            called = _called(name, language)
            raise NotFound(f"{called} was never changed: the shipped one is in force.")
    if version == 0 and kind is not None and kind.own is not None:
        raise NotFound(f"{name} is a notification of your own; there is no shipped template of it.")
    if version == 0:
        _unmake(_own(settings), name, language)
        print(f"The shipped {_called(name, language)} is in force; yours is kept in the history.")
        return
    chosen = kept.get(name, language, version)
    kept.again(name, language, chosen, me(), datetime.now(UTC))
    print(f"Version {chosen.number} of {_called(name, language)} is in force again.")


def manual(config: ConfigOption = None) -> None:
    """Print docs/templates.md with your own notifications: each, and every name it may use."""
    place = configuration.config_file(config)
    own = _settings(config).templates_in_force if config or place.is_file() else None
    print(manual_page.page(catalogue(own)), end="")


def _settings(config: Path | None) -> Settings:
    """The words of a broken file are the last good ones; what is written goes to `_own`."""
    return _in_force_now(config)[0]


def _in_force_now(config: Path | None) -> tuple[Settings, Profile]:
    return in_force(configuration.load(configuration.config_file(config)))


def _kind(settings: Settings, name: str) -> Notification | None:
    """The notification of this name; None: it is the layout.  UsageError where it is neither."""
    if name == source.LAYOUT:
        return None
    return catalogue(settings.templates_in_force).named(name)


def _own(settings: Settings) -> Path:
    return settings.templates


def _origin(place: TemplateFile) -> str:
    return "shipped" if place.shipped else "yours"


def _in_force(library: Library, name: str, only: str | None = None) -> list[TemplateFile]:
    """The template of each language that there is, the admin's languages too."""
    if only:
        return [library.find(name, _language(only))]
    return [library.find(name, language) for language in library.languages(name)]


def _broken(own: Path, places: list[TemplateFile]) -> list[TemplateFile]:
    """Those of the admin's own that are not sent."""
    with closing(PooledRenderer(own)) as renderer:
        return [p for p in places if not p.shipped and renderer.check(p.name, p.language)]


def _listed(
    kind: Notification, places: list[TemplateFile], broken: list[TemplateFile]
) -> dict[str, Any]:
    languages = {
        place.language: {
            "shipped": place.shipped,
            "file": str(place.file),
            "broken": place in broken,
        }
        for place in places
    }
    return {
        "name": kind.name,
        "audience": kind.audience,
        "purpose": kind.purpose,
        "languages": languages,
    }


def _left_over(own: Path) -> list[str]:
    """Files that no notification will ever ask for."""
    known = [kind.name for kind in catalogue(own)]
    lines = []
    for file in sorted(own.glob("*/*.md")):
        if not file.parent.name.startswith(".") and file.stem not in known:
            close = difflib.get_close_matches(file.stem, known, 1, 0.5)
            hint = f"did you mean {close[0]}.md? " if close else ""
            new = f"A new one needs an entry in {FILE}."
            lines.append(f"{file}: there is no such notification; {hint}{new}")
    return lines


def _without_language(own: Path) -> list[str]:
    """Templates that were changed in one language only: others still get the shipped one."""
    files = [f for f in own.glob("*/*.md") if not f.parent.name.startswith(".")]
    languages = {f.parent.name for f in files}
    lines = []
    for name in sorted({f.stem for f in files}):
        lacking = sorted(languages - {f.parent.name for f in files if f.stem == name})
        if lacking:
            lines.append(f"note: {name} is yours, but not in {', '.join(lacking)}")
    return lines


def _behind(own: Path) -> list[str]:
    """Templates whose shipped text changed since they were made."""
    return [
        f"note: {_called(*one)}: the shipped text has changed since yours was made; "
        f"`maild templates merge {_asked(*one)}` brings both together"
        for one in sorted({(file.stem, file.parent.name) for file in _own_files(own)})
        if three_way.is_behind(own, *one)
    ]


def _own_files(own: Path) -> Iterator[Path]:
    yield from own.glob("[!.]*/*.md")
    yield from own.glob("layout.html")


def _called(name: str, language: str) -> str:
    """A template as it is told; the layout is one for all languages."""
    return name if name == source.LAYOUT else f"{language}/{name}"


def _asked(name: str, language: str) -> str:
    """A template as a command names it."""
    return name if name == source.LAYOUT else f"{name} --lang {language}"


def _untranslated(own: Path, known: Catalogue) -> list[str]:
    """Languages of the admin's own that are not complete."""
    found = [translating.untranslated(own, one, known) for one in translating.of_own(own)]
    hint = "`maild templates new-language {}` lists them"
    return [f"note: {one}; {hint.format(one.language)}" for one in found if not one.all_done]


def _own_one(settings: Settings, name: str, lang: str | None) -> tuple[str, Path]:
    """The admin's own template, or layout: its language and file.  NotFound: there is none."""
    kind, own = _kind(settings, name), _own(settings)
    if kind is not None and kind.own is not None:
        raise NotFound(f"{name} is a notification of your own; there is no shipped template of it.")
    language = lang or settings.config.desk.language
    if kind is not None:
        language = Library(own).find(name, language).language
    file = source.file_of(own, name, language)
    if not file.is_file():
        raise NotFound(
            f"{_called(name, language)} is the shipped one; "
            f"`maild templates edit {_asked(name, language)}` makes your own."
        )
    return language, file


def _language(lang: str) -> str:
    if not lang.replace("-", "").isalnum():
        raise UsageError(f"--lang {lang}: a language like de or de-at is needed.")
    return lang.lower()


# What the template of a new notification begins as.
FRESH = """\
subject: {{ ticket.title }}
preheader: What a list of mails shows beside the subject.
foot: What a reply to this mail will do.
---
Hello {{ recipient.first_name }},
"""


def _to_edit(settings: Settings, name: str, language: str) -> str:
    """The text that is in force, or of a new notification one to begin with."""
    if name == source.LAYOUT:
        return Library(settings.templates).layout()
    try:
        place = Library(settings.templates).find(name, language)
    except NotFound:
        return FRESH
    return place.file.read_text("utf-8", "replace")


def _edit(settings: Settings, name: str, language: str) -> None:
    """Opens the draft until nothing is wrong with it, or he has enough: then it is kept."""
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    own, draft = _own(settings), _draft(_own(settings), name, language)
    before = _to_edit(settings, name, language)
    if draft.is_file():
        print(f"This goes on with the draft that was kept in {draft}.")
    else:
        _keep(draft, before)
    while True:
        try:
            done = subprocess.run([*shlex.split(editor), str(draft)], check=False)
        except OSError as error:
            raise UsageError(f"The editor {editor} cannot be started; set $EDITOR.") from error
        text = draft.read_text("utf-8", "replace")
        if text == before:
            _drop(own, name, language)
            print("Nothing was changed.")
            return
        kept = f"Your text is kept in {draft}; the same command goes on with it."
        if done.returncode != 0:
            raise UsageError(f"{editor} ended with status {done.returncode}. {kept}")
        wrong = mistakes(own, name, language, text)
        if not wrong:
            break
        if not sys.stdin.isatty():
            raise UsageError("\n".join([*wrong, f"Nothing is in force yet. {kept}"]))
        print("\n".join(wrong), file=sys.stderr)
        if not typer.confirm("Edit it again?", default=True):
            raise UsageError(f"Nothing is in force yet. {kept}")
    _put(settings, name, language, text)
    _drop(own, name, language)


def _unmake(own: Path, name: str, language: str) -> None:
    """Puts the shipped text in force; the admin's own is kept in the history."""
    file = source.file_of(own, name, language)
    if file.is_file():
        History(own).note(name, language)
        file.unlink()


def _drafts(own: Path) -> Path:
    """Where texts are kept that are not in force yet."""
    return own / ".drafts"


def _draft(own: Path, name: str, language: str) -> Path:
    return source.file_of(_drafts(own), name, language)


def _drop(own: Path, name: str, language: str) -> None:
    for kept in (_draft(own, name, language), three_way.base(_drafts(own), name, language)):
        kept.unlink(missing_ok=True)


def _keep(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")


def _put(settings: Settings, name: str, language: str, text: str) -> None:
    """Checks a text in a folder of its own, then puts it in force; UsageError where it is wrong."""
    own = _own(settings)
    wrong = mistakes(own, name, language, text)
    if wrong:
        raise UsageError("\n".join([*wrong, "Nothing was changed."]))
    shipped = three_way.shipped(name, language)
    three_way.settle(own, _drafts(own), name, language)
    if shipped.is_file() and shipped.read_text("utf-8") == text:
        _unmake(own, name, language)
        print("That is the shipped text; it is in force.")
        return
    History(own).save(name, language, text, me(), datetime.now(UTC))
    print(f"{source.file_of(own, name, language)} is in force.")
