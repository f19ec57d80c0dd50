"""Ops of chlo that broadcast their operands, and then do the plain op."""

from __future__ import annotations

from collections.abc import Sequence

from compiler.expand.emit import Emit, Value
from compiler.expand.table import expansion
from compiler.ir import Node, TensorType
from compiler.ops.chlo import BROADCAST
from compiler.ops.elementwise import BINARY

PLAIN = {f"chlo.broadcast_{op}": op if op in BINARY else f"chlo.{op}" for op in BROADCAST}
PLAIN |= {"chlo.broadcast_compare": "compare", "chlo.broadcast_select": "select"}


def broadcast(emit: Emit, x: Value, shape: tuple[int, ...]) -> Value:
    """``x`` with its dimensions as the last ones of ``shape``; those of size 1 repeat."""
    if x.shape == shape:
        return x
    return emit.op(
        "broadcast_in_dim",
        x,
        types=[TensorType(shape, x.dtype)],
        broadcast_dimensions=tuple(range(len(shape) - len(x.shape), len(shape))),
    )


@expansion(*PLAIN)
def _broadcasting(emit: Emit, node: Node, operands: Sequence[Value]) -> Value:
    """The plain op on broadcast operands."""
    attrs = {k: v for k, v in node.attrs if k != "broadcast_dimensions"}
    return emit.op(
        PLAIN[node.op], *(broadcast(emit, x, node.type.shape) for x in operands), **attrs
    )
