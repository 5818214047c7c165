"""`make gallery`: every template in each language on a real ticket, as HTML and as pictures.

    python -m tests.gallery FOLDER [NAME …] [--no-pictures]

Pictures are taken by headless Chromium (`$CHROMIUM`, else found): desktop, phone and dark.
"""

from __future__ import annotations

import argparse
import html
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from maild.desk.desk import Desk
from maild.desk.notifications import Notification, catalogue
from maild.desk.notify import Recipient, preview_item
from maild.model import Role, TicketRole
from maild.outbox.compose import job
from maild.outbox.rows import order
from maild.store import asking
from maild.store.records import Note, Ticket, TimeEntry
from maild.templates.renderer import LocalRenderer
from maild.templates.source import languages
from tests.office import Office, a_note

# name, window, further options of Chromium
VIEWS = (
    ("desktop", (760, 1100), ()),
    ("phone", (375, 1100), ()),
    ("dark", (760, 1100), ("--blink-settings=preferredColorScheme=0",)),
)

STORY = (
    (
        "ann@acme.example",
        "Hello,\n\nsince this morning our printer on the second floor smells burnt, and there is "
        "smoke when we print more than a page. We have switched it off.\n\nCould somebody have a "
        "look today? We have to send the invoices.\n\nAnn Archer\nAcme Ltd",
        True,
    ),
    (
        "bob@example.com",
        "Looks like the fuser. Warranty ended in March; ask Cem for the contract before ordering.",
        False,
    ),
    (
        "bob@example.com",
        "Hello Ann,\n\nthank you for switching it off, that was right. I have ordered a new fuser; "
        "it comes tomorrow before noon (https://parts.example/track/88213).\n\nUntil then please "
        "print on the first floor, it is set up as \"ACME-1\".\n\nBob",
        True,
    ),
)  # fmt: skip

EXTRAS = {
    "missing": ["Say how it was solved: resolution: …", "Record your time: time: 30m"],
    "answers": [
        {
            "command": "status Waiting Customer",
            "done": True,
            "why": "The ticket is Waiting Customer.",
            "undo": "status In Progress",
        },
        {
            "command": "assign to Robert",
            "done": False,
            "why": "There is no resource Robert; did you mean Bob Tech?",
            "undo": None,
        },
    ],
}


@dataclass(frozen=True, slots=True)
class Page:
    """One rendered notification."""

    name: str
    language: str
    html: str


def pages(folder: Path, names: list[str]) -> Iterator[Page]:
    """Every notification (or those named) in each language, as it would be sent."""
    office = Office(folder)
    with office.store.unit() as unit:
        desk = Desk(unit, office.settings, office.profile, office.at, "gallery")
        ticket, note, time = _ticket(office, desk)
        for kind in catalogue():
            for language in languages():
                if not names or kind.name in names:
                    yield _page(office, desk, kind, language, ticket, note, time)


def _page(
    office: Office, desk: Desk, kind: Notification, language: str, ticket: Ticket, note: Note,
    time: TimeEntry,
) -> Page:  # fmt: skip
    desk.cause = f"gallery:{language}"
    address = {"contact": "ann@acme.example"}.get(kind.audience, "bob@example.com")
    person = office.person(desk.unit, address)
    desk.unit.change(person, language=language)
    example = kind.example()
    extra = {name: example[name] for name in kind.nothing}
    extra |= {name: value for name, value in EXTRAS.items() if name in extra}
    if kind.name == "bundle":
        extra["happened"] = [
            _happening(desk, n, office) for n in asking.notes.of(desk.unit, ticket)[:2]
        ]
    about = ticket if "ticket" in kind.about else None
    row = preview_item(
        desk,
        about,
        kind.name,
        Recipient(person.name, address, Role(kind.audience), person),
        note=note if "note" in kind.about or kind.name == "complete" else None,
        time=time if "time" in kind.about else None,
        extra=extra,
    )
    number, public = (about.number if about else None), note.public
    outcome = LocalRenderer().render([job(order(row, number, public))])[0]
    assert outcome.words is not None and not outcome.problem, outcome.problem
    return Page(kind.name, language, outcome.words.html)


def _happening(desk: Desk, note: Note, office: Office) -> dict[str, object]:
    from maild.desk.facts import note_facts

    facts = note_facts(desk.unit, note)
    return {
        "template": "note",
        "at": office.at.isoformat(),
        "by": facts["by"],
        "note": facts,
        "time": None,
    }


def _ticket(office: Office, desk: Desk) -> tuple[Ticket, Note, TimeEntry]:
    ann, bob, cem = (
        office.person(desk.unit, a)
        for a in ("ann@acme.example", "bob@example.com", "cem@example.com")
    )
    ticket = desk.open_ticket(title="The printer on the second floor smokes", contact=ann)
    desk.add_person(ticket, cem, TicketRole.SECONDARY)
    desk.unit.change_ticket(
        ticket,
        organization_id=ann.organization_id,
        primary_id=bob.id,
        status="In Progress",
        priority="1 High",
        due=office.at + timedelta(days=2),
        resolution="The fuser was replaced; a test page of 50 sheets came out well.",
        completed=office.at,
    )
    for address, text, public in STORY:
        note = a_note(desk, ticket, text, public=public)
        writer = office.person(desk.unit, address)
        desk.unit.change(note, by_id=writer.id, created=office.later(minutes=47))
        desk.now = office.at
    desk.unit.change(note, attachments=[{"filename": "fuser, the new one.jpg", "size": 48_120}])
    time = TimeEntry(
        ticket_id=ticket.id,
        by_id=bob.id,
        worked_on=office.at,
        minutes=45,
        work_type="remote",
        summary="Read the printer's log and ordered a new fuser.",
        internal="Not under warranty; Cem knows the contract.",
        created=office.at,
    )
    return ticket, note, desk.unit.add(time)


def picture(chromium: str, page: Path, target: Path, window: tuple[int, int], *more: str) -> None:
    if window[0] < 500:  # Chromium's narrowest window; a frame may be narrower
        frame = page.with_name("phone.frame.html")
        frame.write_text(
            f'<body style="margin:0"><iframe src="{page.name}" width="{window[0]}" '
            f'height="{window[1]}" style="border:0"></iframe>',
            "utf-8",
        )
        page = frame
    subprocess.run(
        [
            chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
            "--force-device-scale-factor=1", f"--window-size={window[0]},{window[1]}",
            f"--screenshot={target}", *more, page.as_uri(),
        ],
        check=True,
        capture_output=True,
        timeout=60,
    )  # fmt: skip


def main() -> None:
    """Writes the gallery."""
    parser = argparse.ArgumentParser(prog="python -m tests.gallery")
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--no-pictures", action="store_true")
    wanted = parser.parse_args()
    chromium = (
        os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    )
    folder: Path = wanted.folder.resolve()
    links = []
    with tempfile.TemporaryDirectory() as place:
        for page in pages(Path(place), wanted.names):
            file = folder / page.language / f"{page.name}.html"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(page.html, "utf-8")
            shown = []
            for name, window, more in VIEWS:
                if chromium and not wanted.no_pictures:
                    target = file.with_name(f"{page.name}.{name}.png")
                    picture(chromium, file, target, window, *more)
                    shown.append(f'<img src="{page.language}/{target.name}" height="420">')
            where = f"{page.language}/{page.name}"
            links.append(
                f'<h2><a href="{where}.html">{html.escape(where)}</a></h2>{"".join(shown)}'
            )
    (folder / "index.html").write_text("<meta charset=utf-8>" + "\n".join(links), "utf-8")
    if not chromium:
        print("No Chromium was found: pages only (`apt install chromium` brings one).")
    print(f"{len(links)} pages: {folder / 'index.html'}", file=sys.stderr)


if __name__ == "__main__":
    main()
