"""Whose mail is spam, and whose never is: by address and domain, in maild.toml and by command."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from maild.config import Config
from maild.errors import UsageError
from maild.model import Address
from maild.store import asking
from maild.store.unit import Unit

SETTING = "spam"
BLOCK, ALLOW = "block", "allow"


def lists(unit: Unit, config: Config) -> dict[str, tuple[str, ...]]:
    """Addresses and domains of each list: the file's, and what was added since."""
    kept = asking.settings.kept(unit, SETTING) or {}
    ours: Mapping[str, Iterable[str]] = {BLOCK: config.spam.block, ALLOW: config.spam.allow}
    return {name: tuple(dict.fromkeys((*ours[name], *kept.get(name, ())))) for name in ours}


def listed(unit: Unit, config: Config, address: Address) -> str:
    """block | allow | "": the narrowest entry decides, and of two that are as narrow, allow."""
    labels = address.domain.split(".")
    names = [address.key, *(".".join(labels[i:]) for i in range(len(labels)))]
    found = lists(unit, config)
    for name in names:
        for which in (ALLOW, BLOCK):
            if name in found[which]:
                return which
    return ""


def put(unit: Unit, which: str, written: str) -> str:
    """Puts an address or a domain on this list and off the other; gives it as it is kept."""
    entry = entry_of(written)
    kept = asking.settings.kept(unit, SETTING) or {}
    other = ALLOW if which == BLOCK else BLOCK
    mine = list(dict.fromkeys((*kept.get(which, ()), entry)))
    rest = [name for name in kept.get(other, ()) if name != entry]
    asking.settings.keep(unit, SETTING, {which: mine, other: rest})
    return entry


def entry_of(written: str) -> str:
    """Lower case, the domain in ASCII; UsageError for what is neither an address nor a domain."""
    text = written.strip().removeprefix("@")
    key = Address("", text if "@" in text else f"x@{text}").key
    entry = key if "@" in text else key.rpartition("@")[2]
    domain = entry.rpartition("@")[2]
    if "." not in domain or any(c.isspace() or c in '<>,;"*' for c in entry):
        raise UsageError(f"{written} is no address and no domain, like ann@acme.example.")
    return entry
