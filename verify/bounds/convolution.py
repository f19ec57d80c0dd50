"""convolution: windows are moved elements, and have the bounds of a dot_general.

Source: StableHLO specification, *convolution*, which is a *dot_general* of each window.
"""

from __future__ import annotations

import numpy as np

from compiler.ir import Node
from verify.bounds.core import Context, define
from verify.bounds.shape import move_values
from verify.bounds.value import Value
from verify.ref.convolution import form


@define("convolution")
def _convolution(ctx: Context, node: Node, operands: list[Value]) -> Value:
    """Sums of products in any order, padding among them."""
    lhs, rhs = operands
    f = form(node, rhs.shape)
    zero = Value(lhs.dtype, np.zeros((), lhs.dtype.numpy))
    left = move_values(ctx, lhs.dtype, [lhs, zero], lambda parts: f.left(*parts))
    right = move_values(ctx, rhs.dtype, [rhs], lambda parts: f.right(parts[0]))
    made = ctx.step(f.contraction(node, left.shape, right.shape), [left, right])
    assert isinstance(made, Value)
    return move_values(ctx, node.type.dtype, [made], lambda parts: f.result(parts[0]))
