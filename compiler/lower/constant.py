"""Lowering of ops without operands: constant, iota."""

from __future__ import annotations

from compiler.dtypes import I32
from compiler.errors import InternalError
from compiler.ir import Node
from compiler.lower.scope import Index, Scope
from compiler.lower.table import lowering


@lowering("constant")
def constant(at: Scope, node: Node, _index: Index) -> int:
    """The value of a splat. Other constants are buffers and never get here."""
    literal = node.attr("value")
    if not literal.is_splat:
        raise InternalError("lowering: a constant with different elements needs a buffer")
    return at.op("const", dtype=node.type.dtype, imm=literal.data)


@lowering("iota")
def iota(at: Scope, node: Node, index: Index) -> int:
    """The index along one dimension, converted (by way of i32, which vectors convert faster)."""
    dim = node.attr("iota_dimension")
    i = index.dims[dim]
    if node.type.shape[dim] < 1 << 31 and node.type.dtype.bits != 64:
        i = at.convert(i, I32)
    return at.convert(i, node.type.dtype)
