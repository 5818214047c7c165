"""Which files of a note go out with its mail."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def fitting(attachments: Iterable[Mapping[str, Any]], limit: int) -> list[bool]:
    """Of each file, in their order, whether it goes out: all together stay below `limit` octets,
    and none is refused."""
    found, left = [], limit
    for view in attachments:
        fits = not view.get("refused") and int(view.get("size", 0)) <= left
        left -= int(view.get("size", 0)) if fits else 0
        found.append(fits)
    return found
