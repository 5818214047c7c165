"""What is wrong is told once each time it begins, and once when it is over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from maild.app import open_app
from maild.config import MailboxSection, SmtpSection
from maild.desk.alerts import RELAY, clear_alert, raise_alert
from maild.i18n import sentence
from maild.ingest.imap.failures import lost, not_let_in, unreached
from maild.ingest.imap.wire import Patience
from maild.outbox.answers import Answer, SendOutcome
from maild.outbox.relay import refuses_us
from maild.store.records import Hook, OutboxItem
from tests.looking import every

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
ADMINS = '[desk]\nadmins = ["ada@example.com", "ben@example.com"]\n'
RESOURCES = (
    '[[resource]]\nname = "Bob Tech"\nemail = "bob@example.com"\n'
    '[[resource]]\nname = "Gone"\nemail = "gone@example.com"\nactive = false\n'
)
HOOKS = (
    '[[hook]]\nname = "pager"\nurl = "https://pager.example/"\nsecret = "0123456789abcdef0123"\n'
    '[[hook]]\nname = "chat"\nurl = "https://c.example/"\nsecret = "0123456789abcdef0123"\n'
    "alerts = false\n"
)


class Keeper:
    """A desk, what goes wrong on it, and who hears of it."""

    def __init__(self, folder: Path, toml: str) -> None:
        file = folder / "maild.toml"
        file.write_text(toml)
        self.app = open_app(file, now=NOW)
        self.now = NOW

    def wrong(self, key: str, text: str = "It refuses us.") -> None:
        self.app.store.act(lambda unit: raise_alert(unit, key, text, self.now))

    def over(self, key: str) -> None:
        self.app.store.act(lambda unit: clear_alert(unit, key, self.now))

    def tell(self, **later: float) -> int:
        self.now += timedelta(**later)
        return self.app.tell_admins(self.now)

    def told(self) -> list[tuple[str, list[tuple[str, bool]]]]:
        """Address, and what: the text and whether it is over."""
        return [
            (row.address, [(one["text"], one["over"] is not None) for one in row.data["alerts"]])
            for row in every(self.app.store, OutboxItem)
        ]


@pytest.fixture
def keeper(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Keeper]:
    made = Keeper(tmp_path, request.param)
    yield made
    made.app.close()


with_toml = pytest.mark.parametrize


@with_toml("keeper", [ADMINS], indirect=True)
def test_admins_are_mailed_once_each_time_that_something_begins_or_ends(keeper: Keeper) -> None:
    keeper.wrong("imap:support")
    assert keeper.tell() == 1
    keeper.wrong("imap:support", "It refuses us still.")
    assert keeper.tell() == 0
    both = ["ada@example.com", "ben@example.com"]
    assert keeper.told() == [(who, [("It refuses us.", False)]) for who in both]
    keeper.over("imap:support")
    assert keeper.tell() == 1
    assert keeper.told()[2:] == [(who, [("It refuses us still.", True)]) for who in both]
    assert keeper.tell() == 0
    keeper.wrong("imap:support", "Again.")
    assert keeper.tell() == 1
    assert keeper.told()[4:] == [(who, [("Again.", False)]) for who in both]


GERMAN = '[[resource]]\nname = "Ada"\nemail = "ada@example.com"\nlanguage = "de"\n'
SECTION = MailboxSection(name="support", host="imap.example.com", username="s@example.com")
# What goes wrong, and words by which its two readers know it.
SAID = [
    (
        not_let_in(SECTION, "[AUTHENTICATIONFAILED] no").message,
        "refuses the login of 's@example.com'",
        "Postfach „support“: imap.example.com:993 lehnt die Anmeldung von „s@example.com“ ab.",
    ),
    (
        unreached(SECTION, ConnectionRefusedError(), Patience()).message,
        "refuses the connection",
        "weist die Verbindung ab. Läuft der IMAP-Server",
    ),
    (
        lost(SECTION, TimeoutError()).message,
        "took too long to answer. It is tried again",
        "hat zu lange nicht geantwortet. Es wird von selbst erneut versucht",
    ),
    (
        refuses_us(SmtpSection(), Answer(SendOutcome.OURS, 554, "relay access denied")).message,
        "takes no mail from us. It says",
        "nimmt keine E-Mails von uns an. Die Antwort lautet: „554 relay access denied“. Kennt es",
    ),
    (
        sentence("{problem}\nUntil it is mended, what was good last stays in force.", problem="x"),
        "what was good last stays in force",
        "gilt, was zuletzt in Ordnung war",
    ),
    (
        sentence(
            "Mail of {day} was kept as spam. `maild spam list` shows it; `maild spam accept` makes "
            "a ticket of what is none, and lets its sender through from then on.",
            day=NOW.date(),
        ),
        "Mail of Mon, Nov 23, 2026 was kept",
        "E-Mails vom Mo., 23. Nov. 2026 wurden als Spam abgelegt",
    ),
    ("What no translation knows.", "What no translation knows.", "What no translation knows."),
]


@with_toml("keeper", [ADMINS + GERMAN], indirect=True)
def test_each_admin_reads_it_in_their_language(keeper: Keeper) -> None:
    """Also of what was kept before, and of its end."""
    for number, (text, _, _) in enumerate(SAID):
        keeper.wrong(f"imap:{number}", text)
    assert keeper.tell() == len(SAID)
    for number in range(len(SAID)):
        keeper.over(f"imap:{number}")
    assert keeper.tell(minutes=1) == len(SAID)
    told = keeper.told()
    assert [address for address, _ in told] == ["ada@example.com", "ben@example.com"] * 2
    for place, (_, all_of_it) in enumerate(told):
        for (_, english, german), (text, over) in zip(SAID, all_of_it, strict=True):
            assert (german, english)[place % 2] in text
            assert over is (place > 1)


@with_toml("keeper", [ADMINS], indirect=True)
def test_what_is_over_before_anybody_heard_of_it_is_no_news(keeper: Keeper) -> None:
    keeper.wrong("imap:support")
    keeper.over("imap:support")
    assert keeper.tell() == 0
    keeper.wrong("imap:support")
    keeper.tell()
    keeper.over("imap:support")
    keeper.wrong("imap:support")
    assert keeper.tell() == 0, "it came back before its end was told"


@with_toml("keeper", [ADMINS], indirect=True)
def test_an_end_of_last_week_is_no_news_and_what_begins_then_is(keeper: Keeper) -> None:
    keeper.wrong("imap:support")
    keeper.tell()
    keeper.over("imap:support")
    assert keeper.tell(days=7) == 0, "the desk was stopped meanwhile"
    keeper.wrong("imap:support")
    assert keeper.tell() == 1


@with_toml("keeper", [ADMINS], indirect=True)
def test_many_at_once_are_one_mail(keeper: Keeper) -> None:
    for number in range(30):
        keeper.wrong(f"quarantine:{number}", f"Message {number} is in quarantine.")
    assert keeper.tell() == 30
    assert [len(what) for _, what in keeper.told()] == [30, 30]


@with_toml("keeper", [RESOURCES], indirect=True)
@pytest.mark.parametrize("key", ["imap:support", RELAY, "disk", "quarantine:7"])
def test_without_admins_the_resources_hear_at_once_of_what_stops_the_desk(
    keeper: Keeper, key: str
) -> None:
    keeper.wrong("undelivered:x@example.com", "One.")
    keeper.tell()
    keeper.wrong("undelivered:y@example.com", "Two.")
    assert keeper.tell(minutes=1) == 0, "that waits for the hour"
    keeper.wrong(key, "Three.")
    assert keeper.tell(minutes=1) == 2, "and goes with what does not wait"
    assert keeper.told() == [
        ("bob@example.com", [("One.", False)]),
        ("bob@example.com", [("Two.", False), ("Three.", False)]),
    ]
    keeper.over(key)
    assert keeper.tell(seconds=2) == 1


@with_toml("keeper", [RESOURCES], indirect=True)
def test_without_admins_the_rest_is_told_together_once_an_hour(keeper: Keeper) -> None:
    keeper.wrong("flood:a", "One.")
    assert keeper.tell() == 1
    for number in range(5):
        keeper.wrong(f"flood:{number}", "Flood.")
        assert keeper.tell(minutes=10) == 0
    assert keeper.tell(minutes=11) == 5
    assert [len(what) for _, what in keeper.told()] == [1, 5]


@with_toml("keeper", [""], indirect=True)
def test_with_nobody_to_tell_nothing_is_mailed(keeper: Keeper) -> None:
    keeper.wrong("a")
    assert keeper.tell() == 0
    assert keeper.told() == []


def _calls(keeper: Keeper) -> list[tuple[str, str, str]]:
    rows = every(keeper.app.store, Hook)
    return [(row.name, row.body["event"], row.body["alert"]["text"]) for row in rows]


@with_toml("keeper", [ADMINS + HOOKS], indirect=True)
def test_web_hooks_hear_what_mail_cannot_tell(keeper: Keeper) -> None:
    keeper.wrong("imap:support", "No mailbox.")
    keeper.tell()
    assert _calls(keeper) == [], "the mail goes out"
    keeper.wrong(RELAY, "No relay.")
    keeper.tell()
    keeper.wrong("disk", "No disk.")
    keeper.tell(minutes=1)
    keeper.over("disk")
    keeper.tell(minutes=1)
    keeper.over(RELAY)
    keeper.tell(minutes=1)
    keeper.over("imap:support")
    keeper.tell(minutes=1)
    assert _calls(keeper) == [
        ("pager", "alert", "No relay."),
        ("pager", "alert", "No disk."),
        ("pager", "alert over", "No disk."),
        ("pager", "alert over", "No relay."),
    ]
