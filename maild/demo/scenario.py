"""A short story that goes once round the circle, played through the real daemon."""

from __future__ import annotations

import shutil
import socket
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.text import Text

from maild.app import App, open_app
from maild.daemon import Daemon
from maild.demo.servers import HOST, Servers
from maild.demo.writer import Writer, parse, plain_text
from maild.errors import Refused
from maild.model import MessageState
from maild.store import asking
from maild.store.records import Ticket
from maild.web.console import Console as Web
from maild.web.security import fresh_key

DESK = "support@demo.example"
WEB_PORT = 8025  # of the demo's console, where nothing else is there
MARK = ".maild-demo"  # a folder with this file in it is ours to replace

TOML = """\
profile = "next7"

[desk]
name = "Demo Support"
address = "{desk}"

[[mailbox]]
name = "support"
host = "127.0.0.1"
port = {imap}
tls = "none"
username = "{desk}"
password = "demo"

[smtp]
host = "127.0.0.1"
port = {smtp}
tls = "none"

[[resource]]
name = "Dana Lead"
email = "dana@demo.example"

[[resource]]
name = "Bob Tech"
email = "bob@demo.example"
admin = true

[[organization]]
name = "Acme"
domains = ["acme.example"]

[[contact]]
name = "Ann Customer"
email = "ann@acme.example"
organization = "Acme"

[web]
listen = "127.0.0.1:{web}"
undo_seconds = 5

[log]
level = "error"
"""

OUT_OF_OFFICE = """\
From: Ann Customer <ann@acme.example>
To: {desk}
Subject: Out of office: {subject}
Message-ID: <away-1@acme.example>
In-Reply-To: {about}
Auto-Submitted: auto-replied

I am back on Monday.
"""

BOUNCE = """\
From: Mail Delivery System <MAILER-DAEMON@acme.example>
To: {desk}
Subject: Undelivered Mail Returned to Sender
Message-ID: <bounce-1@acme.example>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

The mailbox of ann@acme.example is full.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.acme.example

Final-Recipient: rfc822; ann@acme.example
Action: failed
Status: 5.2.2
Diagnostic-Code: smtp; 552 5.2.2 mailbox full

--b
Content-Type: text/rfc822-headers

Message-ID: {about}
Subject: {subject}

--b--
"""


@dataclass
class Stage:
    """What a scene needs: the servers, the desk's data, the people, a screen."""

    console: Console
    servers: Servers
    app: App
    folder: Path
    read: dict[str, int] = field(default_factory=dict)  # how much of whose mail was shown
    writers: dict[str, Writer] = field(default_factory=dict)

    def writer(self, name: str, address: str) -> Writer:
        """A person with a mailbox on our own server."""
        if address not in self.writers:
            self.servers.imap.add_user(address, "demo")
            self.writers[address] = Writer(
                name,
                address,
                DESK,
                send=lambda octets: self.servers.imap.deliver(DESK, octets),
                inbox=lambda: list(self.servers.imap.messages(address).values()),
            )
        return self.writers[address]

    def context(self, text: str) -> None:
        self.console.print(f"\n[bold cyan]▸ {escape(text)}[/bold cyan]")

    def arrives(self, writer: Writer, words: str) -> EmailMessage:
        """Waits for the mail with these words that this person now gets, and shows it."""

        def look() -> EmailMessage | None:
            unread = writer.received()[self.read.get(writer.address, 0) :]
            return next((m for m in unread if words in plain_text(m)), None)

        message = self.servers.wait_for(look)
        self.read[writer.address] = len(writer.received())
        self.console.print(
            f"  [green]→ {escape(writer.name)} gets:[/green] {escape(str(message['Subject']))}"
        )
        for line in first_lines(message):
            self.console.print(Padding(Text(line, style="dim"), (0, 0, 0, 6), expand=False))
        return message

    def done_with(self, message_id: str) -> None:
        """Waits until the desk is done with this message, then tells what it made of it."""

        def look() -> str | None:
            with self.app.store.look() as unit:
                found = asking.messages.with_id(unit, message_id)
                done = next((m for m in found if m.state == MessageState.PROCESSED), None)
                if done is None:
                    return None
                ticket = unit.get(Ticket, done.ticket_id)
                status = f" [{ticket.status}]" if ticket else ""
                return f"{(done.why or '').partition(':')[0]}{status}"

        self.console.print(f"  [yellow]maild:[/yellow] {escape(self.servers.wait_for(look))}")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whose mailbox the demo shows."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail that somebody has got, as his mail program shows it."""

    id: int
    subject: str
    sender: str
    to: str
    text: str
    first_line: str
    reply_subject: str


class OtherSide:
    """The demo's other end for its console: mailboxes to read, and people who write."""

    people = (
        Person("Ann Customer", "ann@acme.example"),
        Person("Bob Tech", "bob@demo.example"),
        Person("Dana Lead", "dana@demo.example"),
    )

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def name(self, address: str) -> str:
        return next((p.name for p in self.people if p.address == address), address)

    def letters(self, address: str) -> list[Letter]:
        """His mail, the newest first."""
        got = self._writer(address).received()
        return [_letter(number, message) for number, message in enumerate(got)][::-1]

    def write(self, address: str, subject: str, text: str, answers: str = "") -> None:
        """Sends a mail to the desk; `answers`: the id of the letter that it replies to."""
        writer = self._writer(address)
        got = writer.received()
        if answers.isdecimal() and int(answers) < len(got):
            writer.reply(text, subject=subject or None, to=got[int(answers)])
        else:
            writer.mail(subject or "(no subject)", text)

    def _writer(self, address: str) -> Writer:
        known = next((p for p in self.people if p.address == address), self.people[0])
        return self._stage.writer(known.name, known.address)


def _letter(number: int, message: EmailMessage) -> Letter:
    text, subject = plain_text(message), str(message["Subject"])
    return Letter(
        number,
        subject,
        str(message["From"]),
        str(message["To"]),
        text,
        next(iter(first_lines(message, 1)), ""),
        subject if subject.lower().startswith("re:") else f"Re: {subject}",
    )


def first_lines(message: EmailMessage, count: int = 3) -> list[str]:
    """The first lines of a mail that say something."""
    lines = [line for line in plain_text(message).splitlines() if line.strip()]
    return [line for line in lines if not line.startswith("##")][:count]


def play(folder: Path, console: Console, after: Callable[[Stage, Web], None]) -> App:
    """Plays the story in `folder`, made anew, then `after`; gives the desk as it then stands."""
    _fresh(folder)
    with closing(Servers()) as servers:
        servers.imap.add_user(DESK, "demo")
        toml = TOML.format(
            desk=DESK, imap=servers.imap.port, smtp=servers.smtp.port, web=free_port(WEB_PORT)
        )
        (folder / "maild.toml").write_text(toml, "utf-8")
        app = open_app(folder / "maild.toml", upgrade=True)
        stage = Stage(console, servers, app, folder)
        running = Running(folder / "maild.toml", app, OtherSide(stage))
        try:
            _story(stage)
            servers.wait_for(lambda: _all_sent(app))
            _keep_sent_mail(app, folder / "sent")
            after(stage, running.web)
        finally:
            running.end()
    return running.app


class Running:
    """The demo's daemon; it begins anew where its console has changed maild.toml."""

    def __init__(self, file: Path, app: App, other_side: OtherSide) -> None:
        self.app = app
        self.web = Web(app, greeting=fresh_key(), other_side=other_side)
        self._file, self._ended = file, threading.Event()
        self._daemon = self._made()
        self._thread = threading.Thread(target=self._run, name="daemon")
        self._thread.start()

    def end(self) -> None:
        """Ends it, and waits until it has."""
        self._ended.set()
        self._daemon.stop.set()
        self._thread.join()

    def _made(self) -> Daemon:
        return Daemon(self.app, console=self.web, read_again=lambda: self._daemon.stop.set())

    def _run(self) -> None:
        self._daemon.run()
        while not self._ended.is_set():
            self.app.close()
            self.app = open_app(self._file)
            self.web = Web(self.app, greeting=self.web.greeting, other_side=self.web.other_side)
            self._daemon = self._made()
            if not self._ended.is_set():
                self._daemon.run()


def free_port(wanted: int) -> int:
    """This port, or where something else is there, one that the system gives."""
    for port in (wanted, 0):
        with socket.socket() as one, suppress(OSError):
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind((HOST, port))
            return int(one.getsockname()[1])
    return wanted


def _story(stage: Stage) -> None:
    ann = stage.writer("Ann Customer", "ann@acme.example")
    dana = stage.writer("Dana Lead", "dana@demo.example")
    bob = stage.writer("Bob Tech", "bob@demo.example")

    stage.context("Ann, a customer, mails support.")
    opened = ann.mail("Printer on floor 2 is on fire", "It smokes. Please help!\n\nAnn")
    stage.done_with(opened)
    stage.arrives(ann, "number")
    stage.arrives(dana, "It smokes")
    stage.arrives(bob, "It smokes")

    stage.context('Dana answers with "is assigned to bob" in the subject and no word more.')
    stage.done_with(dana.reply("", subject=_with(dana, "is assigned to bob")))
    stage.arrives(bob, "is yours now")

    stage.context("Bob just answers the mail; his words reach Ann.")
    stage.done_with(bob.reply("Please pull the plug. Is the smoke gone?"))
    answer = stage.arrives(ann, "pull the plug")

    stage.context("Ann answers: the ticket says Feedback Received, Bob is told.")
    stage.done_with(ann.reply("Yes, it is gone. What now?"))
    stage.arrives(bob, "it is gone")

    stage.context('Bob answers with "is resolved" in the subject: Complete, and Ann is told.')
    stage.done_with(bob.reply("A new one is on its way.", subject=_with(bob, "is resolved")))
    stage.arrives(ann, "on its way")

    stage.context("Ann writes once more: the ticket is open again.")
    stage.done_with(ann.reply("The new printer smokes as well. Can you look at it?"))
    stage.arrives(bob, "smokes as well")

    stage.context("Ann's out-of-office and a bounce come in: they change nothing.")
    words = {"desk": DESK, "about": answer["Message-ID"], "subject": answer["Subject"]}
    for mail in (OUT_OF_OFFICE, BOUNCE):
        octets = mail.format(**words).replace("\n", "\r\n").encode()
        stage.servers.imap.deliver(DESK, octets)
        stage.done_with(str(parse(octets)["Message-ID"]).strip("<>"))


def _with(writer: Writer, phrase: str) -> str:
    """The subject of the mail that he answers, with a phrase at its end."""
    return f"Re: {writer.received()[-1]['Subject']} {phrase}"


def _fresh(folder: Path) -> None:
    if folder.exists():
        if not (folder / MARK).exists() and any(folder.iterdir()):
            raise Refused(f"{folder} holds something else; name another folder with --dir.")
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / MARK).touch()


def _all_sent(app: App) -> bool:
    with app.store.look() as unit:
        return not unit.count(asking.outbox.PENDING)


def _keep_sent_mail(app: App, folder: Path) -> None:
    """Every mail that went out, as a file to open with a mail program."""
    folder.mkdir()
    with app.store.look() as unit:
        for item in unit.all(asking.outbox.EVERY):
            name = f"{item.id:02d}-{item.template}-to-{item.address.partition('@')[0]}.eml"
            (folder / name).write_bytes(item.octets or b"")
