"""What sort of mail it is, and whether a machine may answer it; every step gives its evidence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from maild.ingest import bounce
from maild.ingest.mime import Part
from maild.model import Address, FailedRecipient, Kind, Reason


@dataclass(frozen=True, slots=True)
class Facts:
    """What the decision looks at."""

    headers: Sequence[tuple[str, str]]
    parts: list[Part] = field(repr=False)
    subject: str
    sender: Address | None
    text: str

    def all(self, name: str) -> list[str]:
        wanted = name.lower()
        return [value for key, value in self.headers if key.lower() == wanted]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided."""

    kind: Kind
    answerable: bool
    failed_recipients: tuple[FailedRecipient, ...]
    reasons: tuple[Reason, ...]
    language: str | None = None


def decide(facts: Facts) -> Verdict:
    """The kind of a mail.  Pure; the first rule that has evidence decides."""
    report = bounce.read_reports(facts.parts)
    if report is not None and report.actions != {"delivered"}:
        kind = Kind.DELAY if report.actions == {"delayed"} else Kind.BOUNCE
        reason = Reason("kind", kind, "a message/delivery-status part (RFC 3464)")
        return Verdict(kind, False, report.recipients, (reason,))
    for value in facts.all("Auto-Submitted"):
        word = re.match(r"[\w-]*", value.strip().lower())
        if word and word.group() == "auto-replied":
            reason = Reason(
                "kind", Kind.AUTO_REPLY, f"header Auto-Submitted: {value} (RFC 3834 §5)"
            )
            return Verdict(Kind.AUTO_REPLY, False, (), (reason,))
    if facts.all("List-Id"):
        return Verdict(Kind.LIST, False, (), (Reason("kind", Kind.LIST, "header List-Id"),))
    return Verdict(Kind.HUMAN, True, (), (Reason("kind", Kind.HUMAN, "nothing says otherwise"),))
