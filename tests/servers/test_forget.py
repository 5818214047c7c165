"""`maild forget --mailbox`: a person's mail is gone from a real server, and nobody else's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from maild.store import Store, asking
from tests import processes
from tests.servers.dovecot import PASSWORD, Dovecot, running

TOML = """
[desk]
address = "support@example.com"
[[mailbox]]
name = "support"
host = "{host}"
port = {port}
tls = "none"
username = "{user}"
password = "{password}"
after = "{after}"
{more}
[[organization]]
name = "Acme"
domains = ["acme.example"]
"""
ANN = "ann@acme.example"


def mail(number: int, sender: str, text: str = "Help", more: str = "") -> bytes:
    return (
        f"From: {sender}\r\nTo: support@example.com\r\nSubject: Mail {number}\r\n"
        f"Message-ID: <{number}@acme.example>\r\n{more}\r\n{text}\r\n"
    ).encode()


class Office:
    """A desk and its mailbox."""

    def __init__(
        self, folder: Path, server: Dovecot, user: str, *, after: str = "keep", more: str = ""
    ) -> None:
        self.server, self.user = server, server.add_user(user, ["Done", "Archive"])
        self.file = folder / "maild.toml"
        self.file.write_text(
            TOML.format(
                host=server.host, port=server.port, user=user, password=PASSWORD, after=after,
                more=more,
            )
        )  # fmt: skip

    def gets(self, *mails: bytes) -> None:
        for one in mails:
            self.server.append(self.user, one)
        self.run("run", "--once")

    def run(self, *words: str, status: int = 0) -> str:
        return processes.maild(*words, "--config", str(self.file), status=status)

    def left(self, folder: str = "INBOX") -> list[int]:
        """The numbers of the mails that are there."""
        found = self.server.messages(self.user, folder).values()
        return sorted(int(octets.partition(b"Mail ")[2].split()[0]) for octets in found)

    def record(self) -> dict[str, object]:
        store = Store(f"sqlite:///{self.file.parent}/var/maild.db")
        with store.look() as unit:
            (found,) = (value for _, value in asking.settings.with_prefix(unit, "erasure "))
        store.close()
        return dict(found)


MAILS = (
    mail(1, f"Ann Archer <{ANN}>"),
    mail(2, f"Ann Archer <{ANN.upper()}>"),  # as she writes it on another device
    mail(3, "Bob <bob@acme.example>", f"Ann <{ANN}> told me", "In-Reply-To: <1@acme.example>\r\n"),
    mail(4, f"Joann <jo{ANN}>"),  # whose address hers is a part of
    mail(5, f'"{ANN}" <eve@acme.example>'),  # who calls herself so
    mail(1, "Eve <eve@acme.example>", "A Message-ID that is Ann's").replace(b"Mail 1", b"Mail 6"),
)


@pytest.mark.parametrize("after", ["keep", "move:Done"])
def test_her_mail_is_gone_from_the_server(dovecot: Dovecot, tmp_path: Path, after: str) -> None:
    desk = Office(tmp_path, dovecot, f"forget-{after[:4]}", after=after)
    desk.gets(*MAILS)
    place = "INBOX" if after == "keep" else "Done"
    assert desk.left(place) == [1, 2, 3, 4, 5, 6]
    desk.server.append(desk.user, mail(7, ANN), "Archive")
    desk.server.append(desk.user, mail(8, ANN))  # that the desk has not taken in

    said = desk.run("forget", ANN, "--mailbox")
    count = 3 if after == "keep" else 2
    assert f"{count} mails in {place}" in said and "Nothing was erased" in said
    assert desk.left(place)[:3] == [1, 2, 3]
    said = desk.run("forget", ANN, "--mailbox", "--yes")
    assert f"{count} mails in {place}" in said and "deleted" in said
    assert "nothing was changed there: 1 in Archive" in said
    assert desk.left(place) == [3, 4, 5, 6] and desk.left("Archive") == [7]
    assert 8 not in desk.left()
    boxes = desk.record()["mailboxes"]
    assert ANN not in json.dumps(boxes) and json.dumps(boxes).count('"INBOX"') == 1

    again = json.loads(desk.run("forget", ANN, "--mailbox", "--yes", "--json"))
    assert again["mailboxes"] == [{"mailbox": "support", "elsewhere": {"Archive": 1}}]


def test_mails_of_others_that_quote_her_go_only_where_told(
    dovecot: Dovecot, tmp_path: Path
) -> None:
    desk = Office(tmp_path, dovecot, "forget-quotes")
    desk.gets(*MAILS)
    desk.run("forget", ANN, "--mailbox", "--quotes", "--yes")
    assert desk.left() == [4, 6]  # 3 quotes her, 5 calls herself so


def test_a_server_that_cannot_be_reached_is_said_with_what_to_do(
    dovecot: Dovecot, tmp_path: Path
) -> None:
    more = f"""
[[mailbox]]
name = "sales"
host = "{dovecot.host}"
port = 1
tls = "none"
username = "sales"
password = "x"
"""
    desk = Office(tmp_path, dovecot, "forget-down", more=more)
    desk.server.append(desk.user, MAILS[0])
    desk.run("run", "--once", status=1)
    said = desk.run("forget", ANN, "--mailbox", "--yes", status=1)
    assert "Mailbox support: 1 mails in INBOX deleted." in said
    assert "Mailbox sales: not all could be done." in said
    assert f"`maild forget {ANN} --mailbox --yes` does it" in said and "Erased." in said
    assert desk.left() == []
    desk.file.write_text(desk.file.read_text().replace("port = 1\n", f"port = {dovecot.port}\n"))


@pytest.fixture(scope="module")
def old_server() -> Iterator[Dovecot]:
    """One that deletes no single message."""
    with running(capability="IMAP4rev1 IDLE") as server:
        yield server


def test_without_uidplus_nobody_elses_mail_is_removed(old_server: Dovecot, tmp_path: Path) -> None:
    desk = Office(tmp_path, old_server, "forget-old")
    desk.gets(MAILS[0], MAILS[2], MAILS[3])
    with old_server.client(desk.user, "INBOX") as client:
        client.add_flags(client.search(["FROM", "bob"]), [b"\\Deleted"])
    said = desk.run("forget", ANN, "--mailbox", "--yes")
    assert "they are marked as deleted" in said and desk.left() == [1, 3, 4]
    with old_server.client(desk.user, "INBOX") as client:
        client.remove_flags(client.search(["FROM", "bob"]), [b"\\Deleted"])
    desk.run("forget", ANN, "--mailbox", "--yes")
    assert desk.left() == [3, 4]
