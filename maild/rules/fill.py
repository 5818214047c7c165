"""`${name}` in a rule's words: what a pattern captured, or a value like `${ticket.number}`."""

from __future__ import annotations

import re
from typing import Any

from maild.rules.scene import Scene
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


def fill(scene: Scene, argument: Any) -> Any:
    """The argument with every `${name}` filled in, through lists and mappings."""
    if isinstance(argument, str):
        return HOLE.sub(lambda hole: _word(scene, hole[1]), argument)
    if isinstance(argument, dict):
        return {name: fill(scene, value) for name, value in argument.items()}
    if isinstance(argument, list):
        return [fill(scene, value) for value in argument]
    return argument


def _word(scene: Scene, name: str) -> str:
    if name in scene.captures:
        return scene.captures[name]
    if name == "follow_up":
        return scene.follow_up.number if scene.follow_up else ""
    value = value_named(name, scene.desk.profile)
    return plain(value.get(scene)) if value else ""
