"""docs/profile-keys.md, made from the table that checks and reads profile.yaml."""

from __future__ import annotations

from collections.abc import Iterable

from maild.desk.fields import PARTS, SETTABLE
from maild.desk.lists import VIEWS
from maild.desk.profile import FIELDS, NEEDS, STATUS_KINDS
from maild.desk.profile_keys import KEYS
from maild.yaml_schema import SHAPES, Key, manual

_HEAD = """\
# The keys of profile.yaml

This page is made from the table that also checks the file (`maild rules docs profile-keys`).
`maild rules check` reads the files of the desk's profile, `maild rules check FOLDER` any other;
every mistake is told with its line. What the shipped profiles say is in [profiles](profiles.md),
what happens by itself in [rules](rules.md). A changed file is read at once, without a restart;
one with a mistake leaves the old one in force and tells the admins.

## A profile that builds on another

`extends: next7` takes all that is there, files of rules too, and a folder's own profile.yaml says
only what is different:

```yaml
extends: next7
name: own
priorities: [Normal, Urgent]
matrix: [{priority: Normal}]          # the one below names priorities that are gone
statuses:
  - {name: Waiting Materials, skip: yes}
  - {name: On Hold, kind: waiting}
slas:
  - {name: Acme, organizations: [Acme], first_response: 1 hour}
calendars:
  default: {hours: {mon-thu: "8:00-16:00"}}
```

How a key is written over the same key below depends on what it takes, and on nothing else:
"""
_MERGING = """\
Joined by their names: an entry whose name is not there below comes before those that are, so that
an SLA of one's own is asked first; an entry of the same name keeps its place and changes the keys
that it writes; `skip: yes` leaves an entry of that name out. Everything else takes the other's
place whole: the hours of a calendar are those that are written, and a list of words is all of it.
Where an entry below names a word that such a list has no more, `maild rules check` says so: write
that entry too.

In files of rules, a rule of the same name takes the other's place, and `skip: yes` leaves it out.
"""
# Of a key with entries: what stands between its heading and its table.
_ABOUT = {
    "statuses": """\
What a ticket can be. Rules and commands name statuses; views and the SLA ask for their kinds.""",
    "sides": """\
What the two sides of a shared ticket are called, in mails and behind `#transfer`.""",
    "matrix": """\
The first row that fits counts; one without impact or urgency is for any. `#impact` and `#urgency`
ask it, and so does `set: {priority: from matrix}` in a rule.""",
    "request_types": """\
What contacts can ask for in words of ours (P1): a mail whose subject is one of these names, or that
has a line `Request type: NAME`, is such a request.""",
    "views": """\
Lists of tickets, besides those of every profile: all tickets of these kinds and statuses.""",
    "calendars": """\
`default` is the calendar of rules, and of an SLA that names none. Business days and hours are
counted on it, on the clocks of its own `timezone`, else on those of `[desk]`.""",
    "on_call": """\
`assign: on-call` and `notify: {to: on-call}` in rules mean who has it now.""",
    "slas": """\
What we owe. The first that fits the ticket's organization, priority and type counts. Minutes and
hours are business time; while the status has `pauses_sla` they stand still. What is near and what
was missed are the events `SLA approaching` and `SLA missed` of rules.""",
}


def page() -> str:
    """The whole of docs/profile-keys.md."""
    parts = [_HEAD + "\n" + _shapes(), _MERGING, "## All keys\n", manual(KEYS) + "\n"]
    for key in KEYS:
        if key.keys:
            parts += [*_section(key), *_BEHIND.get(key.name, lambda: [])()]
        elif key.name == "templates":
            parts += _templates()
    return "\n".join(parts).rstrip() + "\n"


def _shapes() -> str:
    written = ((words, how) for _, words, how in SHAPES.values())
    return _table(("what it takes", "over the same key below"), sorted(set(written)))


def _section(key: Key) -> Iterable[str]:
    yield f"## {key.name}\n"
    yield _ABOUT[key.name] + "\n"
    yield manual(key.keys) + "\n"


_NEEDS = """\
What `needs` can ask for; a person is refused the status until it is there, and is told:
"""
_VIEWS = """\
Those of every profile, by `#list NAME`, `maild tickets --view NAME` and `each: NAME` in a rule; a
view of the same name takes the place of one:
"""
_TEMPLATE = """\
## templates

All the fields of a known situation in one go, by `#template NAME` or `template: NAME` in a rule:

```yaml
templates:
  Handoff to the office:
    status: Waiting Internal Review
    queue: Co-managed
    assign: Dana Lead
    tags: [handoff]
    checklist: Handoff
```
"""


def _statuses() -> list[str]:
    kinds = _table(("kind", "meaning"), STATUS_KINDS.items())
    return ["Kinds of status:\n", kinds, _NEEDS, _table(("need", "what is said"), NEEDS.items())]


def _views() -> list[str]:
    rows = ((name, title) for name, (title, _, _) in VIEWS.items())
    return [_VIEWS, _table(("view", "lists"), rows)]


def _templates() -> list[str]:
    parts = ", ".join(f"`{name}`" for name in PARTS)
    fields = ", ".join(f"`{name}`" for name in (*SETTABLE, *FIELDS))
    return [
        _TEMPLATE,
        f"A template can have {parts}, any field of a ticket ({fields}), and those under `fields`. "
        "Its status is set last, and by a person only where what it needs is there.\n",
    ]


_BEHIND = {"statuses": _statuses, "views": _views}


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"
