"""Tasks that are to be processed: a list beside those of tickets (N17, N23)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from maild.desk.item_kinds import KINDS
from maild.i18n import sentence, together
from maild.store import asking
from maild.store.records import Item
from maild.store.unit import Unit
from maild.yamlfile import key

TITLE = sentence("Tasks to process")


def to_process(unit: Unit, client: int | None = None) -> list[Item]:
    """Tasks that are not done, what is due first before the others; of one client's projects, or
    of all."""
    tasks = [t for t in asking.items.of_kind(unit, "task") if t.fields.get("status") != "done"]
    if client is not None:
        projects = asking.items.of_kind(unit, "project")
        own = {project.key for project in projects if project.organization_id == client}
        tasks = [task for task in tasks if key(str(task.fields["project"])) in own]
    return sorted(tasks, key=lambda task: (str(task.fields.get("due") or "9999"), task.name))


def in_words(task: Item) -> str:
    """ "task Wire (new, Move) due 3 December dana@example.com"."""
    return together(
        sentence("{kind} {name}", kind=KINDS["task"].called, name=task.name), *_about(task)
    )


def _about(task: Item) -> Iterator[str]:
    yield sentence("({status}, {project})", status=str(task.fields.get("status") or "new"),
                   project=str(task.fields["project"]))  # fmt: skip
    if task.fields.get("due"):
        yield sentence("due {when}", when=date.fromisoformat(str(task.fields["due"])[:10]))
    yield from task.fields.get("resources") or ()
