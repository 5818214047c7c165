"""Watching a server that misbehaves: rows of the list of what will go wrong."""

from __future__ import annotations

import datetime
import itertools
import ssl
import time
from collections.abc import Callable
from typing import Any

import pytest
import trustme

from maild.demo.servers import WAIT_SECONDS
from maild.errors import MaildError, Unavailable
from maild.ingest.imap import Patience, connection, probe
from maild.ingest.imap.watcher import IN_VAIN, Rhythm
from tests.servers import rude_imap as rude
from tests.servers.rude_imap import Peer, RudeImap
from tests.servers.watching import Watched, mail

THREE = {1: mail(1), 2: mail(2), 3: mail(3)}
SHORT = Patience(connect_seconds=0.5, command_seconds=0.5)


# ---- nothing that is not whole


def test_h6_a_message_cut_short_is_not_stored_and_comes_whole_later(watched: Watched) -> None:
    with RudeImap(THREE) as server:
        server.fetching[2] = rude.cut_short
        watcher = watched.watcher(server.section(after="delete"))
        assert watcher.once() == 2
        assert watched.octets() == [mail(1), mail(3)]
        assert set(server.messages) == {2}  # not acknowledged
        del server.fetching[2]
        assert watched.watcher(server.section(after="delete")).once() == 1
        assert watched.octets() == [mail(1), mail(3), mail(2)]
        assert server.messages == {}


def test_h6_a_body_that_is_shorter_than_announced_by_a_fault_is_asked_for_again(
    watched: Watched,
) -> None:
    with RudeImap(THREE) as server:

        def once_too_short(peer: Peer, uid: int, octets: bytes) -> None:
            del server.fetching[uid]
            peer.send(f"* 2 FETCH (UID {uid} BODY[] {{5}}\r\n{octets[:5].decode()})\r\n")

        server.fetching[2] = once_too_short
        assert watched.watcher(server.section()).once() == 3
        assert sorted(watched.octets()) == sorted(THREE.values())


def test_a_server_whose_sizes_are_estimates_is_believed_after_a_second_look(
    watched: Watched,
) -> None:
    with RudeImap(THREE) as server:
        server.sizes = {1: 1000, 2: 10}
        watcher = watched.watcher(server.section())
        assert (watcher.once(), watcher.once()) == (3, 0)
        assert watched.octets() == list(THREE.values())
        assert watched.alerts == []


@pytest.mark.parametrize("how", [rude.without_body, rude.nil_body, rude.empty_body])
def test_h7_an_answer_without_a_body_is_tried_again_then_reported(
    watched: Watched, how: Callable[[Peer, int, bytes], None]
) -> None:
    with RudeImap(THREE) as server:
        server.fetching[2] = how
        section = server.section(after="delete")
        with watched.running(section):
            watched.wait_for(lambda: watched.alerts)
        assert watched.octets() == [mail(1), mail(3)]
        assert set(server.messages) == {2}
        assert len(watched.alerts) == 1
        assert watched.alerts[0][0] == "imap-fetch:rude:7:2"
        assert "message UID 2 cannot be fetched" in watched.alerts[0][1]


def test_h14_a_message_that_is_empty_by_all_accounts_is_stored(watched: Watched) -> None:
    with RudeImap({1: b"", 2: mail(2)}) as server:
        assert watched.watcher(server.section()).once() == 2
        assert sorted(watched.octets()) == [b"", mail(2)]


# ---- one does not stop the others


@pytest.mark.parametrize(
    "how", [rude.refused, rude.hangs_up, rude.gibberish, rude.nil_body, rude.cut_short]
)
def test_h9_one_message_of_500_that_cannot_be_fetched_stops_no_other(
    watched: Watched, how: Callable[[Peer, int, bytes], None]
) -> None:
    mails = {uid: mail(uid) for uid in range(1, 501)}
    with RudeImap(mails) as server:
        server.fetching[250] = how
        assert watched.watcher(server.section()).once() == 499
        assert {one.uid for one in watched.stored()} == set(mails) - {250}


def test_h9_a_size_that_is_refused_stops_no_other(watched: Watched) -> None:
    with RudeImap(THREE) as server:
        server.sizes[2] = -1  # nothing that IMAP knows
        assert watched.watcher(server.section()).once() >= 2
        assert {1, 3} <= {one.uid for one in watched.stored()}


def test_a_server_that_always_breaks_is_left_alone_after_some_tries(watched: Watched) -> None:
    mails = {uid: mail(uid) for uid in range(1, 301)}
    with RudeImap(mails) as server:
        server.fetching = dict.fromkeys(mails, rude.hangs_up)
        with pytest.raises(MaildError, match="closed the connection"):
            watched.watcher(server.section()).once()
        assert server.connections < 10


# ---- too much, too slow


def test_h15_a_message_over_the_limit_is_told_of_once_and_stays(watched: Watched) -> None:
    with RudeImap({1: mail(1), 2: mail(2, 30_000), 3: mail(3)}) as server:
        watcher = watched.watcher(server.section(after="delete"), limit=20_000)
        assert (watcher.once(), watcher.once()) == (2, 0)
        assert set(server.messages) == {2}
        [there] = [one for one in watched.stored() if one.uid is None]  # its header, once
        assert b"Content-Type: text/plain; charset=utf-8" in there.octets
        assert len(there.octets) < 2000
        [(key, text)] = watched.alerts
        assert key == "imap-size:rude:7:2"
        assert "30,000 bytes, more than [limits] message_bytes = 20000" in text
        raised = watched.watcher(server.section(after="delete"))  # the place was not lost
        assert raised.once() == 1
        assert server.messages == {}


def test_h18_a_literal_of_two_gigabytes_is_refused(watched: Watched) -> None:
    with RudeImap(THREE) as server:
        server.fetching[2] = rude.two_gigabytes
        assert watched.watcher(server.section()).once() == 2
        assert [key for key, _ in watched.alerts] == ["imap-size:rude:7:2"]
        assert "2,147,483,648 bytes" in watched.alerts[0][1]


@pytest.mark.parametrize(
    ("line", "count", "taken"),
    [
        ("* OK " + "x" * 100_000, 10, True),
        ("* 1 FETCH (FLAGS ())", 1000, True),
        ("* OK " + "x" * 100_000, 40, False),
        ("* 1 FETCH (FLAGS ())", 110_000, False),
        ("* SEARCH " + "1 " * 10_000, 200, False),
    ],
)
def test_h123_a_flood_of_answers_takes_little_memory(
    watched: Watched, monkeypatch: pytest.MonkeyPatch, line: str, count: int, taken: bool
) -> None:
    monkeypatch.setattr(connection, "ANSWER_OCTETS", 1_000_000)
    with RudeImap(THREE) as server:
        server.searched = lambda tag, uids: "\n".join(
            [*[line] * count, f"* SEARCH {' '.join(map(str, uids))}"]
        )
        watcher = watched.watcher(server.section(), patience=Patience())
        if taken:
            assert watcher.once() == 3
            return
        with pytest.raises(MaildError, match="closed the connection"):
            watcher.once()
        server.searched = rude.one_line
        assert watcher.once() == 3


def test_h123_bodies_that_are_not_of_their_size_do_not_fill_the_memory_together(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "ANSWER_OCTETS", 1_000_000)
    mails = {uid: mail(uid, 400_000) for uid in range(1, 11)}
    with RudeImap(mails) as server:
        server.sizes = dict.fromkeys(mails, 100)
        assert watched.watcher(server.section(), limit=500_000).once() == 10
        assert server.connections > 1


@pytest.mark.parametrize("spoken", ["SEARCH", "NOOP", "IDLE"])
def test_h123_who_tells_of_mail_that_is_not_there_is_asked_less_often(
    watched: Watched, monkeypatch: pytest.MonkeyPatch, spoken: str
) -> None:
    told = itertools.count(10)
    name = {"SEARCH": "do_uid_search", "NOOP": "do_noop", "IDLE": "exists"}[spoken]
    as_ever = getattr(Peer, name)

    def lie(peer: Peer, *rest: str) -> None:
        if rest or peer.idling:
            peer.say(f"* {next(told)} EXISTS")
        as_ever(peer, *rest)

    monkeypatch.setattr(Peer, name, lie)
    idles = "IMAP4rev1 UIDPLUS" + " IDLE" * (spoken == "IDLE")
    rhythm = Rhythm(lively=0, vain_pause=0.02)
    with RudeImap(THREE, capabilities=idles) as server:
        began = time.monotonic()
        with watched.running(server.section(), rhythm=rhythm) as watcher:
            watched.wait_for(lambda: watcher._told_in_vain >= IN_VAIN + 6)
            assert time.monotonic() - began > 0.02 * (1 + 2 + 4 + 8 + 16)
            assert len(server.said) < 100
            server.put(4, mail(4))
            watched.wait_for(lambda: len(watched.stored()) == 4)


@pytest.mark.parametrize("most", [1, 300_000], ids=["in steps", "at once"])
@pytest.mark.parametrize("uidnext", [2**31, 2**32 - 1, 2**32, 10**18, 10**4000])
def test_h123_a_uidnext_that_is_none_costs_nothing(
    watched: Watched, monkeypatch: pytest.MonkeyPatch, most: int, uidnext: int
) -> None:
    monkeypatch.setattr(connection, "MANY", most)
    monkeypatch.setattr(connection, "STEPS", 20)
    with RudeImap(THREE) as server:
        server.uidnext = uidnext
        assert watched.watcher(server.section()).once() == 3
        assert len(server.said) < 100


@pytest.mark.parametrize(
    "answer",
    [
        "* SEARCH 1 2 3 4294967296",
        "* SEARCH 1 2 3 99999999999999999999999",
        "* SEARCH 1 2 3 " + "9" * 5000,
        "* ESEARCH (TAG x) UID ALL 1:3",
    ],
)
def test_h123_numbers_that_are_no_uids_are_passed_over(watched: Watched, answer: str) -> None:
    with RudeImap(THREE) as server:
        server.searched = lambda tag, uids: answer
        assert watched.watcher(server.section()).once() == 3


@pytest.mark.parametrize(
    "named",
    [
        "1:4294967295",
        "4294967296",
        "9" * 5000,
        ",".join(f"{n}000001:{n + 4}999999" for n in range(1, 200, 5)),
    ],
)
def test_h123_more_uids_than_anybody_has_are_no_answer(watched: Watched, named: str) -> None:
    with RudeImap(THREE) as server:
        server.searched = lambda tag, uids: f"* ESEARCH (TAG x) UID ALL {named}"
        with pytest.raises(MaildError, match="not IMAP"):
            watched.watcher(server.section()).once()


def test_h17_an_octet_now_and_then_does_not_hold_us(watched: Watched) -> None:
    with RudeImap(THREE) as server:
        server.messages[2] = mail(2, 3000)
        server.fetching[2] = rude.drips
        assert watched.watcher(server.section(), patience=SHORT).once() == 2
        assert {one.uid for one in watched.stored()} == {1, 3}


def test_h17_a_greeting_that_never_ends_does_not_hold_us() -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        section = RudeImap({}).section(port=port)
        with pytest.raises(MaildError, match="does not answer within"):
            probe(section, patience=SHORT)


def test_h21_a_stop_in_the_middle_of_a_message_is_obeyed(watched: Watched) -> None:
    with RudeImap(THREE) as server:
        server.messages[2] = mail(2, 3000)
        server.fetching[2] = rude.drips
        with watched.running(server.section()):
            assert server.busy.wait(WAIT_SECONDS)
        # `running` has seen the thread end
        assert not any(one.uid == 2 for one in watched.stored())


# ---- new mail and old


def test_h16_new_mail_does_not_wait_for_the_backlog(watched: Watched) -> None:
    mails = {uid: mail(uid) for uid in range(1, 3001)}
    with RudeImap(mails) as server:
        assert watched.watcher(server.section()).once() == 3000
        order = [one.uid or 0 for one in watched.stored()]
        assert sorted(order) == list(mails)
        assert order.index(3000) < 500
        assert order.index(1) < 500


def test_h16_what_comes_in_meanwhile_joins(watched: Watched) -> None:
    mails = {uid: mail(uid) for uid in range(1, 1201)}
    with RudeImap(mails) as server:

        def more() -> None:
            if 1201 not in server.messages:
                server.put(1201, mail(1201))

        assert watched.watcher(server.section(), on_accepted=more).once() == 1201
        assert [one.uid for one in watched.stored()].index(1201) < 1100


def test_a_uid_that_the_server_left_out_of_an_answer_is_found_by_the_full_scan(
    watched: Watched,
) -> None:
    with RudeImap(THREE) as server:
        server.hidden.add(2)
        watcher = watched.watcher(server.section())
        assert watcher.once() == 2
        server.hidden.clear()
        assert watcher.once() == 1
        assert [one.uid for one in watched.stored()] == [1, 3, 2]


# ---- UIDs


def test_h12_uids_used_twice_are_noticed_by_uidnext(watched: Watched) -> None:
    with RudeImap({1: mail(1), 2: mail(2), 3: mail(3)}) as server:
        watcher = watched.watcher(server.section())
        assert watcher.once() == 3
        server.messages, server.uidnext = {1: mail(2), 2: mail(9)}, 3  # restored: 2 became 1
        assert watcher.once() == 1
        assert sorted(watched.octets()) == sorted([mail(1), mail(2), mail(3), mail(9)])
        assert [key for key, _ in watched.alerts] == ["imap-uids:rude"]


def test_h12_uids_used_twice_are_noticed_by_content(watched: Watched) -> None:
    with RudeImap({1: mail(1), 2: mail(2)}) as server:
        assert watched.watcher(server.section()).once() == 2
        server.messages, server.uidnext = {1: mail(1), 2: mail(7, 500), 3: mail(2)}, 4
        watcher = watched.watcher(server.section())  # another process
        assert watcher.once() == 1
        assert watcher.once() == 0
        assert sorted(watched.octets()) == sorted([mail(1), mail(2), mail(7, 500)])
        assert [key for key, _ in watched.alerts] == ["imap-uids:rude"]


# ---- acknowledging


def test_h26_a_delete_that_fails_makes_one_copy_however_often_it_is_tried(watched: Watched) -> None:
    with RudeImap(THREE, capabilities="IMAP4rev1 UIDPLUS") as server:
        server.refused.add("UID STORE")
        for _ in range(4):  # four processes
            watched.watcher(server.section(after="move:Done")).once()
        assert server.copies == {"Done": 3}
        assert len(server.messages) == 3
        assert {key for key, _ in watched.alerts} == {"imap-after:rude"}
        server.refused.clear()
        assert watched.watcher(server.section(after="move:Done")).once() == 0
        assert server.copies == {"Done": 3}
        assert server.messages == {}
        assert watched.recovered == ["imap-after:rude"]
        assert watched.octets() == list(THREE.values())


def test_a_move_that_is_refused_is_an_alert_and_the_watching_goes_on(watched: Watched) -> None:
    with RudeImap(THREE) as server:
        server.refused.add("UID MOVE")
        with watched.running(server.section(after="move:Done")):
            watched.wait_for(lambda: watched.alerts)
            server.put(4, mail(4))
            watched.wait_for(lambda: len(watched.stored()) == 4)
        assert 'after = "move:Done"' in watched.alerts[0][1]
        assert len(server.messages) == 4


# ---- who is it? (H19)


def _server_tls(authority: trustme.CA, name: str, *, expired: bool = False) -> ssl.SSLContext:
    past = datetime.datetime(2020, 1, 1)
    until = past + datetime.timedelta(1)
    more: dict[str, Any] = {"not_before": past, "not_after": until} if expired else {}
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name, **more).configure_cert(context)
    return context


def _client_tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def test_tls_with_a_good_certificate(watched: Watched) -> None:
    authority = trustme.CA()
    with RudeImap(THREE, tls=_server_tls(authority, "127.0.0.1")) as server:
        section = server.section(tls="implicit")
        assert watched.watcher(section, context=_client_tls(authority)).once() == 3


@pytest.mark.parametrize(
    ("name", "expired", "known", "why"),
    [
        ("127.0.0.1", True, True, "certificate has expired"),
        ("imap.example.com", False, True, "IP address mismatch"),
        ("127.0.0.1", False, False, "unable to get local issuer certificate"),
    ],
)
def test_h19_a_certificate_that_is_not_valid_gets_no_password(
    watched: Watched, name: str, expired: bool, known: bool, why: str
) -> None:
    authority = trustme.CA()
    believed = authority if known else trustme.CA()
    with RudeImap(THREE, tls=_server_tls(authority, name, expired=expired)) as server:
        section = server.section(tls="implicit")
        with watched.running(section, context=_client_tls(believed)):
            watched.wait_for(lambda: watched.alerts)
        assert server.said == []
        text = watched.alerts[0][1]
        assert text.startswith(f'Mailbox "rude": 127.0.0.1:{server.port} shows a certificate')
        assert why in text
        assert "no password was sent" in text


def test_h19_starttls_stripped_gets_no_password(watched: Watched) -> None:
    with RudeImap(THREE) as server:
        with watched.running(server.section(tls="starttls")):
            watched.wait_for(lambda: watched.alerts)
        assert not any("LOGIN" in line for line in server.said)
        assert (
            "does not offer encryption by STARTTLS, so no password was sent"
            in (watched.alerts[0][1])
        )


@pytest.mark.parametrize("injected", [b"* OK [CAPABILITY IMAP4rev1] hello\r\n", b""])
def test_h19_words_slipped_in_behind_starttls_get_no_password(
    injected: bytes, watched: Watched
) -> None:
    """A man in between answers in clear, with words that would count as the server's."""
    with RudeImap(THREE, capabilities="IMAP4rev1 STARTTLS", after_starttls=injected) as server:
        with pytest.raises(Unavailable):
            watched.watcher(server.section(tls="starttls"), patience=SHORT).once()
        assert not any("LOGIN" in line for line in server.said)


def test_a_password_that_is_not_taken_in_clear_is_not_sent(watched: Watched) -> None:
    with RudeImap(THREE, capabilities="IMAP4rev1 LOGINDISABLED") as server:
        with pytest.raises(Unavailable, match="takes no password on this connection"):
            watched.watcher(server.section()).once()
        assert not any("LOGIN" in line for line in server.said)


def test_a_port_that_speaks_no_tls_is_one_clear_sentence(watched: Watched) -> None:
    with (
        RudeImap(THREE) as server,
        pytest.raises(Unavailable, match="does not speak TLS there"),
    ):
        watched.watcher(server.section(tls="implicit")).once()
