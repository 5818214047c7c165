"""A mail that somebody made with one tap on a link in ours: read as the answer to that mail (E5).

Its code proves him as an answer would, where it is of this ticket, was sent to him alone, was not
used yet and is young enough; else its words count, and nothing of it proves anybody.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from maild.commands.values import Asked, Command, Unclear
from maild.desk import numbers, one_tap, reply_tokens
from maild.desk.desk import Desk
from maild.desk.one_tap import Code
from maild.i18n import sentence
from maild.ingest.outcome import say
from maild.ingest.proof import Proof
from maild.model import Mail, Reason, Role
from maild.parse import prefixes
from maild.parse.fold import fold
from maild.store import asking
from maild.store.records import OutboxItem, Person, Tap
from maild.templates.source import Library


@dataclass(frozen=True, slots=True)
class Tapped:
    """What a link of ours was used for."""

    code: Code
    item: OutboxItem  # the mail that the link was in
    used: bool
    expired: bool

    @property
    def proves(self) -> bool:
        """Whether it proves him to whom we sent it."""
        return not (self.used or self.expired)

    def is_of(self, person: Person) -> bool:
        """Whether we sent the link to this person."""
        return self.item.person_id == person.id


def read(desk: Desk, mail: Mail) -> tuple[Mail, Tapped | None]:
    """The mail as the answer to that which its link was in; without its code in any case."""
    code = one_tap.find(mail.subject)
    if code is None:
        return mail, None
    plain = replace(mail, subject=one_tap.without(mail.subject))
    found = _verified(desk, mail, code)
    if isinstance(found, str):
        say(desk, Reason("tap", "a code that proves nothing", found))
        return plain, None
    used = asking.taps.used(desk.unit, code.key) is not None
    expired = desk.now - (found.sent or found.created) > code.lives
    tapped = Tapped(code, found, used, expired)
    because = "used before" if used else "too old" if expired else f"signed for {found.address}"
    say(desk, Reason("tap", code.deed, f"a link of our mail <{found.message_id}>: {because}"))
    subject = found.subject or plain.subject
    return replace(plain, subject=subject, in_reply_to=(found.message_id,)), tapped


def _verified(desk: Desk, mail: Mail, code: Code) -> OutboxItem | str:
    """The mail of ours that the code is of, or why it is none of ours."""
    if mail.in_reply_to or mail.references or prefixes.is_answer(mail.subject):
        return "it stands in an answer to another mail"
    item = desk.unit.get(OutboxItem, code.item_id)
    secret = reply_tokens.desk_secret(desk.unit)
    if item is None or not code.is_ours(secret, item.message_id, item.audience):
        return "its signature is not ours"
    token = reply_tokens.read(secret, item.message_id)
    named = numbers.numbers_in(mail.subject)
    if token is None or item.person_id is None or (named and token.ticket_number not in named):
        return "it is of another ticket than the subject says"
    return item


def asked(desk: Desk, tapped: Tapped, person: Person, found: Asked) -> Asked:
    """What it asks for: of a contact what its code says, of a technician what its lines say;
    nothing a second time."""
    if tapped.used:
        why = sentence("This link was used already, and works once; nothing was done again.")
        again = tuple(Unclear(command.written, why, "text") for command in found.commands)
        found = replace(found, commands=(), refused=(*found.refused, *again))
    if tapped.item.audience != Role.CONTACT or not tapped.is_of(person):
        return found
    words = Library(desk.settings.templates_in_force).words(tapped.item.language)
    text = _without_line(found.text, one_tap.line(tapped.code.deed, words))
    if tapped.code.deed == one_tap.WORKS and not tapped.used:
        closing = Command("resolve", "", words["tap_works"], "subject")
        return replace(found, text=text, commands=(closing,))
    return found if tapped.code.deed == one_tap.STILL else replace(found, text=text, commands=())


def _without_line(text: str, line: str) -> str:
    """The text without the line that stood there ready-made."""
    first, _, rest = text.strip().partition("\n")
    return rest.strip() if fold(first).strip() == fold(line).strip() else text


def settle_up(desk: Desk, tap: Tapped, person: Person, proof: Proof) -> None:
    """Remembers that the link was used, in the transaction that does what it asks for."""
    if tap.item.ticket_id is None or tap.used or tap.code.score is not None or not proof.enough:
        return
    desk.unit.add(
        Tap(
            key=tap.code.key,
            ticket_id=tap.item.ticket_id,
            person_id=person.id,
            at=desk.now,
        )
    )
