"""One logged-in connection to one folder, in the few verbs that watching needs.

Every failure leaves here as one of three: `Unavailable` (an admin must act), `Temporary` (try
again later), both with a sentence that names mailbox, host and port; or `Refusal`, a NO of the
server to one command after which the connection goes on.
"""

from __future__ import annotations

import difflib
import imaplib
import re
import ssl
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from imapclient.exceptions import ProtocolError

from maild.config import MailboxSection
from maild.errors import MaildError, Unavailable
from maild.i18n import sentence
from maild.ingest.imap import uidsets
from maild.ingest.imap.failures import busy, lost, who
from maild.ingest.imap.folders import Listed, find, new_name
from maild.ingest.imap.login import Client, farewell, logged_in
from maild.ingest.imap.responses import code_of, passing, says, words_of
from maild.ingest.imap.wire import ANSWER_OCTETS, Patience, Stop, Stopped, TooLarge, Wire

MANY = 300_000  # UIDs that fit into one line of a SEARCH answer
STEPS = 1000  # commands that a search of a large folder takes, at most


class Refusal(Exception):
    """The server said NO, in these words; the connection stands."""


class IdleRefused(Refusal):
    """It does not idle, whatever it announces."""


@dataclass(frozen=True, slots=True)
class Announced:
    """What the server says of a message before it is fetched."""

    size: int  # octets
    arrived: datetime | None  # INTERNALDATE: when it came to this server


class Connection:
    """A mailbox's folder, open.  Use `opened` to get one."""

    def __init__(self, section: MailboxSection, client: Client, patience: Patience) -> None:
        self._client = client
        self._section = section
        self._patience = patience
        self._wire: Wire = client._imap
        self._listed: list[Listed] | None = None  # all folders, once they were asked for
        self.folder = section.folder  # as the server writes it, once it is open
        self.readonly = False  # it lets us look only
        self.uidvalidity = 0
        self.uidnext: int | None = None
        self.exists = 0

    @property
    def idles(self) -> bool:
        return self.has("IDLE")

    def has(self, capability: str) -> bool:
        with self._said():
            return bool(self._client.has_capability(capability))

    # ---- opening the folder

    def select(self, *, readonly: bool) -> None:
        """Opens the folder, again where it is open; Unavailable where there is none."""
        try:
            answer = self._selected(readonly)
        except Refusal as refusal:
            self.folder = self._elsewhere(str(refusal))
            answer = self._selected(readonly)
        if "UIDVALIDITY" not in answer:  # some servers say it only when they are asked
            answer = {**self._status(), **answer}
        if not answer.get("UIDVALIDITY"):
            raise Unavailable(
                sentence(
                    "{who} gives no UIDVALIDITY for '{folder}', without which no place can be "
                    "kept; another folder or server is needed.",
                    who=who(self._section),
                    folder=self.folder,
                )
            )
        self.uidvalidity = answer["UIDVALIDITY"]
        self.uidnext = answer.get("UIDNEXT")
        self.exists = answer.get("EXISTS", 0)

    def _selected(self, readonly: bool) -> dict[str, int]:
        folder = self._client._normalise_folder(self.folder)
        with self._said():
            try:
                kind, data = self._wire.select(folder, readonly)
            except imaplib.IMAP4.readonly:  # our rights end there
                self.readonly = True
                kind, data = self._wire.select(folder, True)
            if kind != "OK":
                raise imaplib.IMAP4.error(data[-1])
        return {
            name: int(line)
            for name in ("UIDVALIDITY", "UIDNEXT", "EXISTS")
            for line in self._wire.taken(name)
            if uidsets.is_number(line)
        }

    def _status(self) -> dict[str, int]:
        with suppress(Refusal), self._said():
            found = self._client.folder_status(self.folder, ["UIDVALIDITY", "UIDNEXT"])
            return {name.decode(): int(value) for name, value in found.items()}
        return {}

    def _elsewhere(self, words: str) -> str:
        """The folder by another name of the server's; Unavailable or Temporary where it is none."""
        if "not connected" in words:  # Exchange Online takes any account's token
            raise Unavailable(
                sentence(
                    "{who} lets us in, but not into the mailbox of '{user}'.{words} Does it exist, "
                    "and may the account that signed in, or the application, open it?",
                    who=who(self._section),
                    user=self._section.username or "",
                    words=says(words),
                ),
                detail=words,
            )
        closed = busy(
            self._section, sentence("does not open '{folder}'", folder=self.folder), words
        )
        if passing(words):
            raise closed
        try:
            listed = self.folders()
        except Refusal as refusal:
            raise closed from refusal
        found = find(self.folder, listed)
        if found is None and listed:
            raise Unavailable(
                sentence(
                    "{who} has no folder '{folder}'{others}.{words} Correct `folder` in "
                    "[[mailbox]].",
                    who=who(self._section),
                    folder=self._section.folder,
                    others=self._likely(listed),
                    words=says(words),
                ),
                detail=words,
            )
        if found is None or found == self.folder:
            raise self._no_right(words) if _is_about_rights(words) else closed
        return found

    def _no_right(self, words: str) -> Unavailable:
        return Unavailable(
            sentence(
                "{who} does not open '{folder}' for '{user}'.{words} Look at the rights on the "
                "folder.",
                who=who(self._section),
                folder=self.folder,
                user=self._section.username or "",
                words=says(words),
            ),
            detail=words,
        )

    def _likely(self, listed: Sequence[Listed]) -> str:
        names = [folder.name for folder in listed]
        close = difflib.get_close_matches(self._section.folder, names, 1, 0.5)
        return f"; did you mean {close[0]!r}?" if close else f"; it has {', '.join(names[:8])}"

    def folders(self) -> list[Listed]:
        """All folders of the account, asked for once a connection."""
        if self._listed is None:
            with self._said():
                answer = self._client.list_folders()
            self._listed = [
                Listed(
                    str(name),
                    (delimiter or b"").decode("ascii", "replace"),
                    not {b"\\noselect", b"\\nonexistent"} & {flag.lower() for flag in flags},
                )
                for flags, delimiter, name in answer
            ]
        return self._listed

    # ---- looking

    def noop(self) -> None:
        with self._said(seconds=self._patience.prompt_seconds, looking=True):
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
            width = max(MANY, (last - first) // STEPS)
            steps = [(low, low + width - 1) for low in range(first, last, width)]
            steps.append((steps[-1][1] + 1 if steps else first, "*"))  # type: ignore[operator]
        found: set[int] = set()
        for low, high in steps:
            found.update(uid for uid in self._searched(f"UID {low}:{high}") if uid >= first)
        return sorted(found)  # n:* always names the last one

    def _searched(self, criterion: str) -> set[int]:
        """What fits, however the server answers (H100); some refuse to search an empty folder."""
        wire = self._wire
        try:
            with self._said(looking=True):
                wire.taken("SEARCH"), wire.taken("ESEARCH")  # of an earlier command
                kind, data = wire._simple_command("UID", "SEARCH", criterion)
                if kind != "OK":
                    raise imaplib.IMAP4.error(data[-1])
                return found_uids(wire.taken("SEARCH"), wire.taken("ESEARCH"))
        except Refusal:
            if self._wire.exists:
                raise
            return set()

    def sent_by(self, addresses: Iterable[str]) -> set[int]:
        """UIDs of messages whose From may hold one of these: a server may find more than that."""
        found: set[int] = set()
        for address in addresses:
            found |= self._searched(f"FROM {_quoted(address)}")
        return found

    def named(self, message_id: str) -> set[int]:
        """UIDs of messages whose Message-ID may hold this."""
        return self._searched(f"HEADER Message-ID {_quoted(message_id)}")

    def heads(self, uids: Sequence[int]) -> dict[int, bytes]:
        """From and Message-ID of each, as they stand in its header."""
        with self._said(octets=len(uids) * 1000, looking=True):
            answer = self._client.fetch(list(uids), [b"BODY.PEEK[HEADER.FIELDS (FROM MESSAGE-ID)]"])
        return {
            uid: bytes(value)
            for uid, item in answer.items()
            for key, value in item.items()
            if key.startswith(b"BODY[HEADER") and isinstance(value, bytes | bytearray)
        }

    def announced(self, uids: Sequence[int]) -> dict[int, Announced]:
        """Size and age of those that are there and have a size."""
        with self._said(looking=True):
            answer = self._client.fetch(list(uids), [b"RFC822.SIZE", b"INTERNALDATE"])
        return {
            uid: Announced(item[b"RFC822.SIZE"], _moment(item.get(b"INTERNALDATE")))
            for uid, item in answer.items()
            if isinstance(item.get(b"RFC822.SIZE"), int)
        }

    def bodies(self, uids: Sequence[int], *, octets: int, limit: int) -> dict[int, bytes]:
        """The raw messages; a UID for which the server gave no body is missing.

        `octets`: what is expected, for the deadline; `limit`: of any one literal (TooLarge).
        """
        with self._said(octets=octets, limit=limit, looking=True):
            answer = self._client.fetch(list(uids), [b"BODY.PEEK[]"])
        return {
            uid: bytes(item[b"BODY[]"])
            for uid, item in answer.items()
            if isinstance(item.get(b"BODY[]"), bytes | bytearray)
        }

    def part(self, uid: int, start: int, length: int, *, limit: int) -> bytes | None:
        """`length` octets of a message from `start`; shorter at its end; None without a body.

        A server that knows no parts may give the whole: up to `limit`.
        """
        with self._said(octets=length, limit=limit, looking=True):
            answer = self._client.fetch([uid], [f"BODY.PEEK[]<{start}.{length}>"])
        item = answer.get(uid, {})
        labels = [key for key in item if key == b"BODY[]" or key.startswith(b"BODY[]<%d" % start)]
        value = item[labels[0]] if labels else None
        return bytes(value) if isinstance(value, bytes | bytearray) else None

    # ---- waiting

    def idle(self, seconds: float) -> bool:
        """Returns when the server speaks of new messages, or ends it (False), or after so long.

        IdleRefused where it does not do what it announced.  imapclient's own `idle` fails where
        an untagged answer precedes the "+", and its `idle_check` never says that the connection
        is gone.
        """
        wire = self._wire
        with self._said(seconds=self._patience.prompt_seconds):
            tag = self._client._idle_tag = wire._command("IDLE")
            while wire._get_response() is not None:
                if answer := wire.tagged_commands[tag]:
                    del wire.tagged_commands[tag]
                    raise IdleRefused(words_of(str(answer)))
            end = time.monotonic() + seconds
            while not wire.news and wire.wait_for_octets(end - time.monotonic()):
                wire._get_response()
                if "BYE" in wire.untagged_responses:
                    raise wire.abort("the server said goodbye")
                if wire.tagged_commands[tag]:  # it has ended the IDLE, and waits for no DONE
                    del wire.tagged_commands[tag]
                    return False
            self._client.idle_done()
        return True

    # ---- acknowledging, always by UID

    def target(self, folder: str) -> str:
        """The server's name of a folder that mail is moved to, made where it is missing."""
        found = find(folder, self.folders())
        if found is None:
            found = new_name(folder, self.folders())
            with self._said():
                self._client.create_folder(found)
            self._listed = None
        if found == self.folder:
            raise Refusal("it is the folder itself")
        return found

    def move(self, uids: Sequence[int], folder: str) -> None:
        """RFC 6851."""
        with self._listing_anew(), self._said():
            self._client.move(list(uids), folder)

    def copy(self, uids: Sequence[int], folder: str) -> None:
        with self._listing_anew(), self._said():
            self._client.copy(list(uids), folder)

    @contextmanager
    def _listing_anew(self) -> Iterator[None]:
        """Who is refused a folder asks next time whether it is still there."""
        try:
            yield
        except Refusal:
            self._listed = None
            raise

    def mark_deleted(self, uids: Sequence[int]) -> None:
        with self._said():
            self._client.add_flags(list(uids), [b"\\Deleted"], silent=True)

    def marked_deleted(self) -> set[int]:
        """All UIDs with the flag \\Deleted, whoever set it."""
        return self._searched("DELETED")

    def expunge(self, uids: Sequence[int]) -> None:
        """Only these (RFC 4315 §2.1)."""
        with self._said():
            self._client.uid_expunge(list(uids))

    def expunge_all(self) -> None:
        with self._said():
            self._client.expunge()

    def close(self) -> None:
        """Says goodbye without waiting for the answer."""
        with suppress(Exception):
            self._wire._command("LOGOUT")
        with suppress(Exception):
            self._wire.shutdown()

    @contextmanager
    def _said(
        self,
        *,
        octets: int = 0,
        limit: int = 1_000_000,
        seconds: float | None = None,
        looking: bool = False,
    ) -> Iterator[None]:
        """One command: its deadline, its limit, and its failures told apart.

        `looking`: every server lets us, so a NO that speaks of trouble is no answer (H101).
        """
        base = self._patience.command_seconds if seconds is None else seconds
        self._wire.allowance = base + octets / self._patience.octets_a_second
        self._wire.literal_limit = max(limit, 1_000_000)
        self._wire.answer_limit = ANSWER_OCTETS + 2 * octets + limit  # a size may be an estimate
        try:
            yield
        except (Stopped, TooLarge, Refusal, MaildError):
            raise
        except imaplib.IMAP4.error as error:
            if isinstance(error, imaplib.IMAP4.abort | ProtocolError):
                raise lost(self._section, error, farewell(self._wire)) from error
            words = words_of(error)
            if looking and passing(words):
                raise busy(self._section, "does not answer", words) from error
            raise Refusal(words) from error
        except Exception as error:  # whatever the libraries raise on what is not IMAP
            raise lost(self._section, error, farewell(self._wire)) from error


def _quoted(text: str) -> str:
    """A quoted string (RFC 3501 §4.3) that is in `text`: all of it, but for what none can hold."""
    runs = re.findall(r"[ -~]+", text)
    return '"' + re.sub(r'(["\\])', r"\\\1", max(runs, key=len, default="")) + '"'


def found_uids(lines: Iterable[bytes], extended: Iterable[bytes]) -> set[int]:
    """The numbers of all SEARCH lines and of all ESEARCH lines (RFC 4731 §3.1) of one answer."""
    found = {
        int(number)
        for line in lines
        for number in re.findall(rb"\d+", line.split(b"(")[0])
        if uidsets.is_number(number)
    }
    for line in extended:
        for named in re.findall(rb"\bALL\s+([\d:,]+)", line, re.IGNORECASE):
            found |= uidsets.read(named.decode("ascii"))
    return found


def _moment(value: Any) -> datetime | None:
    return value if isinstance(value, datetime) and value.tzinfo else None


def _is_about_rights(words: str) -> bool:
    return code_of(words) == "NOPERM" or bool(
        re.search(r"permission|denied|access|not allowed|rights", words, re.IGNORECASE)
    )


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
    client = logged_in(section, patience, stop, context)
    connection = Connection(section, client, patience)
    try:
        yield connection
    finally:
        connection.close()


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
        name = section.folder
        if connection.folder != name:
            name = f"{name} (there it is {connection.folder})"
        news = "IDLE" if connection.idles else f"asked every {section.poll_seconds:g} s"
        after = _afterwards(section, connection)
        return f"{who(section)} ({how}), {name} holds {connection.exists} messages, {news}{after}"


def count_newer(section: MailboxSection, uid: int) -> int:
    """How many messages the folder holds beyond this UID; changes nothing.

    Raises Unavailable or Temporary with a sentence about what to do.
    """
    with opened(section, patience=Patience(), stop=Stop(), context=None) as connection:
        connection.select(readonly=True)
        return len([found for found in connection.uids(uid + 1) if found > uid])


def _afterwards(section: MailboxSection, connection: Connection) -> str:
    if not section.after.startswith("move:"):
        return ""
    folder = section.after[5:].strip()
    found = find(folder, connection.folders())
    if found == connection.folder:
        raise Unavailable(
            f'{who(section)}: after = "{section.after}" names the folder that is watched, so each '
            "mail would be moved to where it is, without end. Name another folder."
        )
    if found is None:
        new = new_name(folder, connection.folders())
        return f", moved to {new} afterwards, which will be created"
    return f", moved to {found} afterwards"


__all__ = ["Connection", "Refusal", "TooLarge", "count_newer", "opened", "probe"]
