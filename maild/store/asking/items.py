"""Assets, contracts, articles and the like: by their name, by client, by ticket."""

from __future__ import annotations

from maild.store.question import Question, among, param
from maild.store.records import Item, Organization, Ticket
from maild.store.schema import columns
from maild.store.unit import Unit

_item = columns(Item)

NAMED = Question(Item, (_item.kind == param("kind")) & (_item.key == param("key")))
OF_KIND = Question(Item, (_item.kind == param("kind")) & _item.active, order=(_item.name, _item.id))
OF_ORGANIZATION = Question(
    Item,
    (_item.organization_id == param("organization")) & _item.active,
    order=(_item.kind, _item.name, _item.id),
)
OF_TICKET = Question(
    Item, (_item.ticket_id == param("ticket")) & (_item.kind == param("kind")), order=(_item.id,)
)
OF_FILES = Question(Item, (_item.source == "file") & _item.active)
KEYED = Question(Item, (_item.kind == param("kind")) & among(_item.key, "keys"))


def named(unit: Unit, kind: str, key: str) -> Item | None:
    """The one of this kind whose name, as names are compared, is `key`; perhaps retired."""
    return unit.first(NAMED, kind=kind, key=key)


def of_kind(unit: Unit, kind: str) -> list[Item]:
    """All of a kind that are in use, by name."""
    return unit.all(OF_KIND, kind=kind)


def of_organization(unit: Unit, organization: Organization, kind: str | None = None) -> list[Item]:
    """What belongs to a client."""
    found = unit.all(OF_ORGANIZATION, organization=organization.id)
    return [item for item in found if kind is None or item.kind == kind]


def of_ticket(unit: Unit, ticket: Ticket, kind: str) -> list[Item]:
    """What is a part of the ticket, like its service calls; the first that was made first."""
    return unit.all(OF_TICKET, ticket=ticket.id, kind=kind)


def of_files(unit: Unit) -> list[Item]:
    """What a file holds, or held."""
    return unit.all(OF_FILES)
