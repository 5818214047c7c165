"""Texts in the form by which words are compared."""

from __future__ import annotations

import unicodedata


def fold(text: str) -> str:
    """NFKC, lower case, one kind of apostrophe and space."""
    return " ".join(fold_letters(text).split())


def fold_letters(text: str) -> str:
    """`fold` that leaves white space as it is."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
        for apostrophe in "’‘´":
            text = text.replace(apostrophe, "'")
    return text.casefold().replace("`", "'")


def fold_word(text: str) -> str:
    """The form by which names and words of commands are compared: lower case, one space, no
    accents, and no dot or exclamation mark around them."""
    text = text.casefold()
    if not text.isascii():
        parts = unicodedata.normalize("NFKD", text)
        text = "".join(c for c in parts if not unicodedata.combining(c))
    return " ".join(text.split()).strip(" .!")


def without_accents(text: str) -> str:
    """ "é" is "e"; letters of other alphabets stay what they are."""
    if text.isascii():
        return text
    parts = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", "".join(c for c in parts if not unicodedata.combining(c)))
