"""Delivery notices: which addresses failed, in whose words, and for which of our messages."""

from __future__ import annotations

import re
from dataclasses import dataclass

from maild.ingest.headers import decode_value, message_ids, parse_addresses
from maild.ingest.mime import Part
from maild.model import FailedRecipient

MAX_RECIPIENTS = 200


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
        sources = [child.message.items() for child in part.children]
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


def by_flufl(part: Part) -> tuple[FailedRecipient, ...]:
    """What flufl.bounce finds in the notices of many mail servers."""
    from flufl.bounce import scan_message

    try:
        found = scan_message(part.message)
    except Exception:  # it takes much for granted about mail
        return ()
    addresses = sorted(a.decode("utf-8", "replace") if isinstance(a, bytes) else a for a in found)
    return tuple(FailedRecipient(a, None, None) for a in addresses if "@" in a)


def returned_ids(parts: list[Part]) -> tuple[str, ...]:
    """Message ids of the mail that a notice brings back, whole or only its header."""
    found: list[str] = []
    for part in parts[1:]:
        if part.parent is not None and part.parent.content_type == "message/rfc822":
            found.extend(message_ids(decode_value(part.message.get("Message-ID", ""))))
        elif part.content_type in (
            "text/rfc822-headers",
            "message/global-headers",
            "message/rfc822",
        ):
            text = part.octets()[:100_000].decode("utf-8", "replace")
            for value in re.findall(r"(?im)^message-id:\s*(<[^>\s]{3,300}>)", text):
                found.extend(message_ids(value))
        elif part.content_type == "message/disposition-notification":
            for block in _blocks(part):
                found.extend(message_ids(block.get("original-message-id", "")))
    return tuple(dict.fromkeys(found))
