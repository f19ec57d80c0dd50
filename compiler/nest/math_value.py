"""Expressions that write a :class:`~compiler.nest.ir.Body`: operators append scalar operations.

Every operator means exactly one operation of the nest IR (``a * b + c`` is a multiplication and an
addition; write :func:`fma` for one rounding), so what is written here is what the machine executes.
Python numbers are lifted to the dtype of the other operand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from compiler.dtypes import F32, F64, I1, I32, I64, UI32, UI64, DType
from compiler.nest.ir import Body, Scalars

_BITS = {F32: UI32, F64: UI64}
_FLOAT = {UI32: F32, UI64: F64, I32: F32, I64: F64}


class Value:
    """One scalar of a body under construction."""

    __slots__ = ("at", "code", "dtype")

    def __init__(self, code: Scalars, at: int) -> None:
        self.code, self.at, self.dtype = code, at, code.dtype(at)

    def emit(self, op: str, *others: Value | float, dtype: DType | None = None) -> Value:
        """``op`` of this value and ``others``; the result has this value's dtype unless told."""
        args = [self.lift(v).at for v in others]
        return Value(self.code, self.code.emit(op, self.at, *args, dtype=dtype or self.dtype))

    def lift(self, other: Value | float, dtype: DType | None = None) -> Value:
        """``other`` as a value: numbers become constants of this value's dtype (or ``dtype``)."""
        if isinstance(other, Value):
            return other
        return Value(self.code, self.code.const(other, dtype or self.dtype))

    def _arith(self, name: str, other: Value | float) -> Value:
        return self.emit(("f" if self.dtype.is_float else "i") + name, other)

    def __add__(self, other: Value | float) -> Value:
        return self._arith("add", other)

    def __radd__(self, other: float) -> Value:
        return self.lift(other) + self

    def __sub__(self, other: Value | float) -> Value:
        return self._arith("sub", other)

    def __rsub__(self, other: float) -> Value:
        return self.lift(other) - self

    def __mul__(self, other: Value | float) -> Value:
        return self._arith("mul", other)

    def __rmul__(self, other: float) -> Value:
        return self.lift(other) * self

    def __truediv__(self, other: Value | float) -> Value:
        return self.emit("fdiv", other)

    def __rtruediv__(self, other: float) -> Value:
        return self.lift(other) / self

    def __neg__(self) -> Value:
        return self.emit("fneg")

    def __abs__(self) -> Value:
        return self.emit("fabs")

    def __and__(self, other: Value | int) -> Value:
        return self.emit("iand", other)

    def __or__(self, other: Value | int) -> Value:
        return self.emit("ior", other)

    def __xor__(self, other: Value | int) -> Value:
        return self.emit("ixor", other)

    def __invert__(self) -> Value:
        return self.emit("ixor", self.lift(True))

    def __lshift__(self, other: Value | int) -> Value:
        return self.emit("shl", other)

    def __rshift__(self, other: Value | int) -> Value:
        return self.emit("lshr", other)

    def _compare(self, how: str, other: Value | float) -> Value:
        args = self.at, self.lift(other).at
        return Value(self.code, self.code.emit("cmp", *args, dtype=I1, imm=how))

    def __lt__(self, other: Value | float) -> Value:
        return self._compare("lt", other)

    def __le__(self, other: Value | float) -> Value:
        return self._compare("le", other)

    def __gt__(self, other: Value | float) -> Value:
        return self._compare("gt", other)

    def __ge__(self, other: Value | float) -> Value:
        return self._compare("ge", other)

    def eq(self, other: Value | float) -> Value:
        """Equal (of floats: ordered)."""
        return self._compare("eq", other)

    def ne(self, other: Value | float) -> Value:
        """Not equal; true where an operand is NaN."""
        return self._compare("ne", other)

    def is_nan(self) -> Value:
        """Whether this is NaN."""
        return self.ne(self)

    def bits(self) -> Value:
        """The float's bits as an unsigned integer."""
        return self.emit("bitcast", dtype=_BITS[self.dtype])

    def as_float(self) -> Value:
        """The integer's bits as a float."""
        return self.emit("bitcast", dtype=_FLOAT[self.dtype])

    def to(self, dtype: DType) -> Value:
        """Converted to ``dtype``; itself if it has it."""
        return self if dtype is self.dtype else self.emit("convert", dtype=dtype)

    def rint(self) -> Value:
        """The nearest integer, ties to even."""
        return self.emit("rint")

    def sign_of(self, other: Value) -> Value:
        """This magnitude with the sign of ``other``."""
        return self.emit("copysign", other)


def fma(a: Value, b: Value | float, c: Value | float) -> Value:
    """``a * b + c`` with one rounding."""
    return a.emit("fma", b, c)


def sqrt(a: Value) -> Value:
    """The square root."""
    return a.emit("fsqrt")


def select(pred: Value, a: Value | float, b: Value | float) -> Value:
    """``a`` where ``pred`` holds, else ``b``; one of the two must be a value."""
    if isinstance(a, Value):
        b = a.lift(b)
    elif isinstance(b, Value):
        a = b.lift(a)
    else:
        raise TypeError("select between two numbers: their dtype is not known")
    return pred.emit("select", a, b, dtype=a.dtype)


def poly(x: Value, coefficients: Sequence[float]) -> Value:
    """``c[0] + c[1] x + c[2] x**2 ...`` by Horner's rule with fma; two coefficients or more."""
    *rest, last = coefficients
    total = fma(x, last, rest.pop())
    for c in reversed(rest):
        total = fma(total, x, c)
    return total


def two_sum(a: Value, b: Value) -> tuple[Value, Value]:
    """Rounded sum and its exact error (Knuth)."""
    s = a + b
    t = s - a
    return s, (a - (s - t)) + (b - t)


def fast_two_sum(a: Value, b: Value | float) -> tuple[Value, Value]:
    """Rounded sum and its exact error where ``|a| >= |b|`` or a is 0 (Dekker)."""
    s = a + b
    return s, a.lift(b) - (s - a)


def two_product(a: Value, b: Value | float) -> tuple[Value, Value]:
    """Rounded product and its error, exact unless it underflows."""
    p = a * b
    return p, fma(a, b, -p)


def function(of: Callable[..., Value], dtype: DType, arity: int = 1) -> Body:
    """The body that computes ``of`` on ``arity`` arguments of ``dtype``."""
    code = Scalars()
    args = [Value(code, code.emit("arg", dtype=dtype, imm=k)) for k in range(arity)]
    return code.body(of(*args).at)


def through_f64(of: Callable[..., Value]) -> Callable[..., Any]:
    """The f32 function that computes ``of`` in f64 and rounds once at the end."""

    def rounded(*args: Value) -> Value:
        return of(*(a.to(F64) for a in args)).to(F32)

    return rounded
