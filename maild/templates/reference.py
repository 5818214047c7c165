"""docs/templates.md, from the same catalogue that the templates are checked against."""

from __future__ import annotations

import json

from maild.desk.known_facts import CATALOGUE, OF_RULES, Fact
from maild.desk.notifications import KEYS, Catalogue, catalogue
from maild.templates.render import FILTERS, FUNCTIONS
from maild.templates.sandbox import FILTERS as PLAIN_FILTERS
from maild.templates.source import languages
from maild.yaml_schema import manual

_INTRODUCTION = """\
# Notifications and their templates

<!-- Written by `maild templates manual`; a test holds it to the catalogue. -->

Every mail that maild sends is one Markdown file, `LANGUAGE/NAME.md`. The shipped ones are in
English and German. To have your own, put a file of the same name into the folder `templates`
beside `maild.toml`; file by file it takes the place of the shipped one, without a restart:

```
maild templates list                      # which are in force, and from where
maild templates show complete             # the text, and every name that it may use
maild templates edit complete --lang de   # your copy in $EDITOR; checked before it is in force
maild templates preview complete --ticket T20261121.0042 --html complete.html
maild templates send-test complete --to me@example.com
maild templates check                     # syntax, unknown names, missing languages
maild templates diff complete             # yours against the shipped one
maild templates history complete          # who changed it, and when
maild templates rollback complete         # the version before
maild templates merge complete            # your copy and what a newer maild ships, in one
maild templates new-language fr           # begins a language, and lists what is not translated
```

What you write in `edit` is never thrown away: a text with mistakes is kept as a draft, and the same
command goes on with it. When a newer maild ships another text, yours stays in force, and
`maild templates check` says so; `merge` brings both together by the text that yours was made of.
Where both changed the same lines they stand between marks in a draft, and nothing changes until
`edit` has decided.

A file that is broken never stops a mail: what it said when it was good last is sent (else the
shipped template), after a restart too; an alert says why, and ends when the file is mended.

![A technician's reply, as the customer gets it](pictures/reply.png)
![A note to a technician, on a dark screen](pictures/note-dark.png)
![An appointment, on a phone](pictures/scheduled-phone.png)

## What a file looks like

```
subject: {{ ticket.title }}
preheader: {{ ticket.number }} is complete.
foot: If something is still amiss, just reply to this mail: the ticket is opened again.
---
Hello {{ recipient.first_name }},

your ticket **{{ ticket.number }}** is complete.

{{ facts(ticket, "number", "title", "completed") }}
```

Above the `---` stand the subject (the ticket's tag is put before it; keep it the ticket's title,
as mail programs hold a conversation together by it), what a list of mails shows beside the
subject, and one line that says what a reply will do. Below it is [Markdown](https://commonmark.org)
with [Jinja](https://jinja.palletsprojects.com/en/stable/templates/): `{{ name }}` shows a fact,
`{% if name %} … {% endif %}` and `{% for entry in list %} … {% endfor %}` do what they say.

The text part of a mail is these words as they are; the HTML part is the same words through
Markdown and the one layout. What people wrote is shown exactly as they wrote it: nothing in it is
markup, in either part. `words.yaml` in a language's folder has the layout's own words, and
`layout.html` is the page around all of them; both can be replaced in the same way, and
`show`, `edit`, `diff`, `history`, `rollback` and `merge` take `layout` like the name of a template.
It shows the picture that `[notifications] logo` names.

What is empty takes the blank before it along: where nobody's name can be told, `Hello
{{ recipient.first_name }},` is "Hello,".

`{{ taps("resolve", "take") }}` shows links that open a ready-made mail in any mail program: for
technicians `resolve`, `take`, `waiting`, `internal` and `time`, for contacts `works`, `still` and
`rate` (five faces). `{{ taps(["Waiting vendor", "#status Waiting Vendor"]) }}` is one of your own:
what stands on it, and the first line of the mail. The text part says what one can write instead;
the labels are in `words.yaml`. A link works once, for a day (a face for 30 days), and only for
whom the mail was sent to; [Who may](security.md) says what its code proves. `maild ratings`
reports the faces.

A template gets plain data and cannot do anything but write. It is stopped after three seconds.

Single sentences that maild says, like "T20261121.0042 is due Thu, Dec 3, 2026, 5:00 PM." in the
answer to a command, are English in the program and translated in `sentences.yaml` of a language's
folder: the English sentence, a colon, the translation. `{names}` are filled in and must all be
there again, with dates as the reader writes them; `{name!c}` begins with a capital letter, and what
stands behind the colon of `{list:; }` goes between its entries. What a file does not translate is
said in English. A note that the desk writes itself is in the language of `[desk] language`; the
log, `maild ingest` and a ticket's events are always in English. Your own
`templates/LANGUAGE/sentences.yaml` needs only the sentences that you want otherwise, or makes a new
language; `maild templates check` finds those that maild never says, and `{names}` that are missing.
"""

_OWN = """\
## Notifications of your own

What can be sent is a catalogue, and your own stand in `templates/notifications.yaml` beside
`maild.toml`, over the shipped one. A notification of yours needs an entry there, its template, and
a rule that sends it:

```yaml
# templates/notifications.yaml
survey:
  for: contact
  purpose: A day after a ticket is complete we ask how it was.
```

```
subject: {{ ticket.title }}
preheader: How was it?
foot: Reply to this mail to answer; your reply goes to the same ticket.
---
Hello {{ recipient.first_name }},

how was **{{ ticket.title }}** for you? A word in reply is enough.
```

```yaml
# rules.yaml of your profile
- rule: A day after it we ask how it was
  when: completed
  after: 1 day
  while: {ticket.status_kind: closed}
  then:
    - notify: {to: contact, template: survey}
```

It is listed, checked, previewed, edited, sent as a test and has its history like the shipped ones;
`maild templates manual` prints this page with yours in it. It needs only the languages that you
write: who reads another one gets it in English, or in a language that there is. Where your file
breaks, the version that was in force last is sent. An entry of a shipped one's name changes the
keys that it writes. All keys:
"""

_REPLIES = """\
## Canned replies

What a technician sends again and again is a file beside `maild.toml`, `replies/LANGUAGE/NAME.md`:

```
when: toner, printer
---
Hello {{ contact.first_name }},

we send a new toner for {{ ticket.number }}. {{ words }}
```

`#reply toner Which floor?` in the first line of an answer sends it in the contact's language, the
words behind the name in the place of `{{ words }}` or below all of it; the answer to the technician
shows what went out. `when` names words of a ticket: where it has them, the technician's mail
suggests the reply. Names are those above that begin with `ticket.` and `desk.`, `contact.name`,
`contact.first_name`, `resource.name` and `resource.first_name`. `maild check` reads the files; of a
broken one the last good text stays in force, and the admins are told until it is mended.
"""

_GROUPS = """\
Groups that `tells` can name, and what a template of yours may then say:
"""


def page(known: Catalogue | None = None) -> str:
    """The whole of docs/templates.md, with these notifications or the shipped ones."""
    blocks = [_INTRODUCTION, *_calls(), "## Names that every template may use\n", _table(CATALOGUE)]
    blocks.append(
        "Times are for the filters `time` and `day`. `ticket`, `note` and `time` are none in mails "
        "that are not about one, and `earlier` is empty then. A contact's mail never holds an "
        "internal note.\n"
    )
    blocks += [_REPLIES, _OWN, manual(KEYS) + "\n", _groups()]
    blocks.append("## The notifications\n")
    for kind in known or catalogue():
        blocks.append(f"### {kind.name}\n\n{kind.purpose} {_nature(kind.auto, kind.audience)}\n")
        if kind.extra:
            blocks.append(_table(kind.extra))
    blocks.append(f"Languages: {', '.join(languages())}.\n")
    return "\n".join(blocks)


def _groups() -> str:
    rows = (
        f"| `{name}` | {'; '.join(f'`{fact.name}`, {fact.meaning}' for fact in facts)} |"
        for name, facts in OF_RULES.items()
    )
    return "\n".join([_GROUPS, "| group | facts |", "|---|---|", *rows]) + "\n"


def _calls() -> list[str]:
    functions = [f"| `{name}` | {_first(call.__doc__)} |" for name, call in FUNCTIONS.items()]
    filters = [f"| `{name}` | {_first(call.__doc__)} |" for name, call in FILTERS.items()]
    return [
        "## Functions\n",
        "\n".join(["| function | gives |", "|---|---|", *functions]) + "\n",
        "## Filters\n",
        "\n".join(["| filter | gives |", "|---|---|", *filters]) + "\n",
        "And of Jinja's own: " + ", ".join(f"`{name}`" for name in PLAIN_FILTERS) + ".\n",
    ]


def _first(text: str | None) -> str:
    return " ".join((text or "").split("\n\n")[0].split())


def _nature(auto: str | None, audience: str) -> str:
    how = f"`Auto-Submitted: {auto}`" if auto else "A person's own words, so not marked automatic"
    return f"Written for: {audience}. {how}."


def _table(facts: tuple[Fact, ...]) -> str:
    rows = [
        f"| `{fact.name}` | {fact.meaning} | "
        f"{_escape(json.dumps(fact.example, ensure_ascii=False))} |"
        for fact in facts
    ]
    return "\n".join(["| name | meaning | example |", "|---|---|---|", *rows]) + "\n"


def _escape(text: str) -> str:
    return f"`{text.replace('|', chr(92) + '|')}`"
