"""Ops of chlo over whole dimensions: top_k by sort, ragged_dot by dot_general, scan by while."""

from __future__ import annotations

from collections.abc import Sequence

from compiler.dtypes import I32, I64
from compiler.errors import UnsupportedError
from compiler.expand.emit import Emit, Value
from compiler.expand.table import expansion
from compiler.ir import Node, TensorType

INDEX = TensorType((), I64)


@expansion("chlo.top_k")
def _top_k(emit: Emit, node: Node, operands: Sequence[Value]) -> list[Value]:
    """Values and indices sorted by value, downwards and stably; the first k of each line."""
    (x,) = operands
    last = len(x.shape) - 1
    numbers = emit.op("iota", types=[TensorType(x.shape, I32)], iota_dimension=last)
    order = "TOTALORDER" if x.dtype.is_float else ""

    def above(at: Emit, a: Value, b: Value, _i: Value, _j: Value) -> Value:
        return at.op("compare", a, b, comparison_direction="GT", compare_type=order)

    scalars = [TensorType((), d) for d in (x.dtype, x.dtype, I32, I32)]
    region = emit.region(scalars, above)
    ordered = emit.ops("sort", x, numbers, regions=[region], dimension=last, is_stable=True)
    return [part(v, last, 0, node.attr("k")) for v in ordered]


def part(x: Value, dim: int, start: int, limit: int) -> Value:
    """The places from ``start`` below ``limit`` along ``dim``."""
    starts, limits = [0] * len(x.shape), list(x.shape)
    starts[dim], limits[dim] = start, limit
    return x.emit.op(
        "slice",
        x,
        start_indices=tuple(starts),
        limit_indices=tuple(limits),
        strides=(1,) * len(starts),
    )


def without(x: Value, dim: int) -> Value:
    """``x`` without its dimension ``dim`` of size 1."""
    shape = (*x.shape[:dim], *x.shape[dim + 1 :])
    return x.emit.op("reshape", x, types=[TensorType(shape, x.dtype)])


@expansion("chlo.ragged_dot")
def _ragged_dot(emit: Emit, node: Node, operands: Sequence[Value]) -> Value:
    """One contraction a group; each row keeps that of its own group, and 0 if it is in none.

    UnsupportedError unless the ragged dimension is one of the result's.
    """
    lhs, rhs, sizes = operands
    (ragged,) = node.attr("lhs_ragged_dimensions")
    groups = node.attr("rhs_group_dimensions")
    batch = node.attr("lhs_batching_dimensions")
    contracted = node.attr("lhs_contracting_dimensions")
    if ragged in (*batch, *contracted) or len(sizes.shape) != 1:
        raise UnsupportedError("chlo.ragged_dot: unsupported but for a ragged dimension of rows")
    (group,) = groups
    free = [d for d in range(len(lhs.shape)) if d not in (*batch, *contracted)]
    row = len(batch) + free.index(ragged)
    rows = emit.op("iota", types=[TensorType(node.type.shape, sizes.dtype)], iota_dimension=row)
    out = emit.splat(node.type, 0)
    start = emit.splat(TensorType((), sizes.dtype), 0)
    for g in range(rhs.shape[group]):
        made = emit.op(
            "dot_general",
            lhs,
            without(part(rhs, group, g, g + 1), group),
            types=[node.type],
            lhs_batching_dimensions=batch,
            rhs_batching_dimensions=_skipping(node.attr("rhs_batching_dimensions"), group),
            lhs_contracting_dimensions=contracted,
            rhs_contracting_dimensions=_skipping(node.attr("rhs_contracting_dimensions"), group),
            precision_config=node.attr("precision_config"),
        )
        end = start + without(part(sizes, 0, g, g + 1), 0)
        inside = (rows >= _spread(start, rows)) & (rows < _spread(end, rows))
        out, start = emit.select(inside, made, out), end
    return out


def _skipping(dims: tuple[int, ...], gone: int) -> tuple[int, ...]:
    return tuple(d - (d > gone) for d in dims)


def _spread(scalar: Value, like: Value) -> Value:
    emit = scalar.emit
    return emit.op("broadcast_in_dim", scalar, types=[like.type], broadcast_dimensions=())


@expansion("chlo.scan")
def _scan(emit: Emit, node: Node, operands: Sequence[Value]) -> list[Value]:
    """A while over the places along the dimension; it carries the place, carries and outputs."""
    (body,) = node.regions
    dim, count = node.attr("dimension"), node.attr("inputs")
    inputs, inits = operands[:count], operands[count:]
    outputs = node.types[: len(node.types) - len(inits)]
    length = inputs[0].shape[dim]
    if length == 0:
        return [*(emit.splat(t, 0) for t in outputs), *inits]
    captured = [*inputs, *map(emit.value, node.captures)]
    carried = [
        emit.splat(INDEX, 0),
        *inits,
        *(emit.splat(t, 0) for t in outputs),
    ]
    params = [x.type for x in (*carried, *captured)]

    def unfinished(_at: Emit, step: Value, *_rest: Value) -> Value:
        return step.compare("LT", length)

    def turn(at: Emit, step: Value, *rest: Value) -> list[Value]:
        carries, rest = rest[: len(inits)], rest[len(inits) :]
        outs, rest = rest[: len(outputs)], rest[len(outputs) :]
        whole, others = rest[:count], rest[count:]
        place = length - 1 - step if node.attr("is_reverse") else step
        slices = [_read(x, dim, place) for x in whole]
        made = at.inline(body, [*slices, *carries, *others])
        written = [
            _write(out, dim, place, x) for out, x in zip(outs, made[: len(outputs)], strict=True)
        ]
        return [step + 1, *made[len(outputs) :], *written]

    regions = [emit.region(params, unfinished), emit.region(params, turn)]
    found = emit.ops("while", *carried, regions=regions, captures=[x.id for x in captured])
    return [*found[1 + len(inits) :], *found[1 : 1 + len(inits)]]


def _starts(x: Value, dim: int, place: Value) -> list[Value]:
    zero = x.emit.splat(INDEX, 0)
    return [place if d == dim else zero for d in range(len(x.shape))]


def _read(x: Value, dim: int, place: Value) -> Value:
    """The slice of ``x`` at ``place`` along ``dim``, without that dimension."""
    sizes = (*x.shape[:dim], 1, *x.shape[dim + 1 :])
    return without(x.emit.op("dynamic_slice", x, *_starts(x, dim, place), slice_sizes=sizes), dim)


def _write(x: Value, dim: int, place: Value, new: Value) -> Value:
    """``x`` with the slice at ``place`` along ``dim`` replaced by ``new``."""
    shape = (*x.shape[:dim], 1, *x.shape[dim + 1 :])
    update = x.emit.op("reshape", new, types=[TensorType(shape, new.dtype)])
    return x.emit.op("dynamic_update_slice", x, update, *_starts(x, dim, place))
