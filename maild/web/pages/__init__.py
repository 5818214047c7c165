"""The screens, a module each."""

from __future__ import annotations

import importlib

SCREENS = (
    "signin",
    "tickets",
    "ticket",
    "changes",
    "sheets",
    "opening",
    "own",
    "clients",
    "timesheet",
    "search",
    "demo",
    "admin_overview",
    "admin",
    "admin_templates",
    "admin_policy",
    "admin_outbox",
    "admin_alerts",
    "admin_people",
    "admin_mailboxes",
    "admin_imports",
)


def load() -> None:
    """Imports every screen: each registers its addresses."""
    for name in SCREENS:
        importlib.import_module(f"maild.web.pages.{name}")
