"""Reads the rules of a profile, and tells every mistake at once: file, line, found, possible."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from maild import yamlfile
from maild.desk import notifications, views
from maild.desk.calendar import Span
from maild.desk.fields import PARTS, SETTABLE
from maild.desk.profile import Profile, load_profile
from maild.errors import UsageError
from maild.i18n import sentence
from maild.model import EventName
from maild.rules import conditions
from maild.rules.actions import ACTIONS, CORRELATE_KEYS, ROUTING
from maild.rules.checks import Reading, line_of_key
from maild.rules.interpolate import holes
from maild.rules.rule import After, Before, Every, Rule, RuleSet, Step
from maild.rules.schedule import Schedule
from maild.rules.vocabulary import EVENTS, GROUPS, names, value_named
from maild.yamlfile import Problems, nearest

KEYS = {
    "rule": "its name, which says what it does",
    "why": "the sentence of the documents that it does, in our words",
    "rows": "the rows of the behaviour table that it serves",
    "when": "the event, or a list of events, or a name for several",
    "if": "what must be so at the event",
    "after": 'it waits: "8 business days", "2 days", "4 business hours", "1 day at 9:00"',
    "before": 'it waits for a time of the ticket: "due", "due 1 day", "due 1 day at 9:00"',
    "every": 'it comes again: "monday at 9:00", "first business day of the month" …',
    "each": "with `every`: the view whose tickets it is for, each for itself",
    "while": "what must stay so as long as it waits; checked again when it fires",
    "until": "events that end the waiting",
    "then": "actions, one after the other",
    "skip": "yes: the rule of this name in the profile below is not wanted",
}
WAITS = ("after", "before", "every")


def stamps(
    folders: tuple[Path, ...], templates: Path | None = None
) -> tuple[tuple[Path, int], ...]:
    """The files of a profile, the catalogue of notifications, and when each was last changed."""
    files = [file for folder in folders for file in (folder / "profile.yaml", *rule_files(folder))]
    files += [templates / notifications.FILE] if templates is not None else []
    return tuple((file, file.stat().st_mtime_ns) for file in files if file.is_file())


def rule_files(folder: Path) -> list[Path]:
    """rules.yaml and whatever lies in rules/, in the order of their names."""
    return [
        file
        for file in (folder / "rules.yaml", *sorted((folder / "rules").glob("*.yaml")))
        if file.is_file()
    ]


def load_book(
    folder: Path, extra: tuple[Path, ...] = (), *, templates: Path | None = None
) -> RuleSet:
    """The profile of this folder with its rules; UsageError tells every mistake of both.

    `extra`: more files of rules, over those of the profile; `templates`: the admin's folder, whose
    notifications rules can send.
    """
    profile = load_profile(folder, templates)
    problems = Problems()
    entries: dict[str, tuple[Any, Path]] = {}
    files = [file for place in profile.folders for file in rule_files(place)]
    for file in (*files, *extra):
        _collect(file, entries, problems)
    rules = [_Reading(profile, file, problems).rule(entry) for entry, file in entries.values()]
    read = stamps(profile.folders, templates)
    rule_set = RuleSet(profile, tuple(filter(None, rules)), read)
    _check_clocks(rule_set, problems)
    _check_templates(profile, problems)
    problems.end()
    return rule_set


def _collect(file: Path, entries: dict[str, tuple[Any, Path]], problems: Problems) -> None:
    """Adds a file's rules; one of the same name takes the place of that of the profile below."""
    read = yamlfile.read(file) or []
    if not isinstance(read, list):
        problems.add(
            file, 1, sentence("a list of rules is needed, each beginning with `- rule: NAME`.")
        )
        return
    here: set[str] = set()
    for entry in read:
        if not isinstance(entry, dict) or not entry.get("rule"):
            problems.add(file, entry, sentence("a rule begins with `- rule: NAME`."))
            continue
        name = str(entry["rule"])
        if name in here:
            problems.add(file, entry, sentence('there are two rules called "{name}".', name=name))
        here.add(name)
        if entry.get("skip") is True:
            if name not in entries:
                problems.unknown(file, entry, sentence("rule of the profile below"), name, entries)
            entries.pop(name, None)
        else:
            entries[name] = (entry, file)


def _check_clocks(rule_set: RuleSet, problems: Problems) -> None:
    """`start clock` names a rule that waits."""
    waiting = [rule.name for rule in rule_set.rules if isinstance(rule.wait, After)]
    for rule in rule_set.rules:
        for step in rule.steps:
            if step.action in ("start clock", "stop clock") and step.argument not in waiting:
                problems.unknown(
                    rule.file, rule.line, sentence("rule that waits"), step.argument, waiting
                )


def _check_templates(profile: Profile, problems: Problems) -> None:
    """Ticket templates set fields that there are."""
    file = profile.folder / "profile.yaml"
    known = (*PARTS, *SETTABLE, *profile.field_names)
    for template in profile.templates.values():
        for name, value in template.items():
            if name not in known:
                problems.unknown(file, value, sentence("field of a ticket"), name, known)
        for name in ("status", "priority", "type", "queue"):
            Reading(profile, file, problems, template).word(name, template.get(name))


class _Reading:
    """Reads the rules of one file."""

    def __init__(self, profile: Profile, file: Path, problems: Problems) -> None:
        self.profile = profile
        self.file = file
        self.problems = problems

    def rule(self, entry: Any) -> Rule | None:
        for name in entry:
            if name not in KEYS:
                self.problems.unknown(
                    self.file, line_of_key(entry, name), sentence("key of a rule"), name, KEYS
                )
        wait = self._wait(entry)
        when = self._events(entry, "when")
        if not entry.get("when") and not isinstance(wait, Before | Every):
            self.problems.add(
                self.file,
                entry,
                sentence('"{rule}" needs `when`: an event.', rule=str(entry["rule"])),
            )
        reader = conditions.Reader(self.profile, self.file, self.problems, when)
        condition = reader.read(entry.get("if"))
        keep = reader.read(entry.get("while"))
        steps = self._steps(entry, when, reader.captures)
        self._fits(entry, wait)
        return Rule(
            name=str(entry["rule"]),
            when=when,
            condition=condition,
            steps=steps,
            file=self.file,
            line=yamlfile.line_of(entry),
            wait=wait,
            keep=keep,
            until=self._events(entry, "until"),
            rows=tuple(map(str, _list(entry.get("rows")))),
            why=" ".join(str(entry.get("why", "")).split()),
        )

    def _fits(self, entry: Any, wait: Any) -> None:
        """Keys that say nothing without others are mistakes."""
        if wait is None and ("while" in entry or "until" in entry):
            self.problems.add(
                self.file,
                entry,
                sentence("`while` and `until` are for rules that wait (`after`, `before`)."),
            )
        if "each" in entry and not isinstance(wait, Every):
            self.problems.add(self.file, entry, sentence("`each` goes with `every`."))
        if isinstance(wait, Before) and "if" in entry:
            self.problems.add(
                self.file, entry, sentence("a rule with `before` has `while` in the place of `if`.")
            )

    def _events(self, entry: Any, name: str) -> tuple[EventName, ...]:
        found: list[EventName] = []
        for word in _list(entry.get(name)):
            if word in EVENTS:
                found.append(EventName(word))
            elif word in GROUPS:
                found.extend(GROUPS[word])
            else:
                at = word if getattr(word, "line", 0) else line_of_key(entry, name)
                self.problems.unknown(self.file, at, sentence("event"), word, (*EVENTS, *GROUPS))
        return tuple(dict.fromkeys(found))

    # ---- waiting

    def _wait(self, entry: Any) -> After | Before | Every | None:
        given = [name for name in WAITS if name in entry]
        if not given:
            return None
        if len(given) > 1:
            self.problems.add(
                self.file,
                entry,
                sentence("{names: and }: a rule waits in one way.", names=list(given)),
            )
        name, text = given[0], str(entry[given[0]])
        try:
            if name == "after":
                return After(Span.read(text))
            if name == "every":
                return Every(Schedule.read(text), self._view(entry))
            return self._before(entry, text)
        except UsageError as error:
            self.problems.add(self.file, line_of_key(entry, name), error.message)
            return After(Span(1, "day"))

    def _before(self, entry: Any, text: str) -> Before:
        field, _, rest = text.strip().partition(" ")
        value = value_named(f"ticket.{field}", self.profile)
        if value is None:
            known = [n.removeprefix("ticket.") for n in names(self.profile) if n[:7] == "ticket."]
            raise UsageError(
                sentence(
                    '"{field}" is no time of a ticket; {nearest}',
                    field=field,
                    nearest=nearest(field, known),
                )
            )
        if rest.startswith("at "):
            rest = f"0 days {rest}"
        return Before(value, Span.read(rest) if rest else Span(0, "minute"))

    def _view(self, entry: Any) -> str | None:
        view = entry.get("each")
        if view is not None and view not in views.names(self.profile):
            line = line_of_key(entry, "each")
            self.problems.unknown(
                self.file, line, sentence("view"), view, views.names(self.profile)
            )
        return None if view is None else str(view)

    # ---- actions

    def _steps(
        self, entry: Any, when: tuple[EventName, ...], captures: set[str]
    ) -> tuple[Step, ...]:
        listed = entry.get("then")
        if not isinstance(listed, list) or not all(isinstance(e, dict) for e in listed):
            self.problems.add(
                self.file,
                line_of_key(entry, "then"),
                sentence(
                    '"{rule}" needs `then`: a list of actions like `- status: Complete`.',
                    rule=str(entry["rule"]),
                ),
            )
            return ()
        steps = self._list_of_steps(listed, EventName.MAIL_RECEIVED in when)
        wanted = {name: step for step in listed for value in step.values() for name in holes(value)}
        for name, step in wanted.items():
            known = name in captures or name == "follow_up" or value_named(name, self.profile)
            if not known and not entry.get("after"):
                possible = [*sorted(captures), *names(self.profile)]
                self.problems.unknown(self.file, step, sentence("name to fill in"), name, possible)
        if EventName.MAIL_RECEIVED in when and "from" not in {s.action for s in steps}:
            self.problems.add(
                self.file,
                entry,
                sentence(
                    '"{rule}" is about a mail that has no ticket yet: it needs `- from: …`, which '
                    "says what takes the place of its sender.",
                    rule=str(entry["rule"]),
                ),
            )
        return steps

    def _list_of_steps(self, listed: list[Any], routing: bool) -> tuple[Step, ...]:
        steps = []
        for item in listed:
            for name, argument in item.items():
                if name in ROUTING and routing:
                    self._check_routing(item, name, argument)
                    steps.append(Step(name, argument, lambda context, argument: None))
                elif name in ACTIONS:
                    steps.append(self._step(item, name, argument))
                else:
                    known = (*ROUTING, *ACTIONS) if routing else ACTIONS
                    self.problems.unknown(self.file, item, sentence("action"), name, known)
        return tuple(steps)

    def _step(self, item: Any, name: str, argument: Any) -> Step:
        action = ACTIONS[name]
        if not self._shape(item, name, argument):
            return Step(name, argument, action.run)
        if action.takes == "steps":
            argument = self._list_of_steps(argument, False)
        if action.check is not None:
            action.check(Reading(self.profile, self.file, self.problems, item), argument)
        return Step(name, argument, action.run)

    def _shape(self, item: Any, name: str, argument: Any) -> bool:
        """Whether the argument has the shape that the action takes."""
        action = ACTIONS[name]
        shapes: dict[str, tuple[tuple[type, ...], str]] = {
            "text": ((str, int, float), sentence("a text")),
            "rule": ((str,), sentence("the name of a rule")),
            "texts": ((str, int, float, list), sentence("a text or a list of texts")),
            "yes": ((bool,), sentence("yes")),
            "map": ((dict,), sentence("keys with values")),
            "note": ((str, dict), sentence("a text, or text, title and public")),
            "steps": ((list,), sentence("a list of actions")),
        }
        types, words = shapes[action.takes]
        if not isinstance(argument, types):
            self.problems.add(
                self.file,
                item,
                sentence(
                    "{name}: {value} is not {words}.", name=name, value=repr(argument), words=words
                ),
            )
            return False
        if isinstance(argument, dict):
            for given in argument:
                if action.keys and given not in action.keys:
                    line = line_of_key(argument, given)
                    self.problems.unknown(
                        self.file, line, sentence("key of {name}", name=name), given, action.keys
                    )
            for needed in action.needs:
                if needed not in argument:
                    self.problems.add(
                        self.file, item, sentence("{name} needs `{key}`.", name=name, key=needed)
                    )
                    return False
        return True

    def _check_routing(self, item: Any, name: str, argument: Any) -> None:
        if name != "correlate" or not isinstance(argument, dict):
            return
        for given in argument:
            if given not in CORRELATE_KEYS:
                line = line_of_key(argument, given)
                self.problems.unknown(
                    self.file, line, sentence("key of correlate"), given, CORRELATE_KEYS
                )


def _list(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]
