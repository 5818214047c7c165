"""Imports on a screen: another desk's exports are tried, and then brought in."""

from __future__ import annotations

import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.responses import Response

from maild.errors import MaildError, NotFound, UsageError
from maild.i18n import sentence
from maild.importer.csv_rows import read_exports
from maild.importer.mapping import load_mapping, shipped
from maild.importer.plan import Plan, make_plan
from maild.importer.write import Importer
from maild.store.asking import console as asking
from maild.web.site import action, page
from maild.web.visit import Visit

ABOUT = "import"  # what the audit calls it
MOST = 100_000_000  # octets of all files of one import
SHOWN = 50  # mistakes and remarks on the page
KEPT_SECONDS = 86_400  # that files wait for "bring in"
_KEY = re.compile(r"[\w-]{8,64}")


@page("/admin/imports", "people change")
def imports(visit: Visit) -> Response:
    """The form, and what was brought in before."""
    return _form(visit)


def _form(visit: Visit, status: int = 200, **more: Any) -> Response:
    values: dict[str, Any] = {
        "plan": None,
        "key": "",
        "source": visit.field("source"),
        "problem": "",
        "done": None,
    }
    with visit.console.store.look() as unit:
        history = unit.all(asking.AUDIT_OF, about=ABOUT)
    values |= {"sources": shipped(), "history": history, "shown": SHOWN}
    return visit.page("admin-imports.html", status=status, **{**values, **more})


@action("/admin/imports", "people change")
def tried(visit: Visit) -> Response:
    """Says what files would bring, or brings in what was tried; nobody is told."""
    _tidy(_folder(visit))
    try:
        if visit.field("do") == "write":
            return _brought_in(visit)
        found = _kept(visit)
        return _form(visit, plan=_plan(visit, found), key=found.name)
    except UsageError as error:
        return _form(visit, 422, problem=visit.words.write(error.message))


def _folder(visit: Visit) -> Path:
    """Where files wait, beside the database."""
    return visit.console.app.settings.folder / "var" / "imports"


def _tidy(folder: Path) -> None:
    """Files that nobody brought in are not kept for ever."""
    for old in folder.glob("*/"):
        if time.time() - old.stat().st_mtime > KEPT_SECONDS:
            shutil.rmtree(old, ignore_errors=True)


def _kept(visit: Visit) -> Path:
    """Keeps the files of the form; the folder with them."""
    uploads = visit.files("files")
    if not uploads:
        raise UsageError(sentence("Choose the exported files first."))
    if sum(upload.size or 0 for upload in uploads) > MOST:
        raise UsageError(
            sentence("That is too much at once; `maild import` takes it at the terminal.")
        )
    folder = _folder(visit) / visit.fresh_key()
    folder.mkdir(mode=0o700, parents=True)
    for upload in uploads:
        name = (
            re.sub(r"[^\w. -]", "_", Path(upload.filename or "").name).lstrip(".") or "export.csv"
        )
        with (folder / name).open("wb") as file:
            shutil.copyfileobj(upload.file, file)
    return folder


def _plan(visit: Visit, folder: Path) -> Plan:
    app = visit.console.app
    exports = load_mapping(_source(visit))
    try:
        exported = read_exports(sorted(folder.iterdir()), exports)
    except MaildError as error:
        raise UsageError(str(error.message).replace(f"{folder}/", "")) from error
    plan = make_plan(exported, exports, app.profile, app.settings.config, visit.now)
    plan.mistakes = [said.replace(f"{folder}/", "") for said in plan.mistakes]
    plan.remarks = [said.replace(f"{folder}/", "") for said in plan.remarks]
    return plan


def _source(visit: Visit) -> str:
    source = visit.field("source")
    if source not in shipped():
        raise UsageError(sentence("Say which desk the files are from."))
    return source


@dataclass(frozen=True, slots=True)
class Done:
    """What an import has brought."""

    new: int  # tickets
    there: int  # tickets that were here before
    strangers: tuple[str, ...]  # technicians of theirs whom nobody here is


def _brought_in(visit: Visit) -> Response:
    key = visit.field("files_key")
    folder = _folder(visit) / key
    if not _KEY.fullmatch(key) or not folder.is_dir():
        raise NotFound(sentence("These files are not here any more; choose them again."))
    plan, app = _plan(visit, folder), visit.console.app
    if plan.mistakes:
        raise UsageError(sentence("Nothing is imported while lines cannot be read."))
    source = load_mapping(_source(visit)).name
    importer = Importer(app.store, app.settings, app.profile, visit.now, source)
    new = importer.write(plan)
    shutil.rmtree(folder, ignore_errors=True)
    counts = [f"{count} {kind}" for kind, count in plan.counts().items()]
    what = sentence(
        "imported from {source}: {counts}; {new} tickets are new",
        source=source,
        counts=counts,
        new=new,
    )
    visit.keep(lambda unit: visit.note_down(unit, what, ABOUT))
    strangers = tuple(sorted(importer.strangers))
    return _form(visit, done=Done(new, plan.counts()["tickets"] - new, strangers))
