"""The SMTP relay: one connection at a time, each answer sorted by what to do next (H75, H77)."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import ssl
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeAlias

import aiosmtplib
from aiosmtplib import SMTP

from maild.config import SmtpSection
from maild.errors import MaildError, Temporary, Unavailable
from maild.http import apart
from maild.i18n import sentence
from maild.model import is_sendable
from maild.oauth import access_token
from maild.outbox.answers import Answer, SendOutcome, Stage, judge
from maild.outbox.session import Session

SLOWEST = 10_000  # octets a second: what a slow line gets for a large mail
HELD_BACK = 65_536  # octets of a mail that wait for the mark: a small one as a whole
STAGES: tuple[Stage, ...] = ("mail", "rcpt", "data")
LOST_AFTER_THE_DOT = "the connection was lost when all was said; perhaps the relay has it"
NO_SUCH = "The address has letters that SMTP cannot carry."
NO_UTF8 = "The address has letters that the relay cannot carry: it does not offer SMTPUTF8."


Mark: TypeAlias = Callable[[], Awaitable[None]]


class Connection:
    """One SMTP session, opened when needed and used for many mails."""

    def __init__(self, smtp: SmtpSection) -> None:
        self._smtp = smtp
        self._session: Session | None = None
        self._used = 0.0  # on the loop's clock

    @property
    def is_open(self) -> bool:
        """Whether the server is still there, as far as we know."""
        return self._session is not None and self._session.is_open

    @property
    def idle_seconds(self) -> float:
        """How long nothing went over it; 0 where it is closed."""
        return asyncio.get_running_loop().time() - self._used if self.is_open else 0.0

    async def open(self) -> None:
        """Connects and logs in.  Temporary: try later; Unavailable: an admin must act."""
        self._used = asyncio.get_running_loop().time()
        if self.is_open:
            return
        self.drop()
        token = await _token(self._smtp)
        try:
            self._session = await _logged_in(self._smtp, token)
        except _TokenRefused as refused:
            token = await _token(self._smtp, refused=token)
            try:
                self._session = await _logged_in(self._smtp, token)
            except _TokenRefused:
                raise _unreachable(self._smtp, refused.answer) from refused

    async def send(self, sender: str, recipient: str, mail: bytes, mark: Mark) -> Answer:
        """One mail to one recipient; deadlines for the whole, not one a read.  Never raises for
        SMTP.

        `mark` is awaited before the final dot.  What it raises is raised here, and the relay has
        not taken the mail.
        """
        self._stage: Stage = "mail"
        self._dotted = False
        try:
            async with asyncio.timeout(self._smtp.timeout_seconds * 3) as self._deadline:
                return await self._sent(sender, recipient, mail, mark)
        except aiosmtplib.SMTPResponseException as error:
            return await self._answered(error)
        except UnicodeError:
            self.drop()
            return Answer(SendOutcome.FAILED, None, NO_SUCH)
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            self.drop()
            return self._lost(error)
        except BaseException:
            self.drop()
            raise

    async def _sent(self, sender: str, recipient: str, mail: bytes, mark: Mark) -> Answer:
        session = self._session
        assert session is not None
        most = _announced_size(session)
        if most is not None and len(mail) > most:
            return Answer(
                SendOutcome.TOO_LARGE, None, f"the relay takes mails up to {most} bytes", most
            )
        if not all(is_sendable(one) for one in (recipient, sender or recipient)):
            return Answer(SendOutcome.FAILED, None, NO_SUCH)
        options = [f"SIZE={len(mail)}"] if "size" in session.extensions else []
        encoding = "ascii"
        if not (sender + recipient).isascii() or not mail.isascii():
            if "smtputf8" not in session.extensions:
                return Answer(SendOutcome.FAILED, None, NO_UTF8)
            options += ["SMTPUTF8", "BODY=8BITMIME"]  # RFC 6531 §3.4
            encoding = "utf-8"
        from_whom = " ".join([f"MAIL FROM:<{sender}>", *options]).encode(encoding)
        await self._envelope(session, from_whom, f"RCPT TO:<{recipient}>".encode(encoding))
        return await self._handed_over(session, _stuffed(mail), mark)

    async def _envelope(self, session: Session, sender: bytes, recipient: bytes) -> None:
        """Raises for the first reply that does not begin with its digit (RFC 5321 §4.2.1); the
        commands go out together where the relay says that it can (RFC 2920)."""
        together = "pipelining" in session.extensions
        if together:
            session.say(sender, recipient, b"DATA")
        else:
            session.say_in_turn(sender, (2, recipient), (2, b"DATA"))
        try:
            for self._stage, good in zip(STAGES, (2, 2, 3), strict=True):
                reply = await session.reply()
                if reply.code // 100 != good:
                    raise aiosmtplib.SMTPResponseException(reply.code, reply.message)
        except asyncio.CancelledError:  # too late; in turn, only the last reply would have told us
            if not together and not session.unsaid:
                self._stage = "data"
            raise

    async def _handed_over(self, session: Session, mail: bytes, mark: Mark) -> Answer:
        """What waits for the mark goes out with the dot, so that the relay looks once for both.  It
        may refuse a large mail before it has all of it; then it has not taken it."""
        seconds = self._smtp.timeout_seconds * 3 + len(mail) / SLOWEST
        self._deadline.reschedule(asyncio.get_running_loop().time() + seconds)
        session.expect()
        if len(mail) > HELD_BACK:
            session.write(mail[:-HELD_BACK])
        if await session.drained():
            await mark()
        if await session.drained():
            session.write(mail[-HELD_BACK:] + b".\r\n")
            self._dotted = True
        else:
            self.drop()  # it may wait for the rest
        reply = await session.reply()
        if not (200 <= reply.code < 300 and self._dotted):
            raise aiosmtplib.SMTPDataError(reply.code, reply.message)
        return Answer(SendOutcome.SENT, reply.code, readable(reply.message))

    async def _answered(self, error: aiosmtplib.SMTPResponseException) -> Answer:
        """What a reply means that is not the one hoped for.  One that refuses nothing, or is none,
        is out of turn, and so would be all that follows on this connection."""
        if not 400 <= error.code < 600:
            self.drop()
            return self._lost(error)
        text = readable(error.message)
        outcome = judge(self._stage, error.code, text)
        await self._reset(outcome)
        return Answer(outcome, error.code, text)

    def _lost(self, error: BaseException) -> Answer:
        """No answer, or none that makes sense: after the final dot nobody knows; before it the mail
        is not there."""
        stage = "data" if self._stage == "data" else "envelope"
        if self._dotted:
            return Answer(SendOutcome.UNSURE, None, LOST_AFTER_THE_DOT)
        if _is_timeout(error):
            return Answer(SendOutcome.LATER, None, f"no answer in time ({stage})")
        if isinstance(error, aiosmtplib.SMTPResponseException):
            said = f"{max(error.code, 0) or ''} {readable(error.message, 100)}".strip()
            return Answer(SendOutcome.DROPPED, None, f"it answered out of turn: {said}")
        return Answer(SendOutcome.DROPPED, None, f"the connection was lost ({stage})")

    async def close(self) -> None:
        """Says good-bye, in little time."""
        if self._session is not None and self.is_open:
            with contextlib.suppress(aiosmtplib.SMTPException, OSError):
                async with asyncio.timeout(2):
                    self._session.say(b"QUIT")
                    await self._session.reply()
        self.drop()

    def drop(self) -> None:
        """Forgets the connection without a word."""
        if self._session is not None:
            self._session.close()
        self._session = None

    async def _reset(self, outcome: SendOutcome) -> None:
        """Ready for the next mail; RFC 5321 §3.8: after 421 the server closes."""
        session = self._session
        if outcome == SendOutcome.DROPPED or session is None:
            self.drop()
            return
        try:
            async with asyncio.timeout(self._smtp.timeout_seconds):
                while session.owed:
                    if (await session.reply()).code // 100 == 3:  # it waits for a mail
                        raise aiosmtplib.SMTPServerDisconnected("none comes")
                session.say(b"RSET")
                reply = await session.reply()
        except (aiosmtplib.SMTPException, OSError):
            self.drop()
            return
        if reply.code // 100 != 2:
            self.drop()


async def probe(smtp: SmtpSection) -> None:
    """Connects, logs in and leaves; raises what `maild check` shows."""
    connection = Connection(smtp)
    await connection.open()
    await connection.close()


def readable(text: str, limit: int = 300) -> str:
    """A server's answer, fit for a row and the log: one line, no controls, `limit` at most."""
    plain = " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f]+", " ", text).split())
    plain = re.sub("[\ud800-\udfff]", "\ufffd", plain)  # octets that are no UTF-8
    return plain[:limit]


def _announced_size(session: Session) -> int | None:
    """The largest mail that the server takes, in octets (RFC 1870 §4); None: it names no limit."""
    said = session.extensions.get("size", "").strip()
    most = int(said) if re.fullmatch("[0-9]{1,20}", said) else 0
    return most or None


def _stuffed(mail: bytes) -> bytes:
    """The octets between DATA and the final dot (RFC 5321 §4.5.2).

    No CR or LF stands alone (§2.3.8): what one relay takes for text, the next takes for the end.
    """
    if not mail.count(b"\r\n") == mail.count(b"\r") == mail.count(b"\n"):
        mail = re.sub(rb"\r\n|\r|\n", b"\r\n", mail)
    mail = mail.replace(b"\n.", b"\n..")
    return (b"." if mail[:1] == b"." else b"") + mail + (b"" if mail[-2:] == b"\r\n" else b"\r\n")


def _client(smtp: SmtpSection) -> SMTP:
    context = None if smtp.tls == "none" else ssl.create_default_context()
    return SMTP(
        hostname=smtp.host,
        port=smtp.port,
        timeout=smtp.timeout_seconds,
        local_hostname=smtp.helo or socket.gethostname(),
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


async def _logged_in(smtp: SmtpSection, token: str | None) -> Session:
    """Connected and logged in; _TokenRefused where another token may help."""
    client = _client(smtp)
    try:
        async with asyncio.timeout(smtp.timeout_seconds * 2):
            await client.connect()
            await _greet(client)
            await _log_in(client, smtp, token)
        return Session(client)
    except BaseException as error:
        client.close()
        if token and isinstance(error, aiosmtplib.SMTPAuthenticationError) and error.code >= 500:
            raise _TokenRefused(error) from error
        if isinstance(error, aiosmtplib.SMTPException | OSError | ValueError):
            raise _unreachable(smtp, error) from error
        raise


async def _greet(client: SMTP) -> None:
    """EHLO, and HELO where that is refused (RFC 5321 §3.2)."""
    if not client.is_ehlo_or_helo_needed:
        return
    try:
        await client.ehlo()
    except aiosmtplib.SMTPHeloError as error:
        if not 400 <= error.code < 600:  # an answer out of turn; all that follows would be, too
            raise
        await client.helo()


async def _log_in(client: SMTP, smtp: SmtpSection, token: str | None) -> None:
    if smtp.username and token:
        if "xoauth2" not in client.server_auth_methods:
            raise aiosmtplib.SMTPNotSupported("OAuth 2, AUTH XOAUTH2")
        await client.auth_xoauth2(smtp.username, token)
    elif smtp.username:
        await client.login(smtp.username, smtp.secret())


def refuses_us(smtp: SmtpSection, answer: Answer) -> MaildError:
    """What holds the queue: the relay takes no mail of ours (H103)."""
    said = f"{answer.code or ''} {answer.text.rstrip('.')}".strip()
    hint: str = next((todo for word, todo in HINTS if re.search(word, said, re.IGNORECASE)), "")
    what = sentence('takes no mail from us. It says: "{words}".{hint}', words=said, hint=hint)
    if answer.code is None:
        what = sentence("breaks one connection after the other ({words}).", words=said)
    return Temporary(
        sentence(
            "{who} {what} Nothing is lost: all mail waits, and goes out by itself when the relay "
            "takes it.",
            who=_who(smtp),
            what=what,
        ),
        detail=said,
    )


def _who(smtp: SmtpSection) -> str:
    return sentence("The SMTP relay {host}", host=f"{smtp.host}:{smtp.port}")


HINTS = (
    (
        r"helo|ehlo|hostname",
        sentence(" Set `helo` in [smtp] to a full name, like desk.example.com."),
    ),
    (r"authenticat", sentence(" Put `username` and a password into [smtp].")),
    (r"send ?as|owned|permitted|sender", sentence(" May this login send as `[desk] address`?")),
    (r"limit|quota|too many", sentence(" Ask for a higher limit, or set `per_minute` in [smtp].")),
    (r"relay", sentence(" Does it know us, by `username` or by our address?")),
)


def _unreachable(smtp: SmtpSection, error: BaseException) -> MaildError:
    """One sentence with what to do; the server's words, but never those of the login (H79)."""
    at = _who(smtp)
    detail = f"{type(error).__name__} {getattr(error, 'code', '')}".strip()
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        return _login_refused(smtp, at, error, detail)
    if isinstance(error, aiosmtplib.SMTPResponseException):  # greeting, EHLO, STARTTLS
        text = readable(error.message)
        return refuses_us(smtp, Answer(SendOutcome.OURS, error.code, text))
    if isinstance(_cause(error), ssl.SSLError):
        return Unavailable(
            sentence(
                "{who} cannot be trusted: {why}; is the certificate valid, for this host name, and "
                "from an authority this machine knows?",
                who=at,
                why=readable(str(_cause(error)), 120),
            ),
            detail=detail,
        )
    if isinstance(error, aiosmtplib.SMTPNotSupported) or "not supported" in str(error):
        return Unavailable(
            sentence(
                "{who} does not offer what [smtp] asks for ({why}). Check `tls`, `username` and "
                "`port`.",
                who=at,
                why=readable(str(error), 120),
            ),
            detail=detail,
        )
    if isinstance(_cause(error), socket.gaierror):
        return Temporary(
            sentence("{who} is not found: check `host` in [smtp], and DNS.", who=at), detail=detail
        )
    if _is_timeout(error):
        return Temporary(
            sentence(
                "{who} does not answer within {seconds} seconds.",
                who=at,
                seconds=f"{smtp.timeout_seconds:g}",
            ),
            detail=detail,
        )
    return Temporary(
        sentence(
            "{who} cannot be reached ({why}). Check `host`, `port` and `tls` in [smtp], and that "
            "it runs.",
            who=at,
            why=readable(str(_cause(error)), 120),
        ),
        detail=detail,
    )


def _login_refused(
    smtp: SmtpSection, at: str, error: aiosmtplib.SMTPAuthenticationError, detail: str
) -> MaildError:
    if not 500 <= error.code < 600:
        return Temporary(
            sentence("{who} cannot log us in now ({code}).", who=at, code=error.code), detail=detail
        )
    todo = sentence("Check `username` and the password in [smtp].")
    if smtp.oauth:
        todo = sentence("Check `username`; may the account, or the application, send by SMTP?")
    return Unavailable(
        sentence(
            "{who} refuses the login of {user} ({code}). {todo}",
            who=at,
            user=smtp.username or "",
            code=error.code,
            todo=todo,
        ),
        detail=detail,
    )


def _cause(error: BaseException) -> BaseException:
    """The first error of the chain: what the operating system or TLS said."""
    while (before := error.__cause__ or error.__context__) is not None:
        error = before
    return error


def _is_timeout(error: BaseException) -> bool:
    return isinstance(error, TimeoutError | aiosmtplib.SMTPTimeoutError)
