"""A ticket's page as it is served: of a long conversation the latest, and never what was before."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import pytest

from maild.model import Role
from maild.store.asking import screens
from maild.store.records import Note
from maild.web.feed import News
from maild.web.pages.sheets import SHEETS
from tests.browser.site import BOB, KIM, Site, key


def long_story(site: Site, notes: int) -> str:
    """The number of a ticket with so many notes."""
    number = site.mail(site.desk.ann, "A long story", "How it began.")
    with site.desk.store.unit() as unit:
        ticket = screens.numbered(unit, number)
        assert ticket is not None
        for n in range(notes - 1):
            unit.add(
                Note(
                    ticket_id=ticket.id, by_kind=Role.CONTACT, public=True, text=f"Word {n}.",
                    created=site.desk.now + timedelta(seconds=n),
                )
            )  # fmt: skip
    return number


def test_of_a_long_conversation_the_latest_is_asked_for(site: Site) -> None:
    number = long_story(site, 60)
    with site.desk.store.look() as unit:
        ticket = screens.numbered(unit, number)
        assert ticket is not None
        whole = screens.whole(unit, ticket)
        assert [note.text for note in whole.notes] == [f"Word {n}." for n in range(34, 59)]
        assert whole.earlier == 35
        everything = screens.whole(unit, ticket, everything=True)
        assert (len(everything.notes), everything.earlier) == (60, 0)


def test_what_is_kept_of_a_note_follows_what_it_shows(site: Site) -> None:
    number, cookie = site.mail(site.desk.ann, "Kept", "As it was."), site.session(BOB)
    path = f"/tickets/{number}"
    assert "As it was." in site.ask("GET", path, cookie).text
    with site.desk.store.unit() as unit:
        ticket = screens.numbered(unit, number)
        assert ticket is not None
        note = unit.get(Note, screens.whole(unit, ticket).notes[0].id)
        assert note is not None
        unit.change(note, text="As it is.")
    shown = site.ask("GET", path, cookie).text
    assert "As it is." in shown and "As it was." not in shown


def test_what_is_kept_of_a_note_is_of_one_reader_s_language(site: Site) -> None:
    number = site.mail(site.desk.ann, "Spoken", "Words.")
    english, german = site.session(BOB), site.session(KIM)
    wish = {"key": key(), "language": "de"}
    assert site.ask("POST", "/me", german, wish).status in (200, 204, 303)
    for _ in range(2):
        assert "More about this note" in site.ask("GET", f"/tickets/{number}", english).text
        said = site.ask("GET", f"/tickets/{number}", german).text
        assert "More about this note" not in said and "Mehr zu dieser Notiz" in said


@pytest.mark.parametrize("name", SHEETS)
def test_what_is_asked_before_something_is_done_opens(site: Site, name: str) -> None:
    number = site.mail(site.desk.ann, "Asked first", "It smokes.")
    opened = site.ask("GET", f"/tickets/{number}/sheet/{name}", site.session(BOB))
    assert opened.status == 200 and 'name="key"' in opened.text


def test_a_note_becomes_a_ticket_of_its_own_after_it_is_asked(site: Site) -> None:
    number, cookie = long_story(site, 3), site.session(BOB)
    with site.desk.store.look() as unit:
        ticket = screens.numbered(unit, number)
        assert ticket is not None
        note = screens.whole(unit, ticket).notes[-1].id
    asked = site.ask("GET", f"/tickets/{number}/sheet/split?note={note}", cookie).text
    assert f'name="note" value="{note}"' in asked and 'name="bare" value="split"' in asked
    form = {"key": key(), "note": str(note), "bare": "split"}
    answer = site.ask("POST", f"/tickets/{number}/do", cookie, form)
    assert answer.status == 303
    assert site.desk.ticket()["number"] != number


def test_two_pages_that_are_open_do_not_tell_each_other_without_end(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[News] = []

    def tell(news: Iterable[News]) -> None:
        told.extend(one for one in news if one.what == "presence")

    monkeypatch.setattr(site.console.feed, "tell", tell)
    number = site.mail(site.desk.ann, "Both look", "It smokes.")
    path, both = f"/tickets/{number}/seen", (site.session(BOB), site.session(KIM))
    for cookie in both * 3:  # who comes is news once; that he is still there is none
        assert site.ask("POST", path, cookie, {"writes": "0"}).status == 200
    assert len(told) == 1
    site.ask("POST", path, both[0], {"writes": "1"})
    assert len(told) == 2
