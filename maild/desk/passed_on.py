"""Which files of a note go out with its mail, and which are too large to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def fitting(attachments: Iterable[Mapping[str, Any]], limit: int) -> list[bool]:
    """Of each file, in their order, whether it goes out: all together stay below `limit` octets."""
    found, left = [], limit
    for view in attachments:
        fits = int(view.get("size", 0)) <= left
        left -= int(view.get("size", 0)) if fits else 0
        found.append(fits)
    return found


def left_out(attachments: Iterable[Mapping[str, Any]], limit: int) -> list[str]:
    """The names of those that do not."""
    views = list(attachments)
    fits = fitting(views, limit)
    return [str(v.get("filename", "")) for v, goes in zip(views, fits, strict=True) if not goes]
