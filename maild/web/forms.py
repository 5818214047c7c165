"""From the fields of a form to a submission of the desk, and what every form has in common."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from maild.commands.durations import next_at, real_minutes
from maild.desk.desk import Desk
from maild.desk.worktime import Work
from maild.errors import NotFound, Refused, UsageError
from maild.i18n import sentence
from maild.ingest.by_hand import File, Submission
from maild.parse.headers import safe_filename
from maild.store.console_records import FormKey
from maild.store.records import Ticket
from maild.store.unit import Unit

if TYPE_CHECKING:
    from starlette.datastructures import UploadFile

    from maild.web.console import Console
    from maild.web.visit import Visit

_KIND = re.compile(r"(?!multipart/|message/)[a-z0-9][a-z0-9.+_-]{0,60}/[a-z0-9][a-z0-9.+_-]{0,80}")
LONGEST_SPAN = timedelta(hours=12)

# Fields of forms that are commands: name of the field → the command.
COMMANDS = {
    "status": "status",
    "priority": "priority",
    "queue": "queue",
    "type": "type",
    "title": "title",
    "resolution": "resolution",
    "tag": "tag",
    "untag": "untag",
    "cc": "cc",
    "uncc": "uncc",
    "also": "also",
    "impact": "impact",
    "urgency": "urgency",
    "issue": "issue",
    "template": "template",
    "checklist": "checklist",
    "merge": "merge",
    "link": "link",
    "split": "split",
    "parent": "parent",
    "transfer": "transfer",
    "escalate": "escalate",
    "share": "share",
    "both": "both",
    "remind": "remind",
    "defer": "defer",
    "schedule": "schedule",
}
BARE = ("mydone", "question", "undo", "delete", "spam", "take")  # commands without an argument
VALUES = ("organization", "contact", "source", "location", "estimated_hours", "contract")


def submission_of(console: Console, fields: Mapping[str, Any]) -> Submission:
    """The submission that plain fields (of a pending answer) ask for."""
    commands = tuple((str(name), str(value)) for name, value in fields.get("commands", ()))
    files = tuple(
        File(f["filename"], f["content_type"], base64.b64decode(f["octets"]))
        for f in fields.get("files", ())
    )
    return Submission(
        commands=commands,
        text=str(fields.get("text", "")),
        public=bool(fields.get("public")),
        title=fields.get("title") or None,
        told=tuple(fields.get("told", ())),
        files=files,
        work=_work(fields.get("work")),
    )


def plain(submission: Submission) -> dict[str, Any]:
    """A submission as plain fields, to be kept until its seconds are over."""
    work = submission.work
    return {
        "commands": [list(pair) for pair in submission.commands],
        "text": submission.text,
        "public": submission.public,
        "title": submission.title,
        "told": list(submission.told),
        "files": [
            {
                "filename": file.filename,
                "content_type": file.content_type,
                "octets": base64.b64encode(file.octets).decode(),
            }
            for file in submission.files
        ],
        "work": None
        if work is None
        else {
            "minutes": work.minutes,
            "worked_on": work.worked_on.isoformat(),
            "start": work.start.isoformat() if work.start else None,
            "end": work.end.isoformat() if work.end else None,
            "work_type": work.work_type,
            "summary": work.summary,
            "internal": work.internal,
        },
    }


def _work(kept: Mapping[str, Any] | None) -> Work | None:
    if not kept:
        return None
    start, end = kept.get("start"), kept.get("end")
    return Work(
        minutes=int(kept["minutes"]),
        worked_on=datetime.fromisoformat(kept["worked_on"]),
        start=datetime.fromisoformat(start) if start else None,
        end=datetime.fromisoformat(end) if end else None,
        work_type=kept.get("work_type"),
        summary=str(kept.get("summary", "")),
        internal=kept.get("internal"),
    )


def work_of(visit: Visit) -> Work | None:
    """The time that a form enters: from – to, or so many minutes; None where none is given.

    UsageError for what cannot be: the future, backwards, more than twelve hours.
    """
    day, begin, end = visit.field("work_day"), visit.field("work_from"), visit.field("work_to")
    length = visit.field("work_length").strip()
    if not (length or (begin and end)):
        return None
    start = finish = None
    if begin and end:
        start = at(visit, day, begin)
        finish = next_at(start, at(visit, day, end).time())
        span = timedelta(minutes=real_minutes(start, finish))
    else:
        span = length_of(length)
        start = at(visit, day, begin) if begin else None
        finish = (start.astimezone(UTC) + span).astimezone(visit.zone) if start else None
    if span > LONGEST_SPAN or span <= timedelta():
        raise UsageError(
            sentence("A time entry is longer than nothing and at most twelve hours; look again.")
        )
    worked_on = start or at(visit, day, "00:00")
    if (finish or worked_on) > visit.now + timedelta(minutes=5):
        raise UsageError(sentence("That is in the future; time is entered once it is worked."))
    return Work(
        minutes=max(round(span.total_seconds() / 60), 1),
        worked_on=worked_on,
        start=start,
        end=finish,
        work_type=visit.field("work_type").strip() or None,
        summary=visit.field("work_summary").strip()[:4000],
        internal=visit.field("work_internal").strip()[:4000] or None,
    )


def at(visit: Visit, day: str, clock: str) -> datetime:
    """A moment of a form, in the zone of who fills it in."""
    when = f"{day or visit.now.astimezone(visit.zone).date().isoformat()}T{clock}"
    try:
        moment = datetime.fromisoformat(when).replace(tzinfo=visit.zone)
        if not 1900 <= moment.year < 3000:
            raise ValueError(when)
        return moment
    except ValueError as error:
        raise UsageError(
            sentence('"{text}" is no time; write it like 2026-12-03 and 09:30.', text=when)
        ) from error


def length_of(text: str) -> timedelta:
    """ "45", "45m", "1:30", "1.5h", "1h 20" → a length of time."""
    plain = text.lower().replace(",", ".").replace("min", "m").replace(" ", "")
    try:
        if ":" in plain:
            hours, minutes = plain.split(":")
            return timedelta(hours=int(hours), minutes=int(minutes))
        hours, sep, minutes = plain.partition("h")
        if sep:
            return timedelta(hours=float(hours), minutes=float(minutes.rstrip("m") or 0))
        return timedelta(minutes=float(plain.rstrip("m")))
    except (ValueError, OverflowError) as error:
        raise UsageError(
            sentence('"{text}" is no length of time; write it like 45m or 1h 20m.', text=text)
        ) from error


def commands_of(visit: Visit) -> tuple[tuple[str, str], ...]:
    """The commands that the fields of a form are; what is empty is not asked for."""
    found = [
        (COMMANDS[name], value.strip())
        for name, value in visit.form.multi_items()
        if name in COMMANDS and isinstance(value, str) and value.strip()
    ]
    return tuple(found)


def files_of(visit: Visit) -> tuple[File, ...]:
    """The files of a form, within what the desk takes."""
    found = []
    left = visit.console.app.settings.config.limits.message_bytes
    for file in visit.files("files"):
        octets = file.file.read()
        left -= len(octets)
        if left < 0:
            raise Refused(sentence("These files are too large for one note; send them in several."))
        found.append(File(safe_filename(file.filename or "") or "file", _kind_of(file), octets))
    return tuple(found)


def _kind_of(file: UploadFile) -> str:
    """The type that the browser says, where a file of one part can be of it (RFC 6838 §4.2)."""
    kind = (file.content_type or "").partition(";")[0].strip().lower()
    return kind if _KIND.fullmatch(kind) else "application/octet-stream"


# ---- once


def taken(unit: Unit, key: str) -> str | None:
    """Where the form with this key has led, if it was taken before."""
    found = unit.get(FormKey, key)
    return found.led_to if found else None


def take(unit: Unit, visit: Visit, key: str, led_to: str) -> None:
    """Writes down that the form was taken."""
    unit.add(FormKey(key=key, person_id=visit.person.id, at=visit.now, led_to=led_to))


def key_of(visit: Visit) -> str:
    """The form's key; every form has one."""
    key = visit.field("key")
    if not 16 <= len(key) <= 100:
        raise UsageError(sentence("This form is not complete; load the page anew and try again."))
    return f"{visit.person.id}:{key}"


# ---- tickets, on the desk's side


def ticket_of(desk: Desk, ticket_id: int) -> Ticket:
    """The ticket as the desk's actions take it; NotFound where it is gone."""
    found = desk.unit.get(Ticket, ticket_id)
    if found is None:
        raise NotFound(sentence("The ticket is not there any more."))
    return found


def number_of(unit: Unit, ticket_id: int) -> tuple[str, int | None]:
    found = unit.get(Ticket, ticket_id)
    if found is None:
        raise NotFound(sentence("The ticket is not there any more."))
    return found.number, found.organization_id
