"""Tells those who keep the desk running what is wrong with it, once, and that it is over (E10).

`[desk] admins` hear of everything at once.  Where there is none the resources do: at once of what
stops the desk, of all else together, once an hour at most.  While mail itself cannot go out, web
hooks are told too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from maild.config import Settings
from maild.desk import webhooks
from maild.desk.alerts import OVER_WITHIN, RELAY, text_of
from maild.desk.desk import Desk
from maild.desk.notify import notify
from maild.store import asking
from maild.store.records import Alert

# Keys, or the part before the colon: the desk stands still, or a mail needs somebody.
URGENT = frozenset({"imap", RELAY, "database", "disk", "quarantine", "thread", "configuration"})
GATHER = timedelta(hours=1)  # between mails to resources of what is not urgent
TOLD = "alerts told"  # key of a Setting: when the resources were told last of what is not urgent


def keepers(settings: Settings) -> list[str]:
    """The addresses of `[desk] admins`; where there is none, of the active resources."""
    config = settings.config
    return list(config.desk.admins) or [one.email for one in config.resource if one.active]


def tell_admins(desk: Desk) -> int:
    """Mails each alert that is new, and each that is over; how many there were."""
    told_to = keepers(desk.settings)
    news = asking.alerts.news(desk.unit, desk.now - OVER_WITHIN)
    if not news or not told_to or not _is_time(desk, news):
        return 0
    told = [alert_facts(alert) for alert in news]
    desk.cause = _cause(news)
    notify(desk, None, "alert", told_to, extra={"alert": told[0], "alerts": told})
    _call_hooks(desk, news, told)
    for alert in news:
        desk.unit.change(alert, told=None if alert.cleared else desk.now)
    return len(news)


def alert_facts(alert: Alert) -> dict[str, Any]:
    """What a mail tells of it."""
    return {
        "text": text_of(alert),
        "first": alert.first.isoformat(),
        "count": alert.count,
        "over": alert.cleared.isoformat() if alert.cleared else None,
    }


def hook_body(key: str, text: str, *, over: bool, now: datetime) -> dict[str, Any]:
    """What a web hook is told of an alert."""
    return {
        "event": "alert over" if over else "alert",
        "at": now.isoformat(),
        "alert": {"key": key, "text": text},
    }


def _is_time(desk: Desk, news: Sequence[Alert]) -> bool:
    """Whether somebody is to be told now of these."""
    if desk.settings.config.desk.admins or any(map(_is_urgent, news)):
        return True
    last = asking.settings.kept(desk.unit, TOLD)
    if last is not None and abs(desk.now - datetime.fromisoformat(last["at"])) < GATHER:
        return False
    asking.settings.keep(desk.unit, TOLD, {"at": desk.now.isoformat()})
    return True


def _is_urgent(alert: Alert) -> bool:
    return alert.key.partition(":")[0] in URGENT


def _cause(news: Sequence[Alert]) -> str:
    """The same for the same news, so that nobody is told twice."""
    text = "\x00".join(f"{a.key}:{a.count}:{a.cleared is not None}" for a in news)
    return f"alerts:{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()}"


def _call_hooks(desk: Desk, news: Sequence[Alert], told: Sequence[Mapping[str, Any]]) -> None:
    relay = asking.alerts.with_key(desk.unit, RELAY)
    mail_is_broken = relay is not None and (relay.cleared is None or relay in news)
    if not mail_is_broken:
        return
    for alert, one in zip(news, told, strict=True):
        body = hook_body(alert.key, alert.text, over=one["over"] is not None, now=desk.now)
        cause = f"{alert.key}:{alert.count}:{one['over'] is not None}"
        for section in desk.settings.config.hook:
            if section.alerts:
                webhooks.put(desk, section.name, cause, body)
