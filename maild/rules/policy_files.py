"""The admin's own files of a profile before they count: which there are, what is wrong with a
text, what it would make different, and how a profile of one's own is begun."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from maild.config import Settings
from maild.desk import last_good
from maild.desk.profile import SHIPPED, Profile, profile_folder
from maild.errors import NotFound, UsageError
from maild.i18n import sentence, told
from maild.rules.engine import Rules
from maild.rules.load import load_book, rule_files, stamps
from maild.rules.reference import described
from maild.rules.rule import RuleSet
from maild.versions import Versions, replace_text

PROFILE, RULES = "profile.yaml", "rules.yaml"
FOLDER = "profile"  # where a profile of one's own is begun
_NAMED = re.compile(r'(?m)^profile\s*=\s*"[^"\n]*"')
_BEGIN = {
    PROFILE: (
        "# Your own profile. It says only what is different from the one below.\n"
        "# Every key: docs/profile-keys.md\n"
        "name: {name}\n"
        "extends: {base}\n"
    ),
    RULES: (
        "# Your own rules. One that has the name of a rule of {base} takes its place;\n"
        '# "- rule: NAME" with "skip: yes" leaves that one out. Every word: docs/rules.md\n'
    ),
}


def is_own(folder: Path) -> bool:
    """Whether this profile is the admin's, and not one that we ship."""
    return not folder.resolve().is_relative_to(SHIPPED)


def files(folder: Path) -> list[str]:
    """The files of an own profile by their names below its folder, those that may be made too."""
    if not is_own(folder):
        return []
    found = [str(file.relative_to(folder)) for file in rule_files(folder)]
    return list(dict.fromkeys([PROFILE, RULES, *found]))


def versions(folder: Path, name: str) -> Versions:
    """The versions of one of these files; NotFound where it is none of them."""
    if name not in files(folder):
        raise NotFound(sentence("There is no such file of the profile."))
    return Versions(folder / name, folder / ".history" / name)


@dataclass(frozen=True, slots=True)
class Candidate:
    """Rules that are not in force."""

    rule_set: RuleSet
    said: dict[str, tuple[str, str]]  # name → when and if, and what it does


def in_force(rules: Rules) -> Candidate:
    """Those that are, to compare with."""
    return Candidate(rules.rule_set, described(rules.rules))


def candidate(rules: Rules, name: str, text: str) -> Candidate:
    """The rules with this text in the place of a file; UsageError tells every mistake of it, each
    with file and line."""
    file = (rules.folder / name).resolve()
    read = [place for place, _ in stamps(rules.profile.folders, rules.templates)]
    own = [place.resolve() for place in read if is_own(place) and place.is_file()]
    texts = {str(place): place.read_text("utf-8") for place in own} | {str(file): text}
    with tempfile.TemporaryDirectory(prefix="maild-") as made:
        root = Path(made).resolve()
        last_good.write_below(root, texts)
        folder = last_good.below(root, rules.folder)
        templates = last_good.below(root, rules.templates) if rules.templates else None
        try:
            found = load_book(folder, templates=templates)
            rules.check(found)
        except UsageError as error:
            said = told(
                error.message, lambda text: text.replace(f"{folder}/", "").replace(str(root), "")
            )
            raise UsageError(said) from error
        return Candidate(found, described(found.rules))


@dataclass(frozen=True, slots=True)
class Difference:
    """What a candidate makes different: names, each of a rule or a status."""

    new: tuple[str, ...]
    gone: tuple[str, ...]
    changed: tuple[str, ...]


def difference(now: Candidate, then: Candidate) -> dict[str, Difference]:
    """ "rules" and "statuses" that would be new, gone, or others."""
    statuses = [_statuses(one.rule_set.profile) for one in (now, then)]
    return {"rules": _between(now.said, then.said), "statuses": _between(*statuses)}


def _statuses(profile: Profile) -> dict[str, str]:
    return {status.name: repr(status) for status in profile.statuses.values()}


def _between(now: Mapping[str, object], then: Mapping[str, object]) -> Difference:
    return Difference(
        new=tuple(name for name in then if name not in now),
        gone=tuple(name for name in now if name not in then),
        changed=tuple(n for n, said in then.items() if n in now and now[n] != said),
    )


def begin(settings: Settings) -> Path:
    """Begins a profile of one's own over the shipped one that is in force, and names it in
    maild.toml; what was there before stays.  UsageError where there is one already."""
    base = profile_folder(settings.config.profile, settings.folder)
    folder = settings.folder / FOLDER
    if is_own(base) or folder.exists():
        raise UsageError(sentence("There is a profile of your own already: {name}.", name=FOLDER))
    folder.mkdir()
    name = re.sub(r"[^\w ]", " ", settings.config.desk.name).strip() or "own"
    for file, text in _BEGIN.items():
        (folder / file).write_text(text.format(name=f'"{name}"', base=base.name), "utf-8")
    _name_it(settings.file)
    return folder


def _name_it(file: Path) -> None:
    text = file.read_text("utf-8")
    line = f'profile = "{FOLDER}/"'
    named = _NAMED.sub(line, text, count=1) if _NAMED.search(text) else f"{line}\n{text}"
    replace_text(file, named)
