"""Trace fields by the letter of the standards: what servers on the way wrote on top of a mail.

Everything else in a mail is read as kindly as it can be.  These fields decide whom we believe, and
beside each one that a server of ours wrote stands what a stranger could make it hold, or put below
it.  So they are read strictly, and what is odd proves nothing (H81).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from maild.spool import Mass

LONGEST_HEADER = 512 * 1024  # octets of a header that are looked at
MOST_HOPS = 100  # Received fields of a mail that does not run in a circle (RFC 5321 §6.3)
LONGEST_FIELD = 8_000  # characters; a longer one is odd

NAMES = frozenset(("received", "authentication-results"))

_NAME = re.compile(r"([!-9;-~]+)([ \t]*):")
_ODD_LINE = re.compile(r"\n(?![!-9;-~]+[ \t]*:|[ \t])")
_TRACE = re.compile(
    rf"\n({'|'.join(sorted(NAMES))}):([^\n]*(?:\n[ \t][^\n]*)*)", re.IGNORECASE | re.ASCII
)
_EMPTY_LINE = re.compile(rb"\n\r?\n")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


def loop(received: Sequence[str]) -> str | None:
    """Why a mail with these Received fields runs in a circle; None: it does not (H40)."""
    count = len(received)
    return f"it went through {count} servers: a loop" if count > MOST_HOPS else None


def fields(raw: Mass) -> tuple[tuple[str, str], ...]:
    """(name in lower case, value) of the trace fields, topmost first (RFC 5322 §2.2).

    A line ends with LF.  The first one that is neither a field nor its continuation ends the
    header, as it does for servers, which then strip nothing below it.  A name with white space
    before its colon is none of a server's (RFC 5322 §4.5.3 has it for old mail).  The value of a
    field that holds control characters, like a CR alone, is "".
    """
    header = _header(raw)
    odd = header[:1] in (" ", "\t") or _ODD_LINE.search("\n" + header)
    found = _unfolded(header) if odd else _found(header)
    return tuple(
        (name, "" if len(value) > LONGEST_FIELD or _CONTROL.search(value) else value)
        for name, value in found
        if name in NAMES
    )


def _header(raw: Mass) -> str:
    """What may hold the header: all up to the first empty line."""
    octets = raw[:LONGEST_HEADER]
    end = _EMPTY_LINE.search(octets)
    return octets[: end.start() if end else None].decode("utf-8", "replace")


def _found(header: str) -> Iterator[tuple[str, str]]:
    """What `_unfolded` finds, where every line belongs to a field."""
    for name, value in _TRACE.findall("\n" + header):
        unfolded = value.removesuffix("\r").replace("\r\n", "").replace("\n", "")
        yield name.lower(), unfolded.strip(" \t")


def _unfolded(header: str) -> Iterator[tuple[str, str]]:
    name, lines = "", list[str]()
    for number, line in enumerate(header.split("\n")):
        line = line.removesuffix("\r")
        if line[:1] in (" ", "\t") and name:
            lines.append(line)
            continue
        if name:
            yield name, "".join(lines).strip(" \t")
        found = _NAME.match(line)
        if found is None and (number or not line.startswith("From ")):  # mbox
            return
        name = found[1].lower() + found[2] if found else ""
        lines = [line[found.end() :]] if found else []
    if name:
        yield name, "".join(lines).strip(" \t")


# ---- Received (RFC 5321 §4.4)

_PIECE = re.compile(
    r'"(?:[^"\\]|\\.)*"(?:@[^\s()<>";]*)?'  # a quoted string, or an address that begins with one
    r'|<(?:[^<>"]|"(?:[^"\\]|\\.)*")*>'  # a path
    r'|\\.|\s+|[^\s()<>";\\]+|[()<>";\\]'
)
_CLAUSES = ("from", "by", "via", "with", "tls", "id", "for")
_DATE = ";"  # behind which it stands
_ODD = "\0"  # a piece that is none
_LATE = frozenset(("id", "for"))  # behind these stands no `with`
_LMTP = re.compile(r"(?:UTF8)?LMTPS?A?", re.IGNORECASE)
_HELO = re.compile(r"\b(?:helo|ehlo)[=\s]\s*\S+", re.IGNORECASE)
_IP = re.compile(r"(?:^|[\[\s])(?:ipv6:)?([0-9a-f:.]{3,45})(?=[\]\s]|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Hop:
    """One Received field."""

    by: str  # the host that wrote it, lower case; "" where it does not say
    protocol: str  # `with`: "ESMTPS", "LMTP", "Microsoft SMTP Server"; may be ""
    peer: tuple[IpAddress, ...]  # where the server says that the mail came from
    claimed: tuple[IpAddress, ...]  # what the other side calls itself

    @property
    def inside(self) -> bool:
        """A hop between programs of one machine: the border lies further down.

        LMTP is never spoken to the outside (RFC 2033 §1).  Else it is the peer's address that
        counts, and no other address may stand beside it.
        """
        if _LMTP.fullmatch(self.protocol):
            return True
        return bool(self.peer) and all(a.is_loopback for a in (*self.peer, *self.claimed))


def hop(received: str) -> Hop | None:
    """What a Received field says; None where it is odd: it then proves nothing."""
    read = _clauses(received)
    if read is None:
        return None
    clauses, comments = read
    single = ("from", "by", "id")
    if any(len(clauses[name]) != 1 for name in single if name in clauses):
        return None
    if not all(clauses.values()) or not all(map(_is_recipient, clauses.get("for", ()))):
        return None
    claimed, peer = clauses.get("from", [""])[0], [_HELO.sub(" ", text) for text in comments]
    addresses = [*_addresses(" ".join(peer))]
    if not addresses and any(map(_HELO.search, comments)):  # Exim: from [192.0.2.1] (helo=…)
        addresses = [*_addresses(claimed)]
    return Hop(
        by=clauses.get("by", [""])[0].lower().rstrip("."),
        protocol=" ".join(clauses.get("with", ())),
        peer=tuple(addresses),
        claimed=(*_addresses(claimed), *_addresses(" ".join(comments))),
    )


def _clauses(received: str) -> tuple[dict[str, list[str]], list[str]] | None:
    """The words of each clause, and the comments beside `from`; None where it is odd.

    Each clause stands once, and what a stranger chose comes late: with the first words in place,
    nothing that an address or a name holds can take theirs.  A stranger's certificate stands early
    (`(Client CN "…")`), so behind the ";" there is a date and nothing else.
    """
    found: dict[str, list[str]] = {}
    comments: list[str] = []
    current = ""
    for piece in _pieces(received):
        if current == _DATE:
            if piece in (_ODD, ";") or piece[0] in '"<' or piece.lower() in _CLAUSES:
                return None
        elif piece == ";" and found:
            current = _DATE
        elif piece.startswith("("):
            if current == "from":
                comments.append(piece[1:-1])
        elif piece.lower() in _CLAUSES:
            current = piece.lower()
            late = current == "with" and not _LATE.isdisjoint(found)
            if current in found or late or (current == "from" and found):
                return None
            found[current] = []
        elif current and piece != _ODD:
            found[current].append(piece)
        else:
            return None
    return (found, comments) if current == _DATE else None  # else it was cut short


def _pieces(received: str) -> Iterator[str]:
    """Words, quoted strings, paths, whole comments and ";"; _ODD last where one does not fit."""
    depth, at, begin = 0, 0, 0
    while (found := _PIECE.match(received, at)) is not None:
        piece, at = found[0], found.end()
        if depth and piece.startswith(('"', "<")):  # no quotes within a comment (RFC 5322 §3.2.2)
            piece, at = piece[0], found.start() + 1
        if piece == "(":
            begin = found.start() if not depth else begin
            depth += 1
        elif piece == ")":
            depth -= 1
            if depth < 0:
                break
            if not depth:
                yield received[begin:at]
        elif not depth and not piece.isspace():
            if piece[0] == "\\" or piece in '<>"':
                break
            yield piece
    else:
        if at == len(received) and not depth:
            return
    yield _ODD


def _is_recipient(word: str) -> bool:
    return word.startswith(("<", '"')) or "@" in word


def _addresses(text: str) -> Iterator[IpAddress]:
    for written in _IP.findall(text):
        try:
            found = ipaddress.ip_address(written)
        except ValueError:
            continue
        mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
        yield mapped or found
