"""Ops of which operands say what attributes say elsewhere (specification: *get_dimension_size*,
*dynamic_iota* and so on), and *real*, *imag* of floats.

The result type is static. Operands that ask for another one are undefined behaviour; here they are
an input that does not fit.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from compiler.errors import InputError
from compiler.ir import Array, Node
from verify.ref.core import REF, Context, define
from verify.ref.gather import places


def numbers(x: Array) -> tuple[int, ...]:
    """The integers of a vector."""
    return tuple(int(n) for n in x)


def _require(node: Node, fits: bool, shape: tuple[int, ...]) -> None:
    if not fits:
        raise InputError(f"{node.op}: operands ask for shape {list(shape)}, not {node.type}")


def _fits(node: Node, out: Array) -> Array:
    _require(node, out.shape == node.type.shape, out.shape)
    return out


def _static(ctx: Context, node: Node, args: Sequence[Array]) -> Array:
    out = REF[node.op](ctx, node, args)
    assert not isinstance(out, tuple)
    return out


@define("get_dimension_size")
def _get_dimension_size(_ctx: Context, node: Node, args: Sequence[Array]) -> Array:
    return np.asarray(args[0].shape[node.attr("dimension")], np.int32)


@define("dynamic_iota", "dynamic_reshape", "dynamic_broadcast_in_dim")
def _shaped(ctx: Context, node: Node, args: Sequence[Array]) -> Array:
    """As the static op with the result shape that the last operand says."""
    shape = numbers(args[-1])
    _require(node, shape == node.type.shape, shape)
    return _static(ctx, node._replace(op=node.op.removeprefix("dynamic_")), args[:-1])


@define("dynamic_pad")
def _dynamic_pad(ctx: Context, node: Node, args: Sequence[Array]) -> Array:
    """As pad with the paddings that the last operands say."""
    x, value, *paddings = args
    low, high, interior = map(numbers, paddings)
    shape = tuple(
        lo + n + max(n - 1, 0) * mid + hi
        for lo, n, mid, hi in zip(low, x.shape, interior, high, strict=True)
    )
    _require(node, min(interior, default=0) >= 0 and shape == node.type.shape, shape)
    names = ("edge_padding_low", "edge_padding_high", "interior_padding")
    attrs = tuple(zip(names, (low, high, interior), strict=True))
    return _static(ctx, node._replace(op="pad", attrs=attrs), [x, value])


@define("dynamic_gather")
def _dynamic_gather(_ctx: Context, node: Node, args: Sequence[Array]) -> Array:
    x, starts, sizes = args
    where = places(node, x.shape, starts, numbers(sizes))
    return np.broadcast_to(x[where], node.type.shape)


@define("dynamic_conv")
def _dynamic_conv(ctx: Context, node: Node, args: Sequence[Array]) -> Array:
    """As convolution with the padding that the last operand says."""
    lhs, rhs, padding = args
    rows = tuple(numbers(row) for row in padding)
    static = node._replace(op="convolution", attrs=(*node.attrs, ("padding", rows)))
    return _fits(node, _static(ctx, static, [lhs, rhs]))


@define("real_dynamic_slice")
def _real_dynamic_slice(_ctx: Context, node: Node, args: Sequence[Array]) -> Array:
    x, *vectors = args
    starts, limits, strides = map(numbers, vectors)
    for n, lo, hi, step in zip(x.shape, starts, limits, strides, strict=True):
        if not (0 <= lo <= hi <= n and step > 0):
            raise InputError(f"{node.op}: [{lo}:{hi}:{step}] is no slice of a dimension of {n}")
    return _fits(node, x[tuple(map(slice, starts, limits, strides))])


@define("real")
def _real(_ctx: Context, _node: Node, args: Sequence[Array]) -> Array:
    return args[0]


@define("imag")
def _imag(_ctx: Context, _node: Node, args: Sequence[Array]) -> Array:
    return np.zeros_like(args[0])
