"""Questions: what can be asked, each with its answer for rows that are not written yet.

A question is one condition in Core.  The database is asked with it, and what the unit of work has
added and changed itself, and not written yet, is held against the very same condition (`half`): so
neither forgets the other.

    OF_TICKET = Question(Note, note.ticket_id == param("ticket"), order=(note.id,))
    unit.all(OF_TICKET, ticket=7)
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from string import ascii_lowercase, ascii_uppercase
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import elements, functions, operators, visitors

from maild.store.prepared import Statement
from maild.store.schema import TABLES, record_of, row_of
from maild.store.types import (
    CleanText,
    DigestText,
    KeyText,
    Several,
    clean,
    keyed,
    octets_of_digest,
)

R = TypeVar("R")
Params = Mapping[str, Any]
Half = Callable[[Any, Params], Any]  # (record, parameters) → True, False, or None: unknown


def param(name: str, type_: Any = None) -> sa.BindParameter[Any]:
    """A value that is given when the question is asked."""
    return sa.bindparam(name, type_=type_)


class Among(functions.FunctionElement[bool]):
    """`among(note.id, "ids")`: the column is one of these; one text however many they are."""

    inherit_cache = True
    type = sa.Boolean()

    def self_group(self, against: Any = None) -> Any:
        """As it is: where it stands alone, SQLAlchemy would compare it with 1, and no index would
        find it."""
        return self


def among(column: Any, name: str) -> Any:
    """The column's value is one of those given as `name` when the question is asked."""
    return Among(column, sa.bindparam(name, type_=Several(column.type)))


@compiles(Among, "sqlite")
def _among_sqlite(element: Among, compiler: Any, **options: Any) -> str:
    column, values = (compiler.process(c, **options) for c in element.clauses)
    digests = isinstance(element.clauses.clauses[0].type, DigestText)
    value = f"{octets_of_digest.__name__}(value)" if digests else "value"
    return f"{column} IN (SELECT {value} FROM json_each({values}))"


@compiles(Among)
def _among_postgresql(element: Among, compiler: Any, **options: Any) -> str:
    column, values = (compiler.process(c, **options) for c in element.clauses)
    return f"{column} = ANY ({values})"


def cases(text: str) -> set[str]:
    """The text in each case in which people write it."""
    return {text, text.lower(), text.upper(), text.title()}


def lowered(texts: Iterable[str]) -> set[str]:
    """These as `lower` of SQL may give them: on SQLite it knows ASCII alone."""
    return {form for text in texts for form in (text.translate(_ASCII_LOWER), text.lower())}


_ASCII_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)


class Question(Generic[R]):
    """Which rows of one table are asked for, in which order, and how many at most."""

    def __init__(
        self,
        record: type[R],
        where: Any,
        *,
        order: tuple[Any, ...] = (),
        limit: int | None = None,
    ) -> None:
        self.record = record
        self.where = where
        self.order = order or tuple(TABLES[record].primary_key)
        self.limit = limit
        self._only: dict[tuple[str, ...], Statement] = {}

    @cached_property
    def select(self) -> Statement:
        return Statement(self._select())

    @cached_property
    def locking(self) -> Statement:
        """The same for who may change these rows."""
        return Statement(self._select().with_for_update())

    def only(self, names: tuple[str, ...]) -> Statement:
        """The id and these columns."""
        if names not in self._only:
            table = TABLES[self.record]
            chosen = [table.c.id, *(table.c[name] for name in names)]
            query = sa.select(*chosen).where(self.where).order_by(table.c.id)
            self._only[names] = Statement(query)
        return self._only[names]

    @cached_property
    def counting(self) -> Statement:
        query = sa.select(sa.func.count()).select_from(TABLES[self.record])
        return Statement(query.where(self.where))

    @cached_property
    def unlimited(self) -> Question[R]:
        return Question(self.record, self.where, order=self.order)

    @cached_property
    def key(self) -> Callable[[Params], Any]:
        """What tells one asking of it from another: the values that are given, in one order."""
        given = {e.key: e for e in visitors.iterate(self.where) if isinstance(e, sa.BindParameter)}
        names = [name for name, bind in given.items() if bind.required]
        if any(isinstance(given[name].type, Several) for name in names):
            return lambda params: tuple([_hashable(params[name]) for name in names])
        return operator.itemgetter(*names) if names else lambda params: None

    @cached_property
    def refs(self) -> tuple[tuple[str, type], ...]:
        """Which parameters are the keys of other records: where one of those is new, nothing in
        the database refers to it."""
        whole = isinstance(self.where, elements.BooleanClauseList)
        parts = self.where.clauses if whole and self.where.operator is operators.and_ else []
        found = (_referred(part) for part in ([self.where] if not whole else parts))
        return tuple(ref for ref in found if ref is not None)

    @cached_property
    def fits(self) -> Half:
        """Whether a record is asked for."""
        return half(self.where)

    @cached_property
    def sorted_by(self) -> frozenset[str]:
        """The columns that say in which order they come."""
        parts = (part for one in self.order for part in visitors.iterate(one))
        return frozenset(part.name for part in parts if isinstance(part, sa.Column))

    def sorted(self, records: Iterable[R]) -> list[R]:
        """In the order in which the database would give them."""
        found = list(records)
        for value, descending in self._sorting:
            found.sort(key=value, reverse=descending)
        return found

    @cached_property
    def _sorting(self) -> list[tuple[Callable[[Any], Any], bool]]:
        """What is sorted by, one after the other: what matters most comes last."""
        return list(map(_ordered, reversed(self.order)))

    def _select(self) -> sa.Select[Any]:
        query = sa.select(*row_of(self.record)).where(self.where).order_by(*self.order)
        return query if self.limit is None else query.limit(self.limit)


def _hashable(value: Any) -> Any:
    return value if value.__hash__ else tuple(value)


def _referred(part: Any) -> tuple[str, type] | None:
    """The parameter and the record, where the part is `note.ticket_id == param("ticket")`."""
    if not isinstance(part, elements.BinaryExpression) or part.operator is not operators.eq:
        return None
    column, bound = part.left, part.right
    if not isinstance(column, sa.Column) or not isinstance(bound, sa.BindParameter):
        return None
    targets = [key.column.table for key in column.foreign_keys]
    return (bound.key, record_of(targets[0])) if targets and bound.required else None


# ---- the half that needs no database


def half(condition: Any) -> Half:
    """A condition of Core as a function of a record and the parameters, with SQL's logic of three
    values: what compares with nothing is unknown (None)."""
    reader = next((read for kind, read in _READERS if isinstance(condition, kind)), None)
    if reader is None:
        raise TypeError(f"a question cannot be asked with {type(condition).__name__}: {condition}")
    return reader(condition)


def _column(element: Any) -> Half:
    value = operator.attrgetter(element.name)
    shape = _shape(element.type)
    if shape is None:
        return lambda record, params: value(record)
    return lambda record, params: shape(value(record))


def _bound(element: Any) -> Half:
    shape: Callable[[Any], Any] = _shape(element.type) or (lambda value: value)
    if not element.required:
        constant = shape(element.value)
        return lambda record, params: constant
    name = element.key
    return lambda record, params: shape(params[name])


def _shape(type_: Any) -> Callable[[Any], Any] | None:
    """How a column changes what it is given."""
    if isinstance(type_, KeyText):
        return keyed
    if isinstance(type_, CleanText):
        return clean
    return None


def _among(element: Any) -> Half:
    column, values = element.clauses
    value, name, shape = half(column), values.key, _shape(column.type)

    def holds(record: Any, params: Params) -> Any:
        found = value(record, params)
        given = params[name]
        return None if found is None else found in (map(shape, given) if shape else given)

    return holds


def _binary(element: Any) -> Half:
    left, right = half(element.left), half(element.right)
    if element.operator in (operators.is_, operators.is_not):
        is_ = element.operator is operators.is_
        return lambda record, params: (left(record, params) is right(record, params)) is is_
    compare = _COMPARISONS[element.operator]

    def holds(record: Any, params: Params) -> Any:
        one, other = left(record, params), right(record, params)
        return None if one is None or other is None else compare(one, other)

    return holds


_COMPARISONS: dict[Any, Callable[[Any, Any], Any]] = {
    operators.eq: operator.eq,
    operators.ne: operator.ne,
    operators.lt: operator.lt,
    operators.le: operator.le,
    operators.gt: operator.gt,
    operators.ge: operator.ge,
    operators.in_op: lambda value, known: value in known,
    operators.not_in_op: lambda value, known: value not in known,
}


def _joined(element: Any) -> Half:
    parts = [half(part) for part in element.clauses]
    decides = element.operator is operators.or_  # one True decides an OR, one False an AND

    def holds(record: Any, params: Params) -> Any:
        found: bool | None = not decides
        for part in parts:
            value = part(record, params)
            if value is None:
                found = None
            elif bool(value) is decides:
                return decides
        return found

    return holds


def _unary(element: Any) -> Half:
    if element.operator is not operators.inv:
        raise TypeError(f"a question cannot be asked with {element}")
    inner = half(element.element)

    def holds(record: Any, params: Params) -> Any:
        value = inner(record, params)
        return None if value is None else not value

    return holds


def _truth(element: Any) -> Half:
    """A column of yes and no by itself, or its contrary."""
    inner, yes = half(element.element), element.operator is operators.is_true

    def holds(record: Any, params: Params) -> Any:
        value = inner(record, params)
        return None if value is None else bool(value) is yes

    return holds


def _function(element: Any) -> Half:
    computes: dict[str, Callable[..., str]] = {
        "lower": str.lower,
        "trim": str.strip,
        "substr": lambda text, start, length: text[start - 1 : start - 1 + length],
    }
    compute = computes[element.name]
    inner, *numbers = element.clauses  # numbers are written out, as an index holds them
    inner, numbers = half(inner), [int(str(number)) for number in numbers]

    def value(record: Any, params: Params) -> Any:
        found = inner(record, params)
        return None if found is None else compute(found, *numbers)

    return value


def _always(value: Any) -> Callable[[Any], Half]:
    return lambda element: lambda record, params: value


_READERS: tuple[tuple[type, Callable[[Any], Half]], ...] = (
    (Among, _among),
    (functions.FunctionElement, _function),
    (elements.Grouping, lambda element: half(element.element)),
    (elements.BooleanClauseList, _joined),
    (elements.AsBoolean, _truth),
    (elements.UnaryExpression, _unary),
    (elements.BinaryExpression, _binary),
    (elements.Null, _always(None)),
    (elements.True_, _always(True)),
    (elements.False_, _always(False)),
    (elements.BindParameter, _bound),
    (sa.Column, _column),
)


def _ordered(element: Any) -> tuple[Callable[[Any], Any], bool]:
    """How one part of an order sorts: by what, and whether from above.

    A row without an id comes after all that have one.
    """
    descending = getattr(element, "modifier", None) is operators.desc_op
    plain = element.element if isinstance(element, elements.UnaryExpression) else element
    value = half(plain)
    if isinstance(plain, sa.Column) and plain.primary_key and plain.name == "id":
        return (lambda record: record.id or float("inf")), descending
    return (lambda record: _last_if_none(value(record, {}))), descending


def _last_if_none(value: Any) -> tuple[bool, Any]:
    return value is None, 0 if value is None else value
