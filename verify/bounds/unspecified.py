"""Rows of :data:`verify.bounds.leeway.LEEWAYS` that the specification leaves open: where the
results of an op may be anything, or how far they may lie.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from compiler.dtypes import F32
from compiler.ir import Node
from verify.bounds.core import Context
from verify.bounds.format import FORMATS
from verify.bounds.leeway import leeway
from verify.bounds.schedule import unsure_of_schedule
from verify.bounds.value import Value
from verify.bounds.window import as_reduce
from verify.ref.convert import convert_array
from verify.ref.dot import accumulator


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


@leeway("rounds-twice", "convert")
def _rounds_twice(ctx: Context, node: Node, operands: list[Value]) -> list[Any]:
    """By how much the result changes where a number is rounded to f32 on its way to a narrower
    float.
    """
    x, to = operands[0], node.type.dtype
    if not to.precision or to.precision >= FORMATS[F32].precision or x.dtype.bits < 32:
        return [False]
    bits, center = x.as_bits(), ctx.center(x)
    once = ctx.center(Value(to, convert_array(bits, to)))
    twice = ctx.center(Value(to, convert_array(bits.astype(np.float32), to)))
    gap = np.where((once == twice) | np.isnan(once), 0.0, np.abs(once - twice))
    if not x.dtype.precision:
        return [gap]
    inexact = np.abs(center) * FORMATS[F32].u + FORMATS[F32].eta
    return [np.where(x.exact() | ~np.isfinite(center), gap, inexact)]


@leeway("mixed-product", "dot_general")
def _mixed(_ctx: Context, node: Node, operands: list[Value]) -> list[Any]:
    """Products of two element types, unless both are floats that the sum's type holds."""
    types = {x.dtype for x in operands}
    held = all(t.is_float and t.bits <= accumulator(node.type.dtype).bits for t in types)
    return [len(types) > 1 and not held]


@leeway("shift-past-width", "shift_left", "shift_right_arithmetic", "shift_right_logical")
def _shift(_ctx: Context, node: Node, operands: list[Value]) -> list[Any]:
    """Shifts by the number of bits or more, read as unsigned."""
    amount = operands[1].as_bits()
    return [(amount < 0) | (amount >= node.type.dtype.bits)]


@leeway("reduce-schedule", "reduce", "reduce_window")
def _schedule(ctx: Context, node: Node, operands: list[Value]) -> list[Any]:
    """Where the order of a reduction shows, or how often its init takes part."""
    if node.op == "reduce_window":
        node, operands = as_reduce(ctx, node, operands)
    return unsure_of_schedule(ctx, node, operands)


@leeway("indefinite-cholesky", "cholesky")
def _indefinite(ctx: Context, node: Node, operands: list[Value]) -> list[Any]:
    """Matrices that are not surely positive definite."""
    made = ctx.step(node, operands)
    assert isinstance(made, Value)
    lost = np.isnan(ctx.center(made)) | made.undecided()
    own = np.tril(lost) if node.attr("lower") else np.triu(lost)
    return [own.any(axis=(-2, -1), keepdims=True)]
