"""The pages about rules say what is in force."""

from __future__ import annotations

from pathlib import Path

import pytest

from maild.desk.profile import load_profile, names, shipped
from maild.desk.profile_keys import KEYS
from maild.desk.roles import ROLES
from maild.rules.load import load_book
from maild.rules.recipients import SPECIAL, TURNS
from maild.rules.reference import PAGES, WHO
from maild.yaml_schema import Key

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", sorted(PAGES))
def test_the_page_is_made_from_the_files(name: str) -> None:
    made = PAGES[name]()
    page = name.removesuffix(".md")
    assert (DOCS / name).read_text("utf-8") == made, f"run: maild rules docs {page} > docs/{name}"


@pytest.mark.parametrize("name", names())
def test_every_shipped_rule_says_which_sentence_it_does(name: str) -> None:
    lacking = [rule.name for rule in load_book(shipped(name)).rules if not (rule.why and rule.rows)]
    assert lacking == [], "these lack `rows:` or `why:`"


def test_everybody_whom_notify_can_mean_is_explained() -> None:
    named = {name for name in WHO if not name.startswith("a ")}
    unsaid = {"nobody", *TURNS}  # of `assign`
    assert named == {*ROLES, *SPECIAL} - unsaid


@pytest.mark.parametrize("key", [key for key in KEYS if key.keys], ids=lambda key: key.name)
def test_every_entry_of_a_profile_has_its_section(key: Key) -> None:
    page = PAGES["profile-keys.md"]()
    section = page.partition(f"## {key.name}\n")[2].partition("\n## ")[0]
    for inner in key.keys:
        assert f"| `{inner.name}` |" in section


def test_the_example_of_a_profile_that_builds_on_another_is_read(tmp_path: Path) -> None:
    page = PAGES["profile-keys.md"]()
    (tmp_path / "profile.yaml").write_text(page.partition("```yaml\n")[2].partition("```")[0])
    own = load_profile(tmp_path)
    assert [sla.name for sla in own.slas] == ["Acme"]
    assert "Waiting Materials" not in own.statuses
    assert own.statuses["On Hold"].pauses_sla
