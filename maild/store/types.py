"""Column types that mean the same on SQLite and PostgreSQL."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, TypeVar

import sqlalchemy as sa

from maild.spool import Mass, whole
from maild.store import preset
from maild.store.packing import pack, restored, shorter, unpack

Text = TypeVar("Text", str, str | None)


class Json(sa.TypeDecorator[Any]):
    """What JSON can hold; no value is NULL, and not the text "null".

    Of its texts the database gets what it can hold: the engine writes it by `as_json`.
    """

    impl = sa.JSON
    cache_ok = True

    def __init__(self) -> None:
        super().__init__(none_as_null=True)

    def load_dialect_impl(self, dialect: Any) -> sa.types.TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(self.impl)  # type: ignore[no-any-return]
        from sqlalchemy.dialects.postgresql import JSONB  # imported where there is one

        return dialect.type_descriptor(JSONB(none_as_null=True))  # type: ignore[no-any-return]

    def coerce_compared_value(self, op: Any, value: Any) -> Any:
        """A key or an index of it is no JSON itself."""
        return self.impl_instance.coerce_compared_value(op, value)

    def bind_processor(self, dialect: Any) -> Any:
        """The same as SQLAlchemy's for SQLite, in half of the calls."""
        return _json_or_null if dialect.name == "sqlite" else super().bind_processor(dialect)

    def result_processor(self, dialect: Any, coltype: Any) -> Any:
        if dialect.name == "sqlite":
            return _from_json
        return super().result_processor(dialect, coltype)


JSON = Json()


class UTCDateTime(sa.TypeDecorator[datetime]):
    """An aware datetime, kept in UTC (SQLite would drop the zone)."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a datetime without a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    def bind_processor(self, dialect: Any) -> Any:
        """The same as SQLAlchemy's for SQLite, in a third of the time."""
        return _as_text if dialect.name == "sqlite" else super().bind_processor(dialect)

    def result_processor(self, dialect: Any, coltype: Any) -> Any:
        if dialect.name == "sqlite":
            return _from_text
        return super().result_processor(dialect, coltype)


@lru_cache(maxsize=64)  # a unit of work writes the same moment again and again
def _as_text(value: datetime | None) -> str | None:
    if value is None:
        return None
    if value.tzinfo is None:
        raise ValueError("a datetime without a time zone")
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


@lru_cache(maxsize=1024)
def _from_text(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value).replace(tzinfo=UTC)


def as_json(value: Any) -> str:
    """Its text with what a database can hold (`clean`): PostgreSQL takes no NUL, neither takes lone
    surrogates (H57)."""
    text = _written(value)
    return _written(_cleaned(value)) if _DOUBTFUL.search(text) else text


def _json_or_null(value: Any) -> str | None:
    return None if value is None else as_json(value)


def _from_json(kept: Any) -> Any:
    """The value; SQLite keeps a number as one."""
    return _READER.raw_decode(kept)[0] if isinstance(kept, str) else kept


def _written(value: Any) -> str:
    """What `json.dumps` gives; that makes a new encoder each time, and a mail has twenty texts."""
    return "".join(_ENCODER(value, 0))


_READER = json.JSONDecoder()
_ENCODER: Any = json.encoder.c_make_encoder(  # type: ignore[attr-defined]
    None,  # what it is within is not looked at: our values hold no circles
    json.JSONEncoder().default,
    json.encoder.encode_basestring_ascii,
    None,  # all in one line
    ": ",
    ", ",
    False,  # in the order in which the keys stand
    False,  # a key that is none is an error
    True,  # NaN, as `json.dumps`
)
_DOUBTFUL = re.compile(r"\\u(?:0000|d[89a-f])")  # NUL, or one half of a pair of surrogates


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {clean(str(key)): _cleaned(entry) for key, entry in value.items()}
    return [_cleaned(entry) for entry in value] if isinstance(value, list | tuple) else value


class CleanText(sa.TypeDecorator[str]):
    """Text of any mail: PostgreSQL takes no NUL, neither takes lone surrogates (H57)."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        return clean(value)

    def bind_processor(self, dialect: Any) -> Any:
        """The same, with no call between."""
        return clean


class KeyText(CleanText):
    """Text that an index holds: beyond 500 characters a digest stands for the rest.

    PostgreSQL refuses index entries over 2,704 octets, and a Message-ID may be of any length.
    """

    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        return keyed(value)

    def bind_processor(self, dialect: Any) -> Any:
        """The same, with no call between."""
        return keyed


class DigestText(KeyText):
    """64 hex digits, of which SQLite keeps the 32 octets; whatever else it is stays text."""

    cache_ok = True

    def bind_processor(self, dialect: Any) -> Any:
        return octets_of_digest if dialect.name == "sqlite" else super().bind_processor(dialect)

    def result_processor(self, dialect: Any, coltype: Any) -> Any:
        if dialect.name == "sqlite":
            return _digest_of
        return super().result_processor(dialect, coltype)


def octets_of_digest(value: str | None) -> str | bytes | None:
    """What SQLite keeps of a digest; it asks for this by the same name (`database`, `question`)."""
    if value is None or len(value) != 64:
        return keyed(value)
    try:
        octets = bytes.fromhex(value)
    except ValueError:
        return keyed(value)
    return octets if octets.hex() == value else value


def _digest_of(kept: str | bytes | None) -> str | None:
    return kept.hex() if isinstance(kept, bytes) else kept


class PackedJson(Json):
    """JSON that SQLite keeps compressed where it is long.  PostgreSQL does so by itself (TOAST)."""

    cache_ok = True

    def bind_processor(self, dialect: Any) -> Any:
        write: Any = super().bind_processor(dialect)
        if dialect.name == "sqlite":
            return lambda value: shorter(write(value), preset.FACTS)
        return write

    def result_processor(self, dialect: Any, coltype: Any) -> Any:
        read: Any = super().result_processor(dialect, coltype)
        if dialect.name == "sqlite":
            return lambda kept: read(restored(kept))
        return read


class RepeatedJson(PackedJson):
    """The same, that several rows in a row have: it is unpacked for the first of them."""

    cache_ok = True

    def result_processor(self, dialect: Any, coltype: Any) -> Any:
        read: Any = super().result_processor(dialect, coltype)
        return lru_cache(maxsize=16)(read) if dialect.name == "sqlite" else read


class PackedText(CleanText):
    """Text of any mail that SQLite keeps compressed where it is long.  Nothing searches in it."""

    cache_ok = True

    def bind_processor(self, dialect: Any) -> Any:
        clean_text = super().bind_processor(dialect)
        if dialect.name == "sqlite":
            return lambda value: shorter(clean_text(value))
        return clean_text

    def result_processor(self, dialect: Any, coltype: Any) -> Any:
        return restored if dialect.name == "sqlite" else super().result_processor(dialect, coltype)


class PackedMass(sa.TypeDecorator[Mass]):
    """Octets that are kept compressed where that makes them fewer; they come out as they went in.

    Every value written begins with a mark, and what has none was written before there were any.
    """

    impl = sa.LargeBinary
    cache_ok = True
    known = preset.MAIL

    def process_bind_param(self, value: Mass | None, dialect: Any) -> bytes | None:
        return None if value is None else pack(value, self.known)

    def process_result_value(self, value: Any, dialect: Any) -> Mass | None:
        return None if value is None else unpack(value)


class Packed(PackedMass):
    """The same, of octets that fit into memory: a mail of ours."""

    cache_ok = True
    known = preset.SENT

    def process_result_value(self, value: Any, dialect: Any) -> bytes | None:
        return None if value is None else whole(unpack(value))


class Word(sa.TypeDecorator[StrEnum]):
    """One of the words of an enumeration; one that a newer version wrote stays plain text."""

    impl = sa.Text
    cache_ok = True

    def __init__(self, words: type[StrEnum]) -> None:
        super().__init__()
        self.words = words
        self._known = {word.value: word for word in words}

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        return _plain(value)

    def process_result_value(self, value: str | None, dialect: Any) -> Any:
        return self._word(value)

    def bind_processor(self, dialect: Any) -> Any:
        """The same, with no call between."""
        return _plain

    def result_processor(self, dialect: Any, coltype: Any) -> Any:
        return self._word

    def _word(self, value: str | None) -> Any:
        return None if value is None else self._known.get(value, value)


def _plain(value: str | None) -> str | None:
    return None if value is None else str(value)


class Several(sa.TypeDecorator[list[Any]]):
    """Many values of one type as one parameter: a list as JSON on SQLite, an array elsewhere."""

    impl = sa.Text
    cache_ok = True

    def __init__(self, of: sa.types.TypeEngine[Any]) -> None:
        super().__init__()
        self.of = of

    def load_dialect_impl(self, dialect: Any) -> sa.types.TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.Text())  # type: ignore[no-any-return]
        plain = sa.BigInteger() if isinstance(self.of, sa.Integer) else sa.Text()
        return dialect.type_descriptor(sa.ARRAY(plain))  # type: ignore[no-any-return]

    def bind_processor(self, dialect: Any) -> Any:
        process = self.of.dialect_impl(dialect).bind_processor(dialect) or (lambda value: value)
        if isinstance(self.of, DigestText):
            process = keyed  # JSON holds no octets: SQLite makes them itself
        if dialect.name == "sqlite":
            return lambda values: _written(list(map(process, values)))
        return lambda values: list(map(process, values))


def keyed(value: Text) -> Text:
    """The text as a `KeyText` column holds it; None stays None."""
    if value is None or (len(value) <= 500 and value.isascii() and "\x00" not in value):
        return value
    value = clean(value)
    if len(value) <= 500:
        return value
    return value[:400] + "#" + hashlib.sha256(value.encode()).hexdigest()


def clean(value: Text) -> Text:
    """The same text without NUL, lone surrogates replaced by U+FFFD; None stays None."""
    if value is None:
        return value
    if "\x00" in value:
        value = value.replace("\x00", "")
    if value.isascii():
        return value
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value
