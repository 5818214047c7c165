"""Octets under labels that do not tell the truth."""

from __future__ import annotations

import base64

import pytest

from maild.parse.charsets import decode
from maild.parse.headers import decode_value

# What is written under each of these labels, as its own octets or as UTF-8.
WRITTEN = {
    "windows-1250": "Tiskárna v druhém patře netiskne",
    "windows-1251": "Принтер на втором этаже не печатает",
    "windows-1252": "Der Drucker läuft über",
    "windows-1253": "Ο εκτυπωτής δεν εκτυπώνει",
    "windows-1254": "Yazıcı çalışmıyor",
    "windows-1255": "המדפסת לא מדפיסה",
    "windows-1256": "الطابعة لا تطبع",
    "windows-1257": "Spausdintuvas neveikia, ačiū",
    "iso-8859-1": "L'imprimante est à côté",
    "iso-8859-2": "Drukarka nie działa, dziękuję",
    "iso-8859-4": "Printeris nedarbojas, šodien",
    "iso-8859-5": "Принтер не печатает",
    "iso-8859-7": "Ο εκτυπωτής δεν εκτυπώνει",
    "iso-8859-8": "המדפסת לא מדפיסה",
    "iso-8859-9": "Yazıcı çalışmıyor",
    "iso-8859-10": "Prentarinn er bilaður",
    "iso-8859-13": "Spausdintuvas neveikia, ačiū",
    "iso-8859-15": "Das kostet 5 €, natürlich",
    "koi8-r": "Принтер не печатает",
    "koi8-u": "Принтер не друкує, дякую",
    "tis-620": "เครื่องพิมพ์ไม่พิมพ์",
    "macintosh": "L'imprimante est à côté",
    "gb2312": "打印机坏了，谢谢",
    "big5": "印表機壞了，謝謝",
    "euc-kr": "프린터가 고장났어요",
    "shift_jis": "プリンタが動きません",
    "euc-jp": "プリンタが動きません",
}
JAPANESE = [
    "プリンタが動きません",
    "お問い合わせの件",
    "印刷できません",
    "Re: プリンタの件について",
]


@pytest.mark.parametrize("label", WRITTEN)
def test_octets_that_are_utf8_whatever_their_label_says(label: str) -> None:
    text = WRITTEN[label]
    found, defect = decode(text.encode("utf-8"), label)
    assert found == text
    assert "but is UTF-8" in (defect or "")


@pytest.mark.parametrize("label", WRITTEN)
def test_octets_that_are_what_their_label_says(label: str) -> None:
    text = WRITTEN[label]
    assert decode(text.encode(label), label) == (text, None)


@pytest.mark.parametrize("letter", ["é", "ü", "ş", "ę", "ž", "Ж", "λ", "ש"])
@pytest.mark.parametrize("label", ["windows-1250", "windows-1254", "iso-8859-2", "windows-1251"])
def test_one_letter_alone_is_what_its_label_says(letter: str, label: str) -> None:
    try:
        octets = f"a {letter} b".encode(label)
    except UnicodeEncodeError:
        return
    assert decode(octets, label)[0] == f"a {letter} b"


@pytest.mark.parametrize("text", JAPANESE)
@pytest.mark.parametrize(
    "label",
    ["utf-8", "iso-2022-jp", "iso-8859-1", "us-ascii", "gb2312", "big5", "euc-kr", "euc-jp",
     "windows-1252", "x-unknown", "shift_jis", ""],
)  # fmt: skip
def test_shift_jis_under_any_label(text: str, label: str) -> None:
    octets = text.encode("cp932")
    assert decode(octets, label)[0] == text
    word = f"=?{label or 'none'}?B?{base64.b64encode(octets).decode()}?="
    assert decode_value(word) == text
    quoted = "".join(f"={octet:02X}" for octet in octets)
    assert decode_value(f"=?{label or 'none'}?Q?{quoted}?=") == text


@pytest.mark.parametrize(
    "text", ["Ça va, déjà vu", "naïve café ‚so‘ ƒ", "Größe: 5 µm ± 1 ‰", "ÀÉÎÕÜ"]
)
def test_latin_letters_are_no_japanese(text: str) -> None:
    assert decode(text.encode("cp1252"), "iso-8859-1")[0] == text
