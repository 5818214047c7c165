"""Whether it is us whom the relay refuses, or those whom we write to (H103).

"Relay denied" or "5.7.1" to one recipient may be his server's word or a quarrel of the relay with
us.  Told to recipients of two domains in a row, it is us; where the relay takes somebody else's
mail in between, it is the recipient.  So a doubtful answer waits for what the relay says next.
"""

from __future__ import annotations

from dataclasses import replace

from maild.outbox.answers import SendOutcome
from maild.outbox.rows import Done

IN_A_ROW = 5  # doubtful answers, of whatever domain, with nothing taken in between


class Suspicion:
    """The doubtful answers of one pass that are not decided yet."""

    def __init__(self) -> None:
        self._waiting: list[Done] = []
        self._domains: set[str] = set()

    def doubt(self, done: Done, address: str) -> bool:
        """Notes a doubtful answer; True where all of them can only mean us."""
        self._waiting.append(done)
        self._domains.add(address.rpartition("@")[2].lower())
        return len(self._domains) > 1 or len(self._waiting) >= IN_A_ROW

    def acquitted(self) -> list[Done]:
        """The relay has taken a mail: what it refused before is the recipients' own affair."""
        return [
            replace(d, answer=replace(d.answer, outcome=SendOutcome.FAILED))
            for d in self.undecided()
        ]

    def undecided(self) -> list[Done]:
        """What is left; it is not waited for any more."""
        left, self._waiting, self._domains = self._waiting, [], set()
        return left
