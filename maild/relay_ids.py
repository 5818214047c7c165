"""Message-IDs that Amazon SES gives our mail instead of ours.

Its answer to the final dot names them without their domain, which is that of the region; so we keep
them, and know them by their part before the @.
"""

from __future__ import annotations

import re

_DOMAIN = ".amazonses.com"
_HOST = re.compile(r"\bemail-smtp(?:-fips)?\.([a-z0-9-]+)\.(?:vpce\.)?amazonaws\.com", re.I)


def as_kept(message_id: str) -> str:
    """How a Message-ID stands in the outbox, where a relay gave it."""
    local, _, domain = message_id.rpartition("@")
    return local if local and domain.lower().endswith(_DOMAIN) else message_id


def as_readers_know_it(kept: str, host: str) -> str | None:
    """The whole Message-ID of what the relay at `host` sent; None where nothing tells it."""
    if "@" in kept:
        return kept
    found = _HOST.search(host)
    if found is None:
        return None
    region = found[1].lower()
    return f"{kept}@{'email' if region == 'us-east-1' else region}{_DOMAIN}"
