"""Who reads what a technician writes: the one place that decides whether his note is public.

It depends on what he wrote, asked and to whom, never on what he happens to answer alone.  `RULES`
is read from top to bottom and the first that fits decides; whoever is told of a note (`notify`,
the rules' roles) goes by what stands here.  In doubt: internal, and he is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from maild.i18n import sentence
from maild.model import Reason

TEAM = "team"  # as `text_for` of a command, a status or a ticket template says


@dataclass(frozen=True, slots=True)
class Written:
    """A technician's mail, as far as its readers depend on it."""

    elsewhere: bool = False  # its subject names another ticket than the one that it answers
    wish: bool | None = None  # public or not, where the mail itself says so: #reply, #internal
    unclear: bool = False  # one of its first lines is perhaps a command, or a wish
    empty: bool = False  # it says nothing and brings no file
    forwards: bool = False  # it hands on another's mail
    aside: bool = False  # it is addressed to others than the desk and the ticket's contacts
    absence: bool = False  # it says no more than that he is away, and answers something
    for_team: str = ""  # a command in it whose text is for colleagues, as he wrote it
    answers: bool | None = None  # whether what it answers is public; None: nothing that we know
    answers_unknown: bool = False  # it is an answer, and we do not know to what
    was_told: bool = False  # he was sent something internal of this ticket
    crossed: str = ""  # the colleague who has just answered, and whose words he did not have


@dataclass(frozen=True, slots=True)
class Audience:
    """Whether contacts may read a note, and why."""

    public: bool
    because: str
    asks: bool = False  # he is told that it was kept back, and one word of his sends it on

    @property
    def reason(self) -> Reason:
        """The same, as a step of the explanation."""
        return Reason("audience", "public" if self.public else "internal", self.because)


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table."""

    fits: Callable[[Written], bool]
    audience: Audience


# Where both sides of a shared ticket read what it answers, they read this too (`sharing`).
INTERNAL_ANSWER = Audience(False, sentence("it answers something internal"))

RULES = (
    Rule(
        lambda w: w.empty,
        Audience(False, sentence("it says nothing new and brings no file"), asks=True),
    ),
    Rule(
        lambda w: w.unclear,
        Audience(False, sentence("one of its first lines was not understood")),
    ),
    Rule(
        lambda w: w.elsewhere,
        Audience(
            False, sentence("its subject names another ticket than the one it answers"), asks=True
        ),
    ),
    Rule(lambda w: w.wish is False, Audience(False, sentence("it says so itself"))),
    Rule(lambda w: w.wish is True, Audience(True, sentence("it says so itself"))),
    Rule(lambda w: w.forwards, Audience(False, sentence("it forwards a mail"))),
    Rule(
        lambda w: w.aside,
        Audience(False, sentence("it is written to somebody who is not of the ticket")),
    ),
    Rule(
        lambda w: w.absence,
        Audience(False, sentence("it says no more than that you are away"), asks=True),
    ),
    Rule(
        lambda w: bool(w.for_team),
        Audience(False, sentence("the text beside such a command is for colleagues")),
    ),
    Rule(lambda w: w.answers is False, INTERNAL_ANSWER),
    Rule(
        lambda w: bool(w.crossed),
        Audience(
            False,
            sentence(
                "a colleague has just answered the contact, and you did not have that answer yet"
            ),
            asks=True,
        ),
    ),
    Rule(lambda w: w.answers is True, Audience(True, sentence("it answers something public"))),
    Rule(
        lambda w: w.answers_unknown and w.was_told,
        Audience(
            False,
            sentence(
                "it answers a mail that cannot be recognised, and something internal of this "
                "ticket was sent to you"
            ),
            asks=True,
        ),
    ),
)
TO_CONTACT = Audience(True, sentence("what a technician writes on a ticket goes to its contact"))
OF_CONTACT = Audience(True, sentence("it is a contact's own"))
ELSEWHERE = Audience(False, sentence("it is perhaps meant for others"))
UNPROVEN = Audience(False, sentence("nothing proves who wrote it"))


def decide(written: Written) -> Audience:
    """Who reads a proven technician's mail."""
    return next((rule.audience for rule in RULES if rule.fits(written)), TO_CONTACT)
