"""What Jinja says is wrong with a template, in words of ours that can be translated."""

from __future__ import annotations

import re
from collections.abc import Callable

from maild.i18n import Sentence, sentence

Found = re.Match[str]

# What Jinja calls what stands in a template.
_SIGNS = {
    "end of print statement": "}}",
    "end of statement block": "%}",
    "begin of print statement": "{{",
    "begin of statement block": "{%",
}


def _sign(found: Found, group: str) -> str:
    return _SIGNS.get(found[group], found[group])


def _not_closed(found: Found) -> Sentence:
    return sentence(
        "the {% {block} %} above is not closed; write {% end{block} %} where it ends.",
        block=found["block"],
    )


def _crossed(found: Found) -> Sentence:
    return sentence(
        "{% {tag} %} was found before the {% {block} %} above is closed; write {% end{block} %} "
        "first.",
        tag=found["tag"],
        block=found["block"],
    )


def _alone(found: Found) -> Sentence:
    return sentence(
        "nothing is open that {% {tag} %} belongs to; take it out, or begin what it ends.",
        tag=found["tag"],
    )


def _no_such_tag(found: Found) -> Sentence:
    return sentence(
        "there is no {% {tag} %}; {% if %}, {% for %} and {% set %} are what is used.",
        tag=found["tag"],
    )


def _open(found: Found) -> Sentence:
    close = _sign(found, "sign")
    return sentence(
        "{open} is not closed; write {close} at its end.",
        open="{%" if close == "%}" else "{{",
        close=close,
    )


def _instead(found: Found) -> Sentence:
    return sentence(
        '"{found}" was found where "{wanted}" is needed.',
        found=_sign(found, "found"),
        wanted=_sign(found, "wanted"),
    )


def _name_missing(found: Found) -> Sentence:
    return sentence('a name is missing before "{found}".', found=_sign(found, "found"))


def _cannot_stand(found: Found) -> Sentence:
    return sentence(
        '"{found}" cannot stand here; look whether a bracket or a quotation mark is missing.',
        found=found["found"],
    )


def _not_known(found: Found) -> Sentence:
    return sentence('"{name}" is not known.', name=found["name"])


def _not_there(found: Found) -> Sentence:
    return sentence(
        'there is no "{name}" here; ask with {% if %} whether there is one.', name=found["name"]
    )


# A message of Jinja's or Python's, and what we say; the first that fits.
_SAID: tuple[tuple[str, Callable[[Found], Sentence]], ...] = (
    (r"Unexpected end of template\..*to be closed is '(?P<block>\w+)'", _not_closed),
    (r"unknown tag '(?P<tag>end\w+|else|elif)'\..*be closed is '(?P<block>\w+)'", _crossed),
    (r"unknown tag '(?P<tag>end\w+|else|elif)'", _alone),
    (r"unknown tag '(?P<tag>\w+)'", _no_such_tag),
    (r"unexpected end of template, expected '(?P<sign>end of [a-z ]+)'", _open),
    (r"expected token '(?P<wanted>.+)', got '(?P<found>.+)'", _instead),
    (r"unexpected '(?P<found>.+)', expected '(?P<wanted>.+)'", _instead),
    (r"Expected an expression, got '(?P<found>.+)'", _name_missing),
    (r"unexpected char ['\"](?P<found>.+)['\"] at \d+", _cannot_stand),
    (r"unexpected '(?P<found>.+)'", _cannot_stand),
    (
        r"Missing end of comment tag",
        lambda _: sentence("a comment is not closed; write #} at its end."),
    ),
    (
        r"Missing end of raw directive",
        lambda _: sentence("{% raw %} is not closed; write {% endraw %} where it ends."),
    ),
    (
        r"tag name expected",
        lambda _: sentence('a word is missing after "{%": if, for or set.'),
    ),
    (
        r"No test named '(?P<name>\w+)'",
        lambda found: sentence(
            'there is no "is {name}"; "is none" is what is used.', name=found["name"]
        ),
    ),
    (
        r"No filter named '(?P<name>\w+)'",
        lambda found: sentence('there is no filter "{name}".', name=found["name"]),
    ),
    (r"^'(?P<name>\w+)' is undefined", _not_known),
    (r"has no attribute '(?P<name>.+)'", _not_there),
    (r"has no element (?P<name>.+)", _not_there),
    (r"^access to attribute '(?P<name>.+)' of", _not_there),
    (
        r"no loader for this environment",
        lambda _: sentence("a template takes in no other file; write what it says here."),
    ),
    (
        r"is not (safely )?callable",
        lambda _: sentence("this cannot be called; take out the brackets behind it."),
    ),
    (
        r"\w+\(\) (takes|missing|got) ",
        lambda _: sentence("too much or too little stands in the brackets here."),
    ),
    (
        r"(?i)can(no|')t assign",
        lambda _: sentence('after "set" stands a new name of your own, without a dot.'),
    ),
    (r"division by zero", lambda _: sentence("this divides by zero.")),
    (
        r"unsupported operand|can only concatenate|not supported between",
        lambda _: sentence("only numbers can be reckoned with or compared; one of these is none."),
    ),
)


def in_our_words(message: str) -> Sentence:
    """What is wrong and what to do about it; of what we do not know, what was said.

    >>> in_our_words("Encountered unknown tag 'foo'.")
    'there is no {% foo %}; {% if %}, {% for %} and {% set %} are what is used.'
    """
    if isinstance(message, Sentence):
        return message
    for pattern, words in _SAID:
        if found := re.search(pattern, message):
            return words(found)
    return sentence("this cannot be done ({said}).", said=message.rstrip("."))
