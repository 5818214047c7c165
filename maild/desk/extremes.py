"""The ends of what a template may be given: names that are missing, titles that are too long,
other scripts and directions, more notes than anybody reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from maild.desk.known_facts import Facts
from maild.desk.notifications import Notification
from maild.errors import UsageError
from maild.i18n import sentence

NOTES = 60  # of a long conversation

_CHINESE = "二楼的打印机今天早上开始冒烟，我们已经把它关掉了。请尽快派人来看看，谢谢！"
_ARABIC = "الطابعة في الطابق الثاني تصدر دخانا منذ الصباح (printer ACME-1). أرجو المساعدة!"
_MARKS = "<b>bold</b> & **stars** {{ ticket.title }} [link](https://example.com) <script>"


@dataclass(frozen=True, slots=True)
class Extreme:
    """One of them: what the example is changed to, by names of facts; what a template does not
    know is left out."""

    title: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    notes: int | None = None  # of the conversation so far
    little: bool = False  # all that need not be there is not


EXTREMES: Mapping[str, Extreme] = {
    "no-name": Extreme(
        sentence("nobody has a name"),
        {
            "recipient.name": "", "recipient.first_name": "", "event.by": "",
            "ticket.contact": "", "ticket.primary": None, "note.by": "",
        },
    ),
    "little": Extreme(sentence("little is known"), little=True),
    "no-text": Extreme(
        sentence("no title, no words"),
        {"ticket.title": "", "ticket.resolution": None, "note.text": "", "note.title": None},
    ),
    "long": Extreme(
        sentence("a title of 500 characters, long names"),
        {
            "ticket.title": ("Printer on the second floor smokes again, and nobody knows why "
                             * 8)[:500],
            "recipient.name": "Ann-Christine von Hohenstaufen-Archer " * 3,
            "ticket.organization": "Acme Manufacturing and Trading Company of the North " * 3,
            "ticket.contact": "Ann-Christine von Hohenstaufen-Archer " * 3,
        },
    ),
    "long-word": Extreme(
        sentence("a word without end"),
        {"ticket.title": "x" * 300, "note.text": "https://example.com/" + "a" * 2000},
    ),
    "chinese": Extreme(
        sentence("Chinese"),
        {
            "ticket.title": "打印机着火了", "recipient.name": "王小明",
            "recipient.first_name": "小明",
            "ticket.contact": "王小明", "ticket.organization": "艾克米有限公司",
            "note.text": _CHINESE, "note.by": "王小明", "event.by": "王小明",
        },
    ),
    "right-to-left": Extreme(
        sentence("right to left"),
        {
            "ticket.title": "الطابعة تحترق", "recipient.name": "ليلى حداد",
            "recipient.first_name": "ليلى", "ticket.contact": "ليلى حداد",
            "ticket.organization": "شركة أكمي", "note.text": _ARABIC, "note.by": "ليلى حداد",
            "event.by": "ליאור כהן",
        },
    ),
    "marks": Extreme(
        sentence("words that look like HTML or a template"),
        {"ticket.title": _MARKS, "recipient.name": _MARKS, "note.text": f"{_MARKS}\n\n# {_MARKS}",
         "ticket.organization": _MARKS},
    ),
    "many-notes": Extreme(sentence("a conversation of 60 notes"), notes=NOTES),
}  # fmt: skip


def applied(kind: Notification, data: Mapping[str, Any], name: str) -> Facts:
    """The facts with what this extreme makes of them; UsageError where there is none such."""
    if name not in EXTREMES:
        raise UsageError(sentence("There is no such example."))
    extreme = EXTREMES[name]
    found = {key: dict(v) if isinstance(v, dict) else v for key, v in data.items()}
    for fact, value in extreme.facts.items():
        part, _, field = fact.partition(".")
        if isinstance(found.get(part), dict) and field in found[part]:
            found[part][field] = value
    if extreme.little:
        found |= kind.nothing | {"note": None, "time": None, "earlier": []}
    if extreme.notes and found.get("earlier"):
        found["earlier"] = [dict(found["earlier"][0]) for _ in range(extreme.notes)]
    return found
