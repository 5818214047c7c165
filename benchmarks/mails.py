"""Generated mail for the benchmarks: the same every time."""

from __future__ import annotations

import email.policy
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

WORDS = """
    printer network server login password screen update backup mail phone slow error again
    since yesterday please help office floor meeting new old cable driver account user
""".split()  # noqa: SIM905


def write_folder(folder: Path, count: int, seed: int = 1) -> int:
    """`count` .eml files: 60 % new, 30 % replies, 8 % with 50–300 KB attached, 2 % automatic.

    Gives their size in octets.
    """
    folder.mkdir(parents=True, exist_ok=True)
    size = 0
    for index, octets in enumerate(mails(count, seed)):
        (folder / f"{index:06d}.eml").write_bytes(octets)
        size += len(octets)
    return size


def mails(count: int, seed: int = 1) -> Iterator[bytes]:
    """The same mails, one after the other."""
    random.seed(seed)  # not one of our own: the boundaries of parts are drawn by it too
    opened: list[tuple[str, int]] = []  # Message-ID, and whose
    for index in range(count):
        yield _mail(index, opened)


def _mail(index: int, opened: list[tuple[str, int]]) -> bytes:
    message = EmailMessage(policy=email.policy.SMTP)
    draw = random.random()
    answered, user = (
        random.choice(opened) if draw < 0.30 and opened else ("", random.randrange(200))
    )
    message["From"] = f"User {user} <user{user}@customer{user % 20}.example>"
    message["To"] = "support@example.com"
    message["Date"] = format_datetime(
        datetime(2026, 11, 2, 8, tzinfo=UTC) + timedelta(seconds=17 * index)
    )
    message["Message-ID"] = f"<{index}.{random.getrandbits(48):x}@customer{user % 20}.example>"
    text = "\n".join(" ".join(random.choices(WORDS, k=12)) for _ in range(random.randrange(3, 25)))
    if answered:
        message["Subject"] = "Re: " + " ".join(random.choices(WORDS, k=4))
        message["In-Reply-To"] = message["References"] = answered
        quoted = "\n".join(f"> {line}" for line in text.splitlines())
        text = f"{text}\n\nOn Mon, Nov 2, 2026 at 9:00 AM Support wrote:\n{quoted}"
    else:
        message["Subject"] = " ".join(random.choices(WORDS, k=5))
        if draw >= 0.98:
            message["Auto-Submitted"] = "auto-replied"
        else:
            opened.append((str(message["Message-ID"]), user))
    message.set_content(text)
    if random.random() < 0.5:
        paragraphs = "".join(f"<p>{line}</p>" for line in text.splitlines())
        message.add_alternative(f"<html><body>{paragraphs}</body></html>", subtype="html")
    if 0.90 <= draw < 0.98:
        octets = random.randbytes(random.randrange(50_000, 300_000))
        message.add_attachment(
            octets, maintype="application", subtype="octet-stream", filename=f"scan{index}.bin"
        )
    return message.as_bytes()
