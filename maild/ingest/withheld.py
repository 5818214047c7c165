"""What an unproven mail in a technician's name asked for: kept, and done once he confirms (E5)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from maild import yamlfile
from maild.desk.desk import Desk
from maild.desk.notify import notify
from maild.i18n import sentence
from maild.ingest.outcome import say
from maild.ingest.proof import Proof
from maild.model import Mail, Reason, Withheld
from maild.parse import letter
from maild.parse.fold import fold
from maild.spool import Mass
from maild.store import asking
from maild.store.records import Message, Note, Person, Ticket
from maild.store.unit import Unit

YES = Path(__file__).parent / "confirm.yaml"
_SIGNS = re.compile(r"[^\w\s']")
_AGREES = "👍👌🙂😊😀😃😄🙏✅✔☺®©"
_ASKS_OR_QUOTES = re.compile(r"[?？]|^\s*>", re.MULTILINE)


def is_yes(text: str, names: frozenset[str] = frozenset()) -> bool:
    """Whether an answer to "was it you?" is a yes of one language, and nothing else.

    Greeting, signature and disclaimer aside, every clause must say it, or be polite.  `names`:
    words in lower case that may stand alone, those of him whom we asked.
    """
    said = letter.clauses(text, names)
    if said is None or _ASKS_OR_QUOTES.search(text) or any(map(_is_another_sign, text)):
        return False
    clauses = [" ".join(_SIGNS.sub(" ", fold(clause)).split()) for clause in said]
    clauses = [clause for clause in clauses if clause and not set(clause.split()) <= names]
    return any(all(map(words.holds, clauses)) and any(map(words.says, clauses)) for words in _yes())


def _is_another_sign(letter: str) -> bool:
    """A picture that is no thumb up: 👎 says no."""
    return unicodedata.category(letter) == "So" and letter not in _AGREES


@dataclass(frozen=True, slots=True)
class Yes:
    """How one language says it."""

    affirms: frozenset[str]
    beside: tuple[str, ...]  # the longest first

    def says(self, clause: str) -> bool:
        """It is a yes: "yes", "ja bitte"."""
        return self._bare(clause) in self.affirms or clause in self.affirms

    def holds(self, clause: str) -> bool:
        """It is a yes, or only polite."""
        return self.says(clause) or clause in self.beside

    def _bare(self, clause: str) -> str:
        for polite in self.beside:
            clause = clause.removeprefix(polite + " ").removesuffix(" " + polite)
        return clause


@cache
def _yes() -> tuple[Yes, ...]:
    return tuple(
        Yes(
            frozenset(fold(words) for words in table["says"]),
            tuple(sorted(map(fold, table["beside"]), key=len, reverse=True)),
        )
        for table in yamlfile.read(YES).values()
    )


def withhold(desk: Desk, ticket: Ticket, person: Person, asked: Iterable[str], proof: Proof) -> int:
    """Marks the mail being processed as withheld and asks its sender; how many mails that made."""
    assert desk.stored is not None
    desk.unit.change(desk.stored, withheld=Withheld.WAITING)
    say(desk, Reason("withheld", "words kept, deeds not done", f"needed: {proof.needed}"))
    what = list(asked) or [sentence("send these words on to the people of the ticket")]
    if desk.mail is None or not desk.mail.answerable:
        return 0
    facts = {"commands": what, "why": proof.lacking}
    return len(notify(desk, ticket, "confirm", [person], extra=facts))


def confirmed(unit: Unit, ids: Iterable[str], person: Person) -> Message | None:
    """The withheld message that a mail of this person confirms; each can be confirmed once."""
    for item in reversed(asking.outbox.with_ids(unit, ids)):
        if item.template == "confirm" and item.person_id == person.id and not item.exposed:
            message = unit.get(Message, item.stored_id)
            if message is not None and message.withheld is Withheld.WAITING:
                return message
    return None


def release(desk: Desk, message: Message, read: Callable[[Mass], Mail]) -> tuple[Mail, Note | None]:
    """The withheld mail, read again, and its note; it cannot be released again."""
    reasons = [*message.reasons, ["proof", "confirmed", "he answered our question"]]
    desk.unit.change(message, withheld=Withheld.RELEASED, reasons=reasons)
    note = next(iter(asking.notes.of_message(desk.unit, message.id)), None)
    return read(asking.messages.octets(desk.unit, message.id)), note


def show(desk: Desk, ticket: Ticket, note: Note, *, public: bool) -> None:
    """Lets the rules see a released note as if it came in now; a ticket's first note just shows."""
    if asking.notes.first(desk.unit, ticket) is note:
        desk.unit.change(note, public=public)
    else:
        desk.release_note(ticket, note, public=public)


def reason(message: Message) -> Reason:
    because = f"it answers what we asked about message {message.id}"
    return Reason("proof", "confirmed", because)
