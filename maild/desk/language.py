"""In which language the desk speaks: to one reader, or in a note that all of them read."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

from maild.config import Settings
from maild.desk import alerts
from maild.errors import UsageError
from maild.i18n import Translator, Value, sentence
from maild.store.unit import Unit


class Speaking(Protocol):
    """What we need of `Desk`."""

    unit: Unit
    settings: Settings
    now: datetime
    memory: dict[str, Any]


def translator(desk: Speaking, language: str) -> Translator:
    """This language with the admin's own sentences; without them, and with an alert, where his
    file is broken."""
    place = f"translator {language}"
    if place not in desk.memory:
        desk.memory[place] = _made(desk, language)
    found: Translator = desk.memory[place]
    return found


def _made(desk: Speaking, language: str) -> Translator:
    try:
        return Translator(language, desk.settings.templates_in_force)
    except UsageError as error:
        text = sentence(
            "The desk's own sentences are not in force. {problems}", problems=error.message
        )
        alerts.raise_alert(desk.unit, "sentences", text, desk.now)
        return Translator(language)


def for_all(desk: Speaking, value: Value) -> str:
    """A sentence, or a date, for people of several languages: in that of the desk."""
    return translator(desk, desk.settings.config.desk.language).write(value)
