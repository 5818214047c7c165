"""An attached message comes out as it came in, octet for octet."""

from __future__ import annotations

import pytest

from maild.parse import attachments, mime

ATTACHED = {
    "message/rfc822": (
        b"Received: from a.example\n\tby b.example with ESMTP\n\tid 4711; Mon, 2 Nov 2026\n"
        b"Subject: " + b"a subject much longer than the eighty characters of a line " * 4 + b"\n"
        b"X-Empty:\nX-Eight: \xe4\xf6\xfc\nContent-Type: text/plain; charset=latin1\n\n"
        b"Gr\xfc\xdfe\n-- \nAnn\n"
    ),
    "message/delivery-status": (
        b"Reporting-MTA: dns; mx.example.com\n\n"
        b"Final-Recipient: rfc822; ann@acme.example\nAction: failed\nStatus: 5.1.1\n"
        b"Diagnostic-Code: smtp; 550 5.1.1 nobody of this name\n    is here\n\n"
        b"Final-Recipient: rfc822; bob@acme.example\nAction: failed\nStatus: 5.1.1\n\n"
    ),
}


@pytest.mark.parametrize("ends", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("kind", ATTACHED)
def test_the_source_of_an_attached_message_is_what_was_sent(kind: str, ends: bytes) -> None:
    source = ATTACHED[kind].replace(b"\n", ends)
    head = b"From: ann@acme.example\nContent-Type: multipart/mixed; boundary=b\n\n"
    text = b"--b\nContent-Type: text/plain\n\nSee below.\n--b\n"
    part = b"Content-Type: " + kind.encode() + b"\n\n"
    raw = (head + text + part).replace(b"\n", ends) + source + (b"\n--b--\n").replace(b"\n", ends)
    parts = mime.walk(mime.tree(mime.prepare(raw)[0], []))
    (found,) = attachments.find(parts, frozenset({1}), (), None)
    assert found.octets == source
