"""Administration: how the desk is, and the way to each of its pages."""

from __future__ import annotations

from starlette.responses import Response

from maild.monitor import health
from maild.web.areas import GROUPS
from maild.web.site import page
from maild.web.visit import Visit


@page("/admin", "policy read")
def overview(visit: Visit) -> Response:
    """Whether all is well, and every page of administration with its number."""
    app = visit.console.app
    found = health.look(app.store, app.settings, visit.now)
    numbers = {
        "/admin/alerts": len(found.alerts),
        "/admin/outbox": found.outbox.get("failed", 0),
        "/admin/quarantine": found.mail.get("quarantined", 0),
        "/admin/mailboxes": sum(not box["ok"] for box in found.mailboxes),
    }
    return visit.page("admin.html", health=found, groups=GROUPS, numbers=numbers)
