"""A connection that is encrypted as configured and logged in, or a sentence about why not."""

from __future__ import annotations

import imaplib
import re
import ssl
from contextlib import suppress
from typing import Any

from imapclient import IMAPClient
from imapclient.exceptions import CapabilityError, LoginError, ProtocolError

from maild.config import MailboxSection
from maild.errors import Unavailable
from maild.i18n import sentence
from maild.ingest.imap.failures import NotLetIn, busy, lost, not_let_in, unreached, who
from maild.ingest.imap.responses import passing, words_of
from maild.ingest.imap.wire import InClear, Patience, Stop, Wire
from maild.oauth import access_token


class Client(IMAPClient):  # type: ignore[misc]
    """imapclient on our wire."""

    def __init__(self, section: MailboxSection, wire: dict[str, Any]) -> None:
        self._wire = wire
        super().__init__(section.host, section.port, ssl=section.tls == "implicit")
        self._imap.debug = 0  # the library forces 5, which copies every octet into debug text
        self.normalise_times = False  # a time without its zone is none

    def _create_IMAP4(self) -> Wire:
        return Wire(self.host, self.port, implicit=self.ssl, **self._wire)

    def _set_read_timeout(self) -> None:
        """The wire keeps its own time."""


def logged_in(
    section: MailboxSection, patience: Patience, stop: Stop, context: ssl.SSLContext | None
) -> Client:
    """A client that is logged in; an access token that is refused is fetched again, once."""
    if section.oauth is None:
        return _attempt(section, patience, stop, context, section.secret())
    token = _token(section)
    try:
        return _attempt(section, patience, stop, context, token)
    except NotLetIn:
        token = _token(section, refused=token)
    return _attempt(section, patience, stop, context, token)


def _token(section: MailboxSection, refused: str | None = None) -> str:
    assert section.oauth is not None
    name = f'Mailbox "{section.name}"'
    return access_token(section.oauth, who=name, login=section.name, refused=refused)


def _attempt(
    section: MailboxSection,
    patience: Patience,
    stop: Stop,
    context: ssl.SSLContext | None,
    secret: str,
) -> Client:
    client = _connected(section, patience, stop, context)
    try:
        if client._imap.state != "AUTH":  # PREAUTH (RFC 3501 §7.1.4): let in without a login
            _log_in(section, client, secret)
    except BaseException:
        _shut(client)
        raise
    return client


def _connected(
    section: MailboxSection, patience: Patience, stop: Stop, context: ssl.SSLContext | None
) -> Client:
    if section.tls != "none" and context is None:
        context = ssl.create_default_context()
    wire = {"context": context, "patience": patience, "stop": stop}
    client = None
    try:
        client = Client(section, wire)
        if section.tls == "starttls":
            _encrypt(section, client, context)
    except (CapabilityError, InClear) as error:
        _shut(client)
        raise Unavailable(
            sentence(
                "{who} does not offer encryption by STARTTLS, so no password was sent. If its TLS "
                'port is another (993), set `port` and tls = "implicit"; if it used to work, '
                "somebody may be in between.",
                who=who(section),
            ),
            detail=str(error),
        ) from error
    except (imaplib.IMAP4.error, ValueError, OSError) as error:
        _shut(client)
        raise unreached(section, error, patience) from error
    except BaseException:
        _shut(client)
        raise
    return client


def _encrypt(section: MailboxSection, client: Client, context: ssl.SSLContext | None) -> None:
    if client._imap.state == "AUTH":  # RFC 9051 §6.2.1: STARTTLS is no longer possible
        raise Unavailable(
            sentence(
                "{who} lets us in before the connection is encrypted (PREAUTH), so nothing was "
                'asked of it. Set port = 993 and tls = "implicit"; if it used to work, somebody '
                "may be in between.",
                who=who(section),
            )
        )
    client.starttls(context)


def _shut(client: Client | None) -> None:
    if client is not None:
        with suppress(Exception):
            client._imap.shutdown()


def _log_in(section: MailboxSection, client: Client, secret: str) -> None:
    if not section.username:
        raise Unavailable(
            sentence(
                "{who} lets nobody in without a login; put `username` and a password, or oauth, "
                "into its [[mailbox]].",
                who=who(section),
            )
        )
    try:
        if section.oauth:
            _by_token(section, client, secret)
        else:
            _by_password(section, client, section.username, secret)
    except (imaplib.IMAP4.error, OSError) as error:
        # imapclient makes a LoginError of whatever went wrong
        cause = error.__context__ if isinstance(error, LoginError) else None
        for one in (error, cause):
            if isinstance(one, imaplib.IMAP4.abort | ProtocolError | OSError):
                raise lost(section, one, farewell(client._imap, secret)) from error
        raise _refused(section, client, words_of(error, secret), str(error)) from error


def _refused(section: MailboxSection, client: Client, words: str, error: str) -> Exception:
    """NO is about the login; BAD is about the server (Exchange throttles by it)."""
    alert = "; ".join(client._imap.alerts)
    words = f"{words}; {alert}" if alert and alert not in words else words
    if "command error: BAD" in error and not passing(words):
        return busy(section, sentence("does not understand the login"), words)
    return not_let_in(section, words)


def farewell(wire: Wire, *secrets: str) -> str:
    """What the server said of why it hangs up (RFC 3501 §7.1.5), and its alerts."""
    said = [line.decode("utf-8", "replace") for line in wire.taken("BYE")]
    return words_of("; ".join(dict.fromkeys([*said, *wire.alerts])), *secrets)


def _by_password(section: MailboxSection, client: Client, user: str, secret: str) -> None:
    disabled, plain = client.has_capability("LOGINDISABLED"), client.has_capability("AUTH=PLAIN")
    if disabled and (not plain or section.tls == "none"):
        raise Unavailable(
            sentence(
                '{who} takes no password on this connection; set tls = "starttls" or "implicit" in '
                "[[mailbox]].",
                who=who(section),
            )
        )
    if plain and (disabled or not _printable(user + secret)):
        client.plain_login(user, secret)  # UTF-8 (RFC 4616 §2)
    elif _printable(user + secret):
        client.login(_quoted(user), secret)
    else:
        _by_literals(client._imap, user.encode(), secret.encode())


def _printable(text: str) -> bool:
    """Whether it can stand in a quoted string (RFC 3501 §4.3)."""
    return text.isascii() and text.isprintable()


def _by_literals(wire: Wire, user: bytes, secret: bytes) -> None:
    """LOGIN with octets that no quoted string holds, each after the server's "+"."""
    tag = wire._new_tag()
    wire.send(tag + b" LOGIN {%d}\r\n" % len(user))
    for item in (user + b" {%d}\r\n" % len(secret), secret + b"\r\n"):
        while wire._get_response() is not None:
            if wire.tagged_commands[tag]:
                break
        if not wire.tagged_commands[tag]:
            wire.send(item)
    kind, data = wire._command_complete("LOGIN", tag)
    if kind != "OK":
        raise LoginError(str(data[-1]))
    wire.state = "AUTH"


def _by_token(section: MailboxSection, client: Client, token: str) -> None:
    """SASL XOAUTH2; the challenge that carries an error is answered with nothing."""
    if not client.has_capability("AUTH=XOAUTH2"):
        raise Unavailable(
            sentence(
                "{who} takes no OAuth 2 login (XOAUTH2); use a password in [[mailbox]], or correct "
                "`host`.",
                who=who(section),
            )
        )
    answers = [f"user={section.username}\x01auth=Bearer {token}\x01\x01".encode()]
    client.sasl_login("XOAUTH2", lambda _: answers.pop() if answers else b"")


def _quoted(user: str) -> str:
    """imaplib quotes the password only."""
    if re.fullmatch(r"[A-Za-z0-9._@+-]+", user):
        return user
    return '"' + user.replace("\\", "\\\\").replace('"', '\\"') + '"'
