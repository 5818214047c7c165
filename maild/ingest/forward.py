"""Whose mail a technician forwards: the ticket is for that person."""

from __future__ import annotations

from maild.errors import MailError
from maild.ingest.subject_fields import is_forward
from maild.model import Address, Mail
from maild.parse import mime
from maild.parse.headers import parse_addresses
from maild.parse.newtext.header_blocks import field_label, find_headers
from maild.parse.newtext.languages import vocabulary
from maild.parse.newtext.lines import find_notable, read_lines


def original_sender(mail: Mail, octets: bytes) -> Address | None:
    """The From of the mail that this one forwards, in its text or attached; None if unclear."""
    if not is_forward(mail.subject):
        return None
    return _in_text(mail.text) or _attached(mail, octets)


def _in_text(text: str) -> Address | None:
    """From the first header block in the text, in any language that we read."""
    lines, _ = read_lines(text)
    words = vocabulary()
    for mark in find_headers(lines, find_notable(lines, words.notable), words)[:1]:
        for line in lines[mark.first : mark.last + 1]:
            if field_label(line, words) == "from":
                return _one(line.bare.replace("：", ":").partition(":")[2].strip(" *_"))
    return None


def _attached(mail: Mail, octets: bytes) -> Address | None:
    """From the one attached message, if it is one."""
    attached = [a for a in mail.attachments if a.content_type == "message/rfc822"]
    if len(attached) != 1:
        return None
    try:
        parts = mime.walk(mime.tree(mime.prepare(octets)[0], []))
    except (MailError, RecursionError):
        return None
    for part in parts[1:]:
        if part.parent is not None and part.parent.content_type == "message/rfc822":
            return _one(str(part.message.get("From", "")))
    return None


def _one(value: str) -> Address | None:
    found = [address for address in parse_addresses(value) if "@" in address.address.strip("@")]
    return found[0] if len(found) == 1 else None
