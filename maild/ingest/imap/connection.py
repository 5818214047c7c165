"""One logged-in connection to one folder, in the few verbs that watching needs.

Every failure leaves here as one of three: `Unavailable` (an admin must act), `Temporary` (try
again later), both with a sentence that names mailbox, host and port; or `Refusal`, a NO of the
server to one command after which the connection goes on.
"""

from __future__ import annotations

import difflib
import errno
import imaplib
import re
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from imapclient import IMAPClient
from imapclient.exceptions import CapabilityError, LoginError, ProtocolError

from maild.config import MailboxSection
from maild.errors import MaildError, Temporary, Unavailable
from maild.ingest.imap.wire import InClear, Patience, Stop, Stopped, TooLarge, Wire
from maild.oauth import access_token

MANY = 300_000  # UIDs that fit into one line of a SEARCH answer


class Refusal(Exception):
    """The server said NO; the connection stands."""


class _NotLetIn(Unavailable):
    """The server refuses the login."""


class _Client(IMAPClient):  # type: ignore[misc]
    """imapclient on our wire."""

    def __init__(self, section: MailboxSection, wire: dict[str, Any]) -> None:
        self._wire = wire
        super().__init__(section.host, section.port, ssl=section.tls == "implicit")
        self._imap.debug = 0  # the library forces 5, which copies every octet into debug text

    def _create_IMAP4(self) -> Wire:
        return Wire(self.host, self.port, implicit=self.ssl, **self._wire)

    def _set_read_timeout(self) -> None:
        """The wire keeps its own time."""


class Connection:
    """A mailbox's folder, open.  Use `opened` to get one."""

    def __init__(self, section: MailboxSection, client: _Client, patience: Patience) -> None:
        self._client = client
        self._section = section
        self._patience = patience
        self._wire: Wire = client._imap
        self.uidvalidity = 0
        self.uidnext: int | None = None
        self.exists = 0

    @property
    def idles(self) -> bool:
        return self.has("IDLE")

    def has(self, capability: str) -> bool:
        return bool(self._client.has_capability(capability))

    # ---- looking

    def select(self, *, readonly: bool) -> None:
        """Opens the folder; Unavailable where there is none, or it keeps no UIDs."""
        try:
            with self._said():
                answer = self._client.select_folder(self._section.folder, readonly=readonly)
        except Refusal as error:
            if "not connected" in str(error):  # Exchange Online takes any account's token
                raise Unavailable(
                    f"{_who(self._section)} lets us in, but not into the mailbox of "
                    f"{self._section.username!r}. Does it exist, and may the account that signed "
                    "in, or the application, open it?",
                    detail=str(error),
                ) from error
            raise Unavailable(
                f"{_who(self._section)} has no folder {self._section.folder!r}"
                f"{self._close_folder()}. Correct `folder` in [[mailbox]].",
                detail=str(error),
            ) from error
        if b"UIDVALIDITY" not in answer:
            raise Unavailable(
                f"{_who(self._section)} gives no UIDVALIDITY for {self._section.folder!r}, "
                "without which no place can be kept; another folder or server is needed."
            )
        self.uidvalidity = int(answer[b"UIDVALIDITY"])
        self.uidnext = int(answer[b"UIDNEXT"]) if b"UIDNEXT" in answer else None
        self.exists = int(answer.get(b"EXISTS", 0))

    def _close_folder(self) -> str:
        with suppress(Exception):
            names = [name for _, _, name in self._client.list_folders()]
            close = difflib.get_close_matches(self._section.folder, names, 1, 0.5)
            return f"; did you mean {close[0]!r}?" if close else f"; it has {', '.join(names[:8])}"
        return ""

    def noop(self) -> None:
        with self._said():
            self._client.noop()

    def forget_news(self) -> None:
        self._wire.news = False

    @property
    def news(self) -> bool:
        """The server spoke of new messages since `forget_news`."""
        return self._wire.news

    def uids(self, first: int) -> list[int]:
        """The UIDs from `first` on that are in the folder now, ascending."""
        last = (self.uidnext or 0) + MANY
        steps: list[tuple[int, int | str]] = [(first, "*")]
        if self.exists > MANY:
            steps = [(low, low + MANY - 1) for low in range(first, last, MANY)]
            steps.append((steps[-1][1] + 1 if steps else first, "*"))  # type: ignore[operator]
        found: set[int] = set()
        for low, high in steps:
            with self._said():
                answer = self._client.search(f"UID {low}:{high}")
            found.update(uid for uid in answer if uid >= first)  # n:* always names the last one
        return sorted(found)

    def sizes(self, uids: Sequence[int]) -> dict[int, int]:
        """RFC822.SIZE of those that are there and have one."""
        with self._said():
            answer = self._client.fetch(list(uids), [b"RFC822.SIZE"])
        return {
            uid: item[b"RFC822.SIZE"]
            for uid, item in answer.items()
            if isinstance(item.get(b"RFC822.SIZE"), int)
        }

    def bodies(self, uids: Sequence[int], *, octets: int, limit: int) -> dict[int, bytes]:
        """The raw messages; a UID for which the server gave no body is missing.

        `octets`: what is expected, for the deadline; `limit`: of any one literal (TooLarge).
        """
        with self._said(octets=octets, limit=limit):
            answer = self._client.fetch(list(uids), [b"BODY.PEEK[]"])
        return {
            uid: bytes(item[b"BODY[]"])
            for uid, item in answer.items()
            if isinstance(item.get(b"BODY[]"), bytes | bytearray)
        }

    def part(self, uid: int, start: int, length: int) -> bytes | None:
        """`length` octets of a message from `start`; shorter at its end; None without a body."""
        with self._said(octets=length, limit=length):
            answer = self._client.fetch([uid], [f"BODY.PEEK[]<{start}.{length}>"])
        value = answer.get(uid, {}).get(b"BODY[]<%d>" % start)
        return bytes(value) if isinstance(value, bytes | bytearray) else None

    # ---- waiting

    def idle(self, seconds: float) -> None:
        """Returns when the server speaks of new messages, or after so many seconds.

        imapclient's own `idle` fails where an untagged answer precedes the "+", and its
        `idle_check` never says that the connection is gone.
        """
        with self._said():
            wire = self._wire
            tag = self._client._idle_tag = wire._command("IDLE")
            while wire._get_response() is not None:
                if wire.tagged_commands[tag]:
                    raise imaplib.IMAP4.error("IDLE was refused")
            end = time.monotonic() + seconds
            while not wire.news and wire.wait_for_octets(end - time.monotonic()):
                wire._get_response()
                if "BYE" in wire.untagged_responses:
                    raise wire.abort("the server said goodbye")
            self._client.idle_done()

    # ---- acknowledging, always by UID

    def move(self, uids: Sequence[int], folder: str) -> None:
        """RFC 6851."""
        with self._said():
            self._client.move(list(uids), folder)

    def copy(self, uids: Sequence[int], folder: str) -> None:
        with self._said():
            self._client.copy(list(uids), folder)

    def create(self, folder: str) -> None:
        with self._said():
            self._client.create_folder(folder)

    def mark_deleted(self, uids: Sequence[int]) -> None:
        with self._said():
            self._client.add_flags(list(uids), [b"\\Deleted"], silent=True)

    def marked_deleted(self) -> set[int]:
        """All UIDs with the flag \\Deleted, whoever set it."""
        with self._said():
            return set(self._client.search("DELETED"))

    def expunge(self, uids: Sequence[int]) -> None:
        """Only these (RFC 4315 §2.1)."""
        with self._said():
            self._client.uid_expunge(list(uids))

    def expunge_all(self) -> None:
        with self._said():
            self._client.expunge()

    def has_folder(self, folder: str) -> bool:
        with self._said():
            return bool(self._client.folder_exists(folder))

    def close(self) -> None:
        """Says goodbye without waiting for the answer."""
        with suppress(Exception):
            self._wire._command("LOGOUT")
        with suppress(Exception):
            self._wire.shutdown()

    @contextmanager
    def _said(self, *, octets: int = 0, limit: int = 1_000_000) -> Iterator[None]:
        """One command: its deadline, its limit, and its failures told apart."""
        self._wire.allowance = (
            self._patience.command_seconds + octets / self._patience.octets_a_second
        )
        self._wire.literal_limit = max(limit, 1_000_000)
        try:
            yield
        except (Stopped, TooLarge):
            raise
        except imaplib.IMAP4.error as error:
            if isinstance(error, imaplib.IMAP4.abort | ProtocolError):
                raise _lost(self._section, error) from error
            raise Refusal(str(error)) from error
        except Exception as error:  # whatever the libraries raise on what is not IMAP
            raise _lost(self._section, error) from error


# ---- opening


@contextmanager
def opened(
    section: MailboxSection,
    *,
    patience: Patience,
    stop: Stop,
    context: ssl.SSLContext | None = None,
) -> Iterator[Connection]:
    """A connection, encrypted as configured and logged in; Unavailable or Temporary.

    `context` is for tests with authorities of their own; by default the system's are believed
    and certificate and host name are verified.
    """
    client = _entered(section, patience, stop, context)
    connection = Connection(section, client, patience)
    try:
        yield connection
    finally:
        connection.close()


def _entered(
    section: MailboxSection, patience: Patience, stop: Stop, context: ssl.SSLContext | None
) -> _Client:
    """Connected and logged in; an access token that is refused is fetched again, once."""
    if not section.username:
        raise Unavailable(
            f"{_who(section)} lets nobody in without a login; put `username` and a password, "
            "or oauth, into its [[mailbox]]."
        )
    if section.oauth is None:
        return _logged_in(section, patience, stop, context, section.secret())
    token = _token(section)
    try:
        return _logged_in(section, patience, stop, context, token)
    except _NotLetIn:
        token = _token(section, refused=token)
    return _logged_in(section, patience, stop, context, token)


def _token(section: MailboxSection, refused: str | None = None) -> str:
    assert section.oauth is not None
    who = f'Mailbox "{section.name}"'
    return access_token(section.oauth, who=who, login=section.name, refused=refused)


def _logged_in(
    section: MailboxSection,
    patience: Patience,
    stop: Stop,
    context: ssl.SSLContext | None,
    secret: str,
) -> _Client:
    client = _connected(section, patience, stop, context)
    try:
        _login(section, client, secret)
    except BaseException:
        _shut(client)
        raise
    return client


def _connected(
    section: MailboxSection, patience: Patience, stop: Stop, context: ssl.SSLContext | None
) -> _Client:
    if section.tls != "none" and context is None:
        context = ssl.create_default_context()
    wire = {"context": context, "patience": patience, "stop": stop}
    client = None
    try:
        client = _Client(section, wire)
        if section.tls == "starttls":
            client.starttls(context)
    except (CapabilityError, InClear) as error:
        _shut(client)
        raise Unavailable(
            f"{_who(section)} does not offer encryption by STARTTLS, so no password was sent. "
            'If its TLS port is another (993), set `port` and tls = "implicit"; '
            "if it used to work, somebody may be in between.",
            detail=str(error),
        ) from error
    except (imaplib.IMAP4.error, ValueError, OSError) as error:
        _shut(client)
        raise _unreached(section, error, patience) from error
    except BaseException:
        _shut(client)
        raise
    return client


def _shut(client: _Client | None) -> None:
    if client is not None:
        with suppress(Exception):
            client._imap.shutdown()


def _login(section: MailboxSection, client: _Client, secret: str) -> None:
    user = section.username or ""
    try:
        if section.oauth:
            _login_by_token(section, client, secret)
        elif client.has_capability("LOGINDISABLED"):
            raise Unavailable(
                f"{_who(section)} takes no password on this connection; "
                'set tls = "starttls" or "implicit" in [[mailbox]].'
            )
        elif (user + secret).isascii() or not client.has_capability("AUTH=PLAIN"):
            client.login(_quoted(user), secret)
        else:  # LOGIN is ASCII; PLAIN is UTF-8 (RFC 4616 §2)
            client.plain_login(user, secret)
    except (imaplib.IMAP4.abort, ProtocolError, OSError) as error:
        raise _lost(section, error) from error
    except (LoginError, imaplib.IMAP4.error, UnicodeError) as error:
        raise _not_let_in(section, re.sub(r"\S{40,}", "…", str(error))) from error


def _login_by_token(section: MailboxSection, client: _Client, token: str) -> None:
    """SASL XOAUTH2; the challenge that carries an error is answered with nothing."""
    if not client.has_capability("AUTH=XOAUTH2"):
        raise Unavailable(
            f"{_who(section)} takes no OAuth 2 login (XOAUTH2); use a password in [[mailbox]], "
            "or correct `host`."
        )
    answers = [f"user={section.username}\x01auth=Bearer {token}\x01\x01".encode()]
    client.sasl_login("XOAUTH2", lambda _: answers.pop() if answers else b"")


def _quoted(user: str) -> str:
    """imaplib quotes the password only."""
    if re.fullmatch(r"[A-Za-z0-9._@+-]+", user):
        return user
    return '"' + user.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _not_let_in(section: MailboxSection, answer: str) -> MaildError:
    # RFC 5530 §3: codes that say that the login itself may be right
    if re.search(r"\[(UNAVAILABLE|INUSE|LIMIT|SERVERBUG)\]", answer, re.IGNORECASE):
        return Temporary(
            f"{_who(section)} lets nobody in at the moment. It is tried again by itself.",
            detail=answer,
        )
    todo = "Correct `username` and the password in [[mailbox]]."
    if section.oauth:
        todo = "Correct `username`; may the account that signed in, or the application, open it?"
    return _NotLetIn(
        f"{_who(section)} refuses the login of {section.username!r}. {todo}", detail=answer
    )


def _who(section: MailboxSection) -> str:
    """The subject of every sentence here."""
    return f'Mailbox "{section.name}": {section.host}:{section.port}'


def _lost(section: MailboxSection, error: Exception) -> Temporary:
    if isinstance(error, TimeoutError):
        what = "took too long to answer"
    elif isinstance(error, OSError | imaplib.IMAP4.abort):
        what = "closed the connection"
    else:
        what = "sent something that is not IMAP"
    return Temporary(
        f"{_who(section)} {what}. It is tried again by itself; if this lasts, look at the server.",
        detail=f"{type(error).__name__}: {error}"[:300],
    )


def _unreached(section: MailboxSection, error: Exception, patience: Patience) -> MaildError:
    """A sentence for each way not to get there."""
    who, detail = _who(section), f"{type(error).__name__}: {error}"[:300]
    if isinstance(error, ssl.SSLCertVerificationError):
        return Unavailable(
            f"{who} shows a certificate that is not valid for it "
            f"({error.verify_message.rstrip('.')}), so no password was sent. "
            "Have the certificate renewed, or correct `host`.",
            detail=detail,
        )
    if isinstance(error, ssl.SSLError):
        return Unavailable(
            f"{who} does not speak TLS there. Port 993 goes with tls = "
            '"implicit", port 143 with "starttls".',
            detail=detail,
        )
    if isinstance(error, socket.gaierror):
        return Temporary(
            f"{who} is not found: no address is known for this name. "
            "Correct `host` in [[mailbox]], or look at the name server.",
            detail=detail,
        )
    if isinstance(error, TimeoutError) or getattr(error, "errno", 0) == errno.ETIMEDOUT:
        return Temporary(
            f"{who} does not answer within {patience.connect_seconds:g} seconds. "
            "Are `host` and `port` right, does a firewall let us through, and does "
            '`tls` fit the port (993 "implicit", 143 "starttls")?',
            detail=detail,
        )
    if isinstance(error, ConnectionRefusedError):
        return Temporary(
            f"{who} refuses the connection. Does the IMAP server run, and is `port` right?",
            detail=detail,
        )
    return Temporary(
        f"{who} cannot be reached, or is not an IMAP server "
        f"({_first_line(error)}). Correct `host` and `port` in [[mailbox]], or look at the server.",
        detail=detail,
    )


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:120]


def probe(
    section: MailboxSection,
    *,
    patience: Patience | None = None,
    context: ssl.SSLContext | None = None,
) -> str:
    """Logs in and looks: one line of what is there (for `maild check`); changes nothing.

    Raises Unavailable or Temporary with a sentence about what to do.
    """
    patience = patience or Patience()
    with opened(section, patience=patience, stop=Stop(), context=context) as connection:
        connection.select(readonly=True)
        how = {"implicit": "TLS", "starttls": "STARTTLS", "none": "not encrypted"}[section.tls]
        how += ", OAuth 2" if section.oauth else ""
        news = "IDLE" if connection.idles else f"asked every {section.poll_seconds:g} s"
        after = _afterwards(section, connection)
        return (
            f"{_who(section)} ({how}), {section.folder} holds {connection.exists} messages, "
            f"{news}{after}"
        )


def _afterwards(section: MailboxSection, connection: Connection) -> str:
    if not section.after.startswith("move:"):
        return ""
    folder = section.after[5:].strip()
    missing = "" if connection.has_folder(folder) else ", which will be created"
    return f", moved to {folder} afterwards{missing}"


__all__ = ["Connection", "Refusal", "TooLarge", "opened", "probe"]
