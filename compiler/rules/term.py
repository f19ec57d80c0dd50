"""Rules: declarative rewrites, each one function that is read three ways.

A rule takes variables and returns the terms on its left and right side, and a guard where it needs
one::

    @rule("layout/transpose-transpose")
    def _(x: Tensor, p: Perm, q: Perm) -> Rewrite:
        '''transpose(transpose(x, p), q) -> transpose(x, p then q)'''
        return transpose(transpose(x, p), q), transpose(x, p.then(q))

The docstring states the algebra. Bodies never branch or loop on attribute values:
they use arithmetic, the methods of :mod:`compiler.rules.values` and its guards (``all_ any_ not_
same le lt where``).

**Terms.** ``Term(op, args, attrs)``: ``op`` is the name in the op table, ``attrs`` a tuple of
(name, value) pairs under the table's attribute names, and beside them ``shape`` (of the result of
reshape and broadcast_in_dim), ``dtype`` (of the result of convert), ``body`` (the :class:`Monoid`
that a reduce folds with) and ``rest`` (:class:`Opaque`: result dtype and precision attributes of
dot_general). Leaves are :class:`Tensor` (also Scalar, Pred, Varying; ``op`` is ``"tensor"``) and
:class:`Const` (also PowerOfTwo, Invertible; ``op`` is ``"const"``), told apart by ``isinstance``.

A constant has all elements equal, and no type of its own: it takes shape and dtype from the place
where it stands (from its sibling operand; at the root from the value that is replaced). Its
``value`` is ``True`` or ``False`` (only i1), a number (-1 means all bits set for integers, -0.0 the
identity of add in every dtype), or ``LOWEST``/``HIGHEST`` (infinities for floats, least and
greatest integer, false and true).

**Reader 1, the compiler** matches ``rule.pattern`` (made once, with a Blank for each attribute: one
with a name is a variable to bind, one without was computed and is compared afterwards), then asks
``rule.instantiate(values)``.

**Reader 2, the prover** chooses concrete ranks, permutations and axes and symbolic sizes, and asks
the same::

    n = [z3.Int("n0"), z3.Int("n1")]
    values = {"x": Tensor("x", Shape(n), F32), "p": Perm((1, 0)), "q": Perm((1, 0))}
    lhs, rhs, guard = RULES["layout/transpose-transpose"].instantiate(values)  # guard: bool or Bool

A Unary or Binary variable may be bound to ``Unary("f")``: terms with op ``"f"`` are then
uninterpreted. ``rule.variables`` maps names to kinds, ``rule.dtypes`` bounds the dtype of
``rule.subject``. The claim: where lhs is well-formed and the guard holds, rhs is well-formed, of
the same type, and equal under ``rule.contract``.

**Reader 3, the generator** chooses concrete values of the variables (``verify/gen/sample.py``) and
builds the left side with :func:`compiler.rules.plant.plant`::

    lhs, _, guard = rule.instantiate(values)  # a guard that is not True: a near-miss
    builder = Builder(types)
    value = plant(lhs, builder, {name: k for k, name in enumerate(names)})
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, ClassVar, TypeAlias

import numpy as np

from compiler.contract import EXACT, Contract
from compiler.dtypes import ALL, I1, DType
from compiler.rules.values import Axes, Axis, Blank, Dims, Direction, Guard, Perm, Shape, Vec

AttrPairs: TypeAlias = tuple[tuple[str, Any], ...]


class Term:
    """One op applied to terms.

    Attributes:
        op: name in the op table; ``tensor`` and ``const`` for leaves.
        args: operand terms.
        attrs: (name, value) pairs.
    """

    __slots__ = ("args", "attrs", "op")

    def __init__(self, op: str, args: Sequence[Term] = (), attrs: AttrPairs = ()) -> None:
        self.op = op
        self.args = tuple(args)
        self.attrs = attrs

    def attr(self, name: str) -> Any:
        """The value of an attribute; KeyError if there is none."""
        return dict(self.attrs)[name]

    def walk(self) -> Iterator[Term]:
        """This term and all below it, operands first."""
        for a in self.args:
            yield from a.walk()
        yield self

    def __repr__(self) -> str:
        inner = [*map(repr, self.args), *(f"{k}={v!r}" for k, v in self.attrs)]
        return f"{self.op}({', '.join(inner)})"


class Tensor(Term):
    """A variable: any value. ``value`` is the number of the matched value, if there is one."""

    __slots__ = ("dtype", "name", "shape", "value")

    def __init__(self, name: str, shape: Any, dtype: Any, value: int = -1) -> None:
        super().__init__("tensor")
        self.name = name
        self.shape = shape
        self.dtype = dtype
        self.value = value

    @property
    def rank(self) -> Any:
        """The number of dimensions."""
        return Blank() if type(self.shape) is Blank else len(self.shape)

    def __repr__(self) -> str:
        return self.name


class Scalar(Tensor):
    """A variable: any value of rank 0 (initial value of a reduce, padding value)."""

    __slots__ = ()


class Pred(Tensor):
    """A variable: any i1 value (a select's pred: of rank 0 or of the shape of the branches)."""

    __slots__ = ()


class Varying(Tensor):
    """A variable: any value that is not made by a constant (which keeps a rule from running in
    circles).
    """

    __slots__ = ()


class Extreme(Enum):
    """The ends of a dtype's order: infinities, or least and greatest integer, or false and true."""

    LOWEST = "lowest"
    HIGHEST = "highest"


LOWEST, HIGHEST = Extreme.LOWEST, Extreme.HIGHEST


class Const(Term):
    """A tensor whose elements are all ``value``; as a variable of a rule: any such constant.

    Attributes:
        name: the variable; empty for a constant written in a rule.
        value: a number, an :class:`Extreme`, or (bound) a NumPy scalar of ``dtype``; a prover may
            put a symbol here.
        dtype, shape: of the matched constant; ``None`` for a constant written in a rule.
    """

    __slots__ = ("dtype", "name", "shape", "value")

    def __init__(self, value: Any, name: str = "", shape: Any = None, dtype: Any = None) -> None:
        super().__init__("const")
        self.value = value
        self.name = name
        self.shape = shape
        self.dtype = dtype

    @property
    def rank(self) -> Any:
        """The number of dimensions of the matched constant."""
        return Blank() if type(self.shape) is Blank else len(self.shape)

    def __repr__(self) -> str:
        return self.name or f"const({self.value})"


class PowerOfTwo(Const):
    """A constant 2**exponent: any integer with one bit set, or a normal float whose inverse is
    normal too.

    Bind it with an integer exponent of :meth:`domain`, which is small enough to enumerate.
    """

    __slots__ = ("exponent",)

    def __init__(self, exponent: Any, name: str, shape: Any = None, dtype: Any = None) -> None:
        super().__init__(
            exponent if type(exponent) is Blank else power_of_two(exponent, dtype),
            name,
            shape,
            dtype,
        )
        self.exponent = exponent

    @property
    def inverse(self) -> Any:
        """2**-exponent (floats)."""
        return self.exponent if type(self.exponent) is Blank else 2.0**-self.exponent

    @property
    def mask(self) -> Any:
        """2**exponent - 1 (integers)."""
        return self.exponent if type(self.exponent) is Blank else 2**self.exponent - 1

    @staticmethod
    def domain(dtype: DType) -> range:
        """All exponents."""
        if dtype.is_integer:
            return range(dtype.bits)
        emax = 2 ** (dtype.bits - dtype.precision - 1) - 1
        return range(1 - emax, emax)  # the inverse of 2**emax would be subnormal


class Invertible(Const):
    """A float constant that is normal and whose inverse is normal too (over the reals: any number
    but 0).
    """

    __slots__ = ()

    @staticmethod
    def admits(value: Any, dtype: DType) -> bool:
        """Whether the scalar ``value`` is such a constant."""
        if not dtype.is_float or not np.isfinite(value):
            return False
        emax = 2 ** (dtype.bits - dtype.precision - 1) - 1
        return bool(2.0 ** (1 - emax) <= abs(float(value)) < 2.0 ** (emax - 1))


def power_of_two(exponent: int, dtype: DType) -> Any:
    """2**exponent as a NumPy scalar of ``dtype``; for integers the one with that bit set."""
    return np.frombuffer(
        scalar_bytes(2**exponent if dtype.is_integer else 2.0**exponent, dtype), dtype.numpy
    )[0]


def exponent_of(value: Any, dtype: DType) -> int | None:
    """The exponent of a scalar that is a :class:`PowerOfTwo`, else ``None``."""
    if dtype.is_integer:
        bits = int(value) % 2**dtype.bits
        return bits.bit_length() - 1 if bits.bit_count() == 1 else None
    if not dtype.is_float or not np.isfinite(value):
        return None
    mantissa, exponent = np.frexp(np.float64(value))
    found = int(exponent) - 1
    return found if mantissa == 0.5 and found in PowerOfTwo.domain(dtype) else None


def scalar_bytes(value: Any, dtype: DType) -> bytes:
    """The bits of a constant's ``value`` in ``dtype``; integers wrap."""
    if isinstance(value, Extreme):
        low = value is LOWEST
        if dtype.is_float:
            value = -np.inf if low else np.inf
        elif dtype.kind == "int":
            value = -(2 ** (dtype.bits - 1)) if low else 2 ** (dtype.bits - 1) - 1
        else:
            value = 0 if low else -1
    if dtype.is_integer:
        return (int(value) % (1 << dtype.bits)).to_bytes(dtype.numpy.itemsize, "little")
    array = np.asarray(bool(value) if dtype is I1 else value)
    return bytes(array.astype(dtype.numpy).tobytes())


class Unary:
    """An elementwise op of one operand (``attrs`` holds ``dtype`` too if it is a convert)."""

    __slots__ = ("attrs", "op")

    def __init__(self, op: str, attrs: AttrPairs = ()) -> None:
        self.op = op
        self.attrs = attrs

    def __call__(self, *args: Term) -> Term:
        """The op applied."""
        return Term(self.op, args, self.attrs)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and (self.op, self.attrs) == (other.op, other.attrs)

    def __hash__(self) -> int:
        return hash((self.op, self.attrs))

    def __repr__(self) -> str:
        return self.op


class Binary(Unary):
    """An elementwise op of two operands of one type (also compare)."""

    __slots__ = ()


class Monoid(Unary):
    """An associative, commutative op that a reduce folds with."""

    __slots__ = ()
    choices: ClassVar[tuple[str, ...]] = ("add", "multiply", "maximum", "minimum", "and", "or")
    identities: ClassVar[dict[str, Any]] = {
        "add": -0.0,
        "multiply": 1,
        "maximum": LOWEST,
        "minimum": HIGHEST,
        "and": -1,
        "or": 0,
    }

    @property
    def identity(self) -> Any:
        """The value that changes nothing, for :func:`const`."""
        return Blank() if self.op.startswith("?") else self.identities[self.op]


class Idempotent(Monoid):
    """A Monoid with ``f(a, a) = a``: folding in any order, and any element twice, gives the same
    bits.
    """

    __slots__ = ()
    choices: ClassVar[tuple[str, ...]] = ("maximum", "minimum", "and", "or")


class Type(DType):
    """Kind of a dtype variable; bound to a :class:`DType`."""


class Opaque(tuple[tuple[str, Any], ...]):
    """Kind of a bundle of attributes that a rule only carries over; bound to a tuple of (name,
    value) pairs.
    """


KINDS: tuple[type, ...] = (
    *(
        Tensor,
        Scalar,
        Pred,
        Varying,
        Const,
        PowerOfTwo,
        Invertible,
        Unary,
        Binary,
        Monoid,
        Idempotent,
    ),
    *(Vec, Shape, Axis, Axes, Dims, Perm, Direction, Type, Opaque),
)
Rewrite: TypeAlias = tuple[Term, Term] | tuple[Term, Term, Guard]


@dataclass(frozen=True, eq=False)
class Rule:
    """A declared rewrite.

    Attributes:
        name: ``family/what``.
        fn: the function; call it through :meth:`instantiate`.
        contract: what it may change.
        dtypes: dtypes of the subject for which it holds.
        variables: kind of each variable, in order.
        pattern: the left side with Blanks for attributes.
        source: ``file:line`` of the function.
        doc: the algebra, as one line.
        single_use: match only where the inner ops have no other user (a matter of cost, not of
            truth).
    """

    name: str
    fn: Callable[..., Rewrite]
    contract: Contract
    dtypes: tuple[DType, ...]
    variables: Mapping[str, type]
    pattern: Term
    source: str
    doc: str
    single_use: bool = False

    @property
    def family(self) -> str:
        """The part of the name before the slash."""
        return self.name.partition("/")[0]

    @property
    def subject(self) -> str:
        """The variable whose dtype ``dtypes`` bounds: the first value that is no Pred or Scalar,
        else the first value.
        """
        values = [n for n, k in self.variables.items() if issubclass(k, Tensor | Const)]
        return next(
            (n for n in values if not issubclass(self.variables[n], Pred | Scalar)), values[0]
        )

    def instantiate(self, values: Mapping[str, Any]) -> tuple[Term, Term, Guard]:
        """Left side, right side and guard for the given values of all variables."""
        out = self.fn(**values)
        return out if len(out) == 3 else (*out, True)

    def altered(self, fn: Callable[..., Rewrite]) -> Rule:
        """The same rule with another body of the same variables (what a compiler engineer's slip
        would make of it).
        """
        return replace(self, fn=fn, pattern=_pattern(fn, self.variables))


RULES: dict[str, Rule] = {}


def rule(
    name: str,
    *,
    contract: Contract = EXACT,
    dtypes: Sequence[DType] = ALL,
    single_use: bool = False,
) -> Callable[[Callable[..., Rewrite]], Callable[..., Rewrite]]:
    """Declare the decorated function as a rule; may be stacked (integers exactly, floats under a
    contract).
    """

    def declare(fn: Callable[..., Rewrite]) -> Callable[..., Rewrite]:
        made = make_rule(name, fn, contract=contract, dtypes=dtypes, single_use=single_use)
        assert name not in RULES, f"rule {name} is declared twice"
        RULES[name] = made
        return fn

    return declare


def make_rule(
    name: str,
    fn: Callable[..., Rewrite],
    *,
    contract: Contract = EXACT,
    dtypes: Sequence[DType] = ALL,
    single_use: bool = False,
) -> Rule:
    """The rule that ``fn`` states, without entering it into :data:`RULES`."""
    variables: dict[str, type] = inspect.get_annotations(fn, eval_str=True)
    variables.pop("return", None)
    assert variables, f"rule {name}: has no variables"
    assert all(k in KINDS for k in variables.values()), f"rule {name}: unknown kind of variable"
    assert fn.__doc__, f"rule {name}: needs a docstring that states the algebra"
    doc = " ".join(fn.__doc__.split())
    code = fn.__code__
    source = f"{code.co_filename}:{code.co_firstlineno}"
    pattern = _pattern(fn, variables)
    return Rule(
        name,
        fn,
        contract,
        tuple(dtypes),
        variables,
        pattern,
        source,
        doc,
        single_use,
    )


def _pattern(fn: Callable[..., Rewrite], variables: Mapping[str, type]) -> Term:
    return fn(**{name: blank(name, kind) for name, kind in variables.items()})[0]


def blank(name: str, kind: type) -> Any:
    """The stand-in for a variable in a pattern."""
    if issubclass(kind, Tensor):
        return kind(name, Blank(), Blank())
    if issubclass(kind, Const):
        return kind(Blank(name), name, Blank(), Blank())
    if issubclass(kind, Unary):
        return kind(f"?{name}")
    return Blank(name)
