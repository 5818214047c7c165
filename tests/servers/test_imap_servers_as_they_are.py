"""IMAP servers as they are: every way in which one was seen to answer otherwise than the RFC says,
and beside each the genuine neighbour that must go on as before (H99 to H102, H110)."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from maild.config import MailboxSection
from maild.errors import MaildError, Temporary, Unavailable
from maild.ingest.imap import Patience, Stop, Watcher, probe
from maild.ingest.imap.connection import opened
from maild.ingest.imap.cursor import Accepted, Cursor
from maild.ingest.imap.folders import Listed, find, new_name
from tests.servers import rude_imap as rude
from tests.servers.line import Line
from tests.servers.rude_imap import CUT, HANG, Peer, RudeImap, in_lines_of, one_line
from tests.servers.watching import EAGER, QUICK, Watched, mail

THREE = {1: mail(1), 2: mail(2), 3: mail(3)}
LIVELY = Patience(connect_seconds=2, command_seconds=5, idle_seconds=0.3, prompt_seconds=0.5)


# ---- H100: how it writes what it says


def as_ranges(uids: list[int]) -> str:
    return ",".join(f"{uid}:{uid}" for uid in uids)


@pytest.mark.parametrize(
    "answer",
    [
        in_lines_of(100),
        in_lines_of(1),
        lambda tag, uids: one_line(tag, uids) + " (MODSEQ 917162500)",
        lambda tag, uids: one_line(tag, uids).replace(" ", "  ") + " ",
        lambda tag, uids: f'* ESEARCH (TAG "{tag}") UID ALL {as_ranges(uids)}',
        lambda tag, uids: f'* ESEARCH (TAG "{tag}") UID COUNT 250 ALL {uids[0]}:{uids[-1]} MIN 1',
        lambda tag, uids: f'* esearch (tag "{tag}") uid all {uids[-1]}:{uids[0]}',
        lambda tag, uids: "* SEARCH\n" + one_line(tag, uids),
        lambda tag, uids: (
            one_line(tag, uids[:200]) + "\n* 250 EXISTS\n" + one_line(tag, uids[200:])
        ),
    ],
)
def test_h100_a_search_is_read_however_it_is_answered(
    watched: Watched, answer: Callable[[str, list[int]], str]
) -> None:
    with RudeImap({uid: mail(uid) for uid in range(1, 251)}) as server:
        server.searched = answer
        assert watched.watcher(server.section()).once() == 250
        assert watched.alerts == []


@pytest.mark.parametrize("answer", ["* SEARCH", "* search", "", '* ESEARCH (TAG "x") UID'])
def test_h100_a_search_that_finds_nothing_is_read_too(watched: Watched, answer: str) -> None:
    with RudeImap(THREE) as server:
        server.searched = lambda tag, uids: answer
        assert watched.watcher(server.section()).once() == 0


def test_a_search_that_names_more_than_there_can_be_costs_no_memory(watched: Watched) -> None:
    with RudeImap(THREE) as server:
        server.searched = lambda tag, uids: f'* ESEARCH (TAG "{tag}") UID ALL 1:4294967295'
        with pytest.raises(Temporary, match="not IMAP"):
            watched.watcher(server.section()).once()


@pytest.mark.parametrize(
    "spelling",
    [
        str.lower,
        lambda line: line.replace(" ", "  "),
        lambda line: line.replace("\r\n", "\n"),
        lambda line: line if line.startswith(")") else "\r\n" + line,
        lambda line: line.replace("\r\n", " \r\n") if "{" not in line else line,
        lambda line: re.sub(r"^\* (\d+ )?(\w+)", lambda m: m[0].title(), line),
        lambda line: re.sub(r" OK done\r\n", " OK\r\n", line),
    ],
    ids=["lower", "spaces", "bare LF", "empty lines", "trailing", "title", "no words"],
)
def test_capitals_and_spaces_do_not_matter(
    watched: Watched, spelling: Callable[[str], str]
) -> None:
    mails = {1: mail(1), 2: b"* 9 exists\r\na1 ok done\r\n\r\n  {3}\r\n", 3: b"", 7: mail(7)}
    with RudeImap(mails) as server:

        def as_told(line: str) -> str:
            """The tag is ours, and is given back as it was."""
            tag = re.match(r"[A-Z]{4}\d+(?= )", line)
            return re.sub(tag[0], tag[0], spelling(line), flags=re.I) if tag else spelling(line)

        server.spelling = as_told
        with watched.running(server.section()):
            watched.wait_for(lambda: len(watched.stored()) == 4)
            server.put(8, mail(8))
            watched.wait_for(lambda: len(watched.stored()) == 5)
        assert sorted(watched.octets()) == sorted([*mails.values(), mail(8)])
        assert watched.alerts == []


# ---- H101: trouble that passes

PASSING = [
    "NO [UNAVAILABLE] Temporary authentication failure. [mail:2026-11-26]",
    "NO [INUSE] Mailbox is in use by another process",
    "NO [LIMIT] Too many connections",
    "NO [unavailable] Maximum number of connections from user+IP exceeded",
    "NO Server Unavailable. 15",
    "NO [ALERT] Too many simultaneous connections. (Failure)",
    "NO [THROTTLED] Request is throttled. Suggested Backoff Time: 20 milliseconds",
    "NO Account exceeded command or bandwidth limits. (Failure)",
    "NO [SERVERBUG] Internal error occurred. Refer to server log",
    "NO Lookup failed, please try again later",
    "BAD Command Error. 12",
    "BYE Server shutting down",
    "BYE [ALERT] Your account is being migrated",
    CUT,
]


@pytest.mark.parametrize("command", ["LOGIN", "EXAMINE"])
@pytest.mark.parametrize("answer", PASSING)
def test_h101_passing_trouble_is_waited_out_and_called_what_it_is(
    watched: Watched, answer: str, command: str
) -> None:
    with RudeImap(THREE) as server:
        server.script[command] = [answer] * 4
        with watched.running(server.section()):
            watched.wait_for(lambda: len(watched.stored()) == 3)
            watched.wait_for(lambda: watched.recovered)
    key, text = watched.alerts[0]
    assert (key, watched.recovered[0]) == ("imap:rude", "imap:rude")
    for wrong in ("password", "has no folder", "Look at the rights"):
        assert wrong not in text
    assert "tried again by itself" in text
    if answer != CUT:
        words = re.sub(r"^(NO|BAD|BYE)( \[ALERT\])? ", "", answer).rstrip(".")
        assert words.lower() in text.lower()
    assert server.connections == 5


@pytest.mark.parametrize(
    "answer",
    [
        "NO [AUTHENTICATIONFAILED] Authentication failed.",
        "NO LOGIN failed.",
        "NO Invalid credentials (Failure)",
        "NO [AUTHORIZATIONFAILED] No such user",
        "NO [EXPIRED] Your password has expired",
        "NO [WEBALERT https://example.com/x] Web login required.",
    ],
)
def test_a_wrong_password_is_still_called_one_with_the_servers_words(
    watched: Watched, answer: str
) -> None:
    with RudeImap(THREE) as server:
        server.script["LOGIN"] = [answer]
        with pytest.raises(Unavailable, match="refuses the login of 'support'") as caught:
            watched.watcher(server.section()).once()
    assert answer.removeprefix("NO ").rstrip(".") in caught.value.message
    assert "Correct `username` and the password" in caught.value.message


def test_no_servers_words_bring_our_password_back() -> None:
    with RudeImap(THREE) as server:
        server.script["LOGIN"] = ["NO what is this: LOGIN support secret"]
        with pytest.raises(MaildError) as caught:
            probe(server.section())
    assert "secret" not in caught.value.message + caught.value.detail


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("NO [NOPERM] Permission denied", "Look at the rights on the folder"),
        ("NO Access is not allowed", "Look at the rights on the folder"),
    ],
)
def test_a_folder_that_may_not_be_opened_is_told_so(answer: str, said: str) -> None:
    with RudeImap(THREE) as server:
        server.script["EXAMINE"] = [answer] * 2
        with pytest.raises(Unavailable, match=said):
            probe(server.section())


def test_a_folder_that_the_server_does_not_list_is_missing() -> None:
    with RudeImap(THREE) as server:
        server.folders |= {"Support", "Sent"}
        with pytest.raises(
            Unavailable, match="has no folder 'Suport'; did you mean 'Support'"
        ) as no:
            probe(server.section(folder="Suport"))
    assert 'It says: "no such mailbox"' in no.value.message


def test_a_server_that_lists_nothing_is_in_trouble_itself() -> None:
    with RudeImap(THREE) as server:
        server.folders = set()
        with pytest.raises(Temporary, match="does not open 'Support' at the moment"):
            probe(server.section(folder="Support"))


def test_pauses_grow_and_a_server_that_asks_for_more_gets_it(watched: Watched) -> None:
    with RudeImap(THREE) as server:
        asked = "NO [THROTTLED] Back off for 600 milliseconds"
        server.script["LOGIN"] = [asked] * 3
        began = time.monotonic()
        with watched.running(server.section()):
            watched.wait_for(lambda: len(watched.stored()) == 3)
        assert time.monotonic() - began > 1.8
        assert server.connections == 4


def test_connections_that_do_not_last_are_made_ever_more_slowly(watched: Watched) -> None:
    """As a provider counts logins, whatever came of them."""
    rhythm = replace(EAGER, first_pause=0.05, longest_pause=1.0, short_life=30, lively=0)
    with RudeImap(THREE) as server:
        server.script["IDLE"] = [CUT] * 50
        began = time.monotonic()
        with watched.running(server.section(), rhythm=rhythm):
            watched.wait_for(lambda: server.connections >= 7)
        assert time.monotonic() - began > 1.2  # half of 0.05 + 0.1 + 0.2 + 0.4 + 0.8 + 1, at least
        assert watched.stored() and watched.alerts == []


# ---- H102: IDLE


@pytest.mark.parametrize(
    "answer", ["BAD IDLE not supported", "NO IDLE is disabled", "NO [LIMIT] x"]
)
def test_h102_idle_announced_and_refused_is_polled_on_one_connection(
    watched: Watched, answer: str
) -> None:
    with RudeImap(THREE) as server:
        server.script["IDLE"] = [answer] * 50
        with watched.running(server.section()):
            for uid in (4, 5, 6):
                watched.wait_for(lambda uid=uid: len(watched.stored()) == uid - 1)  # type: ignore[misc]
                server.put(uid, mail(uid))
            watched.wait_for(lambda: len(watched.stored()) == 6)
        assert server.connections == 1
        assert sum("LOGIN" in line for line in server.said) == 1
        assert sum("IDLE" in line for line in server.said) <= 3
        assert watched.alerts == []


class Ends(RudeImap):
    """Ends every IDLE by itself after so long."""

    seconds = 0.2


def ends_idle(self: Peer, rest: str) -> None:
    self.send("+ idling\r\n")
    self.server.closing.wait(Ends.seconds)


@pytest.mark.parametrize("seconds", [0.0, 0.2])
def test_h102_idle_ended_by_the_server_leaves_nobody_deaf(
    watched: Watched, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    monkeypatch.setattr(Peer, "do_idle", ends_idle)
    monkeypatch.setattr(Ends, "seconds", seconds)
    with Ends(THREE) as server:
        with watched.running(server.section(), patience=replace(QUICK, idle_seconds=600)):
            watched.wait_for(lambda: len(watched.stored()) == 3)
            time.sleep(0.5)
            server.messages[4] = mail(4)
            watched.wait_for(lambda: len(watched.stored()) == 4)
        assert server.connections == 1
        assert "DONE" not in server.said
        assert sum("IDLE" in line for line in server.said) < 20


def never_says(self: Peer, rest: str) -> None:
    """IDLE that hears DONE, and has no news for anybody."""
    self.send("+ idling\r\n")
    if not self._lines.readline():
        raise rude.Gone


def test_h102_an_idle_that_says_nothing_is_looked_at_again(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Peer, "do_idle", never_says)
    with RudeImap(THREE) as server, watched.running(server.section(), patience=LIVELY):
        watched.wait_for(lambda: len(watched.stored()) == 3)
        server.messages[4] = mail(4)
        watched.wait_for(lambda: len(watched.stored()) == 4)
        assert server.connections == 1


def falls_silent(self: Peer, rest: str) -> None:
    """The network forgot the connection: neither side hears of it."""
    self.send("+ idling\r\n")
    self.server.closing.wait()


@pytest.mark.parametrize("command", ["IDLE", "NOOP", "UID SEARCH"])
def test_a_half_open_connection_is_noticed(
    watched: Watched, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    capabilities = "IMAP4rev1" if command == "NOOP" else rude.CAPABILITIES
    patience = replace(LIVELY, command_seconds=1)
    server = RudeImap(THREE, capabilities=capabilities)
    with server, watched.running(server.section(), patience=patience):
        watched.wait_for(lambda: len(watched.stored()) == 3)
        if command == "IDLE":
            monkeypatch.setattr(Peer, "do_idle", falls_silent)
            watched.wait_for(lambda: sum("IDLE" in line for line in server.said) > 1)
            monkeypatch.undo()
        else:
            server.script[command] = [HANG]
        server.messages[4] = mail(4)
        watched.wait_for(lambda: len(watched.stored()) == 4)


def test_what_is_promised_of_silent_connections_fits_into_a_minute() -> None:
    patience = Patience()
    assert patience.idle_seconds + patience.prompt_seconds + 2 <= 60


# ---- large messages in parts


def refuses_parts(octets: bytes, start: int, length: int) -> tuple[str, bytes]:
    raise rude.No("BAD Partial fetch is broken")


@pytest.mark.parametrize(
    "parts",
    [
        lambda octets, start, length: ("BODY[]", octets),  # knows no parts
        lambda octets, start, length: (f"BODY[]<{start}>", octets),
        lambda octets, start, length: (f"BODY[]<{start}>", octets[:length]),  # always the first
        lambda octets, start, length: (f"BODY[]<{start}>", octets[start : start + length - 7]),
        lambda octets, start, length: (f"BODY[]<{start}>", b""),
        lambda octets, start, length: ("BODY[TEXT]", octets[start : start + length]),
        lambda octets, start, length: (f"BODY[]<{start}.{length}>", octets[start : start + length]),
        lambda octets, start, length: (f"body[]<{start}>", octets[start : start + length]),
        refuses_parts,
    ],
)
def test_a_large_message_comes_whole_where_parts_are_broken(
    watched: Watched, parts: Callable[[bytes, int, int], tuple[str, bytes]]
) -> None:
    large = mail(1) + bytes(range(256)) * 36_000
    with RudeImap({1: large, 2: mail(2), 3: mail(3, 8_000_000)}) as server:
        server.parts = parts
        assert watched.watcher(server.section()).once() == 3
        assert sorted(map(len, watched.octets())) == sorted(map(len, server.messages.values()))
        assert large in watched.octets()
        assert watched.alerts == []


# ---- folders under other names


def listed(*names: str, delimiter: str = "/") -> list[Listed]:
    return [Listed(name, delimiter) for name in names]


@pytest.mark.parametrize(
    ("wanted", "there", "found"),
    [
        ("INBOX", listed("INBOX", "Sent"), "INBOX"),
        ("inbox", listed("INBOX", "Sent"), "INBOX"),
        ("Support", listed("INBOX", "Support"), "Support"),
        ("Support", listed("INBOX", "INBOX.Support", delimiter="."), "INBOX.Support"),
        ("INBOX.Support", listed("INBOX", "INBOX.Support", delimiter="."), "INBOX.Support"),
        ("INBOX.Support", listed("INBOX", "Support", delimiter="."), "Support"),
        ("INBOX/Support", listed("INBOX", "INBOX.Support", delimiter="."), "INBOX.Support"),
        ("Support/Done", listed("INBOX", "Support.Done", delimiter="."), "Support.Done"),
        (
            "Support/Done",
            listed("INBOX", "INBOX.Support.Done", delimiter="."),
            "INBOX.Support.Done",
        ),
        ("support", listed("INBOX", "Support"), "Support"),
        ("support", listed("INBOX", "Support", "SUPPORT"), None),
        ("Support", listed("INBOX", "Support", "INBOX/Support"), "Support"),
        ("Hilfe & Störung", listed("INBOX", "Hilfe & Störung"), "Hilfe & Störung"),
        ("Support", [Listed("Support", "/", selectable=False)], None),
        ("Suport", listed("INBOX", "Support"), None),
        ("Support", listed("INBOX", "INBOX.Support.Old", delimiter="."), None),
        ("Flat", [Listed("INBOX", ""), Listed("Flat", "")], "Flat"),
    ],
)
def test_a_folder_is_found_under_the_servers_name(
    wanted: str, there: list[Listed], found: str | None
) -> None:
    assert find(wanted, there) == found


@pytest.mark.parametrize(
    ("wanted", "there", "name"),
    [
        ("Done", listed("INBOX", "Sent"), "Done"),
        ("Done", listed("INBOX"), "Done"),
        ("Done", listed("INBOX", "INBOX.Sent", delimiter="."), "INBOX.Done"),
        ("Support/Done", listed("INBOX", "INBOX.Sent", delimiter="."), "INBOX.Support.Done"),
        ("INBOX.Done", listed("INBOX", "INBOX.Sent", delimiter="."), "INBOX.Done"),
    ],
)
def test_a_new_folder_is_made_where_this_server_has_its_folders(
    wanted: str, there: list[Listed], name: str
) -> None:
    assert new_name(wanted, there) == name


def test_a_prefix_of_the_servers_is_found_and_said(watched: Watched) -> None:
    with RudeImap(THREE) as server:
        server.folders, server.delimiter = {"INBOX", "INBOX.Support"}, "."
        section = server.section(folder="Support", after="move:Done")
        assert "Support (there it is INBOX.Support) holds 3 messages" in probe(section)
        assert "moved to INBOX.Done afterwards, which will be created" in probe(section)
        assert watched.watcher(section).once() == 3
        assert server.copies == {"INBOX.Done": 3}
        assert watched.alerts == []


@pytest.mark.parametrize(
    ("folder", "after"),
    [
        ("INBOX", "move:INBOX"),
        ("INBOX", "move:Inbox"),
        ("INBOX", "move: inbox "),
        ("INBOX", 'move:"InBox"'),
        ("Inbox", "move:INBOX"),
        ("INBOX", "move:INBOX/"),
        ("INBOX", "move:Inbox."),
        ("Support", "move:Support"),
        ("Support/Mail", "move:Support.Mail"),
        ("INBOX.Support", "move:Inbox.Support"),
    ],
)
def test_h110_a_move_to_the_folder_itself_is_refused(folder: str, after: str) -> None:
    with pytest.raises(ValueError, match="moved to where it is, without end; name another folder"):
        MailboxSection(name="a", folder=folder, after=after)


@pytest.mark.parametrize(
    ("folder", "after"),
    [("INBOX", "move:INBOX.Done"), ("INBOX", "move:Inbox2"), ("Support", "move:Support/Done")],
)
def test_a_move_elsewhere_is_not(folder: str, after: str) -> None:
    assert MailboxSection(name="a", folder=folder, after=after).after == after


def test_h110_a_move_to_the_folder_itself_by_the_servers_names(watched: Watched) -> None:
    """What only the server knows: there, both names mean one folder."""
    with RudeImap(THREE) as server:
        server.folders, server.delimiter = {"INBOX", "INBOX.Support"}, "."
        section = server.section(folder="Support", after="move:INBOX.Support")
        with pytest.raises(Unavailable, match="names the folder that is watched"):
            probe(section)
        assert watched.watcher(section).once() == 3  # taken in all the same
        assert server.copies == {}
        assert [key for key, _ in watched.alerts] == ["imap-after:rude"]


def test_a_folder_that_opens_for_reading_only_is_read(watched: Watched) -> None:
    with RudeImap(THREE) as server:
        server.readonly = True
        assert watched.watcher(server.section(after="delete")).once() == 3
        assert len(server.messages) == 3
        [(key, text)] = watched.alerts
        assert key == "imap-after:rude"
        assert "only for reading" in text


def test_a_folder_made_anew_under_idle_is_seen(watched: Watched) -> None:
    with RudeImap(THREE) as server, watched.running(server.section(), patience=LIVELY):
        watched.wait_for(lambda: len(watched.stored()) == 3)
        server.messages, server.uidvalidity, server.uidnext = {1: mail(9)}, 8, 2
        watched.wait_for(lambda: len(watched.stored()) == 4)
        assert watched.alerts == []


def test_a_folder_renamed_under_idle_is_told_of_and_seen_when_it_is_back(watched: Watched) -> None:
    with RudeImap(THREE) as server:
        server.folders.add("Support")
        with watched.running(server.section(folder="Support"), patience=LIVELY):
            watched.wait_for(lambda: len(watched.stored()) == 3)
            server.folders = {"INBOX", "Support 2025"}
            watched.wait_for(lambda: watched.alerts)
            assert "has no folder 'Support'; did you mean 'Support 2025'" in watched.alerts[0][1]
            server.folders.add("Support")
            server.put(4, mail(4))
            watched.wait_for(lambda: len(watched.stored()) == 4)
            watched.wait_for(lambda: watched.recovered == ["imap:rude"])


# ---- logging in


def test_preauth_needs_no_login(watched: Watched) -> None:
    with RudeImap(THREE) as server:
        server.greeting = "PREAUTH welcome home"
        section = server.section(username=None, password=None)
        assert watched.watcher(section).once() == 3
        assert not any("LOGIN" in line for line in server.said)


def test_h19_preauth_before_starttls_is_not_believed() -> None:
    with RudeImap(THREE, capabilities="IMAP4rev1 STARTTLS") as server:
        server.greeting = "PREAUTH come in"
        with pytest.raises(Unavailable, match="before the connection is encrypted"):
            probe(server.section(tls="starttls"))
        assert not any(word in line for line in server.said for word in ("LOGIN", "SELECT"))


@pytest.mark.parametrize(
    "capabilities", ["IMAP4rev1", "IMAP4rev1 AUTH=PLAIN", "IMAP4rev1 LITERAL+"]
)
@pytest.mark.parametrize(
    "password",
    [
        "Grüße",
        "pässwörd €",
        'a"b\\c',
        "two words",
        "ключ",
        "密码",
        " leading",
        "a\tb",
        "{5}",
        "%*()",
    ],
)
def test_every_password_arrives_as_it_is(capabilities: str, password: str) -> None:
    with RudeImap(THREE, capabilities=capabilities) as server:
        server.only_password = password
        assert "holds 3 messages" in probe(server.section(password=password))
        assert server.passwords == [password]


def test_a_wrong_password_with_umlauts_is_a_wrong_password() -> None:
    with RudeImap(THREE) as server:
        server.only_password = "other"
        with pytest.raises(Unavailable, match="refuses the login"):
            probe(server.section(password="Grüße"))


@pytest.mark.parametrize("answer", ["BYE Too many connections from your address", "BYE"])
def test_a_server_that_turns_us_away_is_passing_trouble(answer: str) -> None:
    with RudeImap(THREE) as server:
        server.greeting = answer
        with pytest.raises(Temporary, match=answer.removeprefix("BYE").strip() or "turns us away"):
            probe(server.section())


# ---- an empty folder


@pytest.mark.parametrize("answer", ["NO Nothing to search", "BAD Invalid message set", ""])
def test_an_empty_folder_is_watched(watched: Watched, answer: str) -> None:
    with RudeImap({}) as server:
        server.script["UID SEARCH"] = [answer] * 3
        with watched.running(server.section()):
            watched.wait_for(lambda: any("IDLE" in line for line in server.said))
            server.script.clear()
            server.put(1, mail(1))
            watched.wait_for(lambda: len(watched.stored()) == 1)
        assert watched.alerts == []


# ---- a line that is cut again and again


@pytest.mark.parametrize("octets", [2_000, 6_000, 20_000])
def test_a_line_that_is_cut_again_and_again_is_one_alert(watched: Watched, octets: int) -> None:
    rhythm = replace(EAGER, message_pause=0.05)
    mails = {uid: mail(uid, 3000) for uid in range(1, 31)}
    with RudeImap(mails) as server, Line(server.port) as line:
        line.cut_after = octets
        with watched.running(server.section(port=line.port), rhythm=rhythm):
            time.sleep(3)
            line.heal()
            watched.wait_for(lambda: len(watched.stored()) == 30)
            watched.wait_for(lambda: {key for key, _ in watched.alerts} <= set(watched.recovered))
        assert {key for key, _ in watched.alerts} <= {"imap:rude"}
        assert sorted(watched.octets()) == sorted(mails.values())


@pytest.mark.parametrize("bad", [[3], [3, 17]])
def test_messages_that_break_the_connection_are_named(watched: Watched, bad: list[int]) -> None:
    with RudeImap({uid: mail(uid) for uid in range(1, 31)}) as server:
        server.fetching = dict.fromkeys(bad, rude.hangs_up)
        with watched.running(server.section()):
            for uid in range(31, 50):  # the others go on
                watched.wait_for(lambda uid=uid: len(watched.stored()) == uid - len(bad) - 1)  # type: ignore[misc]
                server.put(uid, mail(uid))
            told = f"breaks over some messages (UID {', '.join(map(str, bad))})"
            watched.wait_for(lambda: any(told in text for _, text in watched.alerts))
            server.fetching = {}
            watched.wait_for(lambda: len(watched.stored()) == 49)
            watched.wait_for(lambda: "imap:rude" in watched.recovered)
        assert {key for key, _ in watched.alerts} == {"imap:rude"}


# ---- two daemons


def test_a_mark_that_another_daemon_moves_is_no_sign_of_uids_used_twice(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between SELECT and our look into the database he took in what came meanwhile."""
    with RudeImap(THREE) as server:
        other = watched.watcher(server.section())
        ours = watched.watcher(server.section())
        assert (ours.once(), other.once()) == (3, 0)
        select = Peer.do_select

        def meanwhile(self: Peer, rest: str) -> None:
            select(self, rest)
            monkeypatch.undo()
            server.put(4, mail(4))
            assert other.once() == 1

        monkeypatch.setattr(Peer, "do_select", meanwhile)
        monkeypatch.setattr(Peer, "do_examine", meanwhile)
        fetched = sum(server.fetched.values())
        assert ours.once() == 0
        assert sum(server.fetched.values()) == fetched + 1
        assert watched.alerts == []


def test_a_uidnext_that_lags_behind_is_no_sign_of_uids_used_twice(watched: Watched) -> None:
    with RudeImap(THREE) as server:
        watcher = watched.watcher(server.section())
        assert watcher.once() == 3
        server.uidnext = 3
        assert watcher.once() == 0
        assert watched.alerts == []


# ---- H99: the mark moves only with what is committed


class Stumbling(Cursor):
    """Fails to commit where it is told to."""

    when: Callable[[int], bool] = staticmethod(lambda call: False)
    calls = 0

    def accept(self, batch: Any, last_uid: int, **more: Any) -> Accepted:
        Stumbling.calls += 1
        if Stumbling.when(Stumbling.calls):
            raise Temporary("The database does not answer as it should (disk I/O error).")
        return super().accept(batch, last_uid, **more)


@pytest.mark.parametrize(
    "when",
    [
        lambda call: call == 1,
        lambda call: call == 3,
        lambda call: call % 2 == 1,
        lambda call: call in (2, 3, 4, 5),
        lambda call: call == 8,  # of 801, the last one
    ],
)
@pytest.mark.parametrize("count", [50, 801])
def test_h99_what_was_in_flight_is_looked_for_at_once(
    watched: Watched,
    monkeypatch: pytest.MonkeyPatch,
    when: Callable[[int], bool],
    count: int,
) -> None:
    monkeypatch.setattr("maild.ingest.imap.watcher.Cursor", Stumbling)
    monkeypatch.setattr(Stumbling, "when", staticmethod(when))
    monkeypatch.setattr(Stumbling, "calls", 0)
    with RudeImap({uid: mail(uid) for uid in range(1, count + 1)}) as server:
        with watched.running(server.section()):
            watched.wait_for(lambda: len(watched.stored()) == count)
            server.put(count + 1, mail(count + 1))
            watched.wait_for(lambda: len(watched.stored()) == count + 1)
        assert len({one.uid for one in watched.stored()}) == count + 1


def test_h99_failures_count_until_the_folder_is_whole(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each look takes in some and fails: that is trouble that lasts, and an admin hears of it."""
    monkeypatch.setattr("maild.ingest.imap.watcher.Cursor", Stumbling)
    monkeypatch.setattr(Stumbling, "when", staticmethod(lambda call: call % 2 == 0 and call < 14))
    monkeypatch.setattr(Stumbling, "calls", 0)
    with RudeImap({uid: mail(uid) for uid in range(1, 1501)}) as server:
        with watched.running(server.section()):
            watched.wait_for(lambda: watched.alerts)
            watched.wait_for(lambda: watched.recovered)
        assert len(watched.stored()) == 1500
        assert {key for key, _ in watched.alerts} == {"imap:rude"}
        assert watched.recovered == ["imap:rude"]


def test_h99_the_mark_in_the_database_passes_nothing_that_is_not_accepted(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    marks: list[tuple[int, set[int]]] = []

    class Noting(Cursor):
        def accept(self, batch: Any, last_uid: int, **more: Any) -> Accepted:
            done = super().accept(batch, last_uid, **more)
            marks.append((self.place().last_uid, {one.uid or 0 for one in watched.stored()}))
            return done

    monkeypatch.setattr("maild.ingest.imap.watcher.Cursor", Noting)
    with RudeImap({uid: mail(uid) for uid in range(1, 1201)}) as server:
        server.fetching[700] = rude.refused
        assert watched.watcher(server.section()).once() == 1199
    assert all(set(range(1, mark + 1)) <= stored for mark, stored in marks)
    assert marks[-1][0] == 699


# ---- the first look at a folder that was used before


def old(uid: int, date: str, server: RudeImap) -> None:
    server.dates[uid] = f"{date} 12:00:00 +0100"


def first_look(server: RudeImap, watched: Watched, **more: object) -> Watcher:
    """A folder with mails of 2016, of a week ago and of yesterday, in no order of UIDs."""
    server.messages = {uid: mail(uid) for uid in range(1, 8)}
    server.uidnext = 8
    for uid, date in {
        1: "17-Mar-2016", 2: "20-Nov-2026", 3: "14-Nov-2026", 4: "21-Nov-2026", 5: " 1-Nov-2026",
        6: "18-Nov-2026", 7: "01-Jan-1970",
    }.items():  # fmt: skip
        old(uid, date, server)
    return watched.watcher(server.section(**more))


@pytest.mark.parametrize(
    ("since", "taken"),
    [
        (None, {2, 4}),  # three days before 21 November, 12:00 UTC
        ("3 days", {2, 4}),
        ("80 hours", {2, 4, 6}),
        ("1 week", {2, 4, 6}),
        ("8 days", {2, 3, 4, 6}),
        ("2 weeks", {2, 3, 4, 6}),
        ("all", {1, 2, 3, 4, 5, 6, 7}),
        ("0 days", set()),
    ],
)
def test_the_first_look_takes_what_is_young_enough(
    watched: Watched, since: str | None, taken: set[int]
) -> None:
    with RudeImap({}) as server:
        watcher = first_look(server, watched, **({"since": since} if since else {}))
        watcher.once()
        assert {one.uid for one in watched.stored()} == taken
        left = 7 - len(taken)
        assert [key for key, _ in watched.alerts] == ["notice:imap-left:rude"] * bool(left)
        if left:
            assert f"messages: {left};" in watched.alerts[0][1]
            assert "maild ingest --from-mailbox rude --quiet" in watched.alerts[0][1]
        server.put(8, mail(8))
        old(8, "05-May-2011", server)  # an old mail that a person moves here is news
        assert watched.watcher(server.section()).once() == 1
        assert watched.watcher(server.section()).once() == 0
        assert len(server.messages) == 8


def test_what_was_left_stays_left_where_the_folder_is_renumbered(watched: Watched) -> None:
    with RudeImap({}) as server:
        assert first_look(server, watched).once() == 2
        server.put(8, mail(8))
        assert watched.watcher(server.section()).once() == 1
        server.uidvalidity = 8
        server.messages = {uid + 100: octets for uid, octets in server.messages.items()}
        server.dates = {uid + 100: date for uid, date in server.dates.items()}
        server.uidnext = 109
        server.put(109, mail(109))
        assert watched.watcher(server.section()).once() == 1
        assert {one.uid for one in watched.stored()} == {102, 104, 108, 109}


def test_another_folder_under_the_same_name_is_looked_at_for_the_first_time(
    watched: Watched,
) -> None:
    with RudeImap({uid: mail(uid + 90) for uid in THREE}) as server:
        assert watched.watcher(server.section()).once() == 3
        server.folders.add("Support")
        server.uidvalidity = 99
        assert first_look(server, watched, folder="Support").once() == 2


def test_a_server_that_knows_no_dates_is_taken_in_whole(watched: Watched) -> None:
    with RudeImap(THREE) as server:
        server.dates = {1: "nonsense", 2: "", 3: "99-Foo-2026 99:99:99 +9999"}
        assert watched.watcher(server.section()).once() == 3


def test_two_daemons_that_look_first_at_once_leave_the_same(watched: Watched) -> None:
    with RudeImap({}) as server:
        first = first_look(server, watched)
        second = watched.watcher(server.section(since="all"))
        assert first.once() + second.once() == 2


@pytest.mark.parametrize(
    "since", ["", "three days", "3", "-1 days", "3 months", "soon", "1e9 days"]
)
def test_a_since_that_is_none_is_refused(since: str) -> None:
    with pytest.raises(ValueError, match='a time like "3 days"'):
        MailboxSection(name="a", since=since)


def test_what_was_fetched_knows_when_it_came(watched: Watched) -> None:
    with RudeImap({1: mail(1)}) as server:
        old(1, "20-Nov-2026", server)
        with opened(server.section(), patience=QUICK, stop=Stop()) as connection:
            connection.select(readonly=True)
            arrived = connection.announced([1])[1].arrived
    assert arrived is not None
    assert arrived.isoformat() == "2026-11-20T12:00:00+01:00"
