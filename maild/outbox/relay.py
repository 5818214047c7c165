"""The SMTP relay: one connection at a time, each answer sorted by what to do next (H75, H77)."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import ssl
from dataclasses import dataclass
from functools import partial

import aiosmtplib
from aiosmtplib import SMTP

from maild.config import SmtpSection
from maild.errors import MaildError, Temporary, Unavailable
from maild.http import apart
from maild.oauth import access_token

TLS_HINT = "is the certificate valid, for this host name, and from an authority this machine knows?"


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one attempt at one recipient."""

    outcome: str  # sent | later | failed | unsure (lost after the final dot)
    code: int | None  # SMTP reply code
    text: str  # the server's words, one line


class Connection:
    """One SMTP session, opened when needed and used for many mails."""

    def __init__(self, smtp: SmtpSection) -> None:
        self._smtp = smtp
        self._client: SMTP | None = None
        self._used = 0.0  # on the loop's clock

    @property
    def is_open(self) -> bool:
        return self._client is not None and self._client.is_connected

    @property
    def idle_seconds(self) -> float:
        return asyncio.get_running_loop().time() - self._used if self.is_open else 0.0

    async def open(self) -> None:
        """Connects and logs in.  Temporary: try later; Unavailable: an admin must act."""
        self._used = asyncio.get_running_loop().time()
        if self.is_open:
            return
        token = await _token(self._smtp)
        try:
            self._client = await _logged_in(self._smtp, token)
        except _TokenRefused as refused:
            token = await _token(self._smtp, refused=token)
            try:
                self._client = await _logged_in(self._smtp, token)
            except _TokenRefused:
                raise _unreachable(self._smtp, refused.answer) from refused

    async def send(self, sender: str, recipient: str, octets: bytes) -> Answer:
        """One mail to one recipient; a total deadline, not one a read.  Never raises for SMTP."""
        assert self._client is not None
        stage = "envelope"
        try:
            async with asyncio.timeout(self._smtp.timeout_seconds * 3):
                await self._client.mail(sender)
                await self._client.rcpt(recipient)
                stage = "data"
                reply = await self._client.data(octets)
            return Answer("sent", reply.code, one_line(reply.message))
        except aiosmtplib.SMTPSenderRefused as error:
            # 552, 523: the mail itself is too large; else it is the relay's quarrel with us
            outcome = "failed" if error.code in (523, 552) else "later"
            await self._reset(error.code)
            return Answer(outcome, error.code, one_line(error.message))
        except aiosmtplib.SMTPResponseException as error:
            await self._reset(error.code)
            outcome = "failed" if 500 <= error.code < 600 else "later"
            return Answer(outcome, error.code, one_line(error.message))
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            self.drop()
            if isinstance(error, UnicodeError):
                return Answer("failed", None, "The address has letters that SMTP cannot carry.")
            what = "the connection was lost" if not _is_timeout(error) else "no answer in time"
            outcome = "unsure" if stage == "data" else "later"
            return Answer(outcome, None, f"{what} ({stage})")
        except asyncio.CancelledError:
            self.drop()
            raise

    async def close(self) -> None:
        """Says good-bye, in little time."""
        if self._client is not None and self.is_open:
            with contextlib.suppress(aiosmtplib.SMTPException, OSError):
                await self._client.quit(timeout=2)
        self.drop()

    def drop(self) -> None:
        """Forgets the connection without a word."""
        if self._client is not None:
            self._client.close()
        self._client = None

    async def _reset(self, code: int) -> None:
        """Ready for the next mail; RFC 5321 §3.8: after 421 the server closes."""
        if code == 421 or self._client is None:
            self.drop()
            return
        try:
            await self._client.rset()
        except (aiosmtplib.SMTPException, OSError):
            self.drop()


async def probe(smtp: SmtpSection) -> None:
    """Connects, logs in and leaves; raises what `maild check` shows."""
    connection = Connection(smtp)
    await connection.open()
    await connection.close()


def one_line(text: str, limit: int = 300) -> str:
    """A server's answer, fit for a row and the log: one line, no controls, never an AUTH line."""
    plain = " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f]+", " ", text).split())
    return plain[:limit]


def _client(smtp: SmtpSection) -> SMTP:
    context = None if smtp.tls == "none" else ssl.create_default_context()
    return SMTP(
        hostname=smtp.host,
        port=smtp.port,
        timeout=smtp.timeout_seconds,
        local_hostname=socket.gethostname(),
        use_tls=smtp.tls == "implicit",
        start_tls=smtp.tls == "starttls",  # True fails where the server lacks it (H19)
        tls_context=context,
    )


class _TokenRefused(Exception):
    """The relay does not take this access token."""

    def __init__(self, answer: aiosmtplib.SMTPAuthenticationError) -> None:
        super().__init__(answer.code)
        self.answer = answer


async def _token(smtp: SmtpSection, refused: str | None = None) -> str | None:
    """An access token, where the relay wants one: fetched in a thread, so that others go on."""
    if smtp.oauth is None:
        return None
    work = partial(access_token, smtp.oauth, who="The SMTP relay", login="smtp", refused=refused)
    return await asyncio.wrap_future(apart(work))


async def _logged_in(smtp: SmtpSection, token: str | None) -> SMTP:
    """Connected and logged in; _TokenRefused where another token may help."""
    client = _client(smtp)
    try:
        async with asyncio.timeout(smtp.timeout_seconds * 2):
            await client.connect()
            await _log_in(client, smtp, token)
    except BaseException as error:
        client.close()
        if token and isinstance(error, aiosmtplib.SMTPAuthenticationError) and error.code >= 500:
            raise _TokenRefused(error) from error
        if isinstance(error, aiosmtplib.SMTPException | OSError | ValueError):
            raise _unreachable(smtp, error) from error
        raise
    return client


async def _log_in(client: SMTP, smtp: SmtpSection, token: str | None) -> None:
    if smtp.username and token:
        await client.ehlo()
        if "xoauth2" not in client.server_auth_methods:
            raise aiosmtplib.SMTPNotSupported("OAuth 2, AUTH XOAUTH2")
        await client.auth_xoauth2(smtp.username, token)
    elif smtp.username:
        await client.login(smtp.username, smtp.secret())


def _unreachable(smtp: SmtpSection, error: BaseException) -> MaildError:
    """One sentence with what to do; never the words of the login (H79)."""
    at = f"The SMTP relay {smtp.host}:{smtp.port}"
    detail = f"{type(error).__name__} {getattr(error, 'code', '')}".strip()
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        if 500 <= error.code < 600:
            todo = "Check `username` and the password in [smtp]."
            if smtp.oauth:
                todo = "Check `username`; may the account, or the application, send by SMTP?"
            return Unavailable(
                f"{at} refuses the login of {smtp.username} ({error.code}). {todo}", detail=detail
            )
        return Temporary(f"{at} cannot log us in now ({error.code}).", detail=detail)
    if isinstance(_cause(error), ssl.SSLError):
        return Unavailable(
            f"{at} cannot be trusted: {one_line(str(_cause(error)), 120)}; {TLS_HINT}",
            detail=detail,
        )
    if isinstance(error, aiosmtplib.SMTPNotSupported) or "not supported" in str(error):
        return Unavailable(
            f"{at} does not offer what [smtp] asks for ({one_line(str(error), 120)}). Check `tls`, "
            "`username` and `port`.",
            detail=detail,
        )
    if isinstance(_cause(error), socket.gaierror):
        return Temporary(f"{at} is not found: check `host` in [smtp], and DNS.", detail=detail)
    if _is_timeout(error):
        return Temporary(
            f"{at} does not answer within {smtp.timeout_seconds:g} seconds.", detail=detail
        )
    return Temporary(
        f"{at} cannot be reached ({one_line(str(_cause(error)), 120)}). Check `host`, `port` and "
        "`tls` in [smtp], and that it runs.",
        detail=detail,
    )


def _cause(error: BaseException) -> BaseException:
    """The first error of the chain: what the operating system or TLS said."""
    while (before := error.__cause__ or error.__context__) is not None:
        error = before
    return error


def _is_timeout(error: BaseException) -> bool:
    return isinstance(error, TimeoutError | aiosmtplib.SMTPTimeoutError)
