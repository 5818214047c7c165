"""The pages of administration, in the order and groups in which they are shown."""

from __future__ import annotations

from dataclasses import dataclass

from maild.i18n import sentence


@dataclass(frozen=True, slots=True)
class Area:
    """One page of administration."""

    path: str
    icon: str
    title: str
    about: str  # what one does there, in a sentence
    right: str


@dataclass(frozen=True, slots=True)
class Group:
    """Pages that belong together."""

    title: str
    areas: tuple[Area, ...]


GROUPS = (
    Group(
        sentence("Policy"),
        (
            Area(
                "/admin/templates", "template", sentence("Templates"),
                sentence("What mails say, tried on the last ones that were sent."), "policy read",
            ),
            Area(
                "/admin/rules", "rule", sentence("Rules"),
                sentence("What happens by itself, and when."), "policy read",
            ),
            Area(
                "/admin/statuses", "ticket", sentence("Statuses"),
                sentence("What a ticket can be, and what each asks for."), "policy read",
            ),
            Area(
                "/admin/calendars", "calendar", sentence("Calendars"),
                sentence("When the desk works, and what it has promised by when."), "policy read",
            ),
        ),
    ),
    Group(
        sentence("People"),
        (
            Area(
                "/admin/people", "people", sentence("People"),
                sentence("Technicians and contacts, with their addresses."), "people read",
            ),
            Area(
                "/admin/organizations", "building", sentence("Organizations"),
                sentence("Clients, and which mail domains mean them."), "people read",
            ),
            Area(
                "/admin/imports", "download", sentence("Imports"),
                sentence("Tickets and people of another desk, from its exports."), "people change",
            ),
        ),
    ),
    Group(
        sentence("Mail"),
        (
            Area(
                "/admin/mailboxes", "inbox", sentence("Mailboxes"),
                sentence("Where mail comes in: tried, paused, looked at now."), "mail read",
            ),
            Area(
                "/admin/outbox", "send", sentence("Outbox"),
                sentence("What goes out: waiting, sent, failed; sent again or given up."),
                "mail read",
            ),
            Area(
                "/admin/quarantine", "shield", sentence("Quarantine"),
                sentence("Mail that could not be processed."), "mail read",
            ),
            Area(
                "/admin/spam", "trash", sentence("Spam"),
                sentence("Mail that was kept as spam."), "mail read",
            ),
        ),
    ),
    Group(
        sentence("Monitoring"),
        (
            Area(
                "/admin/alerts", "bell", sentence("Alerts"),
                sentence("What is wrong, and what was."), "alerts read",
            ),
            Area(
                "/admin/audit", "history", sentence("Audit"),
                sentence("Who did what, from where."), "audit read",
            ),
        ),
    ),
)  # fmt: skip
