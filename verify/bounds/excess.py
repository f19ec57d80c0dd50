"""Excess precision: inside a fused group values of a narrow type may stay unrounded, in f32."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from compiler.ir import Array, Node
from verify.bounds.format import FORMATS
from verify.bounds.value import Value

if TYPE_CHECKING:
    from verify.bounds.core import Context

# The ops that round, although their operands are exact. A result with an error may be any real
# number within it, so it may be an unrounded one as well.
ROUNDING = frozenset(
    ["add", "convert", "divide", "dot_general", "multiply", "reduce", "sqrt", "subtract"]
)


def unrounded(
    ctx: Context, node: Node, operands: list[Value], out: Value | list[Value]
) -> Value | list[Value]:
    """``out`` with the error of the rounding that each exact element of a narrow type may lack: u
    abs(z) + eta / 2, as of one rounding (Higham, *Accuracy and Stability of Numerical Algorithms*,
    2nd ed., theorem 2.2); undecided where finite operands overflowed.

    Elements that certainly needed no rounding keep their bits.
    """
    if node.op not in ROUNDING or node.types[0].dtype.name not in ctx.excess:
        return out
    if isinstance(out, list):
        return [_loosened(ctx, x, np.zeros(x.shape, bool)) for x in out]
    return _loosened(ctx, out, _whole(ctx, node.op, operands, ctx.center(out)))


def _loosened(ctx: Context, x: Value, whole: Array) -> Value:
    z, f = ctx.center(x), FORMATS[x.dtype]
    e = np.zeros(z.shape, ctx.carrier) if x.error is None else x.error
    grown = np.where(np.isfinite(z), np.abs(z) * (f.u + 8 * ctx.eps) + f.half, np.inf)
    keep = (e != 0) | whole | np.isnan(z)
    return x if keep.all() else Value(x.dtype, x.bits, z, np.where(keep, e, grown), x.hull, x.ring)


def _whole(ctx: Context, op: str, operands: list[Value], z: Array) -> Array:
    """Where ``z`` is the exact result: an infinity of an infinity, or a number that gives the
    operand back. The carrier has room for products of two narrow numbers.
    """
    x = ctx.center(operands[0])
    y = ctx.center(operands[-1])
    if op == "convert":
        return np.asarray(x == z)
    if op == "dot_general":
        return np.zeros(z.shape, bool)
    endless = np.isinf(z) & (np.isinf(x) | np.isinf(y))
    if op == "multiply":
        same = z == x * y
    elif op == "divide":
        same, endless = z * y == x, endless | (y == 0)
    elif op == "sqrt":
        same = z * z == x
    else:
        other = y if op == "subtract" else -y
        same = (z + other == x) & (z - x == -other)
    return np.asarray(endless | (same & np.isfinite(z)))
