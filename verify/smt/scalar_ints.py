"""Integers as bit-vectors and i1 as Bool. Source: StableHLO specification; where it leaves a
choice: division by zero gives all ones, the remainder by zero its dividend, shifts past the width 0
(arithmetic: the sign), powers wrap.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import z3

from compiler.dtypes import I1, DType
from verify.smt.tensor import Term

Attrs = Mapping[str, Any]
Row = Callable[..., Term]


def _val(value: int, dtype: DType) -> Term:
    return z3.BitVecVal(value, dtype.bits)


def _signed(dtype: DType) -> bool:
    return dtype.kind == "int"


def less(a: Term, b: Term, dtype: DType) -> Term:
    """``a < b``, by the dtype's signedness."""
    if dtype is I1:
        return z3.And(z3.Not(a), b)
    return a < b if _signed(dtype) else z3.ULT(a, b)


def compare(a: Term, b: Term, dtype: DType, direction: str) -> Term:
    """One comparison as a Bool."""
    if direction in ("EQ", "NE"):
        return a == b if direction == "EQ" else a != b
    if direction in ("LT", "GE"):
        return less(a, b, dtype) if direction == "LT" else z3.Not(less(a, b, dtype))
    return less(b, a, dtype) if direction == "GT" else z3.Not(less(b, a, dtype))


def _compare(attrs: Attrs, dtype: DType, _out: DType, a: Term, b: Term) -> Term:
    return compare(a, b, dtype, attrs["comparison_direction"])


def _abs(_attrs: Attrs, dtype: DType, _out: DType, x: Term) -> Term:
    return z3.If(x < 0, -x, x)


def _sign(_attrs: Attrs, dtype: DType, _out: DType, x: Term) -> Term:
    return z3.If(x < 0, _val(-1, dtype), z3.If(x == 0, _val(0, dtype), _val(1, dtype)))


def _clz(_attrs: Attrs, dtype: DType, _out: DType, x: Term) -> Term:
    out = _val(dtype.bits, dtype)
    for i in range(dtype.bits):
        out = z3.If(z3.Extract(i, i, x) == 1, _val(dtype.bits - 1 - i, dtype), out)
    return out


def _popcnt(_attrs: Attrs, dtype: DType, _out: DType, x: Term) -> Term:
    out = _val(0, dtype)
    for i in range(dtype.bits):
        out = out + z3.ZeroExt(dtype.bits - 1, z3.Extract(i, i, x))
    return out


def _divide(_attrs: Attrs, dtype: DType, _out: DType, a: Term, b: Term) -> Term:
    if _signed(dtype):
        return z3.If(
            b == 0, _val(-1, dtype), a / b
        )  # SMT-LIB's bvsdiv gives 1 for a negative dividend
    return z3.UDiv(a, b)  # SMT-LIB: all ones for b == 0


def _remainder(_attrs: Attrs, dtype: DType, _out: DType, a: Term, b: Term) -> Term:
    return z3.SRem(a, b) if _signed(dtype) else z3.URem(a, b)  # SMT-LIB: a for b == 0


def _maximum(_attrs: Attrs, dtype: DType, _out: DType, a: Term, b: Term) -> Term:
    return z3.If(less(a, b, dtype), b, a)


def _minimum(_attrs: Attrs, dtype: DType, _out: DType, a: Term, b: Term) -> Term:
    return z3.If(less(b, a, dtype), b, a)


def _clamp(attrs: Attrs, dtype: DType, out: DType, low: Term, x: Term, high: Term) -> Term:
    return _minimum(attrs, dtype, out, _maximum(attrs, dtype, out, x, low), high)


def _power(_attrs: Attrs, dtype: DType, _out: DType, a: Term, b: Term) -> Term:
    out, square = _val(1, dtype), a
    for i in range(dtype.bits):
        out = z3.If(z3.Extract(i, i, b) == 1, out * square, out)
        square = square * square
    if not _signed(dtype):
        return out
    odd = z3.Extract(0, 0, b) == 1
    minus = z3.If(odd, _val(-1, dtype), _val(1, dtype))
    inverse = z3.If(a == 1, _val(1, dtype), z3.If(a == -1, minus, _val(0, dtype)))
    return z3.If(b < 0, inverse, out)


def _convert(_attrs: Attrs, dtype: DType, out: DType, x: Term) -> Term:
    if out is I1:
        return x != 0
    if out.bits <= dtype.bits:
        return x if out.bits == dtype.bits else z3.Extract(out.bits - 1, 0, x)
    extend = z3.SignExt if _signed(dtype) else z3.ZeroExt
    return extend(out.bits - dtype.bits, x)


def _convert_bool(_attrs: Attrs, _dtype: DType, out: DType, x: Term) -> Term:
    return x if out is I1 else z3.If(x, _val(1, out), _val(0, out))


def _binary(fn: Callable[[Term, Term], Term]) -> Row:
    return lambda _attrs, _dtype, _out, a, b: fn(a, b)


def _unary(fn: Callable[[Term], Term]) -> Row:
    return lambda _attrs, _dtype, _out, a: fn(a)


# Rows take (attributes, argument dtype, result dtype, arguments...).
INTEGERS: dict[str, Row] = {
    "abs": _abs,
    "add": _binary(lambda a, b: a + b),
    "and": _binary(lambda a, b: a & b),
    "clamp": _clamp,
    "compare": _compare,
    "convert": _convert,
    "count_leading_zeros": _clz,
    "divide": _divide,
    "maximum": _maximum,
    "minimum": _minimum,
    "multiply": _binary(lambda a, b: a * b),
    "negate": _unary(lambda a: -a),
    "not": _unary(lambda a: ~a),
    "or": _binary(lambda a, b: a | b),
    "popcnt": _popcnt,
    "power": _power,
    "remainder": _remainder,
    "shift_left": _binary(lambda a, b: a << b),
    "shift_right_arithmetic": _binary(lambda a, b: a >> b),
    "shift_right_logical": _binary(lambda a, b: z3.LShR(a, b)),
    "sign": _sign,
    "subtract": _binary(lambda a, b: a - b),
    "xor": _binary(lambda a, b: a ^ b),
}
_OR, _AND = _binary(lambda a, b: z3.Or(a, b)), _binary(lambda a, b: z3.And(a, b))
BOOLEANS: dict[str, Row] = {
    "add": _OR,
    "and": _AND,
    "clamp": lambda _attrs, _dtype, _out, low, x, high: z3.And(z3.Or(x, low), high),
    "compare": _compare,
    "convert": _convert_bool,
    "maximum": _OR,
    "minimum": _AND,
    "multiply": _AND,
    "not": _unary(lambda a: z3.Not(a)),
    "or": _OR,
    "xor": _binary(lambda a, b: z3.Xor(a, b)),
}
