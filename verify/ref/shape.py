"""Ops that move elements (specification: *broadcast_in_dim*, *reshape*, *transpose*, *slice*,
*pad*, *concatenate*, *reverse*).

They look at attributes and shapes only, never at the dtype of the operands, so the error bounds use
them too.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from compiler.ir import Array, Node
from verify.ref.core import Context, define


@define("broadcast_in_dim")
def _broadcast_in_dim(_ctx: Context, node: Node, args: Sequence[Array]) -> Array:
    """Operand dimension i becomes result dimension ``broadcast_dimensions[i]``; the others
    repeat.
    """
    x, shape, dims = args[0], node.type.shape, node.attr("broadcast_dimensions")
    order = sorted(range(len(dims)), key=dims.__getitem__)
    if order != list(range(len(dims))):
        x = x.transpose(order)
    full = [1] * len(shape)
    for i in order:
        full[dims[i]] = args[0].shape[i]
    return np.broadcast_to(x.reshape(full), shape)


@define("reshape")
def _reshape(_ctx: Context, node: Node, args: Sequence[Array]) -> Array:
    return args[0].reshape(node.type.shape)


@define("transpose")
def _transpose(_ctx: Context, node: Node, args: Sequence[Array]) -> Array:
    return args[0].transpose(node.attr("permutation"))


@define("slice")
def _slice(_ctx: Context, node: Node, args: Sequence[Array]) -> Array:
    starts, limits, strides = (
        node.attr("start_indices"),
        node.attr("limit_indices"),
        node.attr("strides"),
    )
    return args[0][tuple(map(slice, starts, limits, strides))]


@define("reverse")
def _reverse(_ctx: Context, node: Node, args: Sequence[Array]) -> Array:
    dims = node.attr("dimensions")
    return args[0][tuple(slice(None, None, -1 if i in dims else 1) for i in range(args[0].ndim))]


@define("concatenate")
def _concatenate(_ctx: Context, node: Node, args: Sequence[Array]) -> Array:
    return np.concatenate(args, axis=node.attr("dimension"))


@define("pad")
def _pad(_ctx: Context, node: Node, args: Sequence[Array]) -> Array:
    """Result index ``low + i * (interior + 1)`` holds operand element i; negative padding drops
    elements.
    """
    x, value = args
    out = np.full(node.type.shape, value, x.dtype)
    into, source = [], []
    for size, n, low, mid in zip(
        node.type.shape,
        x.shape,
        node.attr("edge_padding_low"),
        node.attr("interior_padding"),
        strict=True,
    ):
        step = mid + 1
        first = max(0, -(low // step))  # the smallest i with low + i * step >= 0
        last = min(n, -((low - size) // step))  # the smallest i with low + i * step >= size
        last = max(first, last)
        into.append(slice(low + first * step, max(low + last * step, low + first * step), step))
        source.append(slice(first, last))
    # An empty selection must not reach past the end with a negative start.
    if all(s.stop > s.start for s in source):
        out[tuple(into)] = x[tuple(source)]
    return out
