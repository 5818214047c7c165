"""Every way in which a mailbox can fail us, as a sentence for an admin.

`Unavailable`: he must act; `Temporary`: it is tried again.  Each names mailbox, host and port, and
brings the server's own words where it had some.
"""

from __future__ import annotations

import errno
import imaplib
import socket
import ssl

from maild.config import MailboxSection
from maild.errors import MaildError, Temporary, Unavailable
from maild.ingest.imap.responses import passing, says, wait_seconds, words_of
from maild.ingest.imap.wire import Patience


class Later(Temporary):
    """Trouble that passes; `seconds`: how long the server asks us to wait, 0: it does not say."""

    def __init__(self, message: str, *, detail: str = "", seconds: float = 0.0) -> None:
        super().__init__(message, detail=detail)
        self.seconds = seconds


class Busy(Later):
    """The server says that it has no time for us (H101): no message is to blame."""


class NotLetIn(Unavailable):
    """The server refuses the login."""


def who(section: MailboxSection) -> str:
    """The subject of every sentence here."""
    return f'Mailbox "{section.name}": {section.host}:{section.port}'


def busy(section: MailboxSection, what: str, words: str) -> Busy:
    """`what`: what it does not do now, as "lets nobody in"."""
    return Busy(
        f"{who(section)} {what} at the moment.{says(words)} It is tried again by itself.",
        detail=words,
        seconds=wait_seconds(words),
    )


def not_let_in(section: MailboxSection, words: str) -> MaildError:
    """A login that was answered with NO."""
    if passing(words):
        return busy(section, "lets nobody in", words)
    todo = "Correct `username` and the password in [[mailbox]]."
    if section.oauth:
        todo = "Correct `username`; may the account that signed in, or the application, open it?"
    return NotLetIn(
        f"{who(section)} refuses the login of {section.username!r}.{says(words)} {todo}",
        detail=words,
    )


def lost(section: MailboxSection, error: BaseException, farewell: str = "") -> Later:
    """The connection, or what it is good for.  `farewell`: what the server said at its end."""
    words = farewell
    if isinstance(error, TimeoutError):
        what = "took too long to answer"
    elif isinstance(error, OSError | imaplib.IMAP4.abort):
        what = "closed the connection"
    else:
        what, words = "sent something that is not IMAP", farewell or words_of(error)
    return Later(
        f"{who(section)} {what}.{says(words)} It is tried again by itself; if this lasts, look at "
        "the server.",
        detail=f"{type(error).__name__}: {error}"[:300],
        seconds=wait_seconds(words),
    )


def unreached(section: MailboxSection, error: BaseException, patience: Patience) -> MaildError:
    """A sentence for each way not to get there."""
    name, detail = who(section), f"{type(error).__name__}: {error}"[:300]
    if isinstance(error, ssl.SSLCertVerificationError):
        return Unavailable(
            f"{name} shows a certificate that is not valid for it "
            f"({error.verify_message.rstrip('.')}), so no password was sent. "
            "Have the certificate renewed, or correct `host`.",
            detail=detail,
        )
    if isinstance(error, ssl.SSLError):
        return Unavailable(
            f"{name} does not speak TLS there. Port 993 goes with tls = "
            '"implicit", port 143 with "starttls".',
            detail=detail,
        )
    if isinstance(error, socket.gaierror):
        return Temporary(
            f"{name} is not found: no address is known for this name. "
            "Correct `host` in [[mailbox]], or look at the name server.",
            detail=detail,
        )
    if isinstance(error, TimeoutError) or getattr(error, "errno", 0) == errno.ETIMEDOUT:
        return Temporary(
            f"{name} does not answer within {patience.connect_seconds:g} seconds. "
            "Are `host` and `port` right, does a firewall let us through, and does "
            '`tls` fit the port (993 "implicit", 143 "starttls")?',
            detail=detail,
        )
    if isinstance(error, ConnectionRefusedError):
        return Temporary(
            f"{name} refuses the connection. Does the IMAP server run, and is `port` right?",
            detail=detail,
        )
    return Temporary(
        f"{name} cannot be reached, turns us away, or is not an IMAP server.{says(words_of(error))}"
        " It is tried again by itself; if this lasts, correct `host` and `port` in [[mailbox]], or "
        "look at the server.",
        detail=detail,
    )
