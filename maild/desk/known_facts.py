"""What a notification's template may name: plain data, declared here once; `facts` finds it.

`CATALOGUE` is the one source: `maild templates show`, docs/templates.md, the check of unknown
names and the example ticket all come from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Facts = dict[str, Any]  # str, int, float, bool, None, and lists and dicts of these


@dataclass(frozen=True, slots=True)
class Fact:
    """One name that a template may use; `list[].key` is a key of each entry of a list."""

    name: str  # "ticket.number"
    meaning: str
    example: Any


CATALOGUE = (
    Fact("desk.name", "the desk's name", "Example Support"),
    Fact("desk.address", "the desk's address; replies come back to it", "support@example.com"),
    Fact("desk.signature", "what stands below its mails", "Example Support"),
    Fact("recipient.name", "who gets this mail; empty where the name is no person's", "Ann Archer"),
    Fact("recipient.first_name", "the same, as one says hello", "Ann"),
    Fact("recipient.address", "the address that this mail goes to", "ann@acme.example"),
    Fact("recipient.audience", "contact, resource or admin", "contact"),
    Fact("recipient.language", "language of this mail", "en"),
    Fact("recipient.timezone", "zone in which `time` and `day` write", "Europe/Berlin"),
    Fact("event.at", "when it happened", "2026-11-21T09:30:00+00:00"),
    Fact("event.by", "who did it: a person, a rule or maild", "Bob Tech"),
    Fact("ticket.number", "the ticket's number", "T20261121.0042"),
    Fact(
        "ticket.title",
        "its title; none in an answer to somebody who may not be who they say",
        "Printer is on fire",
    ),
    Fact("ticket.status", "its status", "In Progress"),
    Fact("ticket.status_kind", "new, working, waiting, review, resolved, closed", "working"),
    Fact("ticket.priority", "its priority", "1 High"),
    Fact("ticket.type", "its type", "Service Request"),
    Fact("ticket.source", "how it came in", "email"),
    Fact("ticket.queue", "its queue", "Service Desk"),
    Fact("ticket.organization", "the client, or none", "Acme"),
    Fact("ticket.contact", "who asked, or none", "Ann Archer"),
    Fact("ticket.primary", "the resource who has it, or none", "Bob Tech"),
    Fact("ticket.secondaries", "other resources, a list of names", ["Cem Yıldız"]),
    Fact(
        "ticket.waiting",
        "addresses of colleagues in Cc who wait for the contact's yes",
        ["carl@acme.example"],
    ),
    Fact("ticket.created", "when it was opened", "2026-11-21T08:05:00+00:00"),
    Fact("ticket.due", "when it is due, or none", "2026-11-23T16:00:00+00:00"),
    Fact("ticket.completed", "when it was completed, or none", None),
    Fact("ticket.resolution", "how it was solved, or none", "The toner was replaced."),
    Fact("ticket.hours", "hours worked on it", 1.5),
    Fact("ticket.reopened", "how often it was reopened", 0),
    Fact(
        "ticket.stopped",
        "contacts who want no more mail about it, whom what is written does not reach, to "
        "resources",
        ["Eve Archer"],
    ),
    Fact(
        "ticket.left",
        "business time that is left for what we owe, to resources",
        ["first response: 1 h 30 min"],
    ),
    Fact("note.by", "who wrote the note (`note` is none where there is none)", "Bob Tech"),
    Fact("note.by_kind", "contact, resource, system, monitoring or partner", "resource"),
    Fact("note.public", "whether contacts may read it", True),
    Fact("note.title", "its title, or none", None),
    Fact(
        "note.text",
        "its words",
        "I have ordered a new toner.\n\nIt comes tomorrow before noon; please keep\nthe old one.",
    ),
    Fact(
        "note.below",
        "what stands below the words of a mail that opened the ticket, or none; `words(note)` "
        "shows it to resources",
        None,
    ),
    Fact("note.html", "its words as harmless HTML, or none; `words(note)` shows it", None),
    Fact("note.created", "when it was written", "2026-11-21T09:30:00+00:00"),
    Fact("note.attachments[].filename", "name of a file that came with it", "toner.jpg"),
    Fact("note.attachments[].size", "its size in bytes", 48_120),
    Fact("note.attachments[].passed", "whether it goes out with the mail", True),
    Fact("note.attachments[].refused", "what kind of file is refused that it is, or none", None),
    Fact(
        "note.attachments[].picture",
        "of a picture within the words where it stands, or none; `words(note)` shows it there",
        None,
    ),
    Fact("time.by", "whose work it is (`time` is none where there is none)", "Bob Tech"),
    Fact("time.worked_on", "its start, or its day", "2026-11-21T09:00:00+00:00"),
    Fact("time.hours", "hours worked", 0.5),
    Fact("time.work_type", "remote, on-site …, or none", "remote"),
    Fact("time.summary", "what was done, for everybody", "Looked at the printer's log."),
    Fact("time.internal", "what only resources may read, or none", "Ask for the contract."),
    Fact("earlier[].by", "who wrote an earlier note; newest first", "Ann Archer"),
    Fact("earlier[].public", "whether contacts may read it", True),
    Fact("earlier[].created", "when", "2026-11-21T08:05:00+00:00"),
    Fact("earlier[].title", "its title, or none", None),
    Fact("earlier[].text", "its words", "Hello,\n\nsmoke comes out of the printer. Please help!"),
)

_TICKETS = (
    Fact("tickets[].number", "the ticket's number", "T20261121.0042"),
    Fact("tickets[].title", "its title", "Printer is on fire"),
    Fact("tickets[].contact", "who asked, or none", "Ann Archer"),
    Fact("tickets[].status", "its status", "In Progress"),
    Fact("tickets[].priority", "its priority", "1 High"),
    Fact("tickets[].due", "when it is due, or none", "2026-11-23T16:00:00+00:00"),
)

# What rules know besides; a notification that `tells` one of these may name its facts.
OF_RULES: dict[str, tuple[Fact, ...]] = {
    "until": (Fact("until", "when its next clock is due, or none", "2026-11-23T09:30:00+00:00"),),
    "since": (
        Fact("since", "since when the ticket has its status, or none", "2026-11-16T09:30:00+00:00"),
    ),
    "hours": (
        Fact(
            "back",
            "when somebody works again, by the profile's calendar and holidays; none while "
            "somebody does",
            "2026-11-23T08:00:00+00:00",
        ),
        Fact(
            "emergency",
            "what to do until then, as `[desk] emergency` says, or none",
            "Call +49 30 1234.",
        ),
    ),
    "late": (Fact("late", "when the mail came, where that is hours ago; or none", None),),
    "refused": (
        Fact(
            "refused[]",
            "kinds of files of their mail that are neither passed on nor opened",
            "*.exe",
        ),
    ),
    "transfer": (
        Fact("transfer.to", "the team or queue that has it now", "Provider · Level 2"),
        Fact("transfer.from", "the team or queue that had it, or none", "Service Desk"),
    ),
    "merger": (
        Fact("merger.from", "the ticket that it came from", "T20261121.0041"),
        Fact("merger.to", "the ticket that it is now", "T20261121.0042"),
        Fact("merger.title", "what that is called", "Printer is on fire"),
        Fact("merger.status", "what the status of that is now", "Ticket Reopened"),
    ),
    "appointment": (
        Fact("appointment.start", "when it begins", "2026-11-24T09:00:00+00:00"),
        Fact("appointment.end", "when it ends, or none", "2026-11-24T10:00:00+00:00"),
        Fact("appointment.resource", "who comes or calls, or none", "Bob Tech"),
        Fact("appointment.place", "where, or none", "Remote session"),
        Fact("appointment.moved", "whether it was at another time before", False),
    ),
    "on-call": (Fact("oncall", "who is on call, or none", "Bob Tech"),),
    "missing": (
        Fact("missing[]", "what closing lacks, in a sentence each", "Say how it was solved."),
    ),
    "problem": (
        Fact("problem.number", "the problem's number", "T20261120.0007"),
        Fact("problem.title", "its title", "No mail for everybody"),
    ),
    "form": (
        Fact("form.type", "the type of the request", "New user"),
        Fact("form.missing[]", "what its form still lacks", "First day"),
    ),
    "articles": (
        Fact("articles[]", "names of knowledge articles that may help", ["Printer on fire"]),
    ),
    "replies": (
        Fact("replies[].name", "a canned reply that may fit", "toner"),
        Fact("replies[].text", "how it begins", "Which floor is the printer on?"),
    ),
    "proposed": (
        Fact(
            "proposed[]",
            "addresses that the mail was sent to as well, and who are not on the ticket",
            "vic@vendor.example",
        ),
    ),
    "remark": (
        Fact(
            "remark",
            "what a technician wrote above the mail that they forwarded, or none",
            "Careful, she never pays.",
        ),
    ),
    "undelivered": (
        Fact("undelivered.address", "whom our mail did not reach", "ann@acme.example"),
        Fact("undelivered.why", "what its server said", "550 5.1.1 no such user"),
    ),
    "side": (Fact("side", "the other side's name", "Northwind IT"),),
    "sla": (
        Fact("sla.target", "first response or resolution", "first response"),
        Fact("sla.due", "when it is due", "2026-11-21T11:00:00+00:00"),
        Fact("sla.broken", "whether that is past", False),
    ),
}
# What maild alone knows, in the mails that it sends without a rule.
OF_MAILD: dict[str, tuple[Fact, ...]] = {
    "kept": (
        Fact("why", "why their words were kept from the contact",
             "it answers a mail that cannot be recognised"),
        Fact("other.by", "who has just answered the contact, or none", None),
        Fact("other.text", "what they wrote, or none", None),
    ),
    "partner": (
        Fact("partner.name", "what the other desk is called here", "Northwind IT"),
        Fact("partner.says", "share, opened, note, question, done or ended", "note"),
        Fact("partner.by", "who says it", "Bob Tech"),
        Fact("partner.yours", "the number of its ticket, where it is known", "T20261121.0007"),
        Fact("partner.words", "what is said, or nothing", "Smoke comes out of the printer."),
        Fact("partner.description", "of what is shared: its contact's words, or nothing", "Fire!"),
    ),
    "away": (
        Fact("away.who", "who is away", "Bob Tech"),
        Fact("away.until", "until when, or none", "2026-11-30T09:00:00+00:00"),
        Fact("away.stand_in[]", "who has the words instead", "Carla"),
    ),
    "unknown": (
        Fact("unknown.address", "from where it came", "bob@home.example"),
        Fact("unknown.whose", "the technician whose mail it answers", "Bob Tech"),
    ),
    "too-large": (
        Fact("size", "how large their mail is", "151 MB"),
        Fact("limit", "how large a mail may be that is taken in", "50 MB"),
    ),
    "files": (Fact("files[]", "the name of a file that did not go out", "video.mp4"),),
    "held-back": (
        Fact("mails[].number", "the ticket, or none", "T20261121.0042"),
        Fact("mails[].title", "its title, or the mail's subject", "Printer is on fire"),
        Fact("mails[].by", "who wrote it", "Ann Archer"),
        Fact("mails[].text", "its first words", "It smokes again."),
        Fact("mails[].at", "when it came", "2026-11-21T09:30:00+00:00"),
        Fact("more", "how many there were besides", 12),
    ),
    "answers": (
        Fact("answers[].command", "what was asked", "status Complete"),
        Fact("answers[].done", "whether it was done", True),
        Fact("answers[].why", "what was done, or why not, in a sentence",
             "The ticket is Complete."),
        Fact("answers[].undo", "what to write to undo it, or none", "#status In Progress"),
        Fact("undo", "what `#undo` in a reply would take back, or none",
             "#assign bob, #priority 1"),
        Fact("internal", "whether a reply to this mail stays internal", False),
        Fact("by_contact", "whether a contact asked, and reads it", False),
        Fact("held", "whether the text was kept from the contact, as a line is unclear", False),
        Fact("sent", "what a canned reply said to the contact, or none", "We send a new toner."),
    ),
    "list": (
        Fact("list.title", "what it lists", "Your open tickets"),
        Fact("list.also[]", "records that a search found besides tickets", "asset PC-1"),
        *_TICKETS,
    ),
    "headings": (Fact("headings[]", "headings of the note form", "next step"),),
    "details": (
        Fact("details[].label", "what it is called: a field, a time entry", "estimated hours"),
        Fact("details[].value", "what stands there", "1.5"),
    ),
    "help": (
        Fact("commands[].example", "how it is written", "#priority 1"),
        Fact("commands[].meaning", "what it does", "Sets the priority."),
    ),
    "confirm": (
        Fact("commands[]", "what was asked", "is resolved"),
        Fact("why", "what was missing", "the mail carried no signature of example.com"),
    ),
    "article": (
        Fact("article.name", "the knowledge article's title", "Printer on fire"),
        Fact("article.text", "its words, in Markdown", "Unplug it first."),
        Fact("article.tags", "its tags, a list", ["printer"]),
    ),
    "old-mail": (
        *_TICKETS, Fact("tickets[].arrived", "when its mail came", "2026-11-02T08:05:00+00:00")
    ),
    "overdue": (
        *_TICKETS,
        Fact("tickets[].at", "when it was due", "2026-11-02T08:05:00+00:00"),
        Fact("tickets[].template", "which notification it would have been", "reminder"),
        Fact("tickets[].target", "what was promised, or none", "first response"),
        Fact("tickets[].broken", "whether that promise is broken", True),
        Fact("more", "how many there were besides", 12),
    ),
    "digest": (*_TICKETS, Fact("tickets[].late", "whether that is past", False)),
    "week": (
        Fact("week.from", "its Monday", "2026-11-16T00:00:00+01:00"),
        Fact("week.to", "its Sunday", "2026-11-22T23:59:59+01:00"),
        Fact("week.number", "the week, as ISO 8601 writes it", "2026-W47"),
        Fact("week.person", "whose week it is", "Bob Tech"),
        Fact("week.organization", "on whose tickets alone, or none", None),
        Fact("week.hours", "all hours together", 31.5),
        Fact("week.billable", "the billable ones among them", 28.0),
        Fact("entries[].worked_on", "the day", "2026-11-21T09:00:00+00:00"),
        Fact("entries[].number", "the ticket's number", "T20261121.0042"),
        Fact("entries[].title", "its title", "Printer is on fire"),
        Fact("entries[].client", "the client, or none", "Acme"),
        Fact("entries[].summary", "what was done", "Looked at the printer's log."),
        Fact("entries[].internal", "what only resources may read, or none", None),
        Fact("entries[].hours", "hours worked", 0.5),
        Fact("entries[].work_type", "remote, on-site …, or none", "remote"),
        Fact("entries[].billable", "whether it is billed", True),
        Fact("entries[].overlaps", "whether another entry shares its time", False),
        Fact("clients[].client", "a client", "Acme"),
        Fact("clients[].hours", "hours on its tickets", 12.5),
        Fact("clients[].billable", "the billable ones among them", 12.0),
        Fact("days[].day", "a day", "2026-11-21"),
        Fact("days[].hours", "hours on that day", 7.5),
    ),
    "happened": (
        Fact("happened[].template", "which notification it would have been", "note"),
        Fact("happened[].at", "when", "2026-11-21T09:30:00+00:00"),
        Fact("happened[].by", "who did it", "Ann Archer"),
        Fact("happened[].note.by", "who wrote the note (it may be none)", "Ann Archer"),
        Fact("happened[].note.text", "its words; `words` shows them", "It smokes again."),
        Fact("happened[].note.attachments", "what came with it", []),
        Fact("happened[].time.summary", "what was done (it may be none)", "Read the log."),
        Fact("happened[].time.hours", "hours worked", 0.5),
        Fact("happened[].time.by", "whose work it is", "Bob Tech"),
        Fact("happened[].time.worked_on", "when", "2026-11-21T09:00:00+00:00"),
        Fact("happened[].time.work_type", "remote, on-site …, or none", "remote"),
        Fact("happened[].time.internal", "what only resources may read, or none", None),
    ),
    "signin": (
        Fact("signin.link", "the link that signs in, once", "https://desk.example.com/sign-in/9f3"),
        Fact("signin.minutes", "for how long it does", 15),
        Fact("signin.asked_from", "the network address that asked for it", "192.0.2.7"),
    ),
    "alert": (
        Fact("alert.text", "what it is and what to do", "The mailbox support refuses us."),
        Fact("alert.first", "when it began", "2026-11-21T09:30:00+00:00"),
        Fact("alert.count", "how often it was seen", 1),
        Fact("alert.over", "since when it is over (it may be none)", "2026-11-21T09:45:00+00:00"),
        Fact("alerts[].text", "each of them, where there are several; the first is `alert`",
             "The mailbox support refuses us."),
        Fact("alerts[].first", "when it began", "2026-11-21T09:30:00+00:00"),
        Fact("alerts[].count", "how often it was seen", 1),
        Fact("alerts[].over", "as above", "2026-11-21T09:45:00+00:00"),
    ),
}  # fmt: skip


def example(names: tuple[Fact, ...] = CATALOGUE) -> Facts:
    """Facts made of the catalogue's examples, as a template would get them."""
    data: Facts = {}
    for fact in names:
        place: Any = data
        *path, last = fact.name.split(".")
        for step in path:
            name, is_list, _ = step.partition("[]")
            place = place.setdefault(name, [{}] if is_list else {})
            place = place[0] if is_list else place
        name, is_list, _ = last.partition("[]")
        place[name] = [fact.example] if is_list else fact.example
    return data
