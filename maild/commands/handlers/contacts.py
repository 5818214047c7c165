"""The few commands of contacts: safe ones, on their own tickets."""

from __future__ import annotations

from maild.commands.job import Job
from maild.desk.desk import MAILD
from maild.desk.language import for_all
from maild.i18n import sentence
from maild.model import EventName, TicketRole


def urgent(job: Job, argument: str) -> str:
    """Asks the technicians; sets nothing."""
    ticket, desk = job.the_ticket, job.desk
    asked = sentence("{person} says that it is urgent.", person=job.may.person.name)
    with desk.acting(MAILD):
        desk.add_note(ticket, text=for_all(desk, asked), public=False)
    desk.emit(ticket, EventName.URGENCY_ASKED, {"by": job.may.person.name})
    return sentence("The technicians know that it is urgent.")


def stop(job: Job, argument: str) -> str:
    job.desk.add_person(job.the_ticket, job.may.person, TicketRole.STOPPED)
    return sentence("You get no more mail about this ticket; writing to it still works.")
