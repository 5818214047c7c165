"""Access tokens instead of passwords: a real token server, Dovecot and SMTP with XOAUTH2 (H20)."""

from __future__ import annotations

import base64
import hashlib
import multiprocessing
import resource
import socket
import ssl
import stat
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import trustme

from maild.config import MailboxSection, OauthSection, SmtpSection
from maild.demo.servers import WAIT_SECONDS
from maild.desk.notify import notify
from maild.errors import MaildError, Refused, Temporary, Unavailable
from maild.ingest.imap import probe
from maild.oauth import access_token, signin
from maild.oauth.access_tokens import Tokens
from maild.outbox import deliver
from maild.store.records import Alert
from tests.looking import all_kept, the
from tests.office import Office, the_ticket
from tests.servers.dovecot import Dovecot, running
from tests.servers.rude_imap import RudeImap
from tests.servers.tokens import TokenServer, TokenSmtp
from tests.servers.watching import QUICK, Watched, mail

BOB = "bob@example.com"


class Clock:
    """Seconds that pass when somebody says so."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def section(tokens: TokenServer, tmp_path: Path) -> OauthSection:
    return OauthSection.model_validate(tokens.oauth(tmp_path))


@pytest.fixture
def clock() -> Clock:
    return Clock()


def _file(section: OauthSection) -> Path:
    assert section.refresh_token_file is not None
    return section.refresh_token_file


# ---- tokens


def test_a_token_is_kept_until_shortly_before_it_expires(
    tokens: TokenServer, section: OauthSection, clock: Clock
) -> None:
    source = Tokens(section, clock)
    assert [source.get(), source.get()] == ["access-1", "access-1"]
    clock.now += 3600 - 121
    assert source.get() == "access-1"
    clock.now += 2
    assert source.get() == "access-2"
    assert [form["grant_type"] for form in tokens.forms] == ["refresh_token"] * 2
    assert "client_secret" not in tokens.forms[0]
    assert "scope" not in tokens.forms[0]


@pytest.mark.parametrize(
    ("expires_in", "good_for"), [("3599", 3479), (60, 30), (None, 600), ("soon", 600), (-5, 0)]
)
def test_whatever_the_server_says_of_a_tokens_life(
    tokens: TokenServer, section: OauthSection, clock: Clock, expires_in: Any, good_for: int
) -> None:
    tokens.expires_in = expires_in
    source = Tokens(section, clock)
    source.get()
    if good_for:
        clock.now += good_for - 1
        source.get()
        assert len(tokens.given) == 1
        clock.now += 1
    source.get()
    assert len(tokens.given) == 2


def test_h20_a_refresh_token_that_rotates_is_saved_for_its_reader_only(
    tokens: TokenServer, section: OauthSection, clock: Clock
) -> None:
    tokens.rotates = True
    source = Tokens(section, clock)
    file = _file(section)
    for number in range(1, 4):
        assert source.get() == f"access-{number}"
        assert file.read_text() == f"refresh-{number}\n"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        clock.now += 3600
    assert [form["refresh_token"] for form in tokens.forms] == [
        "refresh-0", "refresh-1", "refresh-2",
    ]  # fmt: skip
    assert sorted(one.name for one in file.parent.iterdir()) == ["token", "token.lock"]


def test_h20_a_link_to_the_file_stays_one(
    tokens: TokenServer, section: OauthSection, tmp_path: Path
) -> None:
    tokens.rotates = True
    link = tmp_path / "link"
    link.symlink_to(_file(section))
    Tokens(section.model_copy(update={"refresh_token_file": link})).get()
    assert link.is_symlink()
    assert _file(section).read_text() == "refresh-1\n"


def test_h20_what_cannot_be_saved_is_kept_and_saved_later(
    tokens: TokenServer, section: OauthSection, tmp_path: Path
) -> None:
    tokens.rotates = True
    folder = tmp_path / "small"
    folder.mkdir()
    file = folder / "token"
    file.write_text("refresh-0\n")
    source = Tokens(section.model_copy(update={"refresh_token_file": file}))
    with _no_room(), pytest.raises(Unavailable, match="cannot be written") as error:
        source.get()
    assert "refresh-" not in error.value.message
    assert file.read_text() == "refresh-0\n"
    assert source.get() == "access-2"
    assert tokens.forms[-1]["refresh_token"] == "refresh-1"
    assert file.read_text() == "refresh-2\n"


def test_h20_a_daemon_that_was_told_of_a_new_sign_in_uses_it_though_it_could_not_save(
    tokens: TokenServer, section: OauthSection
) -> None:
    tokens.rotates = True
    source = Tokens(section)
    with _no_room(), pytest.raises(Unavailable):
        source.get()
    tokens.refresh = "signed-in-again"
    _file(section).write_text("signed-in-again\n")
    assert source.get() == "access-2"
    assert tokens.forms[-1]["refresh_token"] == "signed-in-again"


@contextmanager
def _no_room() -> Iterator[None]:
    """No file can grow while the block lasts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_h20_those_who_share_a_file_do_not_race_for_a_token_that_is_good_once(
    tokens: TokenServer, tmp_path: Path
) -> None:
    tokens.rotates = True  # and refuses each one that was used before
    for use in ("one", "two"):  # of the same file, and no more in common
        section = OauthSection.model_validate(tokens.oauth(tmp_path, scope=use))
        sources = [Tokens(section) for _ in range(4)]
        with ThreadPoolExecutor(4) as threads:
            got = list(threads.map(lambda source: source.get(), sources))
        assert len(set(got)) == 4
    assert [form["refresh_token"] for form in tokens.forms] == [
        f"refresh-{number}" for number in range(8)
    ]


def test_h20_nor_do_programs(tokens: TokenServer, section: OauthSection) -> None:
    tokens.rotates = True
    fork = multiprocessing.get_context("fork")
    others = [fork.Process(target=lambda: Tokens(section).get()) for _ in range(3)]
    for one in others:
        one.start()
    for one in others:
        one.join(WAIT_SECONDS)
    assert [one.exitcode for one in others] == [0, 0, 0]
    assert _file(section).read_text() == "refresh-3\n"


def test_client_credentials_need_no_file(tokens: TokenServer, tmp_path: Path) -> None:
    values = tokens.oauth(
        tmp_path, grant="client_credentials", client_secret="s3cret", scope="mail/.default"
    )
    del values["refresh_token_file"]
    assert Tokens(OauthSection.model_validate(values)).get() == "access-1"
    assert tokens.forms == [
        {
            "grant_type": "client_credentials", "client_id": "desk",
            "client_secret": "s3cret", "scope": "mail/.default",
        }
    ]  # fmt: skip


# ---- errors


def _error(section: OauthSection) -> MaildError:
    with pytest.raises(MaildError) as error:
        access_token(section, who='Mailbox "support"', login="support")
    return error.value


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        ((400, {"error": "invalid_grant"}), Unavailable, "Sign in again: `maild login support`"),
        ((400, {"error": "interaction_required"}), Unavailable, "Sign in again"),
        ((401, {"error": "invalid_client"}), Unavailable, "`client_id` and the client secret"),
        ((400, {"error": "unauthorized_client"}), Unavailable, "`client_id` and `grant`"),
        ((400, {"error": "invalid_scope"}), Unavailable, "`scope`"),
        ((400, {"error": "refresh-0"}), Unavailable, "(another error)"),
        ((200, {"error": "invalid_grant"}), Unavailable, "Sign in again"),
        ((503, b"<html>busy</html>"), Temporary, "at the moment (503)"),
        ((429, {"error": "slow_down"}), Temporary, "at the moment (429)"),
        ((400, {"error": "temporarily_unavailable"}), Temporary, "at the moment"),
        ((404, b"<html>refresh-0</html>"), Unavailable, "`token_url`"),
        (
            (200, b'{"access_token": "refresh-0", ' + b" " * 70_000 + b"}"),
            Unavailable,
            "not answer",
        ),
        ((200, b"[" * 60_000), Unavailable, "not answer"),
        ((200, {"token_type": "Bearer"}), Temporary, "no usable token"),
        ((200, {"access_token": "a\x01b"}), Temporary, "no usable token"),
        ((200, {"access_token": ""}), Temporary, "no usable token"),
    ],
)
def test_every_answer_is_a_sentence_with_what_to_do_and_no_secret(
    tokens: TokenServer,
    section: OauthSection,
    answer: tuple[int, Any],
    kind: type[MaildError],
    words: str,
) -> None:
    tokens.answers = [answer]
    error = _error(section)
    assert type(error) is kind
    assert error.message.startswith('Mailbox "support": ')
    assert words in error.message
    assert "refresh-0" not in error.message + error.detail


def test_microsofts_number_of_an_error_is_passed_on(
    tokens: TokenServer, section: OauthSection
) -> None:
    tokens.refresh = "another"
    assert "(invalid_grant, AADSTS700082)" in _error(section).message


def test_a_redirect_is_not_followed(tokens: TokenServer, section: OauthSection) -> None:
    for status in (301, 302, 307):
        tokens.answers = [(status, f"{tokens.url}/token".encode())]
        assert isinstance(_error(section), Unavailable)
    assert len(tokens.forms) == 3


def test_a_token_server_that_is_not_there_is_tried_again(tmp_path: Path) -> None:
    with closing(TokenServer()) as gone:
        section = OauthSection.model_validate(gone.oauth(tmp_path))
    error = _error(section)
    assert isinstance(error, Temporary)
    assert "cannot be reached" in error.message


def test_a_certificate_of_somebody_else_ends_it(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with pytest.raises(ssl.SSLError):
                context.wrap_socket(connection, server_side=True)
            connection.close()

        thread = threading.Thread(target=serve)
        thread.start()
        (tmp_path / "token").write_text("refresh-0")
        error = _error(
            OauthSection(
                token_url=f"https://127.0.0.1:{server.getsockname()[1]}/",
                client_id="desk",
                refresh_token_file=tmp_path / "token",
            )
        )
        thread.join()
    assert isinstance(error, Unavailable)
    assert "certificate" in error.message


def test_no_file_yet_says_how_to_sign_in(section: OauthSection) -> None:
    for clear in (lambda: _file(section).write_text("\n"), _file(section).unlink):
        clear()
        assert "Sign in: `maild login support`" in _error(section).message


# ---- IMAP


@pytest.fixture
def dovecot(tokens: TokenServer) -> Iterator[Dovecot]:
    with running(introspection=f"{tokens.url}/introspect") as server:
        server.add_user("support")
        yield server


@pytest.fixture
def mailbox(dovecot: Dovecot, tokens: TokenServer, tmp_path: Path) -> MailboxSection:
    return dovecot.section("support", password=None, oauth=tokens.oauth(tmp_path))


def test_the_probe_signs_in(mailbox: MailboxSection) -> None:
    assert "OAuth 2" in probe(mailbox, patience=QUICK)


def test_h20_a_token_that_expires_in_the_middle_is_fetched_again(
    mailbox: MailboxSection, dovecot: Dovecot, tokens: TokenServer, watched: Watched
) -> None:
    watcher = watched.watcher(mailbox)
    for number in range(3):
        dovecot.append("support", mail(number))
        assert watcher.once() == 1
        tokens.expire()  # before the time that it was given for
    assert tokens.given == ["access-1", "access-2", "access-3"]
    assert watched.alerts == []


def test_h20_a_rotated_token_is_saved_before_its_access_token_is_used(
    mailbox: MailboxSection, tokens: TokenServer, watched: Watched
) -> None:
    assert mailbox.oauth is not None
    file = _file(mailbox.oauth)
    tokens.rotates = True
    seen = []
    tokens.on_login = lambda: seen.append(file.read_text())
    watcher = watched.watcher(mailbox)
    watcher.once()
    tokens.expire()
    watcher.once()
    assert seen == ["refresh-1\n", "refresh-1\n", "refresh-2\n"]


def test_h20_revoked_is_an_alert_others_go_on_and_it_heals_by_itself(
    mailbox: MailboxSection,
    dovecot: Dovecot,
    tokens: TokenServer,
    watched: Watched,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert mailbox.oauth is not None
    other = dovecot.section(dovecot.add_user("sales"))
    tokens.refresh = "secret-of-the-next-sign-in"
    with watched.running(mailbox), watched.running(other):
        watched.wait_for(lambda: watched.alerts)
        dovecot.append("sales", mail(1))
        watched.wait_for(lambda: len(watched.stored()) == 1)
        _file(mailbox.oauth).write_text(tokens.refresh)  # as `maild login` does
        dovecot.append("support", mail(2))
        watched.wait_for(lambda: len(watched.stored()) == 2)
        watched.wait_for(lambda: watched.recovered)
    assert {key for key, _ in watched.alerts} == {"imap:support"}
    assert "Sign in again: `maild login support`" in watched.alerts[0][1]
    assert watched.recovered == ["imap:support"]
    said = capsys.readouterr()
    for secret in ("refresh-0", tokens.refresh, *tokens.given):
        assert secret not in said.out + said.err + str(watched.alerts)


def test_h79_a_token_that_is_refused_for_good_is_nowhere_to_be_read(
    mailbox: MailboxSection,
    tokens: TokenServer,
    watched: Watched,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def refuse() -> None:
        tokens.expire()

    tokens.on_login = refuse
    with pytest.raises(Unavailable, match="refuses the login of 'support'") as error:
        watched.watcher(mailbox).once()
    assert len(tokens.given) == 2  # fetched again once
    with watched.running(mailbox):
        watched.wait_for(lambda: watched.alerts)
    said = capsys.readouterr()
    place = said.out + said.err + str(watched.alerts) + error.value.message + error.value.detail
    for secret in ("refresh-0", "access-", "Bearer"):
        assert secret not in place


def test_a_server_without_xoauth2_is_sent_no_token(
    tokens: TokenServer, tmp_path: Path, watched: Watched
) -> None:
    with running() as plain:
        section = plain.section("support", password=None, oauth=tokens.oauth(tmp_path))
        with pytest.raises(Unavailable, match="takes no OAuth 2 login"):
            watched.watcher(section).once()


def test_a_token_of_an_account_that_may_not_open_the_mailbox(
    tokens: TokenServer, tmp_path: Path, watched: Watched
) -> None:
    with RudeImap({}, capabilities="IMAP4rev1 AUTH=XOAUTH2") as server:
        server.refused = {"SELECT", "EXAMINE"}
        server.refusal = "BAD User is authenticated but not connected."
        section = server.section(password=None, oauth=tokens.oauth(tmp_path))
        with pytest.raises(Unavailable, match="not into the mailbox of 'support'"):
            watched.watcher(section).once()


# ---- SMTP


def _told(office: Office, cause: str) -> None:
    number = office.ticket()
    with office.desk(cause) as desk:
        notify(desk, the_ticket(desk, number), "assigned", [office.person(desk.unit, BOB)])


def test_the_relays_probe_signs_in(
    tokens: TokenServer, token_smtp: TokenSmtp, tmp_path: Path
) -> None:
    smtp = SmtpSection.model_validate(token_smtp.section(tokens.oauth(tmp_path)))
    assert deliver.probe(smtp).endswith("as support by OAuth 2")


def test_h20_the_relays_token_expires_and_is_fetched_again(
    tokens: TokenServer, token_smtp: TokenSmtp, tmp_path: Path
) -> None:
    tokens.rotates = True
    office = Office(tmp_path, smtp=token_smtp.section(tokens.oauth(tmp_path)))
    _told(office, "message:1")
    assert office.deliver()["sent"] == 1
    tokens.expire()
    _told(office, "message:2")
    assert office.deliver()["sent"] == 1
    assert token_smtp.logins == ["access-1", "access-1", "access-2"]
    assert (tmp_path / "token").read_text() == "refresh-2\n"


def test_h20_h79_the_relays_sign_in_is_revoked_said_and_heals(
    tokens: TokenServer,
    token_smtp: TokenSmtp,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    tokens.refresh = "secret-of-the-next-sign-in"
    office = Office(tmp_path, smtp=token_smtp.section(tokens.oauth(tmp_path)))
    _told(office, "message:1")
    assert office.deliver()["later"] == 1
    assert "Sign in again: `maild login smtp`" in the(office.store, Alert).text
    kept = all_kept(office.store)
    (tmp_path / "token").write_text(tokens.refresh)
    office.later(minutes=5)
    assert office.deliver()["sent"] == 1
    assert the(office.store, Alert).cleared is not None
    said = capsys.readouterr()
    for secret in ("refresh-0", tokens.refresh, *tokens.given):
        assert secret not in kept + said.out + said.err


def test_a_mailbox_and_the_relay_share_one_token(
    mailbox: MailboxSection, tokens: TokenServer, token_smtp: TokenSmtp, tmp_path: Path
) -> None:
    tokens.rotates = True
    probe(mailbox, patience=QUICK)
    deliver.probe(SmtpSection.model_validate(token_smtp.section(tokens.oauth(tmp_path))))
    assert tokens.given == ["access-1"]


# ---- signing in


def test_by_device_somebody_signs_in_elsewhere(tokens: TokenServer, section: OauthSection) -> None:
    pending = (400, {"error": "authorization_pending"})
    answers = [pending, (400, {"error": "slow_down"}), (503, b""), pending]
    shown: list[str] = []
    waited: list[float] = []

    def show(text: str) -> None:
        shown.append(text)
        tokens.answers = answers

    token = signin.by_device(section, "mail offline", show, waited.append)
    assert token == tokens.refresh == "refresh-1"
    assert "https://login.example/device" in shown[0]
    assert "ABCD-EFGH" in shown[0]
    assert waited == [3, 3, 8, 16, 16]
    assert tokens.forms[0] == {"client_id": "desk", "scope": "mail offline"}
    assert tokens.forms[-1] == {
        "client_id": "desk", "device_code": "device-1", "grant_type": signin.DEVICE,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"error": "access_denied"}, "refused by the person"),
        ({"error": "expired_token"}, "expired"),
        ({"error": "invalid_client"}, "`client_id`"),
        ({"error": "authorization_pending"}, "Nobody signed in"),
    ],
)
def test_by_device_nobody_signs_in(
    tokens: TokenServer, section: OauthSection, answer: dict[str, str], words: str
) -> None:
    def show(_: str) -> None:
        tokens.answers = [(400, answer)] * 100

    with pytest.raises(Refused, match=words):
        signin.by_device(section, None, show, lambda _: None)


def _browser(section: OauthSection, bring: Callable[[dict[str, str]], str]) -> tuple[str, Any]:
    shown: list[str] = []

    def asked() -> dict[str, str]:
        return dict(parse_qsl(urlsplit(shown[1].strip()).query))

    token = signin.by_browser(
        section, "mail", "support", shown.append, lambda: bring(asked()) + "\n"
    )
    return token, asked()


def test_by_browser_a_person_brings_the_address_back(
    tokens: TokenServer, section: OauthSection
) -> None:
    section = section.model_copy(update={"authorize_url": "https://login.example/authorize"})
    token, asked = _browser(
        section, lambda asked: f"http://localhost/?code=c0de%2F1&state={asked['state']}"
    )
    assert token == tokens.refresh
    (form,) = tokens.forms
    assert (form["grant_type"], form["code"]) == ("authorization_code", "c0de/1")
    digest = hashlib.sha256(form["code_verifier"].encode()).digest()
    assert asked["code_challenge"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    assert (asked["scope"], asked["login_hint"]) == ("mail", "support")


@pytest.mark.parametrize(
    ("brought", "words"),
    [
        ("http://localhost/?code=c0de&state=another", "another sign-in"),
        ("http://localhost/?error=access_denied", "was refused"),
        ("c0de", "no code in it"),
        ("", "no code in it"),
    ],
)
def test_by_browser_nothing_but_the_right_address_is_taken(
    tokens: TokenServer, section: OauthSection, brought: str, words: str
) -> None:
    section = section.model_copy(update={"authorize_url": "https://login.example/authorize"})
    with pytest.raises(Refused, match=words):
        _browser(section, lambda _: brought)
    assert tokens.forms == []
