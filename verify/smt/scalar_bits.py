"""Floats as IEEE 754 terms (SMT-LIB FloatingPoint), rounded to nearest even. ``=`` on terms is bit
equality with one NaN.

f16 and bf16 have sorts of their own: computing + - * / sqrt in f32 and rounding once gives the same
(2p + 2 <= 24; Figueroa, *When is double rounding innocuous?*, 1995). Ops without a row here are
uninterpreted functions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
import z3

from compiler.dtypes import BF16, F16, F32, F64, I1, DType
from verify.smt.tensor import Env, Term, Unknown, bits_of

Attrs = Mapping[str, Any]
Row = Callable[..., Term]

_FORMATS = {F16: (5, 11), BF16: (8, 8), F32: (8, 24), F64: (11, 53)}


@cache
def sort(dtype: DType) -> Any:
    """The FloatingPoint sort of a float dtype."""
    return z3.FPSort(*_FORMATS[dtype])


@cache
def _rne() -> Any:
    return z3.RNE()


def literal(value: Any, dtype: DType) -> Term:
    """The numeral of one NumPy scalar."""
    if np.isnan(value):
        return z3.fpNaN(sort(dtype))
    return z3.simplify(z3.fpBVToFP(z3.BitVecVal(bits_of(value, dtype), dtype.bits), sort(dtype)))


def _number(value: float, dtype: DType) -> Term:
    return z3.FPVal(value, sort(dtype))


def maximum(a: Term, b: Term) -> Term:
    """IEEE 754-2019 maximum: NaN wins, -0 < +0."""
    zeros = z3.And(z3.fpIsZero(a), z3.fpIsZero(b))
    larger = z3.If(z3.Or(z3.fpGT(a, b), z3.And(zeros, z3.fpIsPositive(a))), a, b)
    return z3.If(z3.fpIsNaN(a), a, z3.If(z3.fpIsNaN(b), b, larger))


def minimum(a: Term, b: Term) -> Term:
    """IEEE 754-2019 minimum: NaN wins, -0 < +0."""
    zeros = z3.And(z3.fpIsZero(a), z3.fpIsZero(b))
    smaller = z3.If(z3.Or(z3.fpLT(a, b), z3.And(zeros, z3.fpIsNegative(a))), a, b)
    return z3.If(z3.fpIsNaN(a), a, z3.If(z3.fpIsNaN(b), b, smaller))


_ORDER = {
    "EQ": z3.fpEQ,
    "NE": z3.fpNEQ,
    "LT": z3.fpLT,
    "LE": z3.fpLEQ,
    "GT": z3.fpGT,
    "GE": z3.fpGEQ,
}


def _compare(_env: Env, attrs: Attrs, dtype: DType, _out: DType, a: Term, b: Term) -> Term:
    direction = attrs["comparison_direction"]
    if attrs.get("compare_type") == "TOTALORDER":
        return _total_order(dtype, direction, a, b)
    return _ORDER[direction](a, b)


def _total_order(dtype: DType, direction: str, a: Term, b: Term) -> Term:
    """Comparison of the bit patterns as sign and magnitude; a NaN's sign is open, so NaNs give an
    unknown truth value.
    """
    top = z3.BitVecVal(1 << (dtype.bits - 1), dtype.bits)

    def key(x: Term) -> Term:
        raw = z3.fpToIEEEBV(x)
        return z3.If(z3.Extract(dtype.bits - 1, dtype.bits - 1, raw) == 1, ~raw, raw | top)

    if direction in ("EQ", "NE"):
        return a == b if direction == "EQ" else a != b
    left, right = key(a), key(b)
    rows = {"LT": z3.ULT, "LE": z3.ULE, "GT": z3.UGT, "GE": z3.UGE}
    nan = z3.Function(f"totalorder.{dtype}.{direction}", sort(dtype), sort(dtype), z3.BoolSort())(
        a, b
    )
    return z3.If(z3.Or(z3.fpIsNaN(a), z3.fpIsNaN(b)), nan, rows[direction](left, right))


def _sign(_env: Env, _attrs: Attrs, dtype: DType, _out: DType, x: Term) -> Term:
    one = z3.If(z3.fpIsNegative(x), _number(-1, dtype), _number(1, dtype))
    return z3.If(z3.Or(z3.fpIsNaN(x), z3.fpIsZero(x)), x, one)


def _remainder(_env: Env, _attrs: Attrs, dtype: DType, _out: DType, x: Term, y: Term) -> Term:
    """C fmod from IEEE remainder: the sum that repairs the sign is exact."""
    magnitude = z3.fpAbs(y)
    rest = z3.fpRem(z3.fpAbs(x), magnitude)
    rest = z3.If(
        z3.fpLT(rest, _number(0, dtype)), z3.fpAdd(_rne(), rest, magnitude), z3.fpAbs(rest)
    )
    signed = z3.If(z3.fpIsNegative(x), z3.fpNeg(rest), rest)
    return z3.If(z3.And(z3.fpIsInf(y), z3.Not(z3.Or(z3.fpIsInf(x), z3.fpIsNaN(x)))), x, signed)


def _clamp(
    _env: Env, _attrs: Attrs, _dtype: DType, _out: DType, low: Term, x: Term, high: Term
) -> Term:
    return minimum(maximum(x, low), high)


def _convert(env: Env, attrs: Attrs, dtype: DType, out: DType, x: Term) -> Term:
    if dtype is I1:
        return z3.If(x, _number(1, out), _number(0, out))
    if not dtype.is_float:
        to_float = z3.fpSignedToFP if dtype.kind == "int" else z3.fpUnsignedToFP
        return to_float(_rne(), x, sort(out))
    if out.is_float:
        return x if out is dtype else z3.fpFPToFP(_rne(), x, sort(out))
    if out is I1:
        return z3.Not(z3.fpIsZero(x))
    return _to_integer(dtype, out, x)


def _to_integer(dtype: DType, out: DType, x: Term) -> Term:
    """Truncates; saturates; NaN gives 0."""
    signed = out.kind == "int"
    low, high = (
        (-(1 << (out.bits - 1)), (1 << (out.bits - 1)) - 1) if signed else (0, (1 << out.bits) - 1)
    )
    # high + 1 is a power of two: exact in the format or infinity; truncation of anything above low
    # - 1 fits.
    above = z3.fpGEQ(x, _number(float(high + 1), dtype))
    below = z3.fpLEQ(x, _number(float(low), dtype))
    inside = (z3.fpToSBV if signed else z3.fpToUBV)(z3.RTZ(), x, z3.BitVecSort(out.bits))
    value = z3.If(
        above, z3.BitVecVal(high, out.bits), z3.If(below, z3.BitVecVal(low, out.bits), inside)
    )
    return z3.If(z3.fpIsNaN(x), z3.BitVecVal(0, out.bits), value)


def _reduce_precision(_env: Env, attrs: Attrs, dtype: DType, _out: DType, x: Term) -> Term:
    """Rounds the significand to nearest even on the bits, then checks the range of the exponent."""
    exponent, mantissa = attrs["exponent_bits"], attrs["mantissa_bits"]
    own_exponent, own_mantissa = _FORMATS[dtype][0], _FORMATS[dtype][1] - 1
    raw, bits = z3.fpToIEEEBV(x), dtype.bits
    if mantissa < own_mantissa:
        drop = own_mantissa - mantissa
        odd = z3.ZeroExt(bits - 1, z3.Extract(drop, drop, raw))
        raw = (raw + ((1 << (drop - 1)) - 1) + odd) & ~((1 << drop) - 1)
    value = z3.fpBVToFP(raw, sort(dtype))
    if exponent < own_exponent:
        bias = (1 << (exponent - 1)) - 1
        size = z3.fpAbs(value)
        sign = z3.fpIsNegative(value)
        # Exact powers of two; with one exponent bit the bias is 0 and only [2^1-0...) are out of
        # range.
        tiny = z3.fpLT(size, _number(2.0 ** (1 - bias), dtype))
        huge = z3.fpGEQ(size, _number(2.0 ** (bias + 1), dtype))
        zero = z3.If(sign, z3.fpMinusZero(sort(dtype)), z3.fpPlusZero(sort(dtype)))
        infinity = z3.If(sign, z3.fpMinusInfinity(sort(dtype)), z3.fpPlusInfinity(sort(dtype)))
        value = z3.If(tiny, zero, z3.If(huge, infinity, value))
    return z3.If(z3.Or(z3.fpIsNaN(x), z3.fpIsInf(x)), x, value)


def bitcast(env: Env, dtype: DType, out: DType, x: Term) -> Term:
    """The same bits in another dtype of the same width. A NaN's payload is open: its bits are
    uninterpreted.
    """
    if dtype is out:
        return x
    raw = z3.fpToIEEEBV(x) if dtype.is_float else x
    return z3.fpBVToFP(raw, sort(out)) if out.is_float else raw


def _rounded(fn: Callable[..., Term]) -> Row:
    return lambda _env, _attrs, _dtype, _out, *args: fn(_rne(), *args)


def _plain(fn: Callable[..., Term]) -> Row:
    return lambda _env, _attrs, _dtype, _out, *args: fn(*args)


def _integral(mode: Callable[[], Any]) -> Row:
    return lambda _env, _attrs, _dtype, _out, x: z3.fpRoundToIntegral(mode(), x)


# Rows take (env, attributes, argument dtype, result dtype, arguments...).
FLOATS: dict[str, Row] = {
    "abs": _plain(z3.fpAbs),
    "add": _rounded(z3.fpAdd),
    "ceil": _integral(z3.RTP),
    "clamp": _clamp,
    "compare": _compare,
    "convert": _convert,
    "divide": _rounded(z3.fpDiv),
    "floor": _integral(z3.RTN),
    "is_finite": _plain(lambda x: z3.Not(z3.Or(z3.fpIsNaN(x), z3.fpIsInf(x)))),
    "maximum": _plain(maximum),
    "minimum": _plain(minimum),
    "multiply": _rounded(z3.fpMul),
    "negate": _plain(z3.fpNeg),
    "reduce_precision": _reduce_precision,
    "remainder": _remainder,
    "round_nearest_afz": _integral(z3.RNA),
    "round_nearest_even": _integral(z3.RNE),
    "sign": _sign,
    "sqrt": _rounded(z3.fpSqrt),
    "subtract": _rounded(z3.fpSub),
}

__all__ = ["FLOATS", "Unknown", "bitcast", "literal", "maximum", "minimum", "sort"]
