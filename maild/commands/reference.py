"""docs/commands.md, made from the same words that the parser reads."""

from __future__ import annotations

from collections.abc import Iterable

from maild.commands.words import Vocabulary, Word
from maild.i18n import language_names
from maild.model import Role

_HEAD = """# Commands by mail

<!-- Made by `maild commands docs` from maild/commands/*.yaml; a test keeps it current. -->

A technician works by answering mail. What they ask for stands in one of two places.

**At the end of the subject**, as one would say it: `Re: [T20261121.0042] Printer is on fire is
resolved`. The phrase is cut off before the subject is kept or sent on. It counts where its sender
added it: not in an echo (a later "Re:" of a subject that carried it), not in a question, not after
words like *not*, *when* or *if*, not in a forward, not in automatic mail. A mail that opens a
ticket is not closed by its own subject.

**In the first lines of the text**, before anything else, several on a line if you like:

    #time 45m remote replaced the toner #priority 2
    #status waiting customer

    Dear Ann, please print a test page.

These lines are cut off the note; the .eml keeps everything. A mail of commands alone adds no note.
Any beginning of a word that can mean only one command will do (`#prio 1`). Lines like
`Status: resolved` count where the key is one of those below and the value can be read; anything
else is text.

## What you can rely on
- **Proof.** A command counts when we know who wrote it: the mail answers a notification that only
  they got, or their mail server vouches for them (DMARC, DKIM). Otherwise the words are kept as an
  internal note, nothing is done, and they are asked to confirm.
- **An answer.** One short mail says what was done, what was refused and why, and what `#undo` takes
  back. A plain "is resolved" is answered only if something was wrong. `[commands] answer =
  "always"` or `"on-problem"` in maild.toml, also in each `[[resource]]`, changes that.
- **Whole or not at all.** A command that is refused leaves nothing behind; the others of the same
  mail are done all the same, and the answer says which were not. The status is set last, so
  that time and resolution of the same mail count already. The note is kept in any case.
- **Nothing mistyped reaches a customer.** Where a line looks like a command and cannot be read, the
  note stays internal, and the answer asks what was meant.
- **Undo.** `#undo` in reply to the answer takes back what the mail did, within a day. What was
  changed again since stays; what was sent cannot be unsent.
- **Public or internal.** A reply goes where the note went that it answers: to the contact, or
  among us. `#reply` and `#internal` decide otherwise; each notification says so at its foot. A wish
  for privacy counts in any spelling (`# internal`, `[internal]`, `Internal:`, `@note`) that stands
  before the first prose. What is forwarded, is written to others with a copy for the desk, or
  stands beside a command for the team (`#escalate`, `#transfer`, `#share`, `#question`, `#mydone`,
  `#both`, a status with `text_for: team`) stays internal. In doubt it does too, and one word sends
  it on.
- **Dates** are written like `2026-12-03`, `3 December`, `3.12.`, `friday 9:00`, `tomorrow`, `in 3
  days`, in the desk's time zone. A bare number is no date; `01/02` is read day first, and is
  refused where the desk's language is English.
"""


def page(vocabulary: Vocabulary) -> str:
    """The whole page, Markdown."""
    commands = vocabulary.commands.values()
    parts = [
        _HEAD,
        "## Commands of technicians\n",
        _table([word for word in commands if Role.RESOURCE in word.who], vocabulary),
        "\n## Commands of contacts\n",
        'Alone on the first line, on their own tickets. "is resolved" at the end of the subject '
        "and a first line like *thanks, solved* ask to close; what that sets is the profile's "
        "`resolved_status`.\n",
        _table([word for word in commands if Role.CONTACT in word.who], vocabulary, contact=True),
        "\n## Phrases in the subject\n",
        "`{status}` is any status of the profile, without what a colon or a dash adds to it if "
        "that is clear, or one of its other names below. A phrase that is a status of the profile "
        'sets that one: "is closed" is Closed where there is Closed. A status that only other '
        "desks have is answered with those that there are.\n",
        *_phrases(vocabulary),
        "\n## Other names of statuses\n",
        "The first that the profile has is meant; in small letters, what stands under that key of "
        "profile.yaml, or the first status of that kind.\n",
        _rows(("written", "meant"), [(n, ", ".join(m)) for n, m in vocabulary.statuses.items()]),
        "\n## Other helpdesks' words\n",
        *_dialects(vocabulary),
        "\n## Your own words\n",
        "A folder `commands` beside maild.toml may hold `phrases/NAME.yaml` and "
        "`dialects/NAME.yaml`, of the same shape as those in maild/commands. "
        '`maild commands try "#prio 1" --subject "Re: x is resolved"` shows what it asks for.\n',
    ]
    return "\n".join(parts)


def _table(words: list[Word], vocabulary: Vocabulary, *, contact: bool = False) -> str:
    rows = []
    for word in words:
        also = [f"`#{w}`" for w in word.words] + [f"`{k}:`" for k in word.keys]
        examples = [f"`#{word.name}`"] if contact else [f"`{e}`" for e in word.examples]
        undo = "yes" if word.undo and not contact else ""
        line = (word.contact_help if contact else word.help)["en"]
        rows.append((" ".join(examples), line, " ".join(also), undo))
    return _rows(("write", "what it does", "also", "undo"), rows)


def _phrases(vocabulary: Vocabulary) -> list[str]:
    found, order, named = [], list(vocabulary.commands), language_names("en")
    for language in vocabulary.languages:
        mine = [p for p in vocabulary.phrases if p.language == language]
        phrases = sorted(mine, key=lambda p: (order.index(p.command), p.say))
        rows = [(p.say, f"{p.command} {p.value}".strip()) for p in phrases]
        found.append(f"### {named.get(language, language)}\n")
        found.append(_rows(("phrase", "command"), rows) + "\n")
    return found


def _dialects(vocabulary: Vocabulary) -> list[str]:
    rows = []
    for alias in vocabulary.aliases:
        written = f"{alias.key}:" if alias.key else f"#{alias.word}{alias.sign}"
        unit = {"h": "a bare number is hours", "m": "a bare number is minutes"}.get(alias.bare, "")
        unit += "; the text is its summary and stays internal" if alias.quiet else ""
        rows.append((alias.dialect, f"`{written}`", f"{alias.command} {alias.value}".strip(), unit))
    return [_rows(("of", "written", "command", ""), rows)]


def _rows(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"
