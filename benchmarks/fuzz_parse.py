"""Damaged mails without end: any octets must give a Mail or a MailError, within the limits.

    python -m benchmarks.fuzz_parse [--count N] [--seed N]

Seeded with fixtures/eml.  Prints how many mails were read, refused and how long the slowest
took; the first that breaks the rule is written to fuzz-failure.eml and ends the run.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from pathlib import Path

from maild.cli.parse import as_json
from maild.errors import MailError
from maild.parse.limits import Source
from maild.parse.parser import parse

FOLDER = Path(__file__).parents[1] / "fixtures" / "eml"
SEEDS = [path.read_bytes() for path in sorted(FOLDER.glob("*.eml"))]

# Pieces that parsers trip over.
PIECES = [
    *[b"\r\n", b"\n", b"\n\n", b"\r", b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\x1b$B", b"\x1b(B"],
    *[b"=?", b"?=", b"=?utf-8?B?", b"=?x?Q?=", b"(", b")", b"<", b">", b'"', b";", b",", b":"],
    *[
        b"--b\n",
        b"--b--\n",
        b"Content-Type: multipart/mixed; boundary=b\n",
        b"boundary=",
        b"begin ",
    ],
    *[
        b"Content-Type: message/rfc822\n",
        b"Content-Type: message/delivery-status\n\n",
        b"\xed\xa0\x80",
    ],
    *[b"Content-Transfer-Encoding: base64\n", b"Content-Transfer-Encoding: x-uuencode\n"],
    *[b"charset=utf-7", b"charset=", b"charset=utf-16", b"charset=hz", b"name*0*=", b"filename*=%"],
    *[b"<div>", b"</", b"<!--", b"<table>", b"&#", b"&#xD800;", b"cid:", b"> ", b"On x wrote:\n"],
    *[
        b"Final-Recipient: ",
        b"Return-Path: <>\n",
        b"From: \n",
        b"X-Failed-Recipients: ",
        b"\t",
        b" ",
    ],
]


def mutate(seed: bytes, chance: random.Random) -> bytes:
    """A seed with a few pieces put in, cut out, doubled, swapped or turned."""
    raw = bytearray(seed)
    for _ in range(chance.randint(1, 12)):
        at = chance.randint(0, len(raw))
        to = min(len(raw), at + chance.choice([1, 3, 20, 200]))
        action = chance.randint(0, 5)
        if action == 0:
            raw[at:at] = chance.choice(PIECES)
        elif action == 1:
            del raw[at:to]
        elif action == 2:
            raw[at:at] = raw[at:to] * chance.choice([1, 2, 30])
        elif action == 3 and at < len(raw):
            raw[at] = chance.randint(0, 255)
        elif action == 4:
            other = chance.choice(SEEDS)
            start = chance.randint(0, len(other))
            raw[at:at] = other[start : start + chance.choice([10, 100, 1000])]
        else:
            raw[at:to] = bytes(reversed(raw[at:to]))
    return bytes(raw)


def holds(raw: bytes) -> bool:
    """True for a Mail, False for a MailError; everything else comes out as it is."""
    try:
        mail = parse(raw)
    except MailError:
        return False
    line = json.dumps(as_json(Source("x", raw), mail, None), ensure_ascii=False)
    line.encode("utf-8")  # no lone surrogates
    assert "\\u0000" not in json.dumps([mail.text, mail.html, mail.subject, mail.new_text])
    for attachment in mail.attachments:
        assert 0 < len(attachment.filename) <= 200
        assert not set(attachment.filename) & set("/\\\0\r\n")
    assert "<script" not in (mail.html or "").lower()
    return True


def main() -> int:
    parser = argparse.ArgumentParser(description="Fuzz the reading of mail.")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    read = refused = 0
    slowest = 0.0
    for number in range(options.count):
        raw = mutate(chance.choice(SEEDS), chance)
        started = time.process_time()
        try:
            if holds(raw):
                read += 1
            else:
                refused += 1
        except BaseException:
            Path("fuzz-failure.eml").write_bytes(raw)
            print(f"mail {number} of seed {options.seed} broke the rule; see fuzz-failure.eml")
            raise
        slowest = max(slowest, time.process_time() - started)
    print(f"{options.count} mails: {read} read, {refused} refused; slowest {slowest:.2f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
