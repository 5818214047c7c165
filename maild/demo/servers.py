"""An IMAP and an SMTP server of our own on loopback, for the demo and the tests.

    with closing(Servers()) as servers:
        servers.imap.add_user("support@example.com", "secret")
        servers.imap.deliver("support@example.com", b"Subject: hello\\r\\n\\r\\n")
        servers.wait_for(lambda: servers.smtp.received)

Both run in one background thread.  A mail that the SMTP server takes for an address that is an
IMAP user lands in that user's INBOX, so customers and technicians of a story have mailboxes too.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
import time
from argparse import Namespace
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from email.utils import format_datetime, localtime
from typing import Any, Literal, TypeVar

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from proxyprotocol.sock import SocketInfo
from pymap.backend.dict import Config as PymapConfig
from pymap.backend.dict import DictBackend, Login
from pymap.backend.dict.filter import FilterSet
from pymap.backend.dict.mailbox import MailboxData, MailboxSet
from pymap.concurrent import Event
from pymap.config import BackendCapability
from pymap.imap import IMAPServer
from pymap.parsing.message import AppendMessage
from pymap.parsing.specials import FetchRequirement, Flag, ObjectId
from pymap.selected import SelectedMailbox
from pymap.user import UserMetadata
from pysasl.hashing import Cleartext

HOST = "127.0.0.1"
WAIT_SECONDS = 120.0  # how long a story waits for what must come, on a machine however busy

Result = TypeVar("Result")


class Background:
    """An event loop in a thread of its own; `call` runs a coroutine there to its result."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="servers", daemon=True)
        self._thread.start()

    def call(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(WAIT_SECONDS)

    def close(self) -> None:
        """Ends every task that is left, then the loop and its thread."""
        self.call(_cancel_the_others())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


async def _cancel_the_others() -> None:
    tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class Bell:
    """Wakes whoever waits for something to become true in another thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._rings = 0

    def ring(self) -> None:
        with self._changed:
            self._rings += 1
            self._changed.notify_all()

    def wait_for(
        self,
        what: Callable[[], Result | None],
        *,
        seconds: float = WAIT_SECONDS,
        every: float = 0.05,
    ) -> Result:
        """The first true value of `what`, looked at whenever the bell rings and at least
        every so many seconds (for what rings no bell); TimeoutError when it never comes."""
        end = time.monotonic() + seconds
        heard = self._rings
        while not (value := what()):  # without the lock: it may need the thread that rings
            if time.monotonic() > end:
                raise TimeoutError(f"waited {seconds} s in vain")
            with self._changed:
                if self._rings == heard:
                    self._changed.wait(every)
                heard = self._rings
        return value


# ---- IMAP


class _ImapConfig(PymapConfig):
    idle = True

    @property
    def greeting(self) -> bytes:
        return b"ready"  # the library's own asks DNS for a name

    @property
    def backend_capability(self) -> BackendCapability:
        return BackendCapability(idle=self.idle, object_id=True, multi_append=True)


class _Folder(MailboxData):
    async def update_selected(
        self, selected: SelectedMailbox, *, wait_on: Event | None = None
    ) -> SelectedMailbox:
        """The library's own waits for the next change, even where one just went by unseen, so
        that an IDLE would sleep through a mail that came a moment before it."""
        seen = selected.mod_sequence
        behind = seen is None or seen < self._mod_sequences.highest
        return await super().update_selected(selected, wait_on=None if behind else wait_on)


class _Folders(MailboxSet):
    def __init__(self) -> None:
        super().__init__()
        self._inbox = self._new()

    def _new(self) -> MailboxData:
        return _Folder(self._content_cache, self._thread_cache)

    async def add_mailbox(self, name: str) -> ObjectId:
        await super().add_mailbox(name)
        self._set[name] = self._new()
        return self._set[name].mailbox_id


class ImapServer:
    """pymap with mailboxes in memory: IDLE, MOVE, UIDPLUS; a user is known by his address."""

    def __init__(self, background: Background, bell: Bell, *, idle: bool = True) -> None:
        self.host = HOST
        self._background = background
        self._bell = bell
        self._config = _ImapConfig(
            Namespace(passlib_cfg=None, proxy_protocol=None),
            host=HOST,
            port=0,
            tls_enabled=False,
            reject_dnsbl=False,
            invalid_user_sleep=0,
            hash_context=Cleartext(),
            demo_data=False,
            demo_user="",
            demo_password="",
        )
        self._config.idle = idle
        self._login = Login(self._config)
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = background.call(self._start(0))

    async def _start(self, port: int) -> int:
        backend = DictBackend(self._login, self._config)
        serve = IMAPServer(backend.login, self._config)

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._writers.add(writer)
            try:
                await serve(reader, writer, SocketInfo.get(writer, None))
            finally:
                self._writers.discard(writer)

        self._server = await asyncio.start_server(connected, HOST, port)
        return int(self._server.sockets[0].getsockname()[1])

    def add_user(self, address: str, password: str, folders: Iterable[str] = ()) -> None:
        """A new user with an INBOX and these folders."""

        async def add() -> None:
            self._login.users_dict[address] = UserMetadata(self._config, address, password=password)
            boxes = _Folders()
            self._config.set_cache[address] = (boxes, FilterSet())
            for folder in folders:
                await boxes.add_mailbox(folder)

        self._background.call(add())

    def has_user(self, address: str) -> bool:
        return address in self._login.users_dict

    def deliver(
        self, address: str, octets: bytes, folder: str = "INBOX", flags: Iterable[str] = ()
    ) -> int:
        """Puts a message into a folder, as a delivery agent does; returns its UID."""
        return self._background.call(self.delivered(address, octets, folder, flags))

    async def delivered(
        self, address: str, octets: bytes, folder: str = "INBOX", flags: Iterable[str] = ()
    ) -> int:
        """`deliver`, for those who are in the servers' loop already."""
        box = await self._box(address, folder)
        marks = frozenset(Flag(flag.encode()) for flag in flags)
        message = await box.append(AppendMessage(octets, localtime(), marks))
        self._bell.ring()
        return int(message.uid)

    def messages(self, address: str, folder: str = "INBOX") -> dict[int, bytes]:
        """What is in a folder: UID → octets, oldest first."""

        async def look() -> dict[int, bytes]:
            box = await self._box(address, folder)
            found = {}
            async for message in box.messages():
                content = await message.load_content(FetchRequirement.get_all())
                found[int(message.uid)] = bytes(content.get_body())
            return found

        return self._background.call(look())

    def flags(self, address: str, uid: int, folder: str = "INBOX") -> set[str]:
        async def look() -> set[str]:
            box = await self._box(address, folder)
            return {str(flag) for flag in box._messages[uid].permanent_flags}

        return self._background.call(look())

    def renumber(self, address: str, folder: str = "INBOX") -> None:
        """The folder gets another UIDVALIDITY, as after a restore."""

        async def change() -> None:
            (await self._box(address, folder))._uid_validity += 1

        self._background.call(change())

    def drop_connections(self) -> None:
        """Cuts every connection, as a failing network does."""

        async def drop() -> None:
            for writer in list(self._writers):
                writer.transport.abort()

        self._background.call(drop())

    def pause(self) -> None:
        """Refuses every connection until `resume`; the mailboxes stay as they are."""

        async def stop() -> None:
            self._server.close()
            for writer in list(self._writers):
                writer.transport.abort()

        self._background.call(stop())

    def resume(self) -> None:
        """Listens again, on the same port."""
        self._background.call(self._start(self.port))

    async def _box(self, address: str, folder: str) -> MailboxData:
        boxes, _ = self._config.set_cache[address]
        return await boxes.get_mailbox(folder)

    def close(self) -> None:
        self.pause()


# ---- SMTP


@dataclass(frozen=True, slots=True)
class Received:
    """One mail as the SMTP server got it."""

    sender: str  # MAIL FROM
    recipients: tuple[str, ...]  # RCPT TO that were taken
    octets: bytes  # as transmitted


Fault = Literal["hang", "drop"]


@dataclass(slots=True)
class _Retry:
    answer: str | Fault  # a reply line; "hang": no answer; "drop": the connection is cut
    at: Literal["rcpt", "data"]
    times: int


@dataclass(slots=True)
class _Handler:
    """What aiosmtpd asks; names are its own."""

    server: SmtpServer
    troubles: dict[str, list[_Retry]] = field(default_factory=dict)

    def _trouble(self, address: str, at: str) -> _Retry | None:
        for trouble in self.troubles.get(address.lower(), []):
            if trouble.at == at and trouble.times > 0:
                trouble.times -= 1
                return trouble
        return None

    async def handle_RCPT(
        self, smtp: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        trouble = self._trouble(address, "rcpt")
        if trouble:
            return await _answer(smtp, trouble)
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, smtp: SMTP, session: Session, envelope: Envelope) -> str:
        troubles = [self._trouble(address, "data") for address in envelope.rcpt_tos]
        trouble = next((one for one in troubles if one), None)
        if trouble is None or trouble.answer == "drop":  # dropped: taken, but nobody is told
            await self.server.take(
                Received(
                    envelope.mail_from or "",
                    tuple(envelope.rcpt_tos),
                    bytes(envelope.original_content or b""),
                )
            )
        return await _answer(smtp, trouble) if trouble else "250 2.0.0 OK"


async def _answer(smtp: SMTP, trouble: _Retry) -> str:
    if trouble.answer == "hang":
        await asyncio.Event().wait()
    if trouble.answer == "drop":
        _cut(smtp)
    return trouble.answer


def _cut(smtp: SMTP) -> None:
    if isinstance(smtp.transport, asyncio.Transport):
        smtp.transport.abort()


class SmtpServer:
    """aiosmtpd that keeps what it gets and fails where it is told to."""

    def __init__(
        self,
        background: Background,
        bell: Bell,
        *,
        login: tuple[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`login`: the one user name and password that may send; `tls`: STARTTLS is offered."""
        self.host = HOST
        self.received: list[Received] = []
        self._background = background
        self._bell = bell
        self._handler = _Handler(self)
        self._receivers: list[Callable[[Received], Coroutine[Any, Any, None]]] = []
        self._options: dict[str, Any] = {"hostname": "localhost", "enable_SMTPUTF8": True}
        if tls:
            self._options |= {"tls_context": tls, "require_starttls": True}
        if login:
            self._options |= {
                "auth_required": True,
                "auth_require_tls": tls is not None,
                "authenticator": _only(login),
            }
        self._protocols: list[SMTP] = []
        self.port = background.call(self._start())

    async def _start(self) -> int:
        def connected() -> SMTP:
            protocol = SMTP(self._handler, **self._options)
            self._protocols.append(protocol)
            return protocol

        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(connected, HOST, 0)
        return int(self._server.sockets[0].getsockname()[1])

    def fail(
        self,
        recipient: str,
        answer: str | Fault,
        *,
        at: Literal["rcpt", "data"] = "rcpt",
        times: int = 1_000_000,
    ) -> None:
        """Answers this recipient's mail with a reply line ("450 4.2.0 later"), "hang" or "drop".

        "drop" at "data" takes the mail and cuts the connection before the client is told.
        """
        self._handler.troubles.setdefault(recipient.lower(), []).append(_Retry(answer, at, times))

    def heal(self, recipient: str) -> None:
        self._handler.troubles.pop(recipient.lower(), None)

    def on_mail(self, receiver: Callable[[Received], Coroutine[Any, Any, None]]) -> None:
        """Also hands every mail to `receiver`, in the servers' loop."""
        self._receivers.append(receiver)

    async def take(self, mail: Received) -> None:
        for receiver in self._receivers:
            await receiver(mail)
        self.received.append(mail)
        self._bell.ring()

    def to(self, address: str) -> list[Received]:
        """The mails that this address got, oldest first."""
        return [mail for mail in self.received if address in mail.recipients]

    def close(self) -> None:
        async def stop() -> None:
            self._server.close()
            for protocol in self._protocols:
                _cut(protocol)

        self._background.call(stop())


def _only(login: tuple[str, str]) -> Callable[..., AuthResult]:
    def check(
        server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        user, password = login
        good = isinstance(data, LoginPassword) and (data.login, data.password) == (
            user.encode(),
            password.encode(),
        )
        return AuthResult(success=good, handled=False)

    return check


# ---- both


class Servers:
    """Both servers, started; mail that is sent to an IMAP user lands in his INBOX."""

    def __init__(self, *, idle: bool = True) -> None:
        self._background = Background()
        self._bell = Bell()
        self.imap = ImapServer(self._background, self._bell, idle=idle)
        self.smtp = SmtpServer(self._background, self._bell)
        self.smtp.on_mail(self._to_mailboxes)
        self.wait_for = self._bell.wait_for

    async def _to_mailboxes(self, mail: Received) -> None:
        for address in mail.recipients:
            if self.imap.has_user(address):
                await self.imap.delivered(address, trace(mail) + mail.octets)

    def close(self) -> None:
        self.imap.close()
        self.smtp.close()
        self._background.close()


def trace(mail: Received) -> bytes:
    """What the last server puts on top of a mail (RFC 5321 §4.4)."""
    now = format_datetime(localtime())
    return (
        f"Return-Path: <{mail.sender}>\r\n"
        f"Received: from localhost by localhost with ESMTP; {now}\r\n"
    ).encode()
