"""An IMAP server that speaks just enough for the watcher, and is rude where it is told to be.

    with RudeImap({1: b"Subject: one\\r\\n\\r\\n"}) as server:
        server.fetching[1] = cut_short

Real sockets, a thread a connection.  `said` keeps every command line that it got.
"""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from types import TracebackType
from typing import Self

from maild.config import MailboxSection

HOST = "127.0.0.1"
CAPABILITIES = "IMAP4rev1 IDLE UIDPLUS MOVE"


class Gone(Exception):
    """The server hangs up."""


class No(Exception):
    """The server refuses the whole command."""


class RudeImap:
    def __init__(
        self,
        messages: dict[int, bytes],
        *,
        capabilities: str = CAPABILITIES,
        tls: ssl.SSLContext | None = None,
        after_starttls: bytes = b"",
    ) -> None:
        """`tls`: TLS from the first octet; `after_starttls`: octets slipped in behind its OK."""
        self.messages = dict(messages)
        self.flags: dict[int, set[str]] = {}
        self.uidvalidity = 7
        self.uidnext = max([0, *messages]) + 1
        self.capabilities = capabilities
        self.sizes: dict[int, int] = {}  # announced instead of the true ones
        self.fetching: dict[int, Callable[[Peer, int, bytes], None]] = {}  # instead of a body
        self.hidden: set[int] = set()  # left out of SEARCH, as if by a fault of an index
        self.refused: set[str] = set()  # commands answered with this:
        self.refusal = "NO not this one"
        self.copies: Counter[str] = Counter()  # folder → messages copied or moved there
        self.folders = {"INBOX"}
        self.said: list[str] = []
        self.fetched: Counter[int] = Counter()  # bodies asked for, by UID
        self.connections = 0
        self.closing = threading.Event()
        self.busy = threading.Event()  # set by a rude fetch once it is at work
        self._tls = tls
        self._after_starttls = after_starttls
        self._listener = socket.create_server((HOST, 0))
        self.port = self._listener.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._peers: list[Peer] = []
        self._acceptor = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._acceptor.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self.closing.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for peer in self._peers:
            peer.hang_up()
        for thread in [self._acceptor, *self._threads]:
            thread.join()

    def section(self, **more: object) -> MailboxSection:
        values = {
            "name": "rude",
            "host": HOST,
            "port": self.port,
            "tls": "none",
            "username": "support",
            "password": "secret",
            "poll_seconds": 0.2,
            **more,
        }
        return MailboxSection.model_validate(values)

    def put(self, uid: int, octets: bytes) -> None:
        """A new message; whoever idles is told."""
        self.messages[uid] = octets
        self.uidnext = uid + 1
        for peer in self._peers:
            if peer.idling:
                peer.exists()

    def _accept(self) -> None:
        while not self.closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            peer = Peer(self, connection)
            self._peers.append(peer)
            thread = threading.Thread(target=peer.serve, args=(self._tls,), daemon=True)
            self._threads.append(thread)
            thread.start()


class Peer:
    """One connection."""

    def __init__(self, server: RudeImap, connection: socket.socket) -> None:
        self.server = server
        self.idling = False
        self._told = 0
        self._connection = connection
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data: str | bytes) -> None:
        try:
            self._connection.sendall(data.encode() if isinstance(data, str) else data)
        except OSError as error:
            raise Gone from error

    def exists(self) -> None:
        """Tells how many messages there are, where that is more than was told."""
        if len(self.server.messages) > self._told:
            self._told = len(self.server.messages)
            self.send(f"* {self._told} EXISTS\r\n")

    def hang_up(self) -> None:
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()

    def serve(self, tls: ssl.SSLContext | None) -> None:
        with suppress(Gone, OSError, ValueError):
            if tls:
                self._connection = tls.wrap_socket(self._connection, server_side=True)
            self._lines = self._connection.makefile("rb")
            self.send("* OK ready\r\n")
            while line := self._lines.readline():
                self._command(line.decode().strip())
        self.hang_up()

    def _command(self, line: str) -> None:
        self.server.said.append(line)
        tag, _, rest = line.partition(" ")
        words = rest.split(" ", 2)
        name = words[0].upper()
        if name == "UID":
            name = f"UID_{words[1].upper()}"
            rest = words[2]
        else:
            rest = rest.partition(" ")[2]
        try:
            if name.replace("_", " ") in self.server.refused:
                raise No
            if name.startswith("UID"):
                self.exists()
            getattr(self, f"do_{name.lower()}")(rest)
        except No:
            self.send(f"{tag} {self.server.refusal}\r\n")
        else:
            self.send(f"{tag} OK done\r\n")
        if name == "STARTTLS":
            self.send(self.server._after_starttls)
        if name == "LOGOUT":
            raise Gone

    def _uids(self, text: str) -> list[int]:
        """The UIDs of a sequence set that are there."""
        found: set[int] = set()
        there = sorted(self.server.messages)
        for part in text.split(","):
            low, _, high = part.partition(":")
            first = int(low)
            last = (there[-1] if there else 0) if high == "*" else int(high or low)
            first, last = min(first, last), max(first, last)
            found.update(uid for uid in there if first <= uid <= last)
        return sorted(found)

    # ---- commands

    def do_capability(self, rest: str) -> None:
        self.send(f"* CAPABILITY {self.server.capabilities}\r\n")

    def do_login(self, rest: str) -> None:
        pass

    def do_authenticate(self, rest: str) -> None:
        self.send("+ \r\n")
        self._lines.readline()

    def do_starttls(self, rest: str) -> None:
        pass

    def do_noop(self, rest: str) -> None:
        pass

    def do_logout(self, rest: str) -> None:
        self.send("* BYE\r\n")

    def do_select(self, rest: str) -> None:
        server = self.server
        self._told = len(server.messages)
        self.send(
            f"* {len(server.messages)} EXISTS\r\n* 0 RECENT\r\n* FLAGS ()\r\n"
            f"* OK [UIDVALIDITY {server.uidvalidity}] -\r\n* OK [UIDNEXT {server.uidnext}] -\r\n"
        )

    do_examine = do_select

    def do_list(self, rest: str) -> None:
        wanted = rest.split()[-1].strip('"')
        for folder in sorted(self.server.folders):
            if wanted in ("*", folder):
                self.send(f'* LIST () "/" "{folder}"\r\n')

    def do_create(self, rest: str) -> None:
        self.server.folders.add(rest.strip('"'))

    def do_uid_search(self, rest: str) -> None:
        if rest.startswith("UID "):
            uids = self._uids(rest[4:])
        else:
            uids = [u for u in sorted(self.server.messages) if self._has(u, "\\Deleted")]
        shown = [uid for uid in uids if uid not in self.server.hidden]
        self.send("* SEARCH " + " ".join(map(str, shown)) + "\r\n")

    def _has(self, uid: int, flag: str) -> bool:
        return flag in self.server.flags.get(uid, set())

    def do_uid_fetch(self, rest: str) -> None:
        which, _, items = rest.partition(" ")
        order = sorted(self.server.messages)
        for uid in self._uids(which):
            octets = self.server.messages[uid]
            start = f"* {order.index(uid) + 1} FETCH (UID {uid} "
            if "RFC822.SIZE" in items:
                self.send(f"{start}RFC822.SIZE {self.server.sizes.get(uid, len(octets))})\r\n")
                continue
            self.server.fetched[uid] += 1
            if uid in self.server.fetching:
                self.server.fetching[uid](self, uid, octets)
                continue
            part = re.search(r"<(\d+)\.(\d+)>", items)
            label = f"BODY[]<{part[1]}>" if part else "BODY[]"
            if part:
                octets = octets[int(part[1]) : int(part[1]) + int(part[2])]
            self.send(f"{start}{label} {{{len(octets)}}}\r\n".encode() + octets + b")\r\n")

    def do_uid_store(self, rest: str) -> None:
        which, _, what = rest.partition(" ")
        for uid in self._uids(which):
            self.server.flags.setdefault(uid, set()).update(re.findall(r"\\\w+", what))

    def do_uid_copy(self, rest: str) -> None:
        which, _, folder = rest.partition(" ")
        folder = folder.strip('"')
        if folder not in self.server.folders:
            raise No
        self.server.copies[folder] += len(self._uids(which))

    def do_uid_move(self, rest: str) -> None:
        self.do_uid_copy(rest)
        for uid in self._uids(rest.partition(" ")[0]):
            self._remove(uid)

    def do_uid_expunge(self, rest: str) -> None:
        self._expunge(self._uids(rest))

    def do_expunge(self, rest: str) -> None:
        self._expunge(sorted(self.server.messages))

    def _expunge(self, uids: Iterable[int]) -> None:
        for uid in [uid for uid in uids if self._has(uid, "\\Deleted")]:
            self._remove(uid)

    def _remove(self, uid: int) -> None:
        order = sorted(self.server.messages)
        self.send(f"* {order.index(uid) + 1} EXPUNGE\r\n")
        del self.server.messages[uid]
        self._told -= 1

    def do_idle(self, rest: str) -> None:
        self.send("+ idling\r\n")
        self.idling = True
        self.exists()
        line = self._lines.readline()
        self.idling = False
        if not line:
            raise Gone


# ---- ways to be rude about one message


def cut_short(peer: Peer, uid: int, octets: bytes) -> None:
    """H6: announces the whole, sends half, hangs up."""
    peer.send(f"* 1 FETCH (UID {uid} BODY[] {{{len(octets)}}}\r\n")
    peer.send(octets[: len(octets) // 2])
    raise Gone


def without_body(peer: Peer, uid: int, octets: bytes) -> None:
    """H7: an answer with everything but the body."""
    peer.send(f"* 1 FETCH (UID {uid} FLAGS ())\r\n")


def nil_body(peer: Peer, uid: int, octets: bytes) -> None:
    """H7: says that there is no body."""
    peer.send(f"* 1 FETCH (UID {uid} BODY[] NIL)\r\n")


def empty_body(peer: Peer, uid: int, octets: bytes) -> None:
    """H7: a body of no octets."""
    peer.send(f"* 1 FETCH (UID {uid} BODY[] {{0}}\r\n)\r\n")


def refused(peer: Peer, uid: int, octets: bytes) -> None:
    """H9: NO, for the whole command."""
    raise No


def hangs_up(peer: Peer, uid: int, octets: bytes) -> None:
    """H9: a server that crashes over one message."""
    raise Gone


def gibberish(peer: Peer, uid: int, octets: bytes) -> None:
    """H9: not IMAP."""
    peer.send("* 1 FETCH ((((\r\n")


def drips(peer: Peer, uid: int, octets: bytes) -> None:
    """H17: an octet now and then, for ever."""
    peer.send(f"* 1 FETCH (UID {uid} BODY[] {{{len(octets)}}}\r\n")
    peer.server.busy.set()
    while not peer.server.closing.wait(0.02):
        peer.send(b"x")
    raise Gone


def two_gigabytes(peer: Peer, uid: int, octets: bytes) -> None:
    """H18: announces a literal that nobody has memory for."""
    peer.send(f"* 1 FETCH (UID {uid} BODY[] {{{2**31}}}\r\n")
