"""A unit of work on no database: it answers from what was added to it.

Rules, commands and notifications are tried on one: nothing is opened, and nothing is written.
"""

from __future__ import annotations

from typing import Any

from maild.store.unit import Unit


def memory(*records: Any) -> Unit:
    """A unit that knows these records and no others."""
    unit = Unit(None)
    for record in records:
        unit.tie(record)
    return unit
