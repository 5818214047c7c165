"""A mail that is sent at once and kept nowhere: what it says is worth nothing after minutes."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from maild.config import Settings
from maild.desk import facts
from maild.desk.profile import Profile
from maild.errors import UsageError
from maild.model import Address
from maild.outbox.compose import Order, compose, job
from maild.outbox.preview import Preview, send
from maild.templates.renderer import PooledRenderer


@dataclass(frozen=True, slots=True)
class Reader:
    """Who gets it."""

    name: str
    address: str
    audience: str  # contact | resource | admin
    language: str
    timezone: str


def send_now(
    settings: Settings,
    profile: Profile,
    template: str,
    reader: Reader,
    now: datetime,
    told: Mapping[str, Any],
) -> str:
    """Composes and hands it to the relay; the relay's answer, Refused or Temporary otherwise."""
    mail = composed(settings, profile, template, reader, now, told)
    return send(settings, reader.address, mail)


def composed(
    settings: Settings,
    profile: Profile,
    template: str,
    reader: Reader,
    now: datetime,
    told: Mapping[str, Any],
) -> Preview:
    """The mail as it is sent."""
    config, kind = settings.config.desk, profile.notifications.named(template)
    key = uuid.uuid4().hex
    order = Order(
        key=key,
        template=kind.name,
        language=reader.language,
        audience=reader.audience,
        address=reader.address,
        auto=kind.auto,
        data={
            **kind.nothing,
            "desk": facts.desk_facts(config),
            "recipient": facts.recipient_facts(
                reader.name, reader.address, reader.audience, reader.language, reader.timezone
            ),
            "event": {"at": now.isoformat(), "by": "maild"},
            "ticket": None,
            "note": None,
            "time": None,
            "earlier": [],
            **told,
        },
        message_id=f"{key}@{Address('', config.address).domain}",
        in_reply_to=None,
        references=(),
        created=now,
        ticket_number=None,
        person_id=None,
        note_public=None,
    )
    with closing(PooledRenderer(settings.templates_in_force)) as renderer:
        outcome = renderer.render([job(order)])[0]
    if outcome.words is None:
        raise UsageError(outcome.problem or "The template cannot be rendered.")
    mail = compose(order, config, b"", outcome)
    return Preview(mail.subject, outcome.words.text, outcome.words.html, mail.octets, mail.problem)
