"""From raw octets to a Mail: the one function that every caller of this stage uses.

raw ─▶ mime.prepare (caps) ─▶ mime.tree (one parse) ─▶ mime.walk
    ─▶ headers · body · attachments · kind · newtext ─▶ Mail
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from maild.errors import MailError
from maild.model import Address, Mail, Reason
from maild.parse import (
    attachments,
    bounce,
    charsets,
    forwarded,
    headers,
    html,
    icalendar,
    mime,
    sealed_part,
    trace,
)
from maild.parse import body as bodies
from maild.parse import kind as kinds
from maild.parse.invisible import one_line
from maild.parse.mime import Part
from maild.parse.newtext import examine, split_examined
from maild.spool import Mass, digest

MAX_HEADERS = 500  # fields that are kept in a Mail
MAX_HEADER_TEXT = 8_000  # characters of a kept field
MAX_SUBJECT = 2_000


def parse(raw: Mass) -> Mail:
    """What the message says.  Depends on the octets alone: the same octets give the same Mail.

    Raises MailError, and nothing else, where no mail can be read from them within the limits.
    It may take long on a hostile mail: `limits.Reader` runs it where it can be stopped.
    """
    try:
        return _parse(raw)
    except MailError:
        raise
    except RecursionError:
        raise MailError("The message is nested too deep to be read.") from None
    except MemoryError:
        raise MailError("The message needs more memory to read than a mail may take.") from None


def _parse(raw: Mass) -> Mail:
    _, parts, defects = mime.opened(raw)
    top = parts[0]
    decoded = [(name, headers.decode_value(value)) for name, value in top.message.raw_items()]
    fields = _kept(decoded)
    body = bodies.read(parts)
    appointment = icalendar.find(parts)
    if appointment is not None and not body.text.strip():
        body = replace(body, text=icalendar.in_words(appointment))
    defects.extend(_tree_defects(parts))
    defects.extend(body.defects)
    senders = _addresses(top, "From")
    sender = senders[0] if senders else None
    subject = next((v for name, v in decoded if v and name.lower() == "subject"), "")[:MAX_SUBJECT]
    reply_to = _addresses(top, "Reply-To")
    in_reply_to = headers.message_ids(_plain(top.raw("In-Reply-To")))
    references = headers.message_ids(_plain(top.raw("References")))
    lines = examine(bodies.without_armor(body.text))
    said = split_examined(lines, body.page, subject)
    files = tuple(
        f.attachment for f in attachments.find(parts, body.parts, body.encoded_files, body.page)
    )
    facts = kinds.Facts(
        headers=fields,
        parts=parts,
        subject=subject,
        sender=sender,
        reply_to=reply_to,
        text=body.text,
        new_text=said.new_text,
        attached=any(not file.decorates for file in files),
        appointment=appointment,
    )
    verdict = kinds.decide(facts)
    return Mail(
        sha256=digest(raw),
        size=len(raw),
        message_id=next(iter(headers.message_ids(_plain(top.raw("Message-ID")))), None),
        date=headers.parse_date(_plain(top.raw("Date"))),
        subject=subject,
        sender=sender,
        senders=senders,
        reply_to=reply_to,
        to=_addresses(top, "To"),
        cc=_addresses(top, "Cc"),
        in_reply_to=in_reply_to,
        references=references,
        kind=verdict.kind,
        answerable=verdict.answerable,
        failed_recipients=verdict.failed_recipients,
        text=body.text,
        html=_safe_html(body),
        new_text=said.new_text,
        quoted_text=said.quoted_text,
        attachments=files,
        headers=fields,
        defects=tuple(dict.fromkeys(defects)),
        reasons=(*_parse_reasons(parts, body, defects), *verdict.reasons, *said.reasons),
        language=verdict.language,
        appointment=appointment,
        forwarded=forwarded.find(subject, lines, said.new_text, parts),
        trace=trace.fields(raw),
        of_list=verdict.of_list,
        returned=bounce.returned_ids(parts, body.text) if verdict.kind.automatic else (),
        sealed=sealed_part.find(parts),
    )


def _parse_reasons(parts: list[Part], body: bodies.Body, defects: list[str]) -> Iterator[Reason]:
    """Which parts are the body, and what was wrong with the mail."""
    for index in sorted(body.parts)[:10]:
        part = parts[index]
        charset = f", charset {part.charset[:40]}" if part.charset else ""
        yield Reason("parse", "body", f"part {index} is {part.content_type}{charset}")
    for defect in list(dict.fromkeys(defects))[:10]:
        yield Reason("parse", "defect", defect)


def _kept(decoded: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The fields of a header, capped in number and size."""
    return tuple(
        (charsets.clean(name)[:200], value[:MAX_HEADER_TEXT])
        for name, value in decoded[:MAX_HEADERS]
    )


def _plain(value: object) -> str:
    """One line, encoded words left as they are."""
    return one_line(headers.loose_text(value)) if value else ""


def _addresses(top: Part, name: str) -> tuple[Address, ...]:
    found: list[Address] = []
    for value in top.fields.get(name.lower(), ()):
        found.extend(headers.parse_addresses(value))
    return tuple(found[: headers.MAX_ADDRESSES])


def _tree_defects(parts: list[Part]) -> list[str]:
    return [
        f"part {part.index}: {type(defect).__name__}"
        for part in parts
        for defect in part.message.defects
    ]


def _safe_html(body: bodies.Body) -> str | None:
    if body.page is None:
        return None
    return html.sanitise(body.page)
