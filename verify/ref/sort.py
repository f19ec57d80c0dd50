"""sort (specification: *sort*).

The comparator must be a strict weak order on the data. Where it is none (less-than with NaN, say)
the result is some permutation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import NamedTuple

import numpy as np

from compiler.ir import Array, Node
from verify.ref.bodies import at_once
from verify.ref.core import Context, define
from verify.ref.elementwise import total_order
from verify.ref.rounding import SMALL_FLOATS

Less = Callable[[Array, Array], Array]


@define("sort")
def _sort(ctx: Context, node: Node, args: Sequence[Array]) -> tuple[Array, ...]:
    """Every line along ``dimension``, stably."""
    count = len(node.types)
    lines = [as_lines(x, node.attr("dimension")) for x in args[:count]]
    order = sorted_order(ctx, node, lines, args[count:])
    sorted_lines = (np.take_along_axis(x, order, axis=-1) for x in lines)
    return tuple(
        from_lines(x, node.attr("dimension"), t.shape)
        for x, t in zip(sorted_lines, node.types, strict=True)
    )


def as_lines(x: Array, dim: int) -> Array:
    """The lines along a dimension (negative ones count from the end) as the rows of a matrix."""
    moved = np.moveaxis(x, dim, -1)
    return moved.reshape(prod(moved.shape[:-1]), x.shape[dim])


def from_lines(lines: Array, dim: int, shape: tuple[int, ...]) -> Array:
    """The inverse of :func:`as_lines`."""
    others = list(shape)
    length = others.pop(dim)
    return np.moveaxis(lines.reshape(*others, length), -1, dim)


class Plain(NamedTuple):
    """A comparator that compares the elements of one operand.

    Attributes:
        operand: its number.
        descending: whether large elements stand first.
        total: whether floats are compared by totalOrder.
    """

    operand: int
    descending: bool
    total: bool


def plain(sort: Node) -> Plain | None:
    """What a comparator compares, if it is a single ``compare`` LT or GT of two elements."""
    comparator = sort.regions[0]
    if len(comparator.nodes) != 1 or comparator.results != (len(comparator.params),):
        return None
    node = comparator.nodes[0]
    if node.op != "compare" or node.attr("comparison_direction") not in ("LT", "GT"):
        return None
    first, second = node.operands
    if first // 2 != second // 2 or first == second or first >= 2 * len(sort.types):
        return None
    descending = (node.attr("comparison_direction") == "GT") != (first > second)
    return Plain(first // 2, descending, node.attr("compare_type") == "TOTALORDER")


def sorted_order(
    ctx: Context, node: Node, lines: Sequence[Array], captures: Sequence[Array]
) -> Array:
    """For each line the stable order: which element stands first, second, and so on."""
    known = plain(node)
    keys = None if known is None else _keys(lines[known.operand], known)
    if keys is not None:
        return np.argsort(keys, axis=-1, kind="stable")
    rows = np.arange(lines[0].shape[0])[:, None]

    def less(a: Array, b: Array) -> Array:
        pairs = [x[rows, at] for x in lines for at in (a, b)]
        return at_once(ctx, node.regions[0], pairs, captures)[0]

    return _merge_sort(less, lines[0].shape)


def _keys(x: Array, how: Plain) -> Array | None:
    """Numbers in ascending order where elements are in the comparator's; ``None`` with NaN, which
    has no place.
    """
    if x.dtype.kind in "biu":
        return ~x if how.descending else x
    if how.total:
        return ~total_order(x) if how.descending else total_order(x)
    y = x.astype(np.float32) if x.dtype in SMALL_FLOATS else x
    if np.isnan(y).any():
        return None
    return -y if how.descending else y


def _merge_sort(less: Less, shape: tuple[int, int]) -> Array:
    """Merge runs of 1, 2, 4, ...: an element of a left run moves behind those of the right run that
    are less, which binary search counts, for all elements of all lines at once.
    """
    count, length = shape
    order = np.broadcast_to(np.arange(length), shape).copy()
    place = np.arange(length)
    width = 1
    while width < length:
        start = place // (2 * width) * (2 * width)
        middle, end = np.minimum(start + width, length), np.minimum(start + 2 * width, length)
        left = place < middle
        low = np.broadcast_to(middle[left], (count, int(left.sum()))).copy()
        high = np.broadcast_to(end[left], low.shape).copy()
        own = order[:, left]
        while (open_ := low < high).any():
            probe = np.where(open_, (low + high) // 2, 0)
            before = less(np.take_along_axis(order, probe, axis=-1), own)
            low = np.where(open_ & before, probe + 1, low)
            high = np.where(open_ & ~before, probe, high)
        # Without a strict weak order the counts may fall within a run: any permutation will do.
        behind = np.maximum.accumulate(low - middle[left] + start[left], axis=-1) - start[left]
        taken = np.zeros(shape, bool)
        np.put_along_axis(taken, place[left] + behind, True, axis=-1)
        merged = np.empty_like(order)
        merged[taken] = own.reshape(-1)
        merged[~taken] = order[:, ~left].reshape(-1)
        order = merged
        width *= 2
    return order
