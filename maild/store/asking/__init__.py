"""What can be asked of the database: a module a noun, one question a function.

from maild.store import asking
asking.people.at(unit, "ann@acme.example")

Each module is imported when it is first asked for: a command needs few of them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from maild.store.asking import (
        ahead,
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
        lanes,
        listing,
        lists,
        mailboxes,
        messages,
        notes,
        outbox,
        partners,
        people,
        screens,
        searching,
        settings,
        taps,
        tickets,
        worked,
    )

__all__ = [
    "ahead",
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
    "lanes",
    "listing",
    "lists",
    "mailboxes",
    "messages",
    "notes",
    "outbox",
    "partners",
    "people",
    "screens",
    "searching",
    "settings",
    "taps",
    "tickets",
    "worked",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"nothing is asked about {name}")
    return import_module(f"{__name__}.{name}")
