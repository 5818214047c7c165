"""Reads Authentication-Results fields (RFC 8601 §2.2), the form of Microsoft 365 included.

The field holds words that strangers choose (addresses, comments), so it is read strictly: what
does not parse says nothing at all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LONGEST = 7_900  # characters of a field: a longer one may have been cut short

_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|\\.|[^"()\\;\s]+|[();\s"\\]', re.DOTALL)
_RESULT = re.compile(r"([a-z][a-z0-9-]*)(?:/\d+)?=([a-z]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Result:
    """What one method found."""

    method: str  # "dmarc", lower case
    result: str  # "pass", lower case
    properties: tuple[tuple[str, str], ...]  # ("header.from", "example.com")

    def get(self, name: str) -> str | None:
        """The property's value in lower case; None where it is absent or given twice."""
        found = {value.lower().rstrip(".") for key, value in self.properties if key == name}
        return found.pop() if len(found) == 1 else None


@dataclass(frozen=True, slots=True)
class Results:
    """One field."""

    authserv_id: str | None  # lower case; None: it names no server (Microsoft 365)
    results: tuple[Result, ...]

    def of(self, method: str) -> list[Result]:
        """The results of one method, like `dmarc` (RFC 8601 §2.7)."""
        return [result for result in self.results if result.method == method]


def read(value: str) -> Results | None:
    """What the field says; None where it is not well-formed.  Linear in its length."""
    segments = _segments(value) if len(value) <= LONGEST else None
    if not segments:
        return None
    first = segments[0]
    server: str | None = None
    if not first or "=" not in first[0]:
        if not first or len(first) > 2 or (len(first) == 2 and not first[1].isdigit()):
            return None
        server, segments = first[0].strip('"').lower(), segments[1:]
    results: list[Result] = []
    for words in segments:
        if not words or words == ["none"]:
            continue
        head = _RESULT.fullmatch(words[0])
        if head is None:
            return None
        pairs = [word.partition("=") for word in words[1:] if "=" in word]
        results.append(
            Result(
                head[1].lower(),
                head[2].lower(),
                tuple((key.lower(), text.strip('"')) for key, _, text in pairs),
            )
        )
    return Results(server, tuple(results))


def _segments(value: str) -> list[list[str]] | None:
    """Words between semicolons, comments left out, `a = b` joined; None for open quotes."""
    words: list[list[str]] = [[""]]
    depth = 0
    for match in _PIECE.finditer(value):
        piece = match.group()
        if piece in "()":
            depth += 1 if piece == "(" else -1
            if depth < 0:
                return None
        elif depth:
            continue
        elif piece == '"' or piece == "\\":
            return None
        elif piece == ";":
            words.append([""])
        elif piece.isspace():
            words[-1].append("")
        else:
            words[-1][-1] += piece
    return None if depth else [_joined([w for w in segment if w]) for segment in words]


def _joined(words: list[str]) -> list[str]:
    """["a", "=", "b"] → ["a=b"]: white space may stand around the sign (RFC 8601 §2.2)."""
    found: list[str] = []
    for word in words:
        if (
            found
            and (word.startswith("=") or found[-1].endswith("="))
            and "=" not in found[-1][:-1]
        ):
            found[-1] += word
        else:
            found.append(word)
    return found
