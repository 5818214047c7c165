"""The note form: Symptom, Findings, Actions taken, Result, Next step, read from headings (R8)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from maild.desk import fields, headed_text
from maild.desk.desk import Desk
from maild.store.records import Ticket


@cache
def headings() -> Mapping[str, str]:
    """A heading, folded → the field that it fills."""
    return headed_text.headings(Path(__file__).with_name("note_form.yaml"))


def parts() -> tuple[str, ...]:
    """The fields that the form fills, in its order."""
    return tuple(dict.fromkeys(headings().values()))


def read(text: str) -> dict[str, str]:
    """What a text says under each heading; {} where it is not the form."""
    return headed_text.read(text, headings())


def fill(desk: Desk, ticket: Ticket, text: str) -> list[str]:
    """Keeps with the ticket what a note says by the form; the fields that changed by it."""
    said = read(text)
    return [name for name, value in said.items() if fields.set_value(desk, ticket, name, value)]
