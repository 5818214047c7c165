"""Records by files: the folder `people` beside maild.toml, lists by kind, and CSV.

    # people/acme.yaml
    organizations:
      - {name: Acme, domains: [acme.example], locations: [Head office]}
    assets:
      - {name: PC-1, organization: Acme, serial: 4711, planned_replacement: 2027-03-31}

What stands in a file is changed there; what goes out of it is retired.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from maild import yamlfile
from maild.desk import csv_files, field_values, items
from maild.desk.item_kinds import KINDS, Kind, Slot
from maild.errors import MaildError, UsageError
from maild.store import asking
from maild.store.unit import Unit
from maild.yamlfile import Problems, key

if TYPE_CHECKING:
    from maild.desk.desk import Desk

FOLDER = "people"


# ---- the folder


def there(beside: Path) -> bool:
    """Whether there is anything to read."""
    return any((beside / FOLDER).glob("*.yaml"))


def sync(desk: Desk, beside: Path) -> None:
    """Brings the records of the folder into the database; UsageError tells every mistake."""
    problems, held = Problems(), set()
    for kind, entry, file in sorted(_entries(beside, problems), key=_order):
        try:
            held.add((kind.name, key(str(entry.get(kind.named_by, "")))))
            _put(desk, kind, entry)
        except MaildError as error:
            problems.add(file, entry, error.message)
    problems.end()
    for item in asking.items.of_files(desk.unit):
        if (item.kind, item.key) not in held:
            desk.unit.change(item, active=False)


def _order(found: tuple[Kind, Any, Path]) -> int:
    """What others name comes first."""
    return list(KINDS).index(found[0].name)


def _entries(beside: Path, problems: Problems) -> Iterator[tuple[Kind, yamlfile.Map, Path]]:
    plurals = {kind.plural.replace(" ", "_"): kind for kind in KINDS.values()}
    for file in sorted((beside / FOLDER).glob("*.yaml")):
        data = yamlfile.read(file) or {}
        if not isinstance(data, yamlfile.Map):
            problems.add(file, 1, f"lists by kind are needed: {', '.join(plurals)}.")
            continue
        for name, entries in data.items():
            if name not in plurals:
                problems.unknown(file, data.key_lines[name], "kind of record", name, plurals)
                continue
            for entry in entries if isinstance(entries, list) else [entries]:
                if isinstance(entry, yamlfile.Map):
                    yield plurals[name], entry, file
                else:
                    problems.add(file, data.key_lines[name], "each record is a mapping.")


def _put(desk: Desk, kind: Kind, entry: Mapping[str, Any]) -> None:
    texts = {n: _text(v) for n, v in entry.items() if n != kind.named_by}
    items.put(desk, kind, str(entry.get(kind.named_by, "")), texts, source="file")


def _text(value: Any) -> Any:
    """As text, however YAML has read it: 4711, yes, a list."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, list | dict) or value is None else str(value)


# ---- CSV


def columns(kind: Kind) -> list[str]:
    """The columns of a kind's CSV."""
    return [kind.named_by, *(slot.name for slot in kind.slots)]


def write_csv(unit: Unit, kind: Kind, stream: TextIO) -> int:
    """Writes all of a kind; how many."""
    rows = [items.plain(unit, kind, record) for _, record in items.listed(unit, kind)]
    write_rows(kind, rows, stream)
    return len(rows)


def write_rows(kind: Kind, rows: Iterable[Mapping[str, Any]], stream: TextIO) -> None:
    """Writes records, as `items.plain` has them.  No cell is a formula."""
    writer = csv.DictWriter(stream, columns(kind), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: field_values.cell(value) for name, value in row.items()})


def read_csv(desk: Desk, kind: Kind, file: Path) -> int:
    """Puts every row of a CSV file; how many.  UsageError tells every mistake by its line, and
    then nothing is kept."""

    def put(row: csv_files.Row) -> None:
        texts = {name: text for name, text in row.fields.items() if name != kind.named_by}
        items.put(desk, kind, row.get(kind.named_by), texts)

    found = csv_files.rows(file, columns(kind), [kind.named_by])
    return csv_files.put_each(found, put, desk.attempt)


def filled(kind: Kind, pairs: Iterable[str]) -> dict[str, str]:
    """ "serial=4711" … → fields of the kind; UsageError for what is none."""
    found = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        slot: Slot = kind.slot(name)
        if not equals:
            raise UsageError(f"{pair}: write it like {slot.name}=…")
        found[slot.name] = value.strip()
    return found
