"""The rules as they were when their files had no mistake (see `maild/desk/last_good.py`)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from maild.desk import last_good
from maild.desk.profile import SHIPPED
from maild.errors import UsageError
from maild.rules.load import load_book
from maild.rules.rule import RuleSet
from maild.store.unit import Unit

RULES = "rules"  # under which name the files are kept


def keep(unit: Unit, rule_set: RuleSet) -> None:
    """Keeps the admin's own files of profile, rules and notifications."""
    files = [file for file, _ in rule_set.stamps]
    last_good.keep(unit, RULES, (f for f in files if not f.is_relative_to(SHIPPED)))


def kept(unit: Unit, folder: Path, templates: Path) -> RuleSet | None:
    """The rules of this folder as they were in force last; None where nothing good is kept.

    They name the places of the files that they were read from, though these say other things now.
    """
    texts = last_good.kept(unit, RULES)
    if texts is None:
        return None
    root = last_good.spread(tuple(sorted(texts.items())))

    def there(place: Path) -> Path:
        return place if place.is_relative_to(SHIPPED) else last_good.below(root, place)

    def back(place: Path) -> Path:
        return Path("/") / place.relative_to(root) if place.is_relative_to(root) else place

    try:
        found = load_book(there(folder), templates=there(templates))
    except UsageError:  # this version of maild reads them otherwise
        return None
    profile = found.profile
    return RuleSet(
        replace(profile, folder=back(profile.folder), parents=tuple(map(back, profile.parents))),
        tuple(replace(rule, file=back(rule.file)) for rule in found.rules),
        tuple((back(file), changed) for file, changed in found.stamps),
    )
