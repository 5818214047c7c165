"""The editor of templates: the text on the left, on the right what mails would say with it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from starlette.responses import HTMLResponse, Response

from maild.desk.extremes import EXTREMES
from maild.desk.known_facts import Fact
from maild.desk.notifications import Notification, catalogue
from maild.errors import MaildError, NotFound, Refused, UsageError
from maild.i18n import sentence
from maild.outbox import comparison
from maild.outbox import preview as previews
from maild.rules.rule import Rule
from maild.store.asking import console as asking
from maild.store.asking import outbox as asking_outbox
from maild.store.console_records import Draft
from maild.store.unit import Unit
from maild.templates import three_way
from maild.templates.candidate import SHOWN, mistakes
from maild.templates.history import History
from maild.templates.layout_facts import LAYOUT_FACTS
from maild.templates.renderer import Outcome
from maild.templates.source import LAYOUT, Library, file_of, languages
from maild.web.site import action, page
from maild.web.visit import Visit, hashed, row_number

SAFE_MAIL = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"
MONTH = timedelta(days=30)
LONGEST_WHY = 500
_LINE = re.compile(r", line (\d+): ")


def _own(visit: Visit) -> Path:
    return visit.console.app.settings.templates


def _read(visit: Visit) -> Path:
    """The same as it is in force: of a broken file the last good one."""
    return visit.console.app.settings.templates_in_force


@page("/admin/templates", "policy read")
def templates(visit: Visit) -> Response:
    """Every notification, and in which languages the desk has its own."""
    library = Library(_own(visit))
    kinds = [(kind, _origins(library, kind)) for kind in catalogue(_read(visit))]
    own_layout = file_of(_own(visit), LAYOUT, "en").is_file()
    return visit.page("admin-templates.html", kinds=kinds, own_layout=own_layout)


def _origins(library: Library, kind: Notification) -> list[tuple[str, bool]]:
    """(language, whether it is the desk's own)"""
    return [
        (language, not library.find(kind.name, language).shipped)
        for language in library.languages(kind.name)
    ]


# ---- what is edited


@dataclass(frozen=True, slots=True)
class Edited:
    """One template in one language, or the layout, as this admin has it before him."""

    name: str
    kind: Notification  # by the mails of which it is shown
    language: str  # in which it is shown
    own: Path  # the folder of the desk's own templates

    @property
    def is_layout(self) -> bool:
        """Whether it is the page around all mails, which is one for all languages."""
        return self.name == LAYOUT

    @property
    def facts(self) -> tuple[Fact, ...]:
        """What it may name."""
        return LAYOUT_FACTS if self.is_layout else self.kind.facts

    @property
    def place(self) -> str:
        """Of its draft."""
        return f"template {LAYOUT}" if self.is_layout else f"template {self.language} {self.name}"

    @property
    def label(self) -> str:
        return LAYOUT if self.is_layout else f"{self.language}/{self.name}"

    @property
    def file(self) -> Path:
        """The desk's own; it need not be there."""
        return file_of(self.own, self.name, self.language)

    @property
    def in_force(self) -> str:
        """What stands in the file now, own or shipped."""
        if self.is_layout:
            return Library(self.own).layout()
        try:
            found = Library(self.own).find(self.name, self.language)
        except NotFound:
            return ""
        return found.file.read_text("utf-8", "replace")

    @property
    def is_behind(self) -> bool:
        """Whether the shipped text changed since the desk's own was made."""
        return self.file.is_file() and three_way.is_behind(self.own, self.name, self.language)

    @property
    def shipped_now(self) -> str:
        """What is shipped, as a sum; "" where nothing is."""
        file = three_way.shipped(self.name, self.language)
        return hashed(file.read_text("utf-8")) if file.is_file() else ""

    def merged(self) -> three_way.Merged:
        """The desk's own and what is shipped now, brought together."""
        base = three_way.base(self.own, self.name, self.language)
        files = (base, self.file, three_way.shipped(self.name, self.language))
        return three_way.merge(*(file.read_text("utf-8") for file in files))

    def wrong(self, text: str) -> list[str]:
        """What keeps this text from being in force, each with its line."""
        return mistakes(self.own, self.name, self.language, text)

    def draft(self, unit: Unit, visit: Visit) -> Draft | None:
        return unit.first(asking.DRAFT, person=visit.person.id, place=self.place)

    def text(self, unit: Unit, visit: Visit) -> str:
        """His draft, else what is in force."""
        draft = self.draft(unit, visit)
        return str(draft.fields.get("text", "")) if draft else self.in_force


def _edited(visit: Visit) -> Edited:
    """The notification and language of the address."""
    name = visit.path("name")
    kind = catalogue(_read(visit)).named(SHOWN if name == LAYOUT else name)
    language = visit.query("lang") or visit.field("lang") or visit.language
    known = {*languages(), *Library(_own(visit)).languages(kind.name)}
    return Edited(name, kind, language if language in known else "en", _own(visit))


# ---- the page


@page("/admin/templates/{name}", "policy read")
def template(visit: Visit) -> Response:
    """The editor."""
    return visit.page("admin-template.html", **_editor(visit, visit.unit, _edited(visit)))


def _editor(visit: Visit, unit: Unit, one: Edited, **more: Any) -> dict[str, Any]:
    now, text = one.in_force, one.text(unit, visit)
    wrong = one.wrong(text)
    on = visit.query("on")
    sample = _sample(visit, one, text) if on and not wrong else None
    compared = (
        [] if wrong or on else comparison.compare(unit, one.own, one.name, one.language, text)
    )
    return {
        "it": one,
        "kind": one.kind,
        "language": one.language,
        "languages": languages(),
        "text": text,
        "edited": text != now,
        "wrong": lines_of(visit, wrong),
        "on": on,
        "on_number": visit.query("number"),
        "extremes": EXTREMES,
        "sample": sample,
        "compared": compared,
        "changed": sum(one.changed for one in compared),
        "versions": History(one.own).versions(one.name, one.language)[::-1],
        "shipped": not one.file.is_file(),
        "behind": one.is_behind,
        "rules": _senders(visit, one.kind),
        "sent": asking_outbox.made_since(unit, one.kind.name, visit.now - MONTH),
        "was": hashed(now),
        "said": "",
    } | more


def lines_of(visit: Visit, wrong: list[str]) -> list[tuple[int, str]]:
    """What is wrong as its reader reads it, each with the line that it names, or 0."""
    found = ((_LINE.search(problem), visit.words.write(problem)) for problem in wrong)
    return [(int(line[1]) if line else 0, said) for line, said in found]


def reason(visit: Visit) -> str:
    """Why something is changed, as he says."""
    return " ".join(visit.field("why").split())[:LONGEST_WHY]


def _senders(visit: Visit, kind: Notification) -> list[Rule]:
    """The rules that send it, in their order."""
    return [
        rule
        for rule in visit.console.app.rules.rules
        if any(
            step.action == "notify" and step.argument.get("template") == kind.name
            for step in rule.steps
        )
    ]


# ---- what is done there


@action("/admin/templates/{name}", "policy change")
def edited(visit: Visit) -> Response:
    """Tries a text, saves it, sends a test of it, or goes back to another version."""
    one, do = _edited(visit), visit.field("do")
    said = ""
    if do == "discard":
        visit.keep(lambda unit: _drop_draft(unit, visit, one))
    elif do == "merge":
        said = _merge(visit, one)
    elif do.startswith("version "):
        said = _back(visit, one, do.removeprefix("version "))
    else:
        visit.keep(lambda unit: _keep_draft(unit, visit, one, _typed(visit)))
        if do == "check":  # as one types
            return visit.page("wrong.html", wrong=lines_of(visit, one.wrong(_typed(visit))))
        if do == "save":
            said = _save(visit, one)
        elif do == "test":
            said = _test(visit, one)
    with visit.looking() as unit:
        values = _editor(visit, unit, one, said=said)
        status = 422 if do == "save" and values["wrong"] else 200
        return visit.page("admin-template.html", status=status, **values)


def _typed(visit: Visit) -> str:
    return visit.field("text").rstrip("\n") + "\n"


def _keep_draft(unit: Unit, visit: Visit, one: Edited, text: str, merged: str = "") -> None:
    """Keeps what he has typed.  `merged`: of which shipped text it takes account."""
    known = one.draft(unit, visit)
    if known is None and text == one.in_force:
        return
    if known is not None:
        fields = {**known.fields, "text": text} | ({"merged": merged} if merged else {})
        unit.change(known, fields=fields, updated=visit.now)
        return
    fields = {"text": text, "merged": merged}
    unit.add(Draft(person_id=visit.person.id, place=one.place, fields=fields, updated=visit.now))


def _drop_draft(unit: Unit, visit: Visit, one: Edited) -> None:
    known = one.draft(unit, visit)
    if known is not None:
        unit.delete(known)


def _merge(visit: Visit, one: Edited) -> str:
    """Brings his own and the shipped text together, in a draft to look at."""
    if not one.is_behind:
        raise UsageError(sentence("There is nothing to bring together."))
    found = one.merged()
    visit.keep(lambda unit: _keep_draft(unit, visit, one, found.text, one.shipped_now))
    if found.conflicts:
        return visit.words(
            "Both have changed {count} places; there each text stands between marks. Keep what is "
            "right, take the marks away, and save.",
            count=found.conflicts,
        )
    return visit.words("Both texts are together in your draft. Look at it, and save.")


def _save(visit: Visit, one: Edited) -> str:
    """Puts it in force where nothing is wrong with it; the file is what the terminal sees too."""
    text = _typed(visit)
    if one.wrong(text):
        return ""
    if visit.field("was") != hashed(one.in_force):
        raise Refused(
            sentence(
                "Somebody has changed this template meanwhile. Your text is kept as a draft: open "
                "the page anew and look at what is in force now."
            )
        )
    why = reason(visit)
    History(one.own).save(one.name, one.language, text, visit.person.name, visit.now, why)

    def note(unit: Unit) -> bool:
        draft = one.draft(unit, visit)
        merged = draft is not None and draft.fields.get("merged") == one.shipped_now
        _drop_draft(unit, visit, one)
        visit.note_down(unit, sentence("changed a template"), one.label, why=why)
        return merged

    if visit.keep(note):
        three_way.remember(one.own, one.name, one.language)
    return visit.words("Saved; it is in force from the next mail on.")


def _back(visit: Visit, one: Edited, wanted: str) -> str:
    """Puts an earlier version in force; 0: the shipped one."""
    kept = History(one.own)
    name, language = one.name, one.language
    version = row_number(wanted)
    if version is None:
        raise UsageError(sentence("There is no such version."))
    if one.file.is_file():
        kept.note(name, language)
    if version == 0:
        if not three_way.shipped(name, language).is_file():
            raise NotFound(sentence("There is no such version."))
        one.file.unlink(missing_ok=True)
    else:
        chosen = kept.get(name, language, version)
        kept.again(name, language, chosen, visit.person.name, visit.now)

    def note(unit: Unit) -> None:
        _drop_draft(unit, visit, one)
        visit.note_down(
            unit, sentence("put a version of a template in force"), one.label, version=version
        )

    visit.keep(note)
    return visit.words("That version is in force again.")


def _test(visit: Visit, one: Edited) -> str:
    """Sends what is in force to the admin himself."""
    to, settings = visit.visitor.addresses[0], visit.console.app.settings
    try:
        mail = previews.compose(
            settings, visit.console.app.profile, one.kind.name, language=one.language, to=to
        )
        previews.send(settings, to, mail)
    except MaildError as error:
        return visit.words.write(error.message)
    return visit.words("A test of what is in force went to {address}.", address=to)


# ---- what mails would say


@page("/admin/templates/{name}/mail/{id}", "policy read")
def mail(visit: Visit) -> Response:
    """One of the last mails as the draft would write it, or (`now`) as what is in force does: in a
    frame that can do nothing."""
    one = _edited(visit)
    text = one.in_force if visit.query("now") else one.text(visit.unit, visit)
    words = comparison.rendered(
        visit.unit, one.own, one.name, one.language, text, visit.number_in_path("id")
    )
    if words is None:
        raise NotFound(sentence("There is no such message."))
    return _framed(words.html)


@page("/admin/templates/{name}/sample", "policy read")
def sample(visit: Visit) -> Response:
    """The draft on an example or on a ticket that was chosen, in such a frame."""
    one = _edited(visit)
    found = _sample(visit, one, one.text(visit.unit, visit))
    if found.words is None:
        raise UsageError(found.problem)
    return _framed(found.words.html)


def _sample(visit: Visit, one: Edited, text: str) -> Outcome:
    """What this text says of what was chosen: a ticket, the example, or an extreme of it."""
    on, settings = visit.query("on"), visit.console.app.settings
    number = visit.query("number").strip("[]# ").upper() if on == "ticket" else None
    try:
        order = previews.sample(
            settings,
            visit.profile,
            one.kind,
            one.language,
            number,
            on if on in EXTREMES else None,
        )
    except MaildError as error:
        return Outcome(None, visit.words.write(error.message))
    return comparison.tried(one.own, one.name, one.language, text, order)


def _framed(html: str) -> Response:
    return HTMLResponse(html, headers={"Content-Security-Policy": SAFE_MAIL})
