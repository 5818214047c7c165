"""What can be asked of the database: a module a noun, one question a function.

from maild.store import asking
asking.people.at(unit, "ann@acme.example")
"""

from maild.store.asking import (
    alerts,
    clocks,
    counters,
    health,
    hooks,
    lists,
    mailboxes,
    messages,
    notes,
    outbox,
    people,
    settings,
    tickets,
)

__all__ = [
    "alerts",
    "clocks",
    "counters",
    "health",
    "hooks",
    "lists",
    "mailboxes",
    "messages",
    "notes",
    "outbox",
    "people",
    "settings",
    "tickets",
]
