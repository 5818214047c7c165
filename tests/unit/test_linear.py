"""Whatever a stranger writes, reading it costs in proportion to its length (H62–H66, H95).

Every reader of text gets every piece below, over and over; twice the text must not cost much more
than twice the CPU time.  What is cheap anyway is not measured: clocks are too coarse for it.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from maild.commands.grammar import MailContext
from maild.commands.grammar import read as commands
from maild.errors import MailError
from maild.ingest import own_signature
from maild.ingest.subject_fields import named_fields, title_of
from maild.ingest.withheld import is_yes
from maild.parse import (
    authres,
    body,
    bounce,
    charsets,
    forwarded,
    headers,
    html,
    icalendar,
    letter,
    mime,
    out_of_office,
    prefixes,
    reactions,
    skeleton,
    trace,
    usual,
)
from maild.parse.newtext import examine, split
from maild.parse.newtext.html_quotes import read_structure
from maild.parse.newtext.lines import read_lines
from maild.parse.page import Page
from maild.parse.parser import parse
from maild.parse.thanks import is_thanks

from .test_commands import NAMES

pytestmark = pytest.mark.no_cover

SIZE = 5_000  # characters, and twice as many
CHEAP = 0.02  # seconds that are not worth measuring
STEEPEST = 3.0  # a square would be 4
TRIES = 4  # other work on the machine disturbs a clock
LINES = read_lines("a line of text\n" * 50)[0]


def octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def mail(content: str, fields: str = "", content_type: str = "text/plain; charset=utf-8") -> None:
    """Parses a mail with these fields and this body."""
    top = "From: Ann <ann@acme.example>\nIn-Reply-To: <1@x>\nMIME-Version: 1.0\n"
    raw = f"{top}{fields}Content-Type: {content_type}\n\n{content}"
    with suppress(MailError):  # refused: it costs no more
        parse(octets(raw))


def field(name: str) -> Callable[[str], None]:
    def read(text: str) -> None:
        mail("x", f"{name}: " + text.replace("\r", "").replace("\n", "\n ").strip(" ") + "\n")

    return read


def page(text: str) -> str:
    return html.bounded(text)


def split_page(text: str) -> None:
    split(html.to_text(page(text)), page(text), "Re: x")


def notice(text: str) -> None:
    fields = "Return-Path: <>\nSubject: Undelivered Mail Returned to Sender\n"
    mail(text, fields.replace("Return-Path", "X-Failed-Recipients: a@b.c\nReturn-Path"))
    bounce.returned_ids([], text)


def report(text: str) -> None:
    parts = f"--b\n\nIt came back.\n--b\nContent-Type: message/delivery-status\n\n{text}\n--b--\n"
    mail(parts, content_type="multipart/report; boundary=b")


def subject(text: str) -> None:
    prefixes.read(text)
    prefixes.holds(text)
    prefixes.untagged(text)
    prefixes.was_forwarded(text)
    title_of(text)
    named_fields(text)


def asked(text: str) -> None:
    commands(text[:2_000], text, NAMES, MailContext(frozenset({text[:100].lower()})))
    commands("Re: x", text, NAMES, MailContext(role="contact"))


READERS: dict[str, Callable[[str], object]] = {
    "own signature": lambda text: own_signature.without(text, "Bob Tech"),
    "addresses": headers.parse_addresses,
    "a field's value": headers.decode_value,
    "parameters": headers.parameters,
    "message ids": headers.message_ids,
    "a date": headers.parse_date,
    "a file's name": headers.safe_filename,
    "From": field("From"),
    "Cc": field("Cc"),
    "Reply-To": field("Reply-To"),
    "Subject": field("Subject"),
    "References": field("References"),
    "Content-Type": field("Content-Type"),
    "Authentication-Results": authres.read,
    "Received": trace.hop,
    "Received, in a comment": lambda t: trace.hop("from (" + t),
    "trace fields": lambda t: trace.fields(octets(t)),
    "a header": lambda t: mail("x", t.lstrip("\r\n") + "\nX: y\n"),
    "a body": mail,
    "an HTML body": lambda t: mail(t, content_type="text/html; charset=utf-8"),
    "parts": lambda t: mail(f"--b\n\n{t}\n--b--", content_type="multipart/mixed; boundary=b"),
    "a notice": notice,
    "a report": report,
    "the octets": lambda t: mime.prepare(b"From: a@b.c\n\n" + octets(t)),
    "bodies": lambda t: skeleton.bare(octets(t)),
    "usual": lambda t: usual.tree(octets(t)),
    "a charset": lambda t: charsets.decode(octets(t), "iso-8859-1"),
    "no charset": lambda t: charsets.guess(octets(t)),
    "Japanese": lambda t: charsets.decode(octets(t), "iso-2022-jp"),
    "flowed text": lambda t: body.unflow(t, True),
    "enriched text": lambda t: body._enriched(t),
    "packed files": lambda t: body._take_uuencoded(t, []),
    "HTML as text": lambda t: html.to_text(page(t)),
    "safe HTML": lambda t: html.sanitise(Page(page(t))),
    "HTML's quotes": lambda t: read_structure(Page(page(t)), LINES),
    "new text": lambda t: split(t, None, "Re: x"),
    "new text of HTML": split_page,
    "a forward": lambda t: forwarded.find("Fwd: x", examine(t), t, []),
    "a subject": subject,
    "commands": asked,
    "a thank-you": is_thanks,
    "an absence": out_of_office.find,
    "a letter": letter.clauses,
    "a button": lambda t: reactions.find([], None, "Recall: x", t),
    "a yes": is_yes,
    "a calendar": icalendar.read,
}
PIECES = [
    '"\\', '"', "\\", "a", "a@", "@", "<", ">", "(", ")", "((a", "=?", "=?utf-8?q?",
    "=?utf-8?q?a_b?= ", '"a" ', ",", "; ", "a=b;", ";a=\"\\", "a*0*=b;", "[", "]", "[1", "Re: ",
    "Re[2]: ", "[x] ", "<a ", "<a b=c ", "b=c ", "<p>", "</p>", "<div>", "<b", "&amp;", "&nbsp;",
    "\xa0", "<!--", "<style>", "<script", "<table><tr><td>", "<blockquote>", "<li>", "<ol><li>",
    "<a href=x>y</a>", "\n", "\n\n", " ", "\t", ">", "> ", ">\n", ">> x\n", ">>> x\n", "On ",
    "On 1", "wrote:", "On Mon 2012-01-01 x@y wrote:\n", "a b c d e f g h\n", "From: a@b\n",
    "From: a\nSent: 1.1.2024\nTo: b\nSubject: c\n", "-", "--\n", "__\n",
    "-----Original Message-----\n", "---- Forwarded message ----\n", "Sent from my ",
    "begin 644 x\n", "begin 644 x\n!!!\n", "\nend\n", "--b\n", "--",
    "Content-Type: text/plain\n", "content-type: multipart/mixed; boundary=b\n", 'boundary="',
    "1.1.2024 9:00 ", "##-", "##- -##", "👍", "é", "\u200b", "ア", "中", "a\u0301", "Danke, ",
    "thanks. ", "I am out. ", "I am out of the office until ", "“", "“a", "Liked “",
    "reacted to your message ", "BEGIN:VEVENT\r\n", "A;B=C", 'A;B="C"', "DTSTART:2", "\n ",
    "X: y\n", "a.b@c.d ", "http://a ", "www.", "1 ", "1", "\x1b$B", "\x1b(B", "\x82\xa0",
    "T20261121.0001 ", "is resolved ", "is assigned to ", "#take\n", "#time 1h ", "<a@b> ", "<a@",
    "mailto:", ":a,", "a:", "\r", "\r\n", "=\n", "=3D", "wrote on ", "<<a", ">x<", "||",
    "| a | b |\n", "C> x\n", "#", "* ", '"<a@b>"', "(a@b)", ';"', "550 5.1.1 a@b\n",
    "Final-Recipient: rfc822; a@b\n", "Hi ", "Best regards\n", "a, b\n", "{", "}", "$", "%20",
    "Bob\n", "text ", "aA1 ", ". ", "? ", "yes ", "-----BEGIN PGP SIGNED MESSAGE-----\n\n",
    "-----BEGIN PGP SIGNATURE-----\n", "-----BEGIN PGP SIGNED MESSAGE-----\nA: b\n",
    "no reply", "undeliverable ", "-- \n", "​\n",
]  # fmt: skip


def seconds(read: Callable[[str], object], text: str) -> float:
    """CPU of one reading."""
    started = time.process_time()
    read(text)
    return time.process_time() - started


@pytest.fixture
def no_collector() -> Iterator[None]:
    """The collector of garbage, whose rounds are uneven, waits."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def filled(piece: str, size: int) -> str:
    return piece * (size // len(piece))


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("name", READERS)
def test_twice_the_text_is_twice_the_work(name: str) -> None:
    read = READERS[name]
    read("warm up")
    for piece in dict.fromkeys(PIECES):
        assert any(_steepness(read, piece) < STEEPEST for _ in range(TRIES)), (name, piece)


def _steepness(read: Callable[[str], object], piece: str) -> float:
    """How many times the work twice the text is; 1 where neither is worth measuring."""
    twice = seconds(read, filled(piece, 2 * SIZE))
    if twice < CHEAP:
        return 1.0
    return twice / max(seconds(read, filled(piece, SIZE)), CHEAP / 4)


MONSTERS = {
    "h95 quotes that never end": 'From: "' + '\\"' * 30_000 + "\n\nx",
    "h95 escapes in From": "From: " + '"\\' * 30_000 + "\n\nx",
    "h95 a long word in From": "From: " + "a" * 50_000 + "\n\nx",
    "h95 a long word in Cc": "From: a@b.c\nCc: " + "a" * 50_000 + "\n\nx",
    "h95 a long word in Reply-To": "From: a@b.c\nReply-To: " + "a" * 50_000 + "\n\nx",
    "h95 attributes": "From: a@b.c\nContent-Type: text/html\n\n<a "
    + " ".join(f"b{i}=c" for i in range(150_000))
    + ">x</a>",
    "h95 hidden attributes": 'From: a@b.c\nContent-Type: text/html\n\n<a x="<" '
    + " ".join(f"b{i}" for i in range(150_000))
    + ">x</a>",
    "h95 no-break spaces": "From: a@b.c\nContent-Type: text/html\n\n" + "&nbsp;" * 500_000,
    "h95 signs that begin no entity": "From: a@b.c\nContent-Type: text/html\n\n" + "&" * 1_000_000,
    "h95 unknown entities": "From: a@b.c\nContent-Type: text/html\n\n" + "&x;" * 500_000,
    "h95 entities": "From: a@b.c\nContent-Type: text/html\n\n" + "&amp" * 500_000,
    "h63 comments": "From: " + "(" * 60_000 + "a@b.c\n\nx",
    "h64 brackets": "From: a@b.c\n\n" + "<" * 1_000_000,
    "h64 addresses": "From: " + "a@b.c, " * 100_000 + "\n\nx",
    "h64 encoded words": "From: a@b.c\nSubject: " + "=?utf-8?q?a?= " * 50_000 + "\n\nx",
}


@pytest.mark.parametrize("name", MONSTERS)
def test_h95_monsters_are_read_or_refused_at_once(name: str) -> None:
    raw = octets(MONSTERS[name])
    started = time.process_time()
    with suppress(MailError):
        parse(raw)
    assert time.process_time() - started < 3  # seconds of CPU; they took ten, or never ended
