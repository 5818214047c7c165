"""The one short mail that says what became of a mail's commands (E7)."""

from __future__ import annotations

from typing import Any

from maild.commands.job import Job, Result
from maild.config import Config
from maild.desk.notify import notify
from maild.model import Role
from maild.store import asking
from maild.store.records import Person
from maild.store.unit import Unit

OF_CONTACTS = ("urgent", "stop", "signoff")  # of which a contact is told what became


def answer(job: Job, results: list[Result]) -> None:
    """Tells the sender, unless nothing is to be told or he does not want it."""
    mail = job.desk.mail
    if not wanted(job, results) or (mail is not None and not mail.answerable):
        return
    shown = [r for r in results if not (r.done and _report(job, r))]
    contact = job.may.role == Role.CONTACT
    rows = [{"command": r.command, "done": r.done, "why": r.why, "undo": None} for r in shown]
    notify(
        job.desk,
        job.ticket,
        "command-answer",
        [job.may.person],
        auto="auto-replied",
        extra=said_of(
            rows,
            by_contact=contact,
            undo=None if contact else _takes_back(job, results),
            held=_held(job),
            internal=_internal(job),
            sent=job.note.text if job.note and job.note.public and job.asked.canned else None,
        ),
    )


def said_of(rows: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """What `command-answer` tells of these commands; `more`: what is not as in the usual case
    (`facts.py` says what each means)."""
    usual = {"by_contact": False, "undo": None, "held": False, "internal": False, "sent": None}
    return {"answers": rows, **usual, **more}


def wanted(job: Job, results: list[Result]) -> bool:
    """Whether he is to be told: always of trouble, and of the rest as he wishes."""
    if job.may.role == Role.RESOURCE and not job.may.proven:
        return False  # he is asked to confirm instead
    if job.may.role == Role.CONTACT:  # what he may not do is passed on in silence (H50)
        refused = any(not r.done and _report(job, r) for r in results)
        return refused or any(c.name in OF_CONTACTS for c in job.asked.commands)
    told = [r for r in results if not (r.done and _report(job, r))]
    if any(not r.done for r in told):
        return True
    how = wish(job.desk.unit, job.desk.settings.config, job.may.person)
    if not told or how == "on-problem":
        return False
    return how == "always" or not _plainly_resolved(job)


def wish(unit: Unit, config: Config, person: Person) -> str | None:
    """How much he wants to be told; None: all but a plain "is resolved"."""
    own = asking.people.keys(unit, person)
    for section in config.resource:
        if section.answer and section.email.strip().lower() in own:
            return section.answer
    return config.commands.answer


def _plainly_resolved(job: Job) -> bool:
    """Nothing but "is resolved" in the subject: the ticket shows it anyway."""
    asked = job.asked
    return len(asked.commands) == 1 and (
        asked.commands[0].name in ("resolve", "complete") and asked.commands[0].source == "subject"
    )


def _report(job: Job, result: Result) -> bool:
    words = job.names.vocabulary.commands
    names = [c.name for c in job.asked.commands if c.written == result.command]
    return any(words[name].report for name in names)


def _takes_back(job: Job, results: list[Result]) -> str | None:
    """What `#undo` would take back, as it was written."""
    words = job.names.vocabulary.commands
    done = {r.command for r in results if r.done}
    names = [c.written for c in job.asked.commands if c.written in done and words[c.name].undo]
    return ", ".join(names) or None


def _internal(job: Job) -> bool:
    """Whether a text in reply to the answer stays internal (as `audience` will decide)."""
    return job.note is not None and not job.note.public


def _held(job: Job) -> bool:
    """Whether a text was kept from the contact because a line was not understood."""
    text = job.asked.text
    lines = [u.written for u in job.asked.unclear if u.source == "text"]
    for line in lines:
        text = text.replace(line, "", 1)
    return bool(lines and text.strip()) and job.note is not None and not job.note.public
