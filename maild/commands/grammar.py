"""Text → commands, as values: what a mail asks for, what in it is unclear, and what it says.

subject ──▶ phrases at its end ──┐
                                 ├──▶ Asked
new text ──▶ leading directives ─┘

Pure and bounded: any text gives commands or none, the same text always the same.
"""

from __future__ import annotations

from dataclasses import dataclass

from maild.commands import directives, subject_phrases
from maild.commands.arguments import Names
from maild.commands.values import Asked, Command, Unclear
from maild.model import Reason, Role
from maild.parse.thanks import is_thanks

THUMB = "👍"  # a thank-you in every language

__all__ = ["Asked", "Command", "MailContext", "Unclear", "read"]


@dataclass(frozen=True, slots=True)
class MailContext:
    """Where a mail stands, as far as the grammar must know."""

    carried: frozenset[str] = frozenset()  # subjects that were there before, by subjects.plain
    opens: bool = False  # the mail opens a ticket
    role: str = Role.RESOURCE  # of its sender, or CONTACT
    writer: frozenset[str] = frozenset()  # words of the sender's name, folded


def read(subject: str, new_text: str, names: Names, context: MailContext) -> Asked:
    """What a mail asks for."""
    alone = _reports(subject, names, context)
    if alone.commands or alone.unclear:
        subject = ""
    title = subject_phrases.read(
        subject, names, context.carried, opens=context.opens, role=context.role
    )
    opening = (
        directives.read(new_text, names)
        if context.role == Role.RESOURCE
        else directives.read_contact(
            new_text, names.vocabulary, opens=context.opens, writer=context.writer
        )
    )
    reasons = tuple(
        Reason("command", f"{c.name} {c.argument}".strip(), f'the {c.source} says "{c.written}"')
        for c in (*alone.commands, *title.commands, *opening.commands)
    )
    commands = (*alone.commands, *title.commands, *opening.commands)
    once = {(c.name, c.argument): c for c in commands}
    if any(c.name == directives.SIGNOFF for c in commands):
        if not _says_no_more(opening.text, context.writer):
            return Asked(subject, new_text)
        opening = directives.Opening("")
    return Asked(
        subject=title.subject,
        text=opening.text,
        commands=tuple(once.values()),
        unclear=(*alone.unclear, *title.unclear, *opening.unclear),
        refused=opening.refused,
        reasons=(*title.reasons, *reasons),
    )


def _says_no_more(text: str, writer: frozenset[str]) -> bool:
    """Nothing but a name, a greeting or thanks goes with a sign-off: with a "but" it is none."""
    return is_thanks(f"{THUMB}\n{text}", writer) is not None


def _reports(subject: str, names: Names, context: MailContext) -> directives.Opening:
    """What a subject asks for that is a report and nothing else."""
    if context.role == Role.RESOURCE:
        return directives.of_subject(subject, names)
    return directives.read_contact(subject, names.vocabulary, opens=True)
