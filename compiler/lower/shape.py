"""Lowering of ops that move elements: index arithmetic only."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from compiler.dtypes import I1
from compiler.ir import Node
from compiler.lower.scope import Index, Scope
from compiler.lower.table import lowering


@lowering("broadcast_in_dim")
def broadcast_in_dim(at: Scope, node: Node, index: Index) -> int:
    """Operand dimension i is result dimension ``broadcast_dimensions[i]``; size 1 repeats."""
    shape = at.graph.types[node.operands[0]].shape
    dims = node.attr("broadcast_dimensions")
    picked = [at.i64(0) if n == 1 else index.dims[d] for n, d in zip(shape, dims, strict=True)]
    return at.value(node.operands[0], at.index(shape, picked))


@lowering("reshape")
def reshape(at: Scope, node: Node, index: Index) -> int:
    """The element at the same row-major offset."""
    return at.value(node.operands[0], index.reshaped(at.graph.types[node.operands[0]].shape))


@lowering("transpose")
def transpose(at: Scope, node: Node, index: Index) -> int:
    """Result dimension i is operand dimension ``permutation[i]``."""
    perm = node.attr("permutation")
    dims = [0] * len(perm)
    for i, p in enumerate(perm):
        dims[p] = index.dims[i]
    return at.value(node.operands[0], at.index(at.graph.types[node.operands[0]].shape, dims))


@lowering("slice")
def slice_(at: Scope, node: Node, index: Index) -> int:
    """``start + index * stride``."""
    starts, strides = node.attr("start_indices"), node.attr("strides")
    dims = [
        at.shift(at.scale(i, step), lo)
        for i, lo, step in zip(index.dims, starts, strides, strict=True)
    ]
    return at.value(node.operands[0], at.index(at.graph.types[node.operands[0]].shape, dims))


@lowering("reverse")
def reverse(at: Scope, node: Node, index: Index) -> int:
    """``n - 1 - index`` along the reversed dimensions."""
    turned = node.attr("dimensions")
    dims = [
        at.shift(at.scale(i, -1), n - 1) if k in turned else i
        for k, (i, n) in enumerate(zip(index.dims, index.shape, strict=True))
    ]
    return at.value(node.operands[0], at.index(index.shape, dims))


@lowering("pad")
def pad(at: Scope, node: Node, index: Index) -> int:
    """The operand where ``index`` falls on one of its elements, else the padding value."""
    x, value = node.operands
    low, interior = node.attr("edge_padding_low"), node.attr("interior_padding")
    shape = at.graph.types[x].shape
    return padded(at, lambda i: at.value(x, i), shape, index, low, interior, at.scalar(value))


def padded(
    at: Scope,
    element: Callable[[Index], int],
    shape: tuple[int, ...],
    index: Index,
    low: Sequence[int],
    interior: Sequence[int],
    filler: int,
) -> int:
    """``element`` (of ``shape``) where ``index`` falls on one, else ``filler``."""
    if 0 in shape:
        return filler
    inside, dims = at.const(True, I1), []
    for i, n, out, lo, mid in zip(index.dims, shape, index.shape, low, interior, strict=True):
        pred, dim = _source(at, i, n, out, lo, mid + 1)
        inside = both(at, inside, pred)
        dims.append(dim)
    if at.s.insts[inside].op == "const":
        return element(at.index(shape, dims))
    return at.select(inside, element(at.index(shape, dims)), filler)


def _source(at: Scope, i: int, n: int, out: int, low: int, step: int) -> tuple[int, int]:
    """Whether result index ``i`` of ``out`` falls on an operand element, and on which of ``n``."""
    pred = at.const(True, I1)
    from_start = at.shift(i, -low)
    if low > 0:
        pred = at.compare("ge", from_start, at.i64(0))
    if out > low + (n - 1) * step + 1:
        pred = both(at, pred, at.below(from_start, (n - 1) * step + 1))
    if step > 1:
        pred = both(at, pred, at.compare("eq", at.modulo(from_start, step), at.i64(0)))
    clamped = from_start if at.s.insts[pred].op == "const" else at.within(pred, from_start)
    return pred, at.quotient(clamped, step)


def both(at: Scope, a: int, b: int) -> int:
    """``a and b``, where a constant is true."""
    if at.s.insts[a].op == "const":
        return b
    return a if at.s.insts[b].op == "const" else at.op("iand", a, b)


@lowering("concatenate")
def concatenate(at: Scope, node: Node, index: Index) -> int:
    """The operand that holds the index along ``dimension``."""
    dim = node.attr("dimension")
    i = index.dims[dim]
    parts, start = [], 0
    for v in node.operands:
        n = at.graph.types[v].shape[dim]
        if n:
            parts.append((v, start, n))
        start += n
    result: int | None = None
    for v, first, n in reversed(parts):
        inside = at.below(i, first + n) if result is not None else at.const(True, I1)
        if first:
            above = at.compare("ge", i, at.i64(first))
            held = both(at, inside, above)
        else:
            held = inside
        own = at.shift(i, -first)
        if at.s.insts[held].op != "const":
            own = at.within(held, own)
        dims = (*index.dims[:dim], own, *index.dims[dim + 1 :])
        element = at.value(v, at.index(at.graph.types[v].shape, dims))
        result = element if result is None else at.select(inside, element, result)
    return at.const(0, node.type.dtype) if result is None else result
