"""Alerts on a screen: what is wrong, and what was."""

from __future__ import annotations

from starlette.responses import Response

from maild.desk.alerts import text_of
from maild.errors import NotFound
from maild.i18n import sentence
from maild.store.asking import alerts as asking
from maild.store.records import Alert
from maild.store.unit import Unit
from maild.web.site import action, page
from maild.web.visit import Visit

SHOWN = 200


@page("/admin/alerts", "alerts read")
def alerts(visit: Visit) -> Response:
    """Those that stand first, the newest before others."""
    found = asking.every(visit.unit)[::-1]
    found.sort(key=lambda alert: alert.cleared is not None)
    shown = [(alert, visit.words.write(text_of(alert))) for alert in found[:SHOWN]]
    return visit.page("admin-alerts.html", alerts=shown)


@action("/admin/alerts/{id}", "alerts change")
def ended(visit: Visit) -> Response:
    """Ends one; it comes again where its cause does."""
    number = visit.number_in_path("id")

    def end(unit: Unit) -> None:
        alert = unit.get(Alert, number)
        if alert is None:
            raise NotFound(sentence("There is no such alert."))
        if alert.cleared is None:
            unit.change(alert, cleared=visit.now)
            visit.note_down(unit, sentence("ended an alert"), str(number))

    visit.keep(end)
    return visit.to("/admin/alerts")
