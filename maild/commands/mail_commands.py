"""From a mail on the desk to its commands, their doing and the answer: what `ingest` calls.

read ──▶ Asked ──▶ (ingest writes the note: `audience`) ──▶ carry_out ──▶ results, answer
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import cast

from maild import dates
from maild.commands import subject_phrases
from maild.commands.answer import answer
from maild.commands.arguments import NUMBER, Names, Resource, fold
from maild.commands.directives import SIGNOFF
from maild.commands.execute import run
from maild.commands.grammar import MailContext
from maild.commands.grammar import read as read_text
from maild.commands.handlers import setting
from maild.commands.handlers.notes import title_in
from maild.commands.job import Job, May, Result
from maild.commands.values import Asked, Command, Unclear
from maild.commands.words import Vocabulary, Word, own_folder, vocabulary
from maild.config import Settings
from maild.desk import (
    answered,
    canned_replies,
    fields,
    lists,
    own_lists,
    people,
    reach,
    readers,
    views,
)
from maild.desk.audience import OF_CONTACT, TEAM, UNPROVEN, Audience, Written, decide
from maild.desk.collision import crossed
from maild.desk.desk import Desk
from maild.desk.named_ticket import other_named
from maild.desk.profile import Profile, key
from maild.errors import MaildError, Refused, UsageError
from maild.i18n import sentence
from maild.model import Address, Mail, Role, TicketRole
from maild.parse import out_of_office, prefixes
from maild.store import asking
from maild.store.records import Note, Person, Ticket
from maild.store.unit import Unit

NEAREST = 500  # earlier mails of a ticket whose subjects are looked at


def read(desk: Desk, mail: Mail, person: Person, ticket: Ticket | None) -> Asked:
    """What this mail asks for; `ticket`: the one it belongs to, None if it would open one."""
    if mail.kind.automatic:  # H38
        return Asked(mail.subject, mail.new_text)
    carried = _carried(desk.unit, mail, ticket) if ticket is not None else frozenset()
    resource = person.role == Role.RESOURCE and person.active
    role = Role.RESOURCE if resource else Role.CONTACT
    if not resource and ticket is not None and not _his(desk.unit, ticket, person):
        return Asked(mail.subject, mail.new_text)
    writer = frozenset(fold(person.name).split())
    place = MailContext(carried, ticket is None, role, writer)
    mine = reach.of(desk.unit, desk.settings.config, person)
    names = desk.memory["names"] = _names(desk, mine)
    asked = read_text(mail.subject, mail.new_text, names, place)
    if resource and ticket is not None:
        asked = _canned(desk, _held(desk, asked, mail, ticket, person), ticket, person)
    if asked.commands and _signature_only(asked.text, person, names.vocabulary):
        return replace(asked, text="")
    if signs_off(asked) and mail.files:  # they say something besides
        return Asked(mail.subject, mail.new_text)
    return asked


def _held(desk: Desk, asked: Asked, mail: Mail, ticket: Ticket, person: Person) -> Asked:
    """The same without its deeds, where the subject names another ticket than the mail answers."""
    other = _other_named(desk, mail, asked, ticket, person)
    if other is None:
        return asked
    why = sentence(
        "The subject names {other}, but the mail answers {ticket}. Nothing was done, and nothing "
        "was sent to a contact. Answer a mail of the ticket that you mean.",
        other=other.number,
        ticket=ticket.number,
    )
    wishes = tuple(c for c in asked.commands if c.name in ("internal", "reply"))
    deeds = (c for c in asked.commands if c not in wishes)
    refused = tuple(Unclear(c.written, why, c.source) for c in deeds)
    return replace(asked, commands=wishes, refused=(*asked.refused, *refused))


def _other_named(
    desk: Desk, mail: Mail, asked: Asked, ticket: Ticket, person: Person
) -> Ticket | None:
    mine = reach.of(desk.unit, desk.settings.config, person)
    parents = _parent_subjects(desk.unit, mail)
    other = other_named(desk.unit, asked.subject, ticket, parents)
    return other if other is not None and mine.has_ticket(other) else None


def _canned(desk: Desk, asked: Asked, ticket: Ticket, person: Person) -> Asked:
    """The same with the text of the canned reply that `#reply NAME` names, in the contact's
    language."""
    for command in asked.commands:
        name, _, words = command.argument.partition(" ")
        if command.name != "reply" or not name:
            continue
        reply = canned_replies.named(
            desk, name.strip(",.:"), canned_replies.language_for(desk, ticket)
        )
        if reply is None:
            return asked
        before, _, after = asked.text.partition(command.argument)
        words = "\n".join(filter(None, (words.strip(), after.strip())))
        text = canned_replies.filled(desk, reply, ticket, person, words)
        return replace(asked, text=f"{before}{text}", canned=reply.name)
    return asked


def signs_off(asked: Asked) -> bool:
    """Whether a contact accepts what was done (A7)."""
    return any(command.name == SIGNOFF for command in asked.commands)


def _signature_only(text: str, person: Person, words: Vocabulary) -> bool:
    """Whether nothing but a greeting and the writer's own name is left."""
    written = [line for line in text.split("\n") if line.strip(" ,-\t\r")]
    if len(written) > 4:
        return False
    lines = [fold(line).strip(" ,-") for line in written]
    own = set(fold(person.name).split())
    return all(line in words.closings or set(line.split()) <= own for line in lines)


def _his(unit: Unit, ticket: Ticket, person: Person) -> bool:
    """A contact commands on his own tickets only."""
    additional = asking.tickets.with_role(unit, ticket, TicketRole.ADDITIONAL)
    return person.id == ticket.contact_id or person in additional


def names_of(desk: Desk) -> Names:
    """What commands can name at this desk; looked up once for a mail."""
    if "names" not in desk.memory:
        desk.memory["names"] = _names(desk, desk.reach)
    return cast(Names, desk.memory["names"])


def _names(desk: Desk, mine: reach.Reach) -> Names:
    resources = tuple(
        Resource(p.name, tuple(asking.people.keys(desk.unit, p))) for p in mine.resources()
    )
    return names(desk.settings, desk.profile, _words(desk), resources, desk.now)


def names(
    settings: Settings,
    profile: Profile,
    words: Vocabulary,
    resources: tuple[Resource, ...],
    now: datetime,
) -> Names:
    """What commands can name with this configuration, profile and vocabulary."""
    config = settings.config.desk
    return Names(
        vocabulary=words,
        statuses=tuple(profile.statuses),
        priorities=profile.priorities,
        queues=profile.queues,
        types=profile.types,
        resources=resources,
        now=now.astimezone(config.zone),
        languages=dates.languages(config.language, words.languages),
        views=(*views.names(profile), lists.TASKS, *own_lists.LISTS),
        also_views=lists.ALSO_CALLED,
        meant=_meant(profile),
    )


def _meant(profile: Profile) -> dict[str, str]:
    """What words stand for in this profile: its keys, and a kind for its first status."""
    keys = ("complete_status", "resolved_status", "deferred_status", "scheduled_status")
    found = {key: getattr(profile, key) for key in keys if getattr(profile, key)}
    for status in profile.statuses.values():
        if status.for_people:
            found.setdefault(status.kind, status.name)
    return found


def _words(desk: Desk) -> Vocabulary:
    """With the admin's own; without them, and with an alert, where one of his files is broken."""
    try:
        return vocabulary(own_folder(desk.settings.in_force))
    except UsageError as error:
        text = sentence(
            "The desk's own words for commands are not in force. {problems}",
            problems=error.message,
        )
        desk.alert("commands", text)
        return vocabulary()


def only_answers(desk: Desk, asked: Asked) -> bool:
    """Whether the mail has nothing that a ticket could be opened for: it only wants reports, or
    what can only be done to a ticket that is there."""
    words = names_of(desk).vocabulary.commands
    return (
        bool(asked.commands or asked.unclear)
        and not asked.text.strip()
        and all(unclear.report for unclear in asked.unclear)
        and all(_reports(words[c.name], c.argument) for c in asked.commands)
    )


def on_behalf(desk: Desk, asked: Asked) -> Person | None:
    """For whom a new ticket is, where the mail says so by `#for`; None where it cannot be read:
    the command is refused then, with the reason."""
    who = _argument(asked, "for")
    if who is None:
        return None
    with suppress(MaildError):
        return fields.find_person(desk, who)
    return None


def source(desk: Desk, asked: Asked) -> str | None:
    """How a new ticket came in, where the mail says so by `#source`."""
    word = _argument(asked, "source")
    known = {fold(name): name for name in desk.profile.sources}
    return known.get(fold(word)) if word is not None else None


def note_title(asked: Asked, may: May) -> str | None:
    """The title that `#notetitle` gives the note of the mail (N14)."""
    allowed = may.role == Role.RESOURCE and may.proven
    return title_in(_argument(asked, "notetitle") or "") if allowed else None


def _argument(asked: Asked, name: str) -> str | None:
    return next((c.argument for c in asked.commands if c.name == name), None)


def _reports(word: Word, argument: str) -> bool:
    """It makes nothing new; neither does a contact's bare #status."""
    elsewhere = word.anywhere and NUMBER.match(argument.lstrip("[ ")) is not None
    return word.report or word.follows or elsewhere or bool(word.optional_for and not argument)


def audience(
    desk: Desk, mail: Mail, asked: Asked, may: May, ticket: Ticket, *, opens: bool = False
) -> Audience:
    """Who reads the note of this mail (A3); `opens`: it is the first, and may be all subject."""
    if may.role != Role.RESOURCE:
        return OF_CONTACT
    if not may.proven:
        return UNPROVEN
    if _argument(asked, "notify") is not None and desk.stored is not None:
        desk.memory[readers.MEMORY] = desk.stored.id
    answers = answered.public(desk.unit, desk.profile, mail, ticket)
    unknown = answers is None and answered.is_answer(mail)
    return decide(
        Written(
            elsewhere=not opens and _other_named(desk, mail, asked, ticket, may.person) is not None,
            wish=asked.public,
            unclear=asked.doubtful,
            empty=not (opens or mail.files)
            and _signature_only(asked.text, may.person, names_of(desk).vocabulary),
            forwards=mail.forwarded is not None or prefixes.is_forward(mail.subject, mail.text),
            aside=_aside(desk, mail, ticket),
            absence=answered.is_answer(mail) and _says_absence(mail.new_text, may.person),
            for_team=_for_team(desk, asked, ticket),
            answers=answers,
            answers_unknown=unknown,
            crossed=crossed(desk, mail, ticket, may.person),
            was_told=unknown
            and answered.was_told_internally(desk.unit, desk.profile, ticket, may.person),
        )
    )


def _says_absence(text: str, person: Person) -> bool:
    """Whether nothing but that he is away stands above his name."""
    own = set(fold(person.name).split())
    lines = (line for line in text.split("\n") if set(fold(line).split()) - own)
    return out_of_office.find("\n".join(lines)) is not None


def _aside(desk: Desk, mail: Mail, ticket: Ticket) -> bool:
    """Whether it is written to others, with a copy for the desk."""
    config = desk.settings.config
    to = [address for address in mail.to if "@" in address.address]
    if not to or any(people.is_ours(desk.unit, config, address.key) for address in to):
        return False
    return not any(_is_contact(desk, ticket, address) for address in (*to, *mail.cc))


def _is_contact(desk: Desk, ticket: Ticket, address: Address) -> bool:
    """Of this ticket; of one that is a technician's own, any contact whom we know."""
    person = people.by_address(desk.unit, address)
    if person is None or person.role != Role.CONTACT:
        return False
    contact = asking.tickets.contact(desk.unit, ticket)
    if contact is None or contact.role == Role.RESOURCE:
        return person.source != "mail"
    return _his(desk.unit, ticket, person)


def _for_team(desk: Desk, asked: Asked, ticket: Ticket) -> str:
    """The first command whose text is for colleagues: by its dialect, its word, its status."""
    words = names_of(desk).vocabulary.commands
    return next(
        (
            command.written
            for command in asked.commands
            if command.quiet
            or (command.name == "notify" and readers.is_for_team(desk, ticket, command.argument))
            or TEAM in (words[command.name].text_for, _status_text_for(desk, command))
        ),
        "",
    )


def _status_text_for(desk: Desk, command: Command) -> str:
    """Whom the text beside a status, a template that sets one, or an escalation is for."""
    profile, names = desk.profile, names_of(desk)
    status: object = None
    if _queue(names, profile, command) in profile.escalation_queues:
        return TEAM
    if command.name == "status" and names.reads("status", command.argument):
        status = names.status(command.argument)
    elif command.name == "template":
        found = {key(name): template for name, template in profile.templates.items()}
        template = found.get(key(command.argument), {})
        if template.get("text_for"):
            return str(template["text_for"])
        status = template.get("status")
    return profile.statuses[str(status)].text_for if str(status) in profile.statuses else ""


def _queue(names: Names, profile: Profile, command: Command) -> str:
    """The queue to which a command moves the ticket; "" where it does not."""
    name, value = command.name, command.argument
    if name == "set":
        with suppress(Refused):
            name, value, _ = setting.split(names, profile, value)
    return names.queue(value) if name == "queue" and names.reads("queue", value) else ""


def carry_out(
    desk: Desk, mail: Mail, ticket: Ticket | None, note: Note | None, asked: Asked, may: May
) -> list[Result]:
    """Does what is asked, and tells the sender; gives what became of each command."""
    if not (asked.commands or asked.unclear or asked.refused):
        return []
    job = Job(
        desk=desk,
        may=may,
        asked=asked,
        names=names_of(desk),
        ticket=ticket,
        note=note,
        answered=answered.note(desk.unit, mail, ticket),
    )
    results = run(job)
    answer(job, results)
    return results


# ---- what the mail answers


def _carried(unit: Unit, mail: Mail, ticket: Ticket) -> frozenset[str]:
    """Subjects that were there before this mail: that of the mail it answers, where we know it,
    else those of all mail of the ticket; and the ticket's title."""
    found = [ticket.title]
    parent = _parent_subjects(unit, mail)
    found += parent if parent else _all_subjects(unit, mail, ticket)
    return frozenset(subject_phrases.plain(subject) for subject in found if subject)


def _parent_subjects(unit: Unit, mail: Mail) -> list[str]:
    for message_id in mail.parents:
        item = asking.outbox.with_id(unit, message_id)
        if item is not None:
            return [item.subject or ""]
        came = asking.messages.with_id(unit, message_id)
        subjects = [stored.subject for stored in came if stored.subject is not None]
        if subjects:
            return subjects
    return []


def _all_subjects(unit: Unit, mail: Mail, ticket: Ticket) -> list[str]:
    """Not those of withheld mail: a forger's phrase must not make the real one an echo."""
    came = asking.messages.subjects(unit, ticket, mail.message_id, NEAREST)
    return came + asking.outbox.subjects(unit, ticket, NEAREST)
