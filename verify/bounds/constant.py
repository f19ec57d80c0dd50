"""constant and iota: exact. Source: StableHLO specification, *constant* and *iota*."""

from __future__ import annotations

from compiler.ir import Node
from verify.bounds.core import Context, define
from verify.bounds.value import Value


@define("constant", "iota", determined=True)
def _fixed(ctx: Context, node: Node, operands: list[Value]) -> Value:
    """The bits that the specification fixes: error 0."""
    return Value(node.type.dtype, ctx.reference(node, operands))
