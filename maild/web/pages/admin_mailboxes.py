"""Mailboxes on a screen: whether they are reached, tried, paused, looked at now."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.responses import Response

from maild.config import MailboxSection
from maild.desk import mailbox_orders as orders
from maild.errors import MaildError, NotFound, UsageError
from maild.i18n import sentence
from maild.ingest.imap import probe
from maild.monitor import health
from maild.store.asking import messages as asking_messages
from maild.store.unit import Unit
from maild.web.site import action, page
from maild.web.visit import Visit


@page("/admin/mailboxes", "mail read")
def mailboxes(visit: Visit) -> Response:
    """Every mailbox of the configuration, and how it is."""
    return _listed(visit)


def _listed(visit: Visit, **more: Any) -> Response:
    app = visit.console.app
    states = {box["name"]: box for box in health.look(app.store, app.settings, visit.now).mailboxes}
    sections = app.settings.config.mailbox
    with app.store.look() as unit:
        counts = asking_messages.by_mailbox(unit)
    boxes = [(section, states[section.name], counts.get(section.name, 0)) for section in sections]
    return visit.page("admin-mailboxes.html", **{"boxes": boxes, "tried": "", "said": "", **more})


def _section(visit: Visit) -> MailboxSection:
    name = visit.path("name")
    found = [one for one in visit.console.app.settings.config.mailbox if one.name == name]
    if not found:
        raise NotFound(sentence("There is no such mailbox in maild.toml."))
    return found[0]


@action("/admin/mailboxes/{name}", "mail change")
def directed(visit: Visit) -> Response:
    """Tries to log in, pauses it, lets it go on, or looks at once."""
    section, do = _section(visit), visit.field("do")
    if do == "try":
        return _tried(visit, section)
    if do not in _ORDERS:
        raise UsageError(sentence("There is nothing to do by that name."))
    what, order = _ORDERS[do]

    def work(unit: Unit) -> None:
        order(unit, section.name, visit)
        visit.note_down(unit, what, section.name)

    visit.keep(work)
    return visit.to("/admin/mailboxes")


_ORDERS: dict[str, tuple[str, Callable[[Unit, str, Visit], None]]] = {
    "pause": (
        sentence("paused a mailbox"),
        lambda unit, name, visit: orders.pause(unit, name, visit.person.name, visit.now),
    ),
    "resume": (
        sentence("let a mailbox go on"),
        lambda unit, name, visit: orders.resume(unit, name),
    ),
    "look": (
        sentence("had a mailbox looked at"),
        lambda unit, name, visit: orders.look_now(unit, name, visit.now),
    ),
}


def _tried(visit: Visit, section: MailboxSection) -> Response:
    """Logs in and looks, changing nothing; what came of it stands on the page."""
    try:
        said, good = probe(section), True
    except MaildError as error:
        said, good = visit.words.write(error.message), False
    visit.keep(lambda unit: visit.note_down(unit, sentence("tried a mailbox"), section.name))
    return _listed(visit, tried=section.name, said=said, good=good)
