"""Notifications over TLS: from the first octet on and by STARTTLS (H19)."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
import trustme

from maild.errors import Unavailable
from maild.outbox.deliver import Deliverer, probe
from maild.parse.attachments import attachment_bytes
from tests.office import Office
from tests.servers.rude_smtp import CUT, RESET, TAKE_AND_CUT, RudeSmtp
from tests.servers.test_relays_as_they_are import (
    ANN,
    PEOPLE,
    attempts,
    smtp,
    standing,
    states,
    tell,
    with_files,
)

BOTH = ["starttls", "implicit"]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def believed(
    authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This machine believes in that authority."""
    file = tmp_path_factory.mktemp("tls") / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))


def context(
    authority: trustme.CA, name: str = "127.0.0.1", until: datetime = datetime(2100, 1, 1)
) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name, not_before=datetime(2019, 1, 1), not_after=until).configure_cert(
        made
    )
    return made


@pytest.fixture(params=[(), ("PIPELINING",)], ids=["one by one", "pipelining"])
def extensions(request: pytest.FixtureRequest) -> tuple[str, ...]:
    return ("SMTPUTF8", "8BITMIME", *request.param)


@pytest.fixture(params=BOTH)
def how(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def relay(
    authority: trustme.CA, believed: None, extensions: tuple[str, ...], how: str
) -> Iterator[RudeSmtp]:
    with RudeSmtp(extensions, tls=context(authority), implicit=how == "implicit") as server:
        yield server


@pytest.fixture
def office(tmp_path: Path, relay: RudeSmtp, how: str) -> Office:
    return Office(tmp_path, smtp=smtp(relay, tls=how))


def test_all_goes_over_one_connection(office: Office, relay: RudeSmtp) -> None:
    tell(office, *PEOPLE, "müller@acme.example")
    assert office.deliver() == {"sent": 4, "failed": 0, "later": 0}
    assert relay.secured == relay.connections == 1
    assert relay.said[-1] == "QUIT"
    assert {mail.recipient: mail.octets for mail in relay.received} == {
        item.address: item.octets for item in office.items()
    }


@pytest.mark.parametrize("pieces", [0, 1, 7])
def test_a_large_mail_and_answers_in_pieces(
    tmp_path: Path, relay: RudeSmtp, how: str, pieces: int
) -> None:
    relay.pieces = pieces
    office = with_files(tmp_path, relay, [700_000, 20_000], tls=how)
    deliverer = Deliverer(office.store, office.settings, attachment=attachment_bytes)
    assert deliverer.once(office.at)["sent"] == 1
    [mail] = relay.received
    assert len(mail.octets) > 900_000
    assert mail.octets == office.items()[0].octets


@pytest.mark.parametrize("command", ["EHLO", "MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("answer", [CUT, RESET, "421 4.3.2 shutting down"])
def test_a_connection_that_ends_before_the_dot_doubles_nothing(
    office: Office, relay: RudeSmtp, command: str, answer: str
) -> None:
    relay.script[command] = [answer]
    tell(office, *PEOPLE)
    office.deliver()
    office.later(minutes=2)
    office.deliver()
    assert states(office) == ["sent"] * 3
    assert attempts(office) == [1] * 3
    assert sorted(mail.recipient for mail in relay.received) == sorted(PEOPLE)
    assert standing(office) == {}


@pytest.mark.parametrize("answer", [CUT, RESET, TAKE_AND_CUT])
def test_a_connection_that_ends_after_the_dot_is_one_repeat(
    office: Office, relay: RudeSmtp, answer: str
) -> None:
    relay.always["DOT"] = lambda address: answer
    tell(office, ANN)
    for _ in range(4):
        office.deliver()
        office.later(hours=5)
    assert relay.said.count("DATA") == 2
    assert states(office) == ["unknown"]


# ---- who is it?


@pytest.mark.parametrize("how", BOTH)
@pytest.mark.parametrize(
    ("name", "until", "known", "why"),
    [
        ("127.0.0.1", 2020, True, "certificate has expired"),
        ("smtp.example.com", 2100, True, "IP address mismatch"),
        ("127.0.0.1", 2100, False, "unable to get local issuer certificate"),
    ],
)
def test_h19_a_certificate_that_is_not_valid_gets_neither_password_nor_mail(
    tmp_path: Path,
    authority: trustme.CA,
    believed: None,
    capfd: pytest.CaptureFixture[str],
    how: str,
    name: str,
    until: int,
    known: bool,
    why: str,
) -> None:
    tls = context(authority if known else trustme.CA(), name, datetime(until, 1, 1))
    with RudeSmtp(tls=tls, implicit=how == "implicit") as relay:
        office = Office(tmp_path, smtp=smtp(relay, tls=how, username="desk", password="secret"))
        tell(office, *PEOPLE)
        assert office.deliver() == {"sent": 0, "failed": 0, "later": 3}
        text = standing(office)["smtp"]
        assert f"127.0.0.1:{relay.port} cannot be trusted" in text
        assert why in text
        with pytest.raises(Unavailable, match="cannot be trusted"):
            probe(office.settings.config.smtp)
        assert {line.partition(" ")[0] for line in relay.said} <= {"EHLO", "STARTTLS"}
        assert states(office) == ["waiting"] * 3
    assert "Traceback" not in "".join(capfd.readouterr())


def test_h19_a_relay_without_starttls_gets_neither_password_nor_mail(tmp_path: Path) -> None:
    with RudeSmtp(("AUTH PLAIN",)) as relay:
        section = smtp(relay, tls="starttls", username="desk", password="secret")
        office = Office(tmp_path, smtp=section)
        tell(office, ANN)
        assert office.deliver() == {"sent": 0, "failed": 0, "later": 1}
        assert "does not offer what [smtp] asks for" in standing(office)["smtp"]
        assert {line.partition(" ")[0] for line in relay.said} == {"EHLO"}


@pytest.mark.parametrize(
    "injected",
    [b"250 AUTH PLAIN\r\n", b"250-x\r\n250 PIPELINING\r\n250 2.1.0 OK\r\n", b"250-half"],
)
def test_h19_words_slipped_in_behind_starttls_are_nobodys(
    tmp_path: Path, authority: trustme.CA, believed: None, injected: bytes
) -> None:
    """A man in between answers in clear; what he says is not of the conversation that follows."""
    with RudeSmtp(tls=context(authority)) as relay:
        relay.injected = injected
        office = Office(tmp_path, smtp=smtp(relay, tls="starttls"))
        tell(office, *PEOPLE)
        office.deliver()
        relay.injected = b""
        office.later(minutes=2)
        office.deliver()
        assert sorted(mail.recipient for mail in relay.received) == sorted(PEOPLE)
        assert states(office) == ["sent"] * 3


def test_a_login_over_tls(tmp_path: Path, authority: trustme.CA, believed: None) -> None:
    with RudeSmtp(("AUTH PLAIN", "PIPELINING"), tls=context(authority)) as relay:
        section = smtp(relay, tls="starttls", username="desk", password="secret")
        office = Office(tmp_path, smtp=section)
        relay.script["AUTH"] = ["535 5.7.8 no"] * 4
        tell(office, *PEOPLE)
        assert office.deliver() == {"sent": 0, "failed": 0, "later": 3}
        assert "refuses the login of desk (535)" in standing(office)["smtp"]
        relay.script.clear()
        office.later(minutes=2)
        assert office.deliver()["sent"] == 3
        assert standing(office) == {}
