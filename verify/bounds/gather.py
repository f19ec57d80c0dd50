"""Reads and writes at computed places: where an index is undecided, anything that may be read.

Elsewhere values, errors and polynomials move as in :mod:`verify.bounds.shape`.

Source: StableHLO specification, *gather*, *dynamic_slice* and *dynamic_update_slice*: start indices
are clamped, and index vectors that are not sorted though the attribute says so are undefined.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from compiler.dtypes import I1
from compiler.ir import Array, Node
from verify.bounds.bodies import broadcast, picked
from verify.bounds.core import BOUNDS, Context, define
from verify.bounds.hulls import one_of, undecided
from verify.bounds.shape import move_values
from verify.bounds.value import Value
from verify.ref.gather import entries, places, window


@define("dynamic_slice", determined=True)
def _dynamic_slice(ctx: Context, node: Node, operands: list[Value]) -> Value:
    """The elements of the slice; where it may begin at several places, anything of the operand."""
    x, *starts = operands
    sizes = node.attr("slice_sizes")
    where = window([s.as_bits() for s in starts], x.shape, sizes)
    out = move_values(ctx, x.dtype, [x], lambda parts: parts[0][where])
    return _any_of(ctx, x, out.shape) if 0 not in sizes and _astray(starts, x.shape, sizes) else out


@define("dynamic_update_slice", determined=True)
def _dynamic_update_slice(ctx: Context, node: Node, operands: list[Value]) -> Value:
    """The operand with the update written; where that may begin at several places, for each element
    either its own or any of the update.
    """
    x, update, *starts = operands
    if 0 in update.shape:
        return x
    if _astray(starts, x.shape, update.shape):
        either = np.ones(x.shape, bool)
        return _selected(ctx, node, either, x, _any_of(ctx, update, x.shape), either)
    where = window([s.as_bits() for s in starts], x.shape, update.shape)

    def written(parts: Sequence[Array]) -> Array:
        out = np.array(parts[0])
        out[where] = parts[1]
        return out

    return move_values(ctx, x.dtype, [x, update], written)


@define("gather")
def gather(ctx: Context, node: Node, operands: list[Value]) -> Value:
    """Undecided where ``indices_are_sorted`` lies."""
    x, starts = operands
    sizes = node.attr("slice_sizes")
    if node.attr("indices_are_sorted") and not _sorted(node, starts):
        return undecided(node.type)
    index = places(node, x.shape, starts.as_bits(), sizes)
    shape = node.type.shape
    out = move_values(
        ctx, x.dtype, [x], lambda parts: np.broadcast_to(np.asarray(parts[0])[index], shape)
    )
    if starts.error is None:
        return out
    unsure = np.zeros(shape, bool)
    for k, d in enumerate(node.attr("start_index_map")):
        if x.shape[d] > sizes[d]:
            unsure |= starts.error[entries(node, len(starts.shape), k)]
    if not unsure.any():
        return out
    return _selected(ctx, node, unsure, _any_of(ctx, x, shape), out)


def _astray(starts: Sequence[Value], shape: Sequence[int], sizes: Sequence[int]) -> bool:
    """Whether a slice of ``sizes`` may begin at several places."""
    room = [n > size for n, size in zip(shape, sizes, strict=True)]
    return any(np.any(s.undecided()) for s, several in zip(starts, room, strict=True) if several)


def _any_of(ctx: Context, x: Value, shape: tuple[int, ...]) -> Value:
    """Anything that an element of ``x`` may be, everywhere in ``shape``."""
    size = int(np.prod(x.shape, dtype=np.int64))
    flat = picked(x, np.unravel_index(np.arange(size), x.shape))
    return broadcast(ctx, one_of(ctx, flat, np.zeros(1, int)), shape)


def _selected(
    ctx: Context, node: Node, pred: Array, x: Value, y: Value, unsure: Array | None = None
) -> Value:
    made = BOUNDS["select"](ctx, node, [Value(I1, pred, error=unsure), x, y])
    assert isinstance(made, Value)
    return made


def _sorted(node: Node, starts: Value) -> bool:
    """Whether the index vectors certainly are in lexicographic order."""
    if np.any(starts.undecided()):
        return False
    vector, order = node.attr("index_vector_dim"), np.argsort(node.attr("start_index_map"))
    bits = starts.as_bits()
    rows = bits[..., None] if vector == bits.ndim else np.moveaxis(bits, vector, -1)
    vectors: list[Any] = [
        rows[at][order.astype(int)].tolist() for at in np.ndindex(rows.shape[:-1])
    ]
    return all(a <= b for a, b in pairwise(vectors))
