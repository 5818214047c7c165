"""docs/profiles.md, profile-keys.md, rules.md and who.md, made from what they describe.

maild rules docs PAGE
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from maild import yamlfile
from maild.desk.profile import Profile, RequestType, Status, names, shipped
from maild.errors import UsageError
from maild.rules import reference_profile
from maild.rules.actions import ACTIONS, ROUTING
from maild.rules.clocks import waits
from maild.rules.conditions import CHANGES, COMPARISONS
from maild.rules.engine import Rules
from maild.rules.load import KEYS, load_book, rule_files
from maild.rules.office import STATES
from maild.rules.rule import Rule, RuleSet, Step
from maild.rules.schedule import FORMS
from maild.rules.vocabulary import EVENTS, GROUPS, VALUES, fields
from maild.rules.who_is_told import Told, table


def profiles_page() -> str:
    """Each profile: its statuses, and its documents' sentences beside the rules that do them."""
    parts = [
        "# Profiles",
        "This page is made from the profiles' files (`maild rules docs profiles`). "
        "`maild init --profile NAME` writes a copy of one to edit; a folder with `extends: NAME` "
        "in its profile.yaml needs to say only what is different.",
    ]
    for name in names():
        parts.extend(_profile(load_book(shipped(name))))
    return "\n\n".join(parts) + "\n"


def _profile(rule_set: RuleSet) -> Iterable[str]:
    profile = rule_set.profile
    yield f"## {profile.name}"
    below = profile.parents[-1].name if profile.parents else ""
    base = f" It builds on {below}; only what is its own is shown." if below else ""
    yield f"{profile.description}.{base}"
    yield _table(
        ("status", "kind", "besides", "meaning"), map(_status, _own(profile, "statuses").values())
    )
    if profile.slas:
        rows = (
            (s.name, ", ".join(s.priorities) or "all", str(s.first_response), str(s.resolution))
            for s in profile.slas
        )
        yield _table(("SLA", "priorities", "first response", "resolution"), rows)
    requests, templates = _own(profile, "request_types"), _own(profile, "templates")
    if requests:
        head = ("request type", "queue", "its form", "ticket template")
        yield _table(head, map(_request, requests.values()))
    if templates:
        made = ((name, _words(values)) for name, values in templates.items())
        yield _table(("ticket template", "what it sets"), made)
    files = set(rule_files(profile.folder))
    own = [rule for rule in rule_set.rules if rule.file in files]
    said = {name: f"{when}: **{steps}**" for name, (when, steps) in described(own).items()}
    rows = (
        (", ".join(rule.rows), rule.why, f"{rule.name} ({_file(rule)})", said[rule.name])
        for rule in own
    )
    yield _table(("row", "the documents' sentence, in our words", "the rule", "what it does"), rows)


def _own(profile: Profile, names: str) -> dict[str, Any]:
    """What the profile has under these names that the one below has not, or otherwise."""
    below = load_book(profile.parents[-1]).profile if profile.parents else None
    known = getattr(below, names, {})
    return {name: e for name, e in getattr(profile, names).items() if known.get(name) != e}


def _status(status: Status) -> tuple[str, ...]:
    besides = [
        "" if status.for_people else "set by rules only",
        f"needs {', '.join(status.needs)}" if status.needs else "",
        f"of {', '.join(status.categories)}" if status.categories else "",
        "" if status.tell_contact else "the contact is not told",
        "pauses the SLA" if status.pauses_sla else "",
    ]
    return status.name, status.kind, "; ".join(filter(None, besides)), status.meaning


def _request(request: RequestType) -> tuple[str, ...]:
    return request.name, request.queue or "", ", ".join(request.form), request.template or ""


def _file(rule: Rule) -> str:
    return f"{rule.file.name}, line {rule.line}"


def described(rules: Iterable[Rule]) -> dict[str, tuple[str, str]]:
    """Name → ("when assigned, if ticket.status is New", "status Assigned") of each rule.

    Of a rule whose file is broken now, or has it no more, the conditions are not told.
    """
    found = list(rules)
    sources: dict[tuple[Path, str], dict[str, Any]] = {}
    for file in {rule.file for rule in found}:
        with suppress(UsageError, OSError):
            entries = yamlfile.read(file) or ()
            sources |= {
                (file, e["rule"]): e for e in entries if isinstance(e, dict) and "rule" in e
            }
    return {rule.name: _how(rule, sources.get((rule.file, rule.name), {})) for rule in found}


def _how(rule: Rule, source: dict[str, Any]) -> tuple[str, str]:
    when = [f"when {' or '.join(rule.when)}"] if rule.when else []
    when += [waits(rule)] if rule.wait else []
    for word in ("if", "while"):
        if word in source:
            when.append(f"{word} {_words(source[word])}")
    return ", ".join(when), "; ".join(f"{s.action} {_words(s.argument)}" for s in rule.steps)


def _words(value: Any) -> str:
    """YAML as a phrase."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_words(entry)}" for name, entry in value.items())
    if isinstance(value, list | tuple):
        return " or ".join(map(_words, value))
    if isinstance(value, Step):
        return f"{value.action} {_words(value.argument)}"
    text = " ".join(str(value).split())
    return f"`{text}`" if any(sign in text for sign in "\\|*$<") else text


def rules_page() -> str:
    """Every word of the rules' language."""
    return (
        "\n\n".join(
            (
                "# The words of rules",
                "This page is made from the tables that also check rules "
                "(`maild rules docs rules`). A rule reads: *when* this event, *if* these "
                "conditions, (*after* this time,) *then* these actions.",
                _example(),
                "## Keys of a rule",
                _table(("key", "meaning"), KEYS.items()),
                "## Series",
                "What `every` can say, on the desk's clock:",
                _table(("series", "when"), ((f"`{form}`", why) for form, why in FORMS.items())),
                "## Events",
                _table(("event", "when"), EVENTS.items()),
                _table(
                    ("name for several", "events"), ((n, ", ".join(e)) for n, e in GROUPS.items())
                ),
                "## Values",
                "Conditions begin with one of these names; `${name}` fills one in below `then`.",
                _table(
                    ("name", "meaning", "kind"),
                    ((v.name, v.meaning, v.kind) for v in VALUES.values()),
                ),
                "Besides: `mail.header.NAME`, and every field of the ticket: "
                + ", ".join(f"`{name}`" for name in fields(load_book(shipped("next7")).profile))
                + ". A profile adds its own under `fields`.",
                "## Comparisons",
                "`ticket.status: New` and `ticket.status: [New, Assigned]` need no word. Others: "
                "`ticket.title: {contains: printer}`. `all`, `any` and `not` combine conditions.",
                _table(("word", "holds where it is"), _comparisons()),
                "## Actions",
                _table(
                    ("action", "what it does", "example"),
                    (
                        (a.name, a.meaning, f"`{a.name}: {_yaml(a.example)}`")
                        for a in ACTIONS.values()
                    ),
                ),
                "A rule on `mail received` says first what the mail is:",
                _table(
                    ("action", "what it says", "example"),
                    ((n, m, f"`{n}: {_yaml(e)}`") for n, (m, e) in ROUTING.items()),
                ),
                "## Whom `notify` means",
                "`to` takes one of these, or a list of them. Who caused it is left out unless "
                "`author: yes`; nobody gets two mails of one event.",
                _table(("to", "who"), WHO.items()),
                "## Web hooks",
                HOOKS,
            )
        )
        + "\n"
    )


# Whom `to` of `notify` means (`desk.roles.ROLES`, `recipients.SPECIAL`).
WHO = {
    "contact": "the ticket's contact",
    "additional contacts": "contacts in Cc, or put on it by `#cc`",
    "contacts": "these two",
    "primary resource": "who holds the ticket",
    "secondary resources": "who is on it too",
    "resources": "these two",
    "everybody": "contacts and resources of the ticket",
    "all resources": "every active resource of the desk",
    "account manager": "the resource whose name or address stands in the organization's field "
    "`account_manager`",
    "author": "who caused it",
    "other side": "the resource of the side that did not say it, of a shared ticket",
    "holders": "who holds the ticket; where nobody does, the group named like its queue, else all "
    "resources, else the admins",
    "receivers": "to whom an escalation goes: the resource, else the group named like the queue, "
    "else all resources",
    "writer": "who wrote the note that it is about",
    "added": "who was put on the ticket by this very event",
    "on-call": "who is on call now, by `on_call` in profile.yaml; nobody is: all resources",
    "a group": "everybody under that name in `groups` of profile.yaml; an empty one: all resources",
    "a name or an address": "that resource; an address may be anybody's",
}
HOOKS = """\
`web hook: NAME` calls the `[[hook]]` of that name in maild.toml by POST, once for each event and
rule, and again with growing pauses, twelve times in all, until it is answered with 2xx; 410 ends it
at once, and the admins hear of a call that has failed. The body is JSON: `event`, `rule`, `at`, and
`ticket` with the facts that [templates](templates.md) can name. Two headers come with it:

- `Maild-Id` is the same whenever the same call is tried again: take each once.
- `Maild-Signature: t=UNIX,v1=HEX`: HEX is the HMAC-SHA256 by the hook's secret over `UNIX`, a dot,
  and the body as it came. Compute it again, compare in constant time, and refuse a call whose UNIX
  (seconds) is more than a few minutes old."""


def _comparisons() -> Iterable[tuple[str, str]]:
    for word, (meaning, _) in COMPARISONS.items():
        yield word, meaning
    yield from CHANGES.items()


def _example() -> str:
    text = rule_files(shipped("next7"))[0].read_text("utf-8")
    start = text.index("- rule: A customer who is silent")
    return f"```yaml\n{text[start : text.index('- rule:', start + 1)].strip()}\n```"


def _yaml(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_yaml(entry)}" for name, entry in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_yaml, value)) + "]"
    return str(value)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [" | ".join(head), " | ".join("---" for _ in head)]
    lines += [" | ".join(cell.replace("|", "\\|") for cell in row) for row in rows]
    return "\n".join(f"| {line} |" for line in lines)


def who_page() -> str:
    """Who hears of what, in every profile."""
    parts = [
        "# Who hears of what",
        "This page is made by trying the shipped rules (`maild rules docs who`); `maild rules who` "
        "prints the same of your desk. Each line is done to a ticket that somebody holds, that "
        "nobody holds, and whose holder is away. Who did it himself is not told again. "
        "*All resources*: the group that is called as the ticket's queue, where `groups` in "
        "profile.yaml has one; else every technician; where there is none, the admins.",
    ]
    for name in names():
        parts += [f"## {name}", who_table(table(Rules(shipped(name))))]
    return "\n\n".join(parts) + "\n"


def who_table(rows: Iterable[Told]) -> str:
    """What was told to whom as a table."""
    cells = (
        (r.happening, *(", ".join(told) or "nobody" for told in r.told.values())) for r in rows
    )
    return _table(("what happens", *STATES), cells)


PAGES: Mapping[str, Callable[[], str]] = {  # what makes each page, by its file name
    "profiles.md": profiles_page,
    "profile-keys.md": reference_profile.page,
    "rules.md": rules_page,
    "who.md": who_page,
}
