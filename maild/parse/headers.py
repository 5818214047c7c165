"""Header fields as they come: raw 8-bit, broken encoded words, addresses that no grammar knows.

Everything here takes the raw value of a field (octets as surrogate escapes, as the standard
library's compat32 tree keeps them) and gives clean text; nothing raises, nothing backtracks.
"""

from __future__ import annotations

import binascii
import quopri
import re
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_tz

from maild.model import Address
from maild.parse.charsets import clean, codec_name, decode, guess
from maild.parse.invisible import INVISIBLE, one_line

MAX_VALUE = 64_000  # characters of one field that are looked at
MAX_ADDRESSES = 1_000  # mailboxes of one field
MAX_NAME = 2_000  # characters of a display name
MAX_ADDRESS = 1_000  # characters of an address
MAX_WORDS = 2_000  # encoded words of one field

_ENCODED_WORD = re.compile(r"=\?([^?\s]{0,80})\?([bBqQ])\?([^\r\n]*?)\?=", re.DOTALL)


def raw_bytes(value: object) -> bytes:
    """The octets of a raw header value of the compat32 tree."""
    text = str(value)[:MAX_VALUE]
    try:
        return text.encode("ascii", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape")


def decode_value(value: object) -> str:
    """One line of clean text: raw 8-bit read, encoded words decoded (RFC 2047), folds undone."""
    text = str(value)
    if text.isascii() and text.isprintable() and "=?" not in text:  # most fields are this plain
        return " ".join(text[:MAX_VALUE].split())
    return one_line(decode_words(loose_text(text)))


_FOLD = re.compile(r"\r?\n(?=[ \t])|\r")


def loose_text(value: object) -> str:
    """The field without folds, its 8-bit octets read, its encoded words still encoded."""
    text = str(value)[:MAX_VALUE]
    if not text.isascii() or "\x1b" in text:
        text = decode(raw_bytes(text))[0]
    return _FOLD.sub("", text) if "\n" in text or "\r" in text else text


def decode_words(text: str) -> str:
    """Encoded words decoded; those split in the middle of a character are joined first."""
    if "=?" not in text:
        return text
    out: list[str] = []
    run = _Run()
    end = 0
    last = text.rfind("?=") + 2  # behind it no word ends, and none is looked for
    for count, match in enumerate(_ENCODED_WORD.finditer(text, 0, last)):
        if count >= MAX_WORDS:
            break
        between = text[end : match.start()]
        if between.strip() or not run.open:
            out.append(run.close())
            out.append(between)
        run.add(match[1], match[2], match[3], out)
        end = match.end()
    out.append(run.close())
    out.append(text[end:])
    return "".join(out)


class _Run:
    """Adjacent encoded words of one charset: their octets are one text (RFC 2047 §5 forgiven)."""

    def __init__(self) -> None:
        self.open = False
        self._charset = ""
        self._octets = b""

    def add(self, charset: str, encoding: str, payload: str, out: list[str]) -> None:
        charset = charset.split("*", 1)[0].lower()
        if self.open and charset != self._charset:
            out.append(self.close())
        self.open = True
        self._charset = charset
        self._octets += _word_octets(encoding, payload)

    def close(self) -> str:
        text = decode(self._octets, self._charset)[0] if self._octets else ""
        self.open, self._octets = False, b""
        return text


def _word_octets(encoding: str, payload: str) -> bytes:
    data = payload.encode("utf-8", "surrogateescape")
    if encoding in "qQ":
        return quopri.decodestring(data.replace(b" ", b"_"), header=True)
    return decode_base64(data)


_NOT_BASE64 = re.sub(rb"[A-Za-z0-9+/=]", b"", bytes(range(256)))


def decode_base64(data: bytes) -> bytes:
    """Octets of base64 with missing padding, foreign characters, or padding in the middle."""
    wanted = only_base64(data)
    if b"=" not in wanted.rstrip(b"="):
        return base64_run(wanted.rstrip(b"="))
    return b"".join(base64_run(run) for run in re.split(rb"=+", wanted))


def only_base64(data: bytes) -> bytes:
    """The characters of base64 and its padding that are in it."""
    return data.translate(None, _NOT_BASE64)


def base64_run(run: bytes) -> bytes:
    """Octets of characters of base64 with no padding between them; one that is over is left."""
    if len(run) % 4 == 1:
        run = run[:-1]
    try:
        return binascii.a2b_base64(run + b"=" * (-len(run) % 4))
    except binascii.Error:
        return b""


# ---- addresses


def parse_addresses(value: object) -> tuple[Address, ...]:
    """Every mailbox of an address field (RFC 5322 §3.4), groups opened, comments as names.

    Linear in the size of the field, whatever it holds (H63, H64).
    """
    text = loose_text(value)
    simple = _SIMPLE.fullmatch(text)
    if simple is not None:
        return (Address(" ".join((simple[1] or "").split()), simple[2] or simple[3]),)
    named = _NAMED.fullmatch(text)
    if named is not None:
        return (_address(_display_name(named[1]), named[2]),)
    found = []
    for item in _split_mailboxes(text):
        address = _mailbox(item)
        if address is not None:
            found.append(address)
        if len(found) >= MAX_ADDRESSES:
            break
    return tuple(found)


# `Ann Miller <ann@acme.example>` or the address alone, with nothing that needs care, as most are.
_SIMPLE = re.compile(
    r"\s*(?:(?:([A-Za-z0-9][A-Za-z0-9 .-]{0,100})\s)?<([\w.+-]{1,64}@[\w.-]{1,255})>"
    r"|([\w.+-]{1,64}@[\w.-]{1,255}))\s*",
    re.ASCII,
)
_WORD = r"(?:[A-Za-z0-9.-]{1,100}|=\?[\w-]{1,40}\?[bBqQ]\?[\w=+/.-]{0,400}\?=)"
# `"Miller, Ann" <ann@acme.example>`, or with encoded words: one mailbox, whose name needs care.
_NAMED = re.compile(
    rf"\s*+(\"[^\"\\]{{0,200}}\"|{_WORD}(?:\s++{_WORD})*+)\s*+<([\w.+-]{{1,64}}@[\w.-]{{1,255}})>\s*+",
    re.ASCII,
)
_SPECIAL = re.compile(r'[",;:()<]|=\?')
_ESCAPE_OR_QUOTE = re.compile(r'\\.|"', re.DOTALL)
_ENCODED = re.compile(r"=\?[^?\s]{0,80}\?[bBqQ]\?[^?]*\?=")
_RUN = re.compile(r'[^\s<>(),;:"]+')


def _split_mailboxes(text: str) -> Iterator[str]:
    """Pieces between commas (or semicolons), outside quotes, comments and angle brackets."""
    begin = at = comment = 0
    quotes = _Quotes(text)
    group = True  # what stands before a colon may be a group's name
    while (special := _SPECIAL.search(text, at)) is not None:
        at, sign = special.end(), special[0]
        if sign in '"<=?':
            at = _behind(text, special.start(), quotes)
            group = group and sign != "<"
        elif sign == "(":
            comment += 1
        elif sign == ")":
            comment = max(0, comment - 1)
        elif sign == ":" and group and _is_group(text[begin : at - 1]):
            begin = at
        elif sign == ":":
            group = group and not text[begin : at - 1].strip()  # else nobody looks at it again
        elif comment == 0:
            yield text[begin : at - 1]
            begin, group = at, True
    if comment:  # a comment that never ends hides nobody
        yield from re.split(r"[,;]", text[begin:])
        return
    yield text[begin:]


class _Quotes:
    """Finds the ends of quoted strings; once one never ends, no other does."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._endless = False

    def end(self, start: int) -> int | None:
        """Behind the quoted string that begins at `start`; None where it never ends."""
        if self._endless:
            return None
        for found in _ESCAPE_OR_QUOTE.finditer(self._text, start + 1):
            if found[0] == '"':
                return found.end()
        self._endless = True
        return None


def _behind(text: str, start: int, quotes: _Quotes) -> int:
    """Behind what begins here and hides separators: a quoted string, an angle address, a word."""
    if text[start] == '"':
        return quotes.end(start) or start + 1
    end = (_ANGLE if text[start] == "<" else _ENCODED).match(text, start)
    return end.end() if end else start + 1


def _quoted_spans(text: str) -> list[tuple[int, int]]:
    """Where quoted strings begin and end."""
    spans: list[tuple[int, int]] = []
    quotes = _Quotes(text)
    start = text.find('"')
    while start >= 0:
        end = quotes.end(start)
        if end is None:
            break
        spans.append((start, end))
        start = text.find('"', end)
    return spans


def _is_group(text: str) -> bool:
    return bool(text.strip()) and "<" not in text and "@" not in text and "mailto" not in text


_ANGLE = re.compile(r"<([^<>]*)>")


def _bare(text: str) -> tuple[int, int] | None:
    """Where the first thing with an @ stands that may be an address."""
    for run in _RUN.finditer(text):
        word = run[0]
        at = word.rfind("@", 0, len(word) - 1)
        begin = max(word.rfind("[", 0, max(at, 0)), word.rfind("]", 0, max(at, 0))) + 1
        if begin < at:
            return run.start() + begin, run.end()
    return None


def _mailbox(item: str) -> Address | None:
    item = item.strip()
    if not item:
        return None
    item = re.sub(r"^mailto:", "", item, flags=re.IGNORECASE)
    angle = _angle_part(item)
    if angle is not None:
        name, address = angle
        if "@" not in address and "=?" in address:
            address = decode_words(address)
        return _address(_display_name(name), _spec(address))
    if "=?" in item and _bare(item) is None:  # the whole mailbox in one encoded word
        decoded = decode_words(item)
        if "@" in decoded:
            inner = _angle_part(decoded)
            if inner is not None:
                return _address(_display_name(inner[0]), _spec(inner[1]))
            item = decoded
    return _without_angle(item)


def _address(name: str, address: str) -> Address:
    return Address(name[:MAX_NAME], address[:MAX_ADDRESS])


def _angle_part(item: str) -> tuple[str, str] | None:
    """(name, address) of `name <address>`; the last pair of brackets that holds an @ counts."""
    plain = _masked(item)
    pairs = list(_ANGLE.finditer(plain))
    if not pairs:
        opened = plain.rfind("<")  # the bracket that was never closed
        if opened < 0 or "@" not in plain[opened:]:
            return None
        return item[:opened], item[opened + 1 :]
    best = next((m for m in reversed(pairs) if "@" in item[m.start() : m.end()]), pairs[-1])
    name = item[: best.start()] or item[best.end() :]
    return name, item[best.start() + 1 : best.end() - 1]


def _masked(item: str) -> str:
    """The item with marks instead of quoted strings."""
    pieces: list[str] = []
    at = 0
    for start, end in _quoted_spans(item):
        pieces += (item[at:start], "\x01" * (end - start))
        at = end
    return "".join(pieces) + item[at:]


def _without_angle(item: str) -> Address | None:
    name, rest = _take_comments(item)
    name = one_line(decode_words(name)).strip("\"' ")  # of a comment: its own parentheses stay
    found = _bare(rest)
    if found is None:
        text = _display_name(rest) or name
        return _address(name if rest.strip() else "", text) if text else None
    start, end = found
    before = rest[:start].strip().strip('"')
    if rest[:start].strip().startswith('"') and "@" in rest[start:]:
        quoted = re.match(r'\s*("(?:[^"\\]|\\.)*"@[^\s<>(),;:"]+)', rest)
        if quoted:
            return _address(name, quoted[1])
    return _address(_display_name(before) or name, _spec(rest[start:end]))


def _take_comments(item: str) -> tuple[str, str]:
    """(text of the comments, the rest), linear in the size."""
    comments: list[str] = []
    rest: list[str] = []
    depth = 0
    for piece in re.split(r"([()])", item):
        inside = depth > 0
        if piece == "(":
            depth += 1
        elif piece == ")":
            depth = max(0, depth - 1)
        if inside and depth:
            comments.append(piece)
        elif inside or depth:
            comments.append(" ")  # the outermost parenthesis itself
        elif piece != ")":
            rest.append(piece)
    return "".join(comments), "".join(rest)


def _spec(address: str) -> str:
    """An addr-spec without comments, white space, route and stray quotes."""
    text = _take_comments(address)[1] if "(" in address else address
    text = one_line(text).strip()
    text = re.sub(r"^mailto:", "", text, flags=re.IGNORECASE)
    if text.startswith("@") and ":" in text:  # obsolete route (RFC 5322 §4.4)
        text = text.split(":", 1)[1]
    if not text.startswith('"') or text.endswith('"'):
        text = text.strip("'\"")
    return text.replace(" ", "") if "@" in text and '"' not in text else text


def _display_name(text: str) -> str:
    text = text.strip()
    spans = _quoted_spans(text)
    whole = spans == [(0, len(text))]
    text = _unquoted(text, spans)
    if not whole and "=?" not in text:
        text = _take_comments(text)[1].strip() or text
    name = one_line(decode_words(text)).strip()
    if len(name) > 1 and name[0] == name[-1] and name[0] in "'\"":
        name = name[1:-1].strip()
    return name.strip("<>").strip()


def _unquoted(text: str, spans: list[tuple[int, int]]) -> str:
    """The text with its quoted strings as they are meant."""
    pieces: list[str] = []
    at = 0
    for start, end in spans:
        pieces += (text[at:start], re.sub(r"\\(.)", r"\1", text[start + 1 : end - 1]))
        at = end
    return "".join(pieces) + text[at:]


# ---- ids and dates

_MESSAGE_ID = re.compile(r"<\s*([^<>\s]{1,900})\s*>")
MAX_IDS = 500


def message_ids(value: str) -> tuple[str, ...]:
    """Message ids of a References-like field, in order, without <>, each once."""
    if not value:
        return ()
    found = _MESSAGE_ID.findall(value)[:MAX_IDS]
    if not found:
        found = [w.strip("<>,;\"'") for w in value.split() if "@" in w and len(w) < 900][:MAX_IDS]
    return tuple(dict.fromkeys(i for i in found if i))


def parse_date(value: str) -> datetime | None:
    """An aware time in UTC, or None where the field names no possible time (H58)."""
    try:
        fields = _plain_date(value) or parsedate_tz(value[:200])
        if fields is None or not 1970 <= fields[0] <= 2200:
            return None
        offset = max(-86_399, min(86_399, fields[-1] or 0))
        return datetime(*fields[:6], tzinfo=UTC) - timedelta(seconds=offset)
    except (ValueError, OverflowError, IndexError, TypeError):
        return None


# `Mon, 02 Nov 2026 10:00:00 +0100`, as programs write it (RFC 5322 §3.3).
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_PLAIN_DATE = re.compile(
    rf"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), )?(\d{{1,2}}) ({'|'.join(_MONTHS)}) ([12]\d{{3}})"
    r" (\d\d):(\d\d):(\d\d) ([+-]\d\d)(\d\d)",
    re.ASCII,
)


def _plain_date(value: str) -> tuple[int, int, int, int, int, int, int] | None:
    """Year to second and the offset from UTC in seconds; None of what is written otherwise."""
    found = _PLAIN_DATE.fullmatch(value)
    if found is None:
        return None
    day, month, *rest, hours, minutes = found.groups()
    offset = 3_600 * int(hours) + 60 * int(hours[0] + minutes)
    year, hour, minute, second = map(int, rest)
    return year, _MONTHS.index(month) + 1, int(day), hour, minute, second, offset


# ---- parameters (RFC 2045 §5.1, RFC 2231), in all their broken forms

_PARAMETER = re.compile(r'\s{0,100}([^\s=;"<>]{1,80})\s{0,100}=\s{0,100}')
_QUOTE_AT_END = re.compile(r'"\s*(?:;|$)')
_SECTION = re.compile(r"^(.+?)(?:\*(\d{1,4}))?(\*)?$")


def parameters(value: object) -> dict[str, str]:
    """Parameters of a Content-Type or Content-Disposition field, names in lower case, decoded."""
    if "=" not in str(value):
        return {}
    text = loose_text(value)
    sections: dict[str, list[tuple[int, bool, str]]] = {}
    plain: dict[str, str] = {}
    for name, raw in _parameters(text):
        section = _SECTION.match(name) if "*" in name else None
        if section and (section[2] is not None or section[3]):
            order = int(section[2] or 0)
            sections.setdefault(section[1], []).append((order, bool(section[3]), raw))
        else:
            plain.setdefault(name, raw)
    found = {name: one_line(decode_words(raw)) for name, raw in plain.items()}
    for name, parts in sections.items():
        found[name] = _join_sections(sorted(parts, key=lambda p: p[0])) or found.get(name, "")
    return found


def _parameters(text: str) -> Iterator[tuple[str, str]]:
    """Names in lower case with their values, quotes taken off; linear, whatever is broken."""
    at = text.find(";") + 1
    quotes = _Quotes(text)
    while True:
        found = _PARAMETER.match(text, at)
        end = _value_end(text, found.end(), quotes) if found else at
        if found:
            yield found[1].lower(), _unquote(text[found.end() : end])
        at = text.find(";", end) + 1
        if not at:
            return


def _value_end(text: str, start: int, quotes: _Quotes) -> int:
    """Where a value ends: with its quote, with the last quote before a semicolon, or at that."""
    semicolon = text.find(";", start)
    until = len(text) if semicolon < 0 else semicolon
    if text[start : start + 1] != '"':
        return until
    end = quotes.end(start)
    if end is not None and _QUOTE_AT_END.match(text, end - 1):
        return end
    last = text.rfind('"', start + 1, until)
    if last > start and not text[last + 1 : until].strip():
        return last + 1  # with quotes in it
    return end if end is not None else len(text)  # one that goes on, or never ends


def _unquote(raw: str) -> str:
    raw = raw.strip()
    if raw.startswith('"'):
        raw = raw[1:-1] if raw.endswith('"') and len(raw) > 1 else raw[1:]
        return re.sub(r'\\(["\\])', r"\1", raw) if "\\" in raw else raw
    return raw


def _join_sections(parts: list[tuple[int, bool, str]]) -> str:
    """The text of continued and percent-encoded sections (RFC 2231 §4.1)."""
    charset = ""
    octets = b""
    literal = ""
    for index, (_, encoded, raw) in enumerate(parts):
        if encoded and index == 0 and raw.count("'") >= 2:
            charset, _, raw = raw.split("'", 2)
        if encoded or ("%" in raw and charset):
            octets += _percent(raw)
        else:
            octets += raw.encode("utf-8", "surrogateescape")
        literal += raw
    if "=?" in literal:  # encoded words inside sections: wrong, and common
        return one_line(decode_words(literal))
    text = decode(octets, charset)[0] if codec_name(charset) else guess(octets)[0]
    return one_line(clean(text))


def _percent(raw: str) -> bytes:
    data = raw.encode("utf-8", "surrogateescape")
    return re.sub(rb"%([0-9A-Fa-f]{2})", lambda m: bytes((int(m[1], 16),)), data)


# ---- file names

MAX_FILENAME = 200
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def safe_filename(name: str) -> str:
    """A name that may be written on any disk and shown to a person (H53, H54); "" for none.

    No path, no control, invisible or direction-changing characters, 200 characters at most.
    """
    text = unicodedata.normalize("NFC", clean(name[:20_000]))
    text = INVISIBLE.sub("", text.replace("\t", " ").replace("\n", " "))
    text = "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Cn"))
    text = re.split(r"[/\\]", text.rstrip("/\\ "))[-1]
    text = re.sub(r"[\s]+", " ", re.sub(r'[<>:"|?*]', "_", text)).strip(" .") if text else ""
    if _RESERVED.fullmatch(text):
        text = "_" + text
    if len(text) > MAX_FILENAME or len(text.encode()) > 240:
        stem, dot, ending = text.rpartition(".")
        ending = dot + ending if dot and len(ending) <= 16 else ""
        stem = (stem if ending else text)[: MAX_FILENAME - len(ending)]
        while len((stem + ending).encode()) > 240:
            stem = stem[:-1]
        text = stem + ending
    return text
