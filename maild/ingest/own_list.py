"""Posts of lists that are people's mail all the same: the list is the desk's own address, or
somebody answers what he alone got (H105)."""

from __future__ import annotations

from dataclasses import replace

from maild.config import Config
from maild.desk import people
from maild.model import Kind, Mail, Reason
from maild.store.unit import Unit


def as_this_desk_has_it(unit: Unit, config: Config, mail: Mail) -> Mail:
    """The mail as it is at this desk: a post of our own list is what it would be without the
    list."""
    names = mail.of_list.names if mail.of_list is not None else ()
    if not any(_is_ours(unit, config, name) for name in names):
        return mail
    return without_the_list(mail, "the list is the desk's own address")


def without_the_list(mail: Mail, because: str) -> Mail:
    """A list's post as what it is otherwise."""
    of_list = mail.of_list
    if mail.kind is not Kind.LIST or of_list is None:
        return mail
    reason = Reason("kind", of_list.kind.value, because)
    return replace(
        mail,
        kind=of_list.kind,
        answerable=of_list.answerable,
        reasons=(*mail.reasons, reason),
    )


def _is_ours(unit: Unit, config: Config, name: str) -> bool:
    """An address of ours, or the List-Id of one: support.example.com (RFC 2919 §2)."""
    if "@" in name:
        return people.is_ours(unit, config, name)
    return any(name == own.replace("@", ".") for own in people.ours(unit, config))
