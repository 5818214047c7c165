"""Tells those who keep the desk running of what the outbox cannot bring: by mail past it, and by
web hook.  Nothing is kept and nothing is tried again, so it is for what is told once.
"""

from __future__ import annotations

import asyncio
import uuid
from datetime import datetime
from functools import partial

import structlog

from maild.config import Settings
from maild.desk.admin_alerts import hook_body, keepers
from maild.errors import MaildError
from maild.http import apart
from maild.i18n import Sentence, Translator, sentence
from maild.model import Address
from maild.outbox import message
from maild.outbox.relay import Connection
from maild.outbox.webhook_delivery import post, written

log = structlog.get_logger()


def tell_directly(settings: Settings, key: str, text: str, *, over: bool, now: datetime) -> None:
    """Returns at once; what cannot be told is in the log."""
    log.warning("alert.told_directly", key=key, over=over)
    for section in settings.config.hook:
        if section.alerts:
            octets = written(hook_body(key, text, over=over, now=now))
            apart(partial(post, section, uuid.uuid4().hex, octets, now))
    mails = [
        (address, _mail(settings, address, text, over=over, now=now))
        for address in keepers(settings)
    ]
    if mails:
        apart(partial(asyncio.run, _send(settings, mails)))


async def _send(settings: Settings, mails: list[tuple[str, bytes]]) -> None:
    connection = Connection(settings.config.smtp)
    try:
        await connection.open()
        for address, octets in mails:
            await connection.send(settings.config.desk.address, address, octets, _unmarked)
    except MaildError as error:
        log.warning("alert.not_told", detail=error.detail)
    finally:
        await connection.close()


async def _unmarked() -> None:
    """It is in no outbox: nobody sends it again."""


def _mail(settings: Settings, address: str, text: str, *, over: bool, now: datetime) -> bytes:
    desk = settings.config.desk
    write = Translator(desk.language).write
    ours = Address("", desk.address)
    subject: Sentence = (
        sentence("{desk}: it is over: {text}", desk=desk.name, text=text)
        if over
        else sentence("{desk} needs attention: {text}", desk=desk.name, text=text)
    )
    why = sentence("This mail came past the outbox, which the desk cannot reach or could not.")
    fields = [
        ("From", message.mailbox(desk.name, ours.key)),
        ("To", address),
        ("Subject", message.unstructured(write(subject), "Subject")),
        ("Date", message.date(now)),
        ("Message-ID", message.ids([f"{uuid.uuid4().hex}@{ours.domain}"])),
        ("Auto-Submitted", "auto-generated"),
    ]
    body = message.text(f"{write(text)}\n\n{write(why)}\n", "plain")
    return message.message(message.head(fields), body)
