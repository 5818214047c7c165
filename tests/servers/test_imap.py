"""Watching real IMAP servers: pymap in process, and Dovecot."""

from __future__ import annotations

import base64
import itertools
import random
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from typing import Any, Protocol

import pytest

from maild.config import MailboxSection
from maild.demo.servers import Servers
from maild.desk import mailbox_orders
from maild.errors import Temporary, Unavailable
from maild.ingest.imap import Rhythm, probe
from maild.ingest.imap.connection import Connection
from maild.ingest.imap.cursor import Accepted, Cursor, Fetched
from maild.store import Store
from tests.fresh import make_tables
from tests.servers.dovecot import Dovecot, running
from tests.servers.watching import Watched, mail

_numbers = itertools.count(1)


class Box(Protocol):
    """One user's mailbox on some server."""

    def section(self, **more: object) -> MailboxSection: ...
    def put(self, octets: bytes, flags: tuple[str, ...] = ()) -> int: ...
    def messages(self, folder: str = "INBOX") -> dict[int, bytes]: ...
    def flags(self, uid: int) -> set[str]: ...
    def renumber(self) -> None: ...


class PymapBox:
    def __init__(self, servers: Servers) -> None:
        self.imap = servers.imap
        self.imap.add_user("support", "secret")

    def section(self, **more: object) -> MailboxSection:
        values = {
            "name": "support",
            "port": self.imap.port,
            "tls": "none",
            "username": "support",
            "password": "secret",
            **more,
        }
        return MailboxSection.model_validate(values)

    def put(self, octets: bytes, flags: tuple[str, ...] = ()) -> int:
        return self.imap.deliver("support", octets, flags=flags)

    def messages(self, folder: str = "INBOX") -> dict[int, bytes]:
        return self.imap.messages("support", folder)

    def flags(self, uid: int) -> set[str]:
        return self.imap.flags("support", uid)

    def renumber(self) -> None:
        self.imap.renumber("support")


class DovecotBox:
    def __init__(self, dovecot: Dovecot) -> None:
        self.dovecot = dovecot
        self.user = dovecot.add_user(f"support{next(_numbers)}")

    def section(self, **more: object) -> MailboxSection:
        return self.dovecot.section(self.user, **{"name": "support", **more})

    def put(self, octets: bytes, flags: tuple[str, ...] = ()) -> int:
        return self.dovecot.append(self.user, octets, flags=flags)

    def messages(self, folder: str = "INBOX") -> dict[int, bytes]:
        return self.dovecot.messages(self.user, folder)

    def flags(self, uid: int) -> set[str]:
        return self.dovecot.flags(self.user, uid)

    def renumber(self) -> None:
        self.dovecot.renumber(self.user)


@pytest.fixture(scope="module")
def plain_dovecot() -> Iterator[Dovecot]:
    """One that has neither MOVE nor UIDPLUS nor IDLE."""
    with running(capability="IMAP4rev1") as server:
        yield server


@pytest.fixture(params=["pymap", "dovecot", "plain dovecot"])
def box(request: pytest.FixtureRequest) -> Iterator[Box]:
    if request.param == "pymap":
        with closing(Servers()) as servers:
            yield PymapBox(servers)
    else:
        yield DovecotBox(request.getfixturevalue(request.param.replace(" ", "_")))


def _holds(watched: Watched, count: int) -> bool:
    return len(watched.stored()) == count


# ---- taking in


def test_what_is_there_is_accepted_once_and_byte_for_byte(box: Box, watched: Watched) -> None:
    mails = [mail(1), b"Subject: \xff\xfe\r\n\r\n\xe4 raw\r\n", mail(3, 9_000_000)]
    for one in mails:
        box.put(one)
    watcher = watched.watcher(box.section())
    assert (watcher.once(), watcher.once()) == (3, 0)
    assert watched.watcher(box.section()).once() == 0  # after a restart, too
    assert watched.octets() == mails == list(box.messages().values())
    assert watched.alerts == []


def test_mail_that_a_person_read_is_taken_in_and_none_is_marked_read(
    box: Box, watched: Watched
) -> None:
    """The place is kept by UID, never by \\Seen (E1)."""
    read, unread = box.put(mail(1), ("\\Seen",)), box.put(mail(2))
    assert watched.watcher(box.section()).once() == 2
    assert "\\Seen" in box.flags(read)
    assert "\\Seen" not in box.flags(unread)


def test_new_mail_is_accepted_as_it_comes(box: Box, watched: Watched) -> None:
    """By IDLE where the server has it, by polling elsewhere (E1)."""
    box.put(mail(1))
    with watched.running(box.section(poll_seconds=0.2)):
        for number in (2, 3, 4):
            watched.wait_for(partial(_holds, watched, number - 1))
            box.put(mail(number))
        watched.wait_for(lambda: len(watched.stored()) == 4)
    assert watched.octets() == [mail(1), mail(2), mail(3), mail(4)]


def test_what_came_while_a_mail_was_fetched_and_after_it_comes_together(
    dovecot: Dovecot, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A search of Dovecot's knows what was there when the command before it ended."""
    box, batches = DovecotBox(dovecot), list[int]()
    bodies, accept = Connection.bodies, Cursor.accept

    def fetched(connection: Connection, uids: list[int], **most: int) -> dict[int, bytes]:
        if not batches:
            box.put(mail(2))
        return bodies(connection, uids, **most)

    def accepted(cursor: Cursor, batch: Sequence[Fetched], last_uid: int) -> Accepted:
        batches.append(len(batch))
        if len(batches) == 1:
            box.put(mail(3))
        return accept(cursor, batch, last_uid)

    monkeypatch.setattr(Connection, "bodies", fetched)
    monkeypatch.setattr(Cursor, "accept", accepted)
    box.put(mail(1))
    with watched.running(box.section()):
        watched.wait_for(partial(_holds, watched, 3))
    assert batches == [1, 2]


def test_h27_a_clock_that_jumps_takes_nothing_in_again(box: Box, watched: Watched) -> None:
    box.put(mail(1))
    watcher = watched.watcher(box.section())
    assert watcher.once() == 1
    for day in (22, 20):
        watched.now = watched.now.replace(day=day)
        assert watcher.once() == 0


# ---- acknowledging


def test_after_move_the_mail_is_in_the_folder_which_is_made_where_missing(
    box: Box, watched: Watched
) -> None:
    mails = [mail(1), mail(2)]
    for one in mails:
        box.put(one)
    assert watched.watcher(box.section(after="move:Done")).once() == 2
    assert box.messages() == {}
    assert list(box.messages("Done").values()) == mails == watched.octets()


def test_after_delete_the_mail_is_gone_from_the_server(box: Box, watched: Watched) -> None:
    box.put(mail(1))
    watcher = watched.watcher(box.section(after="delete"))
    assert watcher.once() == 1
    box.put(mail(2))
    assert watcher.once() == 1
    assert box.messages() == {}
    assert watched.octets() == [mail(1), mail(2)]


@pytest.mark.parametrize("after", ["move:Done", "delete"])
def test_h1_what_was_committed_but_not_acknowledged_is_acknowledged_later(
    box: Box, watched: Watched, after: str
) -> None:
    """The commit comes first, then the server is told (E2)."""
    box.put(mail(1))
    assert watched.watcher(box.section(after="keep")).once() == 1  # as if killed before telling
    box.put(mail(2))
    assert watched.watcher(box.section(after=after)).once() == 1
    assert box.messages() == {}
    assert watched.octets() == [mail(1), mail(2)]


@pytest.mark.parametrize("after", ["keep", "move:Done", "delete"])
def test_h13_what_a_person_marked_deleted_stays(box: Box, watched: Watched, after: str) -> None:
    """His mark was set before us, or while we hold the mailbox: it is his to expunge."""
    box.put(mail(1))
    watcher = watched.watcher(box.section(after=after))
    late: list[int] = []

    def a_person_marks_another() -> None:
        if not late:
            late.append(box.put(mail(2), ("\\Deleted",)))

    watcher = watched.watcher(box.section(after=after), on_accepted=a_person_marks_another)
    assert watcher.once() == 1
    assert late[0] in box.messages()
    assert "\\Deleted" in box.flags(late[0])


def test_without_uidplus_our_own_wait_while_a_person_has_marked_others(
    plain_dovecot: Dovecot, watched: Watched
) -> None:
    box = DovecotBox(plain_dovecot)
    first = box.put(mail(1))
    marked: list[int] = []

    def a_person_marks_another() -> None:
        if not marked:
            marked.append(box.put(mail(2), ("\\Deleted",)))

    watcher = watched.watcher(box.section(after="move:Done"), on_accepted=a_person_marks_another)
    assert watcher.once() == 1
    assert "\\Deleted" in box.flags(first)  # marked, not expunged: that would take the other too
    assert watcher.once() == 1  # now the other is accepted, so it is ours as well
    assert box.messages() == {}
    assert sorted(box.messages("Done").values()) == [mail(1), mail(2)]  # one copy each (H26)


# ---- places


def test_h11_another_uidvalidity_loses_nothing_and_doubles_nothing(
    box: Box, watched: Watched
) -> None:
    same = mail(1)
    for one in (same, same, mail(2)):  # two equal mails are two
        box.put(one)
    watcher = watched.watcher(box.section())
    assert watcher.once() == 3
    box.renumber()
    box.put(mail(3))
    assert watcher.once() == 1
    assert watched.watcher(box.section()).once() == 0
    assert watched.octets() == [same, same, mail(2), mail(3)]
    assert {one.uid for one in watched.stored()} == set(box.messages())  # each found its place


def test_h11_another_uidvalidity_while_we_were_killed_in_the_rescan(
    box: Box, watched: Watched
) -> None:
    for number in (1, 2, 3):
        box.put(mail(number))
    assert watched.watcher(box.section()).once() == 3
    box.renumber()
    cursor = Cursor(watched.store, "support", lambda: watched.now)
    cursor.enter(99)  # the rescan began …
    cursor.accept([Fetched(1, mail(1))], 1)  # … and got as far as this
    assert watched.watcher(box.section()).once() == 0
    assert watched.octets() == [mail(1), mail(2), mail(3)]


def test_h22_one_message_in_two_mailboxes_comes_in_by_both(box: Box, watched: Watched) -> None:
    """Any number of mailboxes (E1)."""
    box.put(mail(1))
    assert watched.watcher(box.section(name="first")).once() == 1
    assert watched.watcher(box.section(name="second")).once() == 1
    assert [one.mailbox for one in watched.stored()] == ["first", "second"]


def test_h8_others_expunge_while_we_fetch(dovecot: Dovecot, watched: Watched) -> None:
    user = dovecot.add_user("shared")
    mails = [mail(number) for number in range(1, 301)]
    dovecot.fill(user, mails)
    expunged: list[int] = []

    def a_person_expunges() -> None:
        if not expunged:
            expunged.extend([5, 50, 150, 299])
            with dovecot.client(user, "INBOX") as client:
                client.delete_messages(expunged)
                client.expunge()

    assert watched.watcher(dovecot.section(user), on_accepted=a_person_expunges).once() >= 296
    stored = {one.uid for one in watched.stored()}
    assert stored >= set(range(1, 301)) - {150, 299}
    assert watched.alerts == []


# ---- two at once


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_h25_two_daemons_on_one_mailbox_store_each_message_once(
    dovecot: Dovecot, watched: Watched, database: str, request: pytest.FixtureRequest
) -> None:
    user = dovecot.add_user(f"both{next(_numbers)}")
    mails = [mail(number) for number in range(1, 201)]
    dovecot.fill(user, mails)
    if database == "postgres":
        url = request.getfixturevalue("postgres")
        stores = [Store(url), Store(url)]
        make_tables(stores[0])
    else:
        stores = [_again(watched), _again(watched)]
    counts: list[int] = []

    def watch(store: Store) -> None:
        counts.append(Watched(store).watcher(dovecot.section(user)).once())

    daemons = [threading.Thread(target=watch, args=(store,)) for store in stores]
    for daemon in daemons:
        daemon.start()
    for daemon in daemons:
        daemon.join()
    assert len(counts) == 2  # neither failed
    assert sum(counts) == 200
    assert sorted(Watched(stores[0]).octets()) == sorted(mails)
    for store in stores:
        store.close()


def _again(watched: Watched) -> Store:
    """Another opening of the same database."""
    return Store(watched.store.url.render_as_string())


# ---- coming and going


def test_a_lost_connection_is_made_again(watched: Watched) -> None:
    with closing(Servers()) as servers:
        box = PymapBox(servers)
        with watched.running(box.section()):
            for number in (1, 2, 3):
                box.put(mail(number))
                watched.wait_for(partial(_holds, watched, number))
                servers.imap.drop_connections()
    assert watched.alerts == []  # once is nothing that an admin must hear of


def test_a_server_that_is_gone_is_told_of_and_settled_when_it_is_back(watched: Watched) -> None:
    with closing(Servers()) as servers:
        box = PymapBox(servers)
        section = box.section()
        with watched.running(section):
            box.put(mail(1))
            watched.wait_for(watched.stored)
            servers.imap.pause()
            watched.wait_for(lambda: watched.alerts)
            servers.imap.resume()
            watched.wait_for(lambda: watched.recovered)
            box.put(mail(2))
            watched.wait_for(lambda: len(watched.stored()) == 2)
    key, text = watched.alerts[0]
    assert key == "imap:support"
    assert text.startswith(f'Mailbox "support": 127.0.0.1:{section.port} refuses the connection.')


def test_h3_a_full_disk_loses_nothing_and_work_resumes_by_itself(
    box: Box, watched: Watched
) -> None:
    for number in range(3):
        box.put(mail(number) + base64.encodebytes(random.Random(number).randbytes(300_000)))
    full = watched.store.engine.connect()
    pages = full.exec_driver_sql("PRAGMA page_count").scalar_one()
    full.close()  # the pool gives the same connection again
    _limit_pages(watched.store, pages + 20)
    with watched.running(box.section(after="delete", poll_seconds=0.2)):
        watched.wait_for(lambda: watched.alerts)
        assert watched.alerts[0][0] == "imap:support"
        assert "The database" in watched.alerts[0][1]
        assert len(box.messages()) == 3  # nothing was acknowledged
        _limit_pages(watched.store, 1_000_000)
        watched.wait_for(lambda: len(watched.stored()) == 3)
        watched.wait_for(lambda: not box.messages())
        watched.wait_for(lambda: "imap:support" in watched.recovered)


def _limit_pages(store: Store, pages: int) -> None:
    """A disk of so many pages, for every connection from now on."""
    import sqlalchemy as sa

    @sa.event.listens_for(store.engine, "checkout")
    def _limited(connection: Any, _record: Any, _proxy: Any) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages}")


# ---- what a person reads


def test_a_paused_mailbox_is_left_alone_until_it_goes_on(box: Box, watched: Watched) -> None:
    section = box.section()
    watched.store.act(lambda unit: mailbox_orders.pause(unit, section.name, "kim", watched.now))
    box.put(mail(1))
    assert watched.watcher(section).once() == 0
    with watched.running(section):
        watched.store.act(lambda unit: mailbox_orders.resume(unit, section.name))
        watched.wait_for(lambda: len(watched.stored()) == 1)
    assert list(box.messages().values()) == [mail(1)]


def test_a_mailbox_is_looked_at_as_soon_as_an_admin_asks(watched: Watched) -> None:
    patient = Rhythm(first_pause=600, longest_pause=600, tell_after=1)
    section = MailboxSection.model_validate(
        {"name": "gone", "host": "127.0.0.1", "port": 1, "tls": "none"}
        | {"username": "u", "password": "p"}
    )
    with watched.running(section, rhythm=patient):
        watched.wait_for(lambda: len(watched.alerts) == 1)
        watched.store.act(lambda unit: mailbox_orders.look_now(unit, "gone", watched.now))
        watched.wait_for(lambda: len(watched.alerts) == 2)


def test_the_probe_says_what_is_there(box: Box) -> None:
    box.put(mail(1))
    line = probe(box.section(after="move:Done"))
    assert line.startswith(f'Mailbox "support": 127.0.0.1:{box.section().port} (not encrypted)')
    assert "INBOX holds 1 messages" in line
    assert "moved to Done afterwards, which will be created" in line


def test_a_mailbox_without_a_login_is_told_what_it_lacks(box: Box) -> None:
    with pytest.raises(Unavailable, match="put `username` and a password, or oauth") as caught:
        probe(box.section(username=None, password=None))
    assert "None" not in caught.value.message


def test_a_wrong_password_is_one_clear_sentence(box: Box) -> None:
    with pytest.raises(Unavailable) as caught:
        probe(box.section(password="wrong"))
    user = box.section().username
    who = f'Mailbox "support": 127.0.0.1:{box.section().port}'
    assert caught.value.message.startswith(f"{who} refuses the login of {user!r}. It says: ")
    assert caught.value.message.endswith("Correct `username` and the password in [[mailbox]].")


def test_a_folder_that_is_not_there_is_named_with_a_likely_one(dovecot: Dovecot) -> None:
    user = dovecot.add_user("folders", ["Support"])
    with pytest.raises(Unavailable, match="has no folder 'Suport'; did you mean 'Support'"):
        probe(dovecot.section(user, folder="Suport"))


def test_a_folder_with_letters_of_its_own(dovecot: Dovecot, watched: Watched) -> None:
    user = dovecot.add_user("letters", ["Anfragen.Ä & Ö"])
    dovecot.append(user, mail(1), "Anfragen.Ä & Ö")
    section = dovecot.section(user, folder="Anfragen.Ä & Ö", after="move:Erledigt ü")
    assert watched.watcher(section).once() == 1
    assert list(dovecot.messages(user, "Erledigt ü").values()) == [mail(1)]


def test_nobody_there_is_one_clear_sentence(dovecot: Dovecot) -> None:
    with pytest.raises(Temporary, match="Does the IMAP server run, and is `port` right"):
        probe(dovecot.section("nobody", port=1))


def test_no_such_host_is_one_clear_sentence(dovecot: Dovecot) -> None:
    with pytest.raises(Temporary, match="Correct `host`"):
        probe(dovecot.section("nobody", host="nowhere.invalid", tls="implicit"))
