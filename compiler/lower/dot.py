"""Lowering of dot_general to the contraction nest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compiler.dtypes import working
from compiler.ir import Node
from compiler.lower.table import lowering
from compiler.nest.ir import Dot

if TYPE_CHECKING:
    from compiler.lower.program import Lowerer


def strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Element strides of the row-major layout."""
    out, step = [], 1
    for n in reversed(shape):
        out.append(step)
        step *= n
    return tuple(reversed(out))


@lowering("dot_general")
def dot_general(program: Lowerer, node: Node) -> None:
    """Batch, free and contracted dimensions by size and stride; small floats accumulate in f32."""
    lhs, rhs = node.operands
    left, right = program.graph.types[lhs], program.graph.types[rhs]
    lb, rb = node.attr("lhs_batching_dimensions"), node.attr("rhs_batching_dimensions")
    lc, rc = node.attr("lhs_contracting_dimensions"), node.attr("rhs_contracting_dimensions")
    lf = [d for d in range(left.rank) if d not in (*lb, *lc)]
    rf = [d for d in range(right.rank) if d not in (*rb, *rc)]
    lhs_buffer, lhs_strides = program.operand(lhs, strides(left.shape))
    rhs_buffer, rhs_strides = program.operand(rhs, strides(right.shape))
    dtype = node.type.dtype
    program.append(
        Dot(
            name="dot_general",
            batch=tuple(left.shape[d] for d in lb),
            m=tuple(left.shape[d] for d in lf),
            n=tuple(right.shape[d] for d in rf),
            k=tuple(left.shape[d] for d in lc),
            lhs=lhs_buffer,
            rhs=rhs_buffer,
            lhs_strides=tuple(lhs_strides[d] for d in (*lb, *lf, *lc)),
            rhs_strides=tuple(rhs_strides[d] for d in (*rb, *rf, *rc)),
            out=program.results()[0],
            acc=working(dtype),
        )
    )
