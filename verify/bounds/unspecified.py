"""The rows of :data:`verify.bounds.leeway.LEEWAYS`: where the results of an op may be anything, or
how far they may lie.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from compiler.dtypes import F32, F64, I1
from compiler.ir import Node
from verify.bounds.core import Context
from verify.bounds.format import FORMATS
from verify.bounds.leeway import leeway
from verify.bounds.schedule import unsure_of_schedule
from verify.bounds.value import Value
from verify.bounds.window import as_reduce


@leeway("integer-division", "divide", "remainder")
def _division(_ctx: Context, node: Node, operands: list[Value]) -> list[Any]:
    """Division by zero, and of the least integer by -1."""
    if not node.type.dtype.is_integer:
        return [False]
    x, y = (v.as_bits() for v in operands)
    overflow = (x == np.iinfo(x.dtype).min) & (y == -1) if x.dtype.kind == "i" else False
    return [(y == 0) | overflow]


@leeway("integer-power", "power")
def _power(_ctx: Context, node: Node, operands: list[Value]) -> list[Any]:
    """A negative exponent of an integer, or a power out of range."""
    if not node.type.dtype.is_integer:
        return [False]
    x, y = (v.as_bits() for v in operands)
    bits = node.type.dtype.bits - (x.dtype.kind == "i")
    size = np.log2(np.maximum(np.abs(x.astype(np.longdouble)), 1))
    return [(y < 0) | (size * y.astype(np.longdouble) >= bits)]


@leeway("float-to-integer", "convert")
def _float_to_integer(ctx: Context, node: Node, operands: list[Value]) -> list[Any]:
    """NaN, and numbers that are out of the integer's range when truncated."""
    x, to = operands[0], node.type.dtype
    if not (x.dtype.precision and to.is_integer):
        return [False]
    whole, least = np.trunc(ctx.center(x)), -(1 << (to.bits - 1)) if to.kind == "int" else 0
    end = ctx.carrier(2) ** (to.bits - (least < 0))
    return [~((whole >= ctx.carrier(least)) & (whole < end))]


@leeway("shift-past-width", "shift_left", "shift_right_arithmetic", "shift_right_logical")
def _shift(_ctx: Context, node: Node, operands: list[Value]) -> list[Any]:
    """Shifts by the number of bits or more, read as unsigned."""
    amount = operands[1].as_bits()
    return [(amount < 0) | (amount >= node.type.dtype.bits)]


@leeway("i1-sum", "add")
def _i1_sum(_ctx: Context, node: Node, operands: list[Value]) -> list[Any]:
    """Where both are true: false if the sum wraps, as that of other integers does."""
    if node.type.dtype is not I1:
        return [False]
    x, y = (v.as_bits() | v.undecided() for v in operands)
    return [x & y]


@leeway("i1-clamp", "clamp")
def _i1_clamp(_ctx: Context, node: Node, operands: list[Value]) -> list[Any]:
    """Where it shows that true is read as -1, so that maximum is "and", and minimum "or"."""
    if node.type.dtype is not I1:
        return [False]
    low, x, high = (v.as_bits() for v in operands)
    return [((low & x) | high) != ((low | x) & high)]


@leeway("reduce-schedule", "reduce", "reduce_window")
def _schedule(ctx: Context, node: Node, operands: list[Value]) -> list[Any]:
    """Where the order of a reduction shows, or how often its init takes part."""
    if node.op == "reduce_window":
        node, operands = as_reduce(ctx, node, operands)
    return unsure_of_schedule(ctx, node, operands)


@leeway("signed-overflow", "multiply", "abs")
def _signed_overflow(_ctx: Context, node: Node, operands: list[Value]) -> list[Any]:
    """Squares and absolute values of signed integers that wrap."""
    x = operands[0].as_bits()
    if x.dtype.kind != "i":
        return [False]
    if node.op == "abs":
        return [x == np.iinfo(x.dtype).min]
    if operands[1] is not operands[0]:
        return [False]
    return [np.abs(x.astype(np.longdouble)) > np.sqrt(np.longdouble(np.iinfo(x.dtype).max))]


@leeway("negative-leading-zeros", "count_leading_zeros")
def _leading_zeros(_ctx: Context, _node: Node, operands: list[Value]) -> list[Any]:
    """The number of leading zeros of a negative integer."""
    return [operands[0].as_bits() < 0]


@leeway("atan2-near-zero", "atan2")
def _atan2(ctx: Context, node: Node, operands: list[Value]) -> list[Any]:
    """The angle of two numbers that are zero or subnormal."""
    normal = FORMATS[node.type.dtype].normal
    y, x = (np.abs(ctx.center(v)) for v in operands)
    return [(x < normal) & (y < normal)]


@leeway("imprecise-gamma", "chlo.lgamma", "chlo.digamma")
def _gamma(ctx: Context, node: Node, operands: list[Value]) -> list[Any]:
    """Above 0, where the function is small but the terms of its sum are not: 64 roundings of
    numbers around 1, in the format that narrow types are computed in. No limit in ulp can say that.
    """
    unit = FORMATS[F64 if node.type.dtype is F64 else F32].u
    return [np.where(ctx.center(operands[0]) > 0, 64 * unit, 0.0)]
