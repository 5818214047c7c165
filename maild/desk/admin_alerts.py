"""Tells the admins what they should know: each alert once while it lasts (E10)."""

from __future__ import annotations

from maild.desk.desk import Desk
from maild.desk.notify import notify
from maild.store import asking


def tell_admins(desk: Desk) -> int:
    """Mails each alert that is new to every address of `[desk] admins`; how many were new."""
    admins = desk.settings.config.desk.admins
    if not admins:
        return 0
    untold = asking.alerts.untold(desk.unit)
    for alert in untold:
        facts = {"text": alert.text, "first": alert.first.isoformat(), "count": alert.count}
        desk.cause = f"alert:{alert.key}:{alert.count}"
        notify(desk, None, "alert", admins, extra={"alert": facts})
        desk.unit.change(alert, told=desk.now)
    return len(untold)
