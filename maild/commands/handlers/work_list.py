"""One's own work list by mail: `#worklist`, `#worklist off` (N20)."""

from __future__ import annotations

from maild.commands.arguments import fold
from maild.commands.job import Job
from maild.desk import own_lists
from maild.errors import Refused
from maild.i18n import sentence


def work_list(job: Job, argument: str) -> str:
    """Puts the ticket on his list; "off" takes it off."""
    ticket, unit, person = job.the_ticket, job.desk.unit, job.may.person
    if not argument.strip():
        if own_lists.put(unit, person, ticket, job.desk.now):
            return sentence("{ticket} is on your work list.", ticket=ticket.number)
        return sentence("{ticket} is on your work list already.", ticket=ticket.number)
    if fold(argument) not in {*job.names.vocabulary.nothing, *job.names.vocabulary.back}:
        raise Refused(sentence("Write #worklist, or #worklist off."))
    if not own_lists.take_off(unit, person, ticket):
        raise Refused(sentence("{ticket} is not on your work list.", ticket=ticket.number))
    return sentence("{ticket} is off your work list.", ticket=ticket.number)
