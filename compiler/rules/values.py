"""Attribute values of rules: vectors of integers, permutations, axes, and the guards over them.

Every operation here works on Python integers and on Z3 integers alike, and lets a :class:`Blank`
(the stand-in that records the pattern of a rule) pass through. Lengths (ranks), permutations and
axes are always concrete; entries of a :class:`Vec` may be symbolic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from itertools import pairwise
from typing import Any, ClassVar, ParamSpec, TypeAlias, TypeVar, cast

Int: TypeAlias = Any  # int, or z3.ArithRef
Guard: TypeAlias = Any  # bool, or z3.BoolRef
P = ParamSpec("P")
R = TypeVar("R")


class Blank:
    """An unknown attribute value: absorbs every operation.

    Attributes:
        variable: name of the attribute variable it stands for; empty where the value was computed
            from variables.
    """

    __slots__ = ("variable",)

    def __init__(self, variable: str = "") -> None:
        self.variable = variable

    def __getattr__(self, name: str) -> Blank:
        if name.startswith("__"):
            raise AttributeError(name)
        return Blank()

    def __call__(self, *_args: Any, **_kwargs: Any) -> Blank:
        """An unknown value, whatever it is called with."""
        return Blank()

    def _absorb(self, *_args: Any) -> Blank:
        return Blank()

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __neg__ = _absorb
    __floordiv__ = __rfloordiv__ = __mod__ = __getitem__ = _absorb
    __lt__ = __le__ = __gt__ = __ge__ = _absorb
    __eq__ = __ne__ = _absorb  # type: ignore[assignment]
    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        raise TypeError("a rule may not branch on an attribute value: use where(), all_(), any_()")

    def __iter__(self) -> Any:
        raise TypeError("a rule may not loop over an attribute value: use the operations of Vec")

    def __repr__(self) -> str:
        return self.variable or "_"


def absorbing(fn: Callable[P, R]) -> Callable[P, R]:
    """Make ``fn`` return a Blank as soon as one of its positional arguments is one."""

    @wraps(fn)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        if any(type(a) is Blank for a in args):
            return cast(R, Blank())
        return fn(*args, **kwargs)

    return call


@absorbing
def where(condition: Guard, then: Int, other: Int) -> Int:
    """``then`` if ``condition`` holds, else ``other``."""
    if isinstance(condition, bool):
        return then if condition else other
    import z3

    return z3.If(condition, then, other)


@absorbing
def all_(*guards: Guard) -> Guard:
    """Conjunction; true if there are none."""
    rest = [g for g in guards if g is not True]
    if all(isinstance(g, bool) for g in rest):
        return not rest
    import z3

    return z3.And(*rest)


@absorbing
def any_(*guards: Guard) -> Guard:
    """Disjunction; false if there are none."""
    rest = [g for g in guards if g is not False]
    if all(isinstance(g, bool) for g in rest):
        return bool(rest)
    import z3

    return z3.Or(*rest)


@absorbing
def not_(guard: Guard) -> Guard:
    """Negation."""
    if isinstance(guard, bool):
        return not guard
    import z3

    return z3.Not(guard)


@absorbing
def min_(a: Int, b: Int) -> Int:
    """The smaller of two integers, or of two vectors entry by entry."""
    if isinstance(a, Vec) or isinstance(b, Vec):
        return zipped(lambda x, y: min_(x, y), a, b)
    return where(a <= b, a, b)


@absorbing
def max_(a: Int, b: Int) -> Int:
    """The larger of two integers, or of two vectors entry by entry."""
    if isinstance(a, Vec) or isinstance(b, Vec):
        return zipped(lambda x, y: max_(x, y), a, b)
    return where(a >= b, a, b)


@absorbing
def floordiv(a: Int, b: Int) -> Int:
    """Quotient rounded down; ``b`` must be positive."""
    if isinstance(a, int) and isinstance(b, int):
        return a // b
    return a / b  # Z3's integer division by a positive divisor rounds down


@absorbing
def same(a: Any, b: Any) -> Guard:
    """Whether two integers, dtypes, names or whole vectors are equal; vectors of different length
    never are.
    """
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all_(*(x == y for x, y in zip(a, b, strict=True)))
    if isinstance(a, tuple) or isinstance(b, tuple):
        return all_(*zipped(lambda x, y: x == y, a, b))
    return a == b


@absorbing
def le(a: Any, b: Any) -> Guard:
    """``a <= b``, for vectors in every entry (an integer stands for a constant vector)."""
    if isinstance(a, tuple) or isinstance(b, tuple):
        return all_(*zipped(lambda x, y: x <= y, a, b))
    return a <= b


@absorbing
def lt(a: Any, b: Any) -> Guard:
    """``a < b``, for vectors in every entry (an integer stands for a constant vector)."""
    if isinstance(a, tuple) or isinstance(b, tuple):
        return all_(*zipped(lambda x, y: x < y, a, b))
    return a < b


def zipped(fn: Callable[[Int, Int], Any], a: Any, b: Any) -> Vec:
    """``fn`` entry by entry; one of the two may be an integer. ValueError if lengths differ."""
    left = a if isinstance(a, tuple) else (a,) * len(b)
    right = b if isinstance(b, tuple) else (b,) * len(left)
    return Vec(fn(x, y) for x, y in zip(left, right, strict=True))


def _zip_or_blank(fn: Callable[[Int, Int], Any], a: Any, b: Any) -> Vec:
    return cast(Vec, Blank()) if type(b) is Blank else zipped(fn, a, b)


class Vec(tuple[Int, ...]):
    """One integer per dimension. Arithmetic is entry by entry; an integer stands for a constant
    vector.
    """

    __slots__ = ()

    def __add__(self, other: Any) -> Vec:
        return _zip_or_blank(lambda x, y: x + y, self, other)

    def __sub__(self, other: Any) -> Vec:
        return _zip_or_blank(lambda x, y: x - y, self, other)

    def __mul__(self, other: Any) -> Vec:
        return _zip_or_blank(lambda x, y: x * y, self, other)

    def __floordiv__(self, other: Any) -> Vec:
        return _zip_or_blank(floordiv, self, other)

    def __neg__(self) -> Vec:
        return Vec(-x for x in self)

    @property
    def rank(self) -> int:
        """The number of entries."""
        return len(self)

    @absorbing
    def at(self, axis: int) -> Int:
        """The entry of one axis."""
        return self[axis]

    @absorbing
    def take(self, axes: Iterable[int]) -> Vec:
        """``result[i] = self[axes[i]]``."""
        return Vec(self[a] for a in axes)

    @absorbing
    def drop(self, axes: Iterable[int]) -> Vec:
        """The entries of all other axes, in order."""
        gone = set(axes)
        return Vec(x for i, x in enumerate(self) if i not in gone)

    @absorbing
    def put(self, axis: int, value: Int) -> Vec:
        """The same vector with one entry exchanged."""
        return Vec((*self[:axis], value, *self[axis + 1 :]))

    def product(self) -> Int:
        """The product of the entries; 1 if there are none."""
        out: Int = 1
        for x in self:
            out = out * x
        return out


class Shape(Vec):
    """Sizes of dimensions; every entry is at least 0."""

    __slots__ = ()


@absorbing
def fill(rank: int, value: Int) -> Vec:
    """A vector with ``rank`` equal entries."""
    return Vec((value,) * rank)


@absorbing
def iota(rank: int) -> Vec:
    """The vector 0, 1, ..., rank - 1."""
    return Vec(range(rank))


@absorbing
def ceildiv(a: Vec, b: Vec) -> Vec:
    """Entry by entry the quotient rounded up; entries of ``b`` must be positive."""
    return (a + (b - 1)) // b


class Axis(int):
    """The number of a dimension; always concrete."""


class Axes(tuple[int, ...]):
    """A list of distinct dimensions, such as ``broadcast_dimensions``; always concrete."""

    __slots__ = ()

    @absorbing
    def at(self, i: int) -> int:
        """The i-th axis."""
        return self[i]

    @absorbing
    def take(self, axes: Iterable[int]) -> Axes:
        """``result[i] = self[axes[i]]``."""
        return Axes(self[a] for a in axes)

    @absorbing
    def through(self, table: Iterable[int]) -> Axes:
        """``result[i] = table[self[i]]``."""
        known = tuple(table)
        return Axes(known[a] for a in self)

    @absorbing
    def disjoint(self, other: Iterable[int]) -> bool:
        """Whether no axis is in both."""
        return not set(self) & set(other)

    @absorbing
    def xor(self, other: Iterable[int]) -> Dims:
        """The axes that are in exactly one of the two, ascending."""
        return Dims(sorted(set(self) ^ set(other)))

    @absorbing
    def lift(self, removed: Iterable[int], rank: int) -> Dims:
        """These axes of a tensor of which ``removed`` were dropped, as axes of the original tensor
        of ``rank``.
        """
        gone = set(removed)
        kept = [i for i in range(rank) if i not in gone]
        return Dims(kept[a] for a in self)

    @absorbing
    def lower(self, removed: Iterable[int]) -> Dims:
        """These axes (none of them in ``removed``) as axes of the tensor without ``removed``."""
        gone = set(removed)
        return Dims(a - sum(g < a for g in gone) for a in self)

    @absorbing
    def join(self, other: Iterable[int]) -> Dims:
        """The union, ascending."""
        return Dims(sorted({*self, *other}))

    @absorbing
    def without(self, other: Iterable[int]) -> Dims:
        """The axes that are not in ``other``."""
        gone = set(other)
        return Dims(a for a in self if a not in gone)

    def empty(self) -> bool:
        """Whether there are no axes."""
        return not self

    def sorted(self) -> Dims:
        """The same axes, ascending."""
        return Dims(sorted(self))

    def ascending(self) -> bool:
        """Whether each axis is larger than the one before."""
        return all(a < b for a, b in pairwise(self))

    @absorbing
    def rest(self, rank: int) -> Dims:
        """All other axes of a tensor of ``rank``, ascending."""
        return Dims(i for i in range(rank) if i not in self)


class Dims(Axes):
    """A set of dimensions whose order does not matter to the op (``reduce``, ``reverse``), or
    matters as stated.
    """

    __slots__ = ()


class Perm(Axes):
    """A permutation: dimension ``i`` of the result of ``transpose(x, p)`` is dimension ``p[i]`` of
    ``x``.
    """

    __slots__ = ()

    @absorbing
    def then(self, other: Iterable[int]) -> Perm:
        """The one transpose that equals this one followed by ``other``."""
        return Perm(self[a] for a in other)

    def inverse(self) -> Perm:
        """The transpose that undoes this one."""
        out = [0] * len(self)
        for i, a in enumerate(self):
            out[a] = i
        return Perm(out)

    def is_identity(self) -> bool:
        """Whether nothing moves."""
        return all(i == a for i, a in enumerate(self))


class Direction(str):
    """A comparison direction; always concrete."""

    __slots__ = ()
    choices: ClassVar[tuple[str, ...]] = ("EQ", "NE", "GE", "GT", "LE", "LT")

    @property
    def negated(self) -> Direction:
        """The direction that holds where this one does not (for totally ordered values)."""
        return Direction(
            {"EQ": "NE", "NE": "EQ", "GE": "LT", "LT": "GE", "GT": "LE", "LE": "GT"}[self]
        )

    @property
    def swapped(self) -> Direction:
        """The direction that holds with the operands exchanged."""
        return Direction({"GE": "LE", "LE": "GE", "GT": "LT", "LT": "GT"}.get(self, self))

    @property
    def reflexive(self) -> bool:
        """Whether equal operands satisfy it."""
        return self in ("EQ", "GE", "LE")
