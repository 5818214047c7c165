"""Servers as they are: each way of being rude to us for a while, by name, as a fault of the suite.

Of mailboxes what NO, BYE, SEARCH, FETCH, IDLE and spelling can be; of relays each phase with what
passes (4xx), what is about us (5xx) and how a reply can be written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from maild.outbox.rows import BACK_OFF
from tests.faults.world import World
from tests.servers import rude_imap
from tests.servers.rude_imap import CUT, Gone, Peer

Fault = Callable[[World], Iterator[None]]

MANY = 10_000  # answers: as many as come while it lasts


# ---- mailboxes

REFUSALS = {
    "LOGIN": [
        "NO [UNAVAILABLE] later", "NO [unavailable] Temporary failure", "NO [INUSE] x",
        "NO [LIMIT] too many", "NO Server Unavailable. 15", "NO [ALERT] [UNAVAILABLE] try again",
        "NO Too many simultaneous connections", "BYE [UNAVAILABLE] shutting down", CUT,
    ],
    "CAPABILITY": ["BYE overloaded", CUT],
    "EXAMINE": [
        "NO [UNAVAILABLE] index", "NO [INUSE] locked", "NO [SERVERBUG] internal error", "BYE x",
        "NO [CONTACTADMIN] disk", "NO Server error - please try again later", CUT,
    ],
    "UID SEARCH": ["NO [UNAVAILABLE] later", "NO [LIMIT] rate", "BAD slow down", "BYE now", CUT],
    "UID FETCH": ["NO [UNAVAILABLE] x", "NO [LIMIT] rate", "NO busy", "BYE in the middle", CUT],
    "IDLE": ["NO not now", "BAD what is IDLE", "BYE idle too long", CUT],
    "NOOP": ["NO [UNAVAILABLE] x", "BYE x", CUT],
}  # fmt: skip


def _refuses(command: str, answer: str, world: World) -> Iterator[None]:
    world.mailbox.script[command] = [answer] * MANY
    world.imap.cut()
    yield
    world.mailbox.script.clear()


def _esearch(tag: str, uids: list[int]) -> str:
    """Unasked (RFC 4731)."""
    return f'* esearch (tag "{tag}") uid all {",".join(map(str, uids))}' if uids else "* ESEARCH"


def _odd_lines(tag: str, uids: list[int]) -> str:
    """Numbers by threes, in no order, some twice, with news of other things between them."""
    some = [uids[at : at + 3] for at in range(0, len(uids), 3)][::-1]
    lines = [f"* search  {' '.join(map(str, few))} " for few in [*some, *some[:1]] or [[]]]
    return "\n* OK still at it\n* 1 fetch (flags (\\Seen))\n".join(lines)


SEARCHES = {
    "one number a line": rude_imap.in_lines_of(1),
    "a hundred a line": rude_imap.in_lines_of(100),
    "ESEARCH unasked": _esearch,
    "lines out of order with news between them": _odd_lines,
}


def _searches(answer: Callable[[str, list[int]], str], world: World) -> Iterator[None]:
    before, world.mailbox.searched = world.mailbox.searched, answer
    world.imap.cut()
    yield
    world.mailbox.searched = before


SPELLINGS: dict[str, Callable[[str], str]] = {
    "lower case": lambda line: line if "[" in line and "BODY" in line else line.lower(),
    "blanks behind each line": lambda line: line.replace("\r\n", "  \r\n"),
    "bare line feeds": lambda line: line.replace("\r\n", "\n"),
}


def _spells(spelling: Callable[[str], str], world: World) -> Iterator[None]:
    before, world.mailbox.spelling = world.mailbox.spelling, spelling
    world.imap.cut()
    yield
    world.mailbox.spelling = before
    world.imap.cut()


def _bye_in_the_middle(peer: Peer, uid: int, octets: bytes) -> None:
    peer.send(f"* 1 FETCH (UID {uid} BODY[] {{{len(octets)}}}\r\n")
    peer.send(octets[: len(octets) // 2])
    peer.send("\r\n* BYE internal error\r\n")
    raise Gone


def _news_before(peer: Peer, uid: int, octets: bytes) -> None:
    """Others' news, a literal among them, and the UID behind the body."""
    peer.send('* OK [ALERT] "odd"\r\n* 1 FETCH (FLAGS (\\Seen) ENVELOPE {3}\r\nabc)\r\n')
    peer.send(f"* 1 fetch (body[] {{{len(octets)}}}\r\n")
    peer.send(octets)
    peer.send(f" flags () uid {uid})\r\n* 1 RECENT\r\n")


def _octet_by_octet(peer: Peer, uid: int, octets: bytes) -> None:
    head = f"* 1 FETCH (UID {uid} BODY[] {{{len(octets)}}}\r\n".encode()
    for at in range(len(head)):
        peer.send(head[at : at + 1])
    peer.send(octets)
    for octet in b")\r\n":
        peer.send(bytes([octet]))


BODIES = {
    "BYE in the middle of a body": _bye_in_the_middle,
    "news and literals around a body": _news_before,
    "heads of bodies octet by octet": _octet_by_octet,
    "half a body": rude_imap.cut_short,
}


class _Every(dict[int, Callable[[Peer, int, bytes], None]]):
    """The same for every message."""

    def __init__(self, rude: Callable[[Peer, int, bytes], None]) -> None:
        self.rude = rude

    def __contains__(self, uid: object) -> bool:
        return True

    def __getitem__(self, uid: int) -> Callable[[Peer, int, bytes], None]:
        return self.rude


def _bodies(rude: Callable[[Peer, int, bytes], None], world: World) -> Iterator[None]:
    world.mailbox.fetching = _Every(rude)
    yield
    world.mailbox.fetching = {}


def _renumbered(world: World) -> Iterator[None]:
    world.mailbox.uidvalidity += 1
    world.imap.cut()
    yield


# ---- relays

PHASES = ("GREETING", "EHLO", "MAIL", "RCPT", "DATA", "DOT")
PASSING = ("421 4.7.0 too many", "450 4.2.0 greylisted", "451 4.3.0 later", "452 4.3.1 storage")
ABOUT_US = {
    "GREETING": ["554 5.7.1 no"],
    "EHLO": ["550 5.7.1 bad name", "504 5.5.2 need fully-qualified hostname"],
    "MAIL": [
        "530 5.7.0 Authentication required", "535 5.7.8 bad", "550 5.7.60 SendAsDenied",
        "550 sender rejected", "554 no",
    ],
    "RCPT": ["554 5.7.1 Relay access denied", "550 5.4.5 Daily user sending quota exceeded"],
    "DATA": ["550 5.7.60 Client does not have permissions to send as this sender"],
    "DOT": ["550 5.7.60 not permitted to send as", "550 5.4.5 daily limit exceeded"],
}  # fmt: skip


def _relay_says(phase: str, answer: str, world: World) -> Iterator[None]:
    world.relay.always[phase] = lambda argument: answer
    world.smtp.cut()
    world.kills += 2  # each connection may have had a mail between its dot and the answer
    yield
    world.relay.always.clear()
    world.smtp.cut()
    world.kills += 2
    world.go_ahead(BACK_OFF[0].total_seconds() + 1)  # what was put off is due


# Replies of several lines (RFC 5321 §4.2.1), extensions that nobody knows, and none at all: the
# relay works, and writes as it likes.
SAYS: dict[str, dict[str, str]] = {
    "a greeting of many lines": {"GREETING": "220 desk.example ESMTP\nno spam here\n\nready"},
    "EHLO with odd extensions": {
        "EHLO": "250 hello\nsize\nSIZE 0\nX-NOTHING a=b c\n8bitmime\nsmtputf8\n"
        + "\n".join(f"XODD{number}" for number in range(40))
    },
    "EHLO unknown, HELO it is": {"EHLO": "502 5.5.1 what?"},
    "answers of many lines": {
        "MAIL": "250 2.1.0 fine\nso far",
        "RCPT": "250 2.1.5\nalso fine",
        "DATA": "354 go on\nend it with a dot",
        "DOT": "250 2.0.0 taken\nas well\n",
    },
    "answers without words": {"MAIL": "250 ", "RCPT": "250 ", "DATA": "354 ", "DOT": "250 "},
}


def _relay_writes(answers: dict[str, str], world: World) -> Iterator[None]:
    """All goes on: what is odd is only how it is said."""
    for phase, answer in answers.items():
        world.relay.always[phase] = lambda argument, answer=answer: answer  # type: ignore[misc]
    world.smtp.cut()
    world.kills += 2
    yield
    world.settle("a relay that is odd, while it is")
    world.relay.always.clear()


def _relay_hangs_up(phase: str, world: World) -> Iterator[None]:
    yield from _relay_says(phase, CUT, world)


def _dripping(world: World) -> Iterator[None]:
    """A reply comes octet by octet."""
    world.smtp.octets_a_second = 400.0
    world.smtp.cut()
    world.kills += 2
    yield
    world.smtp.heal()


def _faults() -> Iterator[tuple[str, Fault]]:
    for command, answers in REFUSALS.items():
        for answer in answers:
            yield f"mailbox: {answer} at {command}", partial(_refuses, command, answer)
    for name, search in SEARCHES.items():
        yield f"mailbox: {name}", partial(_searches, search)
    for name, spelling in SPELLINGS.items():
        yield f"mailbox: {name}", partial(_spells, spelling)
    for name, body in BODIES.items():
        yield f"mailbox: {name}", partial(_bodies, body)
    yield "mailbox: another UIDVALIDITY", _renumbered
    for phase in PHASES:
        for answer in (*PASSING, *ABOUT_US[phase]):
            yield f"relay: {answer} at {phase}", partial(_relay_says, phase, answer)
        yield f"relay: it hangs up at {phase}", partial(_relay_hangs_up, phase)
    for name, said in SAYS.items():
        yield f"relay: {name}", partial(_relay_writes, said)
    yield (
        "relay: a refusal of many lines",
        partial(_relay_says, "MAIL", "530 5.7.0 Authentication\nrequired\nhere"),
    )
    yield "relay: a dripping line", _dripping


RUDE = dict(_faults())
