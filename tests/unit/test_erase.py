"""Who is forgotten is in no column any more, be it text, data, or kept compressed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from maild import spool
from maild.ingest.accept import accept
from maild.model import EventName, Role, StatusKind
from maild.store import Store, asking, erase
from maild.store.records import (
    Event,
    Message,
    Note,
    OutboxItem,
    Person,
    PersonAddress,
    Setting,
    Ticket,
)
from maild.store.schema import metadata

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
NAME, ADDRESS = "Jürgen Müller", "juergen@acme.example"
LONG = "A printer. " * 60
SAID = f"{LONG} Ask {NAME.upper()} <{ADDRESS}>, or {NAME}."


def filled(store: Store) -> None:
    """Another's ticket, on which he is named in every way; and one who is called nearly so."""
    with store.unit() as unit:
        him = unit.add(Person(name=NAME, role=Role.CONTACT, created=NOW))
        unit.add(PersonAddress(person_id=him.id, address=ADDRESS))
        other = unit.add(Person(name="Jürgen Mülle", role=Role.CONTACT, created=NOW))
        unit.add(PersonAddress(person_id=other.id, address="j@acme.example"))
        ticket = unit.tie(
            Ticket(
                number="T20261123.0001",
                title=f"For {NAME}",
                status="New",
                status_kind=StatusKind.NEW,
                priority="3 Medium",
                type="Incident",
                source="email",
                queue="Q",
                contact_id=other.id,
                fields={"asked": [NAME, 7]},
                created=NOW,
                updated=NOW,
            )
        )
        unit.add(
            Note(
                ticket_id=ticket.id,
                by_kind=Role.CONTACT,
                by_id=other.id,
                public=True,
                text=SAID,
                quoted_text=SAID,
                html=f"<p>{SAID}</p>",
                created=NOW,
            )
        )
        for number, text in enumerate((SAID, NAME, LONG)):
            unit.add(
                OutboxItem(
                    key=str(number),
                    address="j@acme.example",
                    template="note",
                    message_id=f"{number}@desk.example",
                    data={"note": {"text": text, "files": [text]}, "hours": 1.5, "none": None},
                    next_try=NOW,
                    created=NOW,
                )
            )
        unit.add(
            Message(
                mailbox="m",
                sha256="0",
                size=1,
                accepted=NOW,
                reasons=[["who", NAME, SAID], ["kind", "human", ""]],
            )
        )
        unit.add(
            Event(at=NOW, event=EventName.ASSIGNED, by="maild", detail={"to": [NAME, ADDRESS]})
        )
        unit.add(Setting(key="x", value={ADDRESS: {"names": [NAME]}, "n": 2}))


def everything(store: Store) -> str:
    """All that all columns hold, read as what it is."""
    with store.engine.connect() as connection:
        rows = [connection.execute(sa.select(table)).all() for table in metadata().sorted_tables]
    return repr(rows)


def test_his_name_is_nowhere_however_it_is_kept(store: Store) -> None:
    filled(store)
    before = everything(store)
    assert before.count(NAME) > 9
    counts = erase.erase(store, erase.traces(store, ADDRESS))
    left = everything(store)
    assert [w for w in (NAME, NAME.upper(), ADDRESS) if w.casefold() in left.casefold()] == []
    assert counts["words elsewhere"] >= 9
    assert "Jürgen Mülle'" in left and "j@acme.example" in left
    with store.look() as unit:
        items = [unit.get(OutboxItem, number) for number in (1, 2, 3)]
        assert [item and item.data["hours"] for item in items] == [1.5, 1.5, 1.5]
        assert items[2] is not None and items[2].data["note"]["text"] == LONG
        assert items[1] is not None and items[1].data["note"]["files"] == ["[erased]"]
        assert unit.get(Setting, "x").value == {"erased@invalid": {"names": ["[erased]"]}, "n": 2}  # type: ignore[union-attr]


@pytest.mark.parametrize("text", ["", "short", LONG, "\u00fc" * 400, "\x00\ud83d" * 200])
def test_long_texts_come_back_as_they_went_in(store: Store, text: str) -> None:
    """And take less room, where SQLite keeps them."""
    data = {"a": text, "b": [text, None]}
    clean = text.replace("\x00", "").replace("\ud83d", "\ufffd")
    with store.unit() as unit:
        unit.add(
            OutboxItem(
                key="1",
                address="a@x.example",
                template="note",
                message_id="1",
                data=data,
                next_try=NOW,
                created=NOW,
            )
        )
    for plain in (False, True):
        store.plain = plain
        with store.look() as unit:
            item = unit.get(OutboxItem, 1)
            assert item is not None and item.data == {"a": clean, "b": [clean, None]}
    if store.is_sqlite and text == LONG:
        with store.engine.connect() as connection:
            kept = sa.text("SELECT typeof(data), length(data) FROM outbox")
            kind, size = connection.execute(kept).one()
        assert kind == "blob" and size < 200


# What has the address or the name of the one who is forgotten within it, and is another's.
ANOTHERS = (
    ("Hans-Jürgen Müllers", "hansjuergen@acme.example"),
    ("AJürgen Müller", "a.juergen@acme.example"),
    ("Jürgen Müllerin", "juergen@acme.example.org"),
    ("Xürgen", "a-juergen@acme.example"),
    ("Würgen", "juergen@acme.example-x.org"),
)


@pytest.mark.parametrize("name, address", ANOTHERS)
def test_another_who_is_called_nearly_so_is_nobody_to_forget(
    store: Store, name: str, address: str
) -> None:
    filled(store)
    with store.unit() as unit:
        other = unit.add(Person(name=name, role=Role.CONTACT, created=NOW))
        unit.add(PersonAddress(person_id=other.id, address=address))
        unit.add(Setting(key=f"came:{address}", value={"by": f"{name} <{address}>"}))
    erase.erase(store, erase.traces(store, ADDRESS), quotes=True)
    with store.look() as unit:
        found = asking.people.at(unit, address)
        assert found is not None and (found.id, found.name) == (other.id, name)
        kept = unit.get(Setting, f"came:{address}")
        assert kept is not None and kept.value == {"by": f"{name} <{address}>"}


QUOTES = {
    "as it is": b"\r\n\r\nOn Monday <%s> wrote",
    "in the middle of quoted-printable": b"\r\n\r\nOn Monday =3C%s=3E wrote",
    "in a header": b"\r\nX-Original-To: %s\r\n\r\n",
    "in other capitals": b"\r\n\r\nFrom: JUERGEN@Acme.Example",
    "over the edge of a block": b"\r\n\r\n" + b"x" * (spool.BLOCK - 40) + b" %s",
}


@pytest.mark.parametrize("name", QUOTES)
def test_a_mail_that_quotes_is_named(store: Store, name: str) -> None:
    raw = b"From: Bob <bob@acme.example>" + QUOTES[name].replace(b"%s", ADDRESS.encode())
    filled(store)
    with store.unit() as unit:
        stored = [
            accept(unit, mailbox="m", uidvalidity=None, uid=None, octets=one, now=NOW)
            for one in (raw, raw.replace(b"j", b"i").replace(b"J", b"I"))
        ]
    assert stored[0] is not None
    assert erase.traces(store, ADDRESS).quoting == [stored[0].id]


def test_so_is_one_that_quotes_in_base64(store: Store) -> None:
    """Its note says what it says."""
    filled(store)
    with store.unit() as unit:
        raw = b"From: Bob <bob@acme.example>\r\n\r\nT24gTW9uZGF5"
        stored = accept(unit, mailbox="m", uidvalidity=None, uid=None, octets=raw, now=NOW)
        note = unit.get(Note, 1)
        assert stored is not None and note is not None
        unit.change(note, stored_id=stored.id)
    assert erase.traces(store, ADDRESS).quoting == [stored.id]
