"""What the console finds, and a page of a client and of oneself, to whom; without a browser."""

from __future__ import annotations

import html
import re

import pytest

from maild.desk import search
from tests.browser.site import ANN, BOB, CORA, KIM, Site, key

BOOKS = (
    "#record asset PC-Acme: organization Acme; serial 4711-x",
    "#record asset PC-Globex: organization Globex; serial 4711-x",
    "#record project Globex Move: organization Globex",
    "#record article Shared Toner: text Shake it, 4711-x.",
    "#record article Globex Safe: organization Globex; text 4711-x.",
)


@pytest.fixture(scope="module")
def kept(site: Site) -> Site:
    """Records of two clients, and a contact of each, in the index."""
    site.mail(site.desk.ann, "Printer on fire", "It smokes.")
    site.mail(site.carlos, "Screen is black", "Since today.")
    for line in BOOKS:
        site.mail(site.desk.bob, "Books", line)
        assert all(c["done"] for c in site.desk.messages()[-1].commands), line
    search.follow(site.desk.store)
    return site


def text(site: Site, who: str, path: str) -> str:
    answer = site.ask("GET", path, site.session(who))
    assert answer.status == 200, path
    return html.unescape(re.sub(r"</?mark>", "", answer.text))


FOUND: tuple[tuple[str, set[str], set[str]], ...] = (
    # words, what Bob and Kim find, what Acme's own technician finds of it
    (
        "4711-x",
        {"PC-Acme", "PC-Globex", "Shared Toner", "Globex Safe"},
        {"PC-Acme", "Shared Toner"},
    ),
    ("globex", {"Globex", "PC-Globex", "Globex Move", "carlos@globex.example"}, set()),
    ("carlos", {"Carlos Vega"}, set()),
    ("ann", {"ann@acme.example"}, {"ann@acme.example"}),
    ("acme", {"Acme", "PC-Acme"}, {"Acme", "PC-Acme"}),
)


@pytest.mark.parametrize(("words", "all_of_it", "her_own"), FOUND, ids=[f[0] for f in FOUND])
def test_n19_people_organizations_and_records_are_found_as_far_as_one_sees(
    kept: Site, words: str, all_of_it: set[str], her_own: set[str]
) -> None:
    for path in (f"/search?q={words}", f"/search?part=hits&q={words}"):
        for who in (BOB, KIM):
            page = text(kept, who, path)
            assert [name for name in all_of_it if name not in page] == [], (who, path)
        page = re.sub(r'value="[^"]*"', "", text(kept, CORA, path))  # what she typed
        assert [name for name in her_own if name not in page] == [], path
        hidden = (all_of_it - her_own) - {"Acme"}
        assert [name for name in hidden if name in page] == [], path
    assert kept.ask("GET", f"/search?q={words}", kept.session(ANN)).status == 403


def test_n22_a_clients_page_is_for_who_sees_the_client(kept: Site) -> None:
    listed = text(kept, BOB, "/clients")
    pages = re.findall(r'href="(/clients/\d+)".*?</span><span>([^<]+)</span>', listed)
    by_name = {name: path for path, name in pages}
    for who, name, status in (
        (BOB, "Acme", 200), (BOB, "Globex", 200), (CORA, "Acme", 200), (CORA, "Globex", 404),
        (ANN, "Acme", 403),
    ):  # fmt: skip
        assert kept.ask("GET", by_name[name], kept.session(who)).status == status, (who, name)
    assert "Printer on fire" in text(kept, BOB, by_name["Acme"])
    assert "ann@acme.example" in text(kept, BOB, by_name["Acme"] + "?tab=contacts")


def test_n27_theme_and_first_page_are_each_persons_own(kept: Site) -> None:
    wishes = {"theme": "dark", "landing": "/work", "keys": "on", "clock": "on"}
    assert kept.ask("POST", "/me", kept.session(BOB), {"key": key(), **wishes}).status == 303
    first = kept.ask("GET", "/", kept.session(BOB))
    assert first.headers["location"] == "/work"
    assert 'data-theme="dark"' in text(kept, BOB, "/work")
    assert 'data-theme="dark"' not in text(kept, KIM, "/work")
    evil = {**wishes, "theme": "pink", "landing": "//evil.example"}
    kept.ask("POST", "/me", kept.session(BOB), {"key": key(), **evil})
    assert 'data-theme="pink"' not in text(kept, BOB, "/work")
    assert "evil" not in kept.ask("GET", "/", kept.session(BOB)).headers["location"]
