"""Who is told, once, and where it stands in his conversation."""

from __future__ import annotations

from pathlib import Path

import pytest

from maild.desk import reply_tokens, roles
from maild.desk.notify import Recipient, notify
from maild.errors import UsageError
from maild.model import Role, TicketRole
from maild.store import asking
from maild.store.records import OutboxItem, Thread
from tests.looking import every
from tests.office import Office, a_note, the_note, the_ticket

ANN, BOB, CEM, DORA = "ann@acme.example", "bob@example.com", "cem@example.com", "dora@acme.example"


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def _told(office: Office) -> list[tuple[str, str]]:
    return [(item.template, item.address) for item in office.items()]


def test_n12_everybody_of_the_ticket_but_the_author(office: Office) -> None:
    number = office.ticket()
    with office.desk("message:1", by=BOB) as desk:
        ticket = the_ticket(desk, number)
        others = {CEM: "secondary", BOB: "secondary", DORA: "additional"}
        for address, role in others.items():
            desk.add_person(ticket, office.person(desk.unit, address), TicketRole(role))
        unit = desk.unit
        names = {r: [p.name for p in roles.resolve(unit, ticket, r)] for r in roles.ROLES}
        assert names["resources"] == ["Bob Tech", "Cem Yıldız"]
        assert names["contacts"] == ["Ann Archer", "Dora"]
        assert names["all resources"] == ["Bob Tech", "Cem Yıldız"]
        assert [p.name for p in roles.resolve(unit, ticket, "Resources", desk.by)] == ["Cem Yıldız"]
        with pytest.raises(UsageError, match="did you mean resources"):
            roles.resolve(unit, ticket, "ressources")


def test_one_mail_for_one_event_and_person(office: Office) -> None:
    number = office.ticket()
    with office.desk("message:1", by=ANN) as desk:
        ticket = the_ticket(desk, number)
        bob = office.person(desk.unit, BOB)
        note = the_note(desk, ticket)
        assert len(notify(desk, ticket, "note", [bob, bob, BOB], note=note)) == 1
        assert notify(desk, ticket, "note", [bob], note=note) == []


def test_what_covers_a_note_takes_its_place(office: Office) -> None:
    number = office.ticket()
    with office.desk("message:1", by=BOB) as desk:
        ticket = the_ticket(desk, number)
        ann = office.person(desk.unit, ANN)
        note = a_note(desk, ticket, "New toner is in.")
        notify(desk, ticket, "reply", [ann], note=note)
        notify(desk, ticket, "complete", [ann])
    item = office.items()[0]
    assert _told(office) == [("complete", ANN)]
    assert item.data["note"]["text"] == "New toner is in."
    with office.desk("message:2", by=BOB) as desk:
        ticket = the_ticket(desk, number)
        notify(desk, ticket, "complete", [ann])
        notify(desk, ticket, "reply", [ann], note=a_note(desk, ticket, "Call me."))
    assert _told(office)[1:] == [("complete", ANN)]
    assert office.items()[1].data["note"]["text"] == "Call me."


def test_h28_the_same_cause_gives_the_same_message_id(tmp_path: Path) -> None:
    ids = []
    for folder in ("a", "b"):
        office = Office(tmp_path / folder)
        number = office.ticket()
        with office.desk("message:1") as desk:
            bob = office.person(desk.unit, BOB)
            notify(desk, the_ticket(desk, number), "assigned", [bob])
            notify(desk, the_ticket(desk, number), "note", [bob])
        keys = [item.key for item in office.items()]
        assert len(set(keys)) == 1  # `assigned` covers the note
        ids.append(keys)
    assert ids[0] == ids[1]


def test_an_internal_note_never_reaches_a_contact(office: Office) -> None:
    number = office.ticket()
    with office.desk("message:1", by=BOB) as desk:
        ticket = the_ticket(desk, number)
        note = a_note(desk, ticket, "She is difficult.", public=False)
        told = [office.person(desk.unit, a) for a in (ANN, DORA, CEM)]
        notify(desk, ticket, "note", [*told, "somebody@else.example"], note=note)
    assert _told(office) == [("note", CEM), ("note", "somebody@else.example")]
    with office.desk("message:2", by=BOB) as desk:
        ticket = the_ticket(desk, number)
        notify(desk, ticket, "complete", [office.person(desk.unit, ANN)])
    assert "difficult" not in str(office.items()[-1].data)


def test_who_is_not_told(office: Office) -> None:
    number = office.ticket(notify_contact=False)
    with office.desk("message:1", by=ANN) as desk:
        ticket = the_ticket(desk, number)
        ann, bob, cem = (office.person(desk.unit, a) for a in (ANN, BOB, CEM))
        desk.add_person(ticket, bob, TicketRole.STOPPED)
        held = asking.people.address(desk.unit, CEM)
        assert held is not None
        desk.unit.change(held, held="three hard bounces")
        assert notify(desk, ticket, "complete", [ann]) == []
        assert notify(desk, ticket, "note", [bob], note=the_note(desk, ticket)) == []
        assert notify(desk, ticket, "assigned", [cem]) == []
        answers = [{"command": "stop", "done": True, "why": "You hear no more.", "undo": None}]
        told = notify(desk, ticket, "command-answer", [bob], extra={"answers": answers})
        assert [item.address for item in told] == [BOB]
    assert [(i.address, i.state) for i in office.items()] == [(CEM, "held"), (BOB, "waiting")]


@pytest.mark.parametrize("address", ["support@example.com", "Support+x.y@EXAMPLE.com"])
def test_h32_we_do_not_write_to_ourselves(office: Office, address: str) -> None:
    number = office.ticket()
    with office.desk("message:1") as desk:
        assert notify(desk, the_ticket(desk, number), "acknowledgement", [address]) == []


def test_e11_the_conversation_of_each_recipient(office: Office) -> None:
    number = office.ticket()
    with office.desk("message:1", by=ANN, mail="first@acme.example") as desk:
        ticket = the_ticket(desk, number)
        assert desk.stored is not None
        desk.attach_message(ticket)
        ann, bob = (office.person(desk.unit, a) for a in (ANN, BOB))
        notify(desk, ticket, "acknowledgement", [ann])
        notify(desk, ticket, "assigned", [bob])
    office.later(minutes=5)
    with office.desk("message:2", by=BOB, mail="reply@example.com") as desk:
        ticket = the_ticket(desk, number)
        note = a_note(desk, ticket, "On my way.")
        notify(desk, ticket, "reply", [ann], note=note)
    ack, assigned, reply = office.items()
    assert (ack.in_reply_to, ack.references) == ("first@acme.example", ["first@acme.example"])
    assert (assigned.in_reply_to, assigned.references) == (None, [])
    assert reply.references == ["first@acme.example", ack.message_id]
    assert reply.in_reply_to == ack.message_id
    known = {row.message_id for row in every(office.store, Thread, ours=True)}
    with office.store.look() as unit:
        secret = reply_tokens.desk_secret(unit)
    assert known == {ack.message_id, assigned.message_id, reply.message_id}
    assert reply_tokens.read(secret, assigned.message_id) == reply_tokens.Token(number, bob.id)


def test_the_language_is_his_his_organizations_or_the_desks(office: Office) -> None:
    number = office.ticket()
    with office.desk("message:1") as desk:
        ann, dora = (office.person(desk.unit, a) for a in (ANN, DORA))
        ticket = the_ticket(desk, number)
        notify(desk, ticket, "complete", [ann, dora])
        organization = asking.people.organization(desk.unit, ann)
        assert organization is not None
        desk.unit.change(organization, fields={"language": "fr"})
        eve = Recipient("Eve", "eve@x.example", Role.CONTACT)
        notify(desk, ticket, "acknowledgement", [ann, eve])
    assert [item.language for item in office.items()] == ["en", "de", "fr", "en"]


def test_an_unknown_notification_is_refused(office: Office) -> None:
    with office.desk("x") as desk, pytest.raises(UsageError, match="did you mean complete"):
        notify(desk, None, "compleet", ["ann@acme.example"])
    assert office.items() == []


def test_rows_are_only_data(office: Office) -> None:
    """Nothing in a row could act: what a template gets is text, numbers, lists and dicts."""
    number = office.ticket()
    with office.desk("message:1") as desk:
        ticket = the_ticket(desk, number)
        notify(desk, ticket, "note", [BOB], note=the_note(desk, ticket))

    def plain(value: object) -> bool:
        if isinstance(value, dict):
            return all(plain(v) for v in value.values())
        if isinstance(value, list):
            return all(map(plain, value))
        return value is None or type(value) in (str, int, float, bool)

    assert plain(office.items()[0].data)
    assert isinstance(office.items()[0], OutboxItem)
