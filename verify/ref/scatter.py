"""Writing at computed places (specification: *scatter*, *select_and_scatter*)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from compiler.ir import Array, Graph, Node
from verify.ref.bodies import at_once
from verify.ref.core import Context, define

FAR = 1 << 62  # beyond every index; sums with it do not overflow


@define("scatter")
def _scatter(ctx: Context, node: Node, args: Sequence[Array]) -> tuple[Array, ...]:
    """The updates in row-major order: the specification leaves the order open."""
    count = len(node.types)
    inputs, indices, updates = args[:count], args[count], args[count + 1 : 2 * count + 1]
    results = [x.astype(t.dtype.numpy) for x, t in zip(inputs, node.types, strict=True)]
    places = result_index(node, indices, updates[0].shape)
    body, captures = node.regions[0], args[2 * count + 1 :]
    return exec_updates(ctx, body, results, places, updates, captures)


def result_index(node: Node, indices: Array, shape: tuple[int, ...]) -> Array:
    """For every update (of an array of ``shape``) the flat index of the element that it goes to, -1
    where *result_index* is not in bounds.
    """
    bounds = node.types[0].shape
    window = node.attr("update_window_dims")
    vector = node.attr("index_vector_dim")
    update_index = np.indices(shape, sparse=True)
    scatter_dims = [d for d in range(len(shape)) if d not in window]
    vectors = indices[..., None] if vector == indices.ndim else np.moveaxis(indices, vector, -1)
    spread = [n if d in scatter_dims else 1 for d, n in enumerate(shape)]
    index = [np.zeros((1,) * len(shape), np.int64) for _ in bounds]
    for k, d in enumerate(node.attr("scatter_dims_to_operand_dims")):
        index[d] = _start(vectors[..., k]).reshape(spread)
    pairs = zip(
        node.attr("input_batching_dims"), node.attr("scatter_indices_batching_dims"), strict=True
    )
    for d, batching in pairs:
        index[d] = index[d] + update_index[scatter_dims[batching - (batching > vector)]]
    dropped = (*node.attr("inserted_window_dims"), *node.attr("input_batching_dims"))
    kept = [d for d in range(len(bounds)) if d not in dropped]
    for d, w in zip(kept, window, strict=True):
        index[d] = index[d] + update_index[w]
    inside = np.ones(shape, bool)
    flat = np.zeros(shape, np.int64)
    for i, n in zip(index, bounds, strict=True):
        inside &= (i >= 0) & (i < n)
        flat = flat * n + i
    return np.where(inside, flat, -1)


def _start(component: Array) -> Array:
    """A component of the index vectors as int64, kept away from its limits."""
    if component.dtype == np.uint64:
        return np.minimum(component, np.uint64(FAR)).astype(np.int64)
    return np.clip(component.astype(np.int64), -FAR, FAR)


def exec_updates(
    ctx: Context,
    body: Graph,
    results: Sequence[Array],
    places: Array,
    updates: Sequence[Array],
    captures: Sequence[Array],
) -> tuple[Array, ...]:
    """``results[place] = body(results[place], update)`` for every place that is not -1, in order.

    Updates of different places do not see one another: the first ones of all places are done at
    once, then the second ones, and so on.
    """
    flat = [np.array(x).reshape(-1) for x in results]
    converted = [u.astype(x.dtype).reshape(-1) for u, x in zip(updates, flat, strict=True)]
    for now in turns(places.reshape(-1)):
        at = places.reshape(-1)[now]
        old = [x[at] for x in flat]
        new = at_once(ctx, body, [*old, *(u[now] for u in converted)], captures)
        for x, value in zip(flat, new, strict=True):
            x[at] = value
    return tuple(x.reshape(r.shape) for x, r in zip(flat, results, strict=True))


def turns(places: Array) -> Iterator[Array]:
    """The numbers of the first updates of all places, then of the second ones, and so on."""
    order = np.argsort(places, kind="stable")
    order = order[places[order] >= 0]
    _, first, count = np.unique(places[order], return_index=True, return_counts=True)
    for turn in range(int(count.max(initial=0))):
        yield order[first[count > turn] + turn]


@define("select_and_scatter")
def _select_and_scatter(ctx: Context, node: Node, args: Sequence[Array]) -> tuple[Array, ...]:
    """The sources of one element are folded in row-major order, from the init value."""
    operand, source, init, *captures = args
    places = selected_index(ctx, node, operand, captures)
    start = np.full(operand.shape, init.astype(node.type.dtype.numpy))
    return exec_updates(ctx, node.regions[1], [start], places, [source], captures)


def selected_index(ctx: Context, node: Node, operand: Array, captures: Sequence[Array]) -> Array:
    """For every window the flat index of the element that ``select`` keeps, -1 for a window that
    lies wholly in the padding.

    Elements are taken in row-major order, each against the one that was kept before.
    """
    chosen: Array | None = None
    best: Array | None = None
    for flat, values in window_elements(node, operand):
        if chosen is None or best is None:
            chosen, best = flat, values
            continue
        (stays,) = at_once(ctx, node.regions[0], [best, values], captures)
        takes = (flat >= 0) & (~stays | (chosen < 0))
        chosen, best = np.where(takes, flat, chosen), np.where(takes, values, best)
    assert chosen is not None
    return chosen


def window_elements(node: Node, operand: Array) -> Iterator[tuple[Array, Array]]:
    """For each position in the window, in row-major order: flat indices into the operand, one a
    window (-1 in the padding), and the elements there (anything in the padding).
    """
    sizes, strides = node.attr("window_dimensions"), node.attr("window_strides")
    low = [pair[0] for pair in node.attr("padding")]
    high = [pair[1] for pair in node.attr("padding")]
    shape = tuple(
        max(0, (n + a + b - size) // step + 1)
        for n, a, b, size, step in zip(operand.shape, low, high, sizes, strides, strict=True)
    )
    windows = np.indices(shape, sparse=True)
    elements = operand.reshape(-1) if operand.size else np.zeros(1, operand.dtype)
    for position in np.ndindex(*sizes):
        flat, inside = np.zeros(shape, np.int64), np.ones(shape, bool)
        for d, n in enumerate(operand.shape):
            i = windows[d] * strides[d] + position[d] - low[d]
            inside &= (i >= 0) & (i < n)
            flat = flat * n + i
        yield np.where(inside, flat, -1), elements[np.where(inside, flat, 0)]
