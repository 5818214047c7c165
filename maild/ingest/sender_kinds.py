"""Whose mail is a machine's, so that rules take it: named with its domain, and proven (H93).

A name like `alerts@` is anybody's.  What only looks like a machine's is taken for a person's, and
an alert says what would accept it.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import lru_cache

from maild.config import SenderSection
from maild.desk.desk import Desk
from maild.i18n import sentence
from maild.ingest.outcome import say
from maild.ingest.proof import signed_by_domain
from maild.model import Mail, Reason
from maild.rules.vocabulary import SENDER_KINDS


def tell(desk: Desk, mail: Mail) -> None:
    """Tells the rules which kinds of sender this is, and the admins what only looks like one."""
    named = [section for section in _named(desk) if _is(mail, section.address)]
    proven = [section.kind for section in named if _proves(desk, mail, section)]
    desk.memory[SENDER_KINDS] = tuple(dict.fromkeys(proven))
    if proven or mail.kind.automatic or mail.sender is None:
        return
    looks = [section.kind for section in named] + [
        kind for kind in desk.profile.senders if desk.profile.is_sender(mail.sender.key, kind)
    ]
    if looks:
        _suggest(desk, mail.sender.key, looks[0], named=bool(named))


def _named(desk: Desk) -> Sequence[SenderSection]:
    """Those of maild.toml, and those of the profile that have a domain."""
    return (*desk.settings.config.sender, *_of_profile(tuple(desk.profile.senders.items())))


@lru_cache(maxsize=8)
def _of_profile(senders: tuple[tuple[str, tuple[str, ...]], ...]) -> Sequence[SenderSection]:
    return [
        SenderSection(kind=kind, address=pattern)
        for kind, patterns in senders
        for pattern in patterns
        if "@" in pattern and _is_domain(pattern.rpartition("@")[2])
    ]


def _is_domain(pattern: str) -> bool:
    return "." in pattern and not any(c in pattern for c in "*?[")


def _is(mail: Mail, pattern: str) -> bool:
    """One plain mailbox in From, of this pattern."""
    if mail.sender is None or len(mail.senders) != 1 or len(mail.header_all("From")) != 1:
        return False
    return fnmatchcase(mail.sender.key, pattern)


def _proves(desk: Desk, mail: Mail, section: SenderSection) -> bool:
    trust = desk.settings.config.trust
    if section.trust == "address" or trust.require == "none":
        return True
    if section.secret is not None:
        wanted = section.secret.get_secret_value().lower()
        details = (a.key.rpartition("@")[0].partition("+")[2] for a in (*mail.to, *mail.cc))
        if wanted in details:
            return True
    return signed_by_domain(mail, trust).by != "none"


def _suggest(desk: Desk, address: str, kind: str, *, named: bool) -> None:
    how = 'trust = "address"' if named else f'[[sender]] kind = "{kind}", address = "{address}"'
    lacks = (
        sentence("nothing proves that it is theirs")
        if named
        else sentence("nobody has accepted it")
    )
    because = f"it looks like {kind}, but {lacks}"
    say(desk, Reason("rules", "taken for a person's", because))
    desk.alert(
        f"machine:{address}",
        sentence(
            "Mail of {address} looks like {kind}, but {lacks}; it becomes ordinary tickets. If it "
            "is one of your systems, accept it in maild.toml with {how}.",
            address=address,
            kind=kind,
            lacks=lacks,
            how=how,
        ),
    )
