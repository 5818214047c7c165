"""A person with a mail program: writes to the desk, answers what it sent."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from functools import lru_cache


@dataclass
class Writer:
    """Somebody who mails with the desk.

    `send` hands octets to his mail server; `inbox` gives all mail that he got, oldest first.
    """

    name: str
    address: str
    desk: str  # the address that he writes to
    send: Callable[[bytes], object]
    inbox: Callable[[], list[bytes]]
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    headers: dict[str, str] = field(default_factory=dict)  # that his server adds to every mail

    def mail(
        self,
        subject: str,
        text: str = "",
        *,
        headers: dict[str, str] | None = None,
        attach: dict[str, bytes] | None = None,
    ) -> str:
        """Writes a new mail to the desk; gives its Message-ID."""
        message = EmailMessage(policy=email.policy.SMTP)
        message["From"] = f"{self.name} <{self.address}>"
        message["To"] = self.desk
        message["Subject"] = subject
        message["Date"] = format_datetime(self.clock())
        message["Message-ID"] = make_msgid(domain=self.address.partition("@")[2])
        for name, value in {**self.headers, **(headers or {})}.items():
            del message[name]
            message[name] = value
        message.set_content(text)
        for filename, octets in (attach or {}).items():
            message.add_attachment(
                octets, maintype="application", subtype="octet-stream", filename=filename
            )
        self.send(message.as_bytes())
        return str(message["Message-ID"]).strip("<> ")

    def reply(
        self,
        text: str,
        *,
        subject: str | None = None,
        to: EmailMessage | None = None,
        headers: dict[str, str] | None = None,
        attach: dict[str, bytes] | None = None,
    ) -> str:
        """Answers a mail of the desk, by default the last one, as mail programs do."""
        answered = to or self.received()[-1]
        known = str(answered["References"] or "").split()
        own = str(answered["Message-ID"]).strip()
        was = str(answered["Subject"])
        quoted = "\n".join(f"> {line}" for line in plain_text(answered).splitlines())
        return self.mail(
            subject or (was if was.lower().startswith("re:") else f"Re: {was}"),
            f"{text}\n\nOn {answered['Date']}, {answered['From']} wrote:\n{quoted}\n",
            headers={
                "In-Reply-To": own,
                "References": " ".join((*known, own)),
                **(headers or {}),
            },
            attach=attach,
        )

    def received(self) -> list[EmailMessage]:
        """The mail that he got, oldest first, parsed."""
        return [_read(octets) for octets in self.inbox()]


@lru_cache(maxsize=256)  # he looks through all that he got again and again
def _read(octets: bytes) -> EmailMessage:
    return parse(octets)


def parse(octets: bytes) -> EmailMessage:
    """A mail as its reader's program sees it."""
    message = email.message_from_bytes(octets, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def plain_text(message: EmailMessage) -> str:
    """The text part of a mail."""
    body = message.get_body(("plain",))
    return str(body.get_content()) if body is not None else ""
