"""How the desk is, as its database and the machine say: one value, for people and for programs."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from maild.config import Settings
from maild.desk import mailbox_orders
from maild.errors import MaildError
from maild.i18n import sentence
from maild.model import MessageState, SendState
from maild.store import Store, asking, prune
from maild.store.asking.health import DAEMON
from maild.store.unit import Unit

BEAT = timedelta(seconds=10)  # how often a daemon says that it lives
GONE = timedelta(seconds=45)  # of silence, and it does not
PASS = timedelta(minutes=15)  # after `maild run --once` nobody is missed for so long
RECENT = timedelta(hours=24)  # an alert that came again within it is trouble of today
BACKUP = "last backup"  # key of a Setting
# Keys of alerts that stand as long as what they tell of; each is shown with what it is about.
OF_RELAY = ("smtp",)
OF_MAILBOX = ("imap", "mailbox")


@dataclass(frozen=True, slots=True)
class Health:
    """A look at the desk.  Times are aware; ages are seconds."""

    at: datetime
    trouble: tuple[str, ...] = ()  # what is wrong, a sentence each, with what to do
    daemons: tuple[dict[str, Any], ...] = ()  # name, seen, since, stalled
    mailboxes: tuple[dict[str, Any], ...] = ()  # name, ok, why, scanned
    mail: Mapping[str, Any] = field(default_factory=dict)  # waiting, oldest_seconds, a state each
    outbox: Mapping[str, Any] = field(default_factory=dict)  # due, oldest_seconds, a state each
    tickets: Mapping[str, int] = field(default_factory=dict)  # kind of status → how many
    clocks_late_seconds: float = 0.0
    database: Mapping[str, Any] = field(default_factory=dict)  # kind, bytes, free_bytes
    # of each kind of `[keep]` that ends: days, before (when), rows that went
    pruned: Mapping[str, Any] = field(default_factory=dict)
    backup: str | None = None  # when the last one was made and checked
    alerts: tuple[dict[str, Any], ...] = ()

    @property
    def ok(self) -> bool:
        """Whether all is well."""
        return not self.trouble

    def as_json(self) -> dict[str, Any]:
        """What `maild status --json` prints."""
        found = {"ok": self.ok, **asdict(self)}
        return {**found, "trouble": list(self.trouble)}


def look(
    store: Store, settings: Settings, now: datetime, stalled: list[str] | None = None
) -> Health:
    """How the desk is.  `stalled`: what the daemon that asks knows of itself.

    A database that cannot be reached is a trouble among others, never an error.
    """
    try:
        with store.look() as unit:
            return _seen(unit, store, settings, now, stalled)
    except MaildError as error:
        return Health(at=now, trouble=(*(stalled or ()), error.message))


def name_of_daemon() -> str:
    """How this process is called among those that share a database."""
    return f"{socket.gethostname()}:{os.getpid()}"


def beat(unit: Unit, name: str, now: datetime, **more: Any) -> None:
    """Says that this daemon lives; those that have long been silent are forgotten."""
    for other, said in asking.health.daemons(unit).items():
        if now - _time(said["at"]) > PASS and other != name:
            asking.settings.forget(unit, DAEMON + other)
    asking.settings.keep(unit, DAEMON + name, {"at": now.isoformat(), **more})


def gone(unit: Unit, name: str) -> None:
    """Says that this daemon has ended as it should."""
    asking.settings.forget(unit, DAEMON + name)


def _seen(
    unit: Unit, store: Store, settings: Settings, now: datetime, stalled: list[str] | None
) -> Health:
    alerts = asking.health.standing_alerts(unit)
    found = Health(
        at=now,
        daemons=tuple(_daemons(unit, now)),
        mailboxes=tuple(_mailboxes(unit, settings, alerts)),
        mail=_mail(unit, now),
        outbox=_outbox(unit, now),
        tickets=asking.health.tickets_by_kind(unit),
        clocks_late_seconds=_age(asking.health.oldest_due_clock(unit, now), now),
        database=_database(store, settings),
        pruned=_pruned(unit, settings),
        backup=(asking.settings.kept(unit, BACKUP) or {}).get("at"),
        alerts=tuple(alerts),
    )
    trouble = [*(stalled or ()), *_trouble(found, settings, own=stalled is not None)]
    return replace(found, trouble=tuple(dict.fromkeys(trouble)))


# ---- what there is


def _daemons(unit: Unit, now: datetime) -> Iterator[dict[str, Any]]:
    for name, said in sorted(asking.health.daemons(unit).items()):
        seen = _time(said["at"])
        once = bool(said.get("once"))
        yield {
            "name": name,
            "seen": seen,
            "since": said.get("since"),
            "alive": now - seen <= (PASS if once else GONE),
            "once": once,
            "stalled": list(said.get("stalled", ())),
        }


def _mailboxes(
    unit: Unit, settings: Settings, alerts: list[dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    known = asking.health.mailboxes(unit)
    for section in settings.config.mailbox:
        wrong = [
            a["text"] for a in alerts if a["key"] in {f"{k}:{section.name}" for k in OF_MAILBOX}
        ]
        place = known.get(section.name, {})
        yield {
            "name": section.name,
            "ok": not wrong,
            "why": wrong[0] if wrong else None,
            "scanned": place.get("scanned"),
            "last_uid": place.get("last_uid"),
            "paused": (mailbox_orders.paused(unit, section.name) or {}).get("by"),
        }


def _mail(unit: Unit, now: datetime) -> dict[str, Any]:
    states = asking.health.message_states(unit)
    return {
        "waiting": states.get(MessageState.STORED, 0),
        "oldest_seconds": _age(asking.health.oldest_due_mail(unit, now), now),
        "quarantined": states.get(MessageState.QUARANTINED, 0),
        "processed": states.get(MessageState.PROCESSED, 0),
    }


def _outbox(unit: Unit, now: datetime) -> dict[str, Any]:
    states = asking.health.send_states(unit)
    due, oldest = asking.health.oldest_due_item(unit, now)
    paused = asking.settings.kept(unit, "outbox paused")
    return {
        **dict.fromkeys((state.value for state in SendState if state != SendState.CALLING), 0),
        **states,
        "due": due,
        "oldest_seconds": _age(oldest, now),
        "paused": paused is not None,
    }


def _database(store: Store, settings: Settings) -> dict[str, Any]:
    file = settings.database_file
    if file is None:
        return {"kind": "sqlite" if store.is_sqlite else "postgresql"}
    disk = os.statvfs(file.parent)
    parts = [file, file.with_name(file.name + "-wal")]
    return {
        "kind": "sqlite",
        "bytes": sum(part.stat().st_size for part in parts if part.exists()),
        "free_bytes": disk.f_bavail * disk.f_frsize,
    }


def _pruned(unit: Unit, settings: Settings) -> dict[str, Any]:
    found = prune.so_far(unit)
    return {
        kind: {
            "days": days,
            "before": found.get(kind, {}).get("before"),
            "rows": found.get(kind, {}).get("rows", 0),
        }
        for kind, days in settings.config.keep.limited.items()
    }


# ---- what is wrong with it


def _trouble(found: Health, settings: Settings, *, own: bool) -> Iterator[str]:
    monitor = settings.config.monitor
    if not own:
        yield from _missed(found, settings)
    for box in found.mailboxes:
        if box["paused"]:
            yield sentence(
                "Mailbox {name} is paused by {who}: no mail is fetched from it.",
                name=box["name"],
                who=box["paused"],
            )
        elif not box["ok"]:
            yield str(box["why"])
    if found.mail["oldest_seconds"] > monitor.stall_seconds:
        yield sentence(
            "Mail has waited for {span} to be processed. Look at the log of `maild run`.",
            span=duration(found.mail["oldest_seconds"]),
        )
    if count := found.mail["quarantined"]:
        yield sentence(
            "Mail in quarantine: {count}. `maild quarantine list` tells why.", count=count
        )
    yield from _outbox_trouble(found, monitor.stall_seconds)
    yield from _backup_trouble(found, monitor.backup_hours)
    shown = {box["why"] for box in found.mailboxes}
    for alert in found.alerts:
        if found.at - alert["last"] <= RECENT and alert["text"] not in shown:
            yield str(alert["text"])


def _missed(found: Health, settings: Settings) -> Iterator[str]:
    alive = [one for one in found.daemons if one["alive"]]
    for one in alive:
        yield from (
            sentence("The daemon {name} stands still: {what}", name=one["name"], what=what)
            for what in one["stalled"]
        )
    work = found.mail["waiting"] or found.outbox["due"]
    if not alive and (settings.config.mailbox or work):
        seen = max((one["seen"] for one in found.daemons), default=None)
        if seen is None:
            yield sentence("No daemon works. Start `maild run`.")
        else:
            when = f"{seen:%Y-%m-%d %H:%M} UTC"
            yield sentence("No daemon works since {when}. Start `maild run`.", when=when)


def _outbox_trouble(found: Health, limit: float) -> Iterator[str]:
    outbox = found.outbox
    if outbox["paused"]:
        yield sentence("The outbox is paused. `maild outbox --resume` lets it send again.")
    elif held := next((a["text"] for a in found.alerts if a["key"] in OF_RELAY), None):
        yield str(held)
    elif outbox["oldest_seconds"] > limit:
        yield sentence(
            "Notifications have waited for {span}: {count}. `maild outbox` shows them.",
            span=duration(outbox["oldest_seconds"]),
            count=outbox["due"],
        )


def _backup_trouble(found: Health, hours: float) -> Iterator[str]:
    if not hours:
        return
    if found.backup is None:
        yield sentence("There is no backup. Make one with `maild backup FILE`.")
    elif found.at - _time(found.backup) > timedelta(hours=hours):
        yield sentence(
            "The last backup is of {day}. Make one with `maild backup FILE`.", day=found.backup[:10]
        )


def duration(seconds: float) -> str:
    """An age as people say it: 40 s, 12 min, 5 h, 3 days."""
    for limit, unit, name in ((120, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h")):
        if seconds < limit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds / 86_400:.0f} days"


def _age(when: datetime | None, now: datetime) -> float:
    return max(0.0, (now - when).total_seconds()) if when is not None else 0.0


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
