"""Ops that read or write at computed places (specification: *gather*, *dynamic_slice*,
*dynamic_update_slice*).

Start indices are clamped so that every slice lies inside the operand. The functions that name
places take no values but the indices, so the error bounds use them too.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from compiler.errors import UnsupportedError
from compiler.ir import Array, Node
from verify.ref.core import Context, define


def clamped(index: Array, size: int, length: int) -> Array:
    """``clamp(0, index, size - length)`` in i64, whatever integers the indices are."""
    most = size - length
    index = np.asarray(index)
    if index.dtype.kind == "u":
        return np.minimum(index.astype(np.uint64), np.uint64(most)).astype(np.int64)
    return np.clip(index.astype(np.int64), 0, most)


def window(
    starts: Sequence[Array], shape: Sequence[int], sizes: Sequence[int]
) -> tuple[slice, ...]:
    """The slices of ``sizes`` from the scalars ``starts``, moved into ``shape``."""
    begins = [
        int(clamped(start, n, size)) for start, n, size in zip(starts, shape, sizes, strict=True)
    ]
    return tuple(slice(lo, lo + size) for lo, size in zip(begins, sizes, strict=True))


@define("dynamic_slice")
def _dynamic_slice(_ctx: Context, node: Node, args: Sequence[Array]) -> Array:
    x, *starts = args
    return x[window(starts, x.shape, node.attr("slice_sizes"))]


@define("dynamic_update_slice")
def _dynamic_update_slice(_ctx: Context, _node: Node, args: Sequence[Array]) -> Array:
    x, update, *starts = args
    out = x.copy()
    out[window(starts, x.shape, update.shape)] = update
    return out


@define("gather")
def _gather(_ctx: Context, node: Node, args: Sequence[Array]) -> Array:
    x, starts = args
    where = places(node, x.shape, starts, node.attr("slice_sizes"))
    return np.broadcast_to(x[where], node.type.shape)


def places(
    node: Node, shape: Sequence[int], starts: Array, sizes: Sequence[int]
) -> tuple[Array, ...]:
    """For each dimension of the operand the operand index of every result element.

    ``operand_index = full_start_index + full_batching_index + full_offset_index``.
    """
    collapsed, batching = node.attr("collapsed_slice_dims"), node.attr("operand_batching_dims")
    if any(sizes[d] == 0 for d in collapsed) and 0 not in node.type.shape:
        raise UnsupportedError("unsupported: gather of slices of size 0 in a collapsed dimension")
    result = np.indices(node.type.shape)
    full = [np.zeros(node.type.shape, np.int64) for _ in shape]
    for k, d in enumerate(node.attr("start_index_map")):
        full[d] += clamped(starts[entries(node, starts.ndim, k)], shape[d], sizes[d])
    batch = _batch(node)
    for d, j in zip(batching, node.attr("start_indices_batching_dims"), strict=True):
        full[d] += batch[j - (0 if j < node.attr("index_vector_dim") else 1)]
    kept = [d for d in range(len(shape)) if d not in collapsed and d not in batching]
    for d, out in zip(kept, node.attr("offset_dims"), strict=True):
        full[d] += result[out]
    return tuple(full)


def entries(node: Node, rank: int, k: int) -> tuple[Array, ...]:
    """Where entry ``k`` of the index vector stands in the start indices (of rank ``rank``), for
    every result element.
    """
    batch, vector = _batch(node), node.attr("index_vector_dim")
    where = [*batch[:vector], np.full(node.type.shape, k), *batch[vector:]]
    return tuple(where[:rank])


def _batch(node: Node) -> list[Array]:
    """The batch index of every result element: its index without the offset dimensions."""
    result = np.indices(node.type.shape)
    return [result[d] for d in range(len(result)) if d not in node.attr("offset_dims")]
