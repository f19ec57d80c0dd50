"""Changes of element type that cancel. All keep every bit."""

from __future__ import annotations

from compiler.dtypes import FLOATS, I1, INTEGERS, DType
from compiler.rules.ops import ceil, compare, const, convert, floor
from compiler.rules.term import Rewrite, Tensor, Type, rule
from compiler.rules.values import Direction, Guard, absorbing, all_, any_, not_, same


@absorbing
def holds(wide: DType, narrow: DType) -> Guard:
    """Whether every value of ``narrow`` is a value of ``wide``, so that the conversion loses
    nothing.
    """
    if wide is narrow or narrow is I1:
        return True
    if narrow.is_float:
        return (
            wide.is_float
            and _exponent_bits(wide) >= _exponent_bits(narrow)
            and wide.precision >= narrow.precision
        )
    digits = narrow.bits - (narrow.kind == "int")
    if wide.is_float:
        return wide.precision >= digits and 2 ** (_exponent_bits(wide) - 1) > digits
    if wide.kind == "int":
        return wide.bits - 1 >= digits
    return narrow.kind == "uint" and wide.bits >= narrow.bits and wide is not I1


def _exponent_bits(dtype: DType) -> int:
    return dtype.bits - dtype.precision


@absorbing
def is_integer(t: DType) -> Guard:
    """Whether ``t`` is a signed or unsigned integer."""
    return t.is_integer


@absorbing
def is_float(t: DType) -> Guard:
    """Whether ``t`` is a float."""
    return t.is_float


@absorbing
def at_least_as_wide(s: DType, t: DType) -> Guard:
    """Whether ``s`` has at least as many bits as ``t``."""
    return s.bits >= t.bits


@rule("convert/identity")
def _(x: Tensor, t: Type) -> Rewrite:
    """convert(x, dtype of x) -> x"""
    return convert(x, t), x, same(t, x.dtype)


@rule("convert/convert-convert")
def _(x: Tensor, s: Type, t: Type) -> Rewrite:
    """convert(convert(x, s), t) -> convert(x, t) where s holds all values of x; floats saturate,
    integers wrap
    """
    alike = any_(
        not_(is_float(s)), not_(is_integer(x.dtype)), not_(is_integer(t)), holds(t, x.dtype)
    )
    return convert(convert(x, s), t), convert(x, t), all_(holds(s, x.dtype), alike)


@rule("convert/integer-wraps", dtypes=INTEGERS)
def _(x: Tensor, s: Type, t: Type) -> Rewrite:
    """convert(convert(x, s), t) -> convert(x, t) for integers where s is no narrower than t"""
    whole = all_(is_integer(s), is_integer(t), at_least_as_wide(s, t))
    return convert(convert(x, s), t), convert(x, t), whole


@rule("convert/i1-to-number-and-back", dtypes=(I1,))
def _(x: Tensor, t: Type) -> Rewrite:
    """convert(x, t) != 0 -> x"""
    return compare("NE", convert(x, t), const(0)), x


@rule("convert/compare-converted")
def _(x: Tensor, y: Tensor, s: Type, d: Direction) -> Rewrite:
    """convert(x, s) < convert(y, s) -> x < y where s holds all values of x and y"""
    wide = all_(same(x.dtype, y.dtype), holds(s, x.dtype))
    return compare(d, convert(x, s), convert(y, s)), compare(d, x, y), wide


@rule("convert/floor-of-integer", dtypes=INTEGERS)
def _(x: Tensor, t: Type) -> Rewrite:
    """floor(convert(x, float)) -> convert(x, float) for integers x"""
    return floor(convert(x, t)), convert(x, t)


@rule("convert/ceil-of-integer", dtypes=INTEGERS)
def _(x: Tensor, t: Type) -> Rewrite:
    """ceil(convert(x, float)) -> convert(x, float) for integers x"""
    return ceil(convert(x, t)), convert(x, t)


@rule("convert/to-i1", dtypes=(*INTEGERS, *FLOATS))
def _(x: Tensor) -> Rewrite:
    """convert(x, i1) -> x != 0"""
    return convert(x, I1), compare("NE", x, const(0))
