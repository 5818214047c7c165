"""Files that are sent from a screen: scanned before anything is written, so nobody waits for it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import FilePayload, Page

from tests.browser.site import BOB, Site, key

Visits = Callable[..., Page]

# 0: clean, where it can write to the database itself meanwhile; 1: infected
SCANNER = """#!{python}
import sqlite3, sys
text = sys.stdin.buffer.read()
database = sqlite3.connect({database!r}, timeout=0.5, isolation_level=None)
database.execute("BEGIN IMMEDIATE")
database.execute("ROLLBACK")
sys.exit(1 if b"EICAR" in text else 0)
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("uploads")
    program = folder / "scan"
    database = str(folder / "var" / "maild.db")
    program.write_text(SCANNER.format(python=sys.executable, database=database), "utf-8")
    program.chmod(0o755)
    more = f'[attachments]\nscanner = ["{program}"]\nscanner_seconds = 20\n'
    one = Site(folder, web=more, undo=0)
    try:
        yield one
    finally:
        one.close()


@pytest.mark.parametrize(
    ("octets", "verdict"), [(b"plain words", "clean"), (b"an EICAR file", "infected")]
)
def test_an_upload_is_scanned_outside_of_the_transaction(
    site: Site, visits: Visits, octets: bytes, verdict: str
) -> None:
    screen = visits(BOB)
    sent = screen.context.request.post(
        f"{site.url}/new",
        headers={"Sec-Fetch-Site": "same-origin"},
        multipart={
            "key": key(), "title": f"A file, {verdict}", "text": "Here it is.",
            "files": FilePayload(name="a.txt", mimeType="text/plain", buffer=octets),
        },
    )  # fmt: skip
    assert sent.status == 200, sent.text()
    said = sent.text()
    assert ">a.txt<" in said
    assert ("refused: " in said) is (verdict == "infected")
    assert ("/files/" in said) is (verdict == "clean")  # it is handed out, or not
