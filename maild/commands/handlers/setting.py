"""Commands that set any field by its name: "#set estimated hours 4", "#for ann@acme.example"."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from maild.commands.arguments import Names, fold
from maild.commands.handlers import participants, policy, ticket
from maild.commands.job import Job
from maild.dates import EVENING
from maild.desk import fields, people
from maild.desk.profile import Profile
from maild.errors import MaildError, Refused
from maild.i18n import Sentence, Translator, sentence
from maild.model import Role, TicketRole
from maild.store import asking
from maild.store.records import Person

MOST_WORDS = 4  # of a field's name
MOST_PEOPLE = 50

Act = Callable[[Job, str], str]

# Fields that have a command of their own: it knows best.
BY_COMMAND: dict[str, Act] = {
    "status": ticket.status,
    "priority": ticket.priority,
    "type": ticket.type_,
    "queue": policy.queue,
    "due": ticket.due,
    "title": ticket.title,
    "resolution": ticket.resolution,
    "issue_type": ticket.issue,
    "impact": ticket.impact,
    "urgency": ticket.urgency,
    "parent": policy.parent,
    "primary_resource": participants.assign,
}
# Other words for a field, besides its name and its name in the languages of the desk.
ALSO = {
    "client": "organization",
    "customer": "organization",
    "company": "organization",
    "resource": "primary_resource",
    "technician": "primary_resource",
    "assignee": "primary_resource",
    "due date": "due",
    "hours": "estimated_hours",
    "estimate": "estimated_hours",
    "site": "location",
    "device": "asset",
    "other assets": "additional_assets",
    "contacts": "additional_contacts",
    "cc": "additional_contacts",
    "others": "secondary_resources",
    "subject": "title",
    "problem": "parent",
    "replacement": "planned_replacement",
    "replacement date": "planned_replacement",
    "planned replacement date": "planned_replacement",
}


def set_(job: Job, argument: str) -> str:
    """Any field: "category Sales", "due friday", "secondary resources bob, dana"."""
    name, value, called = split(job.names, job.desk.profile, argument)
    try:
        return _given(job, name, value)
    except MaildError as error:
        raise Refused(_of_field(Sentence(called, {}), error.message)) from error


def _of_field(called: Sentence, why: str) -> Sentence:
    """Why it is refused, with the field as the writer calls it."""
    if isinstance(why, Sentence) and "field" in why.values:
        return Sentence(why.template, {**why.values, "field": called})
    return sentence("{field!c}: {why}", field=called, why=why)


def _given(job: Job, name: str, value: str) -> str:
    """What became of a field that is to have this value."""
    if not value:
        raise Refused(
            sentence(
                "Write what {field} is to be, like #set {field} …, or none.",
                field=fields.label(name),
            )
        )
    fields.may_be_given(name)
    empty = fold(value) in job.names.vocabulary.nothing
    if name in PEOPLE:
        return PEOPLE[name](job, "" if empty else value)
    if empty and name in (*fields.NEEDED, "status"):
        raise Refused(sentence("{field!c} cannot be empty.", field=fields.label(name)))
    if empty and name == "primary_resource":
        return participants.assign(job, next(iter(job.names.vocabulary.nobody)))
    if name in BY_COMMAND and not empty:
        return BY_COMMAND[name](job, value)
    return _set(job, name, None if empty else value)


def for_(job: Job, argument: str) -> str:
    """Whose ticket it is: who called, or whose mail came in another way."""
    return _set(job, "contact", argument)


def source(job: Job, argument: str) -> str:
    return _set(job, "source", argument)


def _set(job: Job, name: str, value: str | None) -> str:
    desk, ticket_ = job.desk, job.the_ticket
    try:
        changed = fields.set_value(
            desk, ticket_, name, value, lambda text: job.names.date(text, EVENING)
        )
    except MaildError as error:
        raise Refused(error.message) from error
    field, shown = fields.label(name), fields.shown(desk, ticket_, name)
    if value is None:
        return sentence("{field!c} is empty.", field=field)
    if changed:
        return sentence('{field!c} is "{value}".', field=field, value=shown)
    return sentence('{field!c} is already "{value}".', field=field, value=shown)


# ---- the field that is meant


def settable(profile: Profile) -> tuple[str, ...]:
    """Every field that can be set by its name."""
    found = (*BY_COMMAND, *PEOPLE, *fields.SETTABLE, *profile.field_names)
    return tuple(dict.fromkeys(name for name in found if name not in fields.OWN))


def split(names: Names, profile: Profile, argument: str) -> tuple[str, str, str]:
    """The field that the first words name, what it is to be, and the field as it is written;
    Refused with the nearest."""
    known = dict(_called(names, profile))
    words = argument.strip().replace("=", " = ").split()
    for count in range(min(MOST_WORDS, len(words)), 0, -1):
        called = " ".join(words[:count]).replace("_", " ").strip(" :=")
        head = fold(called)
        if head in known:
            rest = argument.strip().replace("=", " = ", 1).split(None, count)[count:]
            return known[head], " ".join(rest).strip(" :="), called
    first = words[0].strip(":=").lower() if words else ""
    raise Refused(fields.named_error(first, settable(profile)).message)


def _called(names: Names, profile: Profile) -> Iterator[tuple[str, str]]:
    """(what people call a field, its name), in the languages of the desk."""
    writers = [Translator(language) for language in names.languages]
    own = (*settable(profile), *fields.OWN)
    for name in own:
        for writer in writers:
            yield fold(writer.write(fields.label(name))), name
    yield from ALSO.items()
    for name in own:
        yield name.replace("_", " "), name


# ---- people on the ticket


def _secondary(job: Job, value: str) -> str:
    wanted = []
    for text in _several(value):
        resource = job.names.resource(text)
        if resource is None:
            raise Refused(sentence("Name the resource who is to be added."))
        wanted.append(job.for_ticket(resource))
    return _people(job, "secondary_resources", wanted, TicketRole.SECONDARY)


def _additional(job: Job, value: str) -> str:
    wanted = []
    for text in _several(value):
        try:
            person = fields.find_person(job.desk, text)
        except MaildError as error:
            raise Refused(error.message) from error
        desk = job.desk
        email = asking.people.email(desk.unit, person)
        if people.is_ours(desk.unit, desk.settings.config, email):
            raise Refused(
                sentence("The desk's own address cannot be added; its mail comes here anyway.")
            )
        if person.role == Role.RESOURCE:
            raise Refused(
                sentence("{person} is a resource; write #also {person}.", person=person.name)
            )
        wanted.append(person)
    return _people(job, "additional_contacts", wanted, TicketRole.ADDITIONAL)


def _several(value: str) -> list[str]:
    found = [text.strip() for text in value.replace(";", ",").split(",") if text.strip()]
    return found[:MOST_PEOPLE]


def _people(job: Job, name: str, wanted: list[Person], role: TicketRole) -> str:
    """Exactly these people are of the ticket in this role."""
    desk, ticket_ = job.desk, job.the_ticket
    for person in asking.tickets.with_role(desk.unit, ticket_, role):
        if person not in wanted:
            desk.remove_person(ticket_, person, role)
    for person in wanted:
        desk.add_person(ticket_, person, role)
    field = fields.label(name)
    if not wanted:
        return sentence("{field!c} is empty.", field=field)
    called = [person.name for person in wanted]
    return sentence("{field!c}: {people}.", field=field, people=called)


PEOPLE: dict[str, Act] = {"secondary_resources": _secondary, "additional_contacts": _additional}
