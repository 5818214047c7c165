"""The desk's logo, in every mail: `[notifications] logo`, shown by the layout, never fetched."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from maild.config import Settings
from maild.errors import UsageError
from maild.outbox import message

LARGEST = 200_000  # octets: it is in every mail
_KINDS = (
    (b"\x89PNG\r\n\x1a\n", "image/png", "png"),
    (b"\xff\xd8\xff", "image/jpeg", "jpg"),
    (b"GIF8", "image/gif", "gif"),
)


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture and how the HTML names it (RFC 2392)."""

    content_id: str
    part: message.Part


def logo(settings: Settings) -> Logo | None:
    """The one that is set; None where none is.  UsageError where it cannot be shown."""
    name = settings.config.notifications.logo
    if not name:
        return None
    file = settings.path(name)
    try:
        return _read(file, file.stat().st_mtime_ns)
    except OSError as error:
        raise UsageError(f"[notifications] logo: {file} cannot be read.") from error


@lru_cache(maxsize=4)
def _read(file: Path, _mtime: int) -> Logo:
    octets = file.read_bytes()
    known = next((kind for kind in _KINDS if octets.startswith(kind[0])), None)
    if known is None or len(octets) > LARGEST:
        raise UsageError(
            f"[notifications] logo: {file} must be a PNG, JPEG or GIF of at most "
            f"{LARGEST // 1000} KB; it is in every mail."
        )
    content_id = f"logo-{hashlib.sha256(octets).hexdigest()[:16]}"
    return Logo(content_id, message.file(octets, known[1], f"logo.{known[2]}", content_id))
