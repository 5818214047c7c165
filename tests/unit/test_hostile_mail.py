"""Mail that means harm: each row of the hostile list that this stage answers for."""

from __future__ import annotations

import base64
import json
import unicodedata
import zipfile
from collections.abc import Iterator
from contextlib import closing
from io import BytesIO

import pytest

from maild.errors import MailError, NotFound
from maild.model import Kind, Mail
from maild.parse.attachments import attachment_bytes
from maild.parse.limits import Reader, Source
from maild.parse.parser import parse

HEAD = b"From: Ann <ann@acme.example>\r\nTo: desk@example.com\r\nMessage-ID: <m1@acme.example>\r\n"


def mail(head: bytes = b"", body: bytes = b"Hello.\r\n", subject: bytes = b"Help") -> bytes:
    """A mail of Ann's with more header fields and this body."""
    return HEAD + b"Subject: " + subject + b"\r\nMIME-Version: 1.0\r\n" + head + b"\r\n" + body


def attached(disposition: bytes, data: bytes = b"data") -> bytes:
    """A mail with a text and one attachment whose disposition field is given."""
    return mail(
        b'Content-Type: multipart/mixed; boundary="b"\r\n',
        b"--b\r\nContent-Type: text/plain\r\n\r\nSee file.\r\n"
        b"--b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: "
        + disposition
        + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + base64.b64encode(data)
        + b"\r\n--b--\r\n",
    )


def page(html: str) -> Mail:
    """Ann's HTML mail."""
    return parse(mail(b"Content-Type: text/html; charset=utf-8\r\n", html.encode()))


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with closing(Reader()) as running:
        yield running


# ---- what decides that nothing is lost or answered


@pytest.mark.parametrize("raw", [b"Subject: x\r\n\r\nText.\r\n", mail(body=b"")])
def test_h14_no_sender_or_no_text_is_still_a_mail(raw: bytes) -> None:
    understood = parse(raw)
    assert understood.answerable is (understood.sender is not None)


@pytest.mark.parametrize("raw", [b"", b"\r\n\r\n", b"\0\0\n"])
def test_h14_nothing_at_all_is_refused(raw: bytes) -> None:
    with pytest.raises(MailError, match="empty"):
        parse(raw)


@pytest.mark.parametrize(
    "value", [b"Auto-Replied (x); p=1", b"auto-replied", b"(by rule) AUTO-REPLIED; a=b"]
)
def test_h34_auto_submitted_is_read_by_its_grammar(value: bytes) -> None:
    understood = parse(mail(b"Auto-Submitted: " + value + b"\r\n"))
    assert understood.kind is Kind.AUTO_REPLY
    assert not understood.answerable
    assert any("Auto-Submitted" in reason.because for reason in understood.reasons)


@pytest.mark.parametrize("value", [b"no", b"No (really)", b"no; why=because"])
def test_h35_auto_submitted_no_is_a_person(value: bytes) -> None:
    understood = parse(mail(b"Auto-Submitted: " + value + b"\r\n"))
    assert (understood.kind, understood.answerable) == (Kind.HUMAN, True)


def test_h36_precedence_first_class_is_a_person() -> None:
    understood = parse(mail(b"Precedence: first-class\r\n"))
    assert (understood.kind, understood.answerable) == (Kind.HUMAN, True)


def test_h36_list_mail_is_read_and_not_answered() -> None:
    understood = parse(mail(b"List-Id: Staff <staff.acme.example>\r\n"))
    assert (understood.kind, understood.answerable) == (Kind.LIST, False)
    assert understood.text.strip() == "Hello."


@pytest.mark.parametrize("value", [b"DR, oof, AutoReply", b"AutoReply", b"RN,NRN,OOF", b"All"])
def test_h37_auto_response_suppress_is_a_list(value: bytes) -> None:
    assert not parse(mail(b"X-Auto-Response-Suppress: " + value + b"\r\n")).answerable


@pytest.mark.parametrize("value", [b"DR", b"RN, NRN", b"None"])
def test_h37_suppressing_receipts_suppresses_no_answer(value: bytes) -> None:
    assert parse(mail(b"X-Auto-Response-Suppress: " + value + b"\r\n")).answerable


def test_h40_a_mail_that_runs_in_a_circle_is_not_answered() -> None:
    hop = b"Received: from a.example by b.example; Mon, 2 Nov 2026 10:00:00 +0000\r\n"
    assert parse(hop * 100 + mail()).answerable
    assert not parse(hop * 101 + mail()).answerable


def test_h44_an_address_in_the_name_is_only_a_name() -> None:
    understood = parse(b"From: boss@corp.example <evil@x.example>\r\nSubject: a\r\n\r\nb\r\n")
    assert understood.sender is not None
    assert understood.sender.address == "evil@x.example"
    assert understood.sender.name == "boss@corp.example"


def test_h44_two_from_fields_are_both_shown() -> None:
    understood = parse(b"From: a@x.example\r\nFrom: b@y.example\r\nSubject: a\r\n\r\nb\r\n")
    assert [s.address for s in understood.senders] == ["a@x.example", "b@y.example"]


# ---- content


@pytest.mark.parametrize(
    "charset",
    [
        b"utf-7",
        b"unicode_escape",
        b"raw_unicode_escape",
        b"undefined",
        b'""',
        b"\x00",
        b"idna",
        b"x-invented",
        b"rot13",
        b"base64",
        b"zlib",
        b"hex",
        b"'; drop table",
        b"a" * 5000,
    ],
)
def test_h52_strange_charsets_leave_markup_inert(charset: bytes) -> None:
    body = (
        b"+ADw-script+AD4-alert(1)+ADw-/script+AD4- <script>alert(1)</script> \\x3cscript\\x3e ok"
    )
    understood = parse(mail(b"Content-Type: text/html; charset=" + charset + b"\r\n", body))
    assert understood.html is not None
    assert "<script" not in understood.html
    assert "ok" in understood.text


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        (b'"../../etc/passwd"', "passwd"),
        (b'"/etc/passwd"', "passwd"),
        (b'"C:\\\\Windows\\\\evil.exe"', "evil.exe"),
        (b'".."', "part-2.bin"),
        (b'"CON.txt"', "_CON.txt"),
        (b'"a\tb.txt"', "a b.txt"),
        (b'"in\xe2\x80\x8bvisible.txt"', "invisible.txt"),
        (b'"nul\0l.txt"', "null.txt"),
        (b'"new\r\n line.txt"', "new line.txt"),
    ],
)
def test_h53_attachment_names_are_safe(name: bytes, wanted: str) -> None:
    (found,) = parse(attached(b"attachment; filename=" + name)).attachments
    assert found.filename == wanted


def test_h53_a_long_name_keeps_its_ending() -> None:
    (found,) = parse(attached(b'attachment; filename="' + b"x" * 5000 + b'.pdf"')).attachments
    assert found.filename.endswith(".pdf")
    assert len(found.filename) <= 200


def test_h54_direction_marks_do_not_show_in_names() -> None:
    raw = attached(b"attachment; filename*=utf-8''annex%E2%80%AEfdp.exe")
    (found,) = parse(raw).attachments
    assert found.filename == "annexfdp.exe"
    assert not any(unicodedata.category(c) == "Cf" for c in found.filename)


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>hi",
        "<svg><script>alert(1)</script></svg>hi",
        "<img src=x onerror=alert(1)>hi",
        "<a href='javascript:alert(1)'>hi</a>",
        "<a href='JaVa&#10;Script:alert(1)'>hi</a>",
        "<div style='background:url(javascript:alert(1))'>hi</div>",
        "<div style='width:expression(alert(1))'>hi</div>",
        "<iframe srcdoc='<script>alert(1)</script>'></iframe>hi",
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>hi",
        "<form action='https://evil.example'><button>hi</button></form>",
        "<base href='https://evil.example'>hi",
        "<meta http-equiv=refresh content='0;url=https://evil.example'>hi",
        "<object data='data:text/html,<script>alert(1)</script>'></object>hi",
        "<a href='data:text/html,<script>alert(1)</script>'>hi</a>",
    ],
)
def test_h55_script_is_inert(html: str) -> None:
    understood = page(html)
    assert understood.html is not None
    for danger in ("<script", "onerror", "javascript:", "<iframe", "<form", "<base", "<meta"):
        assert danger not in understood.html.lower().replace("\n", "")
    for danger in ("expression", "srcdoc", "<object", "data:", "<svg", "<math", "url("):
        assert danger not in understood.html.lower()


@pytest.mark.parametrize(
    "html",
    [
        "<img src='https://track.example/p.gif'>hi",
        "<img srcset='https://track.example/p.gif 2x'>hi",
        "<div style='background-image:url(https://track.example/p.gif)'>hi</div>",
        "<div style='background:\\75rl(https://track.example/p.gif)'>hi</div>",
        "<style>@import url(https://track.example/a.css);</style>hi",
        "<link rel=stylesheet href='https://track.example/a.css'>hi",
        "<table background='https://track.example/p.gif'><tr><td>hi</td></tr></table>",
        "<video poster='https://track.example/p.gif'></video>hi",
        "<audio src='//track.example/a.mp3'></audio>hi",
        "<body background='https://track.example/p.gif'>hi",
    ],
)
def test_h56_nothing_remote_is_passed_on(html: str) -> None:
    understood = page(html)
    assert understood.html is not None
    assert "track.example" not in understood.html


def test_h56_inline_images_stay() -> None:
    understood = page("<img src='cid:logo@acme' alt='logo'>hi")
    assert understood.html is not None
    assert 'src="cid:logo@acme"' in understood.html


def test_h57_lone_surrogates_and_nul_can_be_stored_anywhere() -> None:
    raw = mail(
        b"Content-Type: text/html; charset=utf-16-le\r\nX-Odd: a\xed\xa0\x80b\0\r\n",
        "h\0i ".encode("utf-16-le") + b"\x00\xd8" + b"x\0",
        subject=b"=?utf-8?Q?a=ED=A0=80b=00c?= \xed\xa0\x80\0",
    )
    understood = parse(raw)
    everything = json.dumps(
        [understood.subject, understood.text, understood.html, understood.headers], default=str
    )
    everything.encode("utf-8")
    for value in (understood.subject, understood.text, understood.html or ""):
        value.encode("utf-8")
        assert "\0" not in value


@pytest.mark.parametrize(
    "date",
    [
        b"31 Dec 9999 23:59:59 -2359",
        b"Mon, 99 Foo 2026 99:99:99 +9999",
        b"0",
        b"",
        b"\xff\xff",
        b"Mon, 1 Jan 1066 00:00:00 +0000",
        b"1 Jan 99999999999 00:00 +0000",
        b"9" * 9000,
    ],
)
def test_h58_impossible_dates_are_none(date: bytes) -> None:
    assert parse(mail(b"Date: " + date + b"\r\n")).date is None


@pytest.mark.parametrize(
    "content_type",
    [
        b"application/pgp-encrypted",
        b"application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m",
        b"application/ms-tnef; name=winmail.dat",
        b"message/rfc822",
        b"application/zip; name=a.zip",
    ],
)
def test_h59_h67_closed_things_stay_closed(content_type: bytes) -> None:
    zipped = BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", b"\0" * 5_000_000)
    inner = b"From: x@y.example\r\nSubject: inside\r\n\r\nInside words.\r\n"
    data = inner if content_type.startswith(b"message") else zipped.getvalue()
    encoded = data if data is inner else base64.encodebytes(data)
    coding = b"" if data is inner else b"Content-Transfer-Encoding: base64\r\n"
    raw = mail(
        b'Content-Type: multipart/mixed; boundary="b"\r\n',
        b"--b\r\n\r\nOur words.\r\n--b\r\nContent-Type: "
        + content_type
        + b"\r\n"
        + coding
        + b"\r\n"
        + encoded
        + b"\r\n--b--\r\n",
    )
    understood = parse(raw)
    assert understood.text.strip() == "Our words."
    (found,) = understood.attachments
    assert attachment_bytes(raw, found.part) == data


def test_h60_the_sum_is_of_the_octets_as_received() -> None:
    import hashlib

    raw = b"\xef\xbb\xbf" + mail(b"Broken : x\r\nno field\r\n", b"\xff\0\r\nx\n")
    assert parse(raw).sha256 == hashlib.sha256(raw).hexdigest()
    assert parse(raw).size == len(raw)


def test_the_same_octets_give_the_same_mail() -> None:
    raw = attached(b"attachment; filename=a.bin")
    assert parse(raw) == parse(raw)
    with pytest.raises(NotFound):
        attachment_bytes(raw, 77)


# ---- resources


def nested(levels: int) -> bytes:
    """Multiparts inside one another."""
    heads = [
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n)
        for n in range(levels)
    ]
    return HEAD + b"Subject: deep\r\n" + b"".join(heads) + b"\r\nbottom\r\n"


@pytest.mark.parametrize("kind", [b"multipart", b"message"])
def test_h61_a_thousand_levels_are_refused(kind: bytes) -> None:
    if kind == b"multipart":
        raw = nested(1000)
    else:
        raw = HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 1000 + b"x\r\n"
    with pytest.raises(MailError, match="nested"):
        parse(raw)


def test_h61_twenty_levels_are_read() -> None:
    assert "bottom" in parse(nested(20)).text


def test_h61_a_digest_of_many_mails_is_not_deep() -> None:
    one = b"--d\r\nContent-Type: message/rfc822\r\n\r\nFrom: a@b.example\r\n\r\nx\r\n"
    raw = mail(b'Content-Type: multipart/mixed; boundary="d"\r\n', one * 300 + b"--d--\r\n")
    assert len(parse(raw).attachments) == 300


def test_h62_ten_thousand_parts_are_capped() -> None:
    part = b"--b\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\nx\r\n"
    raw = mail(b'Content-Type: multipart/mixed; boundary="b"\r\n', part * 10_001 + b"--b--\r\n")
    understood = parse(raw)
    assert len(understood.attachments) <= 1_000
    assert any("parts" in defect for defect in understood.defects)


def test_h62_a_hundred_thousand_fields_are_capped() -> None:
    fields = b"".join(b"X-%d: y\r\n" % n for n in range(100_000))
    understood = parse(HEAD + b"Subject: Help\r\n" + fields + b"\r\nHello.\r\n")
    assert (understood.subject, understood.text.strip()) == ("Help", "Hello.")
    assert len(understood.headers) <= 500
    assert any("header cut" in defect for defect in understood.defects)


def test_h62_a_header_of_fifty_megabytes_is_capped(reader: Reader) -> None:
    raw = HEAD + b"Subject: Help\r\nX-Big: " + b"a" * 50_000_000 + b"\r\n\r\nHello.\r\n"
    understood = reader.read(raw)
    assert (understood.subject, understood.text.strip()) == ("Help", "Hello.")


@pytest.mark.parametrize(
    "sender", [b"(" * 500, b"(" * 500 + b" a@b.example", b"<" * 500, b'"' * 501]
)
def test_h63_a_sender_of_brackets_is_read(sender: bytes) -> None:
    understood = parse(b"From: " + sender + b"\r\nSubject: x\r\n\r\ny\r\n")
    assert understood.text.strip() == "y"


MONSTERS = {
    "a megabyte of <": mail(b"Content-Type: text/html\r\n", b"<" * 1_000_000),
    "a megabyte of <a ": mail(b"Content-Type: text/html\r\n", b"<a " * 350_000),
    "deep divs": mail(b"Content-Type: text/html\r\n", b"<div>" * 200_000),
    "deep tables": mail(b"Content-Type: text/html\r\n", b"<table><tr><td>" * 50_000),
    "deep quotes": mail(b"Content-Type: text/html\r\n", b"<blockquote>" * 80_000 + b"x"),
    "open brackets of text": mail(b"", b">" * 1_000_000),
    "quoted depths": mail(b"", b"".join(b">" * (n % 999) + b" x\r\n" for n in range(3000))),
    "addresses": mail(b"To: " + b", ".join(b"a%d@b.example" % n for n in range(100_000)) + b"\r\n"),
    "encoded words": mail(subject=b" ".join([b"=?utf-8?B?w6Q=?="] * 50_000)),
    "unfinished encoded words": mail(subject=b"=?utf-8?Q?" * 50_000),
    "parameters": mail(b"Content-Type: text/plain" + b"; a=b" * 50_000 + b"\r\n"),
    "sections": mail(b"Content-Type: text/plain" + b"; name*%d*=x" % 7 * 20_000 + b"\r\n"),
    "boundaries": mail(b'Content-Type: multipart/mixed; boundary="b"\r\n', b"--b" * 300_000),
    "references": mail(b"References: " + b"<a@b> " * 100_000 + b"\r\n"),
    "blank lines": mail(b"", b"\r\n" * 500_000),
    "colons": mail(b"", b"On Monday Ann wrote: " * 50_000),
    "uuencode": mail(b"", b"begin 644 x\r\n" * 50_000),
    "format flowed": mail(b"Content-Type: text/plain; format=flowed\r\n", b"a \r\n" * 200_000),
    "base64 of padding": mail(b"Content-Transfer-Encoding: base64\r\n", b"=" * 1_000_000),
    "quoted soft breaks": mail(
        b"Content-Transfer-Encoding: quoted-printable\r\n", b"=\r\n" * 300_000
    ),
    "escapes": mail(b"Content-Type: text/plain; charset=iso-2022-jp\r\n", b"\x1b$B" * 300_000),
    "dashes": mail(b"", b"-" * 1_000_000),
    "spaces": mail(b"", b" " * 1_000_000 + b"x"),
    "recipients of a bounce": mail(
        b"X-Failed-Recipients: x@y.example\r\n", b"<a@b.example>: 550 5.1.1 no\r\n" * 20_000
    ),
    "entities": mail(b"Content-Type: text/html\r\n", b"&lt;" * 250_000),
    "cid images": mail(b"Content-Type: text/html\r\n", b"<img src=cid:a>" * 60_000),
}


@pytest.mark.parametrize("name", MONSTERS)
def test_h64_h66_monsters_are_read_or_stopped(reader: Reader, name: str) -> None:
    """Within the limits: a Mail, or a MailError after ten seconds; never anything else."""
    ((source, understood, error),) = reader.read_all([Source(name, MONSTERS[name])])
    assert source.label == name
    assert (understood is None) is (error is not None)
    if understood is not None:
        assert understood.message_id == "m1@acme.example"


@pytest.mark.parametrize("label", [b"punycode", b"idna"])
def test_h65_two_megabytes_of_punycode_are_not_decoded(label: bytes) -> None:
    raw = mail(b"Content-Type: text/plain; charset=" + label + b"\r\n", b"a-" * 1_000_000)
    understood = parse(raw)
    assert understood.text.startswith("a-a-")
    assert any("unknown" in defect for defect in understood.defects)


# ---- the reader


def test_a_reader_goes_on_after_a_worker_was_killed() -> None:
    """One that breaks the memory limit, then an ordinary one, through the same reader."""
    with closing(Reader(memory=64 * 1024 * 1024)) as small:
        outcomes = list(
            small.read_all(
                [Source("big", mail(b"", b"x y\r\n" * 16_000_000)), Source("ok", mail())]
            )
        )
    assert [(source.label, understood is not None) for source, understood, _ in outcomes] == [
        ("big", False),
        ("ok", True),
    ]
    assert outcomes[0][2]


def test_a_reader_stops_what_takes_too_long() -> None:
    with closing(Reader(seconds=0.2)) as hasty:
        with pytest.raises(MailError, match="longer than"):
            hasty.read(mail(b"", b"On Monday a@b.example wrote:\r\n> x\r\n" * 700_000))
        assert hasty.read(mail()).subject == "Help"


def test_a_bad_mail_never_stops_the_next(reader: Reader) -> None:
    sources = [Source("a", mail()), Source("b", b""), Source("c", b"", "gone"), Source("d", mail())]
    outcomes = list(reader.read_all(sources))
    assert [s.label for s, _, _ in outcomes] == ["a", "b", "c", "d"]
    assert [m is not None for _, m, _ in outcomes] == [True, False, False, True]
    assert outcomes[2][2] == "gone"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("क्\u200dष", "क्\u200dष"),
        ("B\u200dob", "Bob"),
        ("\u200dBob\u200c", "Bob"),
        ("Bo\u200bb", "Bob"),
    ],
)
def test_joiners_stay_in_names_where_they_join(written: str, shown: str) -> None:
    assert parse(f"From: {written} <a@b.example>\n\nx".encode()).senders[0].name == shown
