"""How long `understand` takes, beside the standard library's parse of the same mails.

    python benchmarks/parse.py [FOLDER] [--rounds N]

Without a FOLDER of .eml files the mails are made here: the usual sorts in the usual shares.
The ratio is of processor time; "typical" is the median over the mails.

The standard library has two ways, and both give the decoded subject, people and date, every text
decoded, every file's octets and name: its quick parser (policy compat32) with the helpers for
fields, and the one that its documentation recommends (policy default).  `understand` gives all of
that and more: every header field decoded, sums of the files, safe HTML, the kind of the mail, and
what of the text is new.  Mails that a way fails on are left out of its ratio.
"""

from __future__ import annotations

import argparse
import email
import email.header
import email.policy
import email.utils
import random
import re
import statistics
import time
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

from maild.parse.parser import parse

WORDS = re.findall(
    r"\w+",
    "printer invoice server password please cannot login since yesterday the office "
    "monitor network thanks regards update install version broken screen keyboard help we "
    "need it soon",
)


def compat32(raw: bytes) -> int:
    """Subject, people, date, texts and files by the quick parser."""
    message = email.message_from_bytes(raw)
    size = len(_decoded(message.get("Subject", "")))
    for name in ("From", "Reply-To", "To", "Cc"):
        values = [str(value) for value in message.get_all(name, [])]
        for person, address in email.utils.getaddresses(values):
            size += len(_decoded(person)) + len(address)
    size += email.utils.parsedate_tz(str(message.get("Date", ""))) is not None
    for part in message.walk():
        if part.is_multipart():
            continue
        content = part.get_payload(decode=True)
        if not isinstance(content, bytes):
            continue
        if part.get_content_maintype() == "text":
            size += len(_text(content, part.get_content_charset()))
        else:
            size += len(content) + len(part.get_filename(""))
    return size


def default(raw: bytes) -> int:
    """The same by the recommended parser."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    size = len(message.get("Subject", "")) + len(str(message.get("Date", "")))
    for name in ("From", "Reply-To", "To", "Cc"):
        for value in message.get_all(name, []):
            size += sum(len(a.display_name) + len(a.addr_spec) for a in value.addresses)
    for part in message.walk():
        if not part.is_multipart():
            size += len(part.get_content()) + len(part.get_filename(""))
    return size


def _decoded(value: object) -> str:
    pieces = email.header.decode_header(str(value))
    return "".join(
        _text(piece, charset) if isinstance(piece, bytes) else piece for piece, charset in pieces
    )


def _text(content: bytes, charset: str | None) -> str:
    try:
        return content.decode(charset or "ascii", "replace")
    except LookupError:
        return content.decode("latin-1")


def made(count: int) -> list[bytes]:
    """Mails as a desk gets them: 40 % text, 45 % text and HTML, 15 % with an attachment."""
    chance = random.Random(7)
    return [_mail(number, chance) for number in range(count)]


def _mail(number: int, chance: random.Random) -> bytes:
    lines = [" ".join(chance.choices(WORDS, k=11)) for _ in range(chance.randint(6, 40))]
    text = "\n".join(lines) + "\n\nOn 1 Nov 2026, at 10:00, Desk wrote:\n> " + "\n> ".join(lines)
    message = EmailMessage()
    message["From"] = "Änne Müller <anne@acme.example>"
    message["To"] = "Support <support@example.com>"
    message["Subject"] = f"Drucker außer Betrieb {number}"
    message["Date"] = "Mon, 02 Nov 2026 10:00:00 +0100"
    message["Message-ID"] = f"<{number}.bench@acme.example>"
    stamp = "Mon, 02 Nov 2026 10:00:00 +0100"
    for hop in range(4):
        message["Received"] = f"from a{hop}.example by b{hop}.example; {stamp}"
    message.set_content(text)
    share = chance.random()
    if share > 0.4:
        page = "".join(f"<p style='margin:0'>{line}</p>" for line in lines)
        quote = "<blockquote type='cite'>" + page + "</blockquote>"
        message.add_alternative(f"<html><body>{page}{quote}</body></html>", subtype="html")
    if share > 0.85:
        data = chance.randbytes(chance.randint(50_000, 300_000))
        message.add_attachment(data, maintype="image", subtype="png", filename="Bild ä.png")
    return message.as_bytes()


def seconds(function: Callable[[bytes], object], raw: bytes, rounds: int) -> float:
    """The best of some rounds: what the machine's other work cannot have disturbed."""
    best = float("inf")
    for _ in range(rounds):
        started = time.process_time()
        function(raw)
        best = min(best, time.process_time() - started)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    if options.folder:
        mails = [path.read_bytes() for path in sorted(options.folder.rglob("*.eml"))]
    else:
        mails = made(200)
    parse(mails[0])  # imports and tables
    ours: list[float] = []
    theirs: dict[Callable[[bytes], object], list[float | None]] = {compat32: [], default: []}
    for raw in mails:  # one mail after the other: other work on the machine slows all alike
        ours.append(seconds(parse, raw, options.rounds))
        for way, times in theirs.items():
            times.append(_seconds_if_read(way, raw, options.rounds))
    print(f"{len(mails)} mails, {sum(map(len, mails)) / 1e6:.1f} MB")
    print(f"understand: {len(mails) / sum(ours):.0f} mails/s")
    for way, times in theirs.items():
        print(f"standard library, {way.__name__}: {_ratio(ours, times)}")


def _seconds_if_read(way: Callable[[bytes], object], raw: bytes, rounds: int) -> float | None:
    try:
        return seconds(way, raw, rounds)
    except Exception:  # the standard library raises many on broken mail
        return None


def _ratio(ours: list[float], theirs: list[float | None]) -> str:
    pairs = [(a, b) for a, b in zip(ours, theirs, strict=True) if b]
    typical = statistics.median(a / b for a, b in pairs)
    total = sum(a for a, _ in pairs) / sum(b for _, b in pairs)
    speed = len(pairs) / sum(b for _, b in pairs)
    left_out = f" ({len(ours) - len(pairs)} left out)" if len(pairs) < len(ours) else ""
    return f"{speed:.0f} mails/s{left_out}; ratio: typical {typical:.2f}, all together {total:.2f}"


if __name__ == "__main__":
    main()
