"""Commands about records: made and changed by mail, articles read."""

from __future__ import annotations

import re

from maild.commands.handlers.reports import send
from maild.commands.job import Job
from maild.dates import EVENING
from maild.desk import items
from maild.desk.item_kinds import KINDS, Kind, kind_named
from maild.errors import MaildError, Refused
from maild.i18n import sentence

_PART = re.compile(r"\s*;\s*|\n")


def record(job: Job, argument: str) -> str:
    """ "asset PC-1: serial 4711; location Floor 3": makes it, or changes what is named."""
    try:
        kind, name, texts = _read(argument)
        items.put(job.desk, kind, name, texts, dates=lambda text: job.names.date(text, EVENING))
    except MaildError as error:
        raise Refused(error.message) from error
    return sentence("{kind!c} {name} is written down.", kind=kind.called, name=name)


def _read(argument: str) -> tuple[Kind, str, dict[str, str]]:
    head, _, rest = argument.partition(":")
    words = head.split()
    for count in (2, 1):
        try:
            kind = kind_named(" ".join(words[:count]))
        except MaildError:
            if count == 1:
                raise
            continue
        texts = dict(_field(kind, part) for part in _PART.split(rest) if part.strip())
        return kind, " ".join(words[count:]), texts
    raise AssertionError


def _field(kind: Kind, part: str) -> tuple[str, str]:
    """ "planned replacement 2027-03-31": the longest name of a field, and what stands behind."""
    words = part.replace("=", " ", 1).split()
    names = {slot.name.replace("_", " "): slot.name for slot in kind.slots}
    for count in range(min(3, len(words)), 0, -1):
        name = " ".join(words[:count]).lower().rstrip(":")
        if name in names:
            return names[name], " ".join(words[count:])
    return kind.slot(words[0]).name, ""


def article(job: Job, argument: str) -> str:
    """Sends a knowledge article."""
    try:
        found = items.find(job.desk.unit, KINDS["article"], argument, job.desk.reach)
    except MaildError as error:
        raise Refused(error.message) from error
    facts = items.plain(job.desk.unit, KINDS["article"], found)
    send(job, "article", {"article": {n: facts[n] for n in ("name", "text", "tags")}})
    return sentence("The article {name} was sent to you.", name=facts["name"])
