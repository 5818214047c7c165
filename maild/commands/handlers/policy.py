"""Commands about the profile's own things: templates, checklists, fields, the other side."""

from __future__ import annotations

from maild.commands.arguments import fold
from maild.commands.handlers.notes import other
from maild.commands.handlers.ticket import field, future
from maild.commands.job import Job
from maild.config import PartnerSection
from maild.dates import MORNING
from maild.desk import escalation_pack, fields, partners, reminders, sharing, status_requirements
from maild.desk.partner_seal import Says
from maild.desk.profile import PACK, key, named
from maild.errors import Refused, UsageError
from maild.i18n import sentence, together
from maild.store.records import Note, Person


def template(job: Job, argument: str) -> str:
    """Sets all the fields of a known situation in one go (G19)."""
    ticket, profile = job.the_ticket, job.desk.profile
    name = _named(argument, tuple(profile.templates), sentence("ticket template"))
    status = profile.templates[name].get("status")
    done = fields.apply_template(job.desk, ticket, name, set_status=False)
    if status is not None:
        wanted = status_requirements.may_set(job.desk, ticket, str(status)).name
        done += ["status"] if job.desk.set_status(ticket, wanted) else []
    if not done:
        return sentence("Template {name}: nothing was left to set.", name=name)
    return sentence("Template {name}: {fields}.", name=name, fields=list(map(fields.label, done)))


def checklist(job: Job, argument: str) -> str:
    """ "done 2", "undone 2", "add Call back", or the name of a checklist to add."""
    ticket, desk = job.the_ticket, job.desk
    what, which = _item(job, argument.strip())
    if what in ("ticked", "unticked"):
        done = what == "ticked"
        item = fields.tick(desk, ticket, which, done=done)
        left = len(status_requirements.open_items(ticket))
        if done:
            return sentence('"{item}" is done; {left} left.', item=item, left=left)
        return sentence('"{item}" is open again; {left} left.', item=item, left=left)
    if what == "add":
        fields.add_checklist(desk, ticket, [which])
        return sentence('"{item}" is on the checklist.', item=which)
    known = fields.checklists(desk)
    name = _named(argument, tuple(known), sentence("checklist"))
    fields.add_checklist(desk, ticket, known[name])
    items = [f"{n} {item}" for n, item in enumerate(status_requirements.open_items(ticket), 1)]
    return sentence("Checklist: {items:; }.", items=items)


def _item(job: Job, argument: str) -> tuple[str, str]:
    """What is to be done to which item; "" where the argument is the name of a checklist."""
    words = job.names.vocabulary.checklist
    if key(argument) in map(key, fields.checklists(job.desk)):
        return "", argument
    for word in sorted(words, key=len, reverse=True):
        head, which = argument[: len(word)], argument[len(word) :]
        if head.lower() == word and which[:1].isspace():
            return words[word], which.strip()
    return "", argument


def parent(job: Job, argument: str) -> str:
    """Links the ticket to a Problem as an incident (N13); "none" unlinks it."""
    ticket = job.the_ticket
    if fold(argument) in job.names.vocabulary.nothing:
        job.desk.set_field(ticket, "parent_id", None)
        return sentence("{ticket} is linked to no Problem.", ticket=ticket.number)
    problem = other(job, argument)
    fields.may_hang_on(job.desk, ticket, problem)
    job.desk.set_field(ticket, "parent_id", problem.id)
    return sentence(
        "{ticket} is an incident of {other}, {title}.",
        ticket=ticket.number,
        other=problem.number,
        title=problem.title,
    )


def transfer(job: Job, argument: str) -> str:
    """Hands the ticket to the service provider, or back to the client (N24)."""
    side = _side(job, argument)
    if side is None:
        raise Refused(
            sentence(
                '"{text}" is no side; write #transfer provider or #transfer client.', text=argument
            )
        )
    number, moved = job.the_ticket.number, job.desk.transfer(job.the_ticket, side)
    if side == "client":
        if moved:
            return sentence("{ticket} went to the client.", ticket=number)
        return sentence("{ticket} is with the client already.", ticket=number)
    if moved:
        return sentence("{ticket} went to the provider.", ticket=number)
    return sentence("{ticket} is with the provider already.", ticket=number)


def _side(job: Job, argument: str) -> str | None:
    """The side that is meant: provider, client, or as the profile calls it."""
    wanted = job.names.vocabulary.whom(argument)
    written = {wanted, wanted.partition(" ")[2]} - {""}  # "the provider", "le prestataire"
    sides = {side: fold(name) for side, name in job.desk.profile.sides.items()}
    called = {side: (side, name, name.partition(" ")[2]) for side, name in sides.items()}
    return next((side for side, names in called.items() if written & set(names)), None)


def share(job: Job, argument: str) -> str:
    """Gives the other side its own version of the ticket: a queue and a resource (P8)."""
    words = argument.split()
    for cut in range(len(words) - 1, 0, -1):
        queue, who = " ".join(words[:cut]), " ".join(words[cut:])
        if job.names.reads("queue", queue) and job.names.reads("resource", who):
            resource = job.names.resource(who)
            if resource is not None:
                person, name = job.for_ticket(resource), job.names.queue(queue)
                sharing.share(job.desk, job.the_ticket, name, person, job.note)
                return sentence(
                    "{ticket} is shared with {person}, in {queue}.",
                    ticket=job.the_ticket.number,
                    person=person.name,
                    queue=name,
                )
    partner = partners.named(job.desk, argument)
    if partner is not None:
        return _share_with(job, *partner)
    raise Refused(_whom_to_name(job))


def _whom_to_name(job: Job) -> str:
    """What `#share` takes at this desk."""
    known = [partner.name for partner in job.desk.settings.config.partner]
    said = sentence("Name a queue and a resource of the other side, like #share Co-managed bob.")
    if not known:
        return said
    return together(said, sentence("Or name another desk: {known}.", known=known))


def _share_with(job: Job, partner: PartnerSection, words: str) -> str:
    """Has another desk open a ticket of its own (P8)."""
    note, words = _crossing(job, words)
    partners.share(job.desk, job.the_ticket, partner, note, words)
    job.steps.append({"do": "share", "ticket": job.the_ticket.id})
    return sentence(
        "{ticket} is shared with {person}, by mail to its desk.",
        ticket=job.the_ticket.number,
        person=partner.name,
    )


def _crossing(job: Job, words: str) -> tuple[Note | None, str]:
    """The note that goes to another desk, and its words: those of the mail, below what stands
    behind the command."""
    if words and job.note is None:
        return job.desk.add_note(job.the_ticket, text=words, public=False), words
    return job.note, f"{words}\n\n{job.note.text}" if words and job.note else ""


def partner(job: Job, argument: str) -> str:
    """A note for the other desk that shares the ticket, too (P8)."""
    note, words = _crossing(job, argument.strip())
    if note is None:
        raise Refused(sentence("Write what the other desk is to read in the same mail."))
    known = partners.tell(job.desk, job.the_ticket, Says.NOTE, note, words)
    return sentence("{person} reads it too.", person=known.partner)


def mydone(job: Job, argument: str) -> str:
    """One's own work on a shared ticket is complete; the other side's status says so (P8)."""
    if partners.shares(job.desk, job.the_ticket):
        partners.done(job.desk, job.the_ticket, job.note)
    else:
        sharing.work_is_complete(job.desk, job.the_ticket, job.note)
    return sentence(
        "The other side knows that your work is complete; your own status is as it was."
    )


def question(job: Job, argument: str) -> str:
    """A question to the other side of a shared ticket (P8)."""
    if not partners.shares(job.desk, job.the_ticket):
        sharing.ask(job.desk, job.the_ticket, job.note)
    elif job.note is None:
        raise Refused(sentence("Write the question in the same mail."))
    else:
        partners.tell(job.desk, job.the_ticket, Says.QUESTION, job.note)
    return sentence("The other side has your question.")


def both(job: Job, argument: str) -> str:
    """Both sides of a shared ticket read the note of this mail (P8)."""
    sharing.show(job.desk, job.the_ticket, job.note)
    return sentence("Both sides read the note.")


def escalate(job: Job, argument: str) -> str:
    """To another queue or resource, with what they need to know (R10)."""
    ticket, desk = job.the_ticket, job.desk
    to = _receiver(job, argument)
    needed = desk.profile.escalation_pack
    lacking = escalation_pack.lacking(desk.unit, ticket, job.note, needed)
    if lacking:
        raise Refused(
            sentence(
                "An escalation needs its pack in the same mail, each part under its heading. "
                "{ticket} stays where it is; this lacks: {lacking:; }. Write it again like "
                "this: {form: · }",
                ticket=ticket.number,
                lacking=[PACK[part] for part in lacking],
                form=[sentence("{part!c}: …", part=PACK[part]) for part in PACK if part in needed],
            )
        )
    desk.escalate(ticket, to, job.note)
    if job.note is not None:
        desk.unit.change(job.note, title=job.note.title or desk.profile.escalation_title)
    name = to if isinstance(to, str) else to.name
    return sentence("{ticket} is escalated to {to}.", ticket=ticket.number, to=name)


def queue(job: Job, argument: str) -> str:
    """To another queue; to one of the second level it is an escalation."""
    name = job.names.queue(argument)
    if name in job.desk.profile.escalation_queues and job.the_ticket.queue != name:
        return escalate(job, name)
    return field(job, "queue", name)


def _receiver(job: Job, argument: str) -> str | Person:
    """The queue of this name, else the resource."""
    if job.names.reads("queue", argument):
        return job.names.queue(argument)
    resource = job.names.resource(argument) if job.names.reads("resource", argument) else None
    if resource is None:
        raise Refused(
            sentence(
                '"{text}" is neither a queue ({queues}) nor a resource.',
                text=argument,
                queues=job.names.queues,
            )
        )
    return job.for_ticket(resource)


def remind(job: Job, argument: str) -> str:
    """A mail on that date, to him who asks."""
    when = future(job, job.names.date(argument, MORNING))
    ticket, person = job.the_ticket, job.may.person
    reminders.remind(job.desk, ticket, person, when)
    job.steps.append({"do": "remind", "ticket": ticket.id, "person": person.id})
    return sentence("You will be reminded on {when}.", when=when)


def _named(text: str, known: tuple[str, ...], what: str) -> str:
    """The name that is meant; its beginning is enough where it is the only one."""
    try:
        return named(text, known, what)
    except UsageError as error:
        wanted = text.strip().lower()
        found = [n for n in known if wanted and wanted in n.lower()]
        if len(found) == 1:
            return found[0]
        raise Refused(error.message) from error
