"""reduce_window (specification: *reduce_window*): a reduce of the elements of each window."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from compiler.ir import Array, Node
from verify.ref.bodies import at_once
from verify.ref.convert import convert_array
from verify.ref.core import Context, define


def padded(
    x: Array, value: Array, padding: Sequence[tuple[int, int]], base: Sequence[int]
) -> Array:
    """``x`` with ``base - 1`` holes between elements, then padded or, where negative, cropped."""
    for axis, ((low, high), step) in enumerate(zip(padding, base, strict=True)):
        x = np.moveaxis(x, axis, 0)
        size = (len(x) - 1) * step + 1 if len(x) else 0
        wide = np.empty((max(low, 0) + size + max(high, 0), *x.shape[1:]), x.dtype)
        wide[...] = value
        wide[max(low, 0) : max(low, 0) + size : step] = x
        x = wide[max(-low, 0) : max(len(wide) - max(-high, 0), 0)]
        x = np.moveaxis(x, 0, axis)
    return x


def windows(
    x: Array,
    counts: Sequence[int],
    sizes: Sequence[int],
    strides: Sequence[int],
    dilations: Sequence[int],
) -> Array:
    """The elements of each window: shape ``counts`` then ``sizes``."""
    for axis, (count, size, step, hole) in enumerate(
        zip(counts, sizes, strides, dilations, strict=True)
    ):
        places = np.arange(count)[:, None] * step + np.arange(size)[None, :] * hole
        x = np.moveaxis(np.take(x, places, axis), axis + 1, -1)
    return x


def lines(node: Node, x: Array, init: Array) -> Array:
    """The windows of one input of a reduce_window, each as a line: a new last axis."""
    shape, size = node.type.shape, node.attr("window_dimensions")
    wide = padded(x, init, node.attr("padding"), node.attr("base_dilations"))
    made = windows(wide, shape, size, node.attr("window_strides"), node.attr("window_dilations"))
    return made.reshape(*shape, prod(size))


@define("reduce_window")
def _reduce_window(ctx: Context, node: Node, args: Sequence[Array]) -> tuple[Array, ...]:
    """The padding holds the init value, and takes part. Elements are folded in row-major order, as
    StableHLO's interpreter does: its test data holds sums that cancel.
    """
    count, shape, body = len(node.types), node.type.shape, node.regions[0]
    inputs, inits, captures = args[:count], args[count : 2 * count], args[2 * count :]
    made = [lines(node, x, i) for x, i in zip(inputs, inits, strict=True)]
    # The body may compute in a wider type than the inputs have: that of the results.
    dtypes = [t.dtype for t in node.types]
    acc = [np.broadcast_to(convert_array(i, d), shape) for i, d in zip(inits, dtypes, strict=True)]
    made = [convert_array(x, d) for x, d in zip(made, dtypes, strict=True)]
    for k in range(made[0].shape[-1]):
        acc = at_once(ctx, body, [*acc, *(x[..., k] for x in made)], captures)
    return tuple(acc)
