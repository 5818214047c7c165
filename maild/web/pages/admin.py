"""What an admin looks at: the quarantine, spam, the audit."""

from __future__ import annotations

from starlette.responses import Response

from maild.errors import NotFound
from maild.i18n import sentence
from maild.ingest import spam_filing
from maild.ingest.quarantine import drop, retry
from maild.store.asking import console as asking
from maild.store.asking import messages as asking_messages
from maild.store.unit import Unit
from maild.web.site import action, page
from maild.web.visit import Visit


@page("/admin/quarantine", "mail read")
def quarantine(visit: Visit) -> Response:
    """Messages that could not be processed."""
    return visit.page("admin-quarantine.html", messages=asking_messages.quarantined(visit.unit))


@action("/admin/quarantine/{id}", "mail change")
def decided(visit: Visit) -> Response:
    """Tries a message again, or gives it up; its bytes stay stored either way."""
    number, again = visit.number_in_path("id"), visit.field("do") == "retry"

    def decide(unit: Unit) -> None:
        found = asking_messages.in_quarantine(unit, number)
        if found is None:
            raise NotFound(sentence("There is no such message."))
        (retry if again else drop)(unit, found, visit.now)
        what = sentence("tried a message again") if again else sentence("gave a message up")
        visit.note_down(unit, what, str(number))

    visit.keep(decide)
    return visit.to("/admin/quarantine")


@page("/admin/spam", "mail read")
def spam(visit: Visit) -> Response:
    """Mail that was kept as spam, the newest first."""
    found = asking_messages.spam(visit.unit)[::-1][:200]
    return visit.page("admin-spam.html", messages=found, prefix=spam_filing.SPAM)


@action("/admin/spam/{id}", "mail change")
def accepted(visit: Visit) -> Response:
    """Makes a ticket of one, whose sender is let through from now on."""
    number = visit.number_in_path("id")

    def accept(unit: Unit) -> None:
        spam_filing.accept(unit, number)
        visit.note_down(unit, sentence("took a message for no spam"), str(number))

    visit.keep(accept)
    return visit.to("/admin/spam")


@page("/admin/audit", "audit read")
def audit(visit: Visit) -> Response:
    """Who did what from where, the newest first."""
    rows = visit.unit.all(asking.AUDIT, before=visit.before())
    return visit.page("admin-audit.html", rows=rows, more=rows[-1].id if len(rows) == 100 else 0)
