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
from maild.i18n import sentence
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
    return sentence(
        'Mailbox "{name}": {host}', name=section.name, host=f"{section.host}:{section.port}"
    )


def busy(section: MailboxSection, what: str, words: str) -> Busy:
    """`what`: what it does not do now, as "lets nobody in"."""
    return Busy(
        sentence(
            "{who} {what} at the moment.{words} It is tried again by itself.",
            who=who(section),
            what=what,
            words=says(words),
        ),
        detail=words,
        seconds=wait_seconds(words),
    )


def not_let_in(section: MailboxSection, words: str) -> MaildError:
    """A login that was answered with NO."""
    if passing(words):
        return busy(section, sentence("lets nobody in"), words)
    todo = sentence("Correct `username` and the password in [[mailbox]].")
    if section.oauth:
        todo = sentence(
            "Correct `username`; may the account that signed in, or the application, open it?"
        )
    return NotLetIn(
        sentence(
            "{who} refuses the login of '{user}'.{words} {todo}",
            who=who(section),
            user=section.username or "",
            words=says(words),
            todo=todo,
        ),
        detail=words,
    )


def lost(section: MailboxSection, error: BaseException, farewell: str = "") -> Later:
    """The connection, or what it is good for.  `farewell`: what the server said at its end."""
    words = farewell
    if isinstance(error, TimeoutError):
        what = sentence("took too long to answer")
    elif isinstance(error, OSError | imaplib.IMAP4.abort):
        what = sentence("closed the connection")
    else:
        what, words = sentence("sent something that is not IMAP"), farewell or words_of(error)
    return Later(
        sentence(
            "{who} {what}.{words} It is tried again by itself; if this lasts, look at the server.",
            who=who(section),
            what=what,
            words=says(words),
        ),
        detail=f"{type(error).__name__}: {error}"[:300],
        seconds=wait_seconds(words),
    )


def unreached(section: MailboxSection, error: BaseException, patience: Patience) -> MaildError:
    """A sentence for each way not to get there."""
    name, detail = who(section), f"{type(error).__name__}: {error}"[:300]
    if isinstance(error, ssl.SSLCertVerificationError):
        return Unavailable(
            sentence(
                "{who} shows a certificate that is not valid for it ({why}), so no password was "
                "sent. Have the certificate renewed, or correct `host`.",
                who=name,
                why=error.verify_message.rstrip("."),
            ),
            detail=detail,
        )
    if isinstance(error, ssl.SSLError):
        return Unavailable(
            sentence(
                '{who} does not speak TLS there. Port 993 goes with tls = "implicit", port 143 '
                'with "starttls".',
                who=name,
            ),
            detail=detail,
        )
    if isinstance(error, socket.gaierror):
        return Temporary(
            sentence(
                "{who} is not found: no address is known for this name. Correct `host` in "
                "[[mailbox]], or look at the name server.",
                who=name,
            ),
            detail=detail,
        )
    if isinstance(error, TimeoutError) or getattr(error, "errno", 0) == errno.ETIMEDOUT:
        return Temporary(
            sentence(
                "{who} does not answer within {seconds} seconds. Are `host` and `port` right, does "
                'a firewall let us through, and does `tls` fit the port (993 "implicit", 143 '
                '"starttls")?',
                who=name,
                seconds=f"{patience.connect_seconds:g}",
            ),
            detail=detail,
        )
    if isinstance(error, ConnectionRefusedError):
        return Temporary(
            sentence(
                "{who} refuses the connection. Does the IMAP server run, and is `port` right?",
                who=name,
            ),
            detail=detail,
        )
    return Temporary(
        sentence(
            "{who} cannot be reached, turns us away, or is not an IMAP server.{words} It is tried "
            "again by itself; if this lasts, correct `host` and `port` in [[mailbox]], or look at "
            "the server.",
            who=name,
            words=says(words_of(error)),
        ),
        detail=detail,
    )
