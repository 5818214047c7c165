"""`${name}` in a rule's words: what a pattern captured, or a value like `${ticket.number}`."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from maild.desk.language import for_all
from maild.rules.context import Context
from maild.rules.vocabulary import plain, value_named

HOLE = re.compile(r"\$\{\s*([^{}]+?)\s*\}")


def holes(argument: Any) -> list[str]:
    """The names that an argument wants filled in."""
    if isinstance(argument, str):
        return HOLE.findall(argument)
    if isinstance(argument, dict):
        return [name for value in argument.values() for name in holes(value)]
    if isinstance(argument, list):
        return [name for value in argument for name in holes(value)]
    return []


def fill(context: Context, argument: Any) -> Any:
    """The argument with every `${name}` filled in, through lists and mappings."""
    if isinstance(argument, str):
        alone = HOLE.fullmatch(argument)
        return HOLE.sub(lambda hole: _word(context, hole[1], bool(alone)), argument)
    if isinstance(argument, dict):
        return {name: fill(context, value) for name, value in argument.items()}
    if isinstance(argument, list):
        return [fill(context, value) for value in argument]
    return argument


def _word(context: Context, name: str, alone: bool) -> str:
    """The value as a text: a date within one as people read it, alone as a field takes it."""
    if name in context.captures:
        return context.captures[name]
    if name == "follow_up":
        return context.follow_up.number if context.follow_up else ""
    value = value_named(name, context.desk.profile)
    found = value.get(context) if value else None
    if not isinstance(found, datetime):
        return plain(found)
    zone = context.desk.settings.config.desk.zone
    return found.isoformat() if alone else for_all(context.desk, found.astimezone(zone))
