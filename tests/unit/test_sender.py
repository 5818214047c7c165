"""Whom a mail names as its writer (H14, H43, H44)."""

from __future__ import annotations

import pytest

from maild.errors import MailError
from maild.ingest.sender import Claim, claim
from maild.parse.parser import parse


def named(*fields: str) -> Claim:
    mail = parse("\r\n".join(fields).encode() + b"\r\n\r\nx")
    found = claim(mail, ours=lambda _: False, program=lambda _: False)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "field",
    [
        "From: Ann <ann@acme.example>",
        "From: ann@acme.example",
        'From: "ann@acme.example" <ann@acme.example>',
        "From: Ann @ Acme <ann@acme.example>",
        "From: =?utf-8?q?Ann=3A_Sales?= <ann@acme.example>",
    ],
)
def test_one_plain_mailbox_is_believed_to_be_meant(field: str) -> None:
    found = named(field)
    assert (found.address.key, found.strict) == ("ann@acme.example", True)


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        (("From: ann@acme.example", "From: bob@example.com"), "ann@acme.example"),
        (("From: ann@acme.example, bob@example.com",), "ann@acme.example"),
        (('From: "bob@example.com" <evil@x.example>',), "evil@x.example"),
        (("From: Boss: bob@example.com;",), "bob@example.com"),
    ],
)
def test_h44_anything_else_is_not_trusted(fields: tuple[str, ...], key: str) -> None:
    found = named(*fields)
    assert (found.address.key, found.strict) == (key, False)
    assert found.because


def test_h44_a_name_that_is_another_address_is_not_shown() -> None:
    assert named('From: "bob@example.com" <evil@x.example>').address.name == ""


def test_h43_reply_to_is_not_who_wrote() -> None:
    found = named("From: evil@x.example", "Reply-To: bob@example.com")
    assert found.address.key == "evil@x.example"


def test_h14_who_can_be_answered_is_taken_and_not_trusted() -> None:
    found = named("Sender: ann@acme.example", "Subject: x")
    assert (found.address.key, found.strict) == ("ann@acme.example", False)
    with pytest.raises(MailError):
        named("Subject: nobody", "Return-Path: <>")
