"""A shared ticket is two tickets with one number, and nobody reads the other side's (P5, P8)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

import pytest

from maild.backup import verify
from maild.demo.writer import Writer, plain_text
from maild.desk import views
from maild.desk.people import the_person
from maild.store import asking, erase
from tests.scenario.conversation import Desk

MakeDesk = Callable[..., Desk]

CLIENTS = """
[[resource]]
name = "Cleo Client"
email = "cleo@acme.example"
organization = "Acme"
[[resource]]
name = "Kim Client"
email = "kim@acme.example"
organization = "Acme"
"""
KIT = """
[[resource]]
name = "Kit Tech"
email = "kit@example.com"
"""
PROOF_ACME = {"Authentication-Results": "mx.example.com; dmarc=pass header.from=acme.example"}
SECRET = {"client": "We will leave this provider in May.", "provider": "This customer never pays."}


@dataclass
class Sides:
    """A desk with a ticket that is shared, and who has which side."""

    desk: Desk
    client: Writer
    provider: Writer

    def __post_init__(self) -> None:
        self.number = self.desk.ticket()["number"]

    def of(self, side: str) -> dict[str, Any]:
        return self.desk.ticket(self.number, side)

    def writer(self, side: str) -> Writer:
        return self.client if side == "client" else self.provider

    def say(self, side: str, text: str) -> None:
        """Somebody of this side mails what he has to say of the ticket."""
        self.writer(side).mail(f"[#{self.number}]", text)

    def asked(self, side: str, words: str) -> EmailMessage:
        """The first mail to this side with these words."""
        return next(m for m in self.writer(side).received() if words in plain_text(m))

    def read(self, side: str) -> str:
        """All that this side's person was ever sent."""
        return "\n".join(plain_text(mail) for mail in self.writer(side).received())


OTHER = {"client": "provider", "provider": "client"}
BOTH = pytest.mark.parametrize("side", ["client", "provider"])


@pytest.fixture(params=["client first", "provider first", "sides unknown"])
def shared(request: pytest.FixtureRequest, make_desk: MakeDesk) -> Sides:
    """Whoever has it first, and whether or not the desk knows whose technicians they are."""
    known = request.param != "sides unknown"
    desk = make_desk(more=CLIENTS if known else "")
    client = desk.writer("Cleo Client", "cleo@acme.example", PROOF_ACME) if known else desk.bob
    provider = desk.dana
    desk.ann.mail("Printer is on fire", "It burns.")
    number = desk.ticket()["number"]
    first, other = (provider, client) if request.param == "provider first" else (client, provider)
    first.mail(f"[#{number}]", "#take")
    first.mail(f"[#{number}]", f"#internal\n{SECRET['client' if first is client else 'provider']}")
    name = other.address.partition("@")[0]
    first.mail(f"[#{number}]", f"#internal\n#share Service Provider {name}\n\nPlease help.")
    sides = Sides(desk, client, provider)
    assert {sides.of(s)["side"] for s in OTHER} == set(OTHER)
    return sides


def test_p8_each_side_has_its_own_and_contacts_words_are_on_both(shared: Sides) -> None:
    shared.desk.ann.reply("It smokes, too.")
    for side in OTHER:
        texts = [note["text"] for note in shared.of(side)["notes"]]
        assert [t for t in texts if t in ("It burns.", "It smokes, too.", "Please help.")] == [
            "It burns.",
            "Please help.",
            "It smokes, too.",
        ]
    assert "It smokes, too." in shared.read("client") and "It smokes" in shared.read("provider")


@BOTH
def test_p8_an_internal_note_is_read_by_its_own_side_alone(shared: Sides, side: str) -> None:
    """By mail, list, search, ticket as it is shown, and the ticket's own record."""
    shared.say(side, f"#internal\n{SECRET[side]} And more.")
    other = OTHER[side]
    for asked in ("#show", "#list open", "#list all", "#search never pays", "#search leave"):
        shared.say(other, asked)
    shared.say(other, f"#question\n\nWhat is up?\n#show {shared.number}")
    assert SECRET[side] not in shared.read(other)
    assert SECRET[side] not in str(shared.of(other))
    assert SECRET[side] in str(shared.of(side))


# What is said, and what of one's own ticket and of the other side's is something else then.
ASKED: tuple[tuple[str, set[str], set[str]], ...] = (
    ("#status In Progress", {"status"}, set()),
    ("#queue Client Portal", {"queue"}, set()),
    ("#priority 0", {"priority"}, set()),
    ("#due 2026-12-03", {"due"}, set()),
    ("#set asset=PC-1", {"fields"}, set()),
    ("#tag toner", {"tags"}, set()),
    ("#time 1h\nLooked.", {"total_hours"}, set()),
    ("#mydone\n\nThe fuse is new.", set(), {"status"}),
    ("#question\n\nWhich fuse?", set(), set()),
    ("#complete", {"status", "completed"}, set()),
    ("#status In Progress", {"status", "completed"}, set()),
)
OWN = ("status", "queue", "priority", "due", "completed", "tags", "fields", "total_hours")


@BOTH
def test_p5_p8_what_somebody_says_is_of_his_own_sides_ticket(shared: Sides, side: str) -> None:
    """Status, queue, dates, fields, time; the other side's is as it was, but for "my work is
    complete"."""
    for said, here, there in ASKED:
        before = {s: shared.of(s) for s in OTHER}
        shared.say(side, f"#internal\n{said}" if "time" not in said else said)
        after = {s: shared.of(s) for s in OTHER}
        changed = {s: {name for name in OWN if before[s][name] != after[s][name]} for s in OTHER}
        assert (said, changed[side], changed[OTHER[side]]) == (said, here, there)


def test_p8_each_side_gives_its_ticket_to_its_own(make_desk: MakeDesk) -> None:
    """Whoever is of the other side is refused, as he would read nothing of it."""
    desk = make_desk(more=CLIENTS)
    cleo = desk.writer("Cleo Client", "cleo@acme.example", PROOF_ACME)
    desk.ann.mail("Printer is on fire", "It burns.")
    number = desk.ticket()["number"]
    desk.bob.reply("#internal\n#share Co-managed cleo\n\nPlease look.")
    sides = Sides(desk, cleo, desk.bob)
    sides.say("provider", "#assign kim")
    assert "is of the other side" in plain_text(desk.bob.received()[-1])
    sides.say("provider", "#also cleo")
    assert "is of the other side" in plain_text(desk.bob.received()[-1])
    sides.say("provider", "#internal\n#notify kim\n\nPsst.")
    assert "is of the other side" in plain_text(desk.bob.received()[-1])
    sides.say("client", "#assign kim")
    sides.say("provider", "#assign dana")
    held = {s: desk.ticket(number, s)["primary_resource"]["name"] for s in OTHER}
    assert held == {"client": "Kim Client", "provider": "Dana Lead"}
    assert "Psst" not in str(sides.of("client"))
    sides.say("provider", "#internal\n#share Co-managed kim\n\nAgain.")
    assert "is shared already" in plain_text(desk.bob.received()[-1])
    sides.say("provider", "#transfer client")
    assert "is shared" in plain_text(desk.bob.received()[-1])
    sides.say("provider", "#merge " + number)
    assert "cannot be merged" in plain_text(desk.bob.received()[-1])


def test_p8_whoever_is_of_ones_own_side_or_of_another_client_is_not_shared_with(
    make_desk: MakeDesk,
) -> None:
    more = (
        CLIENTS
        + """
[[organization]]
name = "Globex"
domains = ["globex.example"]
[[resource]]
name = "Gus Globex"
email = "gus@globex.example"
organization = "Globex"
"""
    )
    desk = make_desk(more=more)
    desk.ann.mail("Printer is on fire", "It burns.")
    for name, why in (("dana", "of your own side"), ("gus", "one client alone")):
        desk.bob.reply(f"#internal\n#share Service Provider {name}\n\nPlease look.")
        assert why in plain_text(desk.bob.received()[-1])
    assert [one["side"] for one in desk.tickets()] == [None]


TOLD = (  # what somebody writes, as an answer to what, and whether the other side reads it
    ("#internal\nOur own.", "question", False),
    ("It is the red one.", "question", True),
    ("Carla, have a look.\n\n#assign nobody", "question", True),
    ("#both\n\nFor all of us.", "own", True),
    ("Among us.", "own", False),
    ("#reply\nDear Ann, it works.", "own", True),
)


@BOTH
@pytest.mark.parametrize(("said", "to", "read"), TOLD, ids=[t[0][:12] for t in TOLD])
def test_p8_who_reads_an_answer(
    make_desk: MakeDesk, side: str, said: str, to: str, read: bool
) -> None:
    """An answer to what the other side said is for both, with what is among us on one's own."""
    desk = make_desk(more=CLIENTS)
    cleo = desk.writer("Cleo Client", "cleo@acme.example", PROOF_ACME)
    desk.ann.mail("Printer is on fire", "It burns.")
    desk.bob.reply("#internal\n#share Co-managed cleo\n\nPlease look.")
    sides = Sides(desk, cleo, desk.bob)
    sides.say(OTHER[side], "#internal\n#question\n\nWhich fuse?")
    sides.say(side, "#internal\nKeep it among us.")
    asked = sides.asked(side, "Which fuse?") if to == "question" else None
    told = len(sides.writer(OTHER[side]).received())
    if asked is not None:
        sides.writer(side).reply(said, to=asked)
    else:
        sides.say(side, said if said[0] == "#" else f"#internal\n{said}")
    words = said.rpartition("\n")[2] if said[0] == "#" else said.partition("\n")[0]
    there = [n for n in sides.of(OTHER[side])["notes"] if words in n["text"]]
    assert len(there) == read
    more = [plain_text(m) for m in sides.writer(OTHER[side]).received()[told:]]
    assert len([text for text in more if words in text]) == read
    assert "among us" not in str(sides.of(OTHER[side]))


def owners(desk: Desk) -> Sides:
    """Bob's ticket of the provider, shared with Cleo of the client."""
    cleo = desk.writer("Cleo Client", "cleo@acme.example", PROOF_ACME)
    desk.ann.mail("Printer is on fire", "It burns.")
    desk.bob.reply("#take")
    desk.bob.reply("#internal\n#share Co-managed cleo\n\nPlease look.")
    return Sides(desk, cleo, desk.bob)


def count_since(desk: Desk, address: str, done: int) -> list[str]:
    """What somebody was told since so many items were in the outbox."""
    return [item.template for item in desk.outbox()[done:] if item.address == address]


@pytest.mark.parametrize(
    ("who", "said", "cleo", "bob", "ann"),
    [
        ("ann", "It smokes, too.", ["note"], ["note"], []),
        ("bob", "#reply\nOn my way.", ["shared-note"], [], ["reply"]),
        ("cleo", "#reply\nOn my way.", [], ["shared-note"], ["reply"]),
        ("bob", "#internal\nHe never pays.", [], [], []),
        ("cleo", "#internal\nThey never come.", [], [], []),
        ("cleo", "#internal\n#both\n\nThe fuse.", [], ["shared-note"], []),
        ("cleo", "#internal\n#question\n\nWhich fuse?", [], ["shared-question"], []),
        ("bob", "#internal\n#mydone\n\nThe fuse is new.", ["shared-complete"], [], []),
        ("cleo", "#internal\n#complete", [], [], []),
        ("cleo", "#delete", [], ["shared-deleted"], []),
    ],
    ids=lambda value: value[:12] if isinstance(value, str) else "",
)
def test_p8_each_hears_once_of_what_is_his(
    make_desk: MakeDesk, who: str, said: str, cleo: list[str], bob: list[str], ann: list[str]
) -> None:
    sides = owners(desk := make_desk(more=CLIENTS))
    done = len(desk.outbox())
    writer = {"ann": desk.ann, "bob": desk.bob, "cleo": sides.client}[who]
    writer.mail(f"[#{sides.number}]", said)
    told = {
        name: [t for t in count_since(desk, address, done) if t != "command-answer"]
        for name, address in (
            ("cleo", "cleo@acme.example"),
            ("bob", "bob@example.com"),
            ("ann", "ann@acme.example"),
            ("dana", "dana@example.com"),
            ("kim", "kim@acme.example"),
        )
    }
    assert told == {"cleo": cleo, "bob": bob, "ann": ann, "dana": [], "kim": []}


def test_p8_a_contact_has_one_ticket_and_each_side_its_own_in_lists(make_desk: MakeDesk) -> None:
    sides = owners(desk := make_desk(more=CLIENTS))
    sides.say("client", "#title Ours to wait for")
    sides.say("provider", "#title Theirs to pay")
    desk.ann.mail("My tickets", "#list")
    assert plain_text(desk.ann.received()[-1]).count(sides.number) == 1
    for side, own, others in (
        ("client", "Ours to wait", "Theirs to pay"),
        ("provider", "Theirs to pay", "Ours to wait"),
    ):
        for asked in ("#list", "#list open", "#list all", "#search status:open", "#search fire"):
            sides.writer(side).mail("Lists", asked)
            answer = plain_text(sides.writer(side).received()[-1])
            assert others not in answer
            assert answer.count(own) == 1 or "fire" in asked
    assert sorted(one["title"] for one in desk.tickets()) == ["Ours to wait for", "Theirs to pay"]


@BOTH
def test_p8_both_are_deleted_and_come_back_together(make_desk: MakeDesk, side: str) -> None:
    sides = owners(desk := make_desk(more=CLIENTS))
    sides.say(side, "#delete")
    assert desk.tickets() == []
    sides.say(side, "#undo")
    assert [one["side"] for one in desk.tickets()] == ["provider", "client"]


def test_p8_what_a_contact_writes_reopens_only_the_side_that_it_answers(
    make_desk: MakeDesk,
) -> None:
    """The other side that is done stays so, and has the words."""
    sides = owners(desk := make_desk(more=CLIENTS))
    sides.say("client", "#internal\n#complete\n\nOur part is done.")
    sides.say("provider", "#status Waiting Customer\n\nWhich floor?")
    desk.later(days=1)
    desk.ann.reply("The second.")
    assert sides.of("client")["status"] == "Complete"
    assert sides.of("provider")["status"] == "Feedback Received"
    assert "The second." in str(sides.of("client")["notes"])
    sides.say("provider", "#complete\n\nDone.")
    assert sides.of("provider")["status"] == "Complete"


def test_p8_each_side_has_its_own_clocks(make_desk: MakeDesk) -> None:
    """A customer who is silent to one side is silent to that side alone."""
    sides = owners(desk := make_desk(more=CLIENTS))
    sides.say("client", "#status Waiting Customer\n\nWhich floor?")
    desk.later(days=10)
    assert sides.of("client")["status"] == "Client No Response"
    assert sides.of("provider")["status"] == "Assigned"


def test_p8_tickets_merge_into_a_shared_one_and_it_into_none(make_desk: MakeDesk) -> None:
    """What is merged or split off stays on the side of whoever does it."""
    sides = owners(desk := make_desk(more=CLIENTS))
    desk.ann.mail("Toner", "It is empty.")
    toner = desk.ticket()["number"]
    sides.say("client", f"#merge {toner}")
    assert "is shared" in sides.read("client")
    sides.client.mail(f"[#{toner}]", f"#merge {sides.number}")
    assert "It is empty." in str(sides.of("client"))
    assert "It is empty." not in str(sides.of("provider"))
    sides.say("provider", "#internal\nHe never pays.")
    desk.ann.mail(f"[#{toner}]", "No, there is toner.")
    for side in OTHER:
        assert "there is toner" in str(sides.of(side))
    assert "never pays" not in sides.read("client") + str(sides.of("client"))


def test_p8_stopping_and_adding_contacts_counts_on_both_sides(make_desk: MakeDesk) -> None:
    sides = owners(desk := make_desk(more=CLIENTS))
    sides.say("provider", "#cc eve@acme.example")
    assert "eve@acme.example" in str(sides.of("client")["additional_contacts"])
    sides.say("client", "#reply\nHello, both of you.")
    done = len(desk.outbox())
    desk.ann.mail(f"[#{sides.number}]", "#stop")
    with desk.store.look() as unit:
        first = asking.tickets.numbered(unit, sides.number)
        other = asking.tickets.other_side(unit, first) if first is not None else None
        roles = [
            sorted((p.role, p.person_id) for p in asking.tickets.people(unit, one))
            for one in (first, other)
            if one is not None
        ]
    assert len(roles) == 2 and roles[0] == roles[1]
    assert {role for role, _ in roles[0]} >= {"additional", "quiet"}
    sides.say("client", "#reply\nAre you there?")
    assert count_since(desk, "eve@acme.example", done) == ["reply"]


def test_p8_what_another_answers_to_ones_mail_is_on_ones_own_side(make_desk: MakeDesk) -> None:
    """From a private address, or by a machine: in neither case does the other side read it."""
    sides = owners(desk := make_desk(more=CLIENTS))
    sides.say("provider", "#internal\n#question\n\nWhich fuse?")
    private = desk.writer("Cleo", "cleo.private@mail.example")
    private.reply("It is the red one, of Acme's store.", to=sides.asked("client", "Which fuse?"))
    away = {"Auto-Submitted": "auto-replied"}
    sides.client.reply("Away till May.", to=sides.asked("client", "Which fuse?"), headers=away)
    assert "of Acme's store" in str(sides.of("client"))
    assert "of Acme's store" not in str(sides.of("provider")) + sides.read("provider")
    assert "Away till May" not in str(sides.of("provider"))


def test_p8_only_what_contacts_read_is_split_off(make_desk: MakeDesk) -> None:
    sides = owners(desk := make_desk(more=CLIENTS))
    sides.say("provider", "#internal\n#question\n\nWhich fuse?")
    desk.ann.mail(f"[#{sides.number}]", "And the screen is black.")
    sides.client.reply("#split", to=sides.asked("client", "Which fuse?"))
    assert "stays with its side" in sides.read("client")
    sides.client.reply("#split Screen", to=sides.asked("client", "screen is black"))
    (fresh,) = [one for one in desk.tickets() if one["side"] is None]
    assert fresh["title"] == "Screen"
    assert "screen is black" in str(sides.of("provider")["notes"])


def test_p8_a_shared_ticket_is_forgotten_and_verified_on_both_sides(make_desk: MakeDesk) -> None:
    sides = owners(desk := make_desk(more=CLIENTS))
    desk.ann.mail(f"[#{sides.number}]", "My zebrafish is in there.")
    assert all("zebrafish" in str(sides.of(side)) for side in OTHER)
    erase.erase(desk.store, erase.traces(desk.store, "ann@acme.example"), quotes=True)
    for side in OTHER:
        ticket = sides.of(side)
        assert "zebrafish" not in str(ticket) and "It burns" not in str(ticket)
        assert ticket["title"] == "[erased]"
    report = verify.verify(desk.store)
    assert not report.problems


@pytest.mark.parametrize("known", [True, False], ids=["sides known", "sides unknown"])
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_p8_each_view_shows_each_technician_one_of_the_two(
    make_desk: MakeDesk, request: pytest.FixtureRequest, kind: str, known: bool
) -> None:
    """Also to whoever works on neither: their side's, or the first."""
    url = request.getfixturevalue("postgres") if kind == "postgresql" else None
    more = (CLIENTS if known else "") + KIT
    desk = make_desk(more=more, database=url) if url else make_desk(more=more)
    desk.ann.mail("Printer is on fire", "It burns.")
    desk.bob.reply("#internal\n#share Co-managed " + ("cleo" if known else "dana") + "\n\nLook.")
    people = {"bob@example.com": "provider" if known else "client"}
    people |= {"kit@example.com": people["bob@example.com"]}
    if known:
        people |= {"dana@example.com": "provider", "cleo@acme.example": "client"}
        people |= {"kim@acme.example": "client"}
    else:
        people |= {"dana@example.com": "provider"}
    with desk.store.look() as unit:
        for address, side in people.items():
            me = the_person(unit, address)
            client = me.organization_id
            for view in ("all", "open", "by resource", "by client"):
                found = views.tickets(unit, desk.profile, view, me=me, client=client)
                assert [t.shared_side for t in found] == [side], (address, view)
            mine = views.of_person(unit, me, desk.now, as_resource=True)
            assert {t.shared_side for t in mine} <= {side}
        everything = views.tickets(unit, desk.profile, "all")
        assert len(everything) == 2
