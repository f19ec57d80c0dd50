"""Ops whose operands say what attributes say elsewhere: bounded as the static op, where these
operands are decided.

Source: StableHLO specification, the sections of these ops: each has the semantics of its static
form.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from compiler.ir import Node
from verify.bounds.core import Context, Outputs, define
from verify.bounds.hulls import undecided
from verify.bounds.value import Value
from verify.ref.dynamic import numbers


@define("get_dimension_size", determined=True)
def _get_dimension_size(_ctx: Context, node: Node, operands: list[Value]) -> Value:
    """Known from the type: error 0."""
    return Value(node.type.dtype, np.asarray(operands[0].shape[node.attr("dimension")], np.int32))


@define("dynamic_iota", determined=True)
def _dynamic_iota(ctx: Context, node: Node, _operands: list[Value]) -> Outputs:
    """As the result type says: any other shape is undefined."""
    return _static(ctx, node, "iota", [])


@define("dynamic_reshape", "dynamic_broadcast_in_dim", determined=True)
def _shaped(ctx: Context, node: Node, operands: list[Value]) -> Outputs:
    """As the result type says: any other shape is undefined."""
    return _static(ctx, node, node.op.removeprefix("dynamic_"), operands[:1])


@define("dynamic_pad", determined=True)
def _dynamic_pad(ctx: Context, node: Node, operands: list[Value]) -> Outputs:
    """As pad: elements move, errors with them."""
    names = ("edge_padding_low", "edge_padding_high", "interior_padding")
    return _with_numbers(ctx, node, "pad", operands[:2], names, operands[2:])


@define("real_dynamic_slice", determined=True)
def _real_dynamic_slice(ctx: Context, node: Node, operands: list[Value]) -> Outputs:
    """As slice: elements move, errors with them."""
    names = ("start_indices", "limit_indices", "strides")
    return _with_numbers(ctx, node, "slice", operands[:1], names, operands[1:])


@define("dynamic_gather")
def _dynamic_gather(ctx: Context, node: Node, operands: list[Value]) -> Outputs:
    """As gather: elements move, errors with them."""
    return _with_numbers(ctx, node, "gather", operands[:2], ("slice_sizes",), operands[2:])


@define("dynamic_conv")
def _dynamic_conv(ctx: Context, node: Node, operands: list[Value]) -> Outputs:
    """As convolution: sums of products in any order."""
    padding = operands[2]
    if np.any(padding.undecided()):
        return undecided(node.type)
    rows = tuple(map(numbers, padding.as_bits()))
    return _static(ctx, node, "convolution", operands[:2], padding=rows)


def _with_numbers(
    ctx: Context,
    node: Node,
    op: str,
    operands: list[Value],
    names: tuple[str, ...],
    vectors: list[Value],
) -> Outputs:
    """The static op with the elements of ``vectors`` as its attributes ``names``."""
    if any(np.any(v.undecided()) for v in vectors):
        return undecided(node.type)
    given = {k: numbers(v.as_bits()) for k, v in zip(names, vectors, strict=True)}
    return _static(ctx, node, op, operands, **given)


def _static(ctx: Context, node: Node, op: str, operands: list[Value], **given: Any) -> Outputs:
    static = node._replace(op=op, attrs=(*node.attrs, *given.items()))
    return (ctx.narrow_step if op in ctx.narrow else ctx.step)(static, operands)


@define("real", determined=True)
def _real(_ctx: Context, _node: Node, operands: list[Value]) -> Value:
    """The operand: it has no imaginary part."""
    return operands[0]


@define("imag", determined=True)
def _imag(_ctx: Context, node: Node, operands: list[Value]) -> Value:
    """Zeros: error 0."""
    return Value(node.type.dtype, np.zeros(operands[0].shape, node.type.dtype.numpy))
