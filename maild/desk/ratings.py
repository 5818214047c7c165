"""How contacts found what was done, by technician: the scores of some days, counted."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from maild.store import asking
from maild.store.records import Person, Tap, Ticket
from maild.store.unit import Unit


def report(unit: Unit, since: datetime) -> dict[str, Any]:
    """All ratings since then, each ticket's and person's last one, with the means of technicians.

    Who had the ticket when it was rated is whose rating it is; `person` is none where nobody had.
    """
    taps = list(asking.taps.ratings(unit, since))
    ids = {i for tap in taps for i in (tap.person_id, tap.about_id) if i is not None}
    people, tickets = unit.some(Person, ids), unit.some(Ticket, [tap.ticket_id for tap in taps])
    by_person: dict[int | None, list[Tap]] = {}
    for tap in taps:
        by_person.setdefault(tap.about_id, []).append(tap)
    return {
        "since": since,
        **_counted(taps),
        "resources": sorted(
            (
                {"resource": people[i].name if i in people else None, **_counted(of)}
                for i, of in by_person.items()
            ),
            key=lambda row: (row["resource"] is None, row["resource"] or ""),
        ),
        "ratings": [
            {
                "at": tap.at,
                "number": tickets[tap.ticket_id].number,
                "title": tickets[tap.ticket_id].title,
                "score": tap.score,
                "by": people[tap.person_id].name,
                "resource": people[tap.about_id].name if tap.about_id in people else None,
            }
            for tap in taps
            if tap.ticket_id in tickets
        ],
    }


def _counted(taps: Iterable[Tap]) -> dict[str, Any]:
    scores = [tap.score for tap in taps if tap.score is not None]
    mean = round(sum(scores) / len(scores), 2) if scores else None
    return {
        "count": len(scores),
        "mean": mean,
        "scores": {str(score): scores.count(score) for score in range(1, 6)},
    }
