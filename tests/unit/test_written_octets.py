"""What a mail's octets are made of is written as the library would write it, only sooner."""

from __future__ import annotations

import binascii
import random
import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from zoneinfo import ZoneInfo

import pytest

from maild.outbox import message

TEXTS = [
    b"",
    b"one line",
    b"one line \r\n",
    b"\r\n",
    b"\r\n\r\n",
    b"a\r\n.\r\n..\r\n.",
    b"-- \r\nBob\t\r\n ",
    b"." + b"x" * 75 + b"\r\n." + b"x" * 76,
    b"=3D\r\n" + b"=" * 40 + b"\r\n" + b"=" * 40,
    "Grüße ".encode() * 20 + b"\r\n" + "Grüße ".encode() * 20,
    b"\x00\x0b\x0c\x7f\r\n\x00.",
    b"x" * message.KEPT + b"\r\n" + b"y" * (message.KEPT + 1) + b"\r\n" + b"=" * message.KEPT,
    *(b"x" * width + end for width in range(70, 80) for end in (b"", b" ", b"=", b".", b"\xc3")),
    *(b"a\r\n" + b"x" * width + end for width in range(70, 80) for end in (b"", b" ", b"\r\n")),
]


@pytest.mark.parametrize("text", TEXTS)
def test_text_is_quoted_as_by_the_library(text: bytes) -> None:
    for _ in ("at first", "and when it is known"):
        assert message.quoted_printable(text) == binascii.b2a_qp(text, istext=True)


def test_any_text_is_quoted_as_by_the_library() -> None:
    chance = random.Random(1)
    pieces = [b"\r\n", b" ", b"\t", b".", b"=", b"\xc3\xa4", b"\x00", b"word", b"x" * 37, b"<p>"]
    for _ in range(20_000):
        text = b"".join(chance.choices(pieces, k=chance.randrange(1, 30)))
        assert message.quoted_printable(text) == binascii.b2a_qp(text, istext=True), text


def _is_head(text: str) -> bool:
    """Line by line, as RFC 5322 §2.2 says."""
    return all(
        re.match(r"[!-9;-~]+:|[ \t]+\S", line) and "\r" not in line and "\n" not in line
        for line in text.split("\r\n")
    )


FIELDS = [
    ("Subject", "words"),
    ("Subject", ""),
    ("Subject", "first\r\n second"),
    ("Subject", "first\r\n\tsecond\r\n third"),
    ("Subject", "first\r\n"),
    ("Subject", "first\r\n "),
    ("Subject", "first\r\n \r\n x"),
    ("Subject", "first\r\nBcc: x@y.example"),
    ("Subject", "first\r\n\r\nbody"),
    ("Subject", "first\n second"),
    ("Subject", "first\r second"),
    ("Subject", "first\r\r\n second"),
    ("Subject", "first\r\n\u00a0x"),
    ("Subject", "first\r\n \u00a0"),
    ("Subject", "\u2028\x85\x0b"),
    ("Sub ject", "x"),
    ("", "x"),
    ("Süb", "x"),
]


@pytest.mark.parametrize(("name", "value"), FIELDS)
def test_no_line_of_a_head_is_something_else(name: str, value: str) -> None:
    if _is_head(text := f"{name}: {value}"):
        assert message.fields([(name, value)]) == f"{text}\r\n".encode()
    else:
        with pytest.raises(ValueError, match="a header line that is none"):
            message.fields([(name, value)])


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=-3)), ZoneInfo("Europe/Berlin")])
def test_a_date_is_written_as_by_the_library(zone: timezone) -> None:
    for day in range(0, 800, 7):
        moment = datetime(2026, 1, 1, 23, 59, 7, 999, zone) + timedelta(days=day, hours=day)
        assert message.date(moment) == format_datetime(moment)
