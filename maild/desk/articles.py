"""Knowledge articles that may help with a ticket (N21)."""

from __future__ import annotations

from maild.desk import search_words
from maild.desk.profile import key
from maild.store import asking
from maild.store.records import Item, Ticket
from maild.store.unit import Unit

MOST = 3  # that are suggested
SHORTEST = 4  # characters of a word that says something


def for_ticket(unit: Unit, ticket: Ticket) -> list[Item]:
    """The articles tied to the ticket or its asset, then those whose title or tags have most of
    the words of the ticket's title and first note; few of them, the best first."""
    articles = asking.items.of_kind(unit, "article")
    if not articles:
        return []
    first = asking.notes.of(unit, ticket)[:1]
    said = set(search_words.cut(" ".join([ticket.title, *(note.text[:2000] for note in first)])))
    client = asking.tickets.organization(unit, ticket)
    found = [
        (_score(article, ticket, said), article)
        for article in articles
        if article.organization_id is None or (client and article.organization_id == client.id)
    ]
    best = sorted((pair for pair in found if pair[0]), key=lambda pair: -pair[0])
    return [article for _, article in best[:MOST]]


def _score(article: Item, ticket: Ticket, said: set[str]) -> int:
    """0: it has nothing to do with the ticket."""
    fields = article.fields
    tied = ticket.number in fields.get("tickets", ()) or key(
        str(ticket.fields.get("asset"))
    ) in map(key, fields.get("assets", ()))
    titled = set(search_words.cut(" ".join([article.name, *fields.get("tags", ())])))
    return 100 * tied + len([w for w in titled & said if len(w) >= SHORTEST])
