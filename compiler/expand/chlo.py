"""Ops of chlo that are a few elementwise ops.

The numerical functions have lowerings; the files ``chlo_*`` hold the ops that are not elementwise.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from compiler.dtypes import BY_NAME, DType
from compiler.expand.emit import Emit, Value
from compiler.expand.table import expansion
from compiler.ir import Node


@expansion("chlo.square")
def _square(_emit: Emit, _node: Node, operands: Sequence[Value]) -> Value:
    """``x * x``."""
    (x,) = operands
    return x * x


@expansion("chlo.tan")
def _tan(emit: Emit, _node: Node, operands: Sequence[Value]) -> Value:
    """The same function in the other dialect."""
    return emit.op("tan", *operands)


@expansion("chlo.is_inf", "chlo.is_pos_inf", "chlo.is_neg_inf")
def _is_inf(_emit: Emit, node: Node, operands: Sequence[Value]) -> Value:
    """Whether infinite, or infinite with that sign."""
    (x,) = operands
    if node.op == "chlo.is_inf":
        return abs(x).eq(np.inf)
    return x.eq(np.inf if node.op == "chlo.is_pos_inf" else -np.inf)


def _unsigned(dtype: DType) -> DType:
    return BY_NAME[f"ui{dtype.bits}"]


@expansion("chlo.next_after")
def _next_after(emit: Emit, _node: Node, operands: Sequence[Value]) -> Value:
    """The neighbour of x on the way to y: a step of 1 in the bits of the magnitude.

    From zero it is the smallest number with the sign of y; where x equals y, y; of a NaN, NaN.
    """
    x, y = operands
    bits = _unsigned(x.dtype)
    sign = 1 << (bits.bits - 1)
    from_bits, to_bits = x.bitcast(bits), y.bitcast(bits)
    zero = (from_bits & (sign - 1)).eq(0)
    outward = (y > x) ^ (from_bits >= sign)
    step = emit.select(outward, from_bits + 1, from_bits - 1)
    out = emit.select(zero, (to_bits & sign) | 1, step)
    out = emit.select(x.eq(y), to_bits, out).bitcast(x.dtype)
    return emit.select(x.ne(x) | y.ne(y), np.nan, out)


@expansion("chlo.mulhi")
def _mulhi(emit: Emit, _node: Node, operands: Sequence[Value]) -> Value:
    """The upper half of the exact product; where there is one, in a type of twice the width."""
    a, b = operands
    dtype = a.dtype
    if dtype.bits < 64:
        wide = BY_NAME[f"{'i' if dtype.kind == 'int' else 'ui'}{2 * dtype.bits}"]
        product = a.convert(wide) * b.convert(wide)
        return emit.op(
            "shift_right_logical", product, emit.splat(product.type, dtype.bits)
        ).convert(dtype)
    return _mulhi_64(emit, a, b)


def _mulhi_64(emit: Emit, a: Value, b: Value) -> Value:
    """Products of halves (Warren, Hacker's Delight, 8-2), corrected for negative factors."""

    def high(x: Value) -> Value:
        return emit.op("shift_right_logical", x, emit.splat(x.type, 32))

    bits = _unsigned(a.dtype)
    x, y = a.convert(bits), b.convert(bits)
    low = 0xFFFFFFFF
    x0, x1, y0, y1 = x & low, high(x), y & low, high(y)
    middle = x1 * y0 + high(x0 * y0)
    out = x1 * y1 + high(middle) + high((middle & low) + x0 * y1)
    if a.dtype.kind == "int":
        out = out - emit.select(a < 0, y, 0) - emit.select(b < 0, x, 0)
    return out.convert(a.dtype)
