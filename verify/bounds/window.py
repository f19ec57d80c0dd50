"""reduce_window: windows are moved elements, and have the bounds of a reduce.

Source: StableHLO specification, *reduce_window*, which is a *reduce* of each window.
"""

from __future__ import annotations

from compiler.ir import Node
from verify.bounds.core import Context, Outputs, define
from verify.bounds.shape import move_values
from verify.bounds.value import Value
from verify.ref.window import lines


def as_reduce(ctx: Context, node: Node, operands: list[Value]) -> tuple[Node, list[Value]]:
    """The reduce of the last dimension that a reduce_window is, windows made lines."""
    count = len(node.types)
    inputs, rest = operands[:count], operands[count:]
    made = [
        move_values(ctx, x.dtype, [x, init], lambda parts: lines(node, *parts))
        for x, init in zip(inputs, rest[:count], strict=True)
    ]
    reduction = node._replace(op="reduce", attrs=(("dimensions", (len(node.type.shape),)),))
    return reduction, [*made, *rest]


@define("reduce_window")
def _reduce_window(ctx: Context, node: Node, operands: list[Value]) -> Outputs:
    """The padding holds the init value, and takes part."""
    return ctx.step(*as_reduce(ctx, node, operands))
