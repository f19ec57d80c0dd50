"""scatter and select_and_scatter: updates of one element in any order.

The specification leaves the order open. Where several updates meet, a sum or product is bounded for
every order; of values that are set, one is there at the end; few updates by any other body are
bounded for every permutation, many are undecided.

Source: StableHLO specification, *scatter* and *select_and_scatter*: the order is
implementation-defined. Sums and products as in :mod:`verify.bounds.reduce`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise, permutations
from math import prod
from typing import Any

import numpy as np

from compiler.dtypes import DType
from compiler.ir import Array, Graph, Node, TensorType
from verify.bounds.bodies import broadcast, gather, picked, without_ring
from verify.bounds.core import Context, define
from verify.bounds.hulls import one_of, undecided
from verify.bounds.leeway import leeway
from verify.bounds.reduce import any_order
from verify.bounds.rounding import any_hull, error_of, settle
from verify.bounds.value import Value
from verify.ref.bodies import is_scalar_code, single_ops
from verify.ref.scatter import result_index, selected_index, window_elements

PERMUTED = 3  # updates of one element up to which all their permutations are looked at


@define("scatter")
def _scatter(ctx: Context, node: Node, operands: list[Value]) -> list[Value]:
    """Undecided where an index is, and where ``indices_are_sorted`` or ``unique_indices`` lies."""
    count = len(node.types)
    inputs, indices, updates = operands[:count], operands[count], operands[count + 1 :]
    updates, captures = updates[:count], updates[count:]
    if np.any(indices.undecided()):
        return [undecided(t) for t in node.types]
    places = result_index(node, indices.as_bits(), updates[0].shape)
    if node.attr("indices_are_sorted") and not _sorted(node, indices.as_bits()):
        return [undecided(t) for t in node.types]
    inputs, updates = (
        [_widened(ctx, x, t.dtype) for x, t in zip(xs, node.types, strict=True)]
        for xs in (inputs, updates)
    )
    return _written(ctx, node, node.regions[0], inputs, places, updates, captures)


@leeway("partial-windows", "scatter")
def _partial(_ctx: Context, node: Node, operands: list[Value]) -> list[Any]:
    """What windows write that do not lie wholly in the inputs: they may be skipped as a whole."""
    count = len(node.types)
    places = result_index(node, operands[count].as_bits(), operands[count + 1].shape)
    outside = (places < 0).any(axis=node.attr("update_window_dims"), keepdims=True)
    mask = np.zeros(node.type.size, bool)
    mask[places[outside & (places >= 0)]] = True
    return [mask.reshape(node.type.shape)] * count


@leeway("indexless-scatter", "scatter")
def _indexless(_ctx: Context, node: Node, operands: list[Value]) -> list[Any]:
    """All elements, where windows without any start index lie upon one another."""
    count = len(node.types)
    places = result_index(node, operands[count].as_bits(), operands[count + 1].shape)
    again = places.size > np.unique(places).size
    return [again and not node.attr("scatter_dims_to_operand_dims")] * count


@leeway("windowless-init", "select_and_scatter")
def _windowless(_ctx: Context, _node: Node, operands: list[Value]) -> list[Any]:
    """All elements, where there is no window, and so init values only."""
    return [0 in operands[1].shape]


def _sorted(node: Node, indices: Array) -> bool:
    """Whether the start indices are in lexicographic order."""
    vector = node.attr("index_vector_dim")
    rows = indices[..., None] if vector == indices.ndim else np.moveaxis(indices, vector, -1)
    dims = node.attr("scatter_dims_to_operand_dims")
    columns = np.array(sorted(range(len(dims)), key=dims.__getitem__), int)
    starts = [tuple(row) for row in rows.reshape(prod(rows.shape[:-1]), len(dims))[:, columns]]
    return all(a <= b for a, b in pairwise(starts))


def _widened(ctx: Context, x: Value, dtype: DType) -> Value:
    """``x`` in a dtype that holds all values of its own."""
    if x.dtype is dtype:
        return x
    if x.error is None or not dtype.precision:
        return Value(dtype, x.as_bits().astype(dtype.numpy), error=x.error, hull=x.hull)
    return Value(dtype, None, ctx.center(x), x.error, x.hull)


def _flat(x: Value) -> Value:
    """``x`` as a vector, without what ``reassoc`` knows of it."""
    out = Value(x.dtype, hull=x.hull)
    out.bits = None if x.bits is None else x.bits.reshape(-1)
    out.center = None if x.center is None else x.center.reshape(-1)
    out.error = None if x.error is None else x.error.reshape(-1)
    return out


def _written(
    ctx: Context,
    node: Node,
    body: Graph,
    inputs: Sequence[Value],
    places: Array,
    updates: Sequence[Value],
    captures: Sequence[Value],
) -> list[Value]:
    """The inputs after all updates but those whose place is -1."""
    outs, new = [_flat(x) for x in inputs], [_flat(u) for u in updates]
    old = list(outs)
    places = places.reshape(-1)
    order = np.argsort(places, kind="stable")
    order = order[places[order] >= 0]
    cells, first, counts = np.unique(places[order], return_index=True, return_counts=True)
    for count in np.unique(counts):
        these = counts == count
        at = cells[these]
        rows = [picked(u, order[first[these][:, None] + np.arange(count)]) for u in new]
        if count > 1 and node.attr("unique_indices"):
            made = [undecided(TensorType(at.shape, t.dtype)) for t in node.types]
        else:
            made = _folded(ctx, body, [picked(x, at) for x in old], rows, captures)
        outs = [_with(ctx, x, at, y) for x, y in zip(outs, made, strict=True)]
    return [_shaped(x, t) for x, t in zip(outs, node.types, strict=True)]


def _with(ctx: Context, x: Value, at: Array, y: Value) -> Value:
    """The vector ``x`` with elements ``y`` (a vector, or one for all) at some places."""
    hull = x.hull or y.hull
    if not x.dtype.precision:
        bits, error = x.as_bits().copy(), np.array(np.broadcast_to(x.undecided(), x.shape))
        bits[at], error[at] = y.as_bits(), y.undecided()
        return Value(x.dtype, bits, error=error if error.any() else None, hull=hull)
    z, e = ctx.center(x).copy(), np.array(np.broadcast_to(error_of(x), x.shape), ctx.carrier)
    z[at], e[at] = ctx.center(y), error_of(y)
    return settle(x.dtype, z, e, hull)


def _shaped(x: Value, t: TensorType) -> Value:
    out = Value(x.dtype, hull=x.hull)
    out.bits = None if x.bits is None else x.bits.reshape(t.shape)
    out.center = None if x.center is None else x.center.reshape(t.shape)
    out.error = None if x.error is None else x.error.reshape(t.shape)
    return out


def _folded(
    ctx: Context,
    body: Graph,
    old: Sequence[Value],
    rows: Sequence[Value],
    captures: Sequence[Value],
) -> list[Value]:
    """Elements (vectors) after their updates (one row an element), in any order."""
    count, width = len(old), rows[0].shape[1]
    if width == 1:
        return _run(ctx, body, [*old, *(picked(r, (..., 0)) for r in rows)], captures)
    ops = single_ops(body, count)
    if ops is not None:
        return [any_order(ctx, op, r, x) for op, r, x in zip(ops, rows, old, strict=True)]
    starts = np.arange(old[0].shape[0]) * width
    if body.results == tuple(range(count, 2 * count)):  # an update takes the element's place
        return [one_of(ctx, _flat(r), starts) for r in rows]
    if width > PERMUTED or not is_scalar_code(body):
        return [undecided(TensorType(x.shape, x.dtype)) for x in old]
    found = []
    for order in permutations(range(width)):
        acc = list(old)
        for k in order:
            acc = _run(ctx, body, [*acc, *(picked(r, (..., k)) for r in rows)], captures)
        found.append([broadcast(ctx, x, old[0].shape) for x in acc])
    return [_any(ctx, [way[k] for way in found]) for k in range(count)]


def _run(
    ctx: Context, body: Graph, args: Sequence[Value], captures: Sequence[Value]
) -> list[Value]:
    """The body's own bounds for all elements of vectors."""
    if is_scalar_code(body):
        values = ctx.run(body, [*args, *captures])
        return [without_ring(values[v]) for v in body.results]
    cells = []
    for k in range(args[0].shape[0]):
        values = ctx.run(body, [*(picked(x, k) for x in args), *captures])
        cells.append([values[v] for v in body.results])
    types = [TensorType(args[0].shape, body.types[v].dtype) for v in body.results]
    return [gather(ctx, [c[k] for c in cells], t) for k, t in enumerate(types)]


def _any(ctx: Context, ways: Sequence[Value]) -> Value:
    """Element by element one of some vectors."""
    size = ways[0].shape[0]
    both = Value(ways[0].dtype, hull=any_hull(ways))
    both.error = np.stack([np.broadcast_to(x.undecided(), size) for x in ways], -1).reshape(-1)
    if both.dtype.precision:
        both.center = np.stack([ctx.center(x) for x in ways], -1).reshape(-1)
        both.error = np.stack([np.broadcast_to(error_of(x), size) for x in ways], -1).reshape(-1)
    else:
        both.bits = np.stack([x.as_bits() for x in ways], -1).reshape(-1)
    return one_of(ctx, both, np.arange(size) * len(ways))


@define("select_and_scatter")
def _select_and_scatter(ctx: Context, node: Node, operands: list[Value]) -> list[Value]:
    """A window selects one element for certain if ``select`` prefers that one to all others, in
    both orders: then the way in which the elements meet does not matter. Elsewhere every element of
    the window is undecided.
    """
    operand, source, init, *captures = operands
    t = node.type
    places, unsure = _selected(ctx, node, operand, captures)
    start = broadcast(ctx, _widened(ctx, init, t.dtype), t.shape)
    source = _widened(ctx, source, t.dtype)
    (out,) = _written(ctx, node, node.regions[1], [start], places, [source], captures)
    if unsure.any():
        out = _with(ctx, _flat(out), np.flatnonzero(unsure), undecided(TensorType((), t.dtype)))
        out = _shaped(out, t)
    return [out]


def _selected(
    ctx: Context, node: Node, operand: Value, captures: Sequence[Value]
) -> tuple[Array, Array]:
    """The flat index that each window selects (-1: none), and a flat mask of the elements that some
    window may select, or may not.
    """
    bits = operand.as_bits()
    picks = selected_index(ctx.ref, node, bits, [c.as_bits() for c in captures])
    flat_operand = _flat(operand)
    unsure_windows = np.zeros(picks.shape, bool)
    inside: list[Array] = []
    before = np.ones(picks.shape, bool)
    for places, _ in window_elements(node, bits):
        inside.append(places)
        before = before & (places != picks)
        other = (places >= 0) & (places != picks)
        if not other.any():
            continue
        best = picked(flat_operand, picks[other])
        rival = picked(flat_operand, places[other])
        stays = _run(ctx, node.regions[0], [best, rival], captures)[0]
        yields = _run(ctx, node.regions[0], [rival, best], captures)[0]
        # The one that comes first is the first argument: it stays if select says so.
        holds = np.where(before[other], ~yields.as_bits(), stays.as_bits())
        doubt = np.where(before[other], yields.undecided(), stays.undecided())
        unsure_windows[other] |= ~holds | doubt
    mask = np.zeros(max(bits.size, 1), bool)
    for places in inside:
        mask[places[unsure_windows & (places >= 0)]] = True
    return picks, mask[: bits.size]
