"""Lowering of reads and writes at computed places: start indices are loaded and clamped, then it is
index arithmetic as elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING

from compiler.dtypes import I1, I64
from compiler.errors import UnsupportedError
from compiler.ir import Node
from compiler.lower.scope import Index, Scope
from compiler.lower.shape import both
from compiler.lower.table import UPDATES, lowering
from compiler.nest.ir import Scalars, Scatter

if TYPE_CHECKING:
    from compiler.lower.program import Lowerer

FEW = 16  # a vector of elements is selected and stored in the time of one that is scattered


def clamped(at: Scope, v: int, index: Index, most: int) -> int:
    """The integer of value ``v`` at ``index``, clamped to ``[0, most]``, as an i64."""
    if most <= 0:
        return at.i64(0)
    start = at.value(v, index)
    dtype = at.s.dtype(start)
    if dtype.kind == "uint":
        if dtype.bits < 64:
            start = at.convert(start, I64)
            return at.op("smin", start, at.i64(most))
        return at.convert(at.op("umin", start, at.const(most, dtype)), I64)
    start = at.op("smax", at.convert(start, I64), at.i64(0))
    return at.op("smin", start, at.i64(most))


def _starts(
    at: Scope, operands: Sequence[int], shape: Sequence[int], sizes: Sequence[int]
) -> list[int]:
    """Where the slice of ``sizes`` begins: one scalar a dimension."""
    return [
        clamped(at, v, at.index((), ()), n - size)
        for v, n, size in zip(operands, shape, sizes, strict=True)
    ]


@lowering("dynamic_slice")
def dynamic_slice(at: Scope, node: Node, index: Index) -> int:
    """The operand at ``start + index``."""
    x, *starts = node.operands
    shape = at.graph.types[x].shape
    first = _starts(at, starts, shape, node.attr("slice_sizes"))
    dims = [at.add(lo, i) for lo, i in zip(first, index.dims, strict=True)]
    return at.value(x, at.index(shape, dims))


@lowering("dynamic_update_slice")
def dynamic_update_slice(at: Scope, node: Node, index: Index) -> int:
    """The update where ``index`` lies in its place, elsewhere the operand."""
    x, update, *starts = node.operands
    sizes = at.graph.types[update].shape
    if 0 in sizes:
        return at.value(x, index)
    inside, dims = at.const(True, I1), []
    first = _starts(at, starts, index.shape, sizes)
    for i, lo, n, size in zip(index.dims, first, index.shape, sizes, strict=True):
        own = at.add(i, at.scale(lo, -1))
        if size < n:
            held = at.op("iand", at.compare("ge", own, at.i64(0)), at.below(own, size))
            own = at.within(held, own)
            inside = both(at, inside, held)
        dims.append(own)
    element = at.value(update, at.index(sizes, dims))
    if at.s.insts[inside].op == "const":
        return element
    return at.select(inside, element, at.value(x, index))


def _update_in_place(program: Lowerer, node: Node) -> bool:
    """A scatter of the update into a copy of the operand, where it is the much smaller one.

    The copy costs nothing where a loop carries the operand.
    """
    x, update, *starts = node.operands
    at = program.scope()
    sizes, shape = at.graph.types[update].shape, node.type.shape
    if prod(sizes) * FEW > prod(shape):
        return False
    results = program.results()
    program.move([x], results)
    index = at.loops(sizes)
    first = _starts(at, starts, shape, sizes)
    place = at.join([at.add(lo, i) for lo, i in zip(first, index.dims, strict=True)], shape)
    body = at.s.body(place, at.value(update, index))
    new = Scalars()
    combine = new.body(new.emit("arg", dtype=node.type.dtype, imm=1))
    program.append(Scatter(node.op, sizes, body, combine, results))
    return True


UPDATES["dynamic_update_slice"] = _update_in_place


@lowering("gather")
def gather(at: Scope, node: Node, index: Index) -> int:
    """The operand at start index + batching index + offset index."""
    x, starts = node.operands
    shape, indices = at.graph.types[x].shape, at.graph.types[starts].shape
    sizes, vector = node.attr("slice_sizes"), node.attr("index_vector_dim")
    collapsed, batching = node.attr("collapsed_slice_dims"), node.attr("operand_batching_dims")
    if any(sizes[d] == 0 for d in collapsed):
        raise UnsupportedError("unsupported: gather of slices of size 0 in a collapsed dimension")
    offset_dims = node.attr("offset_dims")
    batch = [i for d, i in enumerate(index.dims) if d not in offset_dims]
    offsets = iter([index.dims[d] for d in offset_dims])
    dropped = {*collapsed, *batching}
    dims = [at.i64(0) if d in dropped else next(offsets) for d in range(len(shape))]
    for k, d in enumerate(node.attr("start_index_map")):
        place = list(batch)
        if vector < len(indices):
            place.insert(vector, at.i64(k))
        start = clamped(at, starts, at.index(indices, place), shape[d] - sizes[d])
        dims[d] = at.add(start, dims[d])
    for d, j in zip(batching, node.attr("start_indices_batching_dims"), strict=True):
        dims[d] = batch[j - (j > vector)]
    return at.value(x, at.index(shape, dims))
