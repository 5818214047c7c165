"""Caps in the database: loops and floods end here, whatever their headers say (E10).

A counter is a row for each key, so that a restart forgets nothing (H27) and matching costs the
same however much mail there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from maild.config import Cap, FloodsSection
from maild.desk import alerts
from maild.i18n import Sentence, sentence
from maild.model import Role
from maild.store import asking
from maild.store.records import Person
from maild.store.unit import Unit

KEEP = timedelta(days=3)  # counters that were last raised before are swept away
STRANGER = timedelta(days=1)  # so long an address that we learned by mail is a stranger's
SWEPT = "counters swept"  # what the program remembers
LOOP = "conversation"  # the cap that ends what machines say to each other
ALERT = "flood"  # one alert, however many caps a storm runs into


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A mail that is about to go out, as the caps see it."""

    address: str
    audience: Role
    ticket_id: int | None
    auto: bool  # a machine's words, not a person's
    stranger: bool  # first seen within a day
    of_stranger: bool  # what one such wrote caused it
    by_resource: bool  # what a technician did himself (proven) caused it


@dataclass(frozen=True, slots=True)
class KeptBack:
    """That a cap keeps a mail back."""

    because: str  # which one, in words for people
    until: datetime | None  # when it goes out by itself; None: never


def about(ticket_id: int, address: str) -> list[str]:
    """What is counted of the mail about one ticket to one address."""
    return [f"conversation:{ticket_id}:{address}", f"words:{ticket_id}:{address}"]


def _of_resource(address: str, *, of_stranger: bool) -> str:
    return f"resource:{address}:strangers" if of_stranger else f"resource:{address}"


def _later(key: str) -> str:
    """What is counted of the mail that waits until the window of this key ends."""
    return f"later:{key}"


def _is_over(so_far: tuple[int, int], cap: Cap) -> bool:
    in_hour, in_day = so_far
    return in_hour >= cap.hour or in_day >= cap.day


class Counted(NamedTuple):
    """Something that is counted, and how often it may be."""

    name: str  # of the cap in [floods]
    key: str
    cap: Cap


def outgoing_caps(mail: Outgoing, caps: FloodsSection) -> list[Counted]:
    """Every cap that this mail counts against, the narrowest first."""
    conversation, words = about(mail.ticket_id or 0, mail.address)
    found = [
        Counted("conversation", conversation, caps.conversation)
        if mail.auto and not mail.by_resource
        else Counted("words", words, caps.words)
    ]
    if mail.auto or not mail.by_resource:
        if mail.audience != Role.CONTACT:
            key = _of_resource(mail.address, of_stranger=mail.of_stranger)
            found.append(Counted("resource", key, caps.resource))
        elif mail.auto and not mail.by_resource:
            found.append(Counted("recipient", f"recipient:{mail.address}", caps.recipient))
            if mail.stranger:
                found.append(Counted("strangers", "strangers", caps.strangers))
        if not (mail.stranger or mail.of_stranger):  # they use up nothing of those whom we know
            found.append(Counted("total", "total", caps.total))
    return found


def over_outgoing(
    unit: Unit, address: str, wanted: Sequence[Counted], now: datetime
) -> KeptBack | None:
    """What keeps a mail to this address back, and how long; None where nothing does.  It is
    counted.  `wanted`: its `outgoing_caps`.

    As many as the cap allows go out by themselves when its window ends; not what two machines say
    to each other, as that would go on for ever.
    """
    over_at = first_over(unit, [(key, cap) for _, key, cap in wanted], now)
    if over_at is None:
        return None
    name, key, cap = wanted[over_at]
    what = _called(name, cap)
    told = sentence("Mail to {address} is kept back by {cap}", address=address, cap=what)
    _tell(unit, told, now)
    for_good = name == LOOP or first_over(unit, [(_later(key), cap)], now) is not None
    until = None if for_good else _window_end(unit, key, cap, now)
    return KeptBack(f"Kept back by {what}.", until)


def _window_end(unit: Unit, key: str, cap: Cap, now: datetime) -> datetime:
    """When a mail of this key may go out again."""
    _, in_day = asking.counters.so_far(unit, [key], now)[key]
    hour = end_of_hour(now)
    return hour.replace(hour=0) + timedelta(days=1) if in_day > cap.day else hour


def end_of_hour(now: datetime) -> datetime:
    """When the hour that the caps count in is over."""
    return now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


def over(unit: Unit, name: str, key: str, cap: Cap, what: str, now: datetime) -> str:
    """The same for something that comes in: counts it, says which cap it is over, or ""."""
    if first_over(unit, [(f"{name}:{key}", cap)], now) is None:
        return ""
    because = _called(name, cap)
    _tell(unit, sentence("{what}: over {cap}", what=what, cap=because), now)
    return str(because)


def _called(name: str, cap: Cap) -> Sentence:
    return sentence(
        "the cap [floods] {name} ({hour} an hour, {day} a day)",
        name=name,
        hour=cap.hour,
        day=cap.day,
    )


def look_up(
    unit: Unit,
    sender: str,
    ticket_id: int | None,
    told: Iterable[tuple[str, Role]],
    floods: FloodsSection,
    now: datetime,
    *,
    of_stranger: bool,
) -> None:
    """Asks at once for what is counted of a mail that comes in, and of those that will go out
    because of it; `told`: to which addresses, and whose they are."""
    keys = [f"mails:{sender}", "strangers" if of_stranger else "total"]
    resources = []
    for address, role in told:
        if role == Role.CONTACT:
            keys.append(f"recipient:{address}")
        else:
            resources.append(_of_resource(address, of_stranger=of_stranger))
        keys += about(ticket_id, address) if ticket_id is not None else []
    if ticket_id is None:
        keys.append(f"tickets:{sender}")
    asking.counters.look_up(unit, keys + resources, now)
    so_far = asking.counters.so_far(unit, resources, now)
    full = (key for key in resources if _is_over(so_far[key], floods.resource))
    asking.counters.look_up(unit, map(_later, full), now)  # of none nothing is asked


def first_over(unit: Unit, wanted: list[tuple[str, Cap]], now: datetime) -> int | None:
    """Counts one more for these keys; which of them is over its cap, or None.

    What one cap stops does not count against the later ones: a loop uses up nobody else's share.
    """
    keys = [key for key, _ in wanted]
    so_far = asking.counters.so_far(unit, keys, now)
    if unit.lasting.get(SWEPT) != now.date():  # once a day and program is enough
        unit.lasting[SWEPT] = now.date()
        asking.counters.sweep(unit, now - KEEP)
    over_at = next(
        (place for place, (key, cap) in enumerate(wanted) if _is_over(so_far[key], cap)),
        None,
    )
    asking.counters.count(unit, keys if over_at is None else keys[: over_at + 1], now)
    return over_at


def is_stranger(person: Person | None, now: datetime) -> bool:
    """Whether we know this address only from mail of the last day, and it is of no organization."""
    if person is None:
        return True
    fresh = person.source == "mail" and now - person.created < STRANGER
    return fresh and person.organization_id is None


def _tell(unit: Unit, text: str, now: datetime) -> None:
    """One alert for one storm: what comes next only counts up."""
    alerts.raise_alert(
        unit,
        ALERT,
        sentence(
            "More mail than the caps allow. {what}. Nothing is lost: `maild outbox` shows what was "
            "kept back, `maild explain` tells of each mail. If this is no loop, raise the cap.",
            what=text,
        ),
        now,
    )
