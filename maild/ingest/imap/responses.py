"""What a server says when it says no: its own words for a person, and whether waiting helps."""

from __future__ import annotations

import re

from maild.i18n import sentence

LONGEST = 200  # characters of a server's words that a sentence holds

# RFC 5530 §3 and what providers add.  A code of the second row decides against the words.
_PASSING_CODES = {"UNAVAILABLE", "INUSE", "LIMIT", "SERVERBUG", "THROTTLED", "OVERQUOTA"}
_LASTING_CODES = {"NOPERM", "CANNOT", "NONEXISTENT", "EXPIRED", "PRIVACYREQUIRED", "WEBALERT"}

_PASSING = re.compile(
    r"unavailable|not available|temporar|try(ing)? again (later|in|after)|try later|later\b"
    r"|too many|throttl|back ?off|slow down|rate.?limit|limit (was )?(exceeded|reached)|exceeded"
    r"|maximum number of|busy|overload|server error|internal error|backend|timed? ?out"
    r"|in use|locked by|being (moved|migrated)|maintenance|shutting down|restart",
    re.IGNORECASE,
)
_WAIT = re.compile(r"(?:back ?off|again in|wait)\D{0,20}(\d{1,9})\s*(ms|milli|s|sec|min)", re.I)
_SECONDS = {"ms": 0.001, "milli": 0.001, "s": 1.0, "sec": 1.0, "min": 60.0}


def words_of(error: BaseException | str, *secrets: str) -> str:
    """What the server said, on one line, without imaplib's dressing and without our secrets."""
    text = str(error)
    quoted = re.search(r"""\bb(['"])(.*)\1""", text, re.DOTALL)
    text = quoted[2] if quoted else re.sub(r"^[\w.-]+ failed: |^command: \S+ => ", "", text)
    text = re.sub(r"^\* (BYE|NO|BAD|OK) ", "", text)
    for secret in filter(None, secrets):
        text = text.replace(secret, "…")
    text = re.sub(r"\S{60,}", "…", re.sub(r"[\x00-\x1f\x7f]+", " ", text))
    return " ".join(text.split())[:LONGEST]


def says(words: str) -> str:
    """The words as a sentence of their own; nothing where there are none."""
    return sentence(' It says: "{words}".', words=words.rstrip(".")) if words else ""


def code_of(words: str) -> str:
    """The response code that the words begin with, in capitals; "" where there is none."""
    found = re.match(r"\[([A-Za-z0-9-]+)", words)
    return found[1].upper() if found else ""


def passing(words: str) -> bool:
    """Whether it is trouble that passes by itself (H101), as far as the server lets us know."""
    code = code_of(words)
    if code in _LASTING_CODES:
        return False
    return code in _PASSING_CODES or bool(_PASSING.search(words))


def wait_seconds(words: str) -> float:
    """How long the server asks us to wait; 0 where it does not say."""
    found = _WAIT.search(words)
    return int(found[1]) * _SECONDS[found[2].lower()] if found else 0.0
