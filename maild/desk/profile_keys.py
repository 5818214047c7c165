"""Every key of profile.yaml: what it takes, what it means, how it is read.

The one table: `profile_file` checks and reads by it, docs/profile-keys.md is made from it.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from maild.desk.calendar import Span, known_region, read_hours
from maild.desk.profile import NEEDS, PACK, SOURCES, STATUS_KINDS
from maild.errors import UsageError
from maild.i18n import sentence
from maild.yaml_schema import Key
from maild.yamlfile import nearest
from maild.zones import is_zone, zone_names


def _day(text: Any) -> date:
    return date.fromisoformat(str(text))


def _moment(text: Any) -> datetime:
    return datetime.fromisoformat(str(text)).replace(tzinfo=None)


def _zone(text: Any) -> ZoneInfo:
    if not is_zone(str(text)):
        raise UsageError(f'"{text}" is no time zone; {nearest(str(text), zone_names())}')
    return ZoneInfo(str(text))


def _percent(number: int) -> int:
    if not 1 <= number <= 100:
        raise UsageError(f"{number} is no percentage from 1 to 100.")
    return number


STATUS = (
    Key("name", "text", "what it is called", required=True),
    Key(
        "kind",
        "text",
        "what it means to views, SLA and rules that are not about one status",
        "waiting",
        "working",
        required=True,
        among=tuple(STATUS_KINDS),
    ),
    Key(
        "set_by",
        "text",
        "`system`: rules only, people and commands may not set it",
        "system",
        "people",
        among=("people", "system"),
    ),
    Key(
        "categories",
        "list",
        "only tickets of these categories can have it",
        "[Sales, Billing]",
        (),
        "all",
        of="categories",
    ),
    Key(
        "needs",
        "list",
        "what must be there before a person may set it",
        "[resolution, time entry]",
        (),
        "nothing",
        among=tuple(NEEDS),
    ),
    Key("tell_contact", "yes", "`no`: the contact is not told when it is set", "no", True),
    Key(
        "text_for",
        "text",
        "whom what a technician writes beside it is for: `team`, unless #public says otherwise",
        "team",
        "",
        "the contact",
        among=("team",),
    ),
    Key(
        "pauses_sla",
        "yes",
        "the SLA's clocks stand still",
        "yes",
        without="yes for kind waiting, else no",
    ),
    Key("meaning", "text", "one sentence for the people who choose", "We wait for an answer.", ""),
    Key("rows", "list", "the rows of the behaviour table that it serves", "[N1]", ()),
)

CALENDAR = (
    Key(
        "hours",
        "hours",
        'when the desk works: `mon-thu`, `sun`, `"mon, wed"` or `fri-mon`, each day once; '
        "a day that is not written is closed",
        '{mon-thu: "9:00-12:00, 13:00-17:00", fri: "9:00-13:00"}',
        without="mon-fri 9:00-17:00",
        read=read_hours,
    ),
    Key(
        "holidays",
        "list",
        "whose public holidays are no business days: a country, or country and region",
        "[DE-BY]",
        (),
        "none",
        read=known_region,
    ),
    Key("closed", "list", "days of your own", "[2026-12-24]", (), "none", read=_day),
    Key(
        "timezone",
        "text",
        "the clocks on which the hours are read",
        "America/New_York",
        without="that of [desk]",
        read=_zone,
    ),
)

SLA = (
    Key("name", "text", "what it is called", required=True),
    Key("organizations", "list", "whose tickets it is for", "[Acme]", (), "all"),
    Key("priorities", "list", "of which priorities", "[P1]", (), "all", of="priorities"),
    Key("types", "list", "of which types", "[Incident]", (), "all", of="types"),
    Key(
        "calendar",
        "text",
        "on whose business time it counts",
        "default",
        "default",
        among=("default",),
        of="calendars",
    ),
    Key(
        "first_response",
        "text",
        "how soon we answer: business minutes and hours, or days of the calendar",
        "30 minutes",
        without="no promise",
        read=Span.read,
    ),
    Key(
        "resolution",
        "text",
        "how soon it is solved",
        "3 business days",
        without="no promise",
        read=Span.read,
    ),
    Key("warn", "number", "per cent of the time after which is warned", "75", 75, read=_percent),
)

MATRIX = (
    Key("impact", "text", "high, medium, low", "high", without="any"),
    Key("urgency", "text", "high, medium, low", "medium", without="any"),
    Key("priority", "text", "what the two make", "P2", required=True, of="priorities"),
)

ON_CALL = (
    Key("people", "list", "resources, by name or address, in turn", "[Bob Tech, Dana Lead]", ()),
    Key("turn", "text", "how long each has it", "week", "week", among=("week", "day")),
    Key(
        "starts",
        "text",
        "when the first of them begins, on the desk's clock",
        "2026-01-05 09:00",
        datetime(2026, 1, 5),
        "Monday 2026-01-05",
        read=_moment,
    ),
)

VIEW = (
    Key("title", "text", "what the list is called", "Tickets to process", "", "its name"),
    Key("kinds", "list", "tickets whose status is of these kinds", "[new, review]", (),
        "none", among=tuple(STATUS_KINDS)),
    Key("statuses", "list", "and those that have one of these", "[In Progress]", (), "none",
        of="statuses"),
    Key("overdue_calls", "yes", "and open ones whose service call should have been", "yes", False),
)  # fmt: skip

REQUEST = (
    Key("queue", "text", "where it goes", "Support", without="that of a new ticket", of="queues"),
    Key("form", "list", "what the contact is to fill in", "[Name, First day, Department]", (),
        "nothing"),
    Key("template", "text", "the ticket template that it sets", "New user", without="none",
        of="templates"),
)  # fmt: skip

SIDES = (
    Key("client", "text", "the client's own people", "The client", sentence("The client")),
    Key(
        "provider",
        "text",
        "the service provider",
        "The service provider",
        sentence("The service provider"),
    ),
)

KEYS = (
    Key("name", "text", "what the profile is called", "own", required=True),
    Key("description", "text", "what it is for, in a few words", "Our own desk", ""),
    Key(
        "extends",
        "text",
        "the profile that it builds on: a shipped one, or a folder seen from this one",
        "next7",
        without="none",
    ),
    Key("document", "text", "where its behaviour is written", "", ""),
    Key(
        "statuses",
        "entries",
        "what a ticket can be",
        "[{name: On Hold, kind: waiting}]",
        (),
        required=True,
        one="a status",
        keys=STATUS,
    ),
    Key("new_status", "text", "of every created ticket", "New", required=True, of="statuses"),
    Key(
        "complete_status",
        "text",
        'what "is complete" and a merger set',
        "Complete",
        required=True,
        of="statuses",
    ),
    Key(
        "resolved_status",
        "text",
        'what "is resolved" sets, also where a contact says so',
        "Resolved",
        without="complete_status",
        of="statuses",
    ),
    Key(
        "reopened_status",
        "text",
        "what `reopen` in a rule sets",
        "Ticket Reopened",
        without="new_status",
        of="statuses",
    ),
    Key(
        "deferred_status",
        "text",
        "what `#defer` sets",
        "Deferred",
        without="the first that needs a due date; where none does, the resource is reminded "
        "instead",
        of="statuses",
    ),
    Key(
        "scheduled_status",
        "text",
        "what `#schedule` sets",
        "Scheduled",
        without="`#schedule` leaves the status as it is",
        of="statuses",
    ),
    Key(
        "shared_status",
        "text",
        "of the other side, once a ticket is shared with it",
        "Assigned",
        without="new_status",
        of="statuses",
    ),
    Key(
        "shared_done_status",
        "text",
        "of the other side, once one's own work is done",
        "Waiting Internal Review",
        without="new_status",
        of="statuses",
    ),
    Key(
        "shared_done_note",
        "text",
        "what `#mydone` says where the mail says nothing",
        "My work is done.",
        sentence("My work on this is complete."),
    ),
    Key("sides", "section", "what the two sides of a shared ticket are called",
        "{provider: Northwind IT}", {}, "as below", keys=SIDES),
    Key(
        "escalation_title",
        "text",
        "the title of the note that an escalation carries",
        "ESCALATION",
        "ESCALATION",
    ),
    Key(
        "escalation_queues",
        "list",
        "who moves a ticket there by `#queue` escalates it, and needs the pack",
        "[N2]",
        (),
        "only `#escalate` escalates",
        of="queues",
    ),
    Key(
        "escalation_pack",
        "list",
        "what an escalation must say, each under its heading; evidence is a file or a link",
        "[context, evidence, question]",
        tuple(PACK),
        among=tuple(PACK),
    ),
    Key(
        "priorities",
        "list",
        "the first is that of a new ticket",
        "[Normal, Urgent]",
        ("Normal",),
        required=True,
    ),
    Key("types", "list", "the first is that of a new ticket", "[Request, Incident]",
        ("Service Request",), required=True),
    Key("queues", "list", "the first is that of a new ticket", "[Support, Sales]", ("Support",),
        required=True),
    Key("sources", "list", "how a ticket can come in", "[email, phone]", SOURCES),
    Key("work_types", "list", "what a time entry can name as type of work", "[remote, on-site]",
        (), "any"),
    Key("work_type_required", "yes", "a time entry without a type of work is refused", "yes",
        False),
    Key("categories", "lists", "each with its subcategories", "{Network: [VPN, Wi-Fi]}", {}, "any"),
    Key(
        "issue_types",
        "lists",
        "each with its sub-issue types",
        "{Hardware: [Printer, Server]}",
        {},
        "any",
    ),
    Key("fields", "list", "more fields that a ticket can have", "[invoice]", (), "none"),
    Key(
        "matrix",
        "rows",
        "impact × urgency → priority; the first row that fits",
        "[{impact: high, urgency: high, priority: P1}, {priority: P4}]",
        (),
        "none",
        one="a row of the matrix",
        keys=MATRIX,
    ),
    Key(
        "templates",
        "values",
        "ticket templates: all the fields of a known situation, by `#template NAME`",
        "{Handoff: {queue: Sales, tags: [handoff], checklist: Closing}}",
        {},
        "none",
    ),
    Key("checklists", "lists", "each with its items", "{Closing: [Tell the customer]}", {}, "none"),
    Key("request_types", "sections", "what contacts can ask for; a bare text is the queue",
        "{New user: Support}", {}, "none", one="a request type", keys=REQUEST, short="queue"),
    Key(
        "senders",
        "lists",
        "whose mail is not a person's: patterns of addresses, `*` for anything",
        '{monitoring: ["alerts@*"]}',
        {},
        "none",
    ),
    Key(
        "groups",
        "lists",
        "who is meant by a name in rules: resources by name or address, or any address",
        "{managers: [Dana Lead, boss@example.com]}",
        {},
        "none",
    ),
    Key("views", "sections", "lists of tickets, besides those below",
        "{on site: {title: Tickets on site, statuses: [Scheduled]}}", {}, "none", one="a view",
        keys=VIEW),
    Key(
        "calendars",
        "sections",
        "business time; `default` is that of rules",
        "{default: {hours: {mon-fri: 8:00-18:00}}}",
        {},
        "mon-fri 9:00-17:00",
        one="a calendar",
        keys=CALENDAR,
    ),
    Key("on_call", "section", "who is on call", "{people: [Bob Tech], turn: day}", {}, "nobody",
        keys=ON_CALL),
    Key(
        "slas",
        "entries",
        "what we owe; the first that fits a ticket counts",
        "[{name: Acme, organizations: [Acme], first_response: 1 hour}]",
        (),
        "none",
        one="an SLA",
        keys=SLA,
    ),
)  # fmt: skip
