"""What a relay's answer is about: one recipient, one mail, or us (H75, H103).

What is wrong with us holds the queue under one alert and fails no mail; what is wrong with one
recipient or one mail fails that one.  An answer that may be either is doubtful: who else gets it
decides (`suspicion.py`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypeAlias

Stage: TypeAlias = Literal["mail", "rcpt", "data"]


class SendOutcome(StrEnum):
    """What became of one attempt."""

    SENT = "sent"
    LATER = "later"  # put off: this recipient, for now
    DROPPED = "dropped"  # the connection is gone or of no more use; the mail was not refused
    FAILED = "failed"  # this recipient, or this mail, for good
    TOO_LARGE = "too large"  # this mail, as it is
    UNSURE = "unsure"  # the connection was lost after the final dot
    DOUBTFUL = "doubtful"  # refused, and it may be us
    OURS = "ours"  # it is us whom the relay refuses


# Enhanced status codes (RFC 3463), and the words of those that give none.
_SIZE = re.compile(r"^[45]\.(3\.4|2\.3)\b|size exceeds|too (large|big)|message size", re.IGNORECASE)
_FULL = re.compile(r"^[45]\.[12]\.|over ?quota|mailbox (is )?full", re.IGNORECASE)
_OURS = re.compile(
    r"send ?as\b|send on behalf|not owned by|authentication (is )?required|must authenticate"
    r"|not authenticated|helo command rejected|ehlo command rejected|need fully-qualified hostname",
    re.IGNORECASE,
)
_RECIPIENT = re.compile(
    r"^5\.(1|2)\.[1-6]\b|does not exist|doesn't exist|recipient address rejected|no mailbox"
    r"|(user|recipient|mailbox|account|address) (is )?(unknown|unavailable|inactive|invalid)"
    r"|(user|recipient|mailbox|account|address) (is )?(not found|disabled)"
    r"|(unknown|no such|invalid) (\w+ )?(user|recipient|mailbox|account|address|person)",
    re.IGNORECASE,
)
_RELAY = re.compile(r"\brelay", re.IGNORECASE)
_DOUBTFUL = re.compile(
    r"^5\.(7|4\.5|4\.6)\b|limit|quota|denied|not permitted|not allowed|not authori[sz]ed"
    r"|policy|blocked|block ?list|blacklist|reputation|sender address|suspended|disabled|spam"
    r"|reject",
    re.IGNORECASE,
)
_US = re.compile(r"^5\.4\.[56]\b|\brelay|limit|quota|suspended|sender address", re.IGNORECASE)
_NAMED = re.compile(r"<([!-;=?-~]{1,300}@[!-;=?-~]{1,255})>")
_SES = re.compile(
    r"^(?:2\.0\.0 )?ok ([0-9a-f]{16}-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}-\d{6})\b", re.I
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one attempt at one recipient."""

    outcome: SendOutcome
    code: int | None  # SMTP reply code
    text: str  # the server's words, one line
    most: int | None = (
        None  # octets of a mail that it takes, where it is too large and that is said
    )
    relay_id: str | None = None  # the Message-ID that it gave our mail instead, where it says so

    @property
    def speaks_of_us(self) -> bool:
        """Whether a doubtful answer names what only we can mend."""
        return bool(_US.search(self.text))


def judge(stage: Stage, code: int, text: str) -> SendOutcome:
    """What a reply of 400 and more means.  `text`: its words, one line, without the code."""
    if code == 421 or (code == 452 and not _FULL.search(text)):
        return SendOutcome.DROPPED
    if _is_about_size(code, text):
        return SendOutcome.TOO_LARGE
    if code in (530, 535, 504) or (code >= 500 and _OURS.search(text)):
        return SendOutcome.OURS
    if stage == "mail":  # no recipient is named yet
        return SendOutcome.OURS
    if code < 500:
        return SendOutcome.LATER
    if not _RELAY.search(text) and (_RECIPIENT.search(text) or not _DOUBTFUL.search(text)):
        return SendOutcome.FAILED
    return SendOutcome.DOUBTFUL


def _is_about_size(code: int, text: str) -> bool:
    if code in (552, 523) and not _FULL.search(text):
        return True
    return code >= 500 and bool(_SIZE.search(text))


def given_id(text: str, message_id: str) -> str | None:
    """The Message-ID that the answer to the final dot names, where it is not ours.

    Exchange Online names it between angles; Amazon SES its local part alone, as it makes the
    domain of the region.
    """
    named = _NAMED.search(text)
    if named is not None:
        return named[1] if named[1] != message_id else None
    given = _SES.match(text)
    return given[1] if given else None
