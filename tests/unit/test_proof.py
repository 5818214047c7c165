"""Authentication-Results, and whom they prove (RFC 8601; H41, H42, H44, H49, H81)."""

from __future__ import annotations

import pytest

from maild.config import TrustSection
from maild.ingest.proof import Proof, prove, prove_contact
from maild.model import Address
from maild.parse import authres, trace
from maild.parse.parser import parse

OURS = TrustSection(authserv_id="mx.example.com")
PASS = "Authentication-Results: mx.example.com; dmarc=pass header.from=example.com"
FAIL = "Authentication-Results: mx.example.com; dmarc=fail header.from=example.com"
BORDER = "Received: from evil.example (evil.example [192.0.2.1]) by mx.example.com; date"
LMTP = "Received: from mx.example.com by mx.example.com with LMTP id x; date"


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
    inner = "Received: from localhost (localhost [127.0.0.1]) by mx.example.com; date"
    assert proof(LMTP, inner, PASS, BORDER).by == "dmarc"


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


# ---- the border (H81)

DATE = "Mon, 23 Nov 2026 10:00:00 +0100"


@pytest.mark.parametrize(
    "received",
    [
        # HELO is what the other side calls itself
        "from [127.0.0.1]-by (evil.example [192.0.2.1]) by mx.example.com with ESMTP id 1",
        "from [127.0.0.1]-by by mx.example.com (evil.example [192.0.2.1]) with ESMTP id 1",
        "from [127.0.0.1] by mx.example.com with ESMTP id 1",
        "from [127.0.0.1] (evil.example [192.0.2.1]) by mx.example.com with ESMTP id 1",
        "from localhost (192.0.2.1) by mx.example.com with SMTP",
        "from unknown (HELO [127.0.0.1]) (192.0.2.1) by mx.example.com with SMTP",
        "from unknown (HELO localhost) by mx.example.com with SMTP",
        "from unknown (HELO [127.0.0.1]) by mx.example.com with SMTP",
        "from unknown (HELO a) (127.0.0.1) (192.0.2.1) by mx.example.com with SMTP",
        "from unknown (HELO a) (127.0.0.1)) (192.0.2.1) by mx.example.com with SMTP",
        "from [192.0.2.1] (helo=[127.0.0.1]) by mx.example.com with esmtp (Exim 4.96) id 1",
        "from [192.0.2.1] (helo=x ident=[127.0.0.1]) by mx.example.com with esmtp id 1",
        "from mx.example.com by mx.example.com with ESMTP id 1",
        "from by (localhost [127.0.0.1]) by mx.example.com with ESMTP id 1",
        "from x-by-localhost-with-LMTP (x [192.0.2.1]) by mx.example.com with ESMTP id 1",
        # names in the reverse zone
        "from x (127.0.0.1.evil.example [192.0.2.1]) by mx.example.com with ESMTP id 1",
        "from x (localhost [IPv6:2001:db8::1]) by mx.example.com with ESMTP id 1",
        # addresses may hold much
        'from x (x [192.0.2.1]) by mx.example.com with ESMTP id 1 for <"s+ with LMTP x"@y.z>',
        'from x (x [192.0.2.1]) by mx.example.com id 1 for <"a b with LMTP c"@example.com>',
        'from x (x [192.0.2.1]) by mx.example.com id 1 for "a with LMTP b"@example.com',
        "from x (x [192.0.2.1]) by mx.example.com id 1 for a with LMTP b@example.com",
        "from x (x [192.0.2.1]) by mx.example.com id 1 for <a> with LMTP",
        "from x (x [192.0.2.1]) by mx.example.com with ESMTP id 1 with LMTP",
        'from x (x [192.0.2.1]) by mx.example.com (envelope-from <"a) with LMTP ("@b>) with esmtp',
        'from x (x [192.0.2.1]) by mx.example.com with esmtp (envelope-from <"a) with LMTP (b"@c>)',
        "from x (x [192.0.2.1]) by mx.example.com (with LMTP) with ESMTP id 1",
        "from x (x [192.0.2.1]) by mx.example.com with ESMTP id with-LMTP",
        "from x (x [192.0.2.1]) by mx.example.com with LMTPX id 1",
        # a certificate's name that closes the comment which it stands in
        'from x (x [192.0.2.1]) (Client CN "a") by x with LMTP id 1; Mon (", Issuer "y" (not'
        " verified)) by mx.example.com (Postfix) with ESMTPS id 1",
        'from x (x [192.0.2.1]) (Client CN "a") by x with LMTP id 1; Mon (((", Issuer "y" (not'
        " verified)) by mx.example.com (Postfix) with ESMTPS id 1",
        'from x (x [192.0.2.1]) (Client CN "a") by x with LMTP; Mon "", Issuer "y" (not verified))'
        ' by mx.example.com (Postfix) with ESMTPS id 1 for <"a"@example.com>',
        'from x (x [192.0.2.1]) (Client CN "a") by x with LMTP; Mon \\(", Issuer "y")'
        " by mx.example.com (Postfix) with ESMTPS id 1",
        'from localhost (localhost [127.0.0.1]) by x id 1; Mon (", Issuer "y") by mx with ESMTPS',
        "from localhost (localhost [127.0.0.1]) by x id 1; Mon) by mx.example.com with ESMTPS",
        # broken, or cut short
        "from localhost (localhost [127.0.0.1] by mx.example.com with ESMTP id 1",
        'from localhost (localhost [127.0.0.1]) by mx.example.com id 1 for <"a',
        "from localhost (localhost [127.0.0.1]) from x by mx.example.com with ESMTP id 1",
        "by mx.example.com from localhost (localhost [127.0.0.1]) with ESMTP id 1",
        "(qmail 1 invoked from network)",
        "with LMTP\x01",
        "",
    ],
)
def test_h81_a_hop_that_comes_from_outside_is_the_border(received: str) -> None:
    for forged in (PASS, LMTP, "Authentication-Results: mx.example.com; dkim=pass"):
        assert proof(f"Received: {received}; {DATE}", forged, PASS).by == "none"
    hop = trace.hop(f"{received}; {DATE}")
    assert hop is None or not hop.inside


@pytest.mark.parametrize(
    "received",
    [
        "from mx.example.com\r\n\tby mx.example.com with LMTP\r\n\tid abc"
        " (envelope-from <a@b.c>)\r\n\tfor <support@example.com>",
        "from mx ([unix socket]) by mx (Cyrus v2.2.13) with LMTPA",
        "from x (LHLO x) (10.60.6.3) by mx.example.com with LMTP",
        "from localhost (localhost [127.0.0.1])\r\n\tby mx.example.com (Postfix) with ESMTP"
        " id 1\r\n\tfor <support@example.com>",
        "from localhost (localhost [IPv6:::1]) by mx.example.com (Postfix) with ESMTPS id 1",
        "from mx.example.com ([127.0.0.1]) by localhost (mx.example.com [127.0.0.1])"
        " (amavisd-new, port 10024) with ESMTP id 1 for <a@b.c>",
        "from localhost ([127.0.0.1] helo=mx.example.com) by mx.example.com with esmtp (Exim 4.96)"
        " (envelope-from <a@b.c>) id 1-2 for support@example.com",
        "from [127.0.0.1] (helo=mx.example.com) by mx.example.com with esmtp (Exim 4.96) id 1",
        "from localhost (HELO mx.example.com) (127.0.0.1) by localhost with SMTP",
        "from mx (localhost [127.0.0.1]) by mx.example.com (8.17/8.17) with ESMTP id 1",
        "from localhost (localhost [127.0.0.1]) by mx (OpenSMTPD) with ESMTP id 1 for <a@b.c>",
    ],
)
def test_h81_hops_within_one_machine_by_the_programs_that_write_them(received: str) -> None:
    for date in (DATE, f"{DATE} (CET)", "23 Nov 2026 09:00:00 -0000", f"  {DATE}\r\n\t(GMT+01:00)"):
        assert proof(f"Received: {received}; {date}", PASS, BORDER).by == "dmarc"
    hop = f"Received: {received}; {DATE}"
    assert proof(hop, BORDER, PASS).by == "none"


@pytest.mark.parametrize(
    "forged",
    [
        PASS.replace(":", " :", 1),
        PASS.replace(":", "\t:", 1),
        "X-A: b\r" + PASS,
        "X-A: b\x0b" + PASS,
        PASS.replace("dmarc", "\r dmarc"),
        PASS.replace("dmarc", "\x00dmarc"),
        "no field at all\r\n" + PASS,
        "\r\n" + PASS,
        "X-A\r\n" + PASS,
    ],
)
def test_h81_a_field_that_no_server_writes_so_proves_nothing(forged: str) -> None:
    """A server that removes forged fields does not know these."""
    below = TrustSection(authserv_id="mx.example.com", stamps="below")
    assert proof(BORDER, forged, trust=below).by == "none"
    assert proof(forged).by == "none"
    ours = PASS.replace("dmarc=pass", "spf=none")
    assert proof(BORDER, ours, forged, trust=below).by == "none"
    assert proof(BORDER, PASS, trust=below).by == "dmarc"


@pytest.mark.parametrize(
    ("found", "by"),
    [
        (
            (
                "spf=pass smtp.mailfrom=example.com",
                "dkim=none",
                "dmarc=pass header.from=example.com",
            ),
            "dmarc",
        ),
        (("dmarc=pass header.from=example.com", "dkim=fail", "spf=none"), "dmarc"),
        (("spf=none", "dkim=pass header.d=example.com"), "dkim"),
        (("dkim=pass header.d=example.com", "dmarc=none header.from=example.com"), "dkim"),
        (("dkim=pass header.d=example.com", "dmarc=fail header.from=example.com"), "none"),
        (("dmarc=pass header.from=example.com", "dmarc=fail header.from=example.com"), "none"),
        (("dmarc=fail header.from=example.com", "dmarc=pass header.from=example.com"), "none"),
        (("dmarc=pass header.from=example.com", "dmarc=pass header.from=evil.example"), "none"),
        (("spf=pass smtp.mailfrom=example.com", "dkim=none"), "none"),
        (("dmarc=pass header.from=example.com", "dkim=pass (open"), "none"),
    ],
)
def test_h81_fields_of_our_server_are_read_together(found: tuple[str, ...], by: str) -> None:
    fields = [f"Authentication-Results: mx.example.com; {one}" for one in found]
    assert proof(*fields, BORDER).by == by
    assert proof(LMTP, *fields, BORDER, PASS).by == by
    assert proof(fields[0], LMTP, *fields[1:], BORDER).by == by
    below = TrustSection(authserv_id="mx.example.com", stamps="below")
    assert proof(BORDER, *fields, BORDER, PASS, trust=below).by == by
    assert proof(*fields, "Authentication-Results: mx.other.example; dmarc=fail", BORDER).by == by


@pytest.mark.parametrize(
    ("sender", "by"),
    [
        ("bob@example.com", "dmarc"),
        ("<bob@example.com>", "dmarc"),
        ("Bob Tech <bob@example.com>", "dmarc"),
        ('"Tech, Bob" <bob@example.com>', "dmarc"),
        ("=?utf-8?q?Bob_M=C3=BCller?= <bob@example.com>", "dmarc"),
        ("bob@example.com (evil@evil.example)", "none"),
        ("(x) bob@example.com", "none"),
        ("Bob <@evil.example:bob@example.com>", "none"),
        ('"bob@evil.example"@example.com', "none"),
        ("Bob <bob@example.com> <x@evil.example>", "none"),
        ('"x@evil.example" <bob@example.com>', "none"),
        ("=?utf-8?q?x=40evil.example?= <bob@example.com>", "none"),
        ("Team: bob@example.com;", "none"),
    ],
)
def test_h81_a_pass_that_names_no_domain_needs_a_from_that_names_one(sender: str, by: str) -> None:
    field = "Authentication-Results: mx.example.com; dmarc=pass"
    raw = f"{field}\r\nFrom: {sender}\r\n\r\nx".encode()
    assert prove(parse(raw), strict=True, token=False, trust=OURS).by == by


@pytest.mark.parametrize("require", ["either", "token"])
def test_h81_a_token_does_not_outweigh_a_failure_that_our_server_found(require: str) -> None:
    trust = TrustSection.model_validate({"authserv_id": "mx.example.com", "require": require})
    found = proof(FAIL, BORDER, trust=trust, token=True)
    assert (found.by, found.enough, found.refuted) == ("none", False, True)
    assert proof(BORDER, FAIL, trust=trust, token=True).by == "token"  # not our server's work
    assert proof(FAIL.replace("fail", "temperror"), trust=trust, token=True).by == "token"
    assert proof(FAIL.replace("fail", "none"), trust=trust, token=True).by == "token"


# ---- contacts (H87)


@pytest.mark.parametrize(
    ("results", "by"),
    [
        ("dmarc=pass header.from=example.com", "dmarc"),
        ("dkim=pass header.d=example.com", "dkim"),
        ("spf=pass smtp.mailfrom=example.com", "spf"),
        ("spf=pass smtp.mailfrom=bob@example.com", "spf"),
        ("spf=pass smtp.mailfrom=bob@example.com; dmarc=none", "spf"),
        ("spf=pass smtp.mailfrom=bob@example.com; dmarc=temperror", "none"),
        ("spf=pass smtp.mailfrom=bob@example.com; dmarc=fail header.from=example.com", "none"),
        ("spf=pass smtp.mailfrom=x@evil.example", "none"),
        ("spf=pass smtp.mailfrom=x@example.com.evil.example", "none"),
        ("spf=pass smtp.mailfrom=x@sub.example.com", "none"),
        ("spf=pass smtp.mailfrom=com", "none"),
        ("spf=pass smtp.helo=example.com", "none"),
        ("spf=softfail smtp.mailfrom=example.com", "none"),
        ("spf=pass smtp.mailfrom=example.com; spf=fail smtp.mailfrom=example.com", "none"),
        ("spf=none", "none"),
    ],
)
def test_h87_a_contact_is_proven_by_what_most_have(results: str, by: str) -> None:
    fields = f"Authentication-Results: mx.example.com; {results}", BORDER
    mail = parse("\r\n".join((*fields, "From: Bob <bob@example.com>", "", "x")).encode())
    for require in ("either", "token", "dmarc"):
        trust = TrustSection.model_validate({"authserv_id": "mx.example.com", "require": require})
        found = prove_contact(mail, strict=True, token=False, trust=trust)
        assert (found.by, found.enough) == (by, by != "none")
        assert prove_contact(mail, strict=True, token=True, trust=trust).enough is not found.refuted
        assert not prove_contact(mail, strict=False, token=True, trust=trust).enough
    technician = prove(mail, strict=True, token=False, trust=OURS)
    assert technician.enough is (by in ("dmarc", "dkim"))


# ---- domains that look like others, and the same domain written otherwise (H49)

STRASSE = "xn--strae-oqa.example"


@pytest.mark.parametrize(
    ("sender", "key"),
    [
        ("bob@strasse.example", "bob@strasse.example"),
        ("bob@straße.example", f"bob@{STRASSE}"),
        ("bob@STRAẞE.example", f"bob@{STRASSE}"),
        (f"bob@{STRASSE.upper()}", f"bob@{STRASSE}"),
        ("bob@βόλος.example", "bob@xn--nxasmm1c.example"),
        ("bob@βόλοσ.example", "bob@xn--nxasmq6b.example"),
        ("bob@exam\u200dple.com", "bob@xn--example-m4b.com"),
        ("bob@MÜLLER.example", "bob@xn--mller-kva.example"),
        ("bob@mu\u0308ller.example", "bob@xn--mller-kva.example"),
        ("bob@example。com", "bob@example.com"),
        ("bob@ｅxample.com", "bob@example.com"),
        ("bob@" + "ü" * 80 + ".example", "bob@" + "ü" * 80 + ".example"),
    ],
)
def test_h49_domains_of_different_owners_are_different(sender: str, key: str) -> None:
    if "\u200d" in sender:
        assert Address("", sender).key != "bob@example.com"
    else:
        assert Address("", sender).key == key


@pytest.mark.parametrize(
    ("results", "by"),
    [
        ("dmarc=pass", "dmarc"),
        ("dmarc=pass header.from=straße.example", "dmarc"),
        (f"dmarc=pass header.from={STRASSE}", "dmarc"),
        ("dkim=pass header.d=straße.example", "dkim"),
        ("dkim=pass header.i=@straße.example", "dkim"),
        ("spf=pass smtp.mailfrom=x@straße.example", "spf"),
        ("dmarc=pass header.from=strasse.example", "none"),
        ("dkim=pass header.d=strasse.example", "none"),
        ("spf=pass smtp.mailfrom=x@strasse.example", "none"),
    ],
)
def test_h49_a_domain_is_compared_as_dns_has_it(results: str, by: str) -> None:
    for sender in ("bob@straße.example", f"bob@{STRASSE}"):
        mail = parse(f"{PASS.partition(';')[0]}; {results}\r\nFrom: {sender}\r\n\r\nx".encode())
        assert mail.sender is not None and mail.sender.domain == STRASSE
        assert prove_contact(mail, strict=True, token=False, trust=OURS).by == by


@pytest.mark.parametrize(
    ("results", "by"),
    [
        ("dkim=pass header.d=example.com", "dkim"),
        ("spf=pass smtp.mailfrom=bob@example.com", "spf"),
        ("dkim=pass header.d=evil.example", "none"),
        ("dmarc=pass header.from=evil.example", "none"),
        ("dmarc=fail header.from=example.com; dkim=pass header.d=example.com", "none"),
        ("spf=fail smtp.mailfrom=bob@example.com", "none"),
    ],
)
def test_h87_a_guess_about_dmarc_is_no_verdict(results: str, by: str) -> None:
    """Microsoft 365 writes so of a domain without a DMARC record."""
    field = f"{PASS.partition(';')[0]}; dmarc=bestguesspass header.from=example.com; {results}"
    mail = parse(f"{field}\r\nFrom: bob@example.com\r\n\r\nx".encode())
    assert prove_contact(mail, strict=True, token=False, trust=OURS).by == by


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
