"""The profile's files on a screen: looked at, tried on what happened, checked, kept in versions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page, expect

from maild import config
from maild.rules import policy_files
from maild.store.asking import console as asking
from tests.browser.site import BOB, KIM, Site, key

Visits = Callable[..., Page]

SKIP = """- rule: Loud
  when: note added
  if: {note.by_kind: contact}
  then:
    - tag: loud
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A desk with a profile of its own, and a ticket."""
    folder = tmp_path_factory.mktemp("policy")
    own = folder / "own"
    own.mkdir()
    (own / "profile.yaml").write_text("name: own\nextends: next7\n", "utf-8")
    one = Site(folder, profile="own/")
    one.mail(one.desk.ann, "Printer on fire", "It smokes.")
    yield one
    one.close()


def page(site: Site, path: str, who: str = KIM) -> str:
    return site.ask("GET", path, site.session(who)).text


def post(site: Site, name: str, text: str, do: str = "save", was: str | None = None) -> str:
    now = own(site, name).read_text("utf-8") if own(site, name).is_file() else ""
    from maild.web.visit import hashed

    form = {"text": text, "do": do, "was": hashed(now) if was is None else was}
    return site.ask("POST", f"/admin/files/{name}", site.session(KIM), form).text


def own(site: Site, name: str) -> Path:
    return site.desk.folder / "own" / name


@pytest.fixture(autouse=True)
def as_it_was(site: Site) -> Iterator[None]:
    yield
    own(site, "profile.yaml").write_text("name: own\nextends: next7\n", "utf-8")
    own(site, "rules.yaml").unlink(missing_ok=True)
    post(site, "rules.yaml", "", "discard")
    post(site, "profile.yaml", "", "discard")
    site.app.rules.refresh(site.desk.store.act, site.desk.now)


def test_what_is_in_force_is_shown(site: Site) -> None:
    rules = page(site, "/admin/rules")
    assert "Who writes in is told" in rules or "acknowledgement" in rules
    assert "next7/rules.yaml:" in rules and "/admin/files/rules.yaml" in rules
    assert "Waiting Customer" in page(site, "/admin/statuses")
    assert "Monday" in page(site, "/admin/calendars")


def test_a_rule_is_tried_on_what_happened_and_then_counts(site: Site, visits: Visits) -> None:
    screen = visits(KIM, "/admin/files/rules.yaml")
    screen.get_by_label("Text of the file").fill(SKIP)
    screen.get_by_role("button", name="Try on what happened").click()
    expect(screen.get_by_text("+ Loud", exact=True)).to_be_visible()
    expect(screen.locator(".replay ins").first).to_contain_text("Loud: tag loud")
    assert not own(site, "rules.yaml").exists()  # tried is not in force
    screen.get_by_role("button", name="Save and put in force").click()
    expect(screen.get_by_text("in force from now on")).to_be_visible()
    assert own(site, "rules.yaml").read_text("utf-8") == SKIP
    expect(screen.get_by_text("Kim Admin").first).to_be_visible()  # the version, with who
    assert "Loud" in [rule.name for rule in site.app.rules.rules]


@pytest.mark.parametrize(
    ("name", "text", "line", "said"),
    [
        ("rules.yaml", "- rule: Loud\n  when: note aded\n", 2, "did you mean note added?"),
        (
            "rules.yaml",
            "- rule: Loud\n  when: note added\n  then:\n    - statsu: New\n",
            4,
            "status",
        ),
        ("rules.yaml", "- rule: [\n", 2, "rules.yaml"),
        ("rules.yaml", "- rule: Nobody\n  skip: true\n", 1, "rule of the profile below"),
        ("profile.yaml", "name: own\nextends: next8\n", 2, 'no profile "next8"'),
        ("profile.yaml", "name: own\nextends: next7\nstatusses: {}\n", 3, "did you mean statuses?"),
    ],
)
def test_what_is_wrong_is_said_with_its_line_and_changes_nothing(
    site: Site, name: str, text: str, line: int, said: str
) -> None:
    before = own(site, name).read_text("utf-8") if own(site, name).exists() else None
    answer = post(site, name, text).replace("&#34;", '"')
    assert f"{name}, line {line}" in answer and said in answer, answer[-3000:]
    assert "/tmp/maild-" not in answer
    assert (own(site, name).read_text("utf-8") if own(site, name).exists() else None) == before
    assert text.splitlines()[0] in page(site, f"/admin/files/{name}")  # the draft stays


def test_every_mistake_is_told_at_once(site: Site) -> None:
    answer = post(site, "rules.yaml", "- rule: A\n  when: x\n- rule: B\n  when: y\n")
    assert answer.count('role="alert"') >= 2


def test_an_earlier_version_is_taken_again(site: Site) -> None:
    post(site, "rules.yaml", SKIP)
    post(site, "rules.yaml", SKIP.replace("loud", "quiet"))
    kept = policy_files.versions(site.app.rules.folder, "rules.yaml").all()
    assert [version.text for version in kept][-2:] == [SKIP, SKIP.replace("loud", "quiet")]
    assert "tag: loud" in post(site, "rules.yaml", "", f"version {kept[-2].number}")
    post(site, "rules.yaml", SKIP)
    assert own(site, "rules.yaml").read_text("utf-8") == SKIP


def test_another_s_change_meanwhile_is_not_written_over(site: Site) -> None:
    own(site, "rules.yaml").write_text("# theirs\n", "utf-8")
    assert "Somebody has changed this file" in post(site, "rules.yaml", SKIP, was="0")
    assert own(site, "rules.yaml").read_text("utf-8") == "# theirs\n"


@pytest.mark.parametrize("name", ["../maild.toml", "notes.txt", "rules/../../maild.toml"])
def test_no_other_file_is_shown_or_written(site: Site, name: str) -> None:
    encoded = name.replace("/", "%2F")
    for address in (f"/admin/files/{name}", f"/admin/files/{encoded}"):
        assert site.ask("GET", address, site.session(KIM)).status == 404
        form = {"text": "x", "do": "save", "was": ""}
        assert site.ask("POST", address, site.session(KIM), form).status in (404, 405)


def test_the_audit_says_who_changed_the_file(site: Site) -> None:
    post(site, "rules.yaml", SKIP)
    with site.desk.store.look() as unit:
        newest = unit.all(asking.AUDIT, before=2**31)[0]
    assert (newest.by, newest.what, newest.about) == (
        "Kim Admin", "changed a file of the profile", "rules.yaml",
    )  # fmt: skip
    assert site.ask("GET", "/admin/files/rules.yaml", site.session(BOB)).status == 403


def test_a_profile_of_one_s_own_is_begun_over_a_shipped_one(tmp_path: Path) -> None:
    one = Site(tmp_path)
    try:
        assert "Make your own" in page(one, "/admin/rules")
        cookie = one.session(KIM)
        assert "is there" in one.ask("POST", "/admin/rules", cookie, {}).text
        assert one.ask("POST", "/admin/rules", cookie, {}).status == 422  # once
        settings = config.load(one.desk.file)
        assert settings.config.profile == "profile/"
        one.stop()
        one.start()
        assert one.app.profile.statuses.keys() >= {"Waiting Customer", "Complete"}
        assert "/admin/files/rules.yaml" in page(one, "/admin/rules")
    finally:
        one.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_the_editor_and_it_fits_a_phone(
    site: Site, visits: Visits, theme: str
) -> None:
    post(site, "rules.yaml", SKIP, "try")
    narrow = {"width": 360, "height": 740}
    screen = visits(KIM, "/admin/files/rules.yaml", viewport=narrow, color_scheme=theme)
    expect(screen.locator(".replay").first).to_be_visible()
    assert Axe().run(screen).response["violations"] == []
    assert screen.evaluate("document.documentElement.scrollWidth") <= 360


def test_mistakes_are_told_in_the_admin_s_language(site: Site) -> None:
    cookie = site.session(KIM)
    site.ask("POST", "/me", cookie, {"key": key(), "language": "de"})
    text = "- rule: Eine\n  when: ticket creatd\n  then:\n    - sttus: Complete\n- rul: Zwei\n"
    form = {"do": "check", "text": text}
    said = site.ask("POST", "/admin/files/rules.yaml", cookie, form).text
    site.ask("POST", "/admin/files/rules.yaml", cookie, {"do": "discard"})
    site.ask("POST", "/me", cookie, {"key": key(), "language": "en"})
    assert (
        "Zeile 2: „ticket creatd“ gibt es hier nicht (Ereignis); meinten Sie ticket created?"
        in said
    )
    assert "(Aktion); meinten Sie status?" in said
    assert "eine Regel beginnt mit" in said
    assert 'data-line="2"' in said and "did you mean" not in said
