"""What is attached: names, types, sums, and the bytes again on demand."""

from __future__ import annotations

import hashlib
import mimetypes
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from email.generator import BytesGenerator
from email.message import Message
from email.policy import Compat32
from io import BytesIO
from typing import TYPE_CHECKING, Any

from maild.errors import NotFound
from maild.model import Attachment
from maild.parse.headers import decode_value, safe_filename
from maild.parse.mime import Part, opened, silence
from maild.parse.outline import Source
from maild.parse.page import Page
from maild.spool import BLOCK, Blocks, Mass, Share, Spooled, measured, whole

if TYPE_CHECKING:
    from maild.parse.body import Body

# Endings where the standard table has none or an odd one.
_ENDINGS = {
    "message/rfc822": ".eml",
    "text/calendar": ".ics",
    "text/rfc822-headers": ".txt",
    "message/delivery-status": ".txt",
    "message/disposition-notification": ".txt",
    "message/feedback-report": ".txt",
    "application/ms-tnef": ".dat",
    "image/jpeg": ".jpg",
    "text/plain": ".txt",
    "text/html": ".html",
    "application/pkcs7-signature": ".p7s",
    "application/pkcs7-mime": ".p7m",
    "application/pgp-signature": ".asc",
    "application/octet-stream": ".bin",
}
# As calendar programs call them, by the method of the part (RFC 5546).
_CALENDAR_NAMES = {"request": "invite.ics", "cancel": "cancel.ics", "reply": "reply.ics"}
_TNEF = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})


@dataclass(frozen=True, slots=True)
class Found:
    """One attachment with its octets: in memory, or where they are in the file of a large mail."""

    attachment: Attachment
    octets: bytes | Blocks


def find(
    parts: list[Part],
    body: frozenset[int],
    encoded: tuple[tuple[str, bytes], ...],
    page: Page | None,
) -> Iterator[Found]:
    """Every attachment in depth-first order; then what was packed into texts and winmail.dat.

    The packed ones have part numbers from len(parts) on, in the order found.
    """
    packed: list[tuple[str, bytes]] = list(encoded)
    for part in parts:
        if not _is_attachment(part, body):
            continue
        octets = content(part)
        size, sha256 = measured(octets)
        if not size and part.parent is not None and not part.filename:
            continue  # an empty part without a name is nobody's attachment
        if _is_tnef(part):
            packed.extend(unpack_tnef(part.octets()))
        described = _describe(part, size, sha256, page)
        yield Found(replace(described, holds=tuple(_held(part))), octets)
    for number, (name, octets) in enumerate(packed, start=len(parts)):
        yield Found(_describe_packed(number, name, octets), octets)


def _is_attachment(part: Part, body: frozenset[int]) -> bool:
    return part.index not in body and not part.forwarded and _holds_content(part)


def _is_tnef(part: Part) -> bool:
    return part.content_type in _TNEF or part.filename.lower() == "winmail.dat"


def _held(part: Part) -> Iterator[tuple[str, str]]:
    """Name and type of each file in an attached message, and in a winmail.dat."""
    if _is_tnef(part):
        for name, _ in unpack_tnef(part.octets()):
            yield _described(name)
    for child in part.children:
        if not child.is_container:
            yield safe_filename(child.filename), child.content_type[:200]
        yield from _held(child)


def _holds_content(part: Part) -> bool:
    if part.main_type == "message":
        return part.index > 0
    return not part.is_container


def content(part: Part) -> bytes | Blocks:
    """The octets of a part; of an attached message its source."""
    if part.main_type == "message" and part.is_container:
        ends = _line_end(part)
        said = [c.message for c in part.children if c.fields or c.message.get_payload()]
        source = b"".join(_source(message, ends) for message in said)
        return Source(part.outline, source) if part.outline is not None else source
    return part.stretch or part.octets()


class _AsWritten(Compat32):
    """Header fields as they came: the standard library would fold them anew."""

    def fold_binary(self, name: str, value: Any) -> bytes:
        space = " " if value else ""
        return f"{name}:{space}{value}{self.linesep}".encode("utf-8", "surrogateescape")


def _source(message: Message, ends: str) -> bytes:
    out = BytesIO()
    policy = _AsWritten(linesep=ends, max_line_length=None)
    try:
        BytesGenerator(out, mangle_from_=False, maxheaderlen=0, policy=policy).flatten(message)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return b""
    return out.getvalue()


def _line_end(part: Part) -> str:
    """How the lines of the whole mail end; the first one that is there tells."""
    if part.outline is not None:
        return "\r\n" if b"\r\n" in part.outline.text[:BLOCK] else "\n"
    while part.parent is not None:
        part = part.parent
    for message in part.message.walk():
        for value in (*(str(value) for _, value in message.raw_items()), message._payload):  # type: ignore[attr-defined]
            if isinstance(value, str) and "\n" in value:
                return "\r\n" if "\r\n" in value else "\n"
    return "\n"


def _describe(part: Part, size: int, sha256: str, page: Page | None) -> Attachment:
    content_id = part.content_id
    referred = bool(content_id and page and f"cid:{content_id}" in page.html)
    return Attachment(
        part=part.index,
        filename=_name(part),
        content_type=part.content_type[:200],
        size=size,
        sha256=sha256,
        inline=referred or part.disposition == "inline",
        content_id=content_id,
    )


def _describe_packed(number: int, name: str, octets: bytes) -> Attachment:
    safe, content_type = _described(name)
    return Attachment(
        part=number,
        filename=safe or f"part-{number}.bin",
        content_type=content_type,
        size=len(octets),
        sha256=hashlib.sha256(octets).hexdigest(),
        inline=False,
        content_id=None,
    )


def _described(name: str) -> tuple[str, str]:
    safe = safe_filename(name)
    return safe, mimetypes.guess_type(safe)[0] or "application/octet-stream"


def _name(part: Part) -> str:
    """A safe name; from the subject of an attached message, else from the type, where none is."""
    name = safe_filename(part.filename)
    if name:
        return name
    ending = _ENDINGS.get(part.content_type) or mimetypes.guess_extension(part.content_type)
    if part.content_type == "message/rfc822" and part.children:
        subject = safe_filename(decode_value(part.children[0].raw("Subject"))[:100])
        if subject:
            return subject + ".eml"
    description = safe_filename(decode_value(part.raw("Content-Description"))[:100])
    if description and re.search(r"\.\w{1,5}$", description):
        return description
    if part.content_type == "text/calendar":
        return _CALENDAR_NAMES.get(part.parameters.get("method", "").lower(), "event.ics")
    return f"part-{part.index}{ending or '.bin'}"


def unpack_tnef(octets: bytes) -> list[tuple[str, bytes]]:
    """Files inside a winmail.dat; [] where it cannot be read.  Archives stay closed (H67)."""
    from tnefparse import TNEF

    silence("tnefparse")
    try:
        found = TNEF(octets, do_checksum=False).attachments
        return [(_text(a.long_filename() or a.name), bytes(a.data)) for a in found]
    except Exception:  # whatever a broken file makes of its reader, the file itself is kept
        return []


def _text(name: str | bytes) -> str:
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)


def attachment_bytes(raw: Mass, part: int) -> bytes:
    """The decoded octets of attachment `part` (its number in Mail.attachments) of a stored mail.

    Raises NotFound where there is no such attachment, MailError where the mail is unreadable.
    """
    return whole(attachment(raw, part))


def attachment(raw: Mass, part: int) -> bytes | Blocks:
    """The same, and NotFound likewise; a large one stays in the file of the mail."""
    parts, body = _read(raw)
    if part < len(parts) and _is_attachment(parts[part], body.parts):
        found = content(parts[part])
        return (
            Share(found, raw)
            if isinstance(raw, Spooled) and not isinstance(found, bytes)
            else found
        )
    for packed in find(parts, body.parts, body.encoded_files, None):
        if packed.attachment.part == part:
            return packed.octets
    raise NotFound(f"The message has no attachment number {part}.")


def contents(raw: Mass) -> Iterator[bytes | Blocks]:
    """The decoded octets of every attachment; MailError where the mail is unreadable."""
    parts, body = _read(raw)
    for found in find(parts, body.parts, body.encoded_files, None):
        yield found.octets


def _read(raw: Mass) -> tuple[list[Part], Body]:
    from maild.parse import body as bodies

    _, parts, _ = opened(raw)
    return parts, bodies.read(parts)
