"""Delivery notices: which addresses failed, in whose words, and for which of our messages."""

from __future__ import annotations

import re
from copy import copy
from dataclasses import dataclass
from email.message import Message
from functools import cache

from maild.model import FailedRecipient
from maild.parse import phrases
from maild.parse.fold import fold
from maild.parse.headers import decode_value, message_ids, parse_addresses
from maild.parse.mime import Part, silence

MAX_RECIPIENTS = 200
MAX_FLUFL_PARTS = 30
MAX_FLUFL_LINES = 500  # of one part
MAX_FLUFL_LINE = 1_000  # characters


@dataclass(frozen=True, slots=True)
class Report:
    """What a machine-readable delivery report says (RFC 3464)."""

    recipients: tuple[FailedRecipient, ...]
    actions: frozenset[str]  # "failed", "delayed", "delivered", "relayed", "expanded"


def read_reports(parts: list[Part]) -> Report | None:
    """The delivery-status parts of a message that are its own; None where there are none."""
    recipients: list[FailedRecipient] = []
    actions: set[str] = set()
    seen = False
    for part in parts:
        if part.content_type not in ("message/delivery-status", "message/global-delivery-status"):
            continue
        if part.forwarded:
            continue
        seen = True
        for block in _blocks(part):
            found = _recipient(block)
            if found is None:
                continue
            action, recipient = found
            actions.add(action)
            if action in ("failed", "delayed", "") and len(recipients) < MAX_RECIPIENTS:
                recipients.append(recipient)
    if not seen:
        return None
    return Report(_once(recipients), frozenset(actions - {""}))


def _blocks(part: Part) -> list[dict[str, str]]:
    """Groups of fields, one for the message and one a recipient (RFC 3464 §2.1)."""
    blocks = []
    if part.children:
        sources = [child.message.raw_items() for child in part.children]
        for fields in sources:
            blocks.append({name.lower(): decode_value(value) for name, value in fields})
    else:
        text = part.octets().decode("utf-8", "replace")
        for group in re.split(r"\n[ \t]*\r?\n", text):
            unfolded = re.sub(r"\r?\n[ \t]+", " ", group)
            pairs = re.findall(r"(?m)^([\w-]{2,60}):[ \t]*(.*)$", unfolded)
            blocks.append({name.lower(): value.strip() for name, value in pairs})
    return blocks


def _recipient(block: dict[str, str]) -> tuple[str, FailedRecipient] | None:
    final, original = block.get("final-recipient", ""), block.get("original-recipient", "")
    address = _typed(original) or _typed(final)
    if not address:
        return None
    status = re.search(r"\b[245]\.\d{1,3}\.\d{1,3}\b", block.get("status", ""))
    words = re.sub(r"^\s*[\w-]{1,20}\s*;\s*", "", block.get("diagnostic-code", ""))
    action = re.match(r"[a-z]*", block.get("action", "").strip().lower())
    return (action.group() if action else ""), FailedRecipient(
        address, status.group() if status else None, words[:500] or None
    )


def _typed(value: str) -> str:
    """The address of `rfc822; address` (RFC 3464 §2.3.1)."""
    rest = value.rpartition(";")[2]
    found = parse_addresses(rest.strip())
    address = found[0].address if found else rest.strip("<> ")
    return address if "@" in address else ""


def _once(recipients: list[FailedRecipient]) -> tuple[FailedRecipient, ...]:
    return tuple({r.address.lower(): r for r in reversed(recipients)}.values())[::-1]


# ---- from what nobody standardised

_ADDRESS = re.compile(
    r"(?<![\w.+%/=-])([\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){0,8})(?![\w@-])"
)
_REPLY = re.compile(
    r"(?<![\d.])([245])\d\d[ -](?:#?([245]\.\d{1,3}\.\d{1,3})\b)?|#?\b([45]\.\d{1,2}\.\d{1,3})\b"
)
_MAX_NOTICE = 20_000  # characters of a notice that are read


@cache
def _not_failed() -> re.Pattern[str]:
    """A line that names who wrote it, or who helps."""
    heads = rf"{phrases.one_of('not_the_recipient')}|x-[\w-]+|>+ *mail from"
    others = "mail from:|message-id|postmaster@|mailer-daemon@|abuse@|support@|helpdesk@"
    return re.compile(rf"^\W{{0,4}}(?:{heads})\b|{others}", re.IGNORECASE)


def failed_recipients(
    report: Report | None, parts: list[Part], text: str, named: str, ours: frozenset[str]
) -> tuple[FailedRecipient, ...]:
    """The addresses that a notice says have failed, by the surest source that names any.

    `named` is the X-Failed-Recipients field (Exim), `ours` are the people of the notice itself.
    """
    notice = notice_of(text)
    if report is not None and report.recipients:
        return report.recipients
    found = _loose_fields(text) or _loose_fields(_source_text(parts))
    if found:
        return found
    addresses = [a.address for a in parse_addresses(named) if "@" in a.address]
    addresses = addresses or _by_flufl(parts[0]) or _free_text(notice, ours)
    return tuple(_with_words(address, notice) for address in addresses[:MAX_RECIPIENTS])


def notice_of(text: str) -> str:
    """The words of the server, without the mail that comes back."""
    markers = phrases.section("original_follows")
    lines = text[:_MAX_NOTICE].split("\n")
    named = False  # an address stands above: before that, no mail comes back
    for index, line in enumerate(lines):
        if named and markers.heads(fold(line.strip(" \t>*=_#|-<"))):
            return "\n".join(lines[:index])
        named = named or _ADDRESS.search(line) is not None
    return "\n".join(lines)


def _loose_fields(text: str) -> tuple[FailedRecipient, ...]:
    """Recipients of report fields that stand in a text, as broken structure leaves them."""
    found = []
    for group in re.split(r"\n[ \t]*\n", text[: 4 * _MAX_NOTICE]):
        if "-recipient" not in group.lower():
            continue
        unfolded = re.sub(r"\n[ \t]+", " ", group)
        fields = re.findall(r"(?m)^([\w-]{2,60}):[ \t]*(.*)$", unfolded)
        recipient = _recipient({name.lower(): value.strip() for name, value in fields})
        if recipient is not None and recipient[0] in ("failed", "delayed", ""):
            found.append(recipient[1])
    return _once(found[:MAX_RECIPIENTS])


def _source_text(parts: list[Part]) -> str:
    """What stands as text in parts that are neither body nor the returned mail."""
    chosen = [p for p in parts if not p.forwarded and not p.is_container]
    texts = [
        p.octets()[: 4 * _MAX_NOTICE].decode("utf-8", "replace")
        for p in chosen[:5]
        if p.main_type in ("text", "message") or p.content_type == "application/octet-stream"
    ]
    return "\n\n".join(texts).replace("\r\n", "\n")


def _by_flufl(part: Part) -> list[str]:
    """What flufl.bounce finds: it knows the words of many mail servers."""
    from flufl.bounce import scan_message

    silence("flufl.bounce")
    try:
        found = scan_message(_abridged(part))
    except Exception:  # it takes much for granted about mail
        return []
    texts = (a.decode("utf-8", "replace") if isinstance(a, bytes) else str(a) for a in found)
    return sorted({a.strip("<> ") for a in texts if "@" in a})


def _abridged(part: Part) -> Message:
    """A copy of the first parts with the beginnings of their lines: flufl.bounce reads all lines
    many times, and takes the square of the length of one.
    """
    copies: dict[int, Message] = {}
    stack = [part]
    while stack and len(copies) < MAX_FLUFL_PARTS:
        this = stack.pop()
        copies[this.index] = copied = copy(this.message)
        stack.extend(reversed(this.children))
        if not this.is_container:
            copied.set_payload(_beginnings(str(this.message.get_payload())))
        else:
            copied.set_payload([])
        if this.parent is not None and this is not part:
            copies[this.parent.index].attach(copied)
    return copies[part.index]


def _beginnings(text: str) -> str:
    lines = text[:_MAX_NOTICE].split("\n", MAX_FLUFL_LINES)[:MAX_FLUFL_LINES]
    return "\n".join(line[:MAX_FLUFL_LINE] for line in lines)


def _free_text(notice: str, ours: frozenset[str]) -> list[str]:
    """Addresses of the server's words, without those that wrote and got them.

    An address at the head of a line, or on a line with a server's reply, is surer than one that
    is only mentioned: where there are such, only they count.
    """
    sure: list[str] = []
    mentioned: list[str] = []
    for line in notice.split("\n"):
        if _not_failed().search(line):
            continue
        for match in _ADDRESS.finditer(line[:1_000]):
            address = match[1].strip(".'`")
            if address.lower() in ours:
                continue
            heads = not line[: match.start()].strip(" \t<*-•([\"':;SMTPsmtp") or _REPLY.search(line)
            (sure if heads else mentioned).append(address)
    return list(dict.fromkeys(sure or mentioned))[:20]


def _with_words(address: str, notice: str) -> FailedRecipient:
    """The recipient with the status and the reply that stand beside its address."""
    at = notice.lower().find(address.lower())
    if at < 0:
        return FailedRecipient(address, None, None)
    around = notice[at : at + 1_200]
    following = _ADDRESS.search(around, len(address) + 1)
    if (
        following
        and "\n" in around[: following.start()]
        and following[1].lower() != address.lower()
    ):
        around = around[: following.start()]
    lines = [" ".join(line.split()) for line in around.split("\n")]
    start = next((i for i, line in enumerate(lines) if _REPLY.search(line)), None)
    if start is None:
        words = " ".join(line for line in lines[1:4] if line)
        return FailedRecipient(address, None, words[:500] or None)
    reply = " ".join(lines[start : start + 3]) if start else lines[0]
    match = _REPLY.search(reply)
    status = (match[2] or match[3]) if match else None
    if status is None:
        other = re.search(r"(?<![\d.])([245]\.\d{1,2}\.\d{1,3})(?![\d.])", reply)
        status = other[1] if other else None
    return FailedRecipient(address, status, reply[:500].strip())


# ---- what comes back


_RETURNED_ID = re.compile(
    r"^[ \t>|]{0,8}message-id:\s*(<[^>\s]{3,300}>)", re.IGNORECASE | re.MULTILINE
)
_HEADER_PARTS = ("text/rfc822-headers", "message/global-headers", "message/rfc822")


def returned_ids(parts: list[Part], text: str) -> tuple[str, ...]:
    """Message ids of the mail that a notice brings back: attached, as a header, or in its text."""
    found: list[str] = []
    for part in parts[1:]:
        if part.parent is not None and part.parent.content_type == "message/rfc822":
            found.extend(message_ids(decode_value(part.raw("Message-ID"))))
        elif part.content_type in _HEADER_PARTS and not part.is_container:
            found.extend(_ids_in(part.octets()[:100_000].decode("utf-8", "replace")))
        elif part.content_type == "message/disposition-notification":
            for block in _blocks(part):
                found.extend(message_ids(block.get("original-message-id", "")))
    return tuple(dict.fromkeys(found or _ids_in(text[:100_000])))[:50]


def _ids_in(text: str) -> list[str]:
    return [i for value in _RETURNED_ID.findall(text) for i in message_ids(value)]
