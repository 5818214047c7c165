"""The directives in the first lines of a text: "#status Waiting Customer", "Priority: 1".

They stand before any other text, several on a line if wanted.  A line that begins like a
directive and cannot be read is given back as unclear: it is never guessed at.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, replace
from functools import lru_cache

from maild.commands import spellings
from maild.commands.arguments import Names, fold
from maild.commands.values import Command, Unclear
from maild.commands.words import INTERNAL, Alias, Vocabulary, Word
from maild.i18n import sentence
from maild.model import Role
from maild.parse.letter import is_greeting

MOST_LINES = 50  # of a block of directives
MOST_VIEW_WORDS = 3  # of a list's name: what is longer is a contact's text
LONGEST_LINE = 1000
SIGNOFF = "signoff"  # the command of a contact who accepts what was done
SHORT = 3  # words behind "@assign" that are meant for a name
NAMED = ("resource", "status", "priority", "queue", "date", "type")  # … or for one of these
LONGEST_SIGNOFF = 60  # characters below a contact's "thanks, solved"

_SIGN = spellings.SIGNS
_HASH = re.compile(rf"^[{_SIGN}](?P<word>[^\W\d_][\w-]*)(?P<sign>\s*[=:](?!//)|)\s*")
_NEXT = re.compile(rf"\s[{_SIGN}](?=[^\W\d_])")
_KEY = re.compile(r"^(?P<key>[^\W\d_][\w ]{0,20}?)\s?:\s*(?P<value>[^\s/].*)$")
_DOUBT = "?"


@dataclass(frozen=True, slots=True)
class Opening:
    """A text as read."""

    text: str  # without its directives
    commands: tuple[Command, ...] = ()
    unclear: tuple[Unclear, ...] = ()
    refused: tuple[Unclear, ...] = ()


def read(text: str, names: Names) -> Opening:
    """The directives at the head of a resource's text, and the text behind them."""
    lines = text.split("\n")
    commands: list[Command] = []
    unclear: list[Unclear] = []
    kept: list[str] = []  # lines that stay in the text
    used = 0
    for index, line in enumerate(lines[:MOST_LINES]):
        bare = spellings.plain(line)
        if not bare:
            continue
        found = _line(bare, names)
        if found is None and not used and not kept and is_greeting(bare):
            kept.append(line.strip())
            continue
        if found is None:
            break
        commands += found.commands
        unclear += found.unclear
        if found.text:
            kept.append(found.text)
        used = index + 1
        if found.ends:
            break
    if not commands and not unclear:
        return Opening(text)
    rest = "\n".join([*kept, *lines[used:]]).strip("\n")
    return Opening(rest, tuple(commands), tuple(unclear))


@dataclass(slots=True)
class _Line:
    commands: list[Command]
    unclear: list[Unclear]
    text: str = ""  # what of the line is the note's own
    ends: bool = False  # the rest is text, whatever it looks like


def _line(bare: str, names: Names) -> _Line | None:
    """What one line says; None where it is text."""
    if len(bare) > LONGEST_LINE:
        return None
    if bare[0] in _SIGN and _HASH.match(bare):
        return _hashes(bare, names)
    wish = spellings.private(bare, names.vocabulary)
    if wish is not None:
        return _wished(wish, bare)
    key = _KEY.match(bare)
    found = _keyed(key["key"], key["value"], bare, names) if key else None
    return found or _spelled(bare, names)


def _wished(wish: spellings.Wish, bare: str) -> _Line:
    """A wish for privacy; a mistyped one is asked about."""
    if not wish.sure:
        why = sentence("Did you mean #{command}?", command=INTERNAL)
        return _Line([], [Unclear(bare, why, "text")], bare)
    command = Command(INTERNAL, wish.text, bare, "text")
    return _Line([command], [], wish.text, ends=bool(wish.text))


def _spelled(bare: str, names: Names) -> _Line | None:
    """A command behind another sign, in brackets or alone, where all of it can be read."""
    line = spellings.spelled(bare, names.vocabulary)
    head = _HASH.match(line.written) if line else None
    if line is None or head is None:
        return None
    word, rest = head["word"].lower(), line.written[head.end() :].strip()
    alias = _alias(word, head["sign"].strip(), rest, names.vocabulary)
    exact = names.vocabulary.exact(word)
    prose = alias.value if alias else exact and exact[0].takes == "text"
    if not (alias or exact) or (prose and rest):
        return None
    found = _directive(line.written, names)
    if isinstance(found, Unclear):
        meant = line.meant and 0 < len(rest.split()) <= SHORT and exact and exact[0].takes in NAMED
        return _Line([], [Unclear(bare, found.why, "text")], bare) if meant else None
    own = [replace(command, written=bare) for command in _own(found, line.written, names)]
    return _Line(own, [])


def _hashes(bare: str, names: Names) -> _Line:
    """ "#time 45m remote #resolve" is two; "#reply see #42" one."""
    found = _Line([], [])
    for part in _parts(bare, names.vocabulary):
        what = _directive(part, names)
        if isinstance(what, Unclear):
            found.unclear.append(what)
            found.text = found.text if what.report else f"{found.text} {part}".strip()
            continue
        found.commands += _own(what, part, names)
        if what.name in (INTERNAL, "reply") and what.argument:
            found.text, found.ends = f"{found.text} {what.argument}".strip(), True
    return found


def _own(command: Command, part: str, names: Names) -> list[Command]:
    """ "#closed" is the profile's own Closed where there is one, words behind it its resolution."""
    head = _HASH.match(part)
    own = names.own_status(head["word"], command.name) if head else None
    if own is None:
        return [command]
    why = [replace(command, name="resolution")] if command.argument else []
    return [*why, replace(command, name="status", argument=own)]


def _parts(bare: str, vocabulary: Vocabulary) -> list[str]:
    """The line, cut before every sign that a known word follows."""
    cuts = [0]
    for sign in _NEXT.finditer(bare):
        word = _HASH.match(bare, sign.start() + 1) or _HASH.match(bare[sign.start() + 1 :])
        if word and _meant(word["word"].lower(), word["sign"].strip(), bare, vocabulary):
            cuts.append(sign.start())
    ends = [*cuts[1:], len(bare)]
    return [bare[a:b].strip() for a, b in zip(cuts, ends, strict=True)]


def _meant(word: str, sign: str, rest: str, vocabulary: Vocabulary) -> list[Word]:
    """The commands that a word behind the sign can mean."""
    alias = _alias(word, sign, "", vocabulary)
    return [vocabulary.commands[alias.command]] if alias else vocabulary.named(word)


def _alias(word: str, sign: str, rest: str, vocabulary: Vocabulary) -> Alias | None:
    """A dialect's word: two words of it ("assign to") before one."""
    both = f"{word} {rest.partition(' ')[0].lower()}".strip()
    for wanted in dict.fromkeys((both, word)):
        for alias in vocabulary.aliases:
            if alias.word == wanted and (not alias.sign or alias.sign == sign):
                return alias
    return None


def _directive(part: str, names: Names) -> Command | Unclear:
    head = _HASH.match(part)
    assert head is not None
    word, sign, rest = head["word"].lower(), head["sign"].strip(), part[head.end() :].strip()
    vocabulary = names.vocabulary
    alias = _alias(word, sign, rest, vocabulary)
    if alias is not None:
        return _of_alias(alias, word, rest, part, names)
    if word.endswith("-") or (rest.startswith(_DOUBT)):
        return Unclear(part, sentence("It reads like a question."), "text")
    meant = vocabulary.named(word)
    if len(meant) == 1:
        return _checked(meant[0], rest, part, names)
    if meant:
        known = [f"#{m.name}" for m in meant[:4]]
        return Unclear(part, sentence("It can mean {known: or }.", known=known), "text")
    near = vocabulary.near(word)
    if near:
        why = sentence('There is no command "#{text}"; did you mean #{near}?', text=word, near=near)
    else:
        why = sentence('There is no command "#{text}"; #help lists all commands.', text=word)
    return Unclear(part, why, "text")


def _of_alias(alias: Alias, word: str, rest: str, part: str, names: Names) -> Command | Unclear:
    extra = alias.word[len(word) :].strip()
    rest = rest[len(extra) :].strip()
    if alias.bare and re.fullmatch(r"\d{1,4}(?:[.,]\d{1,2})?", rest):
        rest += alias.bare
    found = _checked(names.vocabulary.commands[alias.command], alias.value or rest, part, names)
    return replace(found, quiet=True) if alias.quiet and isinstance(found, Command) else found


def _checked(word: Word, rest: str, part: str, names: Names) -> Command | Unclear:
    """The command, if what it takes is there in kind."""
    found = _as_asked(word, rest, part, names)
    return replace(found, report=word.report) if isinstance(found, Unclear) else found


def _as_asked(word: Word, rest: str, part: str, names: Names) -> Command | Unclear:
    takes, name = word.takes, word.name
    rest = rest if takes == "text" else spellings.unquoted(rest)
    if rest.rstrip(" .!").endswith(_DOUBT) and takes not in ("text",):
        return Unclear(part, sentence("It reads like a question."), "text")
    if takes == "nothing" and rest.strip(" .!"):
        why = sentence("#{command} stands alone; write the rest on the next line.", command=name)
        return Unclear(part, why, "text")
    if takes != "nothing" and not rest and not word.optional:
        example = word.examples[0] if word.examples else f"#{name}"
        why = sentence(
            'Something must follow #{command}, as in "{example}".', command=name, example=example
        )
        return Unclear(part, why, "text")
    if rest and (refused := names.refuses(takes, rest)):
        return Unclear(part, refused, "text")
    return Command(word.name, rest if takes != "nothing" else "", part, "text")


def _keyed(key: str, value: str, bare: str, names: Names) -> _Line | None:
    """ "Status: resolved".  Only a known key with a value of its kind; else it is text."""
    wanted, bare_unit = " ".join(key.lower().split()), ""
    vocabulary = names.vocabulary
    word = next((w for w in vocabulary.commands.values() if wanted in w.keys), None)
    alias = next((a for a in vocabulary.aliases if a.key == wanted), None)
    if alias is not None:
        word, bare_unit = vocabulary.commands[alias.command], alias.bare
    if word is None:
        return None
    value = value if word.takes == "text" else spellings.unquoted(value)
    if bare_unit and re.fullmatch(r"\d{1,4}", value):
        value += bare_unit
    if word.takes == "addresses" and "@" not in value:
        return None
    if names.reads(word.takes, value):
        return _Line([Command(word.name, value.strip(), bare, "text")], [])
    near = _slip(word, value, names)
    return _Line([], [Unclear(bare, near, "text")], bare) if near else None


def _slip(word: Word, value: str, names: Names) -> str | None:
    """What was perhaps meant by a value that is nearly one: "resovled"."""
    known = {
        "status": [*names.statuses, *names.vocabulary.statuses],
        "priority": list(names.priorities),
        "resource": [p for r in names.resources for p in (r.name, *fold(r.name).split())],
        "queue": list(names.queues),
    }.get(word.takes, [])
    by_key = {fold(name): name for name in known}
    close = difflib.get_close_matches(fold(value)[:60], by_key, 1, 0.75)
    return sentence("Did you mean {near}?", near=by_key[close[0]]) if close else None


def of_subject(subject: str, names: Names) -> Opening:
    """The reports that a subject asks for, where it is nothing else: "#list unassigned"."""
    bare = subject.strip()
    if not bare or bare[0] not in _SIGN or len(bare) > LONGEST_LINE or not _HASH.match(bare):
        return Opening(subject)
    found = _hashes(bare, names)
    known = names.vocabulary.commands
    if found.text or not all(known[c.name].report for c in found.commands):
        return Opening(subject)
    return Opening(
        "",
        tuple(replace(command, source="subject") for command in found.commands),
        tuple(replace(unclear, source="subject") for unclear in found.unclear),
    )


# ---- contacts


def read_contact(
    text: str, vocabulary: Vocabulary, *, opens: bool = False, writer: frozenset[str] = frozenset()
) -> Opening:
    """A contact's few commands: one alone on the first line, a plain "thanks, solved", or a
    "signed off".

    `opens`: there is no ticket yet, so he can only ask for a report; `writer`: words of his name.
    """
    lines = text.split("\n")
    first = next((i for i, line in enumerate(lines) if line.strip()), None)
    if first is None:
        return Opening(text)
    line, rest = lines[first].strip(), "\n".join(lines[first + 1 :]).strip()
    if not opens and _says_solved(line, rest, vocabulary):
        return Opening(text, (Command("resolve", "", line, "text"),))
    if not opens:
        signed = _signed_off(lines[first:], vocabulary, writer)
        if signed is not None:
            return signed
    head = _HASH.fullmatch(line.rstrip(" .!")) or _HASH.match(line)
    if line[0] not in _SIGN or head is None:
        return Opening(text)
    words = vocabulary.exact(head["word"].lower())
    alone = head.end() >= len(line.rstrip(" .!"))
    if len(words) != 1:
        return Opening(text)
    word, argument = words[0], line[head.end() :].strip(" :.!")
    listed = Role.CONTACT in word.who and word.takes == "view"
    if listed and 0 < len(argument.split()) <= MOST_VIEW_WORDS:
        return Opening(rest, (Command(word.name, argument, line, "text"),))
    if Role.CONTACT in word.who and alone and (not opens or word.report or word.optional_for):
        return Opening(rest, (Command(word.name, "", line, "text"),))
    if Role.CONTACT not in word.who and line == line.strip() and len(line) <= LONGEST_LINE:
        why = sentence(
            "Only the desk's technicians may do that by mail; your message was passed on to them."
        )
        return Opening(text, refused=(Unclear(line, why, "text"),))
    return Opening(text)


def _says_solved(line: str, rest: str, vocabulary: Vocabulary) -> bool:
    """The line says that all is well, and nothing but a name follows."""
    return (
        _spoken(line) in _all_spoken(vocabulary.solved)
        and _DOUBT not in rest
        and len(rest) <= LONGEST_SIGNOFF
    )


def _signed_off(lines: list[str], vocabulary: Vocabulary, writer: frozenset[str]) -> Opening | None:
    """A sign-off in the first line that is no greeting."""
    said = (i for i, line in enumerate(lines[:MOST_LINES]) if line.strip())
    at = next((i for i in said if not is_greeting(lines[i].strip())), None)
    if at is None or not _says_signed_off(lines[at], vocabulary, writer):
        return None
    rest = "\n".join(lines[at + 1 :]).strip()
    return Opening(rest, (Command(SIGNOFF, "", lines[at].strip(), "text"),))


def _says_signed_off(line: str, vocabulary: Vocabulary, writer: frozenset[str]) -> bool:
    """The line signs off, by nobody else than its writer: "Signed off by Ann Archer" (A7)."""
    said, phrases = _spoken(line[:LONGEST_LINE]), _all_spoken(vocabulary.signed_off)
    if not said.startswith(phrases):
        return False
    for phrase in phrases:
        if said == phrase:
            return True
        if said.startswith(f"{phrase} "):
            named = said.removeprefix(f"{phrase} ").split()
            named = named[1:] if named[0] in vocabulary.signed_by else named
            if named and set(named) <= writer:
                return True
    return False


@lru_cache(maxsize=16)
def _all_spoken(phrases: frozenset[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(_spoken, phrases)))


def _spoken(text: str) -> str:
    """As it is said: lower case, without the signs between words."""
    return re.sub(r"\s*[,.;:!–-]+\s*", " ", text.casefold()).strip()
