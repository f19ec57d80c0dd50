"""Cholesky decomposition and triangular solving: a loop over columns, or over unknowns.

Each step is a product with all that has been computed; what has not is zero. Matrices of a batch go
through the loop together, 16-bit floats in f32.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

from compiler.dtypes import F32, I64
from compiler.expand.emit import Emit, Value
from compiler.expand.table import expansion
from compiler.ir import Node, TensorType

INDEX = TensorType((), I64)
Place = int | Value  # of a slice in one dimension


def _batch(x: Value) -> Value:
    """With one dimension for the batch, and in the type that is computed in."""
    x = x.convert(F32) if x.dtype.bits == 16 else x
    shape = (prod(x.shape[:-2]), *x.shape[-2:])
    return x.emit.op("reshape", x, types=[TensorType(shape, x.dtype)])


def _finished(x: Value, t: TensorType) -> Value:
    """In the shape and type of the result."""
    return x.emit.op("reshape", x, types=[TensorType(t.shape, x.dtype)]).convert(t.dtype)


def _transposed(x: Value) -> Value:
    return x.emit.op("transpose", x, permutation=(0, 2, 1))


def _reversed(x: Value, *dims: int) -> Value:
    return x.emit.op("reverse", x, dimensions=dims)


def _places(x: Value, at: Sequence[Place]) -> list[Value]:
    return [p if isinstance(p, Value) else x.emit.splat(INDEX, p) for p in at]


def _cut(x: Value, at: Sequence[Place], sizes: tuple[int, ...]) -> Value:
    return x.emit.op("dynamic_slice", x, *_places(x, at), slice_sizes=sizes)


def _put(x: Value, new: Value, at: Sequence[Place]) -> Value:
    return x.emit.op("dynamic_update_slice", x, new, *_places(x, at))


def _spread(x: Value, shape: tuple[int, ...], *dims: int) -> Value:
    t = TensorType(shape, x.dtype)
    return x.emit.op("broadcast_in_dim", x, types=[t], broadcast_dimensions=dims)


def _dot(a: Value, b: Value, contracted: tuple[int, int], t: TensorType) -> Value:
    return a.emit.op(
        "dot_general",
        a,
        b,
        types=[t],
        lhs_batching_dimensions=(0,),
        rhs_batching_dimensions=(0,),
        lhs_contracting_dimensions=contracted[:1],
        rhs_contracting_dimensions=contracted[1:],
    )


def _loop(
    emit: Emit,
    count: int,
    start: Value,
    captured: Sequence[Value],
    step: Callable[..., Value],
) -> Value:
    """``x = step(emit, k, x, *captured)`` for k = 0, 1, ... ``count`` - 1."""

    def unfinished(_at: Emit, k: Value, *_rest: Value) -> Value:
        return k < count

    def turn(at: Emit, k: Value, x: Value, *rest: Value) -> list[Value]:
        return [k + 1, step(at, k, x, *rest)]

    carried = [emit.splat(INDEX, 0), start]
    params = [x.type for x in (*carried, *captured)]
    regions = [emit.region(params, unfinished), emit.region(params, turn)]
    captures = [x.id for x in captured]
    return emit.ops("while", *carried, regions=regions, captures=captures)[1]


@expansion("cholesky")
def _cholesky(emit: Emit, node: Node, operands: Sequence[Value]) -> Value:
    """Column k is ``(a[:, k] - l @ l[k, :]) / l[k, k]``; the other triangle is zero."""
    if not node.type.size:
        return emit.splat(node.type, 0)
    a = _batch(operands[0])
    if not node.attr("lower"):
        a = _transposed(a)
    many, n, _ = a.shape
    column, row = TensorType((many, n, 1), a.dtype), (many, 1, n)

    def step(at: Emit, k: Value, x: Value, a: Value) -> Value:
        known = _dot(x, _cut(x, (0, k, 0), row), (2, 2), column)
        rest = _cut(a, (0, 0, k), column.shape) - known
        root = at.op("sqrt", _cut(rest, (0, k, 0), (many, 1, 1)))
        root = _spread(root, column.shape, 0, 1, 2)
        place = at.op("iota", types=[TensorType(column.shape, I64)], iota_dimension=1)
        here = _spread(k, column.shape)
        below = at.select(place > here, rest / root, 0)
        return _put(x, at.select(place.eq(here), root, below), (0, 0, k))

    made = _loop(emit, n, emit.splat(a.type, 0), [a], step)
    return _finished(made if node.attr("lower") else _transposed(made), node.type)


@expansion("triangular_solve")
def _triangular_solve(emit: Emit, node: Node, operands: Sequence[Value]) -> Value:
    """Brought to the form of a lower triangle on the left, then by forward substitution."""
    if not node.type.size:
        return emit.splat(node.type, 0)
    a, b = map(_batch, operands)
    left, lower = node.attr("left_side"), node.attr("lower")
    if (node.attr("transpose_a") == "NO_TRANSPOSE") != left:
        a, lower = _transposed(a), not lower
    if not left:
        b = _transposed(b)
    if not lower:
        a, b = _reversed(a, 1, 2), _reversed(b, 1)
    made = _forward(emit, a, b, node.attr("unit_diagonal"))
    if not lower:
        made = _reversed(made, 1)
    return _finished(made if left else _transposed(made), node.type)


def _forward(emit: Emit, a: Value, b: Value, unit: bool) -> Value:
    """Unknown k is ``(b[k] - a[k, :k] @ x[:k]) / a[k, k]``."""
    many, n, m = b.shape
    row = TensorType((many, 1, m), b.dtype)
    index = TensorType(a.shape, I64)
    down, across = (emit.op("iota", types=[index], iota_dimension=d) for d in (1, 2))
    strict = emit.select(across < down, a, 0)

    def step(_at: Emit, k: Value, x: Value, strict: Value, a: Value, b: Value) -> Value:
        known = _dot(_cut(strict, (0, k, 0), (many, 1, n)), x, (2, 1), row)
        rest = _cut(b, (0, k, 0), row.shape) - known
        if not unit:
            rest = rest / _spread(_cut(a, (0, k, k), (many, 1, 1)), row.shape, 0, 1, 2)
        return _put(x, rest, (0, k, 0))

    return _loop(emit, n, emit.splat(b.type, 0), [strict, a, b], step)
