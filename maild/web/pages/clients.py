"""Clients: the list of them, and a page of each (N22)."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from maild.desk import lists
from maild.store.asking import clients as asking
from maild.store.asking import listing as store_listing
from maild.store.asking.listing import Filter
from maild.web.pages.tickets import Row, counted
from maild.web.site import page
from maild.web.visit import Visit

TABS = ("open", "all", "contacts", "activity", "about")


@page("/clients", "clients list")
def clients(visit: Visit) -> Response:
    """Every client with the number of its open tickets and of its people."""
    return visit.page("clients.html", clients=asking.numbers(visit.unit, visit.query("q")))


@page("/clients/{id}", "client read")
def client(visit: Visit) -> Response:
    """One client: its tickets, people, what happened, what is known."""
    found = visit.client()
    tab = visit.query("tab", "open")
    tab = tab if tab in TABS else "open"
    values: dict[str, Any] = {
        "client": found,
        "tab": tab,
        "domains": asking.domains(visit.unit, found.id),
    }
    for view in ("open", "all"):
        listing = lists.Listing(view=view, filters=(Filter("client", "is", (found.id,)),))
        ask = lists.ask(
            visit.profile, listing, me=visit.person.id, now=visit.now,
            organization_id=visit.visitor.scope.organization_id, sees=visit.sees,
        )  # fmt: skip
        values[f"{view}_count"] = counted(store_listing.count(visit.unit, ask))
        values[f"{view}_query"] = lists.address(listing)
        if tab == view:
            rows = store_listing.page(visit.unit, ask, 50)
            values["rows"] = [Row(visit, listing, one) for one in rows]
            values["heads"] = [visit.label(name) for name in listing.columns]
    contacts = asking.people(visit.unit, found.id)
    values |= {"contacts": contacts, "contacts_count": len(contacts)}
    if tab == "activity":
        values["activity"] = asking.activity(visit.unit, found.id, visit.sees)
    values["minutes"] = asking.minutes(visit.unit, found.id, visit.now)
    return visit.page("client.html", **values)
