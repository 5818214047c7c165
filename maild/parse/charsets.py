"""Bytes to text, whatever the label says: wrong, missing and invented charsets.

The order of belief: the label where it fits, UTF-8 where the bytes are valid UTF-8, then the
charset whose letters look most like a language, last Windows-1252, which always has an answer.
"""

from __future__ import annotations

import codecs
import re
from functools import lru_cache

# What mailers write → what they mean.  Latin-1 and its kin are read as their Windows superset,
# the rest as the superset that decodes every character of the named one (WHATWG Encoding §4.2).
_ALIASES = {
    "ascii": "ascii",
    "us-ascii": "ascii",
    "ansi_x3.4-1968": "ascii",
    "646": "ascii",
    "7bit": "ascii",
    "8bit": "",
    "8bits": "",
    "binary": "",
    "unknown": "",
    "unknown-8bit": "",
    "x-unknown": "",
    "default": "",
    "default_charset": "",
    "none": "",
    "_charset": "",
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "iso_8859-1": "cp1252",
    "iso-8859-1-windows": "cp1252",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-8-e": "iso-8859-8",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "tis-620": "cp874",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "ansi": "cp1252",
    "x-ansi": "cp1252",
    "x-cp1250": "cp1250",
    "x-cp1251": "cp1251",
    "x-cp1252": "cp1252",
    "cp-850": "cp850",
    "utf8": "utf-8",
    "utf": "utf-8",
    "unicode": "utf-8",
    "x-utf-8": "utf-8",
    "utf8mb4": "utf-8",
    "unicode-1-1-utf-8": "utf-8",
    "unicode-1-1-utf-7": "utf-7",
    "x-unicode-2-0-utf-7": "utf-7",
    "macintosh": "mac_roman",
    "x-mac-roman": "mac_roman",
    "x-mac-cyrillic": "mac_cyrillic",
    "x-mac-ce": "mac_latin2",
    "gb2312": "gb18030",
    "gb_2312-80": "gb18030",
    "gb2312-80": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "cp936": "gb18030",
    "hz": "hz",
    "hz-gb-2312": "hz",
    "big5": "big5hkscs",
    "x-x-big5": "big5hkscs",
    "cn-big5": "big5hkscs",
    "cp950": "big5hkscs",
    "euc-kr": "cp949",
    "euckr": "cp949",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "ksc5601": "cp949",
    "ksc_5601": "cp949",
    "korean": "cp949",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "ms_kanji": "cp932",
    "windows-31j": "cp932",
    "euc-jp": "euc_jis_2004",
    "x-euc-jp": "euc_jis_2004",
    "koi8-ru": "koi8_u",
    "windows-1252http-equivcontent-type": "cp1252",
}
# Python codecs that are no charsets of mail, or that make text act (H52, H65).
_REFUSED = frozenset(
    {"punycode", "idna", "unicode_escape", "raw_unicode_escape", "undefined", "charmap", "mbcs"}
    | {"oem", "palmos", "utf-8-sig", "unicode-escape", "raw-unicode-escape"}
)
_ISO_2022_JP = re.compile(r"(x-)?(ms-)?iso-?2022-?jp.*|csiso2022jp|jis|cp5022[0-9].*|junet")
_JIS_ESCAPES = (b"\x1b$B", b"\x1b$@", b"\x1b(J", b"\x1b(I", b"\x1b$(D")
_UTF8_CHARACTER = re.compile(rb"[\xc2-\xf4][\x80-\xbf]{1,3}")


@lru_cache(maxsize=512)
def codec_name(label: str) -> str | None:
    """The codec for a charset label of a mail; None for one that is unknown or refused."""
    name = label.strip(" \t\r\n\"';,.").lower().replace(" ", "")
    if "\0" in name or len(name) > 60:
        return None
    name = name.split("*", 1)[0]
    name = re.sub(r"^(charset=|x-)(?=(iso|windows|utf|koi8|gb|cp))", "", name)
    name = _ALIASES.get(name, name)
    if not name:
        return None
    if _ISO_2022_JP.fullmatch(name):
        return "iso-2022-jp"
    fixed = re.sub(r"^(?:windows|win|cp|x-windows)[-_ ]?(125\d|874|932|949)$", r"cp\1", name)
    fixed = re.sub(r"^iso[-_ ]?8859[-_ ]?(\d{1,2}).*$", r"iso-8859-\1", fixed)
    fixed = _ALIASES.get(fixed, fixed)
    return _text_codec(fixed)


def _text_codec(name: str) -> str | None:
    try:
        info = codecs.lookup(name)
    except (LookupError, ValueError, UnicodeError):
        return None
    if not getattr(info, "_is_text_encoding", False) or info.name in _REFUSED or name in _REFUSED:
        return None
    return info.name


def decode(data: bytes, label: str | None = None) -> tuple[str, str | None]:
    """Text of `data`, and a defect (one line) where the label did not tell the truth.

    Never raises.  Lone surrogates and NUL never come out (H57).
    """
    text, defect = _decode(data, label or "")
    return clean(text), defect


def clean(text: str) -> str:
    """Text that every database and every sanitiser takes: no NUL, no lone surrogates (H57)."""
    if "\0" in text:
        text = text.replace("\0", "")
    if text.isascii():
        return text
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _decode(data: bytes, label: str) -> tuple[str, str | None]:
    codec = codec_name(label) if label else None
    if label and codec is None:
        return guess(data)[0], f"charset {_shown(label)} is unknown; guessed"
    if codec == "iso-2022-jp" or (b"\x1b$" in data and _is_jis(data, codec)):
        return _decode_jis(data)
    if data.isascii() and codec not in ("utf-7", "hz", "iso2022_kr") and not _wide(codec):
        return data.decode("ascii"), None
    if codec is None:
        text, found = guess(data)
        return text, f"8-bit text without a charset, read as {found}"
    return _decode_labelled(data, codec, label)


def _decode_labelled(data: bytes, codec: str, label: str) -> tuple[str, str | None]:
    if _is_utf8(data, codec):
        return data.decode("utf-8", "replace"), f"labelled {_shown(label)}, but is UTF-8"
    if codec in _NOT_JAPANESE and _is_shift_jis(data, codec):
        return data.decode("cp932", "replace"), f"labelled {_shown(label)}, but is Shift-JIS"
    try:
        return data.decode(codec).removeprefix("\ufeff"), None
    except (UnicodeError, ValueError):
        pass
    if codec == "ascii":
        text, found = guess(data)
        return text, f"labelled {_shown(label)}, read as {found}"
    lenient = data.decode(codec, "replace")
    if codec == "cp1252":  # five bytes have no character there
        return "".join(_latin(c) for c in data.decode("latin-1")), None
    if codec == "utf-8" and not _UTF8_CHARACTER.search(data):
        text, found = guess(data)
        return text, f"labelled {_shown(label)}, read as {found}"
    if lenient.count("\ufffd") * 20 <= len(lenient) or len(data) < 4:
        return lenient, f"bytes that are not {_shown(label)}"
    text, found = guess(data)
    return text, f"labelled {_shown(label)}, read as {found}"


def _latin(character: str) -> str:
    if not "\x80" <= character <= "\x9f":
        return character
    return character.encode("latin-1").decode("cp1252", "replace")


def _really_utf8(data: bytes) -> bool:
    """True where 8-bit bytes are nothing but UTF-8 sequences (a few broken ones forgiven)."""
    found = len(_UTF8_CHARACTER.findall(data))
    if not found:
        return False
    wrong = data.decode("utf-8", "replace").count("\ufffd")
    return wrong == 0 or wrong * 10 < found


# What the letters of a charset are in Unicode: octets under its label that are UTF-8 and hold such
# letters are mislabelled.  In its own octets hardly a word of any of these is valid UTF-8.
_LETTERS = {
    pattern: re.compile(letters)
    for pattern, letters in {
        "cp125[0478]|iso8859-(?:[23490]|1[03456])|cp850|cp437|mac": "[\u00c0-\u024f\u1e00-\u1eff]",
        "cp1251|koi8|iso8859-5|cp866": "[\u0400-\u04ff]",
        "cp1253|iso8859-7": "[\u0370-\u03ff]",
        "cp1255|iso8859-8": "[\u0590-\u05ff]",
        "cp1256|iso8859-6": "[\u0600-\u06ff]",
        "cp874|iso8859-11|tis": "[\u0e00-\u0e7f]",
        "gb18030|big5": "[\u3400-\u9fff].*[\u3400-\u9fff]",
        "cp949": "[\uac00-\ud7af].*[\uac00-\ud7af]",
        "cp932|euc_j": "[\u3040-\u9fff].*[\u3040-\u9fff]",
    }.items()
}
_SAMPLE = 20_000  # octets


@lru_cache(maxsize=64)
def _letters_of(codec: str) -> re.Pattern[str] | None:
    return next((letters for name, letters in _LETTERS.items() if re.match(name, codec)), None)


def _is_utf8(data: bytes, codec: str) -> bool:
    """The octets are UTF-8, whatever single-byte or Asian charset the label says."""
    if codec in ("cp1252", "ascii", "iso8859-15"):
        return _really_utf8(data)
    letters = _letters_of(codec)
    if letters is None or not _UTF8_CHARACTER.search(data):
        return False
    try:
        return letters.search(data.decode("utf-8")[:_SAMPLE].replace("\n", " ")) is not None
    except UnicodeDecodeError:
        return False


_NOT_JAPANESE = frozenset(("cp1252", "ascii", "utf-8", "gb18030", "big5hkscs", "cp949"))
_KANA_OCTETS = re.compile(rb"\x82[\x9f-\xf1]|\x83[\x40-\x96]")
_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa]")


def _is_shift_jis(data: bytes, codec: str) -> bool:
    """The octets read as Japanese with kana in Shift-JIS, and not as well under their label."""
    sample = data[:_SAMPLE]
    if len(_KANA_OCTETS.findall(sample)) < 2 or (codec == "utf-8" and _really_utf8(sample)):
        return False
    score = _score(sample, "cp932")
    if score < 0.7 or len(_KANA.findall(sample.decode("cp932", "replace"))) < 2:
        return False
    return codec not in _DOUBLE or score > _score(sample, codec) + 0.2


def _wide(codec: str | None) -> bool:
    return codec is not None and codec.startswith(("utf-16", "utf-32", "cp037", "cp500"))


def _shown(label: str) -> str:
    return re.sub(r"[^\w.:*+-]", "", label)[:40] or "(empty)"


# ---- Japanese by escape sequences


def _is_jis(data: bytes, codec: str | None) -> bool:
    return codec in (None, "ascii", "utf-8", "cp1252", "cp932", "euc_jis_2004") and any(
        escape in data for escape in _JIS_ESCAPES
    )


def _decode_jis(data: bytes) -> tuple[str, str | None]:
    """ISO-2022-JP with all that Windows puts into it (RFC 1468, CP50220: ①, ㈱, half-width)."""
    pieces = re.split(rb"(\x1b(?:\$\([DOPQ]|\$[@AB]|\([BJIHK]|&@))", data)
    out = [_ascii_or_guess(pieces[0])]
    for escape, chunk in zip(pieces[1::2], pieces[2::2], strict=True):
        out.append(_decode_jis_chunk(escape, chunk))
    return "".join(out), None


def _ascii_or_guess(chunk: bytes) -> str:
    return chunk.decode("ascii") if chunk.isascii() else guess(chunk)[0]


def _decode_jis_chunk(escape: bytes, chunk: bytes) -> str:
    if escape == b"\x1b(I":
        return bytes(b | 0x80 for b in chunk).decode("cp932", "replace")
    if escape in (b"\x1b$B", b"\x1b$@", b"\x1b&@"):
        return _decode_pairs(chunk, b"")
    if escape == b"\x1b$(D":
        return _decode_pairs(chunk, b"\x8f")
    if escape.startswith(b"\x1b$("):
        return (escape + chunk).decode("iso2022_jp_2004", "replace")
    if escape == b"\x1b$A":
        return bytes(b | 0x80 if 0x21 <= b <= 0x7E else b for b in chunk).decode(
            "gb2312", "replace"
        )
    return _ascii_or_guess(chunk)


def _decode_pairs(chunk: bytes, prefix: bytes) -> str:
    """Runs of two-byte JIS characters; bytes outside them (a newline) stand for themselves."""
    out = []
    for match in re.finditer(rb"([\x21-\x7e]{2}|[^\x21-\x7e])|.", chunk, re.DOTALL):
        pair = match.group()
        if len(pair) == 1:
            out.append(pair.decode("latin-1") if pair < b"\x21" else "\ufffd")
        elif prefix:
            out.append((prefix + bytes(b | 0x80 for b in pair)).decode("euc_jp", "replace"))
        else:
            out.append(_jis_to_sjis(pair).decode("cp932", "replace"))
    return "".join(out)


def _jis_to_sjis(pair: bytes) -> bytes:
    """One JIS X 0208 pair in the shifted form, in which CP932 knows the rows NEC and IBM added."""
    row, cell = pair
    lead = (row - 0x21) // 2 + (0x81 if row < 0x5F else 0xC1)
    if row % 2:
        return bytes((lead, cell + (0x1F if cell < 0x60 else 0x20)))
    return bytes((lead, cell + 0x7E))


# ---- guessing

# Letters by how often running text has them; what a wrong charset turns text into is rare here.
_CYRILLIC_COMMON = frozenset("оеаинтсрвлкмдпуяыьгзбчйхжшюОЕАИНТСРВЛКМДПУЯЫЬГЗБЧЙХЖШЮ")
_LATIN = ("cp1252", "cp1250", "cp1254")
_OTHER = ("cp1251", "koi8_r", "cp1253", "cp1255")
_DOUBLE = ("cp932", "euc_jp", "gb18030", "big5hkscs", "cp949")


def guess(data: bytes) -> tuple[str, str]:
    """Text without a charset, and the name of the one that was chosen; deterministic."""
    if data.isascii():
        return data.decode("ascii"), "ascii"
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) and len(data) % 2 == 0:
        return data.decode("utf-16", "replace"), "utf-16"
    sample = data[:20_000]
    if _really_utf8(sample):
        return data.decode("utf-8", "replace").removeprefix("\ufeff"), "utf-8"
    candidates = _LATIN + _OTHER + _DOUBLE if _runs(sample) else _LATIN
    best = max((_score(sample, codec), -i, codec) for i, codec in enumerate(candidates))
    codec = best[2] if best[0] > 0 else "cp1252"
    if codec == "cp1252":
        return "".join(_latin(c) for c in data.decode("latin-1")), codec
    return data.decode(codec, "replace"), codec


def _runs(data: bytes) -> bool:
    """True where 8-bit octets stand in runs, as they do in East Asian texts, not alone in words."""
    runs = re.findall(rb"[\x80-\xff][\x40-\xff]*", data)
    alone = re.findall(rb"(?<![\x80-\xff])[\x80-\xff](?![\x80-\xff])", data)
    total = len(re.findall(rb"[\x80-\xff]", data))
    return bool(runs) and len(alone) * 2 < total


def _score(data: bytes, codec: str) -> float:
    """How much the text reads like a language in this charset; 0 where it cannot be it."""
    text = data.decode(codec, "replace")
    letters = [c for c in text if c > "\x7f"]
    if not letters or text.count("\ufffd") > 1 + len(letters) // 20:
        return 0.0
    return sum(_weight(c, codec) for c in letters) / len(letters)


def _weight(character: str, codec: str) -> float:
    if codec in ("cp1251", "koi8_r"):
        return _cyrillic_weight(character)
    if codec in _DOUBLE:
        return _east_asian_weight(character, codec)
    if codec == "cp1252":
        return (
            0.75 if character in "äöüÄÖÜßéèêàâçîïôûùáíóúñøåæœÉÀÇÅØ€–—’‘“”„…·°§«»\xa0¿¡©®" else 0.3
        )
    if codec == "cp1253":
        return 0.8 if "\u0386" <= character <= "\u03ce" else 0.0
    if codec == "cp1255":
        return 0.8 if "\u05d0" <= character <= "\u05ea" else 0.0
    if codec == "cp1250":
        return 0.7 if character in "ąćęłńóśźżěščřžýáíéůúőűöüäßĄĆĘŁŃÓŚŹŻ" else 0.0
    return 0.6 if character in "ğışçöüİĞŞÇÖÜ" else 0.0


def _cyrillic_weight(character: str) -> float:
    if character in _CYRILLIC_COMMON:
        return 0.95 if character.islower() else 0.6
    return 0.3 if "\u0400" <= character <= "\u045f" else 0.0


# First octets of the common characters of a double-byte charset, and what such a character weighs.
_COMMON_ROWS = {
    "gb18030": (0xB0, 0xD7, 0.9),
    "cp949": (0xB0, 0xC8, 0.97),
    "big5hkscs": (0xA4, 0xC6, 0.88),
    "euc_jp": (0xB0, 0xCF, 0.8),
    "cp932": (0x88, 0x97, 0.8),
}


def _east_asian_weight(character: str, codec: str) -> float:
    point = ord(character)
    if 0x3040 <= point <= 0x30FF:  # kana tells Japanese from the rest
        return 1.0 if codec in ("cp932", "euc_jp") else 0.5
    if 0x3000 <= point <= 0x303F or 0xFF01 <= point <= 0xFF5E:
        return 0.85
    octets = character.encode(codec, "replace")
    first, last, weight = _COMMON_ROWS[codec]
    common = len(octets) == 2 and first <= octets[0] <= last
    if codec in ("gb18030", "cp949"):  # the rest of the rows are later extensions
        common = common and octets[1] >= 0xA1
    return weight if common else 0.2
