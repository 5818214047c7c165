"""`maild verify`: every hash, thread, counter and reference of a desk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from maild.backup import databases
from maild.backup import repair as repairs
from maild.errors import MaildError
from maild.parse.attachments import attachment
from maild.spool import digest, measured
from maild.store import Store, asking, prune
from maild.store.unit import Unit


@dataclass(slots=True)
class Report:
    """What was found."""

    checked: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)  # a sentence each
    mended: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """What `maild verify --json` prints."""
        return {"ok": not self.problems, **asdict(self)}


def verify(store: Store, *, repair: bool = False) -> Report:
    """Reads everything; with `repair`, what the mails can say again is written again."""
    report = Report()
    if store.is_sqlite:
        try:
            databases.check_sqlite(databases.file_of(store))
        except MaildError as error:
            report.problems.append(error.message)
    with store.look() as unit:
        octets, files = dict(_octets(unit, report)), list(_files(unit, report))
        for table, column, rows in asking.integrity.dangling(unit):
            report.problems.append(f"{rows} rows of {table} point to no {column}.")
        threads, numbers = asking.integrity.unthreaded(unit), list(_numbers(unit))
    mended = _mended(store, octets, files, threads, numbers) if repair else _Mended()
    for stored_id, said in octets.items():
        (report.mended if stored_id in mended.octets else report.problems).append(said)
    for note_id, said in files:
        (report.mended if note_id in mended.files else report.problems).append(said)
    told = report.mended if repair else report.problems
    told += [f"An answer to <{one[0]}> would not find its ticket." for one in threads]
    told += [
        f"The last number of {day} is {last}, but T{day}.{highest:04d} is there."
        for day, last, highest in numbers
    ]
    return report


@dataclass(frozen=True, slots=True)
class _Mended:
    """Messages and notes that are as they should be again."""

    octets: frozenset[int] = frozenset()
    files: frozenset[int] = frozenset()


def _mended(
    store: Store,
    octets: Iterable[int],
    files: Iterable[tuple[int, str]],
    threads: repairs.Threads,
    numbers: list[tuple[str, int, int]],
) -> _Mended:
    store.act(lambda unit: repairs.again(unit, threads, numbers))
    whole = {one for one in octets if store.act(partial(repairs.octets, stored_id=one))}
    return _Mended(frozenset(whole), frozenset(repairs.files(store, {note for note, _ in files})))


def _octets(unit: Unit, report: Report) -> Iterator[tuple[int, str]]:
    """(message, what is wrong): mails are what came in; what was erased or pruned is gone."""
    pruned = prune.so_far(unit).get("raw")
    limit = datetime.fromisoformat(pruned["before"]) if pruned else None
    count = gone = 0
    for number, sha256, size, accepted, octets in asking.integrity.octets(unit):
        if octets is None:
            gone += 1
            known = not sha256 or (limit is not None and accepted < limit)
            if not known:
                yield number, f"The octets of message {number} are missing."
        elif measured(octets) != (size, sha256):
            yield number, f"The octets of message {number} are not what came in."
        else:
            count += 1
    report.checked["mails"] = count
    if gone:
        report.checked["mails whose octets were erased or pruned"] = gone


def _files(unit: Unit, report: Report) -> Iterator[tuple[int, str]]:
    """(note, what is wrong)."""
    count = 0
    for note, views, octets in asking.integrity.files(unit):
        for view in views:
            count += 1
            if not _is_there(view, octets):
                name = view.get("filename")
                yield note, f'The file "{name}" of note {note} is not in its mail.'
    report.checked["attachments"] = count


def _is_there(view: dict[str, Any], octets: bytes) -> bool:
    try:
        content = attachment(octets, int(view["part"]))
    except MaildError:
        return False
    return digest(content) == str(view["sha256"])


def _numbers(unit: Unit) -> Iterator[tuple[str, int, int]]:
    """(day, last, highest) where a number could be given twice."""
    highest, last = asking.integrity.numbers(unit)
    for day, number in sorted(highest.items()):
        if last.get(day, 0) < number:
            yield day, last.get(day, 0), number
