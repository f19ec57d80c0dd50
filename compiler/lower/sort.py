"""Lowering of sort: one nest, whose algorithm is canonical."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.ir import Node, TensorType
from compiler.lower.reduce import combine
from compiler.lower.table import lowering
from compiler.nest.ir import Sort

if TYPE_CHECKING:
    from compiler.lower.program import Lowerer


@lowering("sort")
def sort(program: Lowerer, node: Node) -> None:
    """Stable, whether that is asked for or not."""
    shape = node.type.shape
    dim = node.attr("dimension") % len(shape)
    at = program.scope()
    index = at.loops(shape)
    body = at.s.body(*(at.value(v, index) for v in node.operands))
    outs = program.results()
    # One element more than a line: a run that has ended is read at its end.
    rooms = (TensorType((shape[dim] + 1,), t.dtype) for t in node.types for _ in range(2))
    scratch = tuple(map(program.temporary, rooms))
    less = combine(program, node, node.regions[0])
    program.append(Sort(node.op, shape, dim, body, less, outs, scratch))
