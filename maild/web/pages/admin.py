"""What an admin looks at: templates with their editor, the quarantine, spam, the audit."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from starlette.responses import HTMLResponse, Response

from maild.desk.notifications import Notification, catalogue
from maild.errors import MaildError, NotFound, Refused, UsageError
from maild.i18n import sentence
from maild.ingest import spam_filing
from maild.ingest.quarantine import drop, retry
from maild.outbox import comparison
from maild.outbox import preview as previews
from maild.store.asking import console as asking
from maild.store.asking import messages as asking_messages
from maild.store.console_records import Draft
from maild.store.unit import Unit
from maild.templates.candidate import mistakes
from maild.templates.history import History
from maild.templates.source import SHIPPED, Library, languages
from maild.web.site import action, page
from maild.web.visit import Visit, hashed

SAFE_MAIL = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"
_LINE = re.compile(r", line (\d+): ")


def _own(visit: Visit) -> Path:
    return visit.console.app.settings.templates


def _read(visit: Visit) -> Path:
    """The same as it is in force: of a broken file the last good one."""
    return visit.console.app.settings.templates_in_force


# ---- templates


@page("/admin/templates", "policy read")
def templates(visit: Visit) -> Response:
    """Every notification, and in which languages the desk has its own."""
    library = Library(_own(visit))
    kinds = [(kind, _origins(library, kind)) for kind in catalogue(_read(visit))]
    return visit.page("admin-templates.html", kinds=kinds)


def _origins(library: Library, kind: Notification) -> list[tuple[str, bool]]:
    """(language, whether it is the desk's own)"""
    return [
        (language, not library.find(kind.name, language).shipped)
        for language in library.languages(kind.name)
    ]


@page("/admin/templates/{name}", "policy read")
def template(visit: Visit) -> Response:
    """The editor."""
    kind, language = _which(visit)
    return visit.page("admin-template.html", **_editor(visit, visit.unit, kind, language))


def _which(visit: Visit) -> tuple[Notification, str]:
    """The notification and language of the address."""
    kind = catalogue(_read(visit)).named(visit.path("name"))
    language = visit.query("lang") or visit.field("lang") or visit.language
    known = {*languages(), *Library(_own(visit)).languages(kind.name)}
    return kind, language if language in known else "en"


def _in_force(visit: Visit, kind: Notification, language: str) -> str:
    """What stands in the file now."""
    try:
        return Library(_own(visit)).find(kind.name, language).file.read_text("utf-8", "replace")
    except NotFound:
        return ""


def _place(kind: Notification, language: str) -> str:
    return f"template {language} {kind.name}"


def _editor(
    visit: Visit, unit: Unit, kind: Notification, language: str, **more: Any
) -> dict[str, Any]:
    now = _in_force(visit, kind, language)
    draft = unit.first(asking.DRAFT, person=visit.person.id, place=_place(kind, language))
    text = str(draft.fields.get("text", "")) if draft else now
    wrong = mistakes(_own(visit), kind.name, language, text)
    compared = [] if wrong else comparison.compare(unit, _own(visit), kind.name, language, text)
    return {
        "kind": kind,
        "language": language,
        "languages": languages(),
        "text": text,
        "edited": text != now,
        "wrong": [(line_of(problem), problem) for problem in wrong],
        "compared": compared,
        "changed": sum(one.changed for one in compared),
        "versions": History(_own(visit)).versions(kind.name, language)[::-1],
        "shipped": not (_own(visit) / language / f"{kind.name}.md").is_file(),
        "was": hashed(now),
        "said": "",
    } | more  # fmt: skip


def line_of(problem: str) -> int:
    """The line that a problem names, or 0."""
    found = _LINE.search(problem)
    return int(found[1]) if found else 0


@action("/admin/templates/{name}", "policy change")
def edited(visit: Visit) -> Response:
    """Tries a text, saves it, sends a test of it, or goes back to another version."""
    kind, language = _which(visit)
    do = visit.field("do")
    said = ""
    if do == "discard":
        visit.keep(lambda unit: _drop_draft(unit, visit, kind, language))
    elif do.startswith("version "):
        said = _back(visit, kind, language, do.removeprefix("version "))
    else:
        visit.keep(lambda unit: _keep_draft(unit, visit, kind, language))
        if do == "save":
            said = _save(visit, kind, language)
        elif do == "test":
            said = _test(visit, kind, language)
    with visit.looking() as unit:
        values = _editor(visit, unit, kind, language, said=said)
        status = 422 if do == "save" and values["wrong"] else 200
        return visit.page("admin-template.html", status=status, **values)


def _keep_draft(unit: Unit, visit: Visit, kind: Notification, language: str) -> None:
    text = visit.field("text").rstrip("\n") + "\n"
    place = _place(kind, language)
    known = unit.first(asking.DRAFT, person=visit.person.id, place=place)
    if known is not None:
        unit.change(known, fields={"text": text}, updated=visit.now)
        return
    unit.add(
        Draft(person_id=visit.person.id, place=place, fields={"text": text}, updated=visit.now)
    )


def _drop_draft(unit: Unit, visit: Visit, kind: Notification, language: str) -> None:
    known = unit.first(asking.DRAFT, person=visit.person.id, place=_place(kind, language))
    if known is not None:
        unit.delete(known)


def _save(visit: Visit, kind: Notification, language: str) -> str:
    """Puts it in force where nothing is wrong with it; the file is what the terminal sees too."""
    text = visit.field("text").rstrip("\n") + "\n"
    if mistakes(_own(visit), kind.name, language, text):
        return ""
    if visit.field("was") != hashed(_in_force(visit, kind, language)):
        raise Refused(
            sentence(
                "Somebody has changed this template meanwhile. Your text is kept as a draft: open "
                "the page anew and look at what is in force now."
            )
        )
    History(_own(visit)).save(kind.name, language, text, visit.person.name, visit.now)

    def note(unit: Unit) -> None:
        _drop_draft(unit, visit, kind, language)
        visit.note_down(unit, "changed a template", f"{language}/{kind.name}")

    visit.keep(note)
    return visit.words("Saved; it is in force from the next mail on.")


def _back(visit: Visit, kind: Notification, language: str, number: str) -> str:
    """Puts an earlier version in force; 0: the shipped one."""
    kept = History(_own(visit))
    if not number.isdecimal():
        raise UsageError(sentence("There is no such version."))
    file = _own(visit) / language / f"{kind.name}.md"
    if file.is_file():
        kept.note(kind.name, language)
    if number == "0":
        if not (SHIPPED / language / f"{kind.name}.md").is_file():
            raise NotFound(sentence("There is no such version."))
        file.unlink(missing_ok=True)
    else:
        chosen = kept.get(kind.name, language, int(number))
        kept.again(kind.name, language, chosen, visit.person.name, visit.now)

    def note(unit: Unit) -> None:
        _drop_draft(unit, visit, kind, language)
        what = f"put version {number} of a template in force"
        visit.note_down(unit, what, f"{language}/{kind.name}")

    visit.keep(note)
    return visit.words("That version is in force again.")


def _test(visit: Visit, kind: Notification, language: str) -> str:
    """Sends what is in force to the admin himself."""
    to, settings = visit.visitor.addresses[0], visit.console.app.settings
    try:
        mail = previews.compose(
            settings, visit.console.app.profile, kind.name, language=language, to=to
        )
        previews.send(settings, to, mail)
    except MaildError as error:
        return visit.words.write(error.message)
    return visit.words("A test of what is in force went to {address}.", address=to)


@page("/admin/templates/{name}/mail/{id}", "policy read")
def mail(visit: Visit) -> Response:
    """One of the last mails as the draft would write it: in a frame that can do nothing."""
    kind, language = _which(visit)
    place = _place(kind, language)
    draft = visit.unit.first(asking.DRAFT, person=visit.person.id, place=place)
    text = str(draft.fields.get("text", "")) if draft else _in_force(visit, kind, language)
    words = comparison.rendered(
        visit.unit, _own(visit), kind.name, language, text, visit.number_in_path("id")
    )
    if words is None:
        raise NotFound(sentence("There is no such message."))
    return HTMLResponse(words.html, headers={"Content-Security-Policy": SAFE_MAIL})


# ---- mail that was kept back, who did what


@page("/admin/quarantine", "mail read")
def quarantine(visit: Visit) -> Response:
    """Messages that could not be processed."""
    return visit.page("admin-quarantine.html", messages=asking_messages.quarantined(visit.unit))


@action("/admin/quarantine/{id}", "mail change")
def decided(visit: Visit) -> Response:
    """Tries a message again, or gives it up; its bytes stay stored either way."""
    number, again = visit.number_in_path("id"), visit.field("do") == "retry"

    def decide(unit: Unit) -> None:
        found = asking_messages.in_quarantine(unit, number)
        if found is None:
            raise NotFound(sentence("There is no such message."))
        (retry if again else drop)(unit, found, visit.now)
        what = "tried a message again" if again else "gave a message up"
        visit.note_down(unit, what, str(number))

    visit.keep(decide)
    return visit.to("/admin/quarantine")


@page("/admin/spam", "mail read")
def spam(visit: Visit) -> Response:
    """Mail that was kept as spam, the newest first."""
    found = asking_messages.spam(visit.unit)[::-1][:200]
    return visit.page("admin-spam.html", messages=found, prefix=spam_filing.SPAM)


@action("/admin/spam/{id}", "mail change")
def accepted(visit: Visit) -> Response:
    """Makes a ticket of one, whose sender is let through from now on."""
    number = visit.number_in_path("id")

    def accept(unit: Unit) -> None:
        spam_filing.accept(unit, number)
        visit.note_down(unit, "took a message for no spam", str(number))

    visit.keep(accept)
    return visit.to("/admin/spam")


@page("/admin/audit", "audit read")
def audit(visit: Visit) -> Response:
    """Who did what from where, the newest first."""
    rows = visit.unit.all(asking.AUDIT, before=visit.before())
    return visit.page("admin-audit.html", rows=rows, more=rows[-1].id if len(rows) == 100 else 0)
