from pathlib import Path

import pytest

from maild.desk import reply_tokens
from maild.desk.reply_tokens import Token
from tests.office import Office

SECRET, NUMBER = b"a secret of the desk", "T20261121.0042"


def test_a_message_id_proves_ticket_and_person() -> None:
    ours = reply_tokens.message_id(SECRET, "key", NUMBER, 7, "example.com")
    assert ours == reply_tokens.message_id(SECRET, "key", NUMBER, 7, "example.com")
    assert reply_tokens.read(SECRET, f"<{ours.upper()}>") == Token(NUMBER, 7)
    assert len(ours.partition("@")[0]) <= 64


def test_a_plus_address_proves_the_same() -> None:
    address = reply_tokens.reply_address(SECRET, "support@example.com", NUMBER, 1234567)
    assert address.startswith("support+t20261121.0042.1234567.r.")
    assert len(address.partition("@")[0]) <= 64
    assert reply_tokens.read(SECRET, address) == Token(NUMBER, 1234567)


def test_mail_about_no_ticket_to_nobody_known() -> None:
    ours = reply_tokens.message_id(SECRET, "key", None, None, "example.com")
    assert reply_tokens.read(SECRET, ours) == Token(None, None)


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.replace("0042", "0043"),
        lambda t: t.replace(".7.", ".8."),
        lambda t: t[:-1] + ("a" if t[-1] != "a" else "b"),
        lambda t: t + "a",
        lambda t: "x" + t,
        lambda t: "",
        lambda t: "\x00" * 5000,
        lambda t: t * 200,
    ],
)
def test_h46_a_wrong_signature_proves_nothing(change: object) -> None:
    local = reply_tokens.message_id(SECRET, "key", NUMBER, 7, "example.com").partition("@")[0]
    assert reply_tokens.read(SECRET, f"{change(local)}@example.com") is None  # type: ignore[operator]
    assert reply_tokens.read(b"another desk's", f"{local}@example.com") is None


def test_the_secret_is_made_once(tmp_path: Path) -> None:
    office = Office(tmp_path)
    first = office.store.act(reply_tokens.desk_secret)
    assert len(first) == 32
    assert office.store.act(reply_tokens.desk_secret) == first
