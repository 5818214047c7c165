"""An IMAP server that speaks just enough for the watcher, and is rude where it is told to be.

    with RudeImap({1: b"Subject: one\\r\\n\\r\\n"}) as server:
        server.fetching[1] = cut_short

Real sockets, a thread a connection.  `said` keeps every command line that it got.
"""

from __future__ import annotations

import base64
import re
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from types import TracebackType
from typing import Self

from maild.config import MailboxSection

HOST = "127.0.0.1"
NOW = time.gmtime()
CAPABILITIES = "IMAP4rev1 IDLE UIDPLUS MOVE"


CUT = "cut"  # an answer of `script`: the server hangs up
HANG = "hang"  # … says nothing more, and keeps the connection


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
        self.script: dict[str, list[str]] = {}  # command → its next answers: "NO …", "BYE …", CUT
        self.copies: Counter[str] = Counter()  # folder → messages copied or moved there
        self.folders = {"INBOX"}
        self.delimiter = "/"
        self.greeting = "OK ready"
        self.passwords: list[str] = []  # what was said at LOGIN, octet for octet
        self.only_password: str | None = None  # others are refused
        self.spelling: Callable[[str], str] = str  # how it writes its lines
        self.searched: Callable[[str, list[int]], str] = one_line  # how it answers a SEARCH
        self.dates: dict[int, str] = {}  # INTERNALDATE; default: now
        self.parts: Callable[[bytes, int, int], tuple[str, bytes]] = as_asked
        self.readonly = False  # it opens folders only for reading
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
                with suppress(Gone):
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

    def say(self, line: str) -> None:
        """One line, as this server writes lines."""
        self.send(self.server.spelling(line + "\r\n"))

    def exists(self) -> None:
        """Tells how many messages there are, where that is more than was told."""
        if len(self.server.messages) > self._told:
            self._told = len(self.server.messages)
            self.say(f"* {self._told} EXISTS")

    def hang_up(self) -> None:
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()

    def serve(self, tls: ssl.SSLContext | None) -> None:
        with suppress(Gone, OSError, ValueError):
            if tls:
                self._connection = tls.wrap_socket(self._connection, server_side=True)
            self._lines = self._connection.makefile("rb")
            self.say(f"* {self.server.greeting}")
            if self.server.greeting.startswith("BYE"):
                raise Gone
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
            self._scripted(name.replace("_", " "))
            if name.replace("_", " ") in self.server.refused:
                raise No(self.server.refusal)
            if name.startswith("UID"):
                self.exists()
            getattr(self, f"do_{name.lower()}", self._unknown)(rest)
        except No as no:
            self.say(f"{tag} {str(no) or self.server.refusal}")
        else:
            self.say(f"{tag} OK done")
        if name == "STARTTLS":
            self.send(self.server._after_starttls)
        if name == "LOGOUT":
            raise Gone

    def _unknown(self, rest: str) -> None:
        raise No("BAD unknown command")

    def _scripted(self, name: str) -> None:
        answers = self.server.script.get(name)
        if not answers:
            return
        answer = answers.pop(0)
        if answer == HANG:
            self.server.closing.wait()
        if answer.startswith("BYE"):
            self.say(f"* {answer}")
        if answer in (HANG, CUT) or answer.startswith("BYE"):
            raise Gone
        if answer:
            raise No(answer)

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
        self.say(f"* CAPABILITY {self.server.capabilities}")

    def do_login(self, rest: str) -> None:
        words = re.findall(r'"(?:[^"\\]|\\.)*"|\S+', rest)
        for index in (0, 1):
            size = re.fullmatch(r"\{(\d+)\}", words[index])
            if size:
                self.send("+ go on\r\n")
                words[index] = self._lines.read(int(size[1])).decode()
                words += self._lines.readline().decode().split()
            else:
                words[index] = _word(words[index])
        self._password(words[1])

    def _password(self, password: str) -> None:
        self.server.passwords.append(password)
        if self.server.only_password not in (None, password):
            raise No("NO [AUTHENTICATIONFAILED] Invalid credentials")

    def do_authenticate(self, rest: str) -> None:
        self.send("+ \r\n")
        line = self._lines.readline()
        if rest.upper() == "PLAIN":
            self._password(base64.b64decode(line).split(b"\0")[2].decode())

    def do_starttls(self, rest: str) -> None:
        pass

    def do_noop(self, rest: str) -> None:
        pass

    def do_logout(self, rest: str) -> None:
        self.send("* BYE\r\n")

    def do_select(self, rest: str) -> None:
        server = self.server
        name = rest.strip('"')
        if name.upper() != "INBOX" and name not in server.folders:
            raise No("NO no such mailbox")
        self._told = len(server.messages)
        self.say(f"* {len(server.messages)} EXISTS")
        self.say("* 0 RECENT")
        self.say("* FLAGS ()")
        self.say(f"* OK [UIDVALIDITY {server.uidvalidity}] -")
        self.say(f"* OK [UIDNEXT {server.uidnext}] -")
        if server.readonly:
            self.say("* OK [READ-ONLY] -")

    do_examine = do_select

    def do_list(self, rest: str) -> None:
        wanted = rest.split()[-1].strip('"')
        for folder in sorted(self.server.folders):
            if wanted in ("*", folder):
                self.say(f'* LIST () "{self.server.delimiter}" "{folder}"')

    def do_create(self, rest: str) -> None:
        name, others = rest.strip('"'), self.server.folders - {"INBOX"}
        if others and all(other.startswith("INBOX.") for other in others) and "." not in name:
            raise No("NO Invalid mailbox name")
        self.server.folders.add(name)

    def do_uid_search(self, rest: str) -> None:
        if rest.startswith("UID "):
            uids = self._uids(rest[4:])
        else:
            uids = [u for u in sorted(self.server.messages) if self._has(u, "\\Deleted")]
        shown = [uid for uid in uids if uid not in self.server.hidden]
        tag = self.server.said[-1].split()[0]
        for line in self.server.searched(tag, shown).splitlines():
            self.say(line)

    def _has(self, uid: int, flag: str) -> bool:
        return flag in self.server.flags.get(uid, set())

    def do_uid_fetch(self, rest: str) -> None:
        which, _, items = rest.partition(" ")
        order = sorted(self.server.messages)
        for uid in self._uids(which):
            octets = self.server.messages[uid]
            start = f"* {order.index(uid) + 1} FETCH (UID {uid} "
            if "RFC822.SIZE" in items:
                size = self.server.sizes.get(uid, len(octets))
                date = self.server.dates.get(uid) or time.strftime("%d-%b-%Y %H:%M:%S +0000", NOW)
                self.say(f'{start}RFC822.SIZE {size} INTERNALDATE "{date}")')
                continue
            self.server.fetched[uid] += 1
            if uid in self.server.fetching:
                self.server.fetching[uid](self, uid, octets)
                continue
            label, part = "BODY[]", re.search(r"<(\d+)\.(\d+)>", items)
            if part:
                label, octets = self.server.parts(octets, int(part[1]), int(part[2]))
            self.say(f"{start}{label} {{{len(octets)}}}")
            self.send(octets)
            self.say(")")

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
        self.say(f"* {order.index(uid) + 1} EXPUNGE")
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


def _word(text: str) -> str:
    """An atom, or what a quoted string holds."""
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if text.startswith('"') else text


# ---- ways to answer a SEARCH


def one_line(tag: str, uids: list[int]) -> str:
    return f"* SEARCH {' '.join(map(str, uids))}".rstrip()


def in_lines_of(count: int) -> Callable[[str, list[int]], str]:
    """So many numbers a line."""

    def answer(tag: str, uids: list[int]) -> str:
        some = [uids[at : at + count] for at in range(0, len(uids), count)]
        return "\n".join(one_line(tag, few) for few in some or [[]])

    return answer


# ---- ways to answer a FETCH of a part


def as_asked(octets: bytes, start: int, length: int) -> tuple[str, bytes]:
    return f"BODY[]<{start}>", octets[start : start + length]


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
