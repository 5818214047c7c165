"""Does what a mail asks for, each command whole or not at all, and says what became of it (E7)."""

from __future__ import annotations

from collections.abc import Callable

from maild.commands import undo
from maild.commands.handlers import (
    absences,
    clock,
    contacts,
    notes,
    participants,
    policy,
    readers,
    records,
    reports,
    setting,
    ticket,
    work,
    work_list,
)
from maild.commands.job import Job, May, Result
from maild.commands.values import Command
from maild.errors import MaildError, Temporary
from maild.i18n import sentence
from maild.model import EventName, Role

__all__ = ["ACTS", "Job", "May", "Result", "run"]

Act = Callable[[Job, str], str]

ACTS: dict[str, Act] = {
    "resolve": ticket.resolve,
    "complete": ticket.complete,
    "status": ticket.status,
    "priority": ticket.priority,
    "queue": policy.queue,
    "due": ticket.due,
    "defer": ticket.defer,
    "schedule": ticket.schedule,
    "type": ticket.type_,
    "issue": ticket.issue,
    "impact": ticket.impact,
    "urgency": ticket.urgency,
    "tag": ticket.tag,
    "untag": ticket.untag,
    "title": ticket.title,
    "resolution": ticket.resolution,
    "assign": participants.assign,
    "take": participants.take,
    "also": participants.also,
    "unalso": participants.unalso,
    "cc": participants.cc,
    "uncc": participants.uncc,
    "time": work.time,
    "worktype": work.worktype,
    "worknote": work.worknote,
    "notetitle": notes.titled,
    "clock": clock.clock,
    "worklist": work_list.work_list,
    "internal": notes.internal,
    "reply": notes.reply,
    "merge": notes.merge,
    "link": notes.link,
    "split": notes.split,
    "spam": notes.spam,
    "notspam": notes.notspam,
    "delete": notes.delete,
    "template": policy.template,
    "checklist": policy.checklist,
    "set": setting.set_,
    "record": records.record,
    "article": records.article,
    "for": setting.for_,
    "source": setting.source,
    "parent": policy.parent,
    "transfer": policy.transfer,
    "escalate": policy.escalate,
    "share": policy.share,
    "partner": policy.partner,
    "mydone": policy.mydone,
    "question": policy.question,
    "both": policy.both,
    "remind": policy.remind,
    "away": absences.away,
    "notify": readers.notify,
    "undo": undo.undo,
    "list": reports.list_,
    "search": reports.search,
    "show": reports.show,
    "form": reports.form,
    "timesheet": reports.timesheet,
    "help": reports.help_,
    "urgent": contacts.urgent,
    "stop": contacts.stop,
    "signoff": contacts.signoff,
}
OF_CONTACTS: dict[str, Act] = {"status": reports.status}  # where a contact's means another thing


def run(job: Job) -> list[Result]:
    """Carries out all commands of a mail.  One that is refused leaves nothing behind; the others
    are done all the same.  What is not understood is among the results."""
    before = undo.values(job.desk.unit, job.ticket) if job.ticket else {}
    words = job.names.vocabulary.commands
    ordered = sorted(job.asked.commands, key=lambda c: words[c.name].last)
    results = {id(command): _one(job, command) for command in ordered}
    _remember(job, before, [c for c in ordered if results[id(c)].done])
    return [
        *(results[id(command)] for command in job.asked.commands),
        *(Result(unclear.written, False, unclear.why) for unclear in job.asked.unclear),
        *(_refused(job, refused.written, refused.why) for refused in job.asked.refused),
    ]


def _one(job: Job, command: Command) -> Result:
    if job.may.role == Role.RESOURCE and not job.may.proven:
        return _refused(job, command.written, sentence("Nothing was done: {why}.", why=job.may.why))
    act = (job.may.role == Role.CONTACT and OF_CONTACTS.get(command.name)) or ACTS[command.name]
    if job.may.role == Role.CONTACT and not job.may.proven and command.name == "resolve":
        act = _wish if contacts.closing(job) else act
    steps, entry = list(job.steps), job.entry
    job.desk.settle()
    job.stands = True
    try:
        with job.desk.attempt():
            what = act(job, command.argument)
            job.desk.settle()
    except Temporary:
        raise
    except MaildError as error:
        job.steps[:], job.entry = steps, entry
        return _refused(job, command.written, error.message)
    return Result(command.written, job.stands, what)


def _wish(job: Job, argument: str) -> str:
    return contacts.wish(job)


def _refused(job: Job, written: str, why: str) -> Result:
    """Refused: the rules may hear of it."""
    if job.ticket is not None:
        detail = {"command": written, "why": why}
        job.desk.emit(job.ticket, EventName.COMMAND_REFUSED, detail)
        job.desk.settle()
    return Result(written, False, why)


def _remember(job: Job, before: undo.Values, done: list[Command]) -> None:
    """Keeps with the message what `#undo` needs."""
    words, stored = job.names.vocabulary.commands, job.desk.stored
    if stored is None or job.ticket is None or not any(words[c.name].undo for c in done):
        return
    moved = {step["do"] for step in job.steps} & {"merge"}
    changed = {} if moved else undo.difference(before, undo.values(job.desk.unit, job.ticket))
    kept = {"ticket": job.ticket.id, "changed": changed, "steps": job.steps}
    job.desk.unit.change(stored, undo=kept)
