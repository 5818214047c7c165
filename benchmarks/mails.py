"""Generated mail for the benchmarks: the same every time."""

from __future__ import annotations

import email
import email.policy
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from pathlib import Path

WORDS = """
    printer network server login password screen update backup mail phone slow error again
    since yesterday please help office floor meeting new old cable driver account user
""".split()  # noqa: SIM905
KINDS = ("new ticket", "reply", "command", "automatic")
RESOURCE = "Bob Tech <bob@example.com>"  # who commands
COMMANDS = "#assign me\n#priority high"


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


def conversation(n: int) -> list[bytes]:
    """A mail of each of KINDS, the later ones in answer to the first: of the same workload."""
    random.seed(n)
    user = _user(random.randrange(200))
    attached = n % 17 < 2  # as often as new tickets of `mails` have files: 8 of 68
    new = _letter(n, user, attached=attached)
    first = str(new["Message-ID"])
    command = _letter(n, RESOURCE, answered=first, above=f"{COMMANDS}\n")
    command["Authentication-Results"] = "mx.example.com; dmarc=pass header.from=example.com"
    automatic = _letter(n, user, answered=first, automatic=True)
    some = (new, _letter(n, user, answered=first), command, automatic)
    return [message.as_bytes() for message in some]


def text_of(octets: bytes) -> str:
    """What the standard library reads of a mail: the bare work of the references."""
    text = ""
    for part in email.message_from_bytes(octets).walk():
        if not part.is_multipart():
            payload = part.get_payload(decode=True)
            if isinstance(payload, bytes) and part.get_content_maintype() == "text":
                text += payload.decode(part.get_content_charset("utf-8"), "replace")
    return text


def _mail(index: int, opened: list[tuple[str, int]]) -> bytes:
    draw = random.random()
    answered, user = (
        random.choice(opened) if draw < 0.30 and opened else ("", random.randrange(200))
    )
    automatic = not answered and draw >= 0.98
    message = _letter(
        index,
        _user(user),
        answered=answered,
        automatic=automatic,
        attached=0.90 <= draw < 0.98,
    )
    if not answered and not automatic:
        opened.append((str(message["Message-ID"]), user))
    return message.as_bytes()


def _user(number: int) -> str:
    return f"User {number} <user{number}@customer{number % 20}.example>"


def _letter(
    index: int,
    sender: str,
    *,
    answered: str = "",
    above: str = "",
    automatic: bool = False,
    attached: bool = False,
) -> EmailMessage:
    """A mail of some lines, every second one with HTML beside the text; an answer quotes.

    `above`: what stands over the text; `attached`: with a file of 50 to 300 kB.
    """
    message = EmailMessage(policy=email.policy.SMTP)
    message["From"] = sender
    message["To"] = "support@example.com"
    message["Date"] = format_datetime(
        datetime(2026, 11, 2, 8, tzinfo=UTC) + timedelta(seconds=17 * index)
    )
    domain = parseaddr(sender)[1].partition("@")[2]
    message["Message-ID"] = f"<{index}.{random.getrandbits(48):x}@{domain}>"
    text = "\n".join(" ".join(random.choices(WORDS, k=12)) for _ in range(random.randrange(3, 25)))
    if answered:
        message["Subject"] = "Re: " + " ".join(random.choices(WORDS, k=4))
        message["In-Reply-To"] = message["References"] = answered
        quoted = "\n".join(f"> {line}" for line in text.splitlines())
        text = f"{above}{text}\n\nOn Mon, Nov 2, 2026 at 9:00 AM Support wrote:\n{quoted}"
    else:
        message["Subject"] = " ".join(random.choices(WORDS, k=5))
    if automatic:
        message["Auto-Submitted"] = "auto-replied"
    message.set_content(text)
    if random.random() < 0.5:
        paragraphs = "".join(f"<p>{line}</p>" for line in text.splitlines())
        message.add_alternative(f"<html><body>{paragraphs}</body></html>", subtype="html")
    if attached:
        octets = random.randbytes(random.randrange(50_000, 300_000))
        message.add_attachment(
            octets, maintype="application", subtype="octet-stream", filename=f"scan{index}.bin"
        )
    return message
