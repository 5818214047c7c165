"""Display names: what says hello, what is a link, what makes one think of somebody else (H94)."""

from __future__ import annotations

import pytest

from maild.desk import names

SAID = {  # the name, how one says hello to it, in full
    "Ann": ("Ann", "Ann"),
    "Ann Archer": ("Ann", "Ann Archer"),
    "Archer, Ann": ("Ann", "Ann Archer"),
    "Archer,Ann": ("Ann", "Ann Archer"),
    "van der Berg, Jan": ("Jan", "Jan van der Berg"),
    "Archer, Ann, MSc": ("Ann", "Ann Archer"),
    "Ann Archer, PhD": ("Ann", "Ann Archer"),
    "Archer, Dr. Ann": ("Ann", "Dr. Ann Archer"),
    "Dr. Ann Archer": ("Ann", "Dr. Ann Archer"),
    "Dr.Müller": ("Dr. Müller", "Dr. Müller"),
    "Frau Dr. Acker": ("Dr. Acker", "Frau Dr. Acker"),
    "Herr Acker": ("Herr Acker", "Herr Acker"),
    "Acker, Herr": ("Herr Acker", "Herr Acker"),
    "Mme Dupont": ("Mme Dupont", "Mme Dupont"),
    "'Ann": ("Ann", "Ann"),
    "“Ann”": ("Ann", "Ann"),
    "Acker;": ("Acker", "Acker"),
    "'Ann Archer' via Support": ("Ann", "Ann Archer"),
    "Ann Archer (Acme)": ("Ann", "Ann Archer"),
    "Ann Archer | Acme Ltd": ("Ann", "Ann Archer"),
    "Ann Archer - Acme": ("Ann", "Ann Archer"),
    "Ann & Bob": ("Ann", "Ann & Bob"),
    "Jean-Luc O'Neil": ("Jean-Luc", "Jean-Luc O'Neil"),
    "J. Smith": ("J. Smith", "J. Smith"),
    "J.R.R. Tolkien": ("J.R.R.", "J.R.R. Tolkien"),
    "Mr. St.Clair": ("St. Clair", "Mr. St. Clair"),
    "Łukasz Żak": ("Łukasz", "Łukasz Żak"),
    "नमस्ते शर्मा": ("नमस्ते", "नमस्ते शर्मा"),
    "山田 太郎": ("山田", "山田 太郎"),
    "👩\u200d🔧 Ann 🌸": ("Ann", "Ann"),
}


@pytest.mark.parametrize("name", SAID)
def test_h94_a_name_says_hello(name: str) -> None:
    assert (names.first_name(name), names.full_name(name)) == SAID[name]


NOBODY = [
    "", ",", ",,", "Dr.", "Dr.,", "Prof. Dr.", "Herr", "Frau,", "Mr.", "Señor", ";", "''", "🌸",
    "...", "http://evil.example/pay", "evil.example", "www.evil", "Ann evil.example",
    "Ann://x", "evil。example", "bob@example.com", "Bob Tech <bob@evil.example>", "Max.Mustermann",
    "info", "Support", "Acme GmbH", "Acme Support Team", "IT-Abteilung", "no-reply", "Buchhaltung",
    "Sie haben 1000 EUR gewonnen", "call 0900", "50% off", "a/b", "<script>", "Ann_1",
    "you have won the big prize of this lucky week", "x" * 61,
]  # fmt: skip


@pytest.mark.parametrize("name", NOBODY)
def test_h94_what_is_no_name_greets_nobody(name: str) -> None:
    assert (names.first_name(name), names.full_name(name)) == ("", "")


BOB = [
    "Bob Tech", "bob  tech", "BOB TECH", "Tech, Bob", "Bób Tech", "Воb Tech", "B0b Tech",
    "Bob\u200bTech", "Bob\u00adTech", "Bob.Tech", "BobTech", "Bob Tech (Example Support)",
    "Support (Bob Tech)", "Dr. Bob M. Tech", "Ｂｏｂ Ｔｅｃｈ",
]  # fmt: skip


@pytest.mark.parametrize("name", BOB)
def test_h94_a_name_that_readers_take_for_anothers(name: str) -> None:
    assert names.is_called(name, "Bob Tech")


@pytest.mark.parametrize("name", ["Bob", "Tech", "Bobby Tech", "Bob Teche", "Rob Tech", "Ann", ""])
def test_h94_a_genuine_neighbour_is_his_own(name: str) -> None:
    assert not names.is_called(name, "Bob Tech")


def test_h94_a_single_name_is_another_only_as_a_whole() -> None:
    assert names.is_called("bob", "Bob")
    assert not names.is_called("Bob Acker", "Bob")
    assert not names.is_called("Anything", "🌸")


def test_h94_a_link_is_not_repeated_and_a_name_stands_with_its_address() -> None:
    assert names.apart("Bob Tech", "b@evil.example") == "Bob Tech <b@evil.example>"
    assert names.apart("http://evil.example", "b@evil.example") == "b@evil.example"
    assert names.with_address("Bob Tech <b@x.example>", "b@x.example") == "Bob Tech <b@x.example>"
