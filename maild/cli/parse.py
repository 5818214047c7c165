"""`maild parse`: what a message says, without a database or a configuration."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from maild.model import Address, Mail
    from maild.parse.limits import Source


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("parse")(parse)


def parse(
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH…", help="Mail files, mboxes, folders, or -")
    ],
    jsonl: Annotated[bool, typer.Option("--jsonl", help="One JSON object a message.")] = False,
) -> None:
    """Show what a message says, without any desk.

    Its people, its kind, its new text, its attachments, and why they were read so.  A message
    that cannot be understood is reported and never stops the next.  Exit status 1 where a path
    could not be read at all.
    """
    from maild.ingest.files import read_paths
    from maild.parse.limits import Reader

    unreadable = False
    with closing(Reader()) as reader:
        for source, mail, error in reader.read_all(read_paths(paths)):
            unreadable = unreadable or source.error is not None
            if jsonl:
                print(json.dumps(as_json(source, mail, error), ensure_ascii=False), flush=True)
            else:
                print(summary(source, mail, error))
    if unreadable:
        raise typer.Exit(1)


def as_json(source: Source, mail: Mail | None, error: str | None) -> dict[str, Any]:
    """The object that the contract promises for one message."""
    if mail is None:
        return {"file": source.label, "ok": False, "error": error}
    return {
        "file": source.label,
        "ok": True,
        "message_id": mail.message_id,
        "date": mail.date.strftime("%Y-%m-%dT%H:%M:%SZ") if mail.date else None,
        "subject": mail.subject,
        "from": _person(mail.sender) if mail.sender else None,
        "reply_to": [_person(a) for a in mail.reply_to],
        "to": [_person(a) for a in mail.to],
        "cc": [_person(a) for a in mail.cc],
        "in_reply_to": mail.in_reply_to[0] if mail.in_reply_to else None,
        "references": list(mail.references),
        "kind": mail.kind.value,
        "answerable": mail.answerable,
        "failed_recipients": [
            {"address": f.address, "status": f.status, "diagnostic": f.diagnostic}
            for f in mail.failed_recipients
        ],
        "text": mail.text,
        "html": mail.html,
        "new_text": mail.new_text,
        "quoted_text": mail.quoted_text,
        "attachments": [
            {
                "filename": a.filename,
                "content_type": a.content_type,
                "size": a.size,
                "sha256": a.sha256,
                "inline": a.inline,
                "content_id": a.content_id,
            }
            for a in mail.attachments
        ],
        "defects": list(mail.defects),
        "sha256": mail.sha256,
        "size": mail.size,
        "returned": list(mail.returned),
        "language": mail.language,
        "reasons": [
            {"step": r.step, "decided": r.decided, "because": r.because} for r in mail.reasons
        ],
    }


def _person(address: Address) -> dict[str, str]:
    return {"name": address.name, "address": address.address}


def summary(source: Source, mail: Mail | None, error: str | None) -> str:
    """A few lines for a person."""
    if mail is None:
        return f"{source.label}: not understood: {error}"
    sender = f"{mail.sender.name} <{mail.sender.address}>".strip() if mail.sender else "(nobody)"
    lines = [
        f"{source.label}: {mail.kind.value}" + ("" if mail.answerable else ", not to be answered"),
        f"  from     {sender}",
        f"  subject  {mail.subject}",
    ]
    lines += [f"  failed   {f.address} {f.status or ''}".rstrip() for f in mail.failed_recipients]
    lines += [f"  attached {a.filename} ({a.content_type}, {a.size})" for a in mail.attachments]
    lines += [f"  because  {r.decided}: {r.because}" for r in mail.reasons]
    lines += ["  | " + line for line in mail.new_text.splitlines()]
    return "\n".join(lines)
