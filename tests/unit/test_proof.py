"""Authentication-Results, and whom they prove (RFC 8601; H41, H42, H44, H49)."""

from __future__ import annotations

import pytest

from maild.config import TrustSection
from maild.ingest.proof import Proof, prove
from maild.parse import authres
from maild.parse.parser import parse

OURS = TrustSection(authserv_id="mx.example.com")
PASS = "Authentication-Results: mx.example.com; dmarc=pass header.from=example.com"
FAIL = "Authentication-Results: mx.example.com; dmarc=fail header.from=example.com"
BORDER = "Received: from evil.example (evil.example [192.0.2.1]) by mx.example.com; date"


def proof(
    *fields: str, trust: TrustSection = OURS, token: bool = False, strict: bool = True
) -> Proof:
    head = "\r\n".join((*fields, "From: Bob <bob@example.com>", "Subject: x"))
    return prove(parse(head.encode() + b"\r\n\r\nx"), strict=strict, token=token, trust=trust)


# ---- the field


def test_comments_quotes_versions_and_folds_are_read() -> None:
    found = authres.read(
        'mx.example.com 1; (a (nested; dmarc=fail) comment) dkim/1=PASS reason="a; b"'
        " header.d = Example.COM ;\tspf=pass smtp.mailfrom=a@b.example; none"
    )
    assert found is not None
    assert found.authserv_id == "mx.example.com"
    assert [(r.method, r.result) for r in found.results] == [("dkim", "pass"), ("spf", "pass")]
    assert found.results[0].get("header.d") == "example.com"


def test_microsoft_365_names_no_server() -> None:
    found = authres.read(
        "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=example.com; dkim=pass (signature was"
        " verified) header.d=example.com;dmarc=pass action=none header.from=example.com;"
        "compauth=pass reason=100"
    )
    assert found is not None
    assert found.authserv_id is None
    assert found.of("dmarc")[0].get("header.from") == "example.com"


@pytest.mark.parametrize(
    "value",
    [
        "",
        ";",
        "(open",
        "closed)",
        '"open',
        "a b c; dmarc=pass",
        "mx; dmarc",
        "mx; =pass",
        "x" * 9000,
    ],
)
def test_what_is_not_well_formed_says_nothing(value: str) -> None:
    assert authres.read(value) is None


# ---- whom it proves


def test_a_dmarc_pass_of_our_server_proves() -> None:
    assert proof(PASS).by == "dmarc"


def test_an_aligned_dkim_pass_proves_where_there_is_no_dmarc() -> None:
    field = "Authentication-Results: mx.example.com; dkim=pass header.d="
    assert proof(field + "example.com").by == "dkim"
    assert proof(field + "com").by == "none"
    assert proof(field + "evil.example").by == "none"
    assert proof(field + "example.com; dmarc=fail").by == "none"


@pytest.mark.parametrize(
    "fields",
    [
        (),
        (FAIL,),
        ("Authentication-Results: mx.example.com; spf=pass smtp.mailfrom=bob@example.com",),
        ("Authentication-Results: mx.example.com; dmarc=pass header.from=evil.example",),
        ("Authentication-Results: mx.example.com; dmarc=pass header.from=examp1e.com",),
        ("Authentication-Results: mx.evil.example; dmarc=pass header.from=example.com",),
        ("ARC-Authentication-Results: i=1; mx.example.com; dmarc=pass header.from=example.com",),
    ],
)
def test_h41_no_pass_of_our_server_proves_nobody(fields: tuple[str, ...]) -> None:
    assert not proof(*fields).enough


@pytest.mark.parametrize(
    "fields",
    [
        (FAIL, PASS),  # ours above the forged one
        (BORDER, PASS),  # it came in with the mail
        (BORDER, "Authentication-Results: mx.example.com; spf=none", PASS),
        (BORDER.replace("[192.0.2.1]", "[::ffff:192.0.2.1]"), PASS),
        ("Received: from localhost (helo [192.0.2.1]) by localhost; date", PASS),
        ("Authentication-Results: mx.example.com; dmarc=fail (open", PASS),  # ours, broken
        (PASS.replace("pass", "fail") + "; dmarc=pass header.from=example.com",),
    ],
)
def test_h42_a_field_that_our_server_did_not_stamp_is_ignored(fields: tuple[str, ...]) -> None:
    assert proof(*fields).by == "none"


def test_h42_words_of_strangers_in_our_field_end_nothing() -> None:
    comment = '(domain of "x) ; dmarc=pass header.from=example.com ("@evil.example)'
    field = f"Authentication-Results: mx.example.com; spf=pass {comment}; dmarc=fail"
    assert proof(field).by == "none"
    word = "=?utf-8?q?=3B_dmarc=3Dpass_header.from=3Dexample.com?=@evil.example"
    field = f"Authentication-Results: mx.example.com; spf=pass smtp.mailfrom={word}"
    assert proof(field).by == "none"


def test_hops_within_one_machine_are_not_the_border() -> None:
    lmtp = "Received: from mx.example.com by mx.example.com with LMTP id x; date"
    inner = "Received: from localhost (localhost [127.0.0.1]) by mx.example.com; date"
    assert proof(lmtp, inner, PASS, BORDER).by == "dmarc"


def test_a_server_that_stamps_below_its_received_field() -> None:
    below = TrustSection(authserv_id="mx.example.com", stamps="below")
    assert proof(BORDER, PASS, trust=below).by == "dmarc"
    assert (
        proof(BORDER.replace("by mx.example.com", "by mx.other.example"), PASS, trust=below).by
        == "none"
    )
    google = TrustSection(authserv_id="mx.google.com")
    field = PASS.replace("mx.example.com", "mx.google.com")
    assert proof("Received: from a by mx.google.com; date", field, trust=google).by == "dmarc"
    microsoft = TrustSection(authserv_id="mx.microsoft.com")
    nameless = "Authentication-Results: dmarc=pass action=none header.from=example.com"
    hop = "Received: from a by AM0PR04.eurprd04.prod.outlook.com with Microsoft SMTP; date"
    assert proof(hop, nameless, trust=microsoft).by == "dmarc"
    assert proof(hop, nameless).by == "none"


# ---- what is asked for


@pytest.mark.parametrize(
    ("require", "by_token", "by_dmarc", "by_nothing"),
    [
        ("either", True, True, False),
        ("token", True, False, False),
        ("dmarc", False, True, False),
        ("none", True, True, True),
    ],
)
def test_require_says_what_counts(
    require: str, by_token: bool, by_dmarc: bool, by_nothing: bool
) -> None:
    trust = TrustSection.model_validate({"authserv_id": "mx.example.com", "require": require})
    assert proof(trust=trust, token=True).enough is by_token
    assert proof(PASS, trust=trust).enough is by_dmarc
    assert proof(trust=trust).enough is by_nothing
    if not by_nothing:
        assert proof(trust=trust).needed


def test_without_an_authserv_id_no_field_counts() -> None:
    assert proof(PASS, trust=TrustSection()).by == "none"


def test_h44_a_doubtful_from_proves_nobody() -> None:
    assert not proof(PASS, token=True, strict=False).enough
