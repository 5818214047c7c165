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
from typing import Any, TextIO

from maild import yamlfile
from maild.desk import field_values, items
from maild.desk.desk import Desk
from maild.desk.item_kinds import KINDS, Kind, Slot
from maild.errors import MaildError, UsageError
from maild.store import asking
from maild.store.unit import Unit
from maild.yamlfile import Problems, key

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
    """Writes all of a kind; how many.  No cell is a formula."""
    writer = csv.DictWriter(stream, columns(kind), lineterminator="\n")
    writer.writeheader()
    rows = [items.plain(unit, kind, record) for _, record in items.listed(unit, kind)]
    for row in rows:
        writer.writerow({name: field_values.cell(value) for name, value in row.items()})
    return len(rows)


def read_csv(desk: Desk, kind: Kind, file: Path) -> int:
    """Puts every row of a CSV file; how many.  UsageError tells every mistake by its line, and
    then nothing is kept."""
    mistakes: list[str] = []
    count = 0
    for line, row in _rows(kind, file):
        count += 1
        name = row.pop(kind.named_by, "")
        try:
            with desk.attempt():
                items.put(desk, kind, name, {n: v for n, v in row.items() if v is not None})
        except MaildError as error:
            mistakes.append(f"{file}, line {line}: {error.message}")
    if mistakes:
        raise UsageError("\n".join(mistakes))
    return count


def _rows(kind: Kind, file: Path) -> Iterable[tuple[int, dict[str, Any]]]:
    known = columns(kind)
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            head = stream.readline()
            stream.seek(0)
            reader = csv.DictReader(
                stream, delimiter=";" if head.count(";") > head.count(",") else ","
            )
            names = [_column(name) for name in reader.fieldnames or ()]
            unknown = [name for name in names if name not in known]
            if unknown or kind.named_by not in names:
                raise UsageError(
                    f"{file}: its first line names the columns, out of {', '.join(known)}; "
                    f"{kind.named_by} is needed"
                    f"{', unknown: ' + ', '.join(unknown) if unknown else ''}."
                )
            reader.fieldnames = names
            return [(reader.line_num, _stripped(row)) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{file} cannot be read as a CSV file in UTF-8: {error}.") from error


def _column(name: str | None) -> str:
    return (name or "").strip().lower().replace(" ", "_")


def _stripped(row: dict[str, Any]) -> dict[str, Any]:
    return {n: field_values.uncell(v.strip()) for n, v in row.items() if n and isinstance(v, str)}


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
