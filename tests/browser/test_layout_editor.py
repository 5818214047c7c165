"""The page around all mails in the editor, as a template is: tried, saved, brought together, put
back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from maild.templates import three_way
from maild.templates.history import History
from maild.templates.source import shipped_layout
from tests.browser.site import BOB, KIM, Answer, Site, key

EDITOR = "/admin/templates/layout?lang=en"
FOOT = "<p>{{ foot }}</p>"
MINE = shipped_layout().replace(FOOT, "<p>Example Ltd, 1 High Street</p>" + FOOT)


@pytest.fixture(autouse=True)
def shipped_again(site: Site) -> Iterator[None]:
    """Two mails of different kinds, and no layout of the desk's own."""
    if not site.desk.tickets():
        site.mail(site.desk.ann, "Printer on fire", "It smokes.")
    yield
    (own(site) / "layout.html").unlink(missing_ok=True)
    post(site, "discard")


def own(site: Site) -> Path:
    return site.desk.folder / "templates"


def look(site: Site, path: str = EDITOR) -> str:
    return site.ask("GET", path, site.session(KIM)).text


def post(site: Site, do: str, text: str = "", **more: str) -> Answer:
    was = re.search(r'name="was" value="(\w+)"', look(site))
    assert was is not None
    form = {"do": do, "text": text, "was": was[1], **more}
    return site.ask("POST", EDITOR, site.session(KIM), form)


def test_it_is_on_the_list_and_for_admins(site: Site) -> None:
    assert 'href="/admin/templates/layout"' in look(site, "/admin/templates")
    assert "{{ body|ready }}" in look(site)
    assert site.ask("GET", EDITOR, site.session(BOB)).status == 403


def test_it_is_tried_on_the_last_mails_of_every_kind_old_beside_new(site: Site) -> None:
    tried = post(site, "try", MINE).text
    kinds = {address for address in ("ann@acme.example", "bob@example.com") if address in tried}
    assert len(kinds) == 2  # the acknowledgement, and what technicians are told
    assert re.search(r"(\d+) of \1 would be different", tried)
    assert "<ins>+ " in tried and "1 High Street" in tried
    assert "Printer on fire" in tried
    frame = re.search(r'src="(/admin/templates/layout/mail/\d+\?lang=en)"', tried)
    assert frame is not None
    assert "1 High Street" in look(site, frame[1])
    assert "1 High Street" not in look(site, f"{frame[1]}&now=1")
    assert not (own(site) / "layout.html").exists()  # it is a draft
    german = look(site, "/admin/templates/layout?lang=de")
    assert "1 High Street" in german and "Antworten Sie auf diese Mail" in german


@pytest.mark.parametrize("on", ["example", "right-to-left", "nobody"])
def test_it_is_shown_on_an_example_and_its_extremes(site: Site, on: str) -> None:
    post(site, "try", MINE)
    sample = look(site, f"/admin/templates/layout/sample?lang=en&on={on}")
    assert "1 High Street" in sample
    assert "As plain text" in look(site, f"{EDITOR}&on={on}")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("{{ foot }}", "{{ foott }}", "did you mean foot?"),
        ("{{ body|ready }}", "", "mails would say nothing"),
        ("{% endif %}", "", "is not closed"),
    ],
)
def test_a_mistake_is_refused_with_its_line(site: Site, old: str, new: str, said: str) -> None:
    refused = post(site, "save", MINE.replace(old, new, 1))
    assert refused.status == 422
    assert said in refused.text and re.search(r'data-line="[1-9]', refused.text)
    assert not (own(site) / "layout.html").exists()


def test_it_is_saved_and_counts_and_an_earlier_one_is_put_back(site: Site) -> None:
    saved = post(site, "save", MINE, why="the law wants our address")
    assert "in force from the next mail on" in saved.text
    assert "the law wants our address" in saved.text
    newest = History(own(site)).versions("layout", "en")[-1]
    assert (newest.by, newest.text) == ("Kim Admin", MINE)
    site.mail(site.desk.ann, "After it", "It smokes.")
    site.deliver()
    assert "1 High Street" in str(site.desk.ann.received()[-1])
    assert "changed a template" in look(site, "/admin/audit")
    number = re.search(r'value="version ([1-9]\d*)"', post(site, "version 0").text)
    assert number is not None and not (own(site) / "layout.html").exists()
    post(site, f"version {number[1]}")
    assert (own(site) / "layout.html").read_text("utf-8") == MINE


def test_a_newer_shipped_one_is_brought_together_with_the_desks_own(site: Site) -> None:
    older = shipped_layout().replace("max-width: 600px", "max-width: 580px")
    post(site, "save", older.replace(FOOT, "<p>Ours</p>" + FOOT))
    three_way.base(own(site), "layout", "en").write_text(older, "utf-8")
    assert "The shipped text has changed since yours was made." in look(site)
    post(site, "merge")
    text = shipped_layout().replace(FOOT, "<p>Ours</p>" + FOOT)
    assert "in force from the next mail on" in post(site, "save", text).text
    assert "The shipped text has changed" not in look(site)


def test_mistakes_are_told_in_the_admins_language(site: Site) -> None:
    cookie = site.session(KIM)
    site.ask("POST", "/me", cookie, {"key": key(), "language": "de"})
    layout = post(site, "check", MINE.replace("{{ foot }}", "{{ foott }}")).text
    form = {"do": "check", "text": "subject: x\n---\n{% if ticket %}\n{{ time.internal }}\n"}
    template = site.ask("POST", "/admin/templates/acknowledgement?lang=de", cookie, form).text
    site.ask("POST", "/admin/templates/acknowledgement?lang=de", cookie, {"do": "discard"})
    names = look(site, "/admin/templates/acknowledgement?lang=de")
    purposes = look(site, "/admin/templates")
    site.ask("POST", "/me", cookie, {"key": key(), "language": "en"})
    assert "die Nummer des Tickets" in names and "number</dd>" not in names
    assert "Ein abgeschlossenes Ticket ist wieder offen." in purposes
    assert "A completed ticket" not in purposes
    assert "Zeile" in layout and "meinten Sie foot?" in layout and 'data-line="' in layout
    assert "ist nicht geschlossen; schreiben Sie {% endif %}" in template
