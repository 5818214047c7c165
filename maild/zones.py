"""Time zones by their names in the IANA database."""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

_NO_NAMES = ("posix", "right/")  # second copies of all of them, the latter with leap seconds


def find_zone(name: str) -> ZoneInfo | None:
    """The zone of this name, "Europe/Berlin"; None: there is none."""
    if name.startswith(_NO_NAMES):
        return None
    with suppress(LookupError, ValueError, OSError):  # no file, no such path, a folder
        return ZoneInfo(name)
    return None


def is_zone(name: str) -> bool:
    """Whether there is a zone of this name."""
    return find_zone(name) is not None


@lru_cache(maxsize=1)
def zone_names() -> tuple[str, ...]:
    """All of them, sorted; the machine's files are looked through once, which takes a while."""
    return tuple(sorted(available_timezones()))
