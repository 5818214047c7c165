"""What can be asked of the database: a module a noun, one question a function.

from maild.store import asking
asking.people.at(unit, "ann@acme.example")
"""

from maild.store.asking import (
    alerts,
    changes,
    clients,
    clocks,
    console,
    counters,
    deliveries,
    explanations,
    health,
    hooks,
    integrity,
    items,
    listing,
    lists,
    mailboxes,
    messages,
    notes,
    outbox,
    people,
    screens,
    searching,
    settings,
    tickets,
    worked,
)

__all__ = [
    "alerts",
    "changes",
    "clients",
    "clocks",
    "console",
    "counters",
    "deliveries",
    "explanations",
    "health",
    "hooks",
    "integrity",
    "items",
    "listing",
    "lists",
    "mailboxes",
    "messages",
    "notes",
    "outbox",
    "people",
    "screens",
    "searching",
    "settings",
    "tickets",
    "worked",
]
