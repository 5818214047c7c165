"""Figures for Prometheus, read when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from maild.monitor.health import Health

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Collector:
    """Turns a look at the desk, and what the daemon has done, into metrics."""

    def __init__(
        self,
        look: Callable[[], Health],
        done: Callable[[], Mapping[str, int]],
        idle: Callable[[], Mapping[str, float]],
    ) -> None:
        """`done`: pieces of work of each part since the start; `idle`: seconds since it moved."""
        self._look, self._done, self._idle = look, done, idle

    def collect(self) -> Iterator[Metric]:
        """As prometheus-client asks for it."""
        health = self._look()
        yield _one("maild_up", "1 when all is well, 0 when `maild status` says why not.", health.ok)
        yield _by("maild_work_total", "Pieces of work done since the start.", "part", self._done())
        yield _by(
            "maild_part_idle_seconds", "Since a part of the daemon moved.", "part", self._idle()
        )
        if health.database:
            yield from _of_the_database(health)

    def text(self) -> bytes:
        """All of them in Prometheus' text format."""
        registry = CollectorRegistry()
        registry.register(self)
        return generate_latest(registry)


def _of_the_database(health: Health) -> Iterator[Metric]:
    mail, outbox = health.mail, health.outbox
    states = {name: mail[name] for name in ("waiting", "quarantined", "processed")}
    yield _by("maild_messages", "Messages that came in.", "state", states)
    yield _one("maild_oldest_message_seconds", "Of the oldest that is due.", mail["oldest_seconds"])
    kept = {n: v for n, v in outbox.items() if n not in ("due", "oldest_seconds", "paused")}
    yield _by("maild_outbox_items", "Notifications.", "state", kept)
    yield _one("maild_outbox_due", "Notifications that could go out now.", outbox["due"])
    yield _one(
        "maild_oldest_outbox_item_seconds", "Of the first that is due.", outbox["oldest_seconds"]
    )
    yield _one("maild_outbox_paused", "1 while somebody has paused it.", outbox["paused"])
    yield _by("maild_tickets", "Tickets.", "kind", health.tickets)
    yield _one(
        "maild_clocks_late_seconds", "How late the latest clock is.", health.clocks_late_seconds
    )
    boxes = {box["name"]: float(box["ok"]) for box in health.mailboxes}
    yield _by("maild_mailbox_up", "1 where mail can be fetched.", "mailbox", boxes)
    yield _one("maild_alerts", "Alerts that are not over.", len(health.alerts))
    yield _one("maild_daemons", "Daemons that live.", sum(d["alive"] for d in health.daemons))
    for name in ("bytes", "free_bytes"):
        if name in health.database:
            yield _one(
                f"maild_database_{name}", "Of the file, and its disk.", health.database[name]
            )
    if health.backup:
        made = datetime.fromisoformat(health.backup).timestamp()
        yield _one("maild_backup_timestamp_seconds", "When the last backup was checked.", made)


def _one(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(name, what, value=float(value))


def _by(name: str, what: str, label: str, values: Mapping[str, float]) -> Metric:
    family = CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily
    metric = family(name, what, labels=[label])
    for key, value in values.items():
        metric.add_metric([key], float(value))
    return metric
